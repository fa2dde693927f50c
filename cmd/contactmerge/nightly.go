package main

import (
	"context"
	"errors"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/config"
	"github.com/contactmerge/contactmerge/internal/run"
	"github.com/contactmerge/contactmerge/pipeline"
	"github.com/contactmerge/contactmerge/sinks/merge"
	"github.com/contactmerge/contactmerge/sinks/postgres"
	"github.com/contactmerge/contactmerge/sinks/report"
)

// nightly is one run over the database: it finds, reports, and merges what it may.
type nightly struct {
	*app
	d      *database
	c      *config.Config
	rec    *run.Record
	folder *report.Folder
}

// runDatabase is the nightly job.
func (a *app) runDatabase(ctx context.Context, in *inputFlags, c *config.Config) error {
	folder := report.New(report.Config{Dir: c.Report.Dir})
	if err := folder.Check(); err != nil {
		return err
	}
	d, err := a.connect(ctx, in, c, migrates)
	if err != nil {
		return err
	}
	defer d.store.Close()
	n := &nightly{app: a, d: d, c: c, rec: newRecord(), folder: folder}
	return d.locked(ctx, n.rec, func(lock *postgres.Lock) error { return n.run(ctx, in, lock) })
}

// run finds the duplicates, and merges them or says how to.
func (n *nightly) run(ctx context.Context, in *inputFlags, lock *postgres.Lock) error {
	res, err := n.find(ctx)
	if err != nil {
		return err
	}
	defer res.Release()
	n.summary(res, n.c.Report.Dir)
	skipped := n.rec.Counts.Rejected > 0
	if n.c.Merge.Auto {
		left, err := n.merge(ctx, lock, res)
		skipped = skipped || left
		if errors.Is(err, errIncomplete) {
			if err := n.d.finish(ctx, n.rec); err != nil { // the findings are complete; the rest of the plan waits for the next time
				return err
			}
			return errIncomplete
		}
		if err != nil {
			return n.d.fail(ctx, n.rec, err)
		}
	} else if n.rec.Counts.MergeSteps > 0 {
		n.printf("ready   %s, not applied: see them with `contactmerge apply --config %s`\n", many(int(n.rec.Counts.MergeSteps), "merge"), in.configPath)
	}
	if _, err := n.d.store.Prune(ctx); err != nil {
		return n.d.fail(ctx, n.rec, err)
	}
	if err := n.d.finish(ctx, n.rec); err != nil {
		return err
	}
	return partial(skipped)
}

// find runs the pipeline over the database, and stores and reports what it finds.
func (n *nightly) find(ctx context.Context) (*pipeline.Result, error) {
	store := n.d.store
	before, err := store.PreviousRun(ctx)
	if err != nil {
		return nil, err
	}
	if err := store.BeginRun(ctx, n.rec); err != nil {
		return nil, err
	}
	res, err := n.pipeline(ctx, n.c, pipeline.Options{
		Source: n.d.source(n.c, true), Sinks: []pipeline.Sink{store, n.folder}, Declined: store.Declined, Renew: store.Renew,
		Merging: n.c.Merge.Auto, Previous: previous(before), Record: n.rec,
	})
	if err != nil {
		return nil, n.d.fail(ctx, n.rec, err)
	}
	return res, nil
}

// previous is what the circuit breakers compare with.
func previous(rec *run.Record) cluster.Previous {
	if rec == nil {
		return cluster.Previous{}
	}
	return cluster.Previous{Known: true, Losers: int(rec.Counts.MergeLosers)}
}

// merge applies the plan of the run, unless a circuit breaker tripped. It reports whether anything was left out.
func (n *nightly) merge(ctx context.Context, lock *postgres.Lock, res *pipeline.Result) (left bool, err error) {
	if res.Tripped {
		for _, b := range res.Record.Breakers {
			if b.Tripped {
				n.printf("breaker %s tripped: %g is over %g; nothing was merged, suggestions were written\n", b.Name, b.Value, b.Limit)
			}
		}
		return true, nil
	}
	m, err := merge.New(lock, n.d.mergeConfig(n.c, res.Record))
	if err != nil {
		return false, err
	}
	gate, err := n.gate(ctx, n.c, lock, false)
	if err != nil {
		return false, err
	}
	rep, err := n.carryOut(ctx, m, res.Outcome.Plan, gate.Between)
	return rep.Left() > 0 || len(rep.Unfinished) > 0, err
}

// finish closes the run's record, also when the run was interrupted.
func (d *database) finish(ctx context.Context, rec *run.Record) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	return d.store.FinishRun(ctx, rec)
}

// fail closes the run's record as failed.
func (d *database) fail(ctx context.Context, rec *run.Record, err error) error {
	rec.State, rec.Error = run.Failed, err.Error()
	return errors.Join(err, d.finish(ctx, rec))
}
