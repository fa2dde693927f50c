package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/contactmerge/contactmerge/internal/cluster"
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
		g.Cards = append(g.Cards, newPairCard(o, &o.Edges[i], clusterOf))
	}
	if left := len(edges) - n; left > 0 {
		g.More = fmt.Sprintf("%s more in pairs.csv, with decision review", number(int64(left)))
	}
	return g
}

func newPairCard(o *cluster.Outcome, e *scoring.Edge, clusterOf []int32) pairCard {
	card := pairCard{
		Lead: upperFirst(verdict(e.Decision, e.Reasons)) + ".", Edge: newEdgeRow(o, e), Chance: chance(float64(e.Weight)),
		Table: compare(o, []contact.Row{e.A, e.B}, nil),
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

// example is a pair whose weight is taken apart.
type example struct {
	Title, Lead string
	Edge        edgeRow
	Chance      string
	Rung        string
	Steps       []step
	ZeroX       px
	Silent      string // comparisons with a value missing
}

// step is one bar of the waterfall: it starts where the one before ended.
type step struct {
	Name, Level, A, B, Weight string
	M, U                      string
	X, W, EndX                px // of 100
	Class                     string
	Plain                     bool // prior and sum: no values
	Last                      bool
}

// newExamples takes apart a few pairs: of each decision the strongest and the weakest, which between them show where the lines run.
func newExamples(o *cluster.Outcome) []example {
	if o.Explain == nil {
		return nil
	}
	var first, last [4]int
	for d := range first {
		first[d], last[d] = -1, -1
	}
	for i := range o.Edges {
		e := &o.Edges[i]
		d := min(int(e.Decision), 3)
		if first[d] < 0 || e.Weight > o.Edges[first[d]].Weight {
			first[d] = i
		}
		if last[d] < 0 || e.Weight < o.Edges[last[d]].Weight {
			last[d] = i
		}
	}
	var out []example
	for _, d := range []scoring.Decision{scoring.AutoMerge, scoring.Suggest, scoring.Review} {
		if first[d] < 0 {
			continue
		}
		out = append(out, newExample(o, first[d], "Strongest pair: "))
		if last[d] != first[d] {
			out = append(out, newExample(o, last[d], "Weakest pair: "))
		}
	}
	return out
}

func newExample(o *cluster.Outcome, i int, title string) example {
	e := &o.Edges[i]
	x := o.Explain(e.A, e.B)
	ex := example{
		Title: title + decisionTitle(e.Decision), Edge: newEdgeRow(o, e), Chance: chance(x.Weight), Rung: rungTitle(x.Rung),
		Lead: upperFirst(verdict(e.Decision, e.Reasons)) + ".",
	}
	lo, hi := bounds(x)
	scale := func(w float64) float64 { return 100 * (w - lo) / (hi - lo) }
	bar := func(from, to float64, class string) step {
		a, b := scale(min(from, to)), scale(max(from, to))
		return step{X: px(a), W: px(max(b-a, 0.4)), EndX: px(scale(to)), Class: class, Weight: signed(to - from)}
	}
	prior := bar(0, x.Prior, "prior")
	prior.Name, prior.Level, prior.Plain = "Starting point", "any two contacts", true
	ex.Steps = append(ex.Steps, prior)
	at := x.Prior
	var silent []string
	for _, c := range x.Comparisons {
		w := c.Weight + c.Frequency
		if w == 0 && c.M == 0 && c.U == 0 {
			silent = append(silent, comparisonName(c))
			continue
		}
		class := "for"
		if w < 0 {
			class = "against"
		}
		s := bar(at, at+w, class)
		s.Name, s.Level, s.A, s.B, s.M = comparisonName(c), levelText(c), visibleCut(c.A, 40), visibleCut(c.B, 40), chanceOf(c.M)
		s.U = chanceOf(c.U)
		ex.Steps = append(ex.Steps, s)
		at += w
	}
	sum := bar(0, x.Weight, "sum")
	sum.Name, sum.Level, sum.Plain = "Match weight", "chance that it is one person: "+chance(x.Weight), true
	sum.Last = true
	ex.Steps = append(ex.Steps, sum)
	ex.ZeroX = px(scale(0))
	if len(silent) > 0 {
		ex.Silent = "A missing value says nothing: " + strings.Join(silent, ", ") + "."
	}
	return ex
}

// rungTitle names the rule of the policy that decided; numbered rules are those of the written policy.
func rungTitle(rung string) string {
	if rung != "" && rung[0] >= '0' && rung[0] <= '9' {
		return "rule " + visible(rung)
	}
	return visible(rung)
}

func comparisonName(c scoring.ComparisonResult) string {
	return visible(strings.ReplaceAll(c.Comparison, "_", " "))
}

func levelText(c scoring.ComparisonResult) string {
	s := visible(c.Level)
	if w := c.Frequency; w > 0.05 {
		s += ", rare value " + signed(w)
	} else if w < -0.05 {
		s += ", common value " + signed(w)
	}
	return s
}

// chanceOf writes m and u so that they align.
func chanceOf(p float64) string {
	if p > 0 && p < 0.0001 {
		return "under 0.0001"
	}
	return fixed(p, 4)
}

// bounds is the range the waterfall moves in, with a little air.
func bounds(x scoring.Explanation) (lo, hi float64) {
	at := x.Prior
	lo, hi = min(0, at, x.Weight), max(0, at, x.Weight)
	for _, c := range x.Comparisons {
		at += c.Weight + c.Frequency
		lo, hi = min(lo, at), max(hi, at)
	}
	air := max((hi-lo)*0.02, 0.1)
	return lo - air, hi + air
}
