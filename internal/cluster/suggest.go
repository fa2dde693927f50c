package cluster

import (
	"math"
	"slices"

	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/scoring"
)

// maxRounds bounds how often cut edges are tried again: a component that has grown since may hold the contact that answers the question. What
// a third round would still join is a handful of contacts in a million.
const maxRounds = 3

// suggest joins groups and single contacts along suggest edges, strongest first, and notes the edges it has to cut.
func (b *builder) suggest() {
	queue := b.queue()
	for round := 0; round < maxRounds && len(queue) > 0; round++ {
		joined, rest := false, queue[:0]
		b.cuts = b.cuts[:0]
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
				rest = append(rest, q)
				continue
			}
			b.unite()
			joined = true
		}
		if queue = rest; !joined {
			break
		}
	}
	// The last round may have joined two components by another edge than the one it had cut before.
	b.cuts = slices.DeleteFunc(b.cuts, func(c Cut) bool {
		e := &b.edges[c.Edge]
		return b.forest.find(e.A) == b.forest.find(e.B)
	})
}

// queue orders the suggest edges: weight above, index below. Rows are in the order of their contacts' ids, so ties do not depend on the source.
func (b *builder) queue() []uint64 {
	var out []uint64
	for i := range b.edges {
		if e := &b.edges[i]; e.Decision == scoring.Suggest {
			out = append(out, uint64(weaker(e.Weight))<<32|uint64(uint32(i)))
		}
	}
	slices.Sort(out)
	return out
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

// refusal is why two components were not joined.
type refusal struct {
	cut  Cut
	size uint32 // of both together when they were refused; 0: whatever they grow to
}

// apart says why the components of two roots must not become one cluster. If they may, everything unite needs is prepared.
func (b *builder) apart(x, y contact.Row, e *scoring.Edge) (Cut, bool) {
	for _, root := range [2]contact.Row{x, y} {
		if c := b.conflicts[root]; c != nil {
			return Cut{A: c.A, B: c.B, Reasons: c.Reasons | c.code()}, true
		}
	}
	size := b.forest.size[x] + b.forest.size[y]
	if int(size) > b.cfg.MaxMembers {
		return Cut{A: e.A, B: e.B, Reasons: scoring.ClusterTooLarge}, true
	}
	key := [2]contact.Row{min(x, y), max(x, y)}
	if r, ok := b.refused[key]; ok && (r.size == 0 || r.size == size) {
		return r.cut, true
	}
	b.left, b.right = b.forest.members(b.left[:0], key[0]), b.forest.members(b.right[:0], key[1])
	cut, clash, final := b.clash()
	if !clash && b.crowded(b.left, b.right) {
		// Components only grow, so this keeps them apart for good.
		cut, clash, final = Cut{A: e.A, B: e.B, Reasons: scoring.ClusterTooLarge}, true, true
	}
	if !clash {
		cut, clash = b.unlikely()
	}
	if clash {
		r := refusal{cut: cut, size: size}
		if final {
			r.size = 0
		}
		b.refused[key] = r
	}
	return cut, clash
}

// unite joins the two components that apart has just let pass.
func (b *builder) unite() {
	b.bind()
	b.doubts = append(b.doubts, b.answered...)
	b.forest.union(b.left[0], b.right[0])
}
