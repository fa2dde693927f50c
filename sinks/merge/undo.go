package merge

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/pgerr"
)

// ConflictPolicy says what undo does with a row or field that somebody changed after the merge.
type ConflictPolicy string

// The policies for later changes. None of them loses a value: what Restore overwrites is journalled.
const (
	KeepChanges   ConflictPolicy = "keep"    // the later change stays, and is reported
	RestoreValues ConflictPolicy = "restore" // the value from before the merge comes back all the same
	RefuseChanged ConflictPolicy = "refuse"  // a merge with a later change is not undone at all
)

// NewRowPolicy says what becomes of rows that were attached to the survivor after the merge.
type NewRowPolicy string

// The policies for new rows.
const (
	StayWithSurvivor NewRowPolicy = "stay"
	// FollowIdentity hands a row over to the loser that its identity goes back to, in tables that refer to both the contact and one of its
	// identities by foreign keys.
	FollowIdentity NewRowPolicy = "follow_identity"
)

// The default size of an undo transaction.
const (
	undoLosers = 500    // enough that the round trips do not matter, few enough that locks are short
	undoRows   = 10_000 // journal rows, as many as one merge may move by default
)

// UndoOptions tune one call of Undo.
type UndoOptions struct {
	OnConflict ConflictPolicy // KeepChanges when empty
	NewRows    NewRowPolicy   // StayWithSurvivor when empty

	// Remember is called inside each transaction with the merges it takes back, so that the answer "these are different people" is stored
	// together with the undo or not at all; nil for nothing to remember.
	Remember func(ctx context.Context, tx pgx.Tx, undone []Merged) error
	// Between is called before each transaction; an error ends the undo there, a *Stop in good order. nil for none.
	Between func(ctx context.Context) error
	// Progress is called after every merge with the number of merges dealt with; nil for none.
	Progress func(done, merges int, r *UndoResult)

	GroupLosers int // losers in one transaction, 500 when 0; 1 undoes one merge at a time
}

// withDefaults fills what was left out.
func (o UndoOptions) withDefaults() UndoOptions {
	if o.OnConflict == "" {
		o.OnConflict = KeepChanges
	}
	if o.NewRows == "" {
		o.NewRows = StayWithSurvivor
	}
	if o.GroupLosers <= 0 {
		o.GroupLosers = undoLosers
	}
	if o.Between == nil {
		o.Between = func(context.Context) error { return nil }
	}
	return o
}

// validate refuses policies that do not exist.
func (o UndoOptions) validate() error {
	switch o.OnConflict {
	case KeepChanges, RestoreValues, RefuseChanged:
	default:
		return fmt.Errorf("conflict policy %q is none of keep, restore, refuse", o.OnConflict)
	}
	switch o.NewRows {
	case StayWithSurvivor, FollowIdentity:
	default:
		return fmt.Errorf("policy for new rows %q is neither stay nor follow_identity", o.NewRows)
	}
	return nil
}

// Undoer takes merges back. As with Applier, the dry run and the real thing are two implementations.
type Undoer interface {
	// startUndo checks the database before the first merge is taken back.
	startUndo(ctx context.Context) error
	// undoGroup takes merges back, newest first. Those it put aside have to be offered again, before any older one.
	undoGroup(ctx context.Context, group []Merged, opt *UndoOptions) (results []UndoResult, aside []Merged, err error)
	// arrange puts the queue, newest first, into the order in which it is to be worked off.
	arrange(queue []Merged) []Merged
	// pack takes the next group off the front of the queue.
	pack(queue []Merged, opt *UndoOptions) (group, rest []Merged)
	// built finds which of the older merges were built on newer ones that are not undone.
	built(ctx context.Context, newer, older []Merged) (map[stepID]stepID, error)
}

var (
	_ Undoer = (*Merger)(nil)
	_ Undoer = (*DryRun)(nil)
)

