package extract

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// Who decided what a column is: the values of contact.Column.How.
const (
	byName    = "name"
	byContent = "content"
	byFlag    = "flag"
	byConfig  = "config"
	byDefault = "default"
)

// longText is the average length in bytes above which an unknown column is prose, such as notes, and not compared.
const longText = 200

// RecogniseOptions says what is already known about the columns.
type RecogniseOptions struct {
	Fixed map[int]contact.Column // columns decided by a flag or the config: Field, Channel and How count
}

// Recognise says what the columns of a contacts table hold, from their names first and from sample rows where the name says
// nothing. A row of the sample may be shorter than columns; "" is a missing value. A field that only one column may have goes
// to the plainest name, and the other candidates stay custom, as does every column that is not understood; a column of long
// text, or a further key that only counts rows, is carried along but not compared.
func Recognise(columns []string, sample [][]string, opts RecogniseOptions) []contact.Column {
	r := recogniser{names: columns, sample: sample, out: make([]contact.Column, len(columns)), rank: make([]int, len(columns))}
	for i, name := range columns {
		r.out[i] = r.column(i, name, opts.Fixed)
	}
	r.chooseID()
	r.partNames()
	r.chooseSingles()
	r.wholeNames()
	r.birthParts()
	for i := range r.out {
		if r.out[i].Field == contact.FieldCustom && r.out[i].How == byDefault && meanLength(r.values(i)) > longText {
			r.out[i].Field = contact.FieldIgnore
		}
	}
	return r.out
}

// technicalKeys are keys that a database or spreadsheet gives to rows, equal in no two of them. Other further keys stay custom:
// two contacts with one customer number are worth knowing about.
var technicalKeys = set("uuid guid rowid rownumber row pk index contactuuid")

type recogniser struct {
	names  []string
	sample [][]string
	out    []contact.Column
	rank   []int // of the claim on the field, for the columns that were not fixed; fixed columns have -1
}

// values are the non-empty sample values of a column, trimmed.
func (r *recogniser) values(col int) []string {
	var out []string
	for _, row := range r.sample {
		if col < len(row) {
			if v := strings.TrimSpace(row[col]); v != "" {
				out = append(out, v)
			}
		}
	}
	return out
}

func (r *recogniser) column(i int, name string, fixed map[int]contact.Column) contact.Column {
	if f, ok := fixed[i]; ok {
		r.rank[i] = -1
		return contact.Column{Name: name, Field: f.Field, Channel: f.Channel, How: f.How}
	}
	c := contact.Column{Name: name, Field: contact.FieldCustom, How: byDefault}
	values := r.values(i)
	m, ok := meaningOf(name)
	if m.field == contact.FieldBirthdate && len(values) > 0 && share(values, isDayOfMonth) == 1 {
		m.field = contact.FieldBirthDay // "birth day", between a year and a month
	}
	switch {
	case ok && m.field == contact.FieldCustom:
		c.How = byName
	case ok && !contradicted(m, values):
		c.Field, c.Channel, c.How, r.rank[i] = m.field, m.channel, byName, m.rank
	default:
		if m, ok := meaningOfValues(name, values); ok {
			c.Field, c.Channel, c.How, r.rank[i] = m.field, m.channel, byContent, rankContent
		}
	}
	return c
}

// contradicted says that the values cannot be what the name promises: an "email" column of yes and no is a consent, and a
// "country code" of digits is a dialling prefix.
func contradicted(m meaning, values []string) bool {
	if len(values) == 0 {
		return false
	}
	switch m.field {
	case contact.FieldIdentity:
		return share(values, isBoolean) == 1
	case contact.FieldCountry:
		return share(values, hasDigit) == 1
	case contact.FieldBirthYear, contact.FieldBirthMonth, contact.FieldBirthDay:
		return share(values, isNumber) < mostly
	case contact.FieldFullName, contact.FieldFirstName, contact.FieldLastName, contact.FieldCity:
		return len(values) >= 3 && share(values, isNumber) == 1
	}
	return false
}

