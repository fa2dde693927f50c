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
	Defer         = "defer" // not now: the question stays open
)

// Decision is what a person answered to a suggestion.
type Decision struct {
	Decision     string   // DoNotMerge, MergeSelected, MergeAll or Defer
	Contacts     []string // two or more
	Fingerprints []string // cluster.EvidenceHash of each contact when it was decided, in the order of Contacts; the next run notes them when left out
	Cluster      string   // "" for a pair
	Version      string   // of the question that was answered, "" when there was none
	Run          string
	By           string
	As           string // AsSupervisor, or "" for anybody
	Why          string
	Overridden   [][2]string // pairs that rule each other out and are merged all the same
}

// AsSupervisor is the role that questions of a run to a supervisor need.
const AsSupervisor = "supervisor"

// Decide adds a decision to the log. Every two of its contacts are decided.
func (s *Store) Decide(ctx context.Context, d Decision) error {
	_, err := s.decide(ctx, s.pool, &d)
	return err
}

// decide adds a decision and returns its number.
func (s *Store) decide(ctx context.Context, q querier, d *Decision) (id int64, err error) {
	fingerprints, overridden := d.Fingerprints, []string{}
	if fingerprints == nil {
		fingerprints = []string{}
	}
	for _, p := range d.Overridden {
		overridden = append(overridden, p[0], p[1])
	}
	err = q.QueryRow(ctx, `INSERT INTO `+s.table("decisions")+` (decision, contact_ids, fingerprints, cluster_id, version, run_id, decided_by, decided_as, why, overridden)
		VALUES ($1, $2, $3, nullif($4, ''), nullif($5, ''), nullif($6, ''), $7, $8, $9, $10) RETURNING decision_id`,
		d.Decision, d.Contacts, fingerprints, d.Cluster, d.Version, d.Run, printable(d.By), d.As, printable(d.Why), overridden).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("storing a decision: %w", clean(err))
	}
	return id, nil
}

// lastAnswers are the newest answers to all pairs that a person ever answered for, a contact that was merged since standing for its survivor.
// "Not now" is no answer. A pair that was merged in the end resolves to one contact twice, and is left out.
func (s *Store) lastAnswers() string {
	return `WITH pairs AS (
			SELECT d.decision_id, d.decision, d.decided_at, x.id AS x, y.id AS y, d.fingerprints[x.n] AS fx, d.fingerprints[y.n] AS fy,
				coalesce(ra.survivor_id, x.id) COLLATE "C" AS p, coalesce(rb.survivor_id, y.id) COLLATE "C" AS q
			FROM ` + s.table("decisions") + ` AS d
			CROSS JOIN LATERAL unnest(d.contact_ids) WITH ORDINALITY AS x(id, n)
			CROSS JOIN LATERAL unnest(d.contact_ids) WITH ORDINALITY AS y(id, n)
			LEFT JOIN ` + s.table("redirects") + ` AS ra ON ra.active AND ra.loser_id = x.id
			LEFT JOIN ` + s.table("redirects") + ` AS rb ON rb.active AND rb.loser_id = y.id
			WHERE x.n < y.n AND d.decision <> 'defer'
		), last AS (
			SELECT DISTINCT ON (least(p, q), greatest(p, q)) least(p, q) AS a, greatest(p, q) AS b, decision, decision_id, decided_at,
				CASE least(p, q) WHEN x THEN fx WHEN y THEN fy END AS fa, CASE greatest(p, q) WHEN x THEN fx WHEN y THEN fy END AS fb
			FROM pairs WHERE p <> q ORDER BY least(p, q), greatest(p, q), decision_id DESC
		)`
}

// NotDuplicates lists the pairs of contacts that a person said are two people, each pair in text order, once. A contact that was merged
// since stands for its survivor, and the last answer to a pair counts.
func (s *Store) NotDuplicates(ctx context.Context) ([][2]string, error) {
	rows, err := s.pool.Query(ctx, s.lastAnswers()+` SELECT a, b FROM last WHERE decision = $1 ORDER BY a, b`, DoNotMerge)
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
