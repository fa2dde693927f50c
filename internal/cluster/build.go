package cluster

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/scoring"
)

// Input is what clusters are built from.
type Input struct {
	Table  *contact.Table
	Edges  []scoring.Edge // every pair that is not no_match, each once, A < B; ordered by A, then B (put in order when they are not)
	Judge  Judge
	Prior  float64 // log2 of the prior odds of the model behind Judge; 0: not known, and comparisons take nothing from a chain of edges
	Config Config
}

// Result is what Build found.
type Result struct {
	Edges    []scoring.Edge // the input's edges in order; those inside a group that may not merge now say review. Shared with the input when nothing changed
	Clusters []Cluster      // ordered by first member; no contact is in two
	Cuts     []Cut          // ordered by edge
}

// Build makes clusters of auto_merge and suggest edges.
//
// Contacts joined by auto_merge edges form a group. A group with a veto inside, or with two members of whom the model is sure that they are
// two people, goes to review whole: which of its edges is wrong is for a person to say. One whose members' names vary, or pose a question
// that the model leaves open, is suggested, and cut where the question is. Suggest edges then join groups and single contacts,
// strongest first, and an edge is cut that would bring together two members who must not be in one cluster, or more pairs that are probably
// two people than it gains, so that a chain breaks at its weakest link. A review edge is a question between clusters: its two contacts are
// kept apart, and so are contacts whose pair would be such a question, had it been compared, unless other members answer it: two misspellings
// of one name are then in one suggested cluster, as a Doubt.
func Build(in Input) Result {
	b := &builder{
		table: in.Table, edges: in.Edges, judge: in.Judge, cfg: in.Config.WithDefaults(),
		prior: in.Prior, forest: newForest(in.Table.Len()), bonds: bonds{of: make([]uint32, in.Table.Len())},
		conflicts: map[contact.Row]*Conflict{}, halves: map[contact.Row][][]contact.Row{}, doubted: map[contact.Row]bool{},
		refused: map[[2]contact.Row]refusal{},
	}
	b.order()
	b.join()
	b.demote()
	b.suggest()
	slices.SortFunc(b.cuts, func(x, y Cut) int { return cmp.Compare(x.Edge, y.Edge) })
	return Result{Edges: b.edges, Clusters: b.assemble(), Cuts: b.cuts}
}

type builder struct {
	table *contact.Table
	edges []scoring.Edge
	judge Judge
	cfg   Config
	prior float64

	forest    *forest
	first     []uint32                        // edges of A are first[A]..first[A+1]
	group     []contact.Row                   // root of the auto-merge group of each row
	conflicts map[contact.Row]*Conflict       // by root of a group that a supervisor decides about
	halves    map[contact.Row][][]contact.Row // how those would fall apart
	doubted   map[contact.Row]bool            // by root of a group that is only suggested
	refused   map[[2]contact.Row]refusal      // pairs of component roots that stay apart
	bonds     bonds                           // by root of a component that suggestions made
	cuts      []Cut
	doubts    []Doubt

	// What apart found out about the two components it looked at last.
	left, right []contact.Row
	cross       []crossing // of left[i] and right[k] at i*len(right)+k
	answered    []Doubt
	links       links

	best   []float64 // scratch
	place  []int
	cutter cutter
	values []channelValue
}

func edgeOrder(x, y scoring.Edge) int { return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B)) }

// order makes the edges searchable by their two rows.
func (b *builder) order() {
	if !slices.IsSortedFunc(b.edges, edgeOrder) {
		b.edges = slices.Clone(b.edges)
		slices.SortFunc(b.edges, edgeOrder)
	}
	b.first = make([]uint32, b.table.Len()+1)
	for i := range b.edges {
		b.first[b.edges[i].A+1]++
	}
	for r := range b.table.Len() {
		b.first[r+1] += b.first[r]
	}
}

// between is the index of the edge between x and y, -1 when there is none.
func (b *builder) between(x, y contact.Row) int {
	if y < x {
		x, y = y, x
	}
	from, to := b.first[x], b.first[x+1]
	i, ok := slices.BinarySearchFunc(b.edges[from:to], y, func(e scoring.Edge, y contact.Row) int { return cmp.Compare(e.B, y) })
	if !ok {
		return -1
	}
	return int(from) + i
}

// IDOf is the id of a set of contacts: a hash of their ids. It depends neither on their order nor on other contacts.
func IDOf(ids []string) string { return idOf(slices.Clone(ids)) }

// idOf is IDOf for a list it may sort.
func idOf(ids []string) string {
	slices.Sort(ids)
	buf := make([]byte, 0, 256)
	for _, id := range ids {
		buf = appendText(buf, id)
	}
	sum := sha256.Sum256(buf)
	return hex.EncodeToString(sum[:16])
}