// chooseID leaves one id column: the plainest name among the columns that are filled and unique in the sample, or, where none
// is, among those that nearly are, so that the duplicates can be named later instead of the column not being found.
func (r *recogniser) chooseID() {
	best, bestKey := -1, [2]int{}
	for i, c := range r.out {
		if c.Field != contact.FieldID {
			continue
		}
		quality := 2 - r.uniqueness(i)
		if r.rank[i] == -1 {
			quality = -1
		}
		key := [2]int{quality, r.rank[i]}
		if quality < 2 && (best < 0 || slices.Compare(key[:], bestKey[:]) < 0) {
			best, bestKey = i, key
		}
	}
	for i := range r.out {
		if r.out[i].Field == contact.FieldID && i != best {
			r.out[i].How = byDefault
			r.out[i].Field = contact.FieldCustom
			if technicalKeys[squeeze(r.names[i])] {
				r.out[i].Field = contact.FieldIgnore
			}
		}
	}
}

// uniqueness is 2 for a column that is filled and unique throughout the sample, 1 for nearly, 0 for not.
func (r *recogniser) uniqueness(col int) int {
	values := r.values(col)
	seen := make(map[string]bool, len(values))
	for _, v := range values {
		seen[v] = true
	}
	rows := len(r.sample)
	switch {
	case len(seen) == rows:
		return 2
	case len(values)*10 < rows:
		return 0
	case len(seen)*10 >= len(values)*9, rows <= 10 && len(seen) > 0:
		return 1 // some ids are missing or repeated; in a handful of rows a share says nothing
	}
	return 0
}

// chooseSingles gives every field that only one column may have to its plainest claim, and to the first when equal. A column
// without values yields to any that has some, and one of equal claims to another that is filled at least twice as often.
func (r *recogniser) chooseSingles() {
	order, filled := make([]int, len(r.out)), make([]int, len(r.out))
	for i := range order {
		order[i] = i
		if r.out[i].Field.Single() {
			filled[i] = len(r.values(i))
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if fixed := cmp.Compare(min(r.rank[a], 0), min(r.rank[b], 0)); fixed != 0 {
			return fixed
		}
		return cmp.Or(cmp.Compare(min(filled[b], 1), min(filled[a], 1)), cmp.Compare(r.rank[a], r.rank[b]),
			cmp.Compare(bits.Len(uint(filled[b])), bits.Len(uint(filled[a]))))
	})
	taken := map[contact.Field]bool{}
	for _, i := range order {
		f := r.out[i].Field
		if !f.Single() {
			continue
		}
		if taken[f] {
			r.out[i].Field, r.out[i].How = contact.FieldCustom, byDefault
		}
		taken[f] = true
	}
}

// partNames turns a full name called just "name" into the family name where a first name stands beside it and no family name:
// "Vorname, Name" of German and Dutch address books.
func (r *recogniser) partNames() {
	if r.has(contact.FieldLastName) || !r.has(contact.FieldFirstName) {
		return
	}
	for i, c := range r.out {
		if c.Field == contact.FieldFullName && c.How == byName && slices.Contains([]string{"name", "naam"}, squeeze(c.Name)) {
			r.out[i].Field = contact.FieldLastName
			return
		}
	}
}

// wholeNames turns a lone part of a name into a full name where the word is used for both.
func (r *recogniser) wholeNames() {
	if r.has(contact.FieldFullName) || r.has(contact.FieldFirstName) == r.has(contact.FieldLastName) {
		return
	}
	for i, c := range r.out {
		first := c.Field == contact.FieldFirstName && slices.Contains([]string{"nombre", "nome"}, squeeze(c.Name))
		last := c.Field == contact.FieldLastName && squeeze(c.Name) == "nom"
		if c.How == byName && (first || last) {
			r.out[i].Field = contact.FieldFullName
		}
	}
}

// birthParts leaves the parts of a birthdate custom where they add nothing to the whole one, or lack the year, or are called by two letters
// that stand for much else: by, bm and bd are believed together.
func (r *recogniser) birthParts() {
	parts := []contact.Field{contact.FieldBirthYear, contact.FieldBirthMonth, contact.FieldBirthDay}
	all := !slices.ContainsFunc(parts, func(f contact.Field) bool { return !r.has(f) })
	for i, c := range r.out {
		if !slices.Contains(parts, c.Field) || r.rank[i] == -1 {
			continue
		}
		short := len(squeeze(c.Name)) == 2
		if r.has(contact.FieldBirthdate) || !r.has(contact.FieldBirthYear) || short && !all {
			r.out[i].Field, r.out[i].How = contact.FieldCustom, byDefault
		}
	}
}

func (r *recogniser) has(f contact.Field) bool {
	return slices.ContainsFunc(r.out, func(c contact.Column) bool { return c.Field == f })
}
