package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/scoring"
)

// pairGroup is the review pairs between clusters, or between contacts in none.
type pairGroup struct {
	Total string
	Cards []pairCard
	More  string
}

type pairCard struct {
	Lead   string
	Edge   edgeRow
	Table  comparison
	Chance string
	Fall   *waterfall
}

func newPairGroup(p page, edges []int, clusterOf []int32) pairGroup {
	o := p.out
	g := pairGroup{Total: count(len(edges), "pair", "pairs")}
	kinds := map[scoring.Reasons]int{}
	var byKind [][]int
	for _, i := range edges {
		k, ok := kinds[o.Edges[i].Reasons]
		if !ok {
			k = len(byKind)
			kinds[o.Edges[i].Reasons] = k
			byKind = append(byKind, nil)
		}
		byKind[k] = append(byKind[k], i)
	}
	for _, kind := range byKind {
		slices.SortStableFunc(kind, func(x, y int) int { return cmp.Compare(o.Edges[y].Weight, o.Edges[x].Weight) })
	}
	n := min(len(edges), p.cfg.MaxHTMLPairs)
	for _, i := range takeTurns(byKind, len(edges))[:n] {
		g.Cards = append(g.Cards, newPairCard(p, &o.Edges[i], clusterOf))
	}
	if left := len(edges) - n; left > 0 {
		g.More = fmt.Sprintf("%s more in pairs.csv, with decision review", number(int64(left)))
	}
	return g
}

func newPairCard(p page, e *scoring.Edge, clusterOf []int32) pairCard {
	o := p.out
	card := pairCard{
		Lead: upperFirst(verdict(e.Decision, e.Reasons)) + ".", Edge: newEdgeRow(o, e), Chance: chance(float64(e.Weight)),
		Table: compare(o, []contact.Row{e.A, e.B}, nil), Fall: fallOf(p, e),
	}
	for _, r := range []contact.Row{e.A, e.B} {
		m := member{ID: shortID(o, r), Tags: flagTags(o.Table.Flags(r))}
		if c := clusterOf[r]; c >= 0 {
			m.Tags = append(m.Tags, "in cluster "+shortHash(o.Clusters[c].ID))
		}
		card.Table.Members = append(card.Table.Members, m)
	}
	return card
}

// chance writes a match probability; it never claims certainty.
func chance(w float64) string {
	p := probability(w)
	switch {
	case p > 0.999:
		return "over 99.9%"
	case p < 0.001:
		return "under 0.1%"
	}
	return fmt.Sprintf("%.1f%%", 100*p)
}
