package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/cluster"
)

// openPairs lists the pairs of the last run that a supervisor decides about and that lie in no cluster.
func (s *Store) openPairs(ctx context.Context) ([]Question, error) {
	answered, err := s.answeredVersions(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, `SELECT s.contact_id_a, s.contact_id_b, s.run_id, p.published_at, s.guard_a, s.guard_b, s.evidence_a, s.evidence_b
		FROM `+s.table("current_suggestions")+` AS s CROSS JOIN `+s.table("published")+` AS p
		WHERE s.decision = 'review' AND s.cluster_id IS NULL AND s.guard_a IS NOT NULL AND s.guard_b IS NOT NULL
		ORDER BY s.contact_id_a COLLATE "C", s.contact_id_b COLLATE "C"`)
	if err != nil {
		return nil, fmt.Errorf("reading the open pairs: %w", clean(err))
	}
	var out []Question
	var a, b QuestionMember
	q := Question{Decision: "review"}
	_, err = pgx.ForEachRow(rows, []any{&a.ID, &b.ID, &q.Run, &q.Asked, &a.Guard, &b.Guard, &a.Evidence, &b.Evidence}, func() error {
		next := q
		next.Cluster, next.Members = cluster.IDOf([]string{a.ID, b.ID}), []QuestionMember{a, b}
		next.Version = cluster.VersionOf(next.guards())
		if next.Answered = answered[next.Cluster+next.Version]; next.Answered == "" || next.Answered == Defer {
			out = append(out, next)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the open pairs: %w", clean(err))
	}
	return out, nil
}

// answeredVersions are the newest answers by cluster and version.
func (s *Store) answeredVersions(ctx context.Context) (map[string]string, error) {
	rows, err := s.pool.Query(ctx, `SELECT DISTINCT ON (cluster_id, version) cluster_id || version, decision FROM `+s.table("decisions")+`
		WHERE cluster_id IS NOT NULL AND version IS NOT NULL ORDER BY cluster_id, version, decision_id DESC`)
	if err != nil {
		return nil, fmt.Errorf("reading the answers: %w", clean(err))
	}
	out := map[string]string{}
	var key, decision string
	_, err = pgx.ForEachRow(rows, []any{&key, &decision}, func() error {
		out[key] = decision
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the answers: %w", clean(err))
	}
	return out, nil
}
