package report

import (
	"fmt"
	"math"
	"slices"

	"github.com/contactmerge/contactmerge/internal/run"
)

// expected is what the model expects of the run without labels: how right its suggestions are, and what it missed.
type expected struct {
	Precision string // in words
	Recall    string
	Blocking  string
	Curve     *curve
	Rows      []expectedRow
	Linking   bool
}

type expectedRow struct {
	Threshold, Probability, Pairs, Precision, Recall string
	Used                                             bool
}

// newExpected is nil when the run made no estimate.
func newExpected(r *run.Record) *expected {
	e := r.Estimate
	if e == nil {
		return nil
	}
	x := &expected{Precision: upperFirst(rightOf(e.Precision)) + ".", Recall: recallText(e), Blocking: upperFirst(missedText(e)) + "."}
	if len(e.Cuts) > 1 {
		precision := series{class: "precision", label: "precision"}
		recall := series{class: "recall", label: "recall"}
		for _, c := range e.Cuts {
			precision.at, precision.value = append(precision.at, c.Threshold), append(precision.value, c.Precision)
			recall.at, recall.value = append(recall.at, c.Threshold), append(recall.value, c.Recall)
		}
		c := newCurve("f4", "Expected precision and recall", []series{precision, recall}, []moment{{r.Threshold, "threshold " + signed(r.Threshold)}})
		c.Desc = fmt.Sprintf("Expected precision and recall against thresholds from %s to %s. At the threshold of this run, %s: precision %s, recall %s.",
			signed(e.Cuts[0].Threshold), signed(e.Cuts[len(e.Cuts)-1].Threshold), signed(r.Threshold), sharePercent(e.Precision), sharePercent(e.Recall))
		x.Curve = &c
	}
	x.Rows = expectedRows(e.Cuts, r.Threshold)
	return x
}

// expectedLine is the estimate in one sentence, "" without one.
func expectedLine(r *run.Record) string {
	if r.Estimate == nil {
		return ""
	}
	return rightOf(r.Estimate.Precision) + "; " + missedText(r.Estimate)
}

// rightOf says a precision as people count: of so many suggestions, so many are right. The whole is as large as it takes to see the wrong ones.
func rightOf(precision float64) string {
	if math.IsNaN(precision) || precision <= 0 {
		return "none of the suggestions is expected to be right"
	}
	for _, whole := range []float64{100, 1000, 10_000} {
		if right := math.Round(precision * whole); right <= whole-1 {
			return fmt.Sprintf("of %s suggestions, %s are expected to be right", number(int64(whole)), number(int64(right)))
		}
	}
	return "of 10,000 suggestions, fewer than one is expected to be wrong"
}

func recallText(e *run.Estimate) string {
	return fmt.Sprintf("About %s of contacts are one person; %s of them reach the threshold.",
		count(round(e.Matches), "pair", "pairs"), sharePercent(e.Recall))
}

// missedText says what blocking lost: of the true matches that the scorer would recognise, since of others no rule's pairs could tell.
func missedText(e *run.Estimate) string {
	if round(e.MissedHigh) == 0 && round(e.Missed) == 0 {
		return "blocking is expected to have missed no true match that the scorer would recognise"
	}
	if round(e.Missed) == 0 {
		return fmt.Sprintf("blocking is expected to have missed hardly any true match that the scorer would recognise (%s at most)", number(round(e.MissedHigh)))
	}
	s := "blocking is expected to have missed about " + number(round(e.Missed))
	if e.MissedHigh > e.MissedLow {
		s += fmt.Sprintf(" (%s to %s)", number(round(e.MissedLow)), number(round(e.MissedHigh)))
	}
	s += " true match"
	if round(e.Missed) != 1 {
		s += "es"
	}
	return s + fmt.Sprintf(" that the scorer would recognise; %s of all such matches were compared", sharePercent(e.Completeness))
}

// round makes an expected number one of things.
func round(v float64) int64 {
	if math.IsNaN(v) || v < 0 {
		return 0
	}
	return int64(math.Round(min(v, 1e15)))
}

// expectedRows is a table of few enough thresholds to read, the one in use among them.
func expectedRows(cuts []run.Cut, threshold float64) []expectedRow {
	const shown = 9
	if len(cuts) == 0 {
		return nil
	}
	at := make([]float64, len(cuts))
	for i, c := range cuts {
		at[i] = c.Threshold
	}
	used, _ := nearest(at, threshold)
	keep := []int{used}
	for k := range shown {
		keep = append(keep, k*(len(cuts)-1)/(shown-1))
	}
	slices.Sort(keep)
	var out []expectedRow
	for _, i := range slices.Compact(keep) {
		c := cuts[i]
		out = append(out, expectedRow{
			Threshold: signed(c.Threshold), Probability: chance(c.Threshold), Pairs: number(c.Pairs),
			Precision: sharePercent(c.Precision), Recall: sharePercent(c.Recall), Used: i == used && math.Abs(c.Threshold-threshold) < 0.05,
		})
	}
	return out
}
