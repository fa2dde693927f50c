package main

import (
	"context"
	"fmt"
	"regexp"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/sinks/merge"
)

// takeBack undoes what was asked for, or finds out what that would do, and prints what became of it.
func (a *app) takeBack(ctx context.Context, m merge.Undoer, conn *pgx.Conn, schema string, want *undoing, opt merge.UndoOptions) (merge.UndoReport, error) {
	sel, err := want.selection(ctx, conn)
	if err != nil {
		return merge.UndoReport{}, err
	}
	found, err := merge.Select(ctx, conn, schema, sel)
	if err != nil {
		return merge.UndoReport{}, err
	}
	if len(found.Merges) == 0 {
		if found.Undone > 0 {
			a.printf("found   %s, undone before\n", many(found.Undone, "merge"))
			return merge.UndoReport{}, nil
		}
		return merge.UndoReport{}, usagef("there is no such merge in the ledger")
	}
	a.selected(found)
	progress, err := a.progress()
	if err != nil {
		return merge.UndoReport{}, err
	}
	progress.Stage("undo", int64(len(found.Merges)), "merges")
	opt.Progress = func(int, int, *merge.UndoResult) { progress.Add(1) }
	rep, err := merge.Undo(ctx, m, found, opt)
	progress.Stop()
	if interrupted(ctx, err) {
		rep.Stopped, err = "it was interrupted", nil
	}
	if err == nil || len(rep.Counts) > 0 {
		a.undone(&rep)
	}
	if err == nil && rep.Stopped != "" {
		a.printf("stopped %s; the transaction at work was finished, undo the same again to go on\n", rep.Stopped)
		return rep, errIncomplete
	}
	return rep, err
}

// selected says what was found in the ledger.
func (a *app) selected(s *merge.Selected) {
	losers, added := 0, 0
	for i := range s.Merges {
		losers += len(s.Merges[i].Losers)
		if s.Merges[i].Added {
			added++
		}
	}
	newest, oldest := s.Merges[0].At.UTC(), s.Merges[len(s.Merges)-1].At.UTC()
	a.printf("found   %s of %s, %s", many(len(s.Merges), "merge"), many(losers, "loser"), oldest.Format(time.RFC3339))
	if n := newest.Format(time.RFC3339); n != oldest.Format(time.RFC3339) {
		a.printf(" to %s", n)
	}
	if added > 0 {
		a.printf("; %d of them were built on those asked for", added)
	}
	if s.Undone > 0 {
		a.printf("; %d more are undone already", s.Undone)
	}
	a.printf("\n")
}

// undone says what became of the merges.
func (a *app) undone(rep *merge.UndoReport) {
	words := map[merge.Outcome]string{merge.Applied: "undone", merge.AlreadyApplied: "undone before"}
	a.printf("undo    %s: %s; %s restored\n", many(rep.Merges, "merge"), outcomes(rep.Counts, rep.NotReached(), words), many(rep.Losers, "contact"))
	w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	for _, t := range rep.Tables {
		_, _ = fmt.Fprintf(w, "  %s\t%d rows changed back\t%d put back\t%d new ones follow\n", t.Table, t.Changed, t.Inserted, t.Followed)
	}
	_ = w.Flush()
	for _, c := range rep.Conflicts {
		a.printf("  later   %s.%s: %s\n      survivors %s\n", c.Table, c.Column, later(c.Conflict), listed(c.Survivors))
	}
	a.notUndone(rep.Left)
}

// later says in words what somebody did after the merge, and what became of it.
func later(c merge.Conflict) string {
	switch c.Kind {
	case merge.Missing:
		return fmt.Sprintf("%s gone, or under another key; left so", many(int(c.Rows), "row"))
	case merge.ByTrigger:
		return fmt.Sprintf("%s set by a trigger, to something else than before the merge", many(int(c.Rows), "value"))
	case merge.Overwritten:
		return fmt.Sprintf("%s changed since, and written over; the journal has them", many(int(c.Rows), "value"))
	}
	return fmt.Sprintf("%s changed since; left alone", many(int(c.Rows), "value"))
}

// notUndone names the merges that stay, one by one while they are few, else grouped by reason.
func (a *app) notUndone(left []merge.UndoResult) {
	steps := make([]merge.StepResult, len(left))
	for i, r := range left {
		if len(left) <= maxListed {
			a.printf("  %s %s into %s: %s\n", r.Outcome, short(r.Cluster), r.Survivor, r.Reason)
			continue
		}
		steps[i] = merge.StepResult{Survivor: r.Survivor, Outcome: r.Outcome, Reason: stepInReason.ReplaceAllString(r.Reason, "a later merge")}
	}
	if len(left) > maxListed {
		a.unfinished(steps)
	}
}

// stepInReason finds the merge in reasons such as "step 3f of plan 8c was built on it".
var stepInReason = regexp.MustCompile(`step \S+ of plan [^\s:]+`)
