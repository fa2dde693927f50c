package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/link"
	"github.com/contactmerge/contactmerge/internal/run"
	"github.com/contactmerge/contactmerge/scoring"
)

// contactFirst is an outcome in which the contact stands before its records.
func contactFirst(o *cluster.Outcome) *cluster.Outcome {
	shown := *o
	shown.Clusters = slices.Clone(o.Clusters)
	for i := range shown.Clusters {
		c := &shown.Clusters[i]
		if o.Table.Side(c.Survivor) == contact.Right {
			continue
		}
		if k := slices.IndexFunc(c.Members, func(m contact.Row) bool { return o.Table.Side(m) == contact.Right }); k >= 0 {
			c.Survivor = c.Members[k]
		}
	}
	return &shown
}

// linkHead is the head of a page about links.
func linkHead(h head, o *cluster.Outcome, r *run.Record, res *link.Result) head {
	c, sides := countLinks(o, res), o.Table.Layout().Sides
	h.Title = "Records of "
	h.Source, h.Against = sides[contact.Left].Name, sides[contact.Right].Name
	h.Sentence = linkSentence(c)
	h.Tiles = []tile{
		{"", number(int64(c.Left)), "records looked up", "among " + count(c.Right, "contact", "contacts")},
		{"", number(int64(c.Linked)), "records linked", "to " + count(c.Contacts, "contact", "contacts")},
		{"auto", number(c.AutoMerge), "links by exact identity", count(c.Updates, "value", "values") + " for " + count(c.Updated, "contact", "contacts")},
		{"suggest", number(c.Suggest), "links for the data team", "suggested, to confirm"},
		{"review", number(c.Review), "links for supervisors", count(c.Ambiguous, "record has", "records have") + " no single best contact"},
		{"", number(int64(c.New)), "records match nobody", count(r.Counts.Rejected, "row", "rows") + " could not be used"},
	}
	return h
}

// linkSentence sums linking up.
func linkSentence(c linkCounts) string {
	s := fmt.Sprintf("%s of %s are linked to %s.", number(int64(c.Linked)), count(c.Left, "record", "records"), count(c.Contacts, "contact", "contacts"))
	if c.New > 0 {
		s += " " + upperFirst(count(c.New, "matches", "match")) + " nobody."
	}
	return s
}

// linkOutcomes counts every record by its best link, and every link.
func linkOutcomes(o *cluster.Outcome, res *link.Result) outcomes {
	var links, records [4]int64
	best := map[contact.Row]scoring.Decision{}
	for _, d := range res.Ambiguous {
		best[d.Left] = scoring.Review
	}
	for _, l := range res.Links {
		d := o.Edges[l.Edge].Decision
		links[d]++
		if _, doubted := best[l.Left]; !doubted && l.Rank == 1 {
			records[d]++
		}
	}
	records[scoring.Review] += int64(len(best))
	records[scoring.NoMatch] = max(0, int64(o.Table.SideLen(contact.Left))-records[scoring.AutoMerge]-records[scoring.Suggest]-records[scoring.Review])
	var out outcomes
	for _, b := range []struct {
		label string
		n     [4]int64
	}{{"Records", records}, {"Links", links}} {
		out.Bars = append(out.Bars, newStackedBar(b.label, b.n, len(out.Bars), [4]string{"Match nobody", "A question, or no single best contact", "Suggested", "Linked by exact identity"}))
		out.Desc += fmt.Sprintf("%s: %s linked by exact identity, %s suggested, %s in question. ", b.label,
			number(b.n[scoring.AutoMerge]), number(b.n[scoring.Suggest]), number(b.n[scoring.Review]))
	}
	out.Height = px(len(out.Bars)*58 - 8)
	out.Legend = []legend{{"auto", "exact identity"}, {"suggest", "suggested"}, {"review", "a question, or no single best contact"}, {"alone", "match nobody"}}
	return out
}

// linkTables are what linking found beside the links: doubts, and what contacts would get.
type linkTables struct {
	Updates   barTable
	Ambiguous []doubtRow
	More      string
}

type doubtRow struct{ Record, Contacts, Why string }

// newLinkTables is nil where nothing is linked.
func newLinkTables(o *cluster.Outcome, res *link.Result) *linkTables {
	if res == nil {
		return nil
	}
	type what struct{ column, strategy string }
	counts := map[what]int64{}
	for _, u := range res.Updates {
		counts[what{u.Column, u.Strategy}]++
	}
	var keys []what
	largest := int64(1)
	for k, n := range counts {
		keys, largest = append(keys, k), max(largest, n)
	}
	slices.SortFunc(keys, func(x, y what) int {
		return cmp.Or(cmp.Compare(counts[y], counts[x]), cmp.Compare(x.column, y.column), cmp.Compare(x.strategy, y.strategy))
	})
	t := &linkTables{Updates: barTable{Head: "Column"}}
	for _, k := range keys {
		t.Updates.Rows = append(t.Updates.Rows, barRow{Name: visibleCut(k.column, 60) + ": " + updateText(k.strategy), Count: number(counts[k]), W: share(counts[k], largest)})
	}
	t.Ambiguous, t.More = doubtRows(o, res)
	return t
}

// updateText is a strategy as what it does to a contact.
func updateText(strategy string) string {
	switch strategy {
	case cluster.FillEmpty:
		return "fills a gap"
	case cluster.Overwrite:
		return "replaces another value"
	case cluster.Union:
		return "is added"
	}
	return strings.ReplaceAll(strategy, "_", " ")
}

// doubtRows lists the first records without a single best contact.
func doubtRows(o *cluster.Outcome, res *link.Result) (rows []doubtRow, more string) {
	const shown = 20
	contacts, why := map[contact.Row][]string{}, map[contact.Row]string{}
	var order []contact.Row
	for _, d := range res.Ambiguous {
		if why[d.Left] == "" {
			order = append(order, d.Left)
		}
		contacts[d.Left], why[d.Left] = append(contacts[d.Left], shortID(o, d.Right)), d.Why
	}
	if left := len(order) - shown; left > 0 {
		more = count(left, "more record is", "more records are") + " in ambiguous.csv."
		order = order[:shown]
	}
	for _, r := range order {
		text := "fits several equally well"
		if why[r] == link.WhyTaken {
			text = "another record fits the contact better"
		}
		rows = append(rows, doubtRow{shortID(o, r), strings.Join(contacts[r], ", "), text})
	}
	return rows, more
}
