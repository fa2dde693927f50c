package merge

import (
	"cmp"
	"slices"
)

// UndoResult says what became of one merge that was to be undone. Like StepResult it carries no values of a row.
type UndoResult struct {
	Merged
	Outcome   Outcome // Applied when it is undone now, AlreadyApplied when it was before
	Reason    string
	Attempts  int
	Tables    []UndoCount
	Conflicts []Conflict
}

// UndoCount counts the rows of a table that undo brought back.
type UndoCount struct {
	Table    string // schema.table
	Changed  int64  // rows that got values from before the merge again, references among them
	Inserted int64  // rows that the merge had removed
	Followed int64  // rows born after the merge that went with their identity
}

// ConflictKind says how a row differs from what the merge left.
type ConflictKind string

// The kinds of conflicts.
const (
	Changed     ConflictKind = "changed" // a field has another value than the merge gave it
	Missing     ConflictKind = "missing" // the row is not there any more, or its key changed
	ByTrigger   ConflictKind = "trigger" // a trigger gave the field another value than it was to get back
	Overwritten ConflictKind = "overwritten"
)

// Conflict counts the later changes to a column in one merge.
type Conflict struct {
	Table, Column string
	Kind          ConflictKind
	Rows          int64
}

// UndoReport says what became of a selection.
type UndoReport struct {
	Merges    int // selected
	Counts    []OutcomeCount
	Losers    int // contacts that stand for themselves again
	Tables    []UndoCount
	Conflicts []ConflictSum // in merges that were undone
	Left      []UndoResult  // neither undone now nor before
	Stopped   string        // why the undo ended before the last merge, "" when it did not
}

// ConflictSum counts the later changes to a column over all merges, and names the contacts concerned.
type ConflictSum struct {
	Conflict
	Survivors []string // of the merges, in the order they were dealt with
}

// Count is the number of merges with an outcome.
func (r *UndoReport) Count(o Outcome) int {
	for _, c := range r.Counts {
		if c.Outcome == o {
			return c.Steps
		}
	}
	return 0
}

// Kept is the number of later changes that were left alone.
func (r *UndoReport) Kept() int64 {
	n := int64(0)
	for _, c := range r.Conflicts {
		if c.Kind != Overwritten {
			n += c.Rows
		}
	}
	return n
}

// NotReached is the number of merges that were not looked at.
func (r *UndoReport) NotReached() int { return r.Merges - r.done() }

func (r *UndoReport) done() int {
	n := 0
	for _, c := range r.Counts {
		n += c.Steps
	}
	return n
}

func (r *UndoReport) add(u *UndoResult) {
	if r.Counts == nil {
		for _, o := range outcomes {
			r.Counts = append(r.Counts, OutcomeCount{Outcome: o})
		}
	}
	for i := range r.Counts {
		if r.Counts[i].Outcome == u.Outcome {
			r.Counts[i].Steps++
		}
	}
	switch u.Outcome {
	case Applied:
		r.Losers += len(u.Losers)
		for _, t := range u.Tables {
			r.addTable(t)
		}
		for _, c := range u.Conflicts {
			r.addConflict(c, u.Survivor)
		}
	case AlreadyApplied:
	default:
		r.Left = append(r.Left, *u)
	}
}

func (r *UndoReport) addTable(t UndoCount) {
	i, found := slices.BinarySearchFunc(r.Tables, t.Table, func(have UndoCount, name string) int { return cmp.Compare(have.Table, name) })
	if !found {
		r.Tables = slices.Insert(r.Tables, i, UndoCount{Table: t.Table})
	}
	r.Tables[i].Changed += t.Changed
	r.Tables[i].Inserted += t.Inserted
	r.Tables[i].Followed += t.Followed
}

func (r *UndoReport) addConflict(c Conflict, survivor string) {
	order := func(x, y Conflict) int {
		return cmp.Or(cmp.Compare(x.Table, y.Table), cmp.Compare(x.Column, y.Column), cmp.Compare(x.Kind, y.Kind))
	}
	i, found := slices.BinarySearchFunc(r.Conflicts, c, func(have ConflictSum, c Conflict) int { return order(have.Conflict, c) })
	if !found {
		sum := ConflictSum{Conflict: c}
		sum.Rows = 0
		r.Conflicts = slices.Insert(r.Conflicts, i, sum)
	}
	s := &r.Conflicts[i]
	s.Rows += c.Rows
	if n := len(s.Survivors); n == 0 || s.Survivors[n-1] != survivor {
		s.Survivors = append(s.Survivors, survivor)
	}
}
