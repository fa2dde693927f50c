package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
)

// comparison is contacts side by side: a column per contact, a row per field and channel.
type comparison struct {
	Members []member
	Rows    []fieldRow
	Golden  bool
	More    string // rows or members left out
	Span    int
}

type member struct {
	ID    string
	Stays string // said of the survivor
	Tags  []string
}

type fieldRow struct {
	Name    string
	Channel bool // identities of a channel
	Cells   []cell
	Golden  goldenCell
	differs bool
}

// cell is a value of one contact, marked against the first contact of the table.
type cell struct {
	Text  string
	Null  bool
	Mark  string // sign before the value
	Class string
	Say   string // the mark in words, for those who do not see it
	Items []identityItem
}

type identityItem struct {
	Text string
	Same bool // another contact in the table has it too
	Own  bool // of a golden record: it is the survivor's
	Tags string
}

type goldenCell struct {
	Text  string
	Null  bool
	Own   bool // the survivor's own value
	From  string
	Items []identityItem
}

// maxRows bounds the height of a table; rows that differ come first when there are more.
const maxRows = 40

// compare draws the contacts in the given order; golden may be nil.
func compare(o *cluster.Outcome, rows []contact.Row, golden *cluster.Golden) comparison {
	c := comparison{Golden: golden != nil, Span: len(rows) + 1}
	if c.Golden {
		c.Span++
	}
	for col, column := range o.Table.Columns() {
		if column.Field == contact.FieldID || column.Field == contact.FieldIdentity {
			continue
		}
		if row, filled := rawRow(o, rows, col, golden); filled {
			c.Rows = append(c.Rows, row)
		}
	}
	if len(c.Rows) > maxRows {
		c.More = fmt.Sprintf("%s with less to see are left out; golden.csv has them all.", count(len(c.Rows)-maxRows, "field", "fields"))
		slices.SortStableFunc(c.Rows, func(x, y fieldRow) int { return boolOrder(y.differs) - boolOrder(x.differs) })
		c.Rows = c.Rows[:maxRows]
	}
	c.Rows = append(c.Rows, identityRows(o, rows, golden)...)
	return c
}

func boolOrder(b bool) int {
	if b {
		return 1
	}
	return 0
}

// rawRow compares one raw column; filled is false when nobody has a value there.
func rawRow(o *cluster.Outcome, rows []contact.Row, col int, golden *cluster.Golden) (out fieldRow, filled bool) {
	column := o.Table.Columns()[col]
	out.Name = visibleCut(column.Name, 40)
	first, _ := o.Table.Raw(col, rows[0])
	for i, r := range rows {
		v, _ := o.Table.Raw(col, r)
		c := cell{Text: visible(v), Null: blank(v), Class: "same"}
		filled = filled || !c.Null
		if i > 0 && !bookkeeping(column.Field) {
			mark(&c, first, v)
			if b := o.Table.Birthdate(r); column.Field == contact.FieldBirthdate && c.Mark == "≠" && b != 0 && b == o.Table.Birthdate(rows[0]) {
				alike(&c) // one day in two ways of writing
			}
		}
		out.differs = out.differs || c.Mark != ""
		out.Cells = append(out.Cells, c)
	}
	if golden != nil {
		out.Golden = newGoldenCell(o, golden, col)
	}
	return out, filled
}

// mark says how a value differs from the first contact's: by sign and words, not by colour alone.
func mark(c *cell, first, v string) {
	switch {
	case blank(v) || v == first:
		return
	case blank(first):
		c.Mark, c.Class, c.Say = "+", "adds", "missing in the first: "
	case sameWords(first, v):
		alike(c)
	default:
		c.Mark, c.Class, c.Say = "≠", "differs", "differs: "
	}
}

func alike(c *cell) { c.Mark, c.Class, c.Say = "≈", "alike", "written differently: " }

// blank values are missing to the reader, whether the source says null or nothing.
func blank(v string) bool { return strings.TrimSpace(v) == "" }

// bookkeeping is true for fields that say nothing about the person: that they differ is no news.
func bookkeeping(f contact.Field) bool {
	return f == contact.FieldSource || f == contact.FieldCreatedAt || f == contact.FieldUpdatedAt
}

// sameWords holds for values that differ in case and spaces only.
func sameWords(x, y string) bool {
	return strings.EqualFold(strings.Join(strings.Fields(x), " "), strings.Join(strings.Fields(y), " "))
}

