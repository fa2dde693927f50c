package cluster

import (
	"maps"
	"slices"
	"strings"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// unit is a set of raw columns whose values come from one contact: a single column, the name, or the address.
type unit struct {
	index      int
	name       string // UnitName, UnitAddress, or "" for a single column
	columns    []int
	field      contact.Field
	fixed      string        // the rule that decides it whatever the strategy, "" if none
	normalized []contact.Col // comparable forms of the columns
	strategy   string
}

// units divides the columns of a layout, in column order of their first columns.
func units(l contact.Layout, s Survivorship) []unit {
	var out []unit
	at := map[string]int{}
	for i, c := range l.Contacts {
		name, fixed := unitOf(c.Field)
		if name != "" {
			if u, ok := at[name]; ok {
				out[u].columns = append(out[u].columns, i)
				continue
			}
			at[name] = len(out)
		}
		u := unit{index: len(out), name: name, columns: []int{i}, field: c.Field, fixed: fixed, strategy: s.Default}
		if v, ok := lookup(s.Fields, u, c); ok {
			u.strategy = v
		}
		u.normalized = comparableForms(u)
		out = append(out, u)
	}
	return out
}

// lookup finds the strategy configured for a unit.
func lookup(fields map[string]string, u unit, c contact.Column) (string, bool) {
	if u.name != "" {
		v, ok := fields[u.name]
		return v, ok
	}
	for _, key := range []string{c.Name, string(c.Field), string(c.Channel)} {
		for _, k := range slices.Sorted(maps.Keys(fields)) {
			if key != "" && strings.EqualFold(k, key) {
				return fields[k], true
			}
		}
	}
	return "", false
}

func comparableForms(u unit) []contact.Col {
	switch {
	case u.name == UnitName:
		return []contact.Col{contact.ColGiven, contact.ColMiddle, contact.ColFamily, contact.ColSuffix}
	case u.name == UnitAddress:
		return []contact.Col{contact.ColStreet, contact.ColCity, contact.ColState, contact.ColPostcode, contact.ColCountry}
	case u.field == contact.FieldCompany:
		return []contact.Col{contact.ColCompany}
	case u.field == contact.FieldGender:
		return []contact.Col{contact.ColGender}
	}
	return nil
}

// quality is how much a contact's value is worth, before any strategy is asked.
type quality uint8

const (
	empty quality = iota
	junk          // a placeholder or filler: never moves, and gives way to any real value
	weak          // a role mailbox, a name field with an email in it, a suffix without a name: better than nothing
	sound
)

func (u *unit) quality(t *contact.Table, r contact.Row) quality {
	if !slices.ContainsFunc(u.columns, func(c int) bool { return filled(t, c, r) }) {
		return empty
	}
	flags := t.Flags(r)
	switch {
	case u.name == UnitName && flags&contact.RowNameFiller != 0:
		return junk
	case u.field == contact.FieldBirthdate && (flags&contact.RowDatePlaceholder != 0 || t.Birthdate(r) == 0):
		return junk
	case u.field == contact.FieldIdentity:
		return identityQuality(t, u.columns[0], r)
	case len(u.normalized) > 0 && !slices.ContainsFunc(u.normalized, func(c contact.Col) bool { return !t.Col(c).Null(r) }):
		return junk // there is a text, but nothing comparable was found in it
	case u.name == UnitName && (flags&contact.RowNameMisplaced != 0 || t.Col(contact.ColGiven).Null(r) && t.Col(contact.ColFamily).Null(r)):
		return weak
	}
	return sound
}

// identityQuality is that of the best identity in a column.
func identityQuality(t *contact.Table, column int, r contact.Row) quality {
	best := junk
	for _, id := range t.Identities(r) {
		if int(id.Column) != column {
			continue
		}
		switch id.Status {
		case contact.StatusOK:
			return sound
		case contact.StatusRole:
			best = weak
		}
	}
	return best
}

func filled(t *contact.Table, column int, r contact.Row) bool {
	v, ok := t.Raw(column, r)
	return ok && strings.TrimSpace(v) != ""
}

// agree reports whether nothing in the two contacts' values of the unit differs, a missing part agreeing with any.
func (u *unit) agree(t *contact.Table, x, y contact.Row) bool {
	return !slices.ContainsFunc(u.normalized, func(c contact.Col) bool {
		p, q := t.Col(c).Code(x), t.Col(c).Code(y)
		return p != 0 && q != 0 && p != q
	})
}

// covers reports whether y has every part that x has, equal to it.
func (u *unit) covers(t *contact.Table, x, y contact.Row) bool {
	return u.agree(t, x, y) && !slices.ContainsFunc(u.normalized, func(c contact.Col) bool {
		return !t.Col(c).Null(x) && t.Col(c).Null(y)
	})
}
