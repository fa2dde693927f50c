package cluster

import (
	"cmp"
	"slices"
	"strings"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// Identities lists the identities that records, newest first, bring to a contact whose source keeps them in a table of their own: there is
// room for all, so they are added beside those it has. Channels for which the contacts have a column are left to Update.
func (u *Updater) Identities(into contact.Row, records []contact.Row) []GoldenIdentity {
	t := u.m.table
	if t.Sides() == 1 || len(t.Layout().Sides[contact.Right].Identities) == 0 {
		return nil
	}
	known := map[contact.Code]bool{}
	for _, k := range t.Keys(into) {
		known[k.Value] = true
	}
	var out []GoldenIdentity
	for _, r := range records {
		for _, id := range t.Identities(r) {
			if ch := t.Channel(id); id.Status == contact.StatusOK && id.Key != 0 && !known[id.Key] && u.welcome(ch) {
				known[id.Key] = true
				out = append(out, GoldenIdentity{Channel: ch, Value: t.RawIdentity(id), From: r})
			}
		}
	}
	slices.SortFunc(out, func(x, y GoldenIdentity) int {
		return cmp.Or(cmp.Compare(x.Channel, y.Channel), cmp.Compare(x.Value, y.Value), cmp.Compare(x.From, y.From))
	})
	return out
}

// welcome reports whether identities of a channel go to the contacts' identities table.
func (u *Updater) welcome(ch contact.Channel) bool {
	for i, c := range u.m.table.Columns() {
		if u.targets[i] && c.Field == contact.FieldIdentity && c.Channel == ch {
			return false
		}
	}
	strategy := u.fallback
	for field, s := range u.fields {
		if strings.EqualFold(field, string(ch)) {
			strategy = s
		}
	}
	return strategy != DoNothing
}
