package evaluate

import (
	"cmp"
	"slices"

	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/scoring"
)

// WrongPair is a pair that was decided against the truth.
type WrongPair struct {
	A        string           `json:"contact_id_a"`
	B        string           `json:"contact_id_b"`
	Decision scoring.Decision `json:"decision"`          // of the pair, or of the cluster that implies it
	Implied  bool             `json:"implied,omitempty"` // the two were not scored as a match; a chain of others joins them
	Weight   float64          `json:"match_weight"`
	Reasons  []string         `json:"reasons"`
	Cause    string           `json:"cause,omitempty"` // of a false negative: one of the Cause words

	RowA contact.Row `json:"-"`
	RowB contact.Row `json:"-"`
}

// wrong looks for wrong pairs.
type wrong struct {
	in      Input
	limit   int
	cluster []int32  // per row: index of its cluster, -1 for none
	first   []uint32 // edges of A are first[A]..first[A+1]
	made    int64    // true pairs that blocking made
}

func newWrong(in Input) *wrong {
	w := &wrong{in: in, limit: in.MaxWrong, cluster: make([]int32, in.Outcome.Table.Len()), first: make([]uint32, in.Outcome.Table.Len()+1)}
	if w.limit == 0 {
		w.limit = DefaultMaxWrong
	}
	for i := range w.cluster {
		w.cluster[i] = -1
	}
	for i := range in.Outcome.Clusters {
		for _, r := range in.Outcome.Clusters[i].Members {
			w.cluster[r] = int32(i)
		}
	}
	for i := range in.Outcome.Edges {
		w.first[in.Outcome.Edges[i].A+1]++
	}
	for i := 1; i < len(w.first); i++ {
		w.first[i] += w.first[i-1]
	}
	return w
}

func (w *wrong) edge(a, b contact.Row) *scoring.Edge {
	own := w.in.Outcome.Edges[w.first[a]:w.first[a+1]]
	i, ok := slices.BinarySearchFunc(own, b, func(e scoring.Edge, b contact.Row) int { return cmp.Compare(e.B, b) })
	if !ok {
		return nil
	}
	return &own[i]
}

func (w *wrong) pair(a, b contact.Row, d scoring.Decision, e *scoring.Edge) WrongPair {
	t := w.in.Outcome.Table
	p := WrongPair{A: t.ID(a), B: t.ID(b), RowA: a, RowB: b, Decision: d, Reasons: []string{}}
	if e != nil {
		p.Weight, p.Reasons = float64(e.Weight), e.Reasons.Names()
	}
	return p
}

// falsePositives lists wrong pairs, per decision the strongest first: the scored ones, then those that only a cluster implies. Pairs in review are
// questions, and therefore not wrong.
func (w *wrong) falsePositives() []WrongPair {
	out := []WrongPair{}
	for _, d := range []scoring.Decision{scoring.AutoMerge, scoring.Suggest} {
		var found []*scoring.Edge
		for i := range w.in.Outcome.Edges {
			e := &w.in.Outcome.Edges[i]
			if known, same := w.in.Truth.known(e.A, e.B); e.Decision == d && known && !same {
				found = append(found, e)
			}
		}
		slices.SortStableFunc(found, func(x, y *scoring.Edge) int { return cmp.Compare(y.Weight, x.Weight) })
		found = found[:max(0, min(len(found), w.limit))]
		for _, e := range found {
			out = append(out, w.pair(e.A, e.B, d, e))
		}
		out = append(out, w.implied(d, w.limit-len(found))...)
	}
	return out
}

// implied lists wrong pairs inside the sets of a decision that have no edge of that decision.
func (w *wrong) implied(d scoring.Decision, limit int) []WrongPair {
	var out []WrongPair
	for _, c := range w.in.Outcome.Clusters {
		if c.Decision == scoring.Review || d == scoring.Suggest && c.Decision != scoring.Suggest {
			continue
		}
		sets := c.Auto
		if d == scoring.Suggest {
			sets = [][]contact.Row{c.Members}
		}
		for _, set := range sets {
			for i, a := range set {
				for _, b := range set[i+1:] {
					if len(out) >= limit {
						return out
					}
					known, same := w.in.Truth.known(a, b)
					e := w.edge(a, b)
					if !known || same || e != nil && e.Decision >= d || d == scoring.Suggest && sameSet(c.Auto, a, b) {
						continue
					}
					p := w.pair(a, b, d, e)
					p.Implied = true
					out = append(out, p)
				}
			}
		}
	}
	return out
}

func sameSet(sets [][]contact.Row, a, b contact.Row) bool {
	return slices.ContainsFunc(sets, func(s []contact.Row) bool { return slices.Contains(s, a) && slices.Contains(s, b) })
}
