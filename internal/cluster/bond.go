package cluster

import (
	"math"
	"slices"

	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/scoring"
)

const (
	// inclusion is the probability from which a pair belongs into one cluster. Expected F1 is highest when the pairs above half of the F1 that
	// can be reached are taken (Lipton, Elkan and Narayanaswamy, 2014); .45 is right for an F1 of .9, and an F1 near it moves it little.
	inclusion = 0.45
	// maxLink is the weight that counts most: no single link is as certain as a group that merges by itself.
	maxLink = 20
	// minLink is the weight that a suggest edge counts at least: the policy suggests pairs of whom the model knows too little to say much.
	minLink = 0
	// maxAgainst bounds, in bits, what the comparison of two contacts takes from a chain that leads from one to the other: comparisons err too.
	maxAgainst = 10
)

// demotedLink is what an edge counts at least that would have merged by itself, had no third contact spelt the name in another way.
var demotedLink = scoring.WeightOf(0.95)

// crossing is what is known about two contacts of different components.
type crossing struct {
	weight float64 // of the model
	link   float64 // probability of the edge between them, not a number if there is none
	p      float64 // probability that they are one person, seen in the cluster
}

// worth is the probability of an edge.
func worth(e *scoring.Edge) float64 {
	least := float64(minLink)
	if e.Reasons.Has(scoring.ClusterConflict) {
		least = demotedLink
	}
	w := float64(e.Weight)
	if !(w > least) { // also a weight that is not a number
		w = least
	}
	return scoring.Probability(min(w, maxLink))
}

// bond holds, for a component that suggestions made, how probable each two of its members are one person.
type bond struct {
	members []contact.Row // ascending
	p       []float32     // of members i and k at i*len(members)+k
}

// within is the probability of two members of a component by their position. Groups that merge by themselves are taken for certain.
func (b *bond) within(i, k int) float64 {
	if b == nil || i == k {
		return 1
	}
	return float64(b.p[i*len(b.members)+k])
}

// unlikely decides whether joining the two components is worth it: whether their pairs are, on average, probable enough. It fills in the
// probabilities in b.cross.
//
// The probabilities of the pairs of one cluster depend on each other: A is B and B is C makes A one with C, however different two noisy
// records of one person look. So a pair is as probable as the best chain between its two contacts, as far as their own comparison does not
// speak against it; what it says in favour is mostly what the links of the chain have said already.
func (b *builder) unlikely() (Cut, bool) {
	x, y := b.bonds[b.left[0]], b.bonds[b.right[0]]
	n, m := len(b.left), len(b.right)
	// best[i*m+k] is the best chain from member i of left by one of its own links to member k of right.
	b.best = slices.Grow(b.best[:0], n*m)[:n*m]
	clear(b.best)
	for i := range n {
		for k := range m {
			if link := b.cross[i*m+k].link; link == link {
				for to := range m {
					b.best[i*m+to] = max(b.best[i*m+to], link*y.within(k, to))
				}
			}
		}
	}
	gain, least := 0.0, 0
	for i := range n {
		for k := range m {
			c := &b.cross[i*m+k]
			for via := range n {
				c.p = max(c.p, x.within(i, via)*b.best[via*m+k])
			}
			if c.link != c.link {
				c.p = b.tempered(c.p, c.weight)
			}
			gain += c.p - inclusion
			if c.p < b.cross[least].p {
				least = i*m + k
			}
		}
	}
	if gain >= -1e-9 { // the sum's last digits depend on the order of the rows
		return Cut{}, false
	}
	p, q := b.left[least/m], b.right[least%m]
	return Cut{A: min(p, q), B: max(p, q), Reasons: scoring.ModelBelowThreshold}, true
}

// tempered is the probability of a chain after what the comparison of its two ends says against it: less agreement than two random contacts
// show.
func (b *builder) tempered(p, weight float64) float64 {
	against := weight - b.prior
	if b.prior == 0 || !(against < 0) {
		return p
	}
	f := math.Exp2(max(-maxAgainst, against))
	return p * f / (p*f + 1 - p)
}

// bind gives the union of left and right its probabilities.
func (b *builder) bind() {
	x, y := b.bonds[b.left[0]], b.bonds[b.right[0]]
	all := make([]contact.Row, 0, len(b.left)+len(b.right))
	all = append(append(all, b.left...), b.right...)
	slices.Sort(all)
	n, m := len(all), len(b.right)
	u := &bond{members: all, p: make([]float32, n*n)}
	b.place = slices.Grow(b.place[:0], n)[:0]
	for _, r := range b.left {
		b.place = append(b.place, seat(all, r))
	}
	for _, r := range b.right {
		b.place = append(b.place, seat(all, r))
	}
	at := func(i, k int) float64 {
		l := len(b.left)
		switch {
		case i < l && k < l:
			return x.within(i, k)
		case i >= l && k >= l:
			return y.within(i-l, k-l)
		case i < l:
			return b.cross[i*m+k-l].p
		}
		return b.cross[k*m+i-l].p
	}
	for i, to := range b.place {
		for k, on := range b.place {
			u.p[to*n+on] = float32(at(i, k))
		}
	}
	b.bonds[b.left[0]], b.bonds[b.right[0]] = nil, nil
	b.bonds[all[0]] = u
}

func seat(sorted []contact.Row, r contact.Row) int {
	i, _ := slices.BinarySearch(sorted, r)
	return i
}
