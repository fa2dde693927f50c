package report

import (
	"strings"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/scoring"
)

// waterfall takes the weight of a pair apart, from the prior to the match weight.
type waterfall struct {
	A, B   string // contact ids
	Steps  []step
	Marks  []axisMark
	ZeroX  px
	LineX  px     // the threshold
	Silent string // comparisons with a value missing
}

// step is one bar of the waterfall: it starts where the one before ended.
type step struct {
	Name, Level, A, B, Weight string
	M, U                      string
	X, W, EndX                px // of 100
	Class                     string
	Plain                     bool // prior, frequency and sum: no values
	Last                      bool
}

// cascade draws an explanation; threshold is the weight from which the model suggests.
func cascade(x scoring.Explanation, threshold float64) waterfall {
	lo, hi := bounds(x, threshold)
	scale := func(w float64) float64 { return 100 * (w - lo) / (hi - lo) }
	bar := func(from, to float64, class string) step {
		a, b := scale(min(from, to)), scale(max(from, to))
		return step{X: px(a), W: px(max(b-a, 0.4)), EndX: px(scale(to)), Class: class, Weight: signed(to - from)}
	}
	f := waterfall{A: visibleCut(x.A, 40), B: visibleCut(x.B, 40), ZeroX: px(scale(0)), LineX: px(scale(threshold))}
	f.Marks = marks(f.ZeroX, f.LineX, threshold)
	prior := bar(0, x.Prior, "prior")
	prior.Name, prior.Level, prior.Plain = "Starting point", "any two contacts", true
	f.Steps = append(f.Steps, prior)
	at := x.Prior
	var silent []string
	for _, c := range x.Comparisons {
		if c.Weight == 0 && c.Frequency == 0 && c.M == 0 && c.U == 0 {
			silent = append(silent, comparisonName(c))
			continue
		}
		s := bar(at, at+c.Weight, direction(c.Weight))
		s.Name, s.Level, s.A, s.B = comparisonName(c), visible(c.Level), visibleCut(c.A, 40), visibleCut(c.B, 40)
		if c.M != 0 || c.U != 0 {
			s.M, s.U = oneIn(c.M), oneIn(c.U)
		}
		f.Steps = append(f.Steps, s)
		at += c.Weight
		if c.Frequency != 0 {
			s := bar(at, at+c.Frequency, direction(c.Frequency)+" rarity")
			s.Name, s.Level, s.Plain = comparisonName(c), frequencyText(c.Frequency), true
			f.Steps = append(f.Steps, s)
			at += c.Frequency
		}
	}
	if x.Relatives <= -0.05 { // or it would be shown as nothing
		s := bar(at, at+x.Relatives, direction(x.Relatives))
		s.Name, s.Level, s.Plain = "Relatives", relativesText, true
		f.Steps = append(f.Steps, s)
	}
	sum := bar(0, x.Weight, "sum")
	sum.Name, sum.Level, sum.Plain, sum.Last = "Match weight", "chance that it is one person: "+chance(x.Weight), true, true
	f.Steps = append(f.Steps, sum)
	if len(silent) > 0 {
		f.Silent = "A missing value says nothing: " + strings.Join(silent, ", ") + "."
	}
	return f
}

// relativesText says why weight is taken off a pair that two people of one household would make, too.
const relativesText = "people of one household or office agree like this, too"

// direction is the style class of evidence for or against one person.
func direction(w float64) string {
	if w < 0 {
		return "against"
	}
	return "for"
}

// axisMark is a label on the axis of a waterfall.
type axisMark struct {
	X      px // of 100
	Anchor string
	Text   string
}

// marks labels zero and the threshold above the bars; where the two are too close for both, the threshold's label says more.
func marks(zero, line px, threshold float64) []axisMark {
	label := axisMark{X: line, Text: "threshold " + signed(threshold)}
	switch {
	case line > 72:
		label.Anchor = "end"
	case line > 28:
		label.Anchor = "mid"
	}
	out := []axisMark{label}
	if d := zero - line; d > 34 || d < -34 {
		out = append(out, axisMark{X: zero, Text: "0", Anchor: "mid"})
	}
	return out
}

// bounds is the range the waterfall moves in, with a little air.
func bounds(x scoring.Explanation, threshold float64) (lo, hi float64) {
	at := x.Prior
	lo, hi = min(0, at, x.Weight, threshold), max(0, at, x.Weight, threshold)
	for _, c := range x.Comparisons {
		at += c.Weight
		lo, hi = min(lo, at, at+c.Frequency), max(hi, at, at+c.Frequency)
		at += c.Frequency
	}
	lo = min(lo, at+x.Relatives)
	air := max((hi-lo)*0.02, 0.1)
	return lo - air, hi + air
}

// example is a pair whose weight is taken apart.
type example struct {
	Title, Lead string
	Edge        edgeRow
	Rung        string
	Fall        waterfall
}

// newExamples takes apart a few pairs: of each decision the strongest and the weakest, which between them show where the lines run.
func newExamples(p page) []example {
	o := p.out
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
		out = append(out, newExample(p, first[d], "Strongest pair: "))
		if last[d] != first[d] {
			out = append(out, newExample(p, last[d], "Weakest pair: "))
		}
	}
	return out
}

func newExample(p page, i int, title string) example {
	e := &p.out.Edges[i]
	x := p.out.Explain(e.A, e.B)
	return example{
		Title: title + p.voice().decision(e.Decision), Edge: newEdgeRow(p.out, e), Rung: rungTitle(x.Rung),
		Lead: upperFirst(p.voice().verdict(e.Decision, e.Reasons)) + ".", Fall: cascade(x, p.rec.Threshold),
	}
}

// fallOf is the waterfall of an edge inside a card, nil when nobody can explain it.
func fallOf(p page, e *scoring.Edge) *waterfall {
	if p.out.Explain == nil || e == nil {
		return nil
	}
	f := cascade(p.out.Explain(e.A, e.B), p.rec.Threshold)
	return &f
}

// asked is the pair a cluster stands or falls with: the weakest of those a person has to judge. In a suggested cluster that is a suggested
// one; a review pair inside it is a doubt that other members answer.
func asked(o *cluster.Outcome, c *cluster.Cluster) *scoring.Edge {
	var weakest *scoring.Edge
	for _, i := range c.Edges {
		e := edgeAt(o, i)
		if e == nil || e.Decision == scoring.AutoMerge || c.Decision == scoring.Suggest && e.Decision != scoring.Suggest {
			continue
		}
		if weakest == nil || e.Weight < weakest.Weight {
			weakest = e
		}
	}
	return weakest
}
