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

// clash finds the first member of left that must not meet a member of right.
func (b *builder) clash() (Cut, bool) {
	for _, p := range b.left {
		for _, q := range b.right {
			against := b.judge.Compare(p, q).Veto
			if i := b.between(p, q); i >= 0 && b.edges[i].Decision == scoring.Review {
				against |= b.edges[i].Reasons
			}
			if against != 0 {
				return Cut{A: min(p, q), B: max(p, q), Reasons: against}, true
			}
		}
	}
	return Cut{}, false
}
