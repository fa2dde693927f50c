package report

import (
	"bufio"
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"
)

// Quality is a measurement against a known truth, to be drawn.
type Quality struct {
	Source    string  // what was measured
	Version   string  // of the program
	Threshold float64 // in use; a match weight
	TruePairs int64
	Clusters  QualityPoint // of the pairs that suggested clusters imply
	Curves    []QualityCurve
	Missed    []QualityCause
	Note      string // about the measurement as a whole, "" for none
}

// QualityCurve is precision, recall and F1 against the threshold.
type QualityCurve struct {
	Title, Note string
	Points      []QualityPoint // ascending by threshold
	InUse       QualityPoint
	Best        *QualityPoint // of the highest F1; nil when there is none
	Rows        []QualityPoint
}

// QualityPoint is the quality from a threshold on. A share that is not known is not a number.
type QualityPoint struct {
	Threshold, Probability float64
	Predicted, Right       int64
	Precision, Recall, F1  float64
}

// QualityCause is a reason why true pairs were missed.
type QualityCause struct {
	Cause   string
	Pairs   int64
	Reasons []string // reason codes, most frequent first
}

// qualityView is what the template shows.
type qualityView struct {
	CSS      template.CSS
	Source   string
	Version  string
	Sentence string
	Clusters string
	Note     string
	Curves   []qualityCurve
	Missed   barTable
}

type qualityCurve struct {
	Title, Note string
	Curve       *curve
	Rows        []qualityRow
}

type qualityRow struct {
	Threshold, Probability, Predicted, Right, Precision, Recall, F1 string
	Used, Best                                                      bool
}

// WriteQuality writes the measurement as one self-contained page, under the same policy as the report: no script, nothing fetched.
func WriteQuality(w io.Writer, q Quality) error {
	tmpl, css, err := parsePages()
	if err != nil {
		return err
	}
	v := qualityView{CSS: css, Source: q.Source, Version: q.Version, Sentence: qualitySentence(q), Note: q.Note, Clusters: clustersSentence(q.Clusters), Missed: missedTable(q)}
	for i, c := range q.Curves {
		v.Curves = append(v.Curves, newQualityCurve(fmt.Sprintf("q%d", i+1), c, q.Threshold))
	}
	buf := bufio.NewWriterSize(w, 1<<16)
	if err := tmpl.ExecuteTemplate(buf, "quality.tmpl", v); err != nil {
		return err
	}
	return buf.Flush()
}

// qualitySentence sums the measurement up by its first curve.
func qualitySentence(q Quality) string {
	if len(q.Curves) == 0 {
		return "Nothing was measured."
	}
	c := q.Curves[0]
	s := fmt.Sprintf("Pair by pair, at the threshold in use, %s, %s of what was found is right, and %s of the %s were found.",
		signed(q.Threshold), sharePercent(c.InUse.Precision), sharePercent(c.InUse.Recall), count(q.TruePairs, "true pair", "true pairs"))
	if c.Best != nil && !math.IsNaN(c.InUse.F1) {
		if gain := c.Best.F1 - c.InUse.F1; gain >= 0.0005 {
			s += fmt.Sprintf(" The best threshold would have been %s: F1 %s instead of %s.", signed(c.Best.Threshold), sharePercent(c.Best.F1), sharePercent(c.InUse.F1))
		} else {
			s += fmt.Sprintf(" No other threshold has a clearly better F1 than this one's %s.", sharePercent(c.InUse.F1))
		}
	}
	return s
}

// clustersSentence says what the clusters make of the pairs: two contacts that a third joins are a pair as well.
func clustersSentence(p QualityPoint) string {
	if math.IsNaN(p.F1) || p.Predicted == 0 {
		return ""
	}
	return fmt.Sprintf("In the suggested clusters, which join contacts through others as well: precision %s, recall %s, F1 %s.",
		sharePercent(p.Precision), sharePercent(p.Recall), sharePercent(p.F1))
}

func newQualityCurve(id string, c QualityCurve, threshold float64) qualityCurve {
	out := qualityCurve{Title: c.Title, Note: c.Note}
	lines := []series{{class: "precision", label: "precision"}, {class: "recall", label: "recall"}, {class: "f1", label: "F1"}}
	for _, p := range c.Points {
		for i, v := range []float64{p.Precision, p.Recall, p.F1} {
			if !math.IsNaN(v) {
				lines[i].at, lines[i].value = append(lines[i].at, p.Threshold), append(lines[i].value, v)
			}
		}
	}
	moments := []moment{{threshold, "in use " + signed(threshold)}}
	if c.Best != nil {
		moments = append(moments, moment{c.Best.Threshold, "best F1 " + signed(c.Best.Threshold)})
	}
	if len(lines[2].at) > 1 {
		drawn := newCurve(id, c.Title, lines, moments)
		drawn.Desc = fmt.Sprintf("Precision, recall and F1 against thresholds from %s to %s. %s", signed(c.Points[0].Threshold), signed(c.Points[len(c.Points)-1].Threshold), pointText("In use", c.InUse))
		if c.Best != nil {
			drawn.Desc += " " + pointText("Best", *c.Best)
		}
		out.Curve = &drawn
	}
	for _, p := range c.Rows {
		out.Rows = append(out.Rows, qualityRow{
			Threshold: signed(p.Threshold), Probability: chance(p.Threshold), Predicted: number(p.Predicted), Right: number(p.Right),
			Precision: sharePercent(p.Precision), Recall: sharePercent(p.Recall), F1: sharePercent(p.F1),
			Used: p.Threshold == threshold, Best: c.Best != nil && p.Threshold == c.Best.Threshold,
		})
	}
	return out
}

func pointText(name string, p QualityPoint) string {
	return fmt.Sprintf("%s, %s: precision %s, recall %s, F1 %s.", name, signed(p.Threshold), sharePercent(p.Precision), sharePercent(p.Recall), sharePercent(p.F1))
}

// missedTable lists why true pairs were missed.
func missedTable(q Quality) barTable {
	t := barTable{Title: "Why true pairs were missed", Head: "Cause"}
	largest := int64(1)
	for _, c := range q.Missed {
		largest = max(largest, c.Pairs)
	}
	for _, c := range q.Missed {
		t.Rows = append(t.Rows, barRow{Name: causeText(c.Cause), Code: reasonTexts(c.Reasons), Count: number(c.Pairs), W: share(c.Pairs, largest)})
	}
	return t
}

// reasonTexts are the first few reasons in words.
func reasonTexts(names []string) string {
	const shown = 3
	var texts []string
	for _, n := range names[:min(len(names), shown)] {
		texts = append(texts, visible(reasonText(n)))
	}
	return strings.Join(texts, "; ")
}

// causeText is why a true pair was missed, in words.
func causeText(cause string) string {
	switch cause {
	case "review":
		return "a supervisor is asked"
	case "cut":
		return "cut off its cluster"
	case "below_threshold":
		return "below the threshold"
	case "no_match":
		return "kept apart by a rule"
	case "not_blocked":
		return "never compared"
	case "unknown":
		return "not known"
	}
	return visible(strings.ReplaceAll(cause, "_", " "))
}
