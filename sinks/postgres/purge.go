package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/pgerr"
)

// OldFindings counts what PurgeFindings removed, or would.
type OldFindings struct {
	Runs  int64 // whose suggestions and clusters go; the runs' records stay
	Plans int64
	Busy  int64 // runs that somebody was reading, left for the next time
}

// oldRuns and oldPlans are what is older than $1 seconds and needed by nobody. What readers see stays, with its plan.
func (s *Store) oldRuns() string {
	return s.table("runs") + ` AS r WHERE r.pruned_at IS NULL AND r.state <> 'running' AND coalesce(r.ended_at, r.started_at) < clock_timestamp() - make_interval(secs => $1)
		AND NOT EXISTS (SELECT FROM ` + s.table("published") + ` AS p WHERE p.run_id = r.run_id)`
}

func (s *Store) oldPlans() string {
	return s.table("plans") + ` AS x WHERE x.created_at < clock_timestamp() - make_interval(secs => $1) AND x.state <> 'applying'
		AND NOT EXISTS (SELECT FROM ` + s.table("published") + ` AS p JOIN ` + s.table("runs") + ` AS r ON r.run_id = p.run_id WHERE r.record->>'plan' = x.plan_id)
		AND NOT EXISTS (SELECT FROM ` + s.table("approvals") + ` AS a WHERE a.plan_id = x.plan_id AND a.state = 'applying')`
}

// CountOldFindings says what PurgeFindings would remove.
func (s *Store) CountOldFindings(ctx context.Context, keep time.Duration) (OldFindings, error) {
	var o OldFindings
	err := s.pool.QueryRow(ctx, `SELECT (SELECT count(*) FROM `+s.oldRuns()+`), (SELECT count(*) FROM `+s.oldPlans()+`)`, keep.Seconds()).Scan(&o.Runs, &o.Plans)
	if err != nil {
		return o, fmt.Errorf("counting old findings: %w", clean(err))
	}
	return o, nil
}

// PurgeFindings removes the suggestions and clusters of runs older than keep, and old plans. The current findings stay.
func (s *Store) PurgeFindings(ctx context.Context, keep time.Duration) (OldFindings, error) {
	var o OldFindings
	old, err := collect(ctx, s.pool, pgx.RowTo[int64], `SELECT r.run_no FROM `+s.oldRuns()+` ORDER BY r.run_no`, keep.Seconds())
	if err != nil {
		return o, fmt.Errorf("listing old runs: %w", clean(err))
	}
	for _, no := range old {
		_, err := s.pool.Exec(ctx, "SELECT "+s.table("drop_parts")+"($1)", no)
		switch {
		case pgerr.Code(err) == "55P03":
			o.Busy++
		case err != nil:
			return o, fmt.Errorf("dropping the findings of an old run: %w", clean(err))
		default:
			o.Runs++
		}
	}
	tag, err := s.pool.Exec(ctx, `DELETE FROM `+s.oldPlans(), keep.Seconds())
	if err != nil {
		return o, fmt.Errorf("deleting old plans: %w", clean(err))
	}
	o.Plans = tag.RowsAffected()
	return o, nil
}
