package pipeline

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/contactmerge/contactmerge/blocking"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/run"
	"github.com/contactmerge/contactmerge/scoring"
)

// taskPairs is how many candidate pairs one scoring task holds: long enough to amortize its start, short enough to share the last ones out.
const taskPairs = 1 << 15

// matched is what matching hands to acting.
type matched struct {
	shared *blocking.Shared
	blocks *blocking.Blocks
	scorer *scoring.Scorer
	edges  []scoring.Edge
	rules  []blocking.Stats

	table    *contact.Table
	declined [][2]contact.Row

	workers chan *scoring.Worker // one for every goroutine: their caches stay warm
}

// match streams the candidate pairs of all blocks through the scorer.
func (r *runner) match(ctx context.Context, t *contact.Table) (*matched, error) {
	m, err := r.block(ctx, t)
	if err != nil {
		return nil, err
	}
	if err := r.model(ctx, t, m); err != nil {
		return nil, err
	}
	if err := r.narrow(ctx, m); err != nil {
		return nil, err
	}
	r.stage("score", m.blocks.Forecast(), "pairs")
	tally, err := r.score(ctx, m)
	if err != nil {
		return nil, err
	}
	m.rules = m.blocks.Stats(tally.newPairs[:])
	tally.record(r.rec)
	r.endStage(r.rec.Counts.Pairs)
	return m, nil
}

// block finds the candidate pairs.
func (r *runner) block(ctx context.Context, t *contact.Table) (*matched, error) {
	r.stage("block", int64(t.Len()), "contacts")
	m := &matched{shared: blocking.FindShared(t, r.cfg.Blocking.MaxNames)}
	var err error
	if m.blocks, err = blocking.Build(t, r.cfg.Blocking, parallel(ctx, r.cfg.Workers)); err != nil {
		return nil, err
	}
	r.endStage(int64(t.Len()))
	return m, nil
}

// model fits a model to the contacts, or takes the one that was given, and says what speaks against that.
func (r *runner) model(ctx context.Context, t *contact.Table, m *matched) error {
	no, err := r.declined(ctx, t)
	if err != nil {
		return err
	}
	m.table, m.declined = t, no
	use := func(model *scoring.Model) {
		m.scorer = scoring.NewScorer(t, m.shared, model, r.cfg.Scoring, no)
		r.rec.Model, r.rec.Threshold = model.Fingerprint(), model.Threshold
		m.workers = make(chan *scoring.Worker, r.cfg.Workers)
		for range r.cfg.Workers {
			m.workers <- m.scorer.Worker()
		}
	}
	if given := r.opt.Model; given != nil {
		r.stage("check model", int64(t.Len()), "contacts")
		model, notes, err := given.Use(t, r.cfg.Scoring)
		if err != nil {
			return err
		}
		use(model)
		drift, err := given.Drift(m.scorer, m.blocks, parallel(ctx, r.cfg.Workers))
		if err != nil {
			return err
		}
		r.rec.Warnings = append(append(r.rec.Warnings, notes...), groupFills(drift)...)
		r.endStage(int64(t.Len()))
		return nil
	}
	r.stage("fit model", 0, "pairs")
	model, err := scoring.Fit(t, m.shared, m.blocks, r.cfg.Scoring, parallel(ctx, r.cfg.Workers))
	if err != nil {
		return err
	}
	use(model)
	r.endStage(r.sampled(t))
	return nil
}

// sampled is how many random pairs learning looks at.
func (r *runner) sampled(t *contact.Table) int64 {
	return min(int64(r.cfg.Scoring.SamplePairs), t.PossiblePairs())
}

// declined finds the rows of the pairs that a person said are not duplicates; contacts that are gone need no decision.
func (r *runner) declined(ctx context.Context, t *contact.Table) ([][2]contact.Row, error) {
	if r.opt.Declined != nil {
		return r.opt.Declined(ctx, t)
	}
	if r.opt.NotDuplicates == nil {
		return nil, nil
	}
	ids, err := r.opt.NotDuplicates(ctx)
	if err != nil {
		return nil, err
	}
	var out [][2]contact.Row
	for _, p := range ids {
		a, okA := t.Find(p[0])
		b, okB := t.Find(p[1])
		if okA && okB && a != b {
			out = append(out, [2]contact.Row{a, b})
		}
	}
	return out, nil
}

