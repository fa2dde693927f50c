package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/contactmerge/contactmerge/scoring"
)

// ExplainText prints the explanation of a pair: the decision and the rule it came from, every reason in words, then the weights that
// add up, comparison by comparison.
func ExplainText(w io.Writer, e scoring.Explanation) error {
	return explainText(w, e, whoDecides(e.Decision))
}

// ExplainLink is ExplainText for a pair of a record and a contact, which are linked and not merged.
func ExplainLink(w io.Writer, e scoring.Explanation) error {
	if e.Decision == scoring.AutoMerge {
		return explainText(w, e, linkedUnasked)
	}
	return ExplainText(w, e)
}

func explainText(w io.Writer, e scoring.Explanation, who string) error {
	p := &printer{}
	p.line(fmt.Sprintf("%s and %s: %s (%s)", visible(e.A), visible(e.B), e.Decision, who))
	if e.Rung != "" {
		p.line("decided by " + rungTitle(e.Rung))
	}
	p.line(fmt.Sprintf("match weight %s, match probability %s", fixed(e.Weight, 4), fixed(e.Probability, 6)))
	p.line("")
	p.reasons(e.Reasons)
	rows := [][]string{{"starting point", "any two contacts", "", "", fixed(e.Prior, 4), "", ""}}
	for _, c := range e.Comparisons {
		m, u, weight := chanceOf(c.M), chanceOf(c.U), fixed(c.Weight, 4)
		if c.M == 0 && c.U == 0 { // the null level: no evidence either way
			m, u, weight = "", "", "0"
		}
		rows = append(rows, []string{comparisonName(c), visible(c.Level), m, u, weight, orDash(c.A), orDash(c.B)})
		if c.Frequency != 0 {
			rows = append(rows, []string{"", frequencyText(c.Frequency), "", "", fixed(c.Frequency, 4), "", ""})
		}
	}
	if e.Relatives != 0 {
		rows = append(rows, []string{"relatives", relativesText, "", "", fixed(e.Relatives, 4), "", ""})
	}
	rows = append(rows, []string{"match weight", "", "", "", fixed(e.Weight, 4), "", ""})
	p.table("LLnnnLL", []string{"comparison", "level", "m", "u", "weight", visibleCut(e.A, 30), visibleCut(e.B, 30)}, rows)
	p.line("")
	if len(e.Rules) == 0 {
		p.line("no blocking rule proposes this pair: a run would not compare it")
	} else {
		p.line("proposed by " + strings.Join(visibleAll(e.Rules), ", ") + "; match key " + visible(e.MatchKey))
	}
	_, err := io.WriteString(w, p.b.String())
	return err
}

// reasons lists reason codes with their words, what speaks against first.
func (p *printer) reasons(names []string) {
	var rows [3][]string
	for _, n := range names {
		s := caution
		for _, row := range reasonTable {
			if row.code.Names()[0] == n {
				s = row.side
			}
		}
		rows[s] = append(rows[s], fmt.Sprintf("  %s %-27s %s", s.sign(), visible(n), visible(reasonText(n))))
	}
	for _, list := range rows {
		for _, line := range list {
			p.line(line)
		}
	}
	if len(names) > 0 {
		p.line("")
	}
}

func visibleAll(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = visible(s)
	}
	return out
}

func frequencyText(f float64) string {
	if f > 0 {
		return "rarer than the average value"
	}
	return "commoner than the average value"
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return visibleCut(s, 40)
}

// rungTitle names the rule of the policy that decided; numbered rules are those of the written policy.
func rungTitle(rung string) string {
	if rung != "" && rung[0] >= '0' && rung[0] <= '9' {
		return "rule " + visible(rung)
	}
	return visible(rung)
}

func comparisonName(c scoring.ComparisonResult) string { return comparisonTitle(c.Comparison) }

// comparisonTitle is the name of a comparison for people.
func comparisonTitle(name string) string { return visible(strings.ReplaceAll(name, "_", " ")) }

// chanceOf writes m and u so that they align.
func chanceOf(p float64) string {
	if p > 0 && p < 0.0001 {
		return "under 0.0001"
	}
	return fixed(p, 4)
}
