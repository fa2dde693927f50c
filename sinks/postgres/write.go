package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/pgerr"
	"github.com/contactmerge/contactmerge/internal/run"
)

// partitioned are the tables with a partition per run, in the order they are written.
var partitioned = []string{"suggestions", "clusters", "cluster_members"}

// Write stores what a run found, and its plan, and makes it the current findings, in one transaction: a reader sees the last complete run
// until it sees this one. The run must have been opened by BeginRun.
func (s *Store) Write(ctx context.Context, o *cluster.Outcome, r *run.Record) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var no int64
		// Whoever takes the lock over calls this run abandoned; sharing the row makes that wait for us, or us see it.
		err := tx.QueryRow(ctx, `SELECT run_no FROM `+s.table("runs")+` WHERE run_id = $1 AND state = $2 FOR SHARE`, r.ID, string(run.Running)).Scan(&no)
		if errors.Is(err, pgx.ErrNoRows) {
			return errors.New("the run was not opened, or another run took over")
		}
		if err != nil {
			return err
		}
		for _, t := range partitioned {
			if err := s.writePartition(ctx, tx, t, no, findings(t, o, r.ID)); err != nil {
				return fmt.Errorf("table %s: %w", t, clean(err))
			}
			if _, err := tx.Exec(ctx, "SELECT "+s.table("attach_part")+"($1, $2)", t, no); err != nil {
				return fmt.Errorf("attaching to table %s: %w", t, clean(err))
			}
		}
		if o.Plan != nil {
			if err := s.storePlan(ctx, tx, o.Plan, r.ID); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `INSERT INTO `+s.table("published")+` (run_id) VALUES ($1)
			ON CONFLICT (singleton) DO UPDATE SET run_id = excluded.run_id, published_at = excluded.published_at`, r.ID)
		return err
	})
	if err != nil {
		return fmt.Errorf("storing the findings of run %s: %w", r.ID, clean(err))
	}
	return nil
}

// writePartition fills a table of its own without indexes, ten times cheaper than with them. The database's functions make it, and make it
// part of its table later, because the role of a nightly run owns neither.
func (s *Store) writePartition(ctx context.Context, tx pgx.Tx, table string, no int64, f copying) error {
	if _, err := tx.Exec(ctx, "SELECT "+s.table("make_part")+"($1, $2)", table, no); err != nil {
		return err
	}
	name := pgx.Identifier{s.opt.Schema, table + "_" + strconv.FormatInt(no, 10)}
	_, err := tx.CopyFrom(ctx, name, f.columns, pgx.CopyFromSlice(f.rows, f.row))
	return err
}

// Prune drops the suggestions and clusters of all but the last runs, and plans nobody touched. The current run's stay in any case. A table
// that is being read is left for the next time. It returns the number of runs that were pruned.
func (s *Store) Prune(ctx context.Context) (int, error) {
	old, err := collect(ctx, s.pool, pgx.RowTo[int64], `SELECT run_no FROM (SELECT run_no, pruned_at, run_id, row_number() OVER (ORDER BY run_no DESC) AS age FROM `+s.table("runs")+`) AS r
		WHERE age > $1 AND pruned_at IS NULL AND NOT EXISTS (SELECT FROM `+s.table("published")+` AS p WHERE p.run_id = r.run_id) ORDER BY run_no`, s.opt.KeepRuns)
	if err != nil {
		return 0, fmt.Errorf("listing old runs: %w", clean(err))
	}
	pruned := 0
	for _, no := range old {
		// Dropping a partition locks the whole table; the function waits a second for it, so that nobody queues behind it for long.
		_, err := s.pool.Exec(ctx, "SELECT "+s.table("drop_parts")+"($1)", no)
		switch {
		case pgerr.Code(err) == "55P03":
		case err != nil:
			return pruned, fmt.Errorf("pruning an old run: %w", clean(err))
		default:
			pruned++
		}
	}
	return pruned, nil
}
