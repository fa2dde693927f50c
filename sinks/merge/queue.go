package merge

import (
	"context"
	"fmt"

	"github.com/contactmerge/contactmerge/internal/cluster"
)

// queue hands the steps of a plan to an applier, group by group.
type queue struct {
	applier Applier
	plan    *cluster.Plan
	opt     Options
	results []*StepResult     // by step, nil for one that was not reached
	at      map[string]int    // place in the plan by cluster
	next    int               // first step that was not taken yet
	again   [][]*cluster.Step // groups to do before that, the last one first
	done    int
}

func newQueue(a Applier, p *cluster.Plan, opt Options) *queue {
	q := &queue{applier: a, plan: p, opt: opt, results: make([]*StepResult, len(p.Steps)), at: make(map[string]int, len(p.Steps))}
	for i := range p.Steps {
		q.at[p.Steps[i].Cluster] = i
	}
	return q
}

// run goes through the plan, and once more through the steps whose rows somebody else was using.
func (q *queue) run(ctx context.Context) error {
	for {
		g := q.pop()
		if g == nil {
			break
		}
		if err := q.group(ctx, g); err != nil {
			return err
		}
	}
	for i, r := range q.results {
		if r.Outcome == Deferred {
			if err := q.group(ctx, []*cluster.Step{&q.plan.Steps[i]}); err != nil {
				return err
			}
		}
	}
	return nil
}

// pop makes the next group: what an earlier one left, or else the next steps of the plan.
func (q *queue) pop() []*cluster.Step {
	if n := len(q.again); n > 0 {
		g := q.again[n-1]
		q.again = q.again[:n-1]
		return g
	}
	var g []*cluster.Step
	for losers := 0; q.next < len(q.plan.Steps); q.next++ {
		s := &q.plan.Steps[q.next]
		if losers += len(s.Losers); len(g) > 0 && losers > q.applier.Size() {
			break
		}
		g = append(g, s)
	}
	return g
}

func (q *queue) group(ctx context.Context, g []*cluster.Step) error {
	if ctx.Err() != nil {
		return fmt.Errorf("stopped with %d of %d steps done: %w", q.done, len(q.plan.Steps), context.Cause(ctx))
	}
	if err := q.opt.between(ctx); err != nil {
		return err
	}
	res, err := q.applier.Group(ctx, g)
	for i := range res.Results {
		q.decided(&res.Results[i])
	}
	if err != nil {
		return fmt.Errorf("applying the group of step %s: %w", short(g[0].Cluster), err)
	}
	for i := len(res.Again) - 1; i >= 0; i-- {
		q.again = append(q.again, res.Again[i])
	}
	return nil
}

func (q *queue) decided(r *StepResult) {
	i := q.at[r.Cluster]
	if q.results[i] == nil {
		q.done++
	}
	q.results[i] = r
	if q.opt.Progress != nil {
		q.opt.Progress(q.done, len(q.plan.Steps), r)
	}
}
