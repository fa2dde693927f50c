package synth

import (
	"math"
	"math/rand/v2"
)

// Streams keep the draws of scenes, persons and contacts independent of each other, so that a new draw in one place
// does not reshuffle the others.
const (
	streamScene uint64 = iota + 1
	streamPerson
	streamContact
	streamChildren
)

// dice is one reusable seeded source with the draws the generator needs.
type dice struct {
	*rand.Rand
	pcg *rand.PCG
}

func newDice() dice {
	pcg := rand.NewPCG(0, 0)
	return dice{Rand: rand.New(pcg), pcg: pcg}
}

// roll restarts the source at a position of a stream.
func (d dice) roll(seed, stream, position uint64) {
	d.pcg.Seed(mix(seed^stream<<56), mix(position*0x9e3779b97f4a7c15+stream))
}

func (d dice) chance(p float64) bool { return d.Float64() < p }

func (d dice) pick(list []string) string { return list[d.IntN(len(list))] }

// zipfShift flattens the head of the name frequencies: with 120 names the first takes about 4 %, near what Smith, Garcia
// or Müller really have together with their country's other top names.
const zipfShift = 10

// rank draws an index below n, small ones more often, after a shifted Zipf law.
func (d dice) rank(n int) int {
	return min(n-1, int(zipfShift*math.Pow(float64(n+zipfShift)/zipfShift, d.Float64()))-zipfShift)
}

// weighted draws an index in proportion to the weights.
func (d dice) weighted(weights []float64) int {
	total := 0.0
	for _, w := range weights {
		total += w
	}
	at := d.Float64() * total
	for i, w := range weights {
		if at -= w; at < 0 {
			return i
		}
	}
	return len(weights) - 1
}
