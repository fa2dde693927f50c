package pipeline

import (
	"context"

	"github.com/contactmerge/contactmerge/blocking"
	"github.com/contactmerge/contactmerge/scoring"
)

// How many candidate pairs are compared to see which blocks are worth comparing: one in leastStride at most, since more would cost what it
// saves, and no more than trialPairs, which is enough to know.
const (
	trialPairs  = 1_000_000
	leastStride = 8
)

// narrow leaves out what is not worth comparing, if there is more to compare than a run may always spend, twice over. Rules are chosen before
// there is a model, and only a model can tell what comes of their pairs.
func (r *runner) narrow(ctx context.Context, m *matched) error {
	forecast := m.blocks.Forecast()
	if forecast <= 2*int64(r.cfg.Blocking.SmallPairs) {
		return nil
	}
	every := max(leastStride, forecast/trialPairs)
	r.stage("try pairs", forecast/every, "pairs")
	tasks := m.blocks.Tasks(taskPairs)
	found := make([][]blocking.Verdict, len(tasks))
	err := parallel(ctx, r.cfg.Workers)(len(tasks), func(i int) error {
		w := <-m.workers
		defer func() { m.workers <- w }()
		m.blocks.Sample(tasks[i], uint64(every), func(p blocking.Pair) {
			found[i] = append(found[i], blocking.Verdict{Pair: p, Found: w.Score(p).Decision > scoring.NoMatch})
		})
		r.progress.Add(tasks[i].Pairs / every)
		return nil
	})
	if err != nil {
		return err
	}
	sample := make([]blocking.Verdict, 0, forecast/every)
	for _, f := range found {
		sample = append(sample, f...)
	}
	m.blocks = m.blocks.Narrow(sample)
	r.endStage(int64(len(sample)))
	return nil
}
