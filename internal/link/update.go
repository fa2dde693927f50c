package link

import (
	"cmp"
	"slices"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
)

// Update is a value that a record brings to a contact.
type Update struct {
	Right    contact.Row
	Column   string // what the contacts call it; identity:CHANNEL for a new row of their identities table
	Old, New string
	Strategy string
	Left     contact.Row // the record it comes from
	Edge     int         // index into Outcome.Edges of the link between the two
}

// update applies the strategies to every contact that a record is surely linked to.
func (f *finder) update(o *cluster.Outcome, cfg Config) {
	doubted := map[contact.Row]bool{}
	for _, d := range f.res.Ambiguous {
		doubted[d.Left] = true
	}
	var sure []Link
	for _, l := range f.res.Links {
		if l.Rank == 1 && !doubted[l.Left] && o.Edges[l.Edge].Decision >= cfg.from() {
			sure = append(sure, l)
		}
	}
	slices.SortFunc(sure, func(x, y Link) int {
		return cmp.Or(
			cmp.Compare(x.Right, y.Right), cmp.Compare(newest(o.Table, y.Left), newest(o.Table, x.Left)),
			cmp.Compare(o.Edges[y.Edge].Weight, o.Edges[x.Edge].Weight), cmp.Compare(x.Left, y.Left),
		)
	})
	u := cluster.NewUpdater(o.Table, cfg.survivorship())
	for len(sure) > 0 {
		n := 1
		for n < len(sure) && sure[n].Right == sure[0].Right {
			n++
		}
		f.bring(u, sure[:n])
		sure = sure[n:]
	}
}

// newest is when a record was last touched, 0 when nobody knows.
func newest(t *contact.Table, r contact.Row) int64 { return max(t.Updated(r), t.Created(r)) }

// bring lists what the records of links, all to one contact, bring to it.
func (f *finder) bring(u *cluster.Updater, links []Link) {
	into := links[0].Right
	records, edge := make([]contact.Row, len(links)), map[contact.Row]int{}
	for i, l := range links {
		records[i], edge[l.Left] = l.Left, l.Edge
	}
	for _, v := range u.Update(into, records) {
		old, _ := f.table.Raw(v.Column, into)
		f.res.Updates = append(f.res.Updates, Update{
			Right: into, Column: f.table.Columns()[v.Column].Name, Old: old, New: v.Text, Strategy: v.Rule, Left: v.From, Edge: edge[v.From],
		})
	}
	for _, id := range u.Identities(into, records) {
		f.res.Updates = append(f.res.Updates, Update{
			Right: into, Column: string(contact.FieldIdentity) + ":" + string(id.Channel), New: id.Value, Strategy: cluster.Union, Left: id.From, Edge: edge[id.From],
		})
	}
}
