package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/run"
	"github.com/contactmerge/contactmerge/scoring"
)

// figureWidth is the width of the figures' own coordinates. It is close to the width of a telephone, so that letters in a
// figure stay readable when it is scaled down to one.
const figureWidth = 420

// outcomes shows what the run decided, once per contact, once per cluster and once per pair.
type outcomes struct {
	Bars   []stackedBar
	Legend []legend
	Desc   string
	Height px
}

type stackedBar struct {
	Label, Total string
	LabelY, Y    px
	Parts        []part
}

type part struct {
	Class  string
	X, W   px
	TextX  px
	Text   string // "" when it would not fit
	Title  string
	Narrow bool
}

type legend struct{ Class, Text string }

func newOutcomes(o *cluster.Outcome, r *run.Record) outcomes {
	var contacts [4]int64 // by decision; NoMatch stands for contacts in no cluster
	var clusters [4]int64
	for i := range o.Clusters {
		c := &o.Clusters[i]
		clusters[c.Decision]++
		for _, m := range c.Members {
			contacts[memberDecision(c, m)]++
		}
	}
	contacts[scoring.NoMatch] = max(0, r.Counts.Contacts-clustered(o))
	pairs := [4]int64{scoring.AutoMerge: r.Counts.AutoMerge, scoring.Suggest: r.Counts.Suggest, scoring.Review: r.Counts.Review}
	var out outcomes
	for _, b := range []struct {
		label string
		n     [4]int64
	}{{"Contacts", contacts}, {"Clusters", clusters}, {"Pairs found", pairs}} {
		out.Bars = append(out.Bars, newStackedBar(b.label, b.n, len(out.Bars), [4]string{"No duplicate", decisionTitle(scoring.Review), decisionTitle(scoring.Suggest), decisionTitle(scoring.AutoMerge)}))
		out.Desc += fmt.Sprintf("%s: %s ready to merge, %s suggested, %s for review. ", b.label,
			number(b.n[scoring.AutoMerge]), number(b.n[scoring.Suggest]), number(b.n[scoring.Review]))
	}
	out.Height = px(len(out.Bars)*58 - 8)
	out.Legend = []legend{{"auto", "ready to merge"}, {"suggest", "suggested"}, {"review", "for review"}, {"alone", "no duplicate"}}
	return out
}

// newStackedBar draws numbers by decision; titles say what the parts are.
func newStackedBar(label string, n [4]int64, at int, titles [4]string) stackedBar {
	total := n[0] + n[1] + n[2] + n[3]
	b := stackedBar{Label: label, Total: number(total), LabelY: px(at*58 + 12), Y: px(at*58 + 20)}
	x := 0.0
	for _, d := range []scoring.Decision{scoring.AutoMerge, scoring.Suggest, scoring.Review, scoring.NoMatch} {
		if n[d] == 0 {
			continue
		}
		w := figureWidth * float64(n[d]) / float64(total)
		p := part{Class: decisionClass(d), X: px(x), W: px(max(w-1.5, 0.5)), TextX: px(x + 6), Title: fmt.Sprintf("%s: %s (%s)", titles[d], number(n[d]), percent(n[d], total))}
		if text := number(n[d]); w > float64(len(text))*7+10 {
			p.Text = text
		}
		b.Parts = append(b.Parts, p)
		x += w
	}
	return b
}

// decisionClass is the style class that colours a decision.
func decisionClass(d scoring.Decision) string {
	return [...]string{"alone", "review", "suggest", "auto"}[min(int(d), 3)]
}

// histogram is the distribution of match weights over all scored pairs. Pairs of different people outnumber the others so far that on
// one scale nothing else would be seen; bars beyond the axis are therefore torn off, visibly and with a note.
type histogram struct {
	Bars    []histBar
	YTicks  []tick
	XTicks  []tick
	Line    *tick // the threshold
	Note    string
	Desc    string
	Base    px
	Anchor  string
	Present bool
}

type histBar struct {
	Parts []histPart
	Torn  *torn
	Title string
}

type histPart struct {
	Class      string
	X, Y, W, H px
}

type torn struct{ X, Y, W px }

type tick struct {
	At   px
	Text string
}

const (
	histLeft   = 40.0
	histTop    = 16.0
	histHeight = 150.0
)

func newHistogram(r *run.Record, v voice) histogram {
	bins := trimBins(r.Weights)
	if len(bins) == 0 {
		return histogram{}
	}
	top, tallest := histScale(bins)
	h := histogram{Base: histTop + histHeight, Present: true}
	step := (figureWidth - histLeft) / float64(len(bins))
	for i, b := range bins {
		h.Bars = append(h.Bars, newHistBar(b, histLeft+float64(i)*step, step, top, v))
	}
	for _, v := range []float64{0, top / 2, top} {
		h.YTicks = append(h.YTicks, tick{px(histTop + histHeight*(1-v/top)), number(int64(v))})
	}
	lo, hi := bins[0].From, bins[len(bins)-1].To
	scale := func(w float64) px { return px(histLeft + (w-lo)/(hi-lo)*(figureWidth-histLeft)) }
	for w := math.Ceil(lo/10) * 10; w <= hi && scale(w) < figureWidth-8; w += 10 {
		h.XTicks = append(h.XTicks, tick{scale(w), axisNumber(w)})
	}
	if r.Threshold > lo && r.Threshold < hi {
		h.Line = &tick{scale(r.Threshold), "model suggests from " + signed(r.Threshold)}
		h.Anchor = "start"
		if r.Threshold > lo+(hi-lo)*0.6 {
			h.Anchor = "end"
		}
	}
	if float64(tallest) > top {
		h.Note = fmt.Sprintf("Bars with a torn top run past the axis; the tallest stands for %s.", count(tallest, "pair", "pairs"))
	}
	h.Desc = fmt.Sprintf("Histogram of match weights from %s to %s, stacked by decision. Threshold %s.", signed(lo), signed(hi), signed(r.Threshold))
	return h
}

