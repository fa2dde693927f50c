package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/run"
)

// summaryRows bounds the lists of the summary, so that all of it stays on one screen.
const summaryRows = 8

// shownWarnings bounds the notes of the summary; the report has all of them.
const shownWarnings = 5

// noteRunes is how much of a note is shown: more than of a value, for notes are sentences.
const noteRunes = 400

func note(s string) string { return visibleCut(s, noteRunes) }

// Summary prints what a person wants to know after a run: what came in, what was found and who acts on it, how pairs were found, what
// could not be used, and where the time went. Colour is for terminals only and never carries meaning alone.
func Summary(w io.Writer, o *cluster.Outcome, r *run.Record, color bool) error {
	p := &printer{color: color}
	p.line(p.bold(sentence(o, r)))
	p.line(p.faint(visible(r.Source) + ": " + recognised(o.Table.Columns())))
	for _, a := range alarms(r) {
		p.line(p.paint(red, "! ") + a)
	}
	p.warnings(r)
	p.outcomes(o, r)
	p.rules(r, o)
	p.unusable(r)
	p.stages(r)
	_, err := io.WriteString(w, p.b.String())
	return err
}

// warnings are the first notes on the input, which are the gravest.
func (p *printer) warnings(r *run.Record) {
	for _, warning := range r.Warnings[:min(len(r.Warnings), shownWarnings)] {
		p.line("! " + note(warning))
	}
	if more := len(r.Warnings) - shownWarnings; more > 0 {
		p.line("! " + count(more, "more note", "more notes") + " in report.html")
	}
}

// recognised sums up what the columns were taken for.
func recognised(cols []contact.Column) string {
	var parts []string
	other, ignored := 0, 0
	for _, c := range cols {
		switch c.Field {
		case contact.FieldCustom:
			other++
		case contact.FieldIgnore:
			ignored++
		default:
			field := visibleCut(string(c.Field), 30)
			if c.Field == contact.FieldIdentity {
				field = visibleCut(string(c.Channel), 30)
			}
			if field == c.Name {
				parts = append(parts, visibleCut(c.Name, 30))
			} else {
				parts = append(parts, visibleCut(c.Name, 30)+"="+field)
			}
		}
	}
	if other > 0 {
		parts = append(parts, count(other, "other field", "other fields"))
	}
	if ignored > 0 {
		parts = append(parts, count(ignored, "field carried along", "fields carried along"))
	}
	return strings.Join(parts, ", ")
}

// The colours of a terminal.
const (
	red    = "31"
	yellow = "33"
	blue   = "34"
	purple = "35"
)

// printer collects lines and tables.
type printer struct {
	b     strings.Builder
	color bool
}

func (p *printer) paint(code, s string) string {
	if !p.color {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p *printer) bold(s string) string { return p.paint("1", s) }

func (p *printer) faint(s string) string { return p.paint("2", s) }

func (p *printer) line(s string) { p.b.WriteString(s + "\n") }

// table prints rows in columns; those with an upper-case letter in align are text, left-aligned, the others numbers, right-aligned.
func (p *printer) table(align string, head []string, rows [][]string) {
	width := make([]int, len(align))
	for _, row := range append([][]string{head}, rows...) {
		for i, c := range row {
			width[i] = max(width[i], utf8.RuneCountInString(c))
		}
	}
	text := func(row []string) string {
		var b strings.Builder
		for i, c := range row {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(c))
			if align[i] == 'L' {
				b.WriteString("  " + c + pad)
			} else {
				b.WriteString("  " + pad + c)
			}
		}
		return strings.TrimRight(b.String(), " ")
	}
	p.line(p.faint(text(head)))
	for _, row := range rows {
		p.line(text(row))
	}
}

