package evaluate

import (
	"cmp"
	"math"
	"slices"

	"github.com/contactmerge/contactmerge/scoring"
)

// Sweep measures the scored pairs at other thresholds than the one in use.
type Sweep struct {
	Threshold float64 `json:"threshold"` // in use; a match weight
	// Policy is what a run would find at each threshold: pairs that a rule decides stay, and the model suggests from the threshold on.
	Policy Curve `json:"policy"`
	// Weight is what the weights alone would find: every pair that is not no_match, whoever acts on it, cut at the threshold.
	Weight Curve `json:"weight"`
	// From is the lowest threshold of the curves: that in use, or that of a run which looked below it.
	From float64 `json:"from"`
}

// Curve is a measure of quality against the threshold.
type Curve struct {
	InUse  Point   `json:"in_use"`
	Best   *Point  `json:"best"`   // of the highest F1 that any threshold has: the one in use, or else the highest such; null when there is nothing to cut or to find
	Points []Point `json:"points"` // ascending, evenly spaced
}

// Point is the quality of the pairs from a threshold on.
type Point struct {
	Threshold   float64 `json:"threshold"`   // match weight
	Probability float64 `json:"probability"` // the same as a match probability
	Pairwise
}

// sweepPoints is about how many points a curve has: enough to draw.
const sweepPoints = 100

// cutPair is a judged pair that a threshold keeps or drops.
type cutPair struct {
	weight float32
	right  bool
}

// sweeper cuts pairs, most weight first, on top of those that no threshold moves.
type sweeper struct {
	pairs            []cutPair
	right            []int64 // of the first n pairs
	fixed, fixedHits int64
	truth            int64
}

// sweep measures the outcome's edges, and the pairs that the model would suggest below the threshold in use.
func sweep(in Input, truth int64) *Sweep {
	out := &Sweep{Threshold: in.Threshold, From: in.Threshold}
	if in.Below != nil {
		out.From = min(in.Threshold, in.Below.From)
	}
	policy, weight := &sweeper{truth: truth}, &sweeper{truth: truth}
	for i := range in.Outcome.Edges {
		e := &in.Outcome.Edges[i]
		known, same := in.Truth.known(e.A, e.B)
		if !known {
			continue
		}
		if float64(e.Weight) >= out.From { // under it, the pairs of the model are missing
			weight.add(e.Weight, same)
		}
		switch {
		case e.Decision < scoring.Suggest:
		case e.Reasons.Has(scoring.ModelMatch):
			policy.add(e.Weight, same)
		default:
			policy.keep(same)
		}
	}
	if in.Below != nil {
		in.below(policy, weight)
	}
	out.Policy, out.Weight = policy.curve(in.Threshold), weight.curve(in.Threshold)
	return out
}

// below adds what the model would have suggested from a lower threshold on.
func (in *Input) below(policy, weight *sweeper) {
	for i := range in.Below.Pairs {
		p := &in.Below.Pairs[i]
		known, same := in.Truth.known(p.A, p.B)
		if !known || float64(p.Weight) >= in.Threshold {
			continue
		}
		weight.add(p.Weight, same)
		if !p.Asked {
			policy.add(p.Weight, same)
		}
	}
}

func (s *sweeper) add(weight float32, right bool) { s.pairs = append(s.pairs, cutPair{weight, right}) }

func (s *sweeper) keep(right bool) {
	s.fixed++
	if right {
		s.fixedHits++
	}
}

// curve sorts the pairs and measures them.
func (s *sweeper) curve(inUse float64) Curve {
	slices.SortFunc(s.pairs, func(x, y cutPair) int { return cmp.Compare(y.weight, x.weight) })
	s.right = make([]int64, len(s.pairs)+1)
	for i, p := range s.pairs {
		s.right[i+1] = s.right[i]
		if p.right {
			s.right[i+1]++
		}
	}
	c := Curve{InUse: s.point(inUse), Best: s.best(), Points: []Point{}}
	if c.Best != nil && c.InUse.F1.Known && c.InUse.F1.Value >= c.Best.F1.Value {
		use := c.InUse
		c.Best = &use
	}
	lo, hi := inUse, inUse
	if n := len(s.pairs); n > 0 {
		lo, hi = min(lo, float64(s.pairs[n-1].weight)), max(hi, float64(s.pairs[0].weight))
	}
	step := evenStep(hi - lo)
	for k := math.Floor(lo / step); k <= math.Ceil(hi/step); k++ {
		c.Points = append(c.Points, s.point(k*step))
	}
	return c
}

// evenStep divides a range into about sweepPoints parts of a round length.
func evenStep(length float64) float64 {
	step := 0.25
	for length/step > sweepPoints {
		step *= 2
	}
	return step
}

// point measures the pairs of at least a weight.
func (s *sweeper) point(threshold float64) Point {
	n, _ := slices.BinarySearchFunc(s.pairs, threshold, func(p cutPair, t float64) int {
		if float64(p.weight) >= t {
			return -1
		}
		return 1
	})
	return s.first(n, threshold)
}

// first measures the n heaviest pairs.
func (s *sweeper) first(n int, threshold float64) Point {
	return Point{
		Threshold: threshold, Probability: scoring.Probability(threshold),
		Pairwise: pairwise(s.fixedHits+s.right[n], s.fixed+int64(n), s.truth),
	}
}

// best tries every threshold at which a pair comes in, and one above all pairs. The threshold it names is rounded down, so that it holds
// the pair.
func (s *sweeper) best() *Point {
	var best *Point
	for n := 0; n <= len(s.pairs) && len(s.pairs) > 0; n++ {
		if n > 0 && n < len(s.pairs) && s.pairs[n].weight == s.pairs[n-1].weight {
			continue
		}
		threshold := math.Floor(float64(s.pairs[0].weight)) + 1
		if n > 0 {
			threshold = math.Floor(float64(s.pairs[n-1].weight)*1e4) / 1e4
		}
		p := s.first(n, threshold)
		if p.F1.Known && (best == nil || p.F1.Value > best.F1.Value) {
			best = &p
		}
	}
	return best
}

// tablePoints is about how many evenly spaced points a table holds, beside the one in use and the best.
const tablePoints = 10

// Table lists few enough points to read: evenly spaced ones, the point in use and the best, ascending.
func (c Curve) Table() []Point {
	out := []Point{c.InUse}
	if c.Best != nil && c.Best.Threshold != c.InUse.Threshold {
		out = append(out, *c.Best)
	}
	every, near := max(1, (len(c.Points)+tablePoints-1)/tablePoints), 0.0
	if len(c.Points) > 1 {
		near = (c.Points[1].Threshold - c.Points[0].Threshold) / 2 // a grid point this close to a marked one says nothing new
	}
	marked := slices.Clone(out)
	for i, p := range c.Points {
		twin := func(m Point) bool { return math.Abs(m.Threshold-p.Threshold) <= near }
		if (len(c.Points)-1-i)%every == 0 && !slices.ContainsFunc(marked, twin) {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(x, y Point) int { return cmp.Compare(x.Threshold, y.Threshold) })
	return out
}
