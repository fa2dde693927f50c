package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/contactmerge/contactmerge/blocking"
	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/run"
)

// barTable is a list of counts with a bar each.
type barTable struct {
	Title, Head string
	Note        string
	Rows        []barRow
	More        string
}

type barRow struct {
	Name  string
	Code  string
	Count string
	W     px // of 100
}

func newBarTable(title, head, note string, counts []run.Count, words func(string) string) barTable {
	const shown = 12
	t := barTable{Title: title, Head: head, Note: note}
	counts = slices.Clone(counts)
	slices.SortStableFunc(counts, func(x, y run.Count) int { return cmp.Compare(y.Count, x.Count) })
	largest := int64(1)
	for i, c := range counts {
		largest = max(largest, c.Count)
		if i == shown {
			t.More = fmt.Sprintf("%s more in run.json", number(int64(len(counts)-shown)))
			break
		}
		t.Rows = append(t.Rows, barRow{visible(words(c.Name)), visible(c.Name), number(c.Count), share(c.Count, largest)})
	}
	return t
}

// share is the length of a bar of 100; what is not zero is seen.
func share(n, largest int64) px {
	if n <= 0 || largest <= 0 {
		return 0
	}
	return px(max(100*float64(n)/float64(largest), 0.6))
}

// newQuality lists what the input was like: identities, and all that could not be used.
func newQuality(r *run.Record) []barTable {
	channel := func(s string) string { return strings.ReplaceAll(s, "_", " ") }
	return []barTable{
		newBarTable("Identities by channel", "Channel", "", r.Identities, channel),
		newBarTable("Identities that are no evidence", "Why", "They stay with their contacts, but never bring two together.", r.Unusable, statusText),
		newBarTable("Rows and values set aside", "Reason", "Each with its row and the start of its text in quarantine.csv.", r.Rejected, rejectText),
	}
}

// shared lists the values in too many hands to prove anything.
type shared struct {
	Rows []sharedRow
	More string
}

type sharedRow struct {
	Kind, Value, Contacts, Names string
	W                            px
}

func newShared(o *cluster.Outcome) shared {
	const shown = 12
	var s shared
	for i, v := range o.Shared {
		if i == shown {
			s.More = number(int64(len(o.Shared)-shown)) + " more in shared_identities.csv"
			break
		}
		s.Rows = append(s.Rows, sharedRow{
			Kind: strings.ReplaceAll(o.Table.KeySpace(v.Key).String(), "_", " "), Value: visibleCut(o.Table.KeyText(v.Key), 60),
			Contacts: number(int64(v.Contacts)), Names: number(int64(v.Names)), W: share(int64(v.Contacts), int64(o.Shared[0].Contacts)),
		})
	}
	return s
}

// ruleTable is the statistics of the blocking rules.
type ruleTable struct {
	Rows    []ruleRow
	Pairs   string
	Skipped string // "" when nothing was left out
}

type ruleRow struct {
	Name, Description                    string
	Contacts, Keys, Pairs, New, Largest  string
	Oversized, SkippedBlocks, SkippedSum string
	Flag                                 string
	PairW, NewW                          px
	Title                                string
}

func newRules(r *run.Record, o *cluster.Outcome) ruleTable {
	stats := r.Rules
	if len(stats) == 0 {
		stats = o.Rules
	}
	t := ruleTable{Pairs: number(r.Counts.Pairs)}
	largest, skipped := int64(1), int64(0)
	for _, s := range stats {
		largest = max(largest, s.Pairs)
		skipped += s.SkippedPairs
	}
	for _, s := range stats {
		t.Rows = append(t.Rows, newRuleRow(s, largest))
	}
	if skipped > 0 {
		t.Skipped = fmt.Sprintf("%s in blocks that stayed over the limit, or of which a sample showed that they bring too little, were not compared under their rule; another rule may still have found them.",
			count(skipped, "pair", "pairs"))
	}
	return t
}

func newRuleRow(s blocking.Stats, largest int64) ruleRow {
	row := ruleRow{
		Name: visible(s.Rule), Description: visible(s.Description), Contacts: number(s.Contacts), Keys: number(s.Keys), Pairs: number(s.Pairs),
		New: number(s.NewPairs), Largest: number(s.LargestBlock), Oversized: number(s.OversizedBlocks), SkippedBlocks: number(s.SkippedBlocks),
		SkippedSum: number(s.SkippedPairs), PairW: share(s.Pairs, largest), NewW: share(s.NewPairs, largest),
		Title: fmt.Sprintf("%s, %s of them new", count(s.Pairs, "pair", "pairs"), number(s.NewPairs)),
	}
	if s.OverBudget {
		row.Flag = "over the pair budget"
	}
	return row
}

// stageTable is where the time went.
type stageTable struct {
	Rows  []stageRow
	Total string
}

type stageRow struct {
	Name, Items, Rate, Seconds, CPU, Share string
	X, W                                   px // of 100
	Class                                  string
}

func newStages(r *run.Record) stageTable {
	t := stageTable{Total: seconds(r.Seconds)}
	whole := r.Seconds
	sum, slowest := 0.0, 0.0
	for _, s := range r.Stages {
		sum += s.Seconds
		slowest = max(slowest, s.Seconds)
	}
	whole = max(whole, sum)
	if whole <= 0 {
		whole = 1
	}
	at := 0.0
	for _, s := range r.Stages {
		row := stageRow{
			Name: visible(s.Name), Items: number(s.Items) + " " + visible(s.Unit), Seconds: seconds(s.Seconds), CPU: seconds(s.CPU),
			Share: fmt.Sprintf("%.0f%%", s.Share*100), X: px(100 * at / whole), W: px(max(100*s.Seconds/whole, 0.6)), Class: "time",
		}
		if s.Seconds == slowest {
			row.Class = "time slowest"
		}
		if s.Seconds > 0 && s.Items > 0 {
			row.Rate = rate(float64(s.Items)/s.Seconds) + "/s"
		}
		t.Rows = append(t.Rows, row)
		at += s.Seconds
	}
	return t
}

// rate rounds to two or three digits: more would be noise.
func rate(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%.1f M", v/1e6)
	case v >= 1e4:
		return fmt.Sprintf("%.0f k", v/1e3)
	case v >= 1e3:
		return fmt.Sprintf("%.1f k", v/1e3)
	}
	return fmt.Sprintf("%.0f", v)
}

// columnRow is how a column of the source was understood.
type columnRow struct{ Name, Field, How, Class string }

func newColumns(o *cluster.Outcome) []columnRow {
	layout := o.Table.Layout()
	var out []columnRow
	own := []contact.Side{{Contacts: layout.Contacts, Identities: layout.Identities}}
	if linking(o) {
		own = layout.Sides
	}
	for s, side := range own {
		prefix := ""
		if linking(o) {
			prefix = contact.SideName(uint8(s)) + ": "
		}
		out = append(out, columnRows(prefix, slices.Concat(side.Contacts, side.Identities))...)
	}
	return out
}

func columnRows(prefix string, columns []contact.Column) []columnRow {
	var out []columnRow
	for _, c := range columns {
		row := columnRow{Name: prefix + visibleCut(c.Name, 60), Field: visible(fieldText(c)), How: visible(howText(c.How))}
		if c.Field == contact.FieldIgnore || c.How == "default" {
			row.Class = "muted"
		}
		out = append(out, row)
	}
	return out
}
