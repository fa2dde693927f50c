package pipeline

import (
	"math"

	"github.com/contactmerge/contactmerge/blocking"
	"github.com/contactmerge/contactmerge/internal/run"
	"github.com/contactmerge/contactmerge/scoring"
)

// expectation adds up what the model expects of the scored pairs. Probabilities are added as whole millionths, so that the order of adding
// cannot matter.
type expectation struct {
	threshold float64
	recapture *blocking.Recapture
	right     [bins]int64 // by weight
	pairs     [bins]int64
	above     int64 // millionths of true pairs at or above the threshold
	reach     int64 // pairs at or above the threshold
}

const millionth = 1_000_000

func newExpectation(b *blocking.Blocks, threshold float64) *expectation {
	return &expectation{threshold: threshold, recapture: b.Recapture()}
}

func (x *expectation) add(e scoring.Edge) {
	p := scoring.Probability(float64(e.Weight))
	x.recapture.Add(e.Rules, p)
	n := int64(math.Round(p * millionth))
	bin := binOf(e.Weight)
	x.right[bin] += n
	x.pairs[bin]++
	if float64(e.Weight) >= x.threshold {
		x.above += n
		x.reach++
	}
}

func (x *expectation) merge(o *expectation) {
	x.recapture.Merge(o.recapture)
	for i := range x.right {
		x.right[i] += o.right[i]
		x.pairs[i] += o.pairs[i]
	}
	x.above += o.above
	x.reach += o.reach
}

// estimate is what goes into the record; nil when too little is known.
func (x *expectation) estimate() *run.Estimate {
	missed, low, high, ok := x.recapture.Estimate()
	compared := 0.0
	for _, n := range x.right {
		compared += float64(n) / millionth
	}
	if !ok || compared < 1 {
		return nil
	}
	all := compared + missed
	e := &run.Estimate{
		Matches: all, Compared: compared, Missed: missed, MissedLow: max(low, 0), MissedHigh: high, Completeness: compared / all,
		Precision: ratio(float64(x.above)/millionth, float64(x.reach)), Recall: float64(x.above) / millionth / all,
	}
	right, pairs := 0.0, int64(0)
	for i := bins - 1; i >= 0; i-- {
		right, pairs = right+float64(x.right[i])/millionth, pairs+x.pairs[i]
		from := float64(binFrom + i*binWidth)
		if pairs == 0 || from < -10 {
			continue
		}
		e.Cuts = append(e.Cuts, run.Cut{
			Threshold: from, Probability: scoring.Probability(from), Pairs: pairs, Precision: ratio(right, float64(pairs)), Recall: right / all,
		})
	}
	for i, k := 0, len(e.Cuts)-1; i < k; i, k = i+1, k-1 {
		e.Cuts[i], e.Cuts[k] = e.Cuts[k], e.Cuts[i]
	}
	return e
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}
