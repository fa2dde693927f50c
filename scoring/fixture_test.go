package scoring

import (
	"strconv"
	"strings"
	"testing"

	"github.com/contactmerge/contactmerge/blocking"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/pipeline/normalize"
)

// person is a contact of a fixture. Keys are separated by blanks and read "space:text", with an optional derived form: "space:text>derived/forms",
// where forms is a number of contact.Forms. A key "fixed:…" is a phone number on a fixed line; "only:space:text/forms" has no exact form.
type person struct {
	name           normalize.NameParts
	born           string // yyyymmdd
	keys           string
	flags          contact.RowFlags
	tenant         string
	company        string
	street, city   string
	postcode       string
	country        string
	gender, custom string
}

// named is a person with a given and a family name.
func named(given, family string) person {
	return person{name: normalize.NameParts{First: given, Last: family}}
}

func (p person) with(keys string) person { p.keys = keys; return p }

var fixtureSpaces = map[string]contact.Space{
	"email": contact.SpaceEmail, "phone": contact.SpacePhone, "fixed": contact.SpacePhone, "handle": contact.SpaceHandle, "sso": contact.SpaceSSO,
	"nid": contact.SpaceNationalID, "cookie": contact.SpaceCookie,
}

var derivedSpaces = map[contact.Space]contact.Space{
	contact.SpaceEmail: contact.SpaceDerivedEmail, contact.SpacePhone: contact.SpaceDerivedPhone,
}

// parseKey reads a key of a fixture.
func parseKey(tb testing.TB, token string) contact.ParsedIdentity {
	tb.Helper()
	form := func(s string) (string, contact.Forms) {
		text, forms, _ := strings.Cut(s, "/")
		n, _ := strconv.Atoi(forms)
		return text, contact.Forms(n)
	}
	kind, rest, _ := strings.Cut(token, ":")
	if kind == "only" {
		space, rest, _ := strings.Cut(rest, ":")
		text, forms := form(rest)
		return contact.ParsedIdentity{Status: contact.StatusOK, Derived: []contact.DerivedKey{{Space: derivedSpaces[fixtureSpaces[space]], Text: text, Forms: forms}}}
	}
	space, ok := fixtureSpaces[kind]
	if !ok {
		tb.Fatalf("fixture key %q is of no known kind", token)
	}
	p := contact.ParsedIdentity{Status: contact.StatusOK, Space: space}
	if kind == "fixed" {
		p.Flags = contact.IdentityFixedLine
	}
	exact, derived, has := strings.Cut(rest, ">")
	p.Exact = exact
	if has {
		text, forms := form(derived)
		p.Derived = []contact.DerivedKey{{Space: derivedSpaces[space], Text: text, Forms: forms}}
	}
	return p
}

var fixtureNames = normalize.NewNameParser(normalize.NameConfig{})

func (p person) normal() *contact.Normal {
	n := &contact.Normal{Flags: p.flags, Custom: []string{p.custom}}
	m := fixtureNames.Parse(p.name)
	for col, v := range map[contact.Col]string{
		contact.ColGiven: m.Given, contact.ColMiddle: m.Middle, contact.ColFamily: m.Family, contact.ColSuffix: m.Suffix, contact.ColGivenRoots: m.GivenRoots,
		contact.ColGivenLatin: m.GivenLatin, contact.ColFamilyLatin: m.FamilyLatin, contact.ColGivenPhonetic: m.GivenPhonetic,
		contact.ColFamilyPhonetic: m.FamilyPhonetic, contact.ColNameKey: m.Key, contact.ColTenant: p.tenant, contact.ColCompany: p.company,
		contact.ColStreet: p.street, contact.ColCity: p.city, contact.ColPostcode: p.postcode, contact.ColCountry: p.country, contact.ColGender: p.gender,
	} {
		n.Text[col] = v
	}
	return n
}

// newTable freezes people into a table; row i is people[i].
func newTable(tb testing.TB, people ...person) *contact.Table {
	tb.Helper()
	layout := contact.Layout{Name: "fixture", Parts: 1, Contacts: []contact.Column{
		{Name: "id", Field: contact.FieldID}, {Name: "born", Field: contact.FieldBirthdate}, {Name: "plan", Field: contact.FieldCustom},
	}}
	bb := contact.NewBatchBuilder(contact.Contacts, "fixture", layout.Contacts, nil)
	defer bb.Release()
	for i, p := range people {
		bb.Set(0, strconv.Itoa(i+1))
		if p.born != "" {
			bb.Set(1, p.born)
		}
		bb.FinishRow(int64(i + 1))
	}
	batch := bb.Flush()
	defer batch.Release()
	chunk := contact.NewChunk(layout)
	for i, p := range people {
		var ids []contact.RawIdentity
		for _, k := range strings.Fields(p.keys) {
			ids = append(ids, contact.RawIdentity{Channel: "fixture", Value: k, Column: -1})
		}
		chunk.Add(batch, i, p.normal(), ids)
	}
	b := contact.NewBuilder(layout)
	b.Absorb(chunk)
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
		parsed[i] = parseKey(tb, v)
	}
	t, err := b.Freeze(parsed, contact.Serial)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(t.Release)
	return t
}

// newWorker fits a model to people and takes a worker.
func newWorker(tb testing.TB, people ...person) *Worker {
	tb.Helper()
	t := newTable(tb, people...)
	shared := blocking.FindShared(t, 0)
	return NewScorer(t, shared, fit(tb, t, shared, Config{}), Config{}, nil).Worker()
}

// fit is Fit without candidate pairs: m keeps its starting values.
func fit(tb testing.TB, t *contact.Table, shared *blocking.Shared, cfg Config) *Model {
	tb.Helper()
	m, err := Fit(t, shared, nil, cfg, contact.Serial)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}
