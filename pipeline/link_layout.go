package pipeline

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// unite makes one layout of two. Columns of one meaning become one column, under the name the right has for it: the right is what is
// updated. A column that only one side has is empty for the other.
func unite(left, right contact.Layout) (contact.Layout, [2]arrangement) {
	out := contact.Layout{Name: left.Name + " against " + right.Name, Contacts: slices.Clone(right.Contacts)}
	if left.Rows > 0 && right.Rows > 0 {
		out.Rows = left.Rows + right.Rows
	}
	u := uniter{columns: out.Contacts, taken: make([]bool, len(out.Contacts))}
	places := [2][]int{u.places(left.Contacts), make([]int, len(right.Contacts))}
	for i := range right.Contacts {
		places[contact.Right][i] = i
	}
	out.Contacts = u.columns
	out.Identities = uniteIdentities(left.Identities, right.Identities)
	var from [2]arrangement
	for s, own := range [2]contact.Layout{left, right} {
		out.Sides = append(out.Sides, contact.Side{Name: own.Name, Contacts: own.Contacts, Identities: own.Identities, Place: places[s]})
		from[s].contacts = slices.Repeat([]int{-1}, len(out.Contacts))
		for i, place := range places[s] {
			from[s].contacts[place] = i
		}
		for _, c := range out.Identities {
			from[s].identities = append(from[s].identities, slices.IndexFunc(own.Identities, func(x contact.Column) bool { return x.Field == c.Field }))
		}
	}
	return out, from
}

// uniteIdentities lists the fields that either identities table has; columns that say nothing are left out.
func uniteIdentities(left, right []contact.Column) []contact.Column {
	var out []contact.Column
	for _, c := range slices.Concat(right, left) {
		if c.Field != contact.FieldIgnore && !slices.ContainsFunc(out, func(x contact.Column) bool { return x.Field == c.Field }) {
			out = append(out, c)
		}
	}
	return out
}

// uniter finds places for the columns of the left among those of the right.
type uniter struct {
	columns []contact.Column
	taken   []bool
}

// places gives the surest counterparts first: same meaning and name, then same meaning, then same name.
func (u *uniter) places(left []contact.Column) []int {
	out := slices.Repeat([]int{-1}, len(left))
	for _, fits := range []func(x, y contact.Column) bool{
		func(x, y contact.Column) bool { return sameMeaning(x, y) && plain(x.Name) == plain(y.Name) },
		func(x, y contact.Column) bool {
			return sameMeaning(x, y) && x.Field != contact.FieldCustom && x.Field != contact.FieldIgnore
		},
		func(x, y contact.Column) bool { return plain(x.Name) == plain(y.Name) && (vague(x) || vague(y)) },
	} {
		for i, c := range left {
			if out[i] < 0 {
				out[i] = u.take(func(y contact.Column) bool { return fits(c, y) })
			}
		}
	}
	for i, c := range left {
		if place := out[i]; place >= 0 {
			u.columns[place] = clearer(c, u.columns[place])
			continue
		}
		c.Name = u.free(c.Name)
		out[i] = len(u.columns)
		u.columns, u.taken = append(u.columns, c), append(u.taken, true)
	}
	return out
}

func (u *uniter) take(fits func(contact.Column) bool) int {
	for i, c := range u.columns {
		if !u.taken[i] && fits(c) {
			u.taken[i] = true
			return i
		}
	}
	return -1
}

// free is a name that no column has: two columns may be called alike and mean different things.
func (u *uniter) free(name string) string {
	out := name
	for n := 2; slices.ContainsFunc(u.columns, func(c contact.Column) bool { return strings.EqualFold(c.Name, out) }); n++ {
		out = name + "_" + strconv.Itoa(n)
	}
	return out
}

func sameMeaning(x, y contact.Column) bool { return x.Field == y.Field && x.Channel == y.Channel }

// vague columns have no meaning of their own, and can take that of a column of the same name.
func vague(c contact.Column) bool {
	return c.Field == contact.FieldCustom || c.Field == contact.FieldIgnore
}

// clearer is the right's column with the meaning that both have. What one side does not compare, neither does.
func clearer(left, right contact.Column) contact.Column {
	switch {
	case sameMeaning(left, right) || right.Field == contact.FieldIgnore:
		return right
	case left.Field == contact.FieldIgnore || right.Field == contact.FieldCustom:
		left.Name = right.Name
		return left
	}
	return right
}

// plain is a column name without case and punctuation.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}
