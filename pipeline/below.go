package pipeline

import (
	"cmp"
	"slices"

	"github.com/contactmerge/contactmerge/blocking"
	"github.com/contactmerge/contactmerge/internal/run"
	"github.com/contactmerge/contactmerge/scoring"
)

// belowWatch looks at the pairs of a run a second time, with the lower threshold, as far as it could make a difference. nil does nothing.
type belowWatch struct {
	want  *run.Below
	used  float64
	lower *scoring.Scorer
	found [][]run.BelowPair // by task, so that their order does not depend on who did what
}

// watchBelow makes the scorer of the lower threshold: the same model but for that.
func (r *runner) watchBelow(m *matched, tasks int) *belowWatch {
	if r.opt.Below == nil {
		return nil
	}
	model := *m.scorer.Model()
	used := model.Threshold
	model.Threshold = min(used, r.opt.Below.From)
	return &belowWatch{
		want: r.opt.Below, used: used, found: make([][]run.BelowPair, tasks),
		lower: scoring.NewScorer(m.table, m.shared, &model, r.cfg.Scoring, m.declined),
	}
}

// task returns what looks at the pairs of one task, with a worker of its own.
func (b *belowWatch) task(i int) func(blocking.Pair, scoring.Edge) {
	if b == nil {
		return func(blocking.Pair, scoring.Edge) {}
	}
	var w *scoring.Worker
	return func(p blocking.Pair, e scoring.Edge) {
		if weight := float64(e.Weight); e.Decision > scoring.NoMatch || weight < b.want.From || weight >= b.used {
			return
		}
		if w == nil {
			w = b.lower.Worker()
		}
		if x := w.Score(p); x.Reasons.Has(scoring.ModelMatch) {
			b.found[i] = append(b.found[i], run.BelowPair{A: x.A, B: x.B, Weight: x.Weight, Asked: x.Reasons&(scoring.VIP|scoring.Blocked) != 0})
		}
	}
}

// deliver hands over what was found, each pair once.
func (b *belowWatch) deliver() {
	if b == nil {
		return
	}
	n := 0
	for _, f := range b.found {
		n += len(f)
	}
	all := make([]run.BelowPair, 0, n)
	for i, f := range b.found {
		all, b.found[i] = append(all, f...), nil
	}
	slices.SortFunc(all, func(x, y run.BelowPair) int { return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B)) })
	b.want.Pairs = slices.CompactFunc(all, func(x, y run.BelowPair) bool { return x.A == y.A && x.B == y.B })
}
