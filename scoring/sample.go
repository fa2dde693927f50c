package scoring

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/contactmerge/contactmerge/blocking"
	"github.com/contactmerge/contactmerge/internal/contact"
)

// vectorCount is a distinct comparison vector and how many pairs of a sample have it. EM runs over these, so its time depends on how many
// different ways there are for two contacts to agree, not on how many pairs were compared.
type vectorCount struct {
	v      Vector
	passes uint32 // training passes the pairs belong to; 0 for random pairs
	n      int64
}

type vectorKey struct {
	v      Vector
	passes uint32
}

// tallyVectors counts distinct vectors, and can be shared by workers: sums of integers do not depend on their order.
type tallyVectors struct {
	mu     sync.Mutex
	counts map[vectorKey]int64
}

func (s *tallyVectors) merge(local map[vectorKey]int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, n := range local {
		s.counts[k] += n
	}
}

// sorted lists the counts in a fixed order: sums of floats depend on it, and a map has none.
func (s *tallyVectors) sorted() []vectorCount {
	out := make([]vectorCount, 0, len(s.counts))
	for k, n := range s.counts {
		out = append(out, vectorCount{k.v, k.passes, n})
	}
	slices.SortFunc(out, func(x, y vectorCount) int {
		return cmp.Or(cmp.Compare(y.n, x.n), slices.Compare(x.v[:], y.v[:]), cmp.Compare(x.passes, y.passes))
	})
	return out
}

// sampleChunk is how many random pairs one task draws.
const sampleChunk = 1 << 15

// randomPairs compares random pairs, or all pairs of a table that has fewer. Where two sources are linked, one contact is of each.
func randomPairs(s *Scorer, cfg Config, run contact.Parallel) ([]vectorCount, error) {
	from, to := everybody(s.table), everybody(s.table)
	if s.table.CrossOnly() {
		from, to = side(s.table, contact.Left), side(s.table, contact.Right)
	}
	tally := &tallyVectors{counts: map[vectorKey]int64{}}
	if s.table.PossiblePairs() <= int64(cfg.SamplePairs) {
		w, local := s.Worker(), map[vectorKey]int64{}
		for _, a := range from {
			for _, b := range to {
				if s.table.CrossOnly() || a < b {
					local[vectorKey{v: w.Compare(a, b)}]++
				}
			}
		}
		tally.merge(local)
		return tally.sorted(), nil
	}
	workers := crewOf(s)
	chunks := (cfg.SamplePairs + sampleChunk - 1) / sampleChunk
	err := run(chunks, func(i int) error {
		w, local := workers.take(), map[vectorKey]int64{}
		defer workers.put(w)
		// Every chunk has a generator of its own, so that who draws it does not matter.
		rng := rand.New(rand.NewPCG(cfg.Seed, 0x636f6e74616374+uint64(i)))
		for left := min(sampleChunk, cfg.SamplePairs-i*sampleChunk); left > 0; {
			if a, b := from[rng.IntN(len(from))], to[rng.IntN(len(to))]; a != b {
				local[vectorKey{v: w.Compare(a, b)}]++
				left--
			}
		}
		tally.merge(local)
		return nil
	})
	return tally.sorted(), err
}

func everybody(t *contact.Table) []contact.Row { return eachAlone(t.Len()) }

// side lists the contacts of one source.
func side(t *contact.Table, s uint8) []contact.Row {
	out := make([]contact.Row, 0, t.SideLen(s))
	for r := range contact.Row(t.Len()) {
		if t.Side(r) == s {
			out = append(out, r)
		}
	}
	return out
}

// compared is a candidate pair of the sample and its comparison vector.
type compared struct {
	a, b contact.Row
	v    Vector
}

// candidateSample is what is learned from: vectors, how many pairs one of the sample stands for, and the pairs themselves by task.
type candidateSample struct {
	counts []vectorCount
	scale  float64
	pairs  [][]compared
}

// candidates compares candidate pairs, or an even sample of them when there are more than cfg.TrainPairs.
func candidates(s *Scorer, blocks *blocking.Blocks, passes []pass, cfg Config, run contact.Parallel) (candidateSample, error) {
	of := make([]uint32, len(blocks.RuleNames()))
	for i := range passes {
		for _, r := range passes[i].rules {
			of[r] |= 1 << i
		}
	}
	every, workers := stride(blocks, cfg), crewOf(s)
	tasks := blocks.Tasks(sampleChunk)
	tally, pairs := &tallyVectors{counts: map[vectorKey]int64{}}, make([][]compared, len(tasks))
	err := run(len(tasks), func(i int) error {
		w, local := workers.take(), map[vectorKey]int64{}
		defer workers.put(w)
		blocks.Sample(tasks[i], every, func(p blocking.Pair) {
			k := vectorKey{v: w.Compare(p.A, p.B)}
			pairs[i] = append(pairs[i], compared{p.A, p.B, k.v})
			for rules := p.Rules; rules != 0; rules &= rules - 1 {
				k.passes |= of[lowest(rules)]
			}
			local[k]++
		})
		tally.merge(local)
		return nil
	})
	return candidateSample{tally.sorted(), float64(every), pairs}, err
}

// stride is of how many candidate pairs one is taken to learn from.
func stride(blocks *blocking.Blocks, cfg Config) uint64 {
	return max(1, uint64(blocks.Forecast())/uint64(cfg.TrainPairs))
}

// crew lends workers to tasks. A worker is costly to make, and the caches of one that has worked are warm.
type crew struct{ idle sync.Pool }

func crewOf(s *Scorer) *crew { return &crew{sync.Pool{New: func() any { return s.Worker() }}} }

func (c *crew) take() *Worker { return c.idle.Get().(*Worker) }

func (c *crew) put(w *Worker) { c.idle.Put(w) }
