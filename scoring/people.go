package scoring

import "github.com/contactmerge/contactmerge/internal/contact"

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

// people says for every contact which person the model takes it for, by the first contact of that person. It follows likely pairs of the sample
// without asking whether their clusters hold together: it serves to count how common values are, nothing else.
func (m *Model) people(contacts int, sample [][]compared) []contact.Row {
	first := eachAlone(contacts)
	find := func(r contact.Row) contact.Row {
		for first[r] != r {
			first[r] = first[first[r]]
			r = first[r]
		}
		return r
	}
	for _, pairs := range sample {
		for i := range pairs {
			if p := &pairs[i]; m.Weight(p.v)+relative(m.kin(p.v)) > certain {
				a, b := find(p.a), find(p.b)
				first[max(a, b)] = min(a, b)
			}
		}
	}
	for r := range first {
		first[r] = find(contact.Row(r))
	}
	return first
}
