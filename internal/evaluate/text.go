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
		fmt.Fprintf(&b, "\nmissed      %d true pairs: %d asked of a supervisor, %d cut from a suggestion, %d compared and not matched, %d never compared",
			m.Pairs, m.Review, m.Cut, m.NoMatch, m.NotBlocked)
		if m.Unknown > 0 {
			fmt.Fprintf(&b, ", %d for a reason not known", m.Unknown)
		}
		b.WriteString("\n")
	}
	_, err := io.WriteString(out, b.String())
	return err
}
