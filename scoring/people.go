package scoring

import (
	"sync"

	"github.com/contactmerge/contactmerge/blocking"
	"github.com/contactmerge/contactmerge/internal/contact"
)

// eachAlone takes every contact for a person of its own.
func eachAlone(n int) []contact.Row {
	out := make([]contact.Row, n)
	for r := range out {
		out[r] = contact.Row(r)
	}
	return out
}

// certain is the weight that leaves a pair likely even where the names turn out to be common ones.
const certain = 1 - minAdjust

// people says for every contact which person the model takes it for, by the first contact of that person. It follows likely pairs without
// asking whether their clusters hold together: it serves to count how common values are, nothing else.
func (m *Model) people(s *Scorer, blocks *blocking.Blocks, cfg Config, run contact.Parallel) ([]contact.Row, error) {
	first := eachAlone(s.table.Len())
	find := func(r contact.Row) contact.Row {
		for first[r] != r {
			first[r] = first[first[r]]
			r = first[r]
		}
		return r
	}
	var mu sync.Mutex
	every := stride(blocks, cfg)
	tasks := blocks.Tasks(sampleChunk)
	err := run(len(tasks), func(i int) error {
		w := s.Worker()
		var likely [][2]contact.Row
		blocks.Pairs(tasks[i], func(p blocking.Pair) {
			if !sampled(p, every) {
				return
			}
			if v := w.Compare(p.A, p.B); m.Weight(v)+relative(m.kin(v)) > certain {
				likely = append(likely, [2]contact.Row{p.A, p.B})
			}
		})
		mu.Lock()
		defer mu.Unlock()
		for _, p := range likely {
			a, b := find(p[0]), find(p[1])
			first[max(a, b)] = min(a, b) // the sets do not depend on the order in which pairs arrive, nor does their first contact
		}
		return nil
	})
	for r := range first {
		first[r] = find(contact.Row(r))
	}
	return first, err
}
