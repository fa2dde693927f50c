package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/pgerr"
)

// ErrNoPlan says that there is no such plan.
var ErrNoPlan = errors.New("no such plan")

// storePlan keeps a plan. The same plan of an earlier run stays as it is: equal ids are equal plans.
func (s *Store) storePlan(ctx context.Context, q querier, p *cluster.Plan, runID string) error {
	_, err := q.Exec(ctx, `INSERT INTO `+s.table("plans")+` (plan_id, run_id, format, state, steps, body) VALUES ($1, $2, $3, 'planned', $4, $5)
		ON CONFLICT (plan_id) DO UPDATE SET run_id = excluded.run_id, created_at = excluded.created_at, body = excluded.body, erased_at = NULL`, p.ID, runID, p.Format, len(p.Steps), p.JSON())
	if err != nil {
		return fmt.Errorf("storing plan %s: %w", p.ID, clean(err))
	}
	return nil
}

// LatestPlan is the newest plan that a run made, or ErrNoPlan. Plans of approved merges are made when they are applied, and are no run's.
func (s *Store) LatestPlan(ctx context.Context) (*cluster.Plan, error) {
	return s.plan(ctx, "run_id IS NOT NULL ORDER BY created_at DESC, plan_id LIMIT 1")
}

// Plan is the plan whose id starts with the given characters, or ErrNoPlan.
func (s *Store) Plan(ctx context.Context, prefix string) (*cluster.Plan, error) {
	var n int
	if err := s.pool.QueryRow(ctx, `SELECT count(*) FROM `+s.table("plans")+` WHERE starts_with(plan_id, $1)`, prefix).Scan(&n); err != nil {
		if notMade(err) {
			return nil, ErrNoPlan
		}
		return nil, fmt.Errorf("looking for plan %s: %w", prefix, clean(err))
	}
	if n > 1 {
		return nil, fmt.Errorf("plan %s: %d plans begin so; give more characters", prefix, n)
	}
	return s.plan(ctx, "starts_with(plan_id, $1)", prefix)
}

func (s *Store) plan(ctx context.Context, where string, args ...any) (*cluster.Plan, error) {
	var body []byte
	err := s.pool.QueryRow(ctx, `SELECT body FROM `+s.table("plans")+` WHERE `+where, args...).Scan(&body)
	if errors.Is(err, pgx.ErrNoRows) || notMade(err) {
		return nil, ErrNoPlan
	}
	if err != nil {
		return nil, fmt.Errorf("reading a plan: %w", clean(err))
	}
	if len(body) == 0 {
		return nil, errors.New("the plan was erased, because it held a contact who was forgotten: make a new one with `contactmerge run`")
	}
	p, err := cluster.ReadPlan(body)
	if err != nil {
		return nil, fmt.Errorf("reading a stored plan: %w", err)
	}
	return p, nil
}

// notMade says that our tables are not there, because nothing was run yet.
func notMade(err error) bool { return pgerr.Code(err) == "42P01" || pgerr.Code(err) == "3F000" }

func undefinedColumn(err error) bool { return pgerr.Code(err) == "42703" }
