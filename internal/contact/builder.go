package contact

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Parallel runs do(0) … do(n-1), possibly at the same time, and returns the first error. The pipeline supplies it, so that this
// room starts no goroutine of its own.
type Parallel func(n int, do func(i int) error) error

// Serial runs the tasks one after the other.
func Serial(n int, do func(i int) error) error {
	for i := range n {
		if err := do(i); err != nil {
			return err
		}
	}
	return nil
}

// Builder collects chunks, in any order, into a Table: Absorb…, then Seal, then Freeze. It is not safe for concurrent use.
type Builder struct {
	layout  Layout
	idCol   int
	ids     *dict // code = arrival order + 1
	dupes   []string
	raw     []*coded
	norm    [NumCols]*coded
	custom  []*coded
	birth   []int32         // filled by Birthdates
	answers map[string]bool // filled by Answers
	flags   []RowFlags
	created []int64
	updated []int64
	idents  []rawIdent
	identD  *dict
	pending []*IdentityChunk
	rejects []Reject
	scratch []Code
	pos     []int64
	src     []uint16
	sources []string
	side    []uint8 // per arrival; empty unless two sources are linked

	order   []uint32 // row -> arrival, after Seal
	numeric bool
	combos  []identCombo // distinct (raw identity, country), after Seal
	comboOf []uint32     // per idents entry
}

type identCombo struct {
	ident   Code
	country Code // only for phones
	tenant  Code // a key belongs to one tenant
}

// NewBuilder makes a builder for contacts of the given layout.
func NewBuilder(l Layout) *Builder {
	b := &Builder{layout: l, idCol: idColumn(l), ids: newDict(), identD: newDict()}
	for i, col := range l.Contacts {
		if i == b.idCol {
			b.raw = append(b.raw, nil)
			continue
		}
		b.raw = append(b.raw, newCoded())
		if col.Field == FieldCustom {
			b.custom = append(b.custom, newCoded())
		}
	}
	for i := range b.norm {
		b.norm[i] = newCoded()
	}
	return b
}

// Len is the number of contacts absorbed so far.
func (b *Builder) Len() int { return len(b.flags) }

// Absorb adds a chunk of contacts.
func (b *Builder) Absorb(c *Chunk) {
	b.rejects = append(b.rejects, c.rejects...)
	base := uint32(b.Len())
	for _, code := range c.ids.codes {
		id, before := b.idOf(c.side, c.ids.dict.value(code)), b.ids.len()
		if b.ids.code(id); b.ids.len() == before {
			b.dupes = append(b.dupes, strings.Clone(id))
		}
	}
	b.pos = append(b.pos, c.pos...)
	for b.linking() && len(b.side) < len(b.pos) {
		b.side = append(b.side, c.side)
	}
	for src := b.sourceIndex(c.source); len(b.src) < len(b.pos); {
		b.src = append(b.src, src)
	}
	for i, cc := range b.raw {
		if cc != nil {
			b.scratch = cc.absorb(c.raw[i], b.scratch)
		}
	}
	for i, cc := range b.norm {
		b.scratch = cc.absorb(c.norm[i], b.scratch)
	}
	for i, cc := range b.custom {
		b.scratch = cc.absorb(c.custom[i], b.scratch)
	}
	b.flags = append(b.flags, c.flags...)
	b.created = append(b.created, c.created...)
	b.updated = append(b.updated, c.updated...)
	for _, id := range c.idents {
		id.row += base
		id.code = b.identD.code(c.identD.value(id.code))
		b.idents = append(b.idents, id)
	}
}

func (b *Builder) sourceIndex(name string) uint16 {
	i := slices.Index(b.sources, name)
	if i < 0 {
		i = len(b.sources)
		b.sources = append(b.sources, name)
	}
	return uint16(i)
}

// linking reports whether the contacts come from two sources that are kept apart.
func (b *Builder) linking() bool { return len(b.layout.Sides) > 0 }

// idOf is the id under which a contact is known here.
func (b *Builder) idOf(side uint8, key string) string {
	if b.linking() {
		return prefixID(side, key)
	}
	return key
}

// key is the customer's own id of the contact that arrived as the i-th.
func (b *Builder) key(i uint32) string {
	id := b.ids.value(i + 1)
	if b.linking() {
		return id[len(SideName(b.side[i]))+1:]
	}
	return id
}

// AbsorbIdentities adds a chunk of the identities table.
func (b *Builder) AbsorbIdentities(c *IdentityChunk) {
	b.rejects = append(b.rejects, c.rejects...)
	b.pending = append(b.pending, c)
}

// Seal orders the contacts by id and attaches the identities to them. Identities of unknown contacts become rejects.
func (b *Builder) Seal() error {
	if len(b.dupes) > 0 {
		return b.duplicates()
	}
	if b.birth == nil {
		b.birth = make([]int32, b.Len())
	}
	b.sortRows()
	b.join()
	b.distinct()
	return nil
}

// Rejects are all rows and values left out so far, in an order that does not depend on the workers.
func (b *Builder) Rejects() []Reject {
	slices.SortFunc(b.rejects, func(x, y Reject) int {
		return cmp.Or(cmp.Compare(x.Source, y.Source), cmp.Compare(x.Row, y.Row), cmp.Compare(x.Column, y.Column), cmp.Compare(x.Reason, y.Reason),
			cmp.Compare(x.ID, y.ID), cmp.Compare(x.Scope, y.Scope), cmp.Compare(x.Raw, y.Raw))
	})
	return b.rejects
}

