package cluster

import (
	"math"
	"slices"

	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/scoring"
)

const (
	// inclusion is the probability from which a pair belongs into one cluster. Expected F1 is highest when the pairs above half of the F1 that
	// can be reached are taken (Lipton, Elkan and Narayanaswamy, 2014); .48 is right for an F1 of .96, and another F1 moves it little.
	inclusion = 0.48
	// maxLink is the weight that counts most: no single link is as certain as a group that merges by itself.
	maxLink = 20
	// minModelled is the weight that an edge counts at least: whoever lowers the threshold wants to see such pairs.
	minModelled = 0
	// minPolicy is that of an edge that the policy suggests, not the model: an identity joins two of whom the model knows too little to say much.
	minPolicy = 1
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
	least := float64(minPolicy)
	switch {
	case e.Reasons.Has(scoring.ClusterConflict):
		least = demotedLink
	case e.Reasons.Has(scoring.ModelMatch):
		least = minModelled
	}
	w := float64(e.Weight)
	if !(w > least) { // also a weight that is not a number
		w = least
	}
	return scoring.Probability(min(w, maxLink))
}

// bond holds, for a component that suggestions made, how probable each two of its members are one person; the zero value is a single contact or
// a group that merges by itself, which is taken for certain.
type bond struct {
	n int
	p []float32 // of members i and k, in order of rows, at i*n+k
}

// within is the probability of two members by their position.
func (b bond) within(i, k int) float64 {
	if b.n == 0 || i == k {
		return 1
	}
	return float64(b.p[i*b.n+k])
}

// bonds keeps the bonds of all components. Their numbers share few arrays, so that a million small clusters do not cost a million allocations.
type bonds struct {
	of    []uint32 // by root: 1 + its bond's place in all, 0 for none
	all   []bond
	arena []float32
	free  [][][]float32 // by number of members: what bonds left behind that are part of a larger one now
}

func (b *bonds) at(root contact.Row) bond {
	if i := b.of[root]; i > 0 {
		return b.all[i-1]
	}
	return bond{}
}

// put makes the bond of a component of n members.
func (b *bonds) put(root contact.Row, n int) bond {
	u := bond{n: n, p: b.space(n)}
	b.all = append(b.all, u)
	b.of[root] = uint32(len(b.all))
	return u
}

func (b *bonds) space(n int) []float32 {
	if n < len(b.free) && len(b.free[n]) > 0 {
		last := len(b.free[n]) - 1
		p := b.free[n][last]
		b.free[n] = b.free[n][:last]
		return p
	}
	const arena = 1 << 16
	if len(b.arena) < n*n {
		b.arena = make([]float32, max(arena, n*n))
	}
	p := b.arena[: n*n : n*n]
	b.arena = b.arena[n*n:]
	return p
}

// release gives the numbers of a bond to later ones.
func (b *bonds) release(u bond) {
	if u.n == 0 {
		return
	}
	for len(b.free) <= u.n {
		b.free = append(b.free, nil)
	}
	b.free[u.n] = append(b.free[u.n], u.p)
}

// unlikely decides whether joining the two components is worth it: whether their pairs are, on average, probable enough. It fills in the
// probabilities in b.cross.
//
// The probabilities of the pairs of one cluster depend on each other: A is B and B is C makes A one with C, however different two noisy
// records of one person look. So a pair is as probable as the best chain between its two contacts, as far as their own comparison does not
// speak against it; what it says in favour is mostly what the links of the chain have said already.
func (b *builder) unlikely() (Cut, bool) {
	x, y := b.bonds.at(b.left[0]), b.bonds.at(b.right[0])
	n, m := len(b.left), len(b.right)
	if n == 1 && m == 1 {
		b.cross[0].p = b.cross[0].link
		return Cut{}, false // an edge that the policy suggests is worth its question
	}
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
	x, y := b.bonds.at(b.left[0]), b.bonds.at(b.right[0])
	n, m := len(b.left), len(b.right)
	b.place = slices.Grow(b.place[:0], n+m)[:n+m]
	merge(b.place, b.left, b.right)
	u := b.bonds.put(min(b.left[0], b.right[0]), n+m)
	for i, to := range b.place {
		row := u.p[to*u.n : (to+1)*u.n]
		for k, on := range b.place {
			switch {
			case i < n && k < n:
				row[on] = float32(x.within(i, k))
			case i >= n && k >= n:
				row[on] = float32(y.within(i-n, k-n))
			case i < n:
				row[on] = float32(b.cross[i*m+k-n].p)
			default:
				row[on] = float32(b.cross[k*m+i-n].p)
			}
		}
	}
	b.bonds.release(x)
	b.bonds.release(y)
}

// merge says where the rows of two ascending lists, one list after the other, stand in the ascending list of both.
func merge(place []int, left, right []contact.Row) {
	i, k := 0, 0
	for at := range place {
		if k == len(right) || i < len(left) && left[i] < right[k] {
			place[i] = at
			i++
		} else {
			place[len(left)+k] = at
			k++
		}
	}
}

// seat is the position of a row in an ascending list.
func seat(sorted []contact.Row, r contact.Row) int {
	i, _ := slices.BinarySearch(sorted, r)
	return i
}
