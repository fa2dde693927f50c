package contact

import (
	"slices"
	"strings"
)

// Birthdate is what normalization makes of one raw birthdate.
type Birthdate struct {
	Key    int32 // yyyymmdd, 0 when it is missing or unusable
	Flags  RowFlags
	Reason string // why the value was rejected, "" when it was not
}

// Birthdates reads the birthdate column: parse gets its distinct values, sorted, and returns one result for each.
func (b *Builder) Birthdates(parse func(values []string) []Birthdate) {
	b.birth = make([]int32, b.Len())
	col := slices.IndexFunc(b.layout.Contacts, func(c Column) bool { return c.Field == FieldBirthdate })
	if col < 0 || len(b.dupes) > 0 { // with repeated ids the ids are not in arrival order, and Seal refuses them anyway
		return
	}
	for side := range max(1, len(b.layout.Sides)) {
		b.readBirthdates(col, uint8(side), parse)
	}
}

// readBirthdates reads those of one side: two sources may write day and month in different orders.
func (b *Builder) readBirthdates(col int, side uint8, parse func(values []string) []Birthdate) {
	d, codes := b.raw[col].dict, b.raw[col].codes
	here := make([]bool, d.len())
	for i, c := range codes {
		here[c] = here[c] || b.sideOf(i) == side
	}
	order := make([]Code, 0, d.len())
	for c := Code(1); int(c) < d.len(); c++ {
		if here[c] {
			order = append(order, c)
		}
	}
	slices.SortFunc(order, func(x, y Code) int { return strings.Compare(d.value(x), d.value(y)) })
	values := make([]string, len(order))
	for i, c := range order {
		values[i] = d.value(c)
	}
	byCode := make([]Birthdate, d.len())
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
				Scope: ScopeValue, Reason: p.Reason, Raw: strings.Clone(d.value(c)),
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
