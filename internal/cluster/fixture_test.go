package cluster_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/scoring"
)

// cells is a contact by column name; a column that is not there is null. Identities of the identities table stand under "+", as
// "channel:value" separated by blanks. The columns flags (vip, filler, placeholder), created and updated fill in what normalization would.
type cells map[string]string

// fixtureColumns are the columns of every fixture but the plain ones.
func fixtureColumns() []contact.Column {
	col := func(name string, f contact.Field) contact.Column { return contact.Column{Name: name, Field: f} }
	ident := func(name string, ch contact.Channel) contact.Column {
		return contact.Column{Name: name, Field: contact.FieldIdentity, Channel: ch}
	}
	return []contact.Column{
		col("id", contact.FieldID), col("source", contact.FieldSource), col("Title", contact.FieldTitle), col("first", contact.FieldFirstName),
		col("last", contact.FieldLastName), col("suffix", contact.FieldSuffix), ident("email", contact.ChannelEmail), ident("mobile", contact.ChannelPhone),
		col("born", contact.FieldBirthdate), col("company", contact.FieldCompany), col("street", contact.FieldStreet), col("city", contact.FieldCity),
		col("country", contact.FieldCountry), col("vip", contact.FieldVIP), col("blocked", contact.FieldBlocked), col("opt", contact.FieldOptOut), col("opt_sms", contact.FieldOptOut), col("consent", contact.FieldConsent), col("hold", contact.FieldLegalHold),
		col("created", contact.FieldCreatedAt), col("updated", contact.FieldUpdatedAt), col("points", contact.FieldCustom), col("note", contact.FieldIgnore),
	}
}

func normalize(c cells) *contact.Normal {
	n := &contact.Normal{}
	low := func(name string) string { return strings.ToLower(strings.TrimSpace(c[name])) }
	n.Text[contact.ColGiven], n.Text[contact.ColFamily], n.Text[contact.ColSuffix] = low("first"), low("last"), low("suffix")
	n.Text[contact.ColNameKey] = strings.TrimSpace(low("first") + " " + low("last"))
	n.Text[contact.ColStreet], n.Text[contact.ColCity], n.Text[contact.ColCountry] = low("street"), low("city"), low("country")
	n.Text[contact.ColSource] = low("source")
	if n.Text[contact.ColCompany] = low("company"); n.Text[contact.ColCompany] == "n/a" {
		n.Text[contact.ColCompany] = ""
	}
	if n.Text[contact.ColGiven] == "guest" {
		n.Flags |= contact.RowNameFiller
		for _, col := range []contact.Col{contact.ColGiven, contact.ColFamily, contact.ColNameKey} {
			n.Text[col] = ""
		}
	}
	if strings.Contains(n.Text[contact.ColGiven], "@") {
		n.Flags |= contact.RowNameMisplaced
		n.Text[contact.ColGiven], n.Text[contact.ColNameKey] = "", n.Text[contact.ColFamily]
	}
	for name, flag := range map[string]contact.RowFlags{"vip": contact.RowVIP, "blocked": contact.RowBlocked, "opt": contact.RowOptOut} {
		if v := low(name); v == "yes" || v == "1" || v == "true" {
			n.Flags |= flag
		}
	}
	n.Created, _ = strconv.ParseInt(c["created"], 10, 64)
	n.Updated, _ = strconv.ParseInt(c["updated"], 10, 64)
	n.Custom = []string{low("points")}
	return n
}

// birthdates reads ISO dates and knows one placeholder.
func birthdates(values []string) []contact.Birthdate {
	out := make([]contact.Birthdate, len(values))
	for i, born := range values {
		if born == "1900-01-01" {
			out[i].Flags = contact.RowDatePlaceholder
			continue
		}
		v, _ := strconv.Atoi(strings.ReplaceAll(born, "-", ""))
		out[i].Key = int32(v)
	}
	return out
}

// yesOrNo knows the spellings that the tests use.
func yesOrNo(v string) (yes, known bool) {
	switch strings.ToLower(strings.TrimSpace(v)) {
	case "1", "t", "true", "y", "yes", "ja", "x":
		return true, true
	case "0", "f", "false", "n", "no", "nein":
		return false, true
	}
	return false, false
}

