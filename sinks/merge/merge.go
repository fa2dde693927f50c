// Package merge carries out merge plans in the customer's database, keeps a journal, and takes merges back. It is the only code that
// writes customer rows. Steps of a plan are carried out in groups, each in one short transaction: a step happens as a whole or not at all.
package merge

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/cluster"
)

// Session is the connection that holds the run lock. All writing goes through it, so that the lock is gone when the connection is.
type Session interface {
	// Conn is the connection, which changes with Reopen.
	Conn() *pgx.Conn
	// Epoch is the number under which the lease was taken.
	Epoch() int64
	// Reopen takes the lock again on a new connection. It fails when another run took over, and for a while after the old connection
	// broke, until the server has noticed.
	Reopen(ctx context.Context) error
}

// Applier carries out the steps of a plan. The dry run and the real thing are two implementations, so that nothing below has to ask
// which of them it is.
type Applier interface {
	// Start checks the database before the first step, and fails when no step could succeed.
	Start(ctx context.Context, p *cluster.Plan) error
	// Size is how many losers one group may have, at most.
	Size() int
	// Group carries out some steps of the plan, in its order, together, or as many of them as can be. An error means that no further step
	// makes sense; what is wrong with one step alone is in its result.
	Group(ctx context.Context, steps []*cluster.Step) (GroupResult, error)
	// Finish is called after the last step, whatever happened.
	Finish(ctx context.Context, r *Report) error
}

// GroupResult says what became of the steps of a group. Every step is in one of the two lists.
type GroupResult struct {
	Results []StepResult      // of the steps that are decided
	Again   [][]*cluster.Step // groups to make of the others, all smaller than this one was
}

// Outcome is how a step ended.
type Outcome string

// The outcomes of a step.
const (
	Applied        Outcome = "applied"
	AlreadyApplied Outcome = "already_applied" // by an earlier run of the same plan
	Stale          Outcome = "stale"           // a member changed since the plan was made
	Gone           Outcome = "gone"            // a member was deleted, or merged by another plan
	Refused        Outcome = "refused"         // the data does not allow it; the reason says why
	Deferred       Outcome = "deferred"        // somebody else was at work on the rows; the next run tries again
	Failed         Outcome = "failed"
)

// outcomes is the order in which reports show them.
var outcomes = []Outcome{Applied, AlreadyApplied, Stale, Gone, Refused, Deferred, Failed}

// StepResult says how a step ended. It carries ids, SQLSTATEs and the names of tables, columns and constraints, never values of a row.
type StepResult struct {
	Cluster  string
	Survivor string
	Losers   int
	Outcome  Outcome
	Reason   string
	Attempts int
	Tables   []TableCount
}

// TableCount counts the rows of one reference to the contacts table.
type TableCount struct {
	Table     string // schema.table
	Column    string
	Repointed int64 // rows that now point to the survivor
	Removed   int64 // rows the survivor already had, see Config.Identities; the journal has them
}

// OutcomeCount is the number of steps with an outcome.
type OutcomeCount struct {
	Outcome Outcome
	Steps   int
}

// Report says what became of a plan.
type Report struct {
	Plan       string
	Steps      int // in the plan
	Counts     []OutcomeCount
	Losers     int          // contacts merged away, by steps that were applied now
	Tables     []TableCount // of the same steps, in the order of the references
	Unfinished []StepResult // neither applied now nor before, in plan order
	Stopped    string       // why the call ended before the plan did, "" when it did not
}

// Count is the number of steps with an outcome.
func (r *Report) Count(o Outcome) int {
	for _, c := range r.Counts {
		if c.Outcome == o {
			return c.Steps
		}
	}
	return 0
}

// Left is the number of steps that were not reached.
func (r *Report) Left() int {
	n := r.Steps
	for _, c := range r.Counts {
		n -= c.Steps
	}
	return n
}

// Options tune one call of Apply.
type Options struct {
	// Progress is called after every step with the number of steps done; nil for none.
	Progress func(done, steps int, r *StepResult)
	// Between is called before every transaction that writes, outside of any; nil for never. It may wait. A *Stop from it ends the call in
	// good order, see Gate.
	Between func(ctx context.Context) error
}

// between asks whether the next transaction may begin.
func (o *Options) between(ctx context.Context) error {
	if o.Between == nil {
		return nil
	}
	return o.Between(ctx)
}

// Apply carries out a plan. One step that cannot be carried out does not stop the others. A cancelled context stops after the group at work,
// and is returned as the error; the report is right in any case, and applying the plan again goes on where this call ended.
func Apply(ctx context.Context, a Applier, p *cluster.Plan, opt Options) (Report, error) {
	rep := Report{Plan: p.ID, Steps: len(p.Steps)}
	if err := validatePlan(p); err != nil {
		return rep, err
	}
	if err := a.Start(ctx, p); err != nil {
		return rep, fmt.Errorf("preparing to apply plan %s: %w", short(p.ID), err)
	}
	q := newQueue(a, p, opt)
	err := q.run(ctx)
	for _, r := range q.results {
		if r != nil {
			rep.add(r)
		}
	}
	if reason, ok := stopping(err); ok {
		rep.Stopped, err = reason, nil
	}
	if finish := a.Finish(context.WithoutCancel(ctx), &rep); err == nil && finish != nil {
		err = fmt.Errorf("closing plan %s: %w", short(p.ID), finish)
	}
	return rep, err
}

func (r *Report) add(s *StepResult) {
	if r.Counts == nil {
		for _, o := range outcomes {
			r.Counts = append(r.Counts, OutcomeCount{Outcome: o})
		}
	}
	for i := range r.Counts {
		if r.Counts[i].Outcome == s.Outcome {
			r.Counts[i].Steps++
		}
	}
	switch s.Outcome {
	case Applied:
		r.Losers += s.Losers
		r.addTables(s.Tables)
	case AlreadyApplied:
	default:
		r.Unfinished = append(r.Unfinished, *s)
	}
}

// addTables sums up the counts; every step lists the references in the same order.
func (r *Report) addTables(tables []TableCount) {
	if r.Tables == nil {
		r.Tables = make([]TableCount, len(tables))
	}
	for i, t := range tables {
		sum := &r.Tables[i]
		sum.Table, sum.Column = t.Table, t.Column
		sum.Repointed += t.Repointed
		sum.Removed += t.Removed
	}
}

// validatePlan refuses a plan that another version made, that was altered, or whose steps would step on each other.
func validatePlan(p *cluster.Plan) error {
	if p.Format != cluster.PlanFormat {
		return fmt.Errorf("plan %s has format %d, this program applies %d: run again to make a new plan", short(p.ID), p.Format, cluster.PlanFormat)
	}
	if p.ID != p.Hash() {
		return fmt.Errorf("plan %q was altered: its id does not belong to its content", short(p.ID))
	}
	if err := p.Validate(); err != nil {
		return fmt.Errorf("plan %s: %w", short(p.ID), err)
	}
	return nil
}

// members are the survivor and the losers of a step.
func members(s *cluster.Step) []string {
	return append([]string{s.Survivor}, s.Losers...)
}

// short is as much of a hash as a person reads.
func short(id string) string { return id[:min(len(id), 12)] }
