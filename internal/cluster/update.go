package cluster

import (
	"maps"
	"slices"
	"strings"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// Updater says what new records bring to a contact they were linked to. It is not safe for concurrent use.
//
// It knows the strategies do_nothing, overwrite and fill_empty, by field as in Survivorship. Unlike in a merge, the record is the newer
// one by being new, and both stay, so nothing of a contact is ever emptied: a name or an address moves as a whole, and one that lacks a
// part the contact has does not take its place.
type Updater struct {
	m       *Merger
	targets []bool         // columns that the contacts have: there is no updating the others
	yes     map[int]string // how the contacts write the answer that prevails, by column
	iso     map[int]bool   // whether they write dates as 2006-01-02

	fallback string // strategy of channels that have no column
	fields   map[string]string
}

// NewUpdater prepares the updates of a table that links two. The configuration must be valid.
func NewUpdater(t *contact.Table, s Survivorship) *Updater {
	s = s.WithDefaults()
	u := &Updater{
		m: NewMerger(t, Config{Survivorship: s}), targets: make([]bool, len(t.Columns())), yes: map[int]string{}, iso: map[int]bool{},
		fallback: s.Default, fields: s.Fields,
	}
	for i := range u.targets {
		u.targets[i] = t.Sides() == 1 || t.Layout().Sides[contact.Right].Own(i) >= 0
	}
	return u
}

// Update lists the values that records, newest first, bring to a contact, in column order of their units. Its own values stay where
// nothing is listed.
func (u *Updater) Update(into contact.Row, records []contact.Row) []Value {
	var out []Value
	for i := range u.m.units {
		x := &u.m.units[i]
		switch {
		case x.fixed == RuleOr || x.fixed == RuleRestrictive:
			out = u.flag(out, x, into, records)
		case x.fixed != "" || x.field == contact.FieldSource || x.strategy == DoNothing || !u.has(x):
		case len(x.columns) == 1:
			out = u.single(out, x, into, records)
		default:
			out = u.several(out, x, into, records)
		}
	}
	return out
}

func (u *Updater) has(x *unit) bool {
	for _, c := range x.columns {
		if u.targets[c] {
			return true
		}
	}
	return false
}

// flag sets what a record says and the contact does not, where that is the answer which prevails, in the contact's own spelling.
func (u *Updater) flag(out []Value, x *unit, into contact.Row, records []contact.Row) []Value {
	column, want := x.columns[0], prevails(x.field)
	if yes, known := u.m.table.Says(column, into); !u.targets[column] || known && yes == want {
		return out
	}
	for _, r := range records {
		if yes, known := u.m.table.Says(column, r); known && yes == want {
			text, _ := u.m.table.Raw(column, r)
			old, _ := u.m.table.Raw(column, into)
			return append(out, Value{Column: column, Text: u.spelt(column, want, old, text), From: r, Rule: x.fixed})
		}
	}
	return out
}

// opposites are the spellings of no whose counterpart is plain.
var opposites = map[string]string{
	"0": "1", "f": "t", "F": "T", "false": "true", "False": "True", "FALSE": "TRUE", "n": "y", "N": "Y", "no": "yes", "No": "Yes", "NO": "YES",
}

// opposite is the counterpart of a spelling of the other answer.
func opposite(old string, want bool) (string, bool) {
	if want {
		v, ok := opposites[old]
		return v, ok
	}
	for _, no := range slices.Sorted(maps.Keys(opposites)) {
		if opposites[no] == old {
			return no, true
		}
	}
	return "", false
}

// spelt writes an answer as the contact writes the other one, or as another contact writes it, or else as the record does.
func (u *Updater) spelt(column int, want bool, old, text string) string {
	if v, ok := opposite(strings.TrimSpace(old), want); ok {
		return v
	}
	t := u.m.table
	if _, known := u.yes[column]; !known {
		u.yes[column] = ""
		for r := range contact.Row(t.Len()) {
			if yes, known := u.m.table.Says(column, r); t.Side(r) == contact.Right && known && yes == want {
				u.yes[column], _ = t.Raw(column, r)
				break
			}
		}
	}
	if v := u.yes[column]; v != "" {
		return v
	}
	return text
}

// single is a column that stands for itself.
func (u *Updater) single(out []Value, x *unit, into contact.Row, records []contact.Row) []Value {
	have := x.quality(u.m.table, into)
	if x.strategy == FillEmpty && have > junk {
		return out
	}
	r, worth := u.candidate(x, records)
	if worth < weak || worth < have || u.same(x, into, r) {
		return out
	}
	return append(out, u.value(x.columns[0], r, x.strategy))
}

// candidate is the first record with a sound value, or else the first with a weak one.
func (u *Updater) candidate(x *unit, records []contact.Row) (contact.Row, quality) {
	best, worth := contact.Row(0), empty
	for _, r := range records {
		if q := x.quality(u.m.table, r); q >= weak && q > worth {
			best, worth = r, q
		}
	}
	return best, worth
}

// same reports whether a record's value says nothing new, however it is spelled.
func (u *Updater) same(x *unit, into, r contact.Row) bool {
	t, column := u.m.table, x.columns[0]
	switch {
	case x.field == contact.FieldIdentity && x.quality(t, r) == sound:
		return u.holds(column, into, r)
	case x.field == contact.FieldBirthdate:
		return t.Birthdate(into) == t.Birthdate(r)
	case len(x.normalized) == 1:
		form := t.Col(x.normalized[0])
		return form.Code(into) == form.Code(r)
	}
	old, _ := t.Raw(column, into)
	text, _ := t.Raw(column, r)
	return strings.EqualFold(strings.TrimSpace(old), strings.TrimSpace(text))
}

// holds reports whether the contact has every identity in the record's column already, wherever it keeps it.
func (u *Updater) holds(column int, into, r contact.Row) bool {
	t := u.m.table
	known := map[contact.Code]bool{}
	for _, k := range t.Keys(into) {
		known[k.Value] = true
	}
	for _, id := range t.Identities(r) {
		if int(id.Column) == column && id.Status == contact.StatusOK && !known[id.Key] {
			return false
		}
	}
	return true
}

// several is a name or an address. Where a record's says nothing else than the contact's, it fills what is missing; another one takes its
// place when the strategy says so, or when the contact's is none.
func (u *Updater) several(out []Value, x *unit, into contact.Row, records []contact.Row) []Value {
	t := u.m.table
	have := x.quality(t, into)
	r, worth := u.candidate(x, records)
	switch {
	case worth < weak:
	case have <= junk || x.strategy == Overwrite && worth >= have && !x.agree(t, into, r):
		if u.complete(x, into, r) {
			return u.replace(out, x, into, r)
		}
	case have == sound && x.agree(t, into, r):
		return u.fill(out, x, into, r)
	}
	return out
}

// optional are the parts of a name or address that may stay when the rest is replaced.
var optional = map[contact.Field]bool{
	contact.FieldTitle: true, contact.FieldMiddleName: true, contact.FieldSuffix: true, contact.FieldCountry: true,
}

// complete reports whether a record's name or address has every part that the contact's has.
func (u *Updater) complete(x *unit, into, r contact.Row) bool {
	t := u.m.table
	for _, c := range x.columns {
		if u.targets[c] && filled(t, c, into) && !filled(t, c, r) && !optional[t.Columns()[c].Field] {
			return false
		}
	}
	return true
}

func (u *Updater) replace(out []Value, x *unit, into, r contact.Row) []Value {
	for _, c := range x.columns {
		old, _ := u.m.table.Raw(c, into)
		if text, _ := u.m.table.Raw(c, r); u.targets[c] && filled(u.m.table, c, r) && text != old {
			out = append(out, u.value(c, r, x.strategy))
		}
	}
	return out
}

func (u *Updater) fill(out []Value, x *unit, into, r contact.Row) []Value {
	for _, c := range x.columns {
		if u.targets[c] && !filled(u.m.table, c, into) && filled(u.m.table, c, r) && !u.m.elsewhere(x, c, into) {
			out = append(out, u.value(c, r, FillEmpty))
		}
	}
	return out
}

// value is a record's value as it goes to the contact: dates in the contacts' own way, if that is the standard one.
func (u *Updater) value(column int, r contact.Row, rule string) Value {
	t := u.m.table
	text, _ := t.Raw(column, r)
	if t.Columns()[column].Field == contact.FieldBirthdate && u.writesISO(column) {
		text = isoDate(t.Birthdate(r))
	}
	return Value{Column: column, Text: text, From: r, Rule: rule}
}

func (u *Updater) writesISO(column int) bool {
	iso, known := u.iso[column]
	if !known {
		t := u.m.table
		for r := range contact.Row(t.Len()) {
			if t.Side(r) != contact.Right || t.Birthdate(r) == 0 {
				continue
			}
			v, _ := t.Raw(column, r)
			iso = strings.TrimSpace(v) == isoDate(t.Birthdate(r))
			break
		}
		u.iso[column] = iso
	}
	return iso
}

func isoDate(key int32) string {
	text := []byte("0000-00-00")
	for _, i := range [...]int{9, 8, 6, 5, 3, 2, 1, 0} {
		text[i] = byte('0' + key%10)
		key /= 10
	}
	return string(text)
}
