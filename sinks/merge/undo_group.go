package merge

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/cluster"
)

// unmerge is a group of merges that is taken back inside one transaction.
type unmerge struct {
	tx       pgx.Tx
	cfg      *Config
	cat      *catalog
	opt      *UndoOptions
	group    []Merged
	wrong    []error // why a merge cannot be taken back, nil for those that can
	contents []string
	digests  []string        // of their journal as it was found, "" where our format makes it another way
	deleted  map[string]bool // contacts that the merges deleted
	xids     []string        // of the transactions that merged
	dry      bool
	back     map[string]bool // in a dry run: contacts that merges looked at before would have brought back
	queue    []Merged        // in a dry run: all merges that are to be taken back
}

// startUndo reads the catalogue and checks the rights.
func (m *Merger) startUndo(ctx context.Context) error {
	return m.prepare(ctx, writing, func(pgx.Tx) error { return nil })
}

// startUndo reads the catalogue.
func (d *DryRun) startUndo(ctx context.Context) error {
	d.back = make(map[string]bool)
	return d.Start(ctx, &cluster.Plan{})
}

// undoGroup takes a group back in one transaction, or, when the database objects, one merge at a time.
func (m *Merger) undoGroup(ctx context.Context, group []Merged, opt *UndoOptions) (results []UndoResult, aside []Merged, err error) {
	var r StepResult
	err = m.retrying(ctx, &r, func(ctx context.Context, tx pgx.Tx) (string, error) {
		u := &unmerge{tx: tx, cfg: &m.cfg, cat: m.cat, opt: opt, group: group}
		res, put, xid, err := u.run(ctx, m.session.Epoch())
		// What an attempt found stands when a later one sees that this one was committed after all.
		if err == nil || results == nil {
			results, aside = res, put
		}
		return xid, err
	})
	switch {
	case err != nil:
		return nil, nil, err
	case r.Outcome == Applied, r.Outcome == AlreadyApplied:
	default:
		return m.inParts(ctx, group, opt, &r)
	}
	for i := range results {
		results[i].Attempts = r.Attempts
	}
	return results, aside, nil
}