func newGoldenCell(o *cluster.Outcome, g *cluster.Golden, col int) goldenCell {
	v, ok := goldenValue(g, col)
	if !ok || v.Null || blank(v.Text) {
		return goldenCell{Null: true}
	}
	c := goldenCell{Text: visible(v.Text), Own: v.From == g.Survivor, From: provenance(o, v.From)}
	if v.Rule != "" {
		c.From += ", " + visible(ruleText(v.Rule))
	}
	return c
}

func provenance(o *cluster.Outcome, r contact.Row) string {
	return "from " + visibleCut(o.Table.ID(r), 24)
}

// identityRows has a row per channel that any of the contacts uses, in the order of their names.
func identityRows(o *cluster.Outcome, rows []contact.Row, golden *cluster.Golden) []fieldRow {
	holders := map[contact.Code]int{}
	var channels []contact.Channel
	for _, r := range rows {
		seen := map[contact.Code]bool{}
		for _, id := range o.Table.Identities(r) {
			if ch := o.Table.Channel(id); !slices.Contains(channels, ch) {
				channels = append(channels, ch)
			}
			if id.Key != 0 && !seen[id.Key] {
				seen[id.Key] = true
				holders[id.Key]++
			}
		}
	}
	slices.Sort(channels)
	var out []fieldRow
	for _, ch := range channels {
		row := fieldRow{Name: visibleCut(strings.ReplaceAll(string(ch), "_", " "), 40), Channel: true}
		for _, r := range rows {
			row.Cells = append(row.Cells, identityCell(o, r, ch, holders))
		}
		if golden != nil {
			row.Golden = goldenIdentities(o, golden, ch)
		}
		out = append(out, row)
	}
	return out
}

// maxItems bounds the identities drawn per contact and channel.
const maxItems = 6

func identityCell(o *cluster.Outcome, r contact.Row, ch contact.Channel, holders map[contact.Code]int) cell {
	c := cell{Null: true, Class: "same"}
	ids := distinct(o, r, ch)
	for _, id := range ids[:min(len(ids), maxItems)] {
		c.Null = false
		c.Items = append(c.Items, identityItem{Text: visible(o.Table.RawIdentity(id)), Same: id.Key != 0 && holders[id.Key] > 1, Tags: identityTags(id)})
	}
	if more := len(ids) - maxItems; more > 0 {
		c.Items = append(c.Items, identityItem{Text: fmt.Sprintf("%d more", more)})
	}
	return c
}

// distinct lists the identities of a contact on a channel. One that stands both in a column and in the identities table is listed once,
// with the facts of both.
func distinct(o *cluster.Outcome, r contact.Row, ch contact.Channel) []contact.Identity {
	var out []contact.Identity
	for _, id := range o.Table.Identities(r) {
		if o.Table.Channel(id) != ch {
			continue
		}
		twin := slices.IndexFunc(out, func(x contact.Identity) bool {
			return id.Key != 0 && x.Key == id.Key || o.Table.RawIdentity(x) == o.Table.RawIdentity(id)
		})
		if twin >= 0 {
			out[twin].Flags |= id.Flags
			continue
		}
		out = append(out, id)
	}
	return out
}

func identityTags(id contact.Identity) string {
	var tags []string
	if id.Status != contact.StatusOK {
		tags = append(tags, id.Status.String())
	}
	if id.Flags&contact.IdentityVerified != 0 {
		tags = append(tags, "verified")
	}
	if id.Flags&contact.IdentityFixedLine != 0 {
		tags = append(tags, "fixed line")
	}
	return strings.Join(tags, ", ")
}

func goldenIdentities(o *cluster.Outcome, g *cluster.Golden, ch contact.Channel) goldenCell {
	c := goldenCell{Null: true}
	more := 0
	for _, id := range g.Identities {
		if id.Channel != ch {
			continue
		}
		c.Null = false
		if len(c.Items) == maxItems {
			more++
			continue
		}
		item := identityItem{Text: visible(id.Value), Own: id.From == g.Survivor}
		if !item.Own {
			item.Tags = provenance(o, id.From)
		}
		c.Items = append(c.Items, item)
	}
	if more > 0 {
		c.Items = append(c.Items, identityItem{Text: fmt.Sprintf("%d more", more)})
	}
	return c
}

// flagTags are the facts about a contact that change who decides.
func flagTags(f contact.RowFlags) []string {
	var tags []string
	for _, t := range []struct {
		flag contact.RowFlags
		text string
	}{{contact.RowVIP, "VIP"}, {contact.RowBlocked, "blocked"}, {contact.RowOptOut, "opted out"}} {
		if f&t.flag != 0 {
			tags = append(tags, t.text)
		}
	}
	return tags
}
