package blocking

import (
	"strconv"
	"strings"
	"testing"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// guest is a contact of a fixture: normalized columns, birthdate, and keys as "space:text" words; an asterisk marks a derived key.
type guest struct {
	cols map[contact.Col]string
	born int
	keys string
	own  string
}

var fixtureSpaces = map[string]contact.Space{
	"email": contact.SpaceEmail, "phone": contact.SpacePhone, "sso": contact.SpaceSSO, "handle": contact.SpaceHandle, "cookie": contact.SpaceCookie,
	"demail": contact.SpaceDerivedEmail, "national": contact.SpaceNationalNumber,
}

// named is a guest whose sounds are the first letters of the names.
func named(given, family string) guest {
	g := guest{cols: map[contact.Col]string{}}
	if given != "" {
		g.cols[contact.ColGiven], g.cols[contact.ColGivenLatin], g.cols[contact.ColGivenPhonetic] = given, given, given[:1]
	}
	if family != "" {
		g.cols[contact.ColFamily], g.cols[contact.ColFamilyLatin], g.cols[contact.ColFamilyPhonetic] = family, family, family[:1]
	}
	if key := strings.TrimSpace(min(given, family) + " " + max(given, family)); key != "" {
		g.cols[contact.ColNameKey] = key
	}
	return g
}

func (g guest) with(keys string) guest { g.keys = keys; return g }

// newTable freezes guests; row i is guests[i].
func newTable(tb testing.TB, guests ...guest) *contact.Table { return newSides(tb, nil, guests) }

// newSides freezes guests of two sources, of which the pairs across count; the rows stand in the order of guests. Without sides there is one
// source.
func newSides(tb testing.TB, sides []uint8, guests []guest) *contact.Table {
	tb.Helper()
	layout := contact.Layout{Contacts: []contact.Column{
		{Name: "id", Field: contact.FieldID}, {Name: "born", Field: contact.FieldBirthdate}, {Name: "Shoe", Field: contact.FieldCustom},
	}}
	if sides != nil {
		layout.Sides = []contact.Side{{Name: "left", Contacts: layout.Contacts, Place: []int{0, 1, 2}}, {Name: "right", Contacts: layout.Contacts, Place: []int{0, 1, 2}}}
	}
	b := contact.NewBuilder(layout)
	for side := range uint8(2) {
		b.Absorb(guestChunk(layout, side, sides, guests))
	}
	return finish(tb, b)
}

// guestChunk holds the guests of one side; the first has all guests when there are no sides.
func guestChunk(layout contact.Layout, side uint8, sides []uint8, guests []guest) *contact.Chunk {
	bb := contact.NewBatchBuilder(contact.Contacts, "fixture", layout.Contacts, nil)
	defer bb.Release()
	var own []guest
	for i, g := range guests {
		if len(sides) == 0 && side > 0 || len(sides) > 0 && sides[i] != side {
			continue
		}
		own = append(own, g)
		bb.Set(0, strconv.Itoa(i+1))
		if g.born != 0 {
			bb.Set(1, strconv.Itoa(g.born))
		}
		bb.FinishRow(int64(i + 1))
	}
	batch := bb.Flush()
	defer batch.Release()
	batch.Side = side
	chunk := contact.NewChunk(layout)
	for i, g := range own {
		n := contact.Normal{Custom: []string{g.own}}
		for c, v := range g.cols {
			n.Text[c] = v
		}
		var ids []contact.RawIdentity
		for _, k := range strings.Fields(g.keys) {
			ids = append(ids, contact.RawIdentity{Channel: "fixture", Value: k})
		}
		chunk.Add(batch, i, &n, ids)
	}
	return chunk
}

func finish(tb testing.TB, b *contact.Builder) *contact.Table {
	tb.Helper()
	b.Birthdates(func(values []string) []contact.Birthdate {
		out := make([]contact.Birthdate, len(values))
		for i, v := range values {
			n, _ := strconv.Atoi(v)
			out[i].Key = int32(n)
		}
		return out
	})
	if err := b.Seal(); err != nil {
		tb.Fatal(err)
	}
	parsed := make([]contact.ParsedIdentity, b.Distinct())
	for i := range parsed {
		_, v, _ := b.Raw(i)
		word, marked := strings.CutSuffix(v, "*")
		kind, text, _ := strings.Cut(word, ":")
		space, ok := fixtureSpaces[kind]
		if !ok {
			tb.Fatalf("key %q is of no known kind", v)
		}
		parsed[i] = contact.ParsedIdentity{Status: contact.StatusOK}
		if !space.Derived() {
			parsed[i].Space, parsed[i].Exact = space, text
			continue
		}
		d := contact.DerivedKey{Space: space, Text: text}
		if marked {
			d.Forms = contact.FormPlusAddress
		}
		parsed[i].Derived = []contact.DerivedKey{d}
	}
	t, err := b.Freeze(parsed, contact.Serial)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(t.Release)
	return t
}

// build makes blocks of a table without goroutines.
func build(tb testing.TB, t *contact.Table, cfg Config) *Blocks {
	tb.Helper()
	b, err := Build(t, cfg, contact.Serial)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// collect enumerates all pairs in tasks of the given size and counts them by the rule of their task.
func collect(b *Blocks, size int64) (pairs []Pair, newPairs []int64) {
	newPairs = make([]int64, len(b.sets))
	for _, task := range b.Tasks(size) {
		b.Pairs(task, func(p Pair) {
			pairs = append(pairs, p)
			newPairs[task.Rule]++
		})
	}
	return pairs, newPairs
}
