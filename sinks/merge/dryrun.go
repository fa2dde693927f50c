package merge

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/pgerr"
)

// DryRun finds out what a Merger would do, by reading only. What triggers would say, and rows that somebody else has locked, it cannot know.
type DryRun struct {
	cfg  Config
	conn *pgx.Conn
	cat  *catalog
	plan string
}

var _ Applier = (*DryRun)(nil)

// NewDryRun makes a DryRun that reads through conn.
func NewDryRun(conn *pgx.Conn, cfg Config) (*DryRun, error) {
	cfg = cfg.WithDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("merge configuration: %w", err)
	}
	return &DryRun{cfg: cfg, conn: conn}, nil
}

// Start reads the catalogue.
func (d *DryRun) Start(ctx context.Context, p *cluster.Plan) error {
	d.plan = p.ID
	return pgerr.Clean(d.read(ctx, func(tx pgx.Tx) (err error) {
		if d.cat, err = readCatalog(ctx, tx, &d.cfg); err != nil {
			return err
		}
		return preflight(ctx, tx, &d.cfg, d.cat, reading)
	}))
}

// read runs f in a transaction that cannot write. Each step has its own, so that no snapshot grows old.
func (d *DryRun) read(ctx context.Context, f func(tx pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, d.conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if err := pin(ctx, tx, maxLockTimeout, d.cfg.StepTimeout); err != nil {
			return err
		}
		return f(tx)
	})
}

// Step says how the step would end.
func (d *DryRun) Step(ctx context.Context, s *cluster.Step) (StepResult, error) {
	r := StepResult{Cluster: s.Cluster, Survivor: s.Survivor, Losers: len(s.Losers), Attempts: 1}
	err := d.read(ctx, func(tx pgx.Tx) error {
		w := newWork(tx, &d.cfg, d.cat, d.plan, s)
		r.Tables = w.tables
		return w.foresee(ctx)
	})
	var v *verdict
	switch {
	case err == nil:
		r.Outcome = Applied
	case errors.As(err, &v):
		r.Outcome, r.Reason = v.outcome, v.reason
	case classOf(err) == classRefuse:
		r.Outcome, r.Reason = Refused, reasonOf(err)
	case classOf(err) == classFail:
		r.Outcome, r.Reason = Failed, reasonOf(err)
	default:
		return r, pgerr.Clean(err)
	}
	return r, nil
}

// Finish has nothing to do.
func (d *DryRun) Finish(context.Context, *Report) error { return nil }

// foresee goes through a step without writing.
func (w *work) foresee(ctx context.Context) error {
	content, err := contentHash(w.step)
	if err != nil {
		return err
	}
	found, err := w.rows(ctx, "")
	if err != nil {
		return err
	}
	done, err := w.applied(ctx, content)
	if err != nil {
		return err
	}
	if done {
		return &verdict{AlreadyApplied, ""}
	}
	if err := w.check(ctx, found); err != nil {
		return err
	}
	if err := w.feasible(ctx); err != nil {
		return err
	}
	if err := w.foreseeDuplicates(ctx); err != nil {
		return err
	}
	for i, n := range w.counts {
		w.tables[i].Repointed = n - w.tables[i].Removed
	}
	return nil
}

// foreseeDuplicates counts the identities that would be removed, and refuses collisions in any other table.
func (w *work) foreseeDuplicates(ctx context.Context) error {
	var removed []string // queries over rows that are gone before the next index is looked at
	for i := range w.cat.uniques {
		u := &w.cat.uniques[i]
		if !w.refersToLoser(u.ref) {
			continue
		}
		query := u.colliding(w.cat)
		if u.ref.identities && !w.cfg.RefuseDuplicates {
			removed = append(removed, query)
			query = strings.Join(removed, " UNION ")
		}
		var n int64
		if err := w.tx.QueryRow(ctx, `SELECT count(*) FROM (`+query+`) AS cm_c`, members(w.step), w.survivor()).Scan(&n); err != nil {
			return err
		}
		switch {
		case u.ref.identities && !w.cfg.RefuseDuplicates:
			if n > 0 && w.cat.cascadeGone != "" {
				return refuse("removing an identity the survivor has already would change another table through the foreign key %q", w.cat.cascadeGone)
			}
			w.tableOf(u.ref).Removed = n
		case n > 0:
			return refuse("it would violate the unique constraint %q of %s", u.name, u.ref.child)
		}
	}
	return nil
}
