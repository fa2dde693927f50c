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
	chunks := (cfg.SamplePairs + sampleChunk - 1) / sampleChunk
	err := run(chunks, func(i int) error {
		w, local := s.Worker(), map[vectorKey]int64{}
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

// candidates compares candidate pairs, or an even sample of them when there are more than cfg.TrainPairs, and says how many pairs one of
// the sample stands for.
func candidates(s *Scorer, blocks *blocking.Blocks, passes []pass, cfg Config, run contact.Parallel) ([]vectorCount, float64, error) {
	of := make([]uint32, len(blocks.RuleNames()))
	for i := range passes {
		for _, r := range passes[i].rules {
			of[r] |= 1 << i
		}
	}
	every := stride(blocks, cfg)
	tasks := blocks.Tasks(sampleChunk)
	tally := &tallyVectors{counts: map[vectorKey]int64{}}
	err := run(len(tasks), func(i int) error {
		w, local := s.Worker(), map[vectorKey]int64{}
		blocks.Pairs(tasks[i], func(p blocking.Pair) {
			if !sampled(p, every) {
				return
			}
			k := vectorKey{v: w.Compare(p.A, p.B)}
			for rules := p.Rules; rules != 0; rules &= rules - 1 {
				k.passes |= of[lowest(rules)]
			}
			local[k]++
		})
		tally.merge(local)
		return nil
	})
	return tally.sorted(), float64(every), err
}

// stride is of how many candidate pairs one is taken to learn from.
func stride(blocks *blocking.Blocks, cfg Config) uint64 {
	return max(1, uint64(blocks.Forecast())/uint64(cfg.TrainPairs))
}

// sampled chooses by the pair alone: not by tasks, nor by the order of blocks.
func sampled(p blocking.Pair, every uint64) bool {
	return every <= 1 || pairKey(p.A, p.B)*0x9e3779b97f4a7c15>>20%every == 0
}
