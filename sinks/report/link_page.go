package report

import (
	"slices"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/run"
)

// linkNote says what the words of the page mean where nothing is merged.
const linkNote = "This run links two sources and merges nothing: left: is a new record, right: a known contact. A cluster is a contact with the " +
	"records linked to it; ready to merge means linked by exact identity. links.csv says who is whom, updates.csv what records would change in contacts, " +
	"new.csv who is new."

// linkPage is an outcome and its record as the page shows them: it begins with the note, and the contact stands before its records.
func linkPage(o *cluster.Outcome, r *run.Record) (*cluster.Outcome, *run.Record) {
	shown, rec := *o, *r
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
	rec.Warnings = append([]string{linkNote}, r.Warnings...)
	return &shown, &rec
}