func rawIdentities(c cells, cols []contact.Column) []contact.RawIdentity {
	var out []contact.RawIdentity
	for i, col := range cols {
		if v := c[col.Name]; col.Field == contact.FieldIdentity && v != "" {
			out = append(out, contact.RawIdentity{Channel: col.Channel, Value: v, Column: i})
		}
	}
	for _, f := range strings.Fields(c["+"]) {
		ch, v, _ := strings.Cut(f, ":")
		out = append(out, contact.RawIdentity{Channel: contact.Channel(ch), Value: v, Column: -1})
	}
	return out
}

// newTable makes a frozen table of the given contacts.
func newTable(tb testing.TB, rows ...cells) *contact.Table {
	tb.Helper()
	cols := fixtureColumns()
	layout := contact.Layout{Name: "fixture", Contacts: cols, Parts: 1}
	bb := contact.NewBatchBuilder(contact.Contacts, "fixture", cols, nil)
	defer bb.Release()
	for i, r := range rows {
		for k, col := range cols {
			if v, ok := r[col.Name]; ok {
				bb.Set(k, v)
			}
		}
		bb.FinishRow(int64(i + 1))
	}
	batch := bb.Flush()
	defer batch.Release()
	chunk := contact.NewChunk(layout)
	for i, r := range rows {
		chunk.Add(batch, i, normalize(r), rawIdentities(r, cols))
	}
	return freeze(tb, layout, chunk)
}

func freeze(tb testing.TB, layout contact.Layout, chunk *contact.Chunk) *contact.Table {
	tb.Helper()
	b := contact.NewBuilder(layout)
	b.Absorb(chunk)
	return freezeBuilder(tb, b)
}

func freezeBuilder(tb testing.TB, b *contact.Builder) *contact.Table {
	tb.Helper()
	b.Birthdates(birthdates)
	b.Answers(yesOrNo)
	if err := b.Seal(); err != nil {
		tb.Fatal(err)
	}
	parsed := make([]contact.ParsedIdentity, b.Distinct())
	for i := range parsed {
		_, v, _ := b.Raw(i)
		v = strings.ToLower(v)
		switch {
		case strings.HasPrefix(v, "info@"):
			parsed[i].Status = contact.StatusRole
		case strings.HasPrefix(v, "test@"):
			parsed[i].Status = contact.StatusPlaceholder
		default:
			parsed[i] = contact.ParsedIdentity{Status: contact.StatusOK, Exact: v}
		}
	}
	t, err := b.Freeze(parsed, contact.Serial)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(t.Release)
	return t
}

// plain makes a table of n contacts with nothing but ids from 1.
func plain(tb testing.TB, n int) *contact.Table {
	tb.Helper()
	layout := contact.Layout{Name: "plain", Contacts: []contact.Column{{Name: "id", Field: contact.FieldID}}, Parts: 1}
	bb := contact.NewBatchBuilder(contact.Contacts, "plain", layout.Contacts, nil)
	defer bb.Release()
	for i := range n {
		bb.Set(0, strconv.Itoa(i+1))
		bb.FinishRow(int64(i + 1))
	}
	batch := bb.Flush()
	defer batch.Release()
	chunk := contact.NewChunk(layout)
	var normal contact.Normal
	for i := range n {
		chunk.Add(batch, i, &normal, nil)
	}
	return freeze(tb, layout, chunk)
}

// objections is a Judge with a list.
type objections map[[2]contact.Row]cluster.Judgement

func (o objections) Compare(a, b contact.Row) cluster.Judgement {
	return o[[2]contact.Row{min(a, b), max(a, b)}]
}

func edge(a, b contact.Row, d scoring.Decision, w float32) scoring.Edge {
	e := scoring.Edge{A: a, B: b, Decision: d, Weight: w, Reasons: scoring.ExactEmail}
	if d == scoring.Review {
		e.Reasons = scoring.FirstNameMismatch
	}
	return e
}

// shape prints clusters compactly: members, decision, auto groups.
func shape(clusters []cluster.Cluster) []string {
	var out []string
	for _, c := range clusters {
		out = append(out, fmt.Sprint(c.Members, " ", c.Decision, " ", c.Auto))
	}
	return out
}
