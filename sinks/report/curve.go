package report

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// curve draws shares of one whole against the threshold: precision, recall, F1.
type curve struct {
	ID     string // makes the names of its parts unique on the page
	Name   string
	Desc   string
	Lines  []curveLine
	Rules  []curveRule
	YTicks []tick
	XTicks []tick
	Mid    px // under which the axis is named
}

// curveLine is one measure, told from the others by its name at the end, its colour and its dashes.
type curveLine struct {
	Class, Label string
	Path         string
	EndY         px // of the label
	Dots         []dot
}

type dot struct {
	X, Y  px
	Title string
}

// curveRule marks a threshold.
type curveRule struct {
	At     px
	Text   string
	Anchor string
	TextY  px
}

// series is a measure to draw; the points ascend by threshold.
type series struct {
	class, label string
	at, value    []float64
}

// moment is a threshold worth a mark.
type moment struct {
	at   float64
	text string
}

// The plot inside the figure: names of lines stand on the right, shares on the left, thresholds below, marks above.
const (
	curveLeft   = 40.0
	curveRight  = 356.0
	curveTop    = 30.0
	curveHeight = 150.0
)

// newCurve draws the series and marks the moments. Values are shares from 0 to 1.
func newCurve(id, name string, lines []series, moments []moment) curve {
	c := curve{ID: id, Name: name, Mid: px((curveLeft + curveRight) / 2)}
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, s := range lines {
		for _, x := range s.at {
			lo, hi = min(lo, x), max(hi, x)
		}
	}
	for _, m := range moments {
		lo, hi = min(lo, m.at), max(hi, m.at)
	}
	if !(lo < hi) || math.IsInf(hi-lo, 0) { // one point, or nothing that can be drawn
		lo, hi = moderate(lo)-1, moderate(lo)+1
	}
	x := func(w float64) px { return px(curveLeft + (w-lo)/(hi-lo)*(curveRight-curveLeft)) }
	y := shares(lines)
	for i := range 6 {
		v := y.floor + (1-y.floor)*float64(i)/5
		c.YTicks = append(c.YTicks, tick{y.at(v), fixed(100*v, 0) + "%"})
	}
	step := niceStep((hi - lo) / 6)
	for w := math.Ceil(lo/step) * step; w <= hi; w += step {
		c.XTicks = append(c.XTicks, tick{x(w), axisNumber(w)})
	}
	for _, s := range lines {
		c.Lines = append(c.Lines, newCurveLine(s, moments, x, y))
	}
	spread(c.Lines)
	for i, m := range moments {
		r := curveRule{At: x(m.at), Text: m.text, TextY: px(9 + 12*float64(i))}
		if leftward(r, m, moments) {
			r.Anchor = "end"
		}
		c.Rules = append(c.Rules, r)
	}
	return c
}

// leftward reports whether the label of a mark belongs on its left: where the right is short of room, or belongs to another mark.
func leftward(r curveRule, m moment, all []moment) bool {
	const letter = 6.4
	room := float64(r.At) > letter*float64(len(r.Text))
	return room && (r.At > (curveLeft+curveRight)/2 || slices.ContainsFunc(all, func(o moment) bool { return o.at > m.at }))
}

// moderate keeps a bound that is no number, or without end, from becoming an axis.
func moderate(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return v
}

// shareAxis runs from floor to 1.
type shareAxis struct{ floor float64 }

// shares begins the axis at 0, or higher where all values are: lines that lie on each other tell nothing.
func shares(lines []series) shareAxis {
	least := 1.0
	for _, s := range lines {
		for _, v := range s.value {
			least = min(least, v)
		}
	}
	for _, floor := range []float64{0.9, 0.5} {
		if least >= floor+(1-floor)/10 {
			return shareAxis{floor}
		}
	}
	return shareAxis{}
}

func (a shareAxis) at(v float64) px {
	if math.IsNaN(v) {
		v = 0
	}
	return px(curveTop + curveHeight*(1-(min(1, max(a.floor, v))-a.floor)/(1-a.floor)))
}

func newCurveLine(s series, moments []moment, x func(float64) px, y shareAxis) curveLine {
	l := curveLine{Class: s.class, Label: s.label}
	var path strings.Builder
	for i, at := range s.at {
		path.WriteString(map[bool]string{true: "M", false: "L"}[i == 0] + x(at).String() + " " + y.at(s.value[i]).String())
	}
	l.Path = path.String()
	if n := len(s.value); n > 0 {
		l.EndY = y.at(s.value[n-1])
	}
	for _, m := range moments {
		if i, ok := nearest(s.at, m.at); ok {
			l.Dots = append(l.Dots, dot{x(s.at[i]), y.at(s.value[i]), s.label + " " + sharePercent(s.value[i]) + " at " + signed(s.at[i])})
		}
	}
	return l
}

// nearest is the point closest to a threshold.
func nearest(at []float64, w float64) (best int, ok bool) {
	for i := range at {
		if math.Abs(at[i]-w) < math.Abs(at[best]-w) {
			best = i
		}
	}
	return best, len(at) > 0
}

// spread moves the names of lines that end close to each other apart, keeping their order.
func spread(lines []curveLine) {
	const apart = 13
	order := make([]int, len(lines))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(lines[a].EndY, lines[b].EndY) })
	for k := 1; k < len(order); k++ {
		above, below := &lines[order[k-1]], &lines[order[k]]
		below.EndY = max(below.EndY, above.EndY+apart)
	}
	for k := len(order) - 1; k >= 0; k-- { // back up, if the last was pushed below the axis
		limit := px(curveTop + curveHeight)
		if k < len(order)-1 {
			limit = lines[order[k+1]].EndY - apart
		}
		lines[order[k]].EndY = min(lines[order[k]].EndY, limit)
	}
}

// niceStep rounds up to a step that people count in.
func niceStep(v float64) float64 {
	for _, s := range []float64{0.5, 1, 2, 5, 10, 20, 50, 100} {
		if v <= s {
			return s
		}
	}
	return 100 * math.Ceil(v/100)
}

// sharePercent writes a share without rounding it up to all or down to nothing.
func sharePercent(v float64) string {
	switch {
	case math.IsNaN(v):
		return "unknown"
	case v > 0.9995 && v < 1:
		return "over 99.9%"
	case v > 0 && v < 0.001:
		return "under 0.1%"
	}
	if v == 0 || v == 1 {
		return fixed(100*v, 0) + "%"
	}
	return fixed(100*v, 1) + "%"
}
