package blocking

import (
	"cmp"
	"slices"
	"strings"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// columnPrefix begins the names of the rules on generic columns.
const columnPrefix = "column_"

// maxColumnRules bounds the rules on columns of unknown meaning, of which a table may have hundreds.
const maxColumnRules = 16

// column is a generic column as its values show it.
type column struct {
	part
	name   string
	number int
	filled int
	values int
	length int // bytes of all values
}

// alone reports whether equal values are rare enough to pair contacts by: at most five contacts a value on average, and some value at all
// shared. A column of unique ids pairs nobody, a status column pairs everybody.
func (c *column) alone() bool {
	return c.values > 0 && c.filled > c.values && c.filled <= 5*c.values
}

// together reports whether the column may tell people apart with the help of another fact: not if nearly everybody has the same value.
func (c *column) together() bool { return c.values > 1 && c.filled > c.values }

// spelled reports whether typing errors are worth looking for: the values are nearly people's own, and neither too short nor too long.
func (c *column) spelled() bool {
	return c.filled <= 5*c.values && c.length >= minTyped*c.values && c.length <= maxTyped*c.values
}

// columns are the generic columns that have values, those of most values first.
func (f *facts) columns() []column {
	var out []column
	for i := range f.t.Customs() {
		col, meta := f.t.Custom(i)
		c := column{name: strings.ToLower(meta.Name), number: i, values: col.Distinct() - 1}
		for r := range contact.Row(f.t.Len()) {
			if !col.Null(r) {
				c.filled++
			}
		}
		for code := 1; code <= c.values; code++ {
			c.length += len(col.Text(contact.Code(code)))
		}
		c.part = part{uses: AspectCustom(i), of: func(r contact.Row) uint64 { return uint64(col.Code(r)) }}
		if c.filled > 0 {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(x, y column) int { return cmp.Compare(y.values, x.values) })
	return out
}

// columnRules are rules for the generic columns of a table: selective ones alone, others together with a name or a birthdate, and near-unique
// ones with typing errors. Where there are no names and not all pairs are compared, they also go together with each other.
func (f *facts) columnRules(small bool) []rule {
	pairs := !small && f.t.Col(contact.ColNameKey).Distinct() < 2
	columns := f.columns()
	var alone, together, typed []rule
	for i, c := range columns {
		if c.alone() {
			alone = append(alone, f.columnRule(c.name, "same value in column "+c.name, c.part))
		}
		if c.spelled() {
			typed = append(typed, f.columnTypos(c))
		}
		if !c.together() {
			continue
		}
		for _, with := range []struct {
			fact
			name, description string
		}{{factAnyStart, "_name", ", names begin alike"}, {factYear, "_year", ", same year of birth"}} {
			if p, ok := f.part(with.fact); ok {
				together = append(together, f.columnRule(c.name+with.name, "same value in column "+c.name+with.description, p, c.part))
			}
		}
		for _, d := range columns[:min(i, 4)] {
			if pairs && i < 5 && d.together() {
				together = append(together, f.columnRule(d.name+"_"+c.name, "same values in columns "+d.name+" and "+c.name, d.part, c.part))
			}
		}
	}
	out := slices.Concat(alone, typed, together)
	return out[:min(len(out), maxColumnRules)]
}

// columnRule joins contacts that agree on some parts, of which the first may be many-valued.
func (f *facts) columnRule(name, description string, parts ...part) rule {
	uses := Aspects(0)
	for _, p := range parts {
		uses |= p.uses
	}
	return rule{name: columnPrefix + name, description: description, uses: uses, keys: f.compound(parts)}
}

// columnTypos joins contacts whose values are one typing error apart.
func (f *facts) columnTypos(c column) rule {
	col, _ := f.t.Custom(c.number)
	return f.columnRule(c.name+"_typo", "values in column "+c.name+" one character apart", part{uses: c.uses, many: func(r contact.Row, emit func(uint64)) {
		deletions(col.Value(r), emit)
	}})
}