func (b *Builder) sortRows() {
	n := b.Len()
	type keyed struct {
		key uint64
		old uint32
	}
	ks := make([]keyed, n)
	b.numeric = true
	for i := range ks {
		v, ok := parseID(b.key(uint32(i)))
		if !ok {
			b.numeric = false
			break
		}
		ks[i] = keyed{uint64(v) ^ 1<<63, uint32(i)}
	}
	if !b.numeric {
		for i := range ks {
			ks[i] = keyed{prefix(b.key(uint32(i))), uint32(i)}
		}
	}
	slices.SortFunc(ks, func(x, y keyed) int {
		c := cmp.Compare(x.key, y.key)
		if c == 0 && !b.numeric {
			c = strings.Compare(b.key(x.old), b.key(y.old))
		}
		if c == 0 && b.linking() {
			c = cmp.Compare(b.side[x.old], b.side[y.old])
		}
		return c
	})
	b.order = make([]uint32, n)
	for i, k := range ks {
		b.order[i] = k.old
	}
}

// join resolves the contact ids of pending identities and sorts all identities by row, channel and value.
func (b *Builder) join() {
	rowOf := make([]uint32, b.Len())
	for r, old := range b.order {
		rowOf[old] = uint32(r)
	}
	for i := range b.idents {
		b.idents[i].row = rowOf[b.idents[i].row]
	}
	known := b.ids.len()
	for _, c := range b.pending {
		arrival := make([]int64, c.ids.len())
		for k := Code(1); int(k) < c.ids.len(); k++ {
			arrival[k] = -1
			if code := b.ids.find(b.idOf(c.side, c.ids.value(k))); code != 0 && int(code) < known {
				arrival[k] = int64(code) - 1
			}
		}
		for i, id := range c.idents {
			if arrival[id.row] < 0 || id.row == 0 {
				b.rejects = append(b.rejects, Reject{Source: c.source, Row: c.pos[i], ID: strings.Clone(c.ids.value(id.row)), Scope: ScopeRow, Reason: "unknown_contact"})
				continue
			}
			id.row = rowOf[arrival[id.row]]
			id.code = b.identD.code(c.identD.value(id.code))
			b.idents = append(b.idents, id)
		}
	}
	b.pending = nil
	slices.SortFunc(b.idents, func(x, y rawIdent) int {
		if c := cmp.Compare(x.row, y.row); c != 0 {
			return c
		}
		if x.code != y.code {
			return strings.Compare(b.identD.value(x.code), b.identD.value(y.code))
		}
		return cmp.Or(cmp.Compare(x.column, y.column), cmp.Compare(x.first, y.first), cmp.Compare(x.last, y.last), boolCompare(x.verified, y.verified))
	})
	b.idents = unite(b.idents)
}

// unite makes one identity of a channel that is listed twice for one contact, in one place and with one spelling: verified when either
// is, first seen at the earliest and last seen at the latest known time.
func unite(sorted []rawIdent) []rawIdent {
	out := sorted[:0]
	for _, id := range sorted {
		n := len(out)
		if n == 0 || out[n-1].row != id.row || out[n-1].code != id.code || out[n-1].column != id.column {
			out = append(out, id)
			continue
		}
		have := &out[n-1]
		have.verified = have.verified || id.verified
		have.last = max(have.last, id.last)
		if have.first == 0 || id.first != 0 && id.first < have.first {
			have.first = id.first
		}
	}
	return out
}

// distinct lists what has to be parsed: a phone's meaning depends on its contact's country, other identities stand for themselves.
func (b *Builder) distinct() {
	country := b.norm[ColCountry]
	seen := make(map[identCombo]uint32, b.identD.len())
	b.comboOf = make([]uint32, len(b.idents))
	for i, id := range b.idents {
		c := identCombo{ident: id.code, tenant: b.norm[ColTenant].codes[b.order[id.row]]}
		if ch, _ := splitRawIdentity(b.identD.value(id.code)); SpaceOf(ch) == SpacePhone {
			c.country = country.codes[b.order[id.row]]
		}
		n, ok := seen[c]
		if !ok {
			n = uint32(len(b.combos))
			seen[c] = n
			b.combos = append(b.combos, c)
		}
		b.comboOf[i] = n
	}
}

// Distinct is the number of distinct identities to parse, after Seal.
func (b *Builder) Distinct() int { return len(b.combos) }

// Raw is the i-th distinct identity and the country (ISO alpha-2 or "") of the contacts that hold it.
func (b *Builder) Raw(i int) (ch Channel, value, country string) {
	ch, value = splitRawIdentity(b.identD.value(b.combos[i].ident))
	return ch, value, b.norm[ColCountry].dict.value(b.combos[i].country)
}

func parseID(s string) (int64, bool) {
	v, err := strconv.ParseInt(s, 10, 64)
	return v, err == nil && strconv.FormatInt(v, 10) == s
}

func allNumeric(ids []string) bool {
	for _, s := range ids {
		if _, ok := parseID(s); !ok {
			return false
		}
	}
	return true
}

func idCompare(x, y string, numeric bool) int {
	if numeric {
		a, okA := parseID(x)
		b, okB := parseID(y)
		if okA && okB {
			return cmp.Compare(a, b)
		}
	}
	return strings.Compare(x, y)
}

func idLess(x, y string, numeric bool) bool { return idCompare(x, y, numeric) < 0 }

// prefix packs the first eight bytes so that most comparisons need no second look.
func prefix(s string) uint64 {
	var p uint64
	for i := range 8 {
		p <<= 8
		if i < len(s) {
			p |= uint64(s[i])
		}
	}
	return p
}

func boolCompare(x, y bool) int {
	switch {
	case x == y:
		return 0
	case y:
		return -1
	default:
		return 1
	}
}