// score lets workers take task after task. Every task keeps its edges apart, so that their order does not depend on who did what.
func (r *runner) score(ctx context.Context, m *matched) (*tally, error) {
	tasks := m.blocks.Tasks(taskPairs)
	found := make([][]scoring.Edge, len(tasks))
	total, mu := &tally{expect: newExpectation(m.blocks, m.scorer.Model().Threshold)}, sync.Mutex{}
	var edges atomic.Int64
	below := r.watchBelow(m, len(tasks))
	err := parallel(ctx, r.cfg.Workers)(len(tasks), func(i int) error {
		w, local, expect := <-m.workers, tally{}, newExpectation(m.blocks, m.scorer.Model().Threshold)
		defer func() { m.workers <- w }()
		var out []scoring.Edge
		look := below.task(i)
		m.blocks.Pairs(tasks[i], func(p blocking.Pair) {
			e := w.Score(p)
			local.add(tasks[i].Rule, e)
			expect.add(e)
			look(p, e)
			if e.Decision > scoring.NoMatch {
				out = append(out, e)
			}
		})
		found[i] = out
		edges.Add(int64(len(out)))
		mu.Lock()
		total.merge(&local)
		total.expect.merge(expect)
		mu.Unlock()
		r.progress.Add(tasks[i].Pairs)
		return nil
	})
	if err != nil {
		return nil, err
	}
	m.edges = make([]scoring.Edge, 0, edges.Load())
	for _, f := range found {
		m.edges = append(m.edges, f...)
	}
	m.edges = ordered(m.edges)
	below.deliver()
	return total, nil
}

// ordered sorts edges and keeps one of each: two windowed blocks may have made the same pair.
func ordered(edges []scoring.Edge) []scoring.Edge {
	slices.SortFunc(edges, func(x, y scoring.Edge) int {
		return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B), cmp.Compare(x.Rules, y.Rules))
	})
	out := edges[:0]
	for _, e := range edges {
		if n := len(out); n > 0 && out[n-1].A == e.A && out[n-1].B == e.B {
			out[n-1].Rules |= e.Rules
			continue
		}
		out = append(out, e)
	}
	return out
}

// The weight histogram: bins of two bits from -30 to 60; what lies outside falls into the last ones.
const (
	binFrom  = -30
	binWidth = 2
	bins     = 45
)

// tally counts scored pairs.
type tally struct {
	newPairs  [32]int64
	decisions [4]int64
	weights   [bins][4]int64
	expect    *expectation // of the total only
}

func (t *tally) add(rule int, e scoring.Edge) {
	t.newPairs[rule]++
	t.decisions[e.Decision]++
	t.weights[binOf(e.Weight)][e.Decision]++
}

func binOf(weight float32) int { return min(max(int(weight-binFrom)/binWidth, 0), bins-1) }

func (t *tally) merge(o *tally) {
	for i := range t.newPairs {
		t.newPairs[i] += o.newPairs[i]
	}
	for i := range t.decisions {
		t.decisions[i] += o.decisions[i]
	}
	for b := range t.weights {
		for i := range t.weights[b] {
			t.weights[b][i] += o.weights[b][i]
		}
	}
}

func (t *tally) record(rec *run.Record) {
	rec.Estimate = t.expect.estimate()
	c := &rec.Counts
	c.NoMatch = t.decisions[scoring.NoMatch]
	c.Pairs = t.decisions[0] + t.decisions[1] + t.decisions[2] + t.decisions[3]
	rec.Weights = make([]run.Bin, 0, bins)
	for i, w := range t.weights {
		from := float64(binFrom + i*binWidth)
		rec.Weights = append(rec.Weights, run.Bin{
			From: from, To: from + binWidth, NoMatch: w[scoring.NoMatch], Review: w[scoring.Review], Suggest: w[scoring.Suggest], AutoMerge: w[scoring.AutoMerge],
		})
	}
}
