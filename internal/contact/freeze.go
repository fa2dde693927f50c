package contact

import (
	"cmp"
	"slices"

	"github.com/apache/arrow-go/v18/arrow/array"
)

// Freeze makes the table. parsed holds one entry per distinct identity, in the order of Raw. Rows are in id order and codes are
// numbered by first appearance, so the table is the same whatever order its rows arrived in. The builder must not be used afterwards.
func (b *Builder) Freeze(parsed []ParsedIdentity, run Parallel) (*Table, error) {
	t := &Table{layout: b.layout, numeric: b.numeric, idCol: b.idCol, raw: make([]Strings, len(b.raw)), custom: make([]Strings, len(b.custom))}
	for i, c := range b.layout.Contacts {
		if c.Field == FieldCustom {
			t.customIdx = append(t.customIdx, i)
		}
	}
	tasks := []func(){
		func() { t.ids = b.freezeIDs() },
		func() { b.freezeSides(t) },
		func() { b.freezeIdentities(t, parsed) },
		func() {
			t.answers = b.answers
			t.birth, t.flags = reorder(b.birth, b.order), reorder(b.flags, b.order)
			t.created, t.updated = reorder(b.created, b.order), reorder(b.updated, b.order)
		},
	}
	column := func(from *coded, to *Strings, last bool) {
		from.dict.slots = nil // nothing is looked up any more
		tasks = append(tasks, func() {
			*to = from.canonical(b.order).freeze()
			if last {
				*from = coded{} // room for the columns to come
			}
		})
	}
	for i, c := range b.raw {
		if c != nil {
			column(c, &t.raw[i], true)
		}
	}
	for i, c := range b.norm {
		column(c, &t.norm[i], i != int(ColTenant)) // which the identities read
	}
	for i, c := range b.custom {
		column(c, &t.custom[i], true)
	}
	err := run(len(tasks), func(i int) error { tasks[i](); return nil })
	if err != nil {
		return nil, err
	}
	return t, nil
}

func reorder[T any](v []T, order []uint32) []T {
	out := make([]T, len(order))
	for i, old := range order {
		out[i] = v[old]
	}
	return out
}

func (b *Builder) freezeIDs() *array.LargeString {
	d := &dict{off: make([]int64, 1, b.Len()+1)}
	for _, old := range b.order {
		d.data = append(d.data, b.ids.value(old+1)...)
		d.off = append(d.off, int64(len(d.data)))
	}
	return d.freeze()
}

func (b *Builder) freezeSides(t *Table) {
	if !b.linking() {
		return
	}
	t.side = reorder(b.side, b.order)
	for _, s := range t.side {
		t.sideLen[s]++
	}
}

func (b *Builder) freezeIdentities(t *Table, parsed []ParsedIdentity) {
	rawIDs := coded{codes: make([]Code, len(b.idents)), dict: b.identD}
	same := make([]uint32, len(b.idents))
	for i, id := range b.idents {
		rawIDs.codes[i], same[i] = id.code, uint32(i)
	}
	raws := rawIDs.canonical(same)
	keys := newKeyMaker(parsed)
	channels := map[Channel]uint16{}
	t.idents = make([]Identity, 0, len(b.idents))
	t.identOff, t.keyOff = make([]uint32, 1, b.Len()+1), make([]uint32, 1, b.Len()+1)
	next := 0
	for r, old := range b.order {
		from := len(t.keys)
		tenant := b.norm[ColTenant].dict.value(b.norm[ColTenant].codes[old])
		for ; next < len(b.idents) && int(b.idents[next].row) == r; next++ {
			in := b.idents[next]
			ch, _ := splitRawIdentity(raws.dict.value(raws.codes[next]))
			c, ok := channels[ch]
			if !ok {
				c = uint16(len(t.channels))
				channels[ch] = c
				t.channels = append(t.channels, ch)
			}
			id := Identity{raw: raws.codes[next], Channel: c, Column: in.column, FirstSeen: in.first, LastSeen: in.last}
			if in.verified {
				id.Flags |= IdentityVerified
			}
			t.keys = keys.add(t.keys, b.comboOf[next], tenant, &id)
			t.idents = append(t.idents, id)
		}
		t.keys = compactKeys(t.keys, from)
		t.identOff = append(t.identOff, uint32(len(t.idents)))
		t.keyOff = append(t.keyOff, uint32(len(t.keys)))
	}
	t.rawIdent, t.keyDict = raws.dict.freeze(), keys.dict.freeze()
}

// keyMaker gives each distinct parsed identity its key codes once.
type keyMaker struct {
	parsed []ParsedIdentity
	dict   *dict
	exact  []Code // per parsed identity, 0 until made
	buf    []byte
}

func newKeyMaker(parsed []ParsedIdentity) *keyMaker {
	return &keyMaker{parsed: parsed, dict: newDict(), exact: make([]Code, len(parsed))}
}

// code is the code of a key. The tenant is part of the key, so that the same address in two tenants is never the same fact.
func (m *keyMaker) code(s Space, tenant, text string) Code {
	m.buf = append(append(m.buf[:0], byte(s)), tenant...)
	m.buf = append(append(m.buf, 0), text...)
	return m.dict.code(string(m.buf))
}

func (m *keyMaker) add(keys []Key, combo uint32, tenant string, id *Identity) []Key {
	p := &m.parsed[combo]
	id.Status = p.Status
	id.Flags |= p.Flags & IdentityFixedLine
	if p.Status != StatusOK {
		return keys
	}
	if p.Exact != "" {
		if m.exact[combo] == 0 {
			m.exact[combo] = m.code(p.Space, tenant, p.Exact)
		}
		id.Key = m.exact[combo]
		keys = append(keys, Key{Value: id.Key, Space: p.Space, Flags: id.Flags})
	}
	for _, d := range p.Derived {
		keys = append(keys, Key{Value: m.code(d.Space, tenant, d.Text), Space: d.Space, Forms: d.Forms, Flags: id.Flags})
	}
	return keys
}

// compactKeys sorts the keys of one contact, which start at from, and keeps each fact once. Of twins the plainer form stays: a contact that
// holds a value exactly does not hold it only by derivation.
func compactKeys(keys []Key, from int) []Key {
	own := keys[from:]
	slices.SortFunc(own, func(x, y Key) int {
		return cmp.Or(cmp.Compare(x.Space, y.Space), cmp.Compare(x.Value, y.Value), cmp.Compare(x.Forms, y.Forms), cmp.Compare(y.Flags, x.Flags))
	})
	own = slices.CompactFunc(own, func(x, y Key) bool { return x.Space == y.Space && x.Value == y.Value })
	return keys[:from+len(own)]
}
