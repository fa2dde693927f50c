package cluster

import (
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
	u := b.bonds[c.Members[0]]
	if u == nil {
		c.Confidence = 1
		return
	}
	n, sum := len(c.Members), 0.0
	for i := range n {
		for k := i + 1; k < n; k++ {
			sum += u.within(i, k)
		}
	}
	c.Confidence = sum / float64(n*(n-1)/2)
	left, strongest := u.weakestCut()
	c.Split, c.SplitProbability = divide(c.Members, left), 1-strongest
}

// weakestCut parts a component in two so that the strongest pair across is as weak as can be: it grows the maximum spanning tree from the
// first member (Prim, 1957), whose weakest branch is that pair. It marks the members on the first one's side.
func (u *bond) weakestCut() (left []bool, strongest float64) {
	n := len(u.members)
	link, from, order := make([]float64, n), make([]int, n), make([]int, 0, n)
	in := make([]bool, n)
	for k := range n {
		link[k] = -1
	}
	weakest, next := -1, 0
	strongest = 2
	for range n {
		in[next] = true
		order = append(order, next)
		if p := link[next]; p >= 0 && p < strongest {
			strongest, weakest = p, next
		}
		for k := range n {
			if p := u.within(next, k); !in[k] && p > link[k] {
				link[k], from[k] = p, next
			}
		}
		best := -1
		for k := range n {
			if !in[k] && (best < 0 || link[k] > link[best]) {
				best = k
			}
		}
		next = max(best, 0)
	}
	left = make([]bool, n)
	for _, k := range order { // parents come before their children
		left[k] = k == 0 || k != weakest && left[from[k]]
	}
	return left, strongest
}

// divide lists the members on the first one's side, then the others.
func divide(members []contact.Row, left []bool) [][]contact.Row {
	parts := make([][]contact.Row, 2)
	for i, r := range members {
		if left[i] {
			parts[0] = append(parts[0], r)
		} else {
			parts[1] = append(parts[1], r)
		}
	}
	return parts
}
