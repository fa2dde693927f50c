package cluster

import (
	"math"
	"slices"

	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/scoring"
)

// suggest joins groups and single contacts along suggest edges, strongest first, and notes the edges it has to cut.
func (b *builder) suggest() {
	var queue []uint64
	for i := range b.edges {
		if e := &b.edges[i]; e.Decision == scoring.Suggest {
			queue = append(queue, uint64(weaker(e.Weight))<<32|uint64(uint32(i)))
		}
	}
	slices.Sort(queue)
	for _, q := range queue {
		i := int(uint32(q))
		e := &b.edges[i]
		x, y := b.forest.find(e.A), b.forest.find(e.B)
		if x == y {
			continue
		}
		if cut, ok := b.apart(x, y, e); ok {
			cut.Edge = i
			b.cuts = append(b.cuts, cut)
			continue
		}
		b.forest.union(x, y)
	}
}

// weaker maps a weight to a number that is larger the weaker it is, so that one integer sort orders edges by weight and then by rows.
func weaker(w float32) uint32 {
	if w != w {
		return math.MaxUint32 // a weight that is not a number proves nothing
	}
	bits := math.Float32bits(w)
	if bits>>31 == 0 {
		return ^(bits | 1<<31)
	}
	return bits
}

// apart says why the components of two roots must not become one cluster.
func (b *builder) apart(x, y contact.Row, e *scoring.Edge) (Cut, bool) {
	for _, root := range [2]contact.Row{x, y} {
		if c := b.conflicts[root]; c != nil {
			return Cut{A: c.A, B: c.B, Reasons: c.Reasons | c.code()}, true
		}
	}
	if int(b.forest.size[x]+b.forest.size[y]) > b.cfg.MaxMembers {
		return Cut{A: e.A, B: e.B, Reasons: scoring.ClusterTooLarge}, true
	}
	// Components only grow, so what keeps two of them apart does so for good.
	key := [2]contact.Row{min(x, y), max(x, y)}
	if cut, ok := b.refused[key]; ok {
		return cut, true
	}
	b.left, b.right = b.forest.members(b.left[:0], key[0]), b.forest.members(b.right[:0], key[1])
	cut, clash := b.clash()
	if !clash && b.crowded(b.left, b.right) {
		cut, clash = Cut{A: e.A, B: e.B, Reasons: scoring.ClusterTooLarge}, true
	}
	if clash {
		b.refused[key] = cut
	}
	return cut, clash
}

// questions are the contradictions that make a pair a matter for a supervisor even when it shares an identity. Two members whom nothing
// else connects must not contradict each other so: a visitor without a name, seen in one browser with Ann and with Bob, may be either,
// but no cluster may say that Ann is Bob. Other differences, such as another last name, are what suggestions are for.
const questions = scoring.FirstNameMismatch | scoring.NamesDiffer | scoring.BirthdateConflict

// clash finds the first member of left that must not meet a member of right.
func (b *builder) clash() (Cut, bool) {
	for _, p := range b.left {
		for _, q := range b.right {
			if against := b.against(p, q); against != 0 {
				return Cut{A: min(p, q), B: max(p, q), Reasons: against}, true
			}
		}
	}
	return Cut{}, false
}

// against is what keeps two contacts out of one suggested cluster.
func (b *builder) against(p, q contact.Row) scoring.Reasons {
	j := b.judge.Compare(p, q)
	i := b.between(p, q)
	switch {
	case i >= 0 && b.edges[i].Decision == scoring.Review:
		return j.Veto | b.edges[i].Reasons
	case i >= 0 && b.edges[i].Decision >= scoring.Suggest:
		return j.Veto
	default:
		return j.Veto | j.Contradiction&questions
	}
}
