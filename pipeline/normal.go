package pipeline

import (
	"strings"
	"time"

	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/pipeline/normalize"
)

// normalizer turns raw batches into chunks. One worker owns it.
type normalizer struct {
	layout contact.Layout
	name   *normalize.NameParser
	forms  map[contact.Field]*memo
	custom *memo
	normal contact.Normal
	ids    []contact.RawIdentity
}

func newNormalizer(l contact.Layout, cfg NormalizeConfig) *normalizer {
	n := &normalizer{layout: l, name: normalize.NewNameParser(cfg.Name), custom: newMemo(normalize.Text)}
	n.forms = map[contact.Field]*memo{
		contact.FieldGender: newMemo(normalize.Gender), contact.FieldCompany: newMemo(normalize.Company), contact.FieldStreet: newMemo(normalize.Street),
		contact.FieldCity: newMemo(normalize.City), contact.FieldState: newMemo(normalize.State), contact.FieldCountry: newMemo(normalize.Country),
		contact.FieldTenant: newMemo(strings.TrimSpace), contact.FieldSource: newMemo(normalize.Text),
	}
	return n
}

// columnOf says in which normalized column a field lands.
var columnOf = map[contact.Field]contact.Col{
	contact.FieldGender: contact.ColGender, contact.FieldCompany: contact.ColCompany, contact.FieldStreet: contact.ColStreet,
	contact.FieldCity: contact.ColCity, contact.FieldState: contact.ColState, contact.FieldCountry: contact.ColCountry,
	contact.FieldTenant: contact.ColTenant, contact.FieldSource: contact.ColSource,
}

// maxCustom bounds how much of a generic value is compared.
const maxCustom = 256

// batch normalizes a batch of contacts and releases it.
func (n *normalizer) batch(b *contact.Batch) *contact.Chunk {
	defer b.Release()
	c := contact.NewChunk(n.layout)
	for _, r := range b.Rejects {
		c.Reject(r)
	}
	for r := range b.Len() {
		n.row(b, r)
		c.Add(b, r, &n.normal, n.ids)
	}
	return c
}

func (n *normalizer) row(b *contact.Batch, r int) {
	n.normal = contact.Normal{Custom: n.normal.Custom[:0]}
	n.ids = n.ids[:0]
	var parts normalize.NameParts
	var postcode string
	for i, col := range n.layout.Contacts {
		v, _ := b.Value(i, r)
		switch col.Field {
		case contact.FieldTitle:
			parts.Title = v
		case contact.FieldFirstName:
			parts.First = v
		case contact.FieldMiddleName:
			parts.Middle = v
		case contact.FieldLastName:
			parts.Last = v
		case contact.FieldSuffix:
			parts.Suffix = v
		case contact.FieldFullName:
			parts.Full = v
		case contact.FieldPostcode:
			postcode = v
		case contact.FieldVIP:
			n.flag(v, contact.RowVIP)
		case contact.FieldBlocked:
			n.flag(v, contact.RowBlocked)
		case contact.FieldLegalHold: // a question for a supervisor, as a blocked contact is
			n.flag(v, contact.RowBlocked)
		case contact.FieldOptOut:
			n.flag(v, contact.RowOptOut)
		case contact.FieldCreatedAt:
			n.normal.Created = n.time(v)
		case contact.FieldUpdatedAt:
			n.normal.Updated = n.time(v)
		case contact.FieldIdentity:
			n.identity(col.Channel, v, i)
		case contact.FieldCustom:
			n.normal.Custom = append(n.normal.Custom, n.custom.of(v[:min(len(v), maxCustom)]))
		default:
			if to, ok := columnOf[col.Field]; ok && v != "" {
				n.normal.Text[to] = n.forms[col.Field].of(v)
			}
		}
	}
	if postcode != "" {
		n.normal.Text[contact.ColPostcode] = normalize.Postcode(postcode, n.normal.Text[contact.ColCountry])
	}
	n.person(parts)
}

