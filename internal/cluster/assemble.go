package cluster

import (
	"cmp"
	"slices"

	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/scoring"
)

const noCluster = ^uint32(0)

// assemble lists the components of two or more contacts. Members and edges of all clusters share two arrays, so that a million small
// clusters do not cost a million small allocations.
func (b *builder) assemble() []Cluster {
	clusters, of := b.collect()
	b.fillEdges(clusters, of)
	b.fillDoubts(clusters, of)
	rank := newRanker(b.table, b.cfg)
	finder := &bridgeFinder{edges: b.edges}
	var ids []string
	var holding []int
	for i := range clusters {
		c := &clusters[i]
		ids = ids[:0]
		for _, r := range c.Members {
			ids = append(ids, b.table.ID(r))
		}
		c.ID = idOf(ids)
		c.Survivor = rank.best(c.Members)
		c.Conflict = b.conflicts[b.group[c.Members[0]]]
		holding = b.holding(holding[:0], c)
		c.Weakest = finder.weakest(c.Members, holding)
		b.decide(c)
		b.veto(c)
		b.estimate(c)
	}
	return clusters
}

// veto lists the members of a cluster in review that rule each other out: whoever merges them all the same must name them. A cluster that is
// too large to compare all with all has its size against it, and nothing more is said.
func (b *builder) veto(c *Cluster) {
	if c.Conflict == nil || len(c.Members) > b.cfg.MaxMembers {
		return
	}
	for i, x := range c.Members {
		for _, y := range c.Members[i+1:] {
			if b.judge.Compare(x, y).Veto != 0 {
				c.Vetoed = append(c.Vetoed, [2]contact.Row{x, y})
			}
		}
	}
}

// collect makes the clusters with their members, and says in which cluster each row is.
func (b *builder) collect() ([]Cluster, []uint32) {
	of := make([]uint32, b.table.Len())
	count, members := 0, 0
	for r := range of {
		if root := b.forest.find(contact.Row(r)); b.forest.size[root] > 1 {
			members++
			if int(root) == r {
				count++
			}
		}
	}
	clusters := make([]Cluster, 0, count)
	arena := make([]contact.Row, 0, members)
	for r := range of {
		root := b.forest.find(contact.Row(r))
		size := int(b.forest.size[root])
		if size < 2 {
			of[r] = noCluster
			continue
		}
		if int(root) == r {
			of[r] = uint32(len(clusters))
			clusters = append(clusters, Cluster{Members: arena[len(arena) : len(arena) : len(arena)+size]})
			arena = arena[:len(arena)+size]
		}
		of[r] = of[root]
		c := &clusters[of[r]]
		c.Members = append(c.Members, contact.Row(r))
	}
	return clusters, of
}

func (b *builder) fillEdges(clusters []Cluster, of []uint32) {
	count := make([]int, len(clusters))
	inside := func(e *scoring.Edge) bool {
		return e.Decision != scoring.NoMatch && of[e.A] != noCluster && of[e.A] == of[e.B]
	}
	total := 0
	for i := range b.edges {
		if e := &b.edges[i]; inside(e) {
			count[of[e.A]]++
			total++
		}
	}
	arena := make([]int, total)
	for i := range clusters {
		clusters[i].Edges, arena = arena[:0:count[i]], arena[count[i]:]
	}
	for i := range b.edges {
		if e := &b.edges[i]; inside(e) {
			c := &clusters[of[e.A]]
			c.Edges = append(c.Edges, i)
		}
	}
}

// fillDoubts hands every cluster its doubts.
func (b *builder) fillDoubts(clusters []Cluster, of []uint32) {
	slices.SortFunc(b.doubts, func(x, y Doubt) int { return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B)) })
	for _, d := range b.doubts {
		c := &clusters[of[d.A]]
		c.Doubts = append(c.Doubts, d)
	}
}

// holding lists the edges that hold a cluster together: all in a group that went to review, all but the questions in any other.
func (b *builder) holding(buf []int, c *Cluster) []int {
	for _, i := range c.Edges {
		if c.Conflict != nil || b.edges[i].Decision > scoring.Review {
			buf = append(buf, i)
		}
	}
	return buf
}

// decide sets the decision of a cluster and lists the auto-merge groups in it.
func (b *builder) decide(c *Cluster) {
	if c.Conflict != nil {
		c.Decision = scoring.Review
		return
	}
	whole := func(r contact.Row) bool { return b.group[r] == b.group[c.Members[0]] }
	if !slices.ContainsFunc(c.Members, func(r contact.Row) bool { return !whole(r) }) {
		c.Decision = scoring.AutoMerge
		c.Auto = [][]contact.Row{c.Members}
		return
	}
	c.Decision = scoring.Suggest
	sorted := slices.Clone(c.Members)
	slices.SortFunc(sorted, func(x, y contact.Row) int { return cmp.Or(cmp.Compare(b.group[x], b.group[y]), cmp.Compare(x, y)) })
	for len(sorted) > 0 {
		n := 1
		for n < len(sorted) && b.group[sorted[n]] == b.group[sorted[0]] {
			n++
		}
		if n > 1 {
			c.Auto = append(c.Auto, sorted[:n:n])
		}
		sorted = sorted[n:]
	}
}