// outcomes is who acts on what.
func (p *printer) outcomes(o *cluster.Outcome, r *run.Record) {
	c := r.Counts
	open := len(reviewEdges(o, clusterIndex(o)))
	ready := count(c.MergeSteps, "group ready to merge", "groups ready to merge") + ", " + count(c.MergeLosers, "duplicate goes away", "duplicates go away")
	if parts := c.MergeSteps - c.AutoClusters; parts > 0 {
		ready += "; " + count(parts, "group is part of a suggested cluster", "groups are part of suggested clusters")
	}
	p.line("")
	for _, x := range []struct{ code, label, what string }{
		{blue, "auto_merge", ready},
		{yellow, "suggest", count(c.SuggestCluster, "cluster", "clusters") + " for the data team"},
		{purple, "review", count(c.ReviewClusters, "cluster", "clusters") + " and " + count(open, "open pair", "open pairs") + " for a supervisor"},
	} {
		p.line("  " + p.paint(x.code, fmt.Sprintf("%-11s", x.label)) + x.what)
	}
	p.line(fmt.Sprintf("  %-11s%s auto_merge, %s suggest, %s review of %s compared", "pairs", number(c.AutoMerge), number(c.Suggest), number(c.Review), number(c.Pairs)))
	p.expected(r)
	if c.SharedValues > 0 {
		p.line(fmt.Sprintf("  %-11s%s in too many hands to prove anything", "shared", count(c.SharedValues, "identity", "identities")))
	}
}

// expected is the model's own forecast: how right suggestions are, and what blocking lost.
func (p *printer) expected(r *run.Record) {
	if e := r.Estimate; e != nil {
		p.line(fmt.Sprintf("  %-11s%s;", "expected", rightOf(e.Precision)))
		p.line(fmt.Sprintf("  %-11s%s", "", missedText(e)))
	}
}

// rules lists the blocking rules that made pairs.
func (p *printer) rules(r *run.Record, o *cluster.Outcome) {
	stats := r.Rules
	if len(stats) == 0 {
		stats = o.Rules
	}
	var rows [][]string
	idle := 0
	for _, s := range stats {
		if s.Pairs == 0 && !s.OverBudget && s.SkippedBlocks == 0 || len(rows) == summaryRows+4 {
			idle++
			continue
		}
		rows = append(rows, []string{visible(s.Rule), number(s.Contacts), number(s.Keys), number(s.Pairs), number(s.NewPairs), number(s.LargestBlock), number(s.OversizedBlocks), number(s.SkippedBlocks)})
	}
	if len(rows) == 0 {
		return
	}
	p.line("")
	p.table("Lnnnnnnn", []string{"blocking rule", "contacts", "keys", "pairs", "new pairs", "largest block", "oversized", "skipped"}, rows)
	if idle > 0 {
		p.line(p.faint("  " + count(idle, "more rule", "more rules") + " in report.html"))
	}
}

// unusable lists what was set aside, by reason.
func (p *printer) unusable(r *run.Record) {
	if len(r.Rejected) == 0 && len(r.Unusable) == 0 {
		return
	}
	list := func(counts []run.Count, words func(string) string) string {
		var parts []string
		for i, c := range counts {
			if i == summaryRows {
				parts = append(parts, "…")
				break
			}
			parts = append(parts, number(c.Count)+" "+visible(words(c.Name)))
		}
		return strings.Join(parts, ", ")
	}
	p.line("")
	if len(r.Rejected) > 0 {
		p.line(fmt.Sprintf("  set aside: %s, %s (%s)", count(r.Counts.Rejected, "row", "rows"), count(r.Counts.RejectedValues, "value", "values"), list(r.Rejected, rejectText)))
	}
	if len(r.Unusable) > 0 {
		p.line("  identities that are no evidence: " + list(r.Unusable, func(s string) string { return s }))
	}
}

// stages says where the time went, in one line.
func (p *printer) stages(r *run.Record) {
	var parts []string
	for _, s := range r.Stages {
		parts = append(parts, fmt.Sprintf("%s %s (%.0f%%)", visible(s.Name), seconds(s.Seconds), s.Share*100))
	}
	p.line("")
	line := "  took " + seconds(r.Seconds)
	if r.PeakMemory > 0 {
		line += ", " + bytesText(r.PeakMemory) + " at the peak"
	}
	p.line(line)
	if len(parts) > 0 {
		p.line(p.faint("  " + strings.Join(parts, " · ")))
	}
}