func (n *normalizer) flag(v string, f contact.RowFlags) {
	if v == "" {
		return
	}
	if yes, ok := normalize.Bool(v); ok && yes {
		n.normal.Flags |= f
	}
}

func (n *normalizer) person(parts normalize.NameParts) {
	if parts == (normalize.NameParts{}) {
		return
	}
	p := n.name.Parse(parts)
	t := &n.normal.Text
	t[contact.ColGiven], t[contact.ColMiddle], t[contact.ColFamily], t[contact.ColSuffix] = p.Given, p.Middle, p.Family, p.Suffix
	t[contact.ColGivenRoots], t[contact.ColNameKey] = p.GivenRoots, p.Key
	t[contact.ColGivenLatin], t[contact.ColFamilyLatin] = p.GivenLatin, p.FamilyLatin
	t[contact.ColGivenPhonetic], t[contact.ColFamilyPhonetic] = p.GivenPhonetic, p.FamilyPhonetic
	switch p.Status {
	case normalize.Filler:
		n.normal.Flags |= contact.RowNameFiller
	case normalize.Misplaced:
		n.normal.Flags |= contact.RowNameMisplaced
	}
	if p.FoundEmail != "" || p.FoundPhone != "" {
		n.normal.Flags |= contact.RowNameMisplaced
	}
}

// identity takes a cell of an identity column, which may list several.
func (n *normalizer) identity(ch contact.Channel, v string, column int) {
	for _, one := range splitIdentities(ch, v) {
		if one = strings.TrimSpace(one); one != "" {
			n.ids = append(n.ids, contact.RawIdentity{Channel: ch, Value: one, Column: column})
		}
	}
}

// splitIdentities cuts a cell such as "a@x.org; b@y.org". Logins and ID numbers may contain the separators and are not cut.
func splitIdentities(ch contact.Channel, v string) []string {
	switch contact.SpaceOf(ch) {
	case contact.SpaceEmail:
		if strings.Count(v, "@") > 1 && strings.ContainsAny(v, ";,| ") {
			return strings.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune(";,| \t\n", r) })
		}
	case contact.SpacePhone:
		// A semicolon also starts an RFC 3966 parameter such as ";ext=101".
		if strings.Contains(v, "|") || strings.Contains(v, ";") && !strings.Contains(v, "=") {
			return strings.FieldsFunc(v, func(r rune) bool { return r == '|' || r == ';' })
		}
	case contact.SpaceHandle, contact.SpaceCookie:
		if strings.ContainsAny(v, "|;") {
			return strings.FieldsFunc(v, func(r rune) bool { return r == '|' || r == ';' })
		}
	}
	return []string{v}
}

// timeLayouts are the spellings of points in time that databases and exports use.
var timeLayouts = []string{
	time.RFC3339Nano, "2006-01-02 15:04:05.999999999-07", "2006-01-02 15:04:05.999999999-07:00", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999",
	"2006-01-02 15:04", "2006-01-02",
}

// time reads a point in time as Unix seconds; what it cannot read counts as unknown.
func (n *normalizer) time(v string) int64 {
	if v = strings.TrimSpace(v); v == "" {
		return 0
	}
	for _, l := range timeLayouts {
		if t, err := time.Parse(l, v); err == nil {
			return t.Unix()
		}
	}
	return 0
}

// memo remembers the normalized form of values that recur. It is bounded: a column of unique values would only fill it.
type memo struct {
	fn    func(string) string
	known map[string]string
}

const memoEntries = 1 << 15

func newMemo(fn func(string) string) *memo { return &memo{fn: fn, known: map[string]string{}} }

func (m *memo) of(v string) string {
	if v == "" {
		return ""
	}
	if out, ok := m.known[v]; ok {
		return out
	}
	out := m.fn(v)
	if len(m.known) < memoEntries {
		m.known[strings.Clone(v)] = out
	}
	return out
}