// Undo takes the selected merges back, newest first. A merge that cannot be taken back does not stop the others, except those it was built
// on. A cancelled context stops after the transaction at work; the report is right in any case, and undoing the same again goes on.
func Undo(ctx context.Context, u Undoer, s *Selected, opt UndoOptions) (UndoReport, error) {
	rep := UndoReport{Merges: len(s.Merges)}
	opt = opt.withDefaults()
	if err := opt.validate(); err != nil {
		return rep, err
	}
	if err := u.startUndo(ctx); err != nil {
		return rep, fmt.Errorf("preparing to undo: %w", pgerr.Clean(err))
	}
	tell := func(r *UndoResult) {
		rep.add(r)
		if opt.Progress != nil {
			opt.Progress(rep.done(), len(s.Merges), r)
		}
	}
	queue := u.arrange(s.free(tell))
	for len(queue) > 0 {
		if ctx.Err() != nil {
			return rep, fmt.Errorf("stopped with %d of %d merges undone: %w", rep.done(), len(s.Merges), context.Cause(ctx))
		}
		if err := opt.Between(ctx); err != nil {
			if reason, ok := stopping(err); ok {
				rep.Stopped = reason
				return rep, nil
			}
			return rep, err
		}
		group, rest := u.pack(queue, &opt)
		results, aside, err := u.undoGroup(ctx, group, &opt)
		if err != nil {
			return rep, fmt.Errorf("undoing %s: %w", group[0].id(), err)
		}
		queue = slices.Concat(aside, rest)
		var left []Merged
		for i := range results {
			if r := &results[i]; r.Outcome != Applied && r.Outcome != AlreadyApplied {
				left = append(left, r.Merged)
			}
			tell(&results[i])
		}
		if queue, err = hold(ctx, u, left, queue, tell); err != nil {
			return rep, err
		}
	}
	return rep, nil
}

// hold refuses what is left of the queue as far as it was built on by merges that could not be undone.
func hold(ctx context.Context, u Undoer, left, queue []Merged, tell func(*UndoResult)) ([]Merged, error) {
	if len(left) == 0 || len(queue) == 0 {
		return queue, nil
	}
	on, err := u.built(ctx, left, queue)
	if err != nil {
		return nil, fmt.Errorf("looking for what the merges left were built on: %w", pgerr.Clean(err))
	}
	var out []Merged
	for _, m := range queue {
		if newer, held := on[m.id()]; held {
			tell(&UndoResult{Merged: m, Outcome: Refused, Reason: builtOn(newer)})
			continue
		}
		out = append(out, m)
	}
	return out, nil
}

// Undo takes one step of a plan back, see the function of that name. A row or field that somebody changed since is left alone and counted
// in the result's reason.
func (m *Merger) Undo(ctx context.Context, planID, clusterID string) (StepResult, error) {
	r := StepResult{Cluster: clusterID, Attempts: 1}
	s, err := Select(ctx, m.session.Conn(), m.cfg.Schema, Selection{Plan: planID, Cluster: clusterID})
	if err != nil {
		return r, err
	}
	if len(s.Merges) == 0 {
		if r.Outcome, r.Reason = Refused, "it was not applied"; s.Undone > 0 {
			r.Outcome, r.Reason = AlreadyApplied, "it is undone"
		}
		return r, nil
	}
	rep, err := Undo(ctx, m, s, UndoOptions{Progress: func(_, _ int, u *UndoResult) {
		r.Survivor, r.Losers, r.Outcome, r.Reason, r.Attempts = u.Survivor, len(u.Losers), u.Outcome, u.Reason, u.Attempts
	}})
	if n := rep.Kept(); err == nil && r.Outcome == Applied && n > 0 {
		r.Reason = fmt.Sprintf("%d rows or fields changed since and were left alone", n)
	}
	return r, err
}

// Merged is a merge that the ledger knows.
type Merged struct {
	Seq      int64 // in the ledger: higher is newer
	Plan     string
	Cluster  string
	Survivor string
	Losers   []string
	Run      string // that made the plan, "" when unknown
	At       time.Time
	Entries  int   // journal rows
	tx       int64 // the first ledger row of its transaction: merges with one number were written together, stage by stage
	Added    bool  // not asked for, but built on one that was

	chain   int     // of merges that share contacts, in a dry run
	blocked *stepID // a newer merge that was built on this one and is not selected
}

// stepID names a step of a plan.
type stepID struct{ plan, cluster string }

// String is for people.
func (s stepID) String() string { return "step " + short(s.cluster) + " of plan " + short(s.plan) }

func (m *Merged) id() stepID { return stepID{m.Plan, m.Cluster} }

// members are the survivor and the losers.
func (m *Merged) members() []string { return append([]string{m.Survivor}, m.Losers...) }