// trimBins drops the empty bins at both ends.
func trimBins(bins []run.Bin) []run.Bin {
	for len(bins) > 0 && binTotal(bins[0]) == 0 {
		bins = bins[1:]
	}
	for len(bins) > 0 && binTotal(bins[len(bins)-1]) == 0 {
		bins = bins[:len(bins)-1]
	}
	return bins
}

func binTotal(b run.Bin) int64 { return b.NoMatch + b.Review + b.Suggest + b.AutoMerge }

func axisNumber(w float64) string {
	if w < 0 {
		return "−" + strconv.Itoa(int(-w))
	}
	return strconv.Itoa(int(w))
}

// histScale chooses the top of the axis: a third above the tallest bin of pairs that were found, or the tallest bin of all when none was.
func histScale(bins []run.Bin) (top float64, tallest int64) {
	found := int64(0)
	for _, b := range bins {
		found = max(found, b.Review+b.Suggest+b.AutoMerge)
		tallest = max(tallest, binTotal(b))
	}
	if found == 0 || float64(tallest) < 3*float64(found) {
		return niceTop(float64(max(tallest, 1))), tallest
	}
	return niceTop(float64(found) * 1.3), tallest
}

// niceTop rounds up to an even number a person would write on an axis.
func niceTop(v float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(max(v, 1))))
	for _, m := range []float64{1, 2, 3, 4, 5, 6, 8, 10} {
		if m*unit >= v {
			return max(2, m*unit)
		}
	}
	return max(2, 10*unit)
}

func newHistBar(b run.Bin, x, step, top float64, v voice) histBar {
	gap := min(2, step/5)
	bar := histBar{Title: fmt.Sprintf("Weight %s to %s: %s %s, %s suggested, %s for review, %s no match",
		signed(b.From), signed(b.To), number(b.AutoMerge), strings.ToLower(v.ExactDecision), number(b.Suggest), number(b.Review), number(b.NoMatch))}
	y := histTop + histHeight
	// What was found stands on the axis, what was not comes on top, so that a torn bar hides nothing of interest.
	for _, p := range []struct {
		class string
		n     int64
	}{{"auto", b.AutoMerge}, {"suggest", b.Suggest}, {"review", b.Review}, {"alone", b.NoMatch}} {
		if p.n == 0 || y <= histTop {
			continue
		}
		h := max(float64(p.n)/top*histHeight, 0.7)
		if y-h < histTop {
			h = y - histTop
		}
		y -= h
		bar.Parts = append(bar.Parts, histPart{p.class, px(x + gap/2), px(y), px(step - gap), px(h)})
	}
	if float64(binTotal(b)) > top {
		bar.Torn = &torn{px(x + gap/2), px(histTop), px(step - gap)}
	}
	return bar
}

// sizes is how many members the clusters have.
type sizes struct {
	Bars    []sizeBar
	Desc    string
	Present bool
}

type sizeBar struct {
	X, Y, W, H, Mid, TextY px
	Label, Count, Title    string
}

// maxSizeBars keeps the labels of the bars apart; larger clusters share the last bar.
const maxSizeBars = 10

func newSizes(r *run.Record) sizes {
	type bar struct {
		label string
		n     int64
	}
	var bars []bar
	for i, s := range r.Sizes {
		if i >= maxSizeBars-1 && len(r.Sizes) > maxSizeBars {
			if i == maxSizeBars-1 {
				bars = append(bars, bar{s.Name + "+", 0})
			}
			bars[len(bars)-1].n += s.Count
			continue
		}
		bars = append(bars, bar{s.Name, s.Count})
	}
	tallest := int64(1)
	for _, b := range bars {
		tallest = max(tallest, b.n)
	}
	out := sizes{Present: len(bars) > 0}
	step := min(figureWidth/float64(max(len(bars), 1)), 56)
	for i, b := range bars {
		h := max(float64(b.n)/float64(tallest)*140, 1)
		x := float64(i) * step
		out.Bars = append(out.Bars, sizeBar{
			X: px(x + 3), W: px(step - 6), Y: px(164 - h), H: px(h), Mid: px(x + step/2), TextY: px(159 - h), Label: visible(b.label), Count: number(b.n),
			Title: fmt.Sprintf("%s of %s contacts", count(b.n, "cluster", "clusters"), visible(b.label)),
		})
		out.Desc += fmt.Sprintf("%s members: %s. ", visible(b.label), number(b.n))
	}
	return out
}
