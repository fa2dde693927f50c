package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/scoring"
)

// learned is the model, drawn: how often each level occurs among pairs of one person and of two, and what it weighs.
type learned struct {
	Prior  learnedLevel
	Groups []learnedGroup
	Chance []axisMark // ticks of the scale of m and u
	Scale  []axisMark // ticks of the scale of weights
	ZeroX  px
	Unseen string // comparisons left out
	Fixed  string // which levels keep their starting value, "" if none does
}

// learnedGroup is a comparison.
type learnedGroup struct {
	Name   string
	Levels []learnedLevel
}

type learnedLevel struct {
	Name, Weight, Found string
	M, U                string
	MW, UW              px // of 100
	X, W                px // of 100
	Class               string
	Starting            bool // m was not learned
}

// newLearned draws the model; nil when the run kept none. Comparisons of which no found pair has a value on both sides are only named.
func newLearned(o *cluster.Outcome) *learned {
	m := o.Model
	if m == nil || len(m.Comparisons) == 0 {
		return nil
	}
	found := levelCounts(o, len(m.Comparisons))
	var shown []int
	var unseen []string
	for i, c := range m.Comparisons {
		switch {
		case c.Neutral:
		case len(o.Edges) > 0 && found[i][0] == int64(len(o.Edges)):
			unseen = append(unseen, comparisonTitle(c.Name))
		default:
			shown = append(shown, i)
		}
	}
	s := newScales(m, shown)
	v := &learned{ZeroX: s.weight(0), Chance: s.chanceTicks(), Scale: s.weightTicks()}
	v.Prior = learnedLevel{Name: "Starting point"}
	s.bar(&v.Prior, m.Prior, "prior")
	for _, i := range shown {
		c := m.Comparisons[i]
		g := learnedGroup{Name: groupName(c.Name)}
		for l := 1; l < len(c.Levels); l++ {
			if weighs(c, l) {
				g.Levels = append(g.Levels, s.level(c.Levels[l], found[i][min(l, len(found[i])-1)]))
			}
		}
		if len(g.Levels) > 0 {
			v.Groups = append(v.Groups, g)
		}
	}
	v.Fixed = markStarting(v.Groups)
	if len(unseen) > 0 {
		v.Unseen = "No pair that was found has these on both sides: " + strings.Join(unseen, ", ") + "."
	}
	return v
}

// markStarting says which levels the pairs at hand did not teach. Where they taught none, one sentence says so and no level is marked.
func markStarting(groups []learnedGroup) string {
	starting, all := 0, 0
	for _, g := range groups {
		for _, l := range g.Levels {
			all++
			if l.Starting {
				starting++
			}
		}
	}
	switch starting {
	case 0:
		return ""
	case all:
		for _, g := range groups {
			for i := range g.Levels {
				g.Levels[i].Starting = false
			}
		}
		return "The pairs at hand were too few to learn m from: it keeps the values it had at the start."
	}
	return "Results that too few pairs of one person show are marked: their m comes from the starting values, not from these contacts."
}

// groupName is the name of a comparison as a heading.
func groupName(name string) string {
	title := comparisonTitle(name)
	switch {
	case title == "":
		return "Unnamed"
	case name == "sso":
		return "SSO"
	}
	return upperFirst(title)
}

// weighs reports whether a level is evidence: the null level, those without an m and those of a neutral comparison are not.
func weighs(c scoring.Comparison, l int) bool { return l > 0 && !c.Neutral && c.Levels[l].M > 0 }

// weightOf is the match weight of a level that weighs. A u of zero would weigh more than anything; the scoring room stops at one in a billion.
func weightOf(l scoring.Level) float64 {
	return math.Log2(max(l.M, leastChance) / max(l.U, leastChance))
}

// leastChance is the smallest m and u that are drawn and weighed.
const leastChance = 1e-9

