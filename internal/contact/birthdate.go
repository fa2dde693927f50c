package contact

import (
	"maps"
	"slices"
	"strings"
)

// Birthdate is what normalization makes of one raw birthdate.
type Birthdate struct {
	Key    int32 // yyyymmdd, 0 when it is missing or unusable; mm and dd are 00 where the value does not say them
	Flags  RowFlags
	Reason string // why the value was rejected, "" when it was not
}

// Birthdates reads the birthdate column, or the columns of its parts where there is none: parse gets the distinct values, sorted, and returns
// one result for each. Parts are put together as in 1984-03-12, 1984-03 or 1984.
func (b *Builder) Birthdates(parse func(values []string) []Birthdate) {
	b.birth = make([]int32, b.Len())
	if len(b.dupes) > 0 { // with repeated ids the ids are not in arrival order, and Seal refuses them anyway
		return
	}
	whole, year := b.column(FieldBirthdate), b.column(FieldBirthYear)
	if whole < 0 && year < 0 {
		return
	}
	for side := range max(1, len(b.layout.Sides)) {
		if whole >= 0 {
			b.readBirthdates(whole, uint8(side), b.raw[whole].dict.value, b.raw[whole].codes, parse)
			continue
		}
		texts, codes := b.composed(year)
		b.readBirthdates(year, uint8(side), func(c Code) string { return texts[c] }, codes, parse)
	}
}

// column is the number of the column that carries a field, -1 when none does.
func (b *Builder) column(f Field) int {
	return slices.IndexFunc(b.layout.Contacts, func(c Column) bool { return c.Field == f })
}

// composed puts birthdates together from the columns of their parts: a coded column, code 0 being none.
func (b *Builder) composed(year int) (texts []string, codes []Code) {
	known := map[string]Code{"": 0}
	texts, codes = []string{""}, make([]Code, b.Len())
	for i := range codes {
		text := b.part(year, i)
		for _, f := range []Field{FieldBirthMonth, FieldBirthDay} {
			more := b.part(b.column(f), i)
			if text == "" || more == "" {
				break
			}
			text += "-" + more
		}
		c, ok := known[text]
		if !ok {
			c = Code(len(texts))
			known[text] = c
			texts = append(texts, text)
		}
		codes[i] = c
	}
	return texts, codes
}

// part is a cell without the decimals that spreadsheets give to numbers, "" when it is empty.
func (b *Builder) part(col, i int) string {
	if col < 0 || b.raw[col].codes[i] == 0 {
		return ""
	}
	return strings.TrimSuffix(strings.TrimSpace(b.raw[col].dict.value(b.raw[col].codes[i])), ".0")
}

// readBirthdates reads those of one side, given as a coded column: two sources may write day and month in different orders.
func (b *Builder) readBirthdates(col int, side uint8, value func(Code) string, codes []Code, parse func(values []string) []Birthdate) {
	here := map[Code]bool{}
	for i, c := range codes {
		if c != 0 && b.sideOf(i) == side {
			here[c] = true
		}
	}
	order := slices.SortedFunc(maps.Keys(here), func(x, y Code) int { return strings.Compare(value(x), value(y)) })
	values := make([]string, len(order))
	for i, c := range order {
		values[i] = value(c)
	}
	byCode := make(map[Code]Birthdate, len(order))
	for i, p := range parse(values) {
		byCode[order[i]] = p
	}
	name := b.layout.Contacts[col].Name
	if b.linking() {
		name = b.layout.Sides[side].columnName(b.layout.Contacts[col], col)
	}
	for i, c := range codes {
		if b.sideOf(i) != side {
			continue
		}
		p := byCode[c]
		b.birth[i] = p.Key
		b.flags[i] |= p.Flags
		if p.Reason != "" {
			b.rejects = append(b.rejects, Reject{
				Source: b.sources[b.src[i]], Row: b.pos[i], ID: strings.Clone(b.key(uint32(i))), Column: name,
				Scope: ScopeValue, Reason: p.Reason, Raw: strings.Clone(value(c)),
			})
		}
	}
}

// sideOf is the side of the contact that arrived as the i-th.
func (b *Builder) sideOf(i int) uint8 {
	if !b.linking() {
		return 0
	}
	return b.side[i]
}
