package cluster

import (
	"slices"

	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/scoring"
)

// estimate fills in how sure a cluster is, and where it would fall apart.
func (b *builder) estimate(c *Cluster) {
	if c.Conflict != nil {
		if c.Split = b.halves[c.Members[0]]; c.Split != nil {
			c.SplitProbability = 1 - scoring.Probability(b.judge.Compare(c.Conflict.A, c.Conflict.B).Weight)
		}
		return
	}
	u := b.bonds.at(c.Members[0])
	if u.n == 0 {
		c.Confidence = 1
		return
	}
	sum := 0.0
	for i := range u.n {
		for k := i + 1; k < u.n; k++ {
			sum += u.within(i, k)
		}
	}
	c.Confidence = sum / float64(u.n*(u.n-1)/2)
	left, strongest := b.cutter.weakest(u)
	c.Split, c.SplitProbability = b.cutter.divide(c.Members, left), 1-strongest
}

// cutter finds the weakest places of components. It keeps its buffers, and its results share few arrays.
type cutter struct {
	link  []float64 // strongest link of each member to those in the tree, -1 for none
	from  []int     // whom it leads to
	in    []bool
	left  []bool
	order []int

	parts [][]contact.Row
	rows  []contact.Row
}

// weakest parts a component in two so that the strongest pair across is as weak as can be: it grows the maximum spanning tree from the
// first member (Prim, 1957), whose weakest branch is that pair, and of equals the one found first. It marks the members on the first one's side.
func (f *cutter) weakest(u bond) (left []bool, strongest float64) {
	f.link, f.from = slices.Grow(f.link[:0], u.n)[:u.n], slices.Grow(f.from[:0], u.n)[:u.n]
	f.in, f.left = slices.Grow(f.in[:0], u.n)[:u.n], slices.Grow(f.left[:0], u.n)[:u.n]
	for k := range u.n {
		f.link[k], f.in[k] = -1, false
	}
	f.order = f.order[:0]
	weakest, next := 0, 0
	strongest = 2 // more than any probability
	for next >= 0 {
		v := next
		f.in[v] = true
		f.order = append(f.order, v)
		if p := f.link[v]; p >= 0 && p < strongest {
			strongest, weakest = p, v
		}
		next = -1
		for k := range u.n {
			if f.in[k] {
				continue
			}
			if p := u.within(v, k); p > f.link[k] {
				f.link[k], f.from[k] = p, v
			}
			if next < 0 || f.link[k] > f.link[next] {
				next = k
			}
		}
	}
	for _, k := range f.order { // parents come before their children
		f.left[k] = k == 0 || k != weakest && f.left[f.from[k]]
	}
	return f.left, strongest
}

// divide lists the members on the first one's side, then the others.
func (f *cutter) divide(members []contact.Row, left []bool) [][]contact.Row {
	const arena = 1 << 12
	if len(f.parts) < 2 {
		f.parts = make([][]contact.Row, arena)
	}
	if len(f.rows) < len(members) {
		f.rows = make([]contact.Row, max(arena, len(members)))
	}
	n := 0
	for i := range members {
		if left[i] {
			n++
		}
	}
	parts := f.parts[:2:2]
	parts[0], parts[1] = f.rows[:0:n], f.rows[n:n:len(members)]
	f.parts, f.rows = f.parts[2:], f.rows[len(members):]
	for i, r := range members {
		if left[i] {
			parts[0] = append(parts[0], r)
		} else {
			parts[1] = append(parts[1], r)
		}
	}
	return parts
}
