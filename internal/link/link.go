package link

import (
	"cmp"
	"slices"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/scoring"
)

// Link says that a new record belongs to a known contact.
type Link struct {
	Edge  int // index into Outcome.Edges
	Left  contact.Row
	Right contact.Row
	Rank  int // 1 for the record's best contact; contacts that cannot be told apart have the same rank
}

// Doubt is a link that was not made, or should not be acted on, because another is as good.
type Doubt struct {
	Link
	Why string // WhyTie or WhyTaken
}

// The words for doubts.
const (
	WhyTie   = "tie"   // several contacts, or in one-to-one linking several records, are equally likely
	WhyTaken = "taken" // the contact is linked to a record that fits better
)

// Result is what linking two tables gives.
type Result struct {
	Links     []Link        // by record, best first
	Ambiguous []Doubt       // by record
	Updates   []Update      // by contact and column
	New       []contact.Row // records that match nobody, ascending
	Within    [2][]int      // duplicates inside the sides, where they were asked for: indices into Outcome.Edges
}

// tieBits is how much more weight the better of two links must have: one bit, which makes it twice as likely. Closer than that, the
// model cannot say which is meant; twins in the known contacts are, most of the time, exactly equal.
const tieBits = 1

// candidate is an edge between the sides.
type candidate struct {
	Link
	decision scoring.Decision
	weight   float32
}

// clear reports whether x is so much better than y that it is the one.
func (x *candidate) clear(y *candidate) bool {
	return x.decision > y.decision || x.decision == y.decision && x.weight > y.weight+tieBits
}

// Find makes links of the edges of an outcome whose table links two.
func Find(o *cluster.Outcome, cfg Config) *Result {
	cfg = cfg.WithDefaults()
	f := &finder{table: o.Table, res: &Result{}}
	f.collect(o.Edges)
	switch cfg.Links {
	case OneToOne:
		f.oneToOne()
	default:
		f.each(cfg.Links == Best)
	}
	f.unmatched()
	byLeft := func(x, y Link) int {
		return cmp.Or(cmp.Compare(x.Left, y.Left), cmp.Compare(x.Rank, y.Rank), cmp.Compare(x.Edge, y.Edge))
	}
	slices.SortStableFunc(f.res.Links, byLeft)
	slices.SortStableFunc(f.res.Ambiguous, func(x, y Doubt) int { return byLeft(x.Link, y.Link) })
	f.update(o, cfg)
	return f.res
}

type finder struct {
	table      *contact.Table
	candidates []candidate // by record, best first
	res        *Result
}

// collect takes the edges between the sides, orders each record's, and ranks them.
func (f *finder) collect(edges []scoring.Edge) {
	for i := range edges {
		e := &edges[i]
		a, b := f.table.Side(e.A), f.table.Side(e.B)
		if a == b {
			if !f.table.CrossOnly() {
				f.res.Within[a] = append(f.res.Within[a], i)
			}
			continue
		}
		l := Link{Edge: i, Left: e.A, Right: e.B}
		if a == contact.Right {
			l.Left, l.Right = e.B, e.A
		}
		f.candidates = append(f.candidates, candidate{Link: l, decision: e.Decision, weight: e.Weight})
	}
	slices.SortFunc(f.candidates, func(x, y candidate) int { return cmp.Or(cmp.Compare(x.Left, y.Left), better(&x, &y)) })
	for own := range f.records() {
		ahead := 0 // of the current one, clearly
		for i := range own {
			for own[ahead].clear(&own[i]) {
				ahead++
			}
			own[i].Rank = ahead + 1
		}
	}
}

// better orders candidates, best first.
func better(x, y *candidate) int {
	return cmp.Or(cmp.Compare(y.decision, x.decision), cmp.Compare(y.weight, x.weight), cmp.Compare(x.Left, y.Left), cmp.Compare(x.Right, y.Right))
}

// records yields the candidates of one record after the other.
func (f *finder) records() func(yield func([]candidate) bool) {
	return func(yield func([]candidate) bool) {
		for rest := f.candidates; len(rest) > 0; {
			n := 1
			for n < len(rest) && rest[n].Left == rest[0].Left {
				n++
			}
			if !yield(rest[:n:n]) {
				return
			}
			rest = rest[n:]
		}
	}
}

// each decides about every record by itself.
func (f *finder) each(bestOnly bool) {
	for own := range f.records() {
		tied := len(own) > 1 && own[1].Rank == 1
		for i := range own {
			if tied && own[i].Rank == 1 {
				f.doubt(&own[i], WhyTie)
			}
			if !bestOnly || i == 0 && !tied {
				f.res.Links = append(f.res.Links, own[i].Link)
			}
		}
	}
}

func (f *finder) doubt(c *candidate, why string) {
	f.res.Ambiguous = append(f.res.Ambiguous, Doubt{c.Link, why})
}

// unmatched lists the records that no edge leads to.
func (f *finder) unmatched() {
	next := 0
	for r := range contact.Row(f.table.Len()) {
		if f.table.Side(r) != contact.Left {
			continue
		}
		for next < len(f.candidates) && f.candidates[next].Left < r {
			next++
		}
		if next == len(f.candidates) || f.candidates[next].Left != r {
			f.res.New = append(f.res.New, r)
		}
	}
}