// levelCounts counts how many of the found pairs show each level of each comparison.
func levelCounts(o *cluster.Outcome, comparisons int) [][]int64 {
	counts := make([][256]int64, min(comparisons, scoring.MaxComparisons))
	for i := range o.Edges {
		v := &o.Edges[i].Vector
		for c := range counts {
			counts[c][v[c]]++
		}
	}
	out := make([][]int64, comparisons)
	for i := range out {
		out[i] = make([]int64, 256)
		if i < len(counts) {
			copy(out[i], counts[i][:])
		}
	}
	return out
}

// scales turn chances and weights into places.
type scales struct {
	floor  float64 // log10 of the smallest chance drawn
	lo, hi float64 // weights
}

func newScales(m *scoring.Model, shown []int) scales {
	s := scales{floor: -2, lo: min(0, moderate(m.Prior)), hi: max(0, moderate(m.Prior))}
	for _, i := range shown {
		c := m.Comparisons[i]
		for l := range c.Levels {
			if !weighs(c, l) {
				continue
			}
			s.floor = min(s.floor, math.Floor(math.Log10(max(c.Levels[l].M, leastChance))), math.Floor(math.Log10(max(c.Levels[l].U, leastChance))))
			w := weightOf(c.Levels[l])
			s.lo, s.hi = min(s.lo, w), max(s.hi, w)
		}
	}
	air := max((s.hi-s.lo)*0.02, 0.1)
	s.lo, s.hi = s.lo-air, s.hi+air
	return s
}

func (s scales) weight(w float64) px { return px(100 * (w - s.lo) / (s.hi - s.lo)) }

// chance is the length of a bar of 100 on a logarithmic scale.
func (s scales) chance(p float64) px {
	return px(max(100*(1-math.Log10(max(p, leastChance))/s.floor), 0.6))
}

func (s scales) bar(l *learnedLevel, w float64, class string) {
	a, b := s.weight(min(0, w)), s.weight(max(0, w))
	l.X, l.W, l.Class, l.Weight = a, max(b-a, 0.6), class, signed(w)
}

func (s scales) level(l scoring.Level, found int64) learnedLevel {
	out := learnedLevel{Name: visible(l.Label), M: oneIn(l.M), U: oneIn(l.U), MW: s.chance(l.M), UW: s.chance(l.U), Found: number(found), Starting: l.Matches == 0}
	w := weightOf(l)
	s.bar(&out, w, direction(w))
	return out
}

// chanceTicks are the powers of ten, every second or third where they would touch.
func (s scales) chanceTicks() []axisMark {
	step := max(1, int(math.Ceil(-s.floor/3)))
	var out []axisMark
	for e := 0; e >= int(s.floor); e -= step {
		t := axisMark{X: px(100 * (1 - float64(e)/s.floor)), Text: powerOfTen(e), Anchor: "mid"}
		if e == 0 {
			t.Anchor = "end"
		}
		if t.X < 12 {
			t.Anchor = ""
		}
		out = append(out, t)
	}
	slices.Reverse(out)
	return out
}

// powerOfTen writes a chance as people do: "1%", "1 : 10,000".
func powerOfTen(e int) string {
	if e >= -2 {
		return fmt.Sprintf("%.0f%%", math.Pow10(e+2))
	}
	n := int64(math.Pow10(-e))
	switch {
	case n >= 1e9:
		return "1:" + number(n/1e9) + " bn"
	case n >= 1e6:
		return "1:" + number(n/1e6) + " m"
	}
	return "1:" + number(n)
}

// weightTicks are round weights, few enough to read.
func (s scales) weightTicks() []axisMark {
	step := 5.0
	for (s.hi-s.lo)/step > 5 {
		step *= 2
	}
	var out []axisMark
	for w := math.Ceil(s.lo/step) * step; w <= s.hi; w += step {
		x := s.weight(w)
		if x > 4 && x < 96 {
			out = append(out, axisMark{X: x, Text: axisNumber(w), Anchor: "mid"})
		}
	}
	return out
}
