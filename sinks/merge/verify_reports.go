package merge

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/cluster"
)

// reports is I10: the findings that readers see are those of one complete run, and its counts are theirs.
func (v *verifier) reports(ctx context.Context) error {
	c := v.begin("I10", "the findings that readers see are complete, and their counts are right")
	var runID string
	err := v.tx.QueryRow(ctx, `SELECT run_id FROM `+v.ours("published")).Scan(&runID)
	if errors.Is(err, pgx.ErrNoRows) {
		c.Note = "no run has published anything yet"
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking for the published run: %w", err)
	}
	if err := v.tx.QueryRow(ctx, `SELECT (SELECT count(*) FROM `+v.ours("suggestions")+` WHERE run_id = $1) + (SELECT count(*) FROM `+v.ours("clusters")+` WHERE run_id = $1)
		+ (SELECT count(*) FROM `+v.ours("cluster_members")+` WHERE run_id = $1)`, runID).Scan(&c.Rows); err != nil {
		return fmt.Errorf("counting the findings: %w", err)
	}
	counted := func(table, where, key string) string {
		return `SELECT NULL::text AS plan_id, NULL::text AS cluster_id, NULL::text[] AS contacts,
			'the run counted ' || s.want || ' ` + key + `, the table ` + table + ` has ' || s.have AS what
			FROM (SELECT (r.counts->>'` + key + `')::bigint AS want, (SELECT count(*) FROM ` + v.ours(table) + ` WHERE run_id = $1` + where + `) AS have
				FROM ` + v.ours("runs") + ` AS r WHERE r.run_id = $1) AS s WHERE s.want <> s.have`
	}
	for _, sql := range []string{
		counted("suggestions", ` AND decision = 'auto_merge'`, "auto_merge_pairs"),
		counted("suggestions", ` AND decision = 'suggest'`, "suggest_pairs"),
		counted("suggestions", ` AND decision = 'review'`, "review_pairs"),
		counted("clusters", "", "clusters"),
		`SELECT NULL::text AS plan_id, c.cluster_id, NULL::text[] AS contacts, 'the members of a suggested cluster are not those its row says' AS what
			FROM ` + v.ours("clusters") + ` AS c LEFT JOIN LATERAL (SELECT count(*) AS members, count(*) FILTER (WHERE m.survivor) AS survivors, min(m.contact_id) FILTER (WHERE m.survivor) AS survivor
				FROM ` + v.ours("cluster_members") + ` AS m WHERE m.run_id = c.run_id AND m.cluster_id = c.cluster_id) AS m ON true
			WHERE c.run_id = $1 AND (m.members <> c.members OR m.survivors <> 1 OR m.survivor <> c.survivor_id)`,
	} {
		if err := v.collect(ctx, c, "", sql, runID); err != nil {
			return fmt.Errorf("counting the findings: %w", err)
		}
	}
	return v.published(ctx, c, runID)
}

// published checks that the plan of the published run is the one it made, unaltered.
func (v *verifier) published(ctx context.Context, c *Invariant, runID string) error {
	var (
		id   string
		body []byte
	)
	err := v.tx.QueryRow(ctx, `SELECT p.plan_id, p.body FROM `+v.ours("plans")+` AS p JOIN `+v.ours("runs")+` AS r ON r.record->>'plan' = p.plan_id WHERE r.run_id = $1`, runID).Scan(&id, &body)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil // the run made none, or it was pruned
	case err != nil:
		return fmt.Errorf("reading the plan of the published run: %w", err)
	case len(body) == 0:
		return nil // erased by forget
	}
	p, err := cluster.ReadPlan(body)
	if err != nil || p.ID != id {
		c.violate(Problem{Plan: id, What: fmt.Sprintf("plan %s was altered after it was made", short(id))})
	}
	return nil
}
