package contact

import (
	"strings"
	"testing"
)

// record is a raw contact of a fixture: a column that is not in cells is null.
type record struct {
	cells map[string]string
	extra []string // rows of the identities table, "channel:value", with a leading + when verified
	seen  int64
}

func fixtureLayout() Layout {
	return Layout{Name: "fixture", Parts: 1, Contacts: []Column{
		{Name: "first", Field: FieldFirstName},
		{Name: "id", Field: FieldID},
		{Name: "mail", Field: FieldIdentity, Channel: ChannelEmail},
		{Name: "born", Field: FieldBirthdate},
		{Name: "country", Field: FieldCountry},
		{Name: "tenant", Field: FieldTenant},
		{Name: "plan", Field: FieldCustom},
	}}
}

// chunkOf normalizes records in the simplest way: lower case.
func chunkOf(tb testing.TB, l Layout, source string, records []record, position func(i int) int64) *Chunk {
	tb.Helper()
	bb := NewBatchBuilder(Contacts, source, l.Contacts, nil)
	defer bb.Release()
	for i, r := range records {
		for k, col := range l.Contacts {
			if v, ok := r.cells[col.Name]; ok {
				bb.Set(k, v)
			}
		}
		bb.FinishRow(position(i))
	}
	b := bb.Flush()
	defer b.Release()
	c := NewChunk(l)
	for i, r := range records {
		n := Normal{Custom: []string{strings.ToLower(r.cells["plan"])}, Created: r.seen}
		n.Text[ColGiven], n.Text[ColCountry], n.Text[ColTenant] = strings.ToLower(r.cells["first"]), r.cells["country"], r.cells["tenant"]
		var ids []RawIdentity
		if v := r.cells["mail"]; v != "" {
			ids = append(ids, RawIdentity{Channel: ChannelEmail, Value: v, Column: 2})
		}
		c.Add(b, i, &n, ids)
	}
	return c
}

func identityChunkOf(records []record) *IdentityChunk {
	c := NewIdentityChunk("identities")
	for i, r := range records {
		for _, e := range r.extra {
			text, verified := strings.CutPrefix(e, "+")
			ch, v, _ := strings.Cut(text, ":")
			c.Add(r.cells["id"], RawIdentity{Channel: Channel(ch), Value: v, Verified: verified, FirstSeen: r.seen, LastSeen: r.seen}, int64(i+1))
		}
	}
	return c
}

// parseAll stands in for the pipeline: lower case is exact, what stands before a plus is derived, "bad" is invalid, "4…" is a fixed line.
func parseAll(b *Builder) []ParsedIdentity {
	out := make([]ParsedIdentity, b.Distinct())
	for i := range out {
		ch, v, country := b.Raw(i)
		p := ParsedIdentity{Status: StatusOK, Space: SpaceOf(ch), Exact: strings.ToLower(v)}
		switch p.Space {
		case SpaceEmail:
			if local, domain, ok := strings.Cut(p.Exact, "@"); ok {
				stem, _, tagged := strings.Cut(local, "+")
				forms := Forms(0)
				if tagged {
					forms = FormPlusAddress
				}
				p.Derived = []DerivedKey{{Space: SpaceDerivedEmail, Text: stem + "@" + domain, Forms: forms}}
			}
		case SpacePhone:
			p.Exact = country + p.Exact
			if strings.HasPrefix(v, "4") {
				p.Flags = IdentityFixedLine
			}
		}
		if v == "bad" {
			p = ParsedIdentity{Status: StatusInvalid}
		}
		out[i] = p
	}
	return out
}

// isoDates reads yyyy-mm-dd; "9999…" is refused.
func isoDates(values []string) []Birthdate {
	out := make([]Birthdate, len(values))
	for i, v := range values {
		if strings.HasPrefix(v, "9999") {
			out[i].Reason = "impossible_date"
			continue
		}
		for _, d := range strings.ReplaceAll(v, "-", "") {
			out[i].Key = out[i].Key*10 + (d - '0')
		}
	}
	return out
}

// freezeRecords makes a table of records, in one chunk.
func freezeRecords(tb testing.TB, records ...record) *Table {
	tb.Helper()
	b := NewBuilder(fixtureLayout())
	b.Absorb(chunkOf(tb, fixtureLayout(), "file", records, func(i int) int64 { return int64(i + 1) }))
	b.AbsorbIdentities(identityChunkOf(records))
	t, err := finish(b)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(t.Release)
	return t
}

func finish(b *Builder) (*Table, error) {
	b.Birthdates(isoDates)
	if err := b.Seal(); err != nil {
		return nil, err
	}
	return b.Freeze(parseAll(b), Serial)
}

// cells makes a record of "column=value" words.
func cells(words ...string) record {
	r := record{cells: map[string]string{}}
	for _, w := range words {
		k, v, _ := strings.Cut(w, "=")
		r.cells[k] = v
	}
	return r
}

func (r record) and(identities ...string) record { r.extra = identities; return r }