// inParts finds out which merge of a group it is that cannot be taken back, after the whole of it failed. Merges that changed the same rows
// in one transaction stay together.
func (m *Merger) inParts(ctx context.Context, group []Merged, opt *UndoOptions, r *StepResult) (results []UndoResult, aside []Merged, err error) {
	var parts [][]Merged
	err = pgx.BeginFunc(ctx, m.session.Conn(), func(tx pgx.Tx) error {
		if err := m.begin(ctx, tx); err != nil {
			return err
		}
		u := &unmerge{tx: tx, cfg: &m.cfg, cat: m.cat, opt: opt, group: group, wrong: make([]error, len(group))}
		l := &loaded{parts: make([]int, len(group)), wrong: make([]error, len(group)), aside: make([]bool, len(group))}
		err := u.journal(ctx, l)
		l.link()
		parts = l.partsOf(group)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if len(parts) == 1 {
		for i := range group {
			results = append(results, UndoResult{Merged: group[i], Outcome: r.Outcome, Reason: r.Reason, Attempts: r.Attempts})
		}
		return results, nil, nil
	}
	for i, part := range parts {
		res, put, err := m.undoGroup(ctx, part, opt)
		if err != nil {
			return nil, nil, err
		}
		results = append(results, res...)
		if len(put) > 0 || ctx.Err() != nil || !done(res) { // the others may have been built on it
			return results, slices.Concat(put, slices.Concat(parts[i+1:]...)), nil
		}
	}
	return results, nil, nil
}

// done says that all merges are undone by now.
func done(results []UndoResult) bool {
	for i := range results {
		if o := results[i].Outcome; o != Applied && o != AlreadyApplied {
			return false
		}
	}
	return true
}

// undoGroup finds out what undoing a group would do.
func (d *DryRun) undoGroup(ctx context.Context, group []Merged, opt *UndoOptions) (results []UndoResult, aside []Merged, err error) {
	err = d.read(ctx, func(tx pgx.Tx) error {
		u := &unmerge{tx: tx, cfg: &d.cfg, cat: d.cat, opt: opt, group: group, dry: true, back: d.back, queue: d.queue}
		if results, aside, _, err = u.run(ctx, 0); err != nil || len(aside) == 0 {
			return err
		}
		// Those put aside are looked at later, when the others would be undone.
		maps.Copy(d.back, u.deleted)
		return nil
	})
	return results, aside, err
}

// run takes the group back. An error ends the transaction; what is wrong with one merge is in its result.
func (u *unmerge) run(ctx context.Context, epoch int64) (results []UndoResult, aside []Merged, xid string, err error) {
	if err := u.lock(ctx); err != nil {
		return nil, nil, "", err
	}
	if err := u.check(ctx); err != nil {
		return nil, nil, "", err
	}
	l, err := u.load(ctx)
	if err != nil {
		return nil, nil, "", err
	}
	w := walked(l, u.opt, u.group)
	if err := u.follow(ctx, w); err != nil {
		return nil, nil, "", err
	}
	var done []int
	for i := range u.group {
		if w.wrong[i] == nil && !w.aside[i] {
			done = append(done, i)
		}
	}
	if len(done) == 0 && len(u.group) > 0 && !slices.ContainsFunc(w.wrong, func(err error) bool { return err != nil }) {
		return nil, nil, "", refuse("its changes cannot be taken back in one order")
	}
	if !u.dry {
		if xid, err = u.carryOut(ctx, w, done, epoch); err != nil {
			return nil, nil, "", err
		}
	}
	results, aside = u.results(w)
	if xid == "" && !u.dry && len(results) > 0 && undoneBefore(results) {
		// Nothing to do: perhaps because the last attempt did it.
		return results, aside, "", &verdict{AlreadyApplied, "it is undone"}
	}
	return results, aside, xid, nil
}

// carryOut writes what the walk found, and that it was done.
func (u *unmerge) carryOut(ctx context.Context, w *walk, done []int, epoch int64) (xid string, err error) {
	if len(done) == 0 {
		return "", nil
	}
	if err := u.write(ctx, w); err != nil {
		return "", err
	}
	extra, err := u.journalOverwritten(ctx, w, done)
	if err != nil {
		return "", err
	}
	merges := make([]Merged, len(done))
	deeds := make([]deed, len(done))
	for i, of := range done {
		g := &u.group[of]
		merges[i] = *g
		deeds[i] = deed{plan: g.Plan, cluster: g.Cluster, content: u.contents[of], survivor: g.Survivor, losers: g.Losers, entries: g.Entries, digest: u.digests[of]}
	}
	if err := u.endRedirects(ctx, merges); err != nil {
		return "", err
	}
	u.cfg.Fault("undo_redirected")
	if u.opt.Remember != nil {
		if err := u.opt.Remember(ctx, u.tx, merges); err != nil {
			return "", fmt.Errorf("remembering what was undone: %w", err)
		}
	}
	return record(ctx, u.tx, u.cfg.Schema, "undo", epoch, append(deeds, extra...))
}

// results says what became of each merge, and which have to wait.
func (u *unmerge) results(w *walk) (results []UndoResult, aside []Merged) {
	for i := range u.group {
		r := UndoResult{Merged: u.group[i], Outcome: Applied, Attempts: 1}
		var v *verdict
		switch {
		case errors.As(w.wrong[i], &v):
			r.Outcome, r.Reason = v.outcome, v.reason
		case w.aside[i]:
			aside = append(aside, u.group[i])
			continue
		default:
			r.Tables, r.Conflicts = w.counts[i], w.conflicts[i]
		}
		results = append(results, r)
	}
	return results, aside
}

func undoneBefore(results []UndoResult) bool {
	for i := range results {
		if results[i].Outcome != AlreadyApplied {
			return false
		}
	}
	return true
}
