package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// The answers to a suggestion.
const (
	DoNotMerge    = "do_not_merge"
	MergeSelected = "merge_selected"
	MergeAll      = "merge_all"
)

// Decision is what a person answered to a suggestion.
type Decision struct {
	Decision     string   // DoNotMerge, MergeSelected or MergeAll
	Contacts     []string // two or more
	Fingerprints []string // content of each contact when it was decided, in the order of Contacts; may be empty
	Cluster      string   // "" for a pair
	Run          string
	By           string
	Why          string
}

// Decide adds a decision to the log. Every two of its contacts are decided.
func (s *Store) Decide(ctx context.Context, d Decision) error {
	if d.Fingerprints == nil {
		d.Fingerprints = []string{}
	}
	_, err := s.pool.Exec(ctx, `INSERT INTO `+s.table("decisions")+` (decision, contact_ids, fingerprints, cluster_id, run_id, decided_by, why)
		VALUES ($1, $2, $3, nullif($4, ''), nullif($5, ''), $6, $7)`, d.Decision, d.Contacts, d.Fingerprints, d.Cluster, d.Run, d.By, d.Why)
	if err != nil {
		return fmt.Errorf("storing a decision: %w", clean(err))
	}
	return nil
}

// NotDuplicates lists the pairs of contacts that a person said are two people, each pair in text order, once. A contact that was merged
// since stands for its survivor, and the last answer to a pair counts.
func (s *Store) NotDuplicates(ctx context.Context) ([][2]string, error) {
	// A pair that was merged in the end resolves to one contact twice, and is left out.
	rows, err := s.pool.Query(ctx, `
		WITH pairs AS (
			SELECT d.decision_id, d.decision, coalesce(ra.survivor_id, x.id) COLLATE "C" AS p, coalesce(rb.survivor_id, y.id) COLLATE "C" AS q
			FROM `+s.table("decisions")+` AS d
			CROSS JOIN LATERAL unnest(d.contact_ids) WITH ORDINALITY AS x(id, n)
			CROSS JOIN LATERAL unnest(d.contact_ids) WITH ORDINALITY AS y(id, n)
			LEFT JOIN `+s.table("redirects")+` AS ra ON ra.active AND ra.loser_id = x.id
			LEFT JOIN `+s.table("redirects")+` AS rb ON rb.active AND rb.loser_id = y.id
			WHERE x.n < y.n
		), last AS (
			SELECT DISTINCT ON (least(p, q), greatest(p, q)) least(p, q) AS a, greatest(p, q) AS b, decision
			FROM pairs WHERE p <> q ORDER BY least(p, q), greatest(p, q), decision_id DESC
		)
		SELECT a, b FROM last WHERE decision = $1 ORDER BY a, b`, DoNotMerge)
	if err != nil {
		return nil, fmt.Errorf("reading the decisions: %w", clean(err))
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p [2]string, err error) {
		err = row.Scan(&p[0], &p[1])
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the decisions: %w", clean(err))
	}
	return out, nil
}
