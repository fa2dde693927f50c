package evaluate

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// WriteText prints the measures for people. Wrong pairs are not printed: their explanations belong beside them.
func (r Report) WriteText(out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "truth       %d of %d contacts are labelled: %d persons, %d true pairs\n", r.Labelled, r.Contacts, r.Persons, r.TruePairs)
	if r.Absent > 0 {
		fmt.Fprintf(&b, "            %d contacts of the truth are not in the run; %d true pairs are lost with them and counted nowhere below\n", r.Absent, r.AbsentPairs)
	}
	fmt.Fprintf(&b, "blocking    %d candidate pairs of %d: pair completeness %s, reduction ratio %s\n\n",
		r.Blocking.CandidatePairs, r.Blocking.PossiblePairs, r.Blocking.PairCompleteness, r.Blocking.ReductionRatio)

	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	line := func(cells ...any) {
		for _, c := range cells {
			fmt.Fprint(t, c, "\t")
		}
		fmt.Fprintln(t)
	}
	line("decision", "pairs", "right", "wrong", "not judged", "precision", "95 % low", "95 % high")
	for _, d := range r.Decisions {
		line(d.Decision, d.Pairs, d.Right, d.Wrong, d.Unjudged, d.Precision, d.Low, d.High)
	}
	line("")
	line("down to", "by", "predicted", "right", "precision", "recall", "F1")
	for _, l := range r.Edges {
		line(l.Level, "scored pairs", l.Pairs.Predicted, l.Pairs.Right, l.Pairs.Precision, l.Pairs.Recall, l.Pairs.F1)
	}
	for _, c := range r.Clusters {
		line(c.Level, "pairs in clusters", c.Pairs.Predicted, c.Pairs.Right, c.Pairs.Precision, c.Pairs.Recall, c.Pairs.F1)
	}
	for _, c := range r.Clusters {
		line(c.Level, "B-cubed", "", "", c.BCubed.Precision, c.BCubed.Recall, c.BCubed.F1)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if m := r.Missed; m != nil {
		fmt.Fprintf(&b, "\nmissed      %d true pairs: %d asked of a supervisor, %d cut from a suggestion, %d compared and not matched (%d only for the threshold), %d never compared",
			m.Pairs, m.Review, m.Cut, m.NoMatch, m.Below, m.NotBlocked)
		if m.Unknown > 0 {
			fmt.Fprintf(&b, ", %d for a reason not known", m.Unknown)
		}
		b.WriteString("\n")
		for _, c := range m.ByCause {
			fmt.Fprintf(&b, "            %-16s%d%s\n", c.Cause, c.Pairs, because(c.Reasons))
		}
		if m.Lost > 0 {
			fmt.Fprintf(&b, "            of the pairs never compared, a run would have found %d\n", m.Lost)
		}
	}
	if r.Sweep != nil {
		if err := r.Sweep.text(&b); err != nil {
			return err
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// shownReasons bounds the reasons told per cause; the JSON has all.
const shownReasons = 4

// because lists the most frequent reasons of a cause.
func because(reasons []ReasonCount) string {
	var parts []string
	for _, r := range reasons[:min(len(reasons), shownReasons)] {
		parts = append(parts, fmt.Sprintf("%s %d", r.Reason, r.Pairs))
	}
	if len(parts) == 0 {
		return ""
	}
	return "  (" + strings.Join(parts, ", ") + ")"
}

// text prints the quality at other thresholds.
func (s *Sweep) text(b *strings.Builder) error {
	b.WriteString("\nthreshold   what a run would find; pairs that a rule decides stay at every threshold")
	if s.From == s.Threshold {
		b.WriteString("; nobody looked below the one in use")
	}
	b.WriteString("\n\n")
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "match weight\tprobability\tpredicted\tright\tprecision\trecall\tF1\t\n")
	for _, p := range s.Policy.Table() {
		mark := ""
		if p.Threshold == s.Threshold {
			mark = "  in use"
		}
		if s.Policy.Best != nil && p.Threshold == s.Policy.Best.Threshold {
			mark += "  best"
		}
		fmt.Fprintf(t, "%.2f\t%.6f\t%d\t%d\t%s\t%s\t%s\t%s\n", p.Threshold, p.Probability, p.Predicted, p.Right, p.Precision, p.Recall, p.F1, mark)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	w := s.Weight
	fmt.Fprintf(b, "\nby weight   without the rules, at the threshold in use: precision %s, recall %s, F1 %s", w.InUse.Precision, w.InUse.Recall, w.InUse.F1)
	if w.Best != nil {
		fmt.Fprintf(b, "; best at %.2f: precision %s, recall %s, F1 %s", w.Best.Threshold, w.Best.Precision, w.Best.Recall, w.Best.F1)
	}
	b.WriteString("\n")
	return nil
}
