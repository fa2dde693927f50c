package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Redirect says where a contact id leads.
type Redirect struct {
	ID       string    `json:"id"`
	Survivor string    `json:"survivor"` // the id itself when it was not merged away
	Merged   bool      `json:"merged"`
	Since    time.Time `json:"since,omitzero"` // when it began to lead to this survivor
	Plan     string    `json:"plan,omitempty"`
	Cluster  string    `json:"cluster,omitempty"` // of the step that did it
	Losers   []string  `json:"losers,omitempty"`  // contacts that lead to this one
}

// Redirects says where contact ids lead, in the order they are given.
func (s *Store) Redirects(ctx context.Context, ids []string) ([]Redirect, error) {
	rows, err := s.pool.Query(ctx, `SELECT u.id, coalesce(r.survivor_id, u.id), r.survivor_id IS NOT NULL, r.created_at, coalesce(r.plan_id, ''), coalesce(r.cluster_id, ''),
			ARRAY(SELECT l.loser_id FROM `+s.table("redirects")+` AS l WHERE l.active AND l.survivor_id = u.id ORDER BY l.loser_id COLLATE "C")
		FROM unnest($1::text[]) WITH ORDINALITY AS u(id, n) LEFT JOIN `+s.table("redirects")+` AS r ON r.active AND r.loser_id = u.id ORDER BY u.n`, ids)
	if err != nil {
		return nil, fmt.Errorf("reading the redirects: %w", clean(err))
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r Redirect, err error) {
		var since *time.Time
		err = row.Scan(&r.ID, &r.Survivor, &r.Merged, &since, &r.Plan, &r.Cluster, &r.Losers)
		if since != nil {
			r.Since = since.UTC()
		}
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the redirects: %w", clean(err))
	}
	return out, nil
}
