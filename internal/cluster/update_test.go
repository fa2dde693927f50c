package cluster_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
)

// newLinkTable makes a table that links two. The right has the fixture's columns but those in lacking, and an identities table.
func newLinkTable(tb testing.TB, lacking string, left, right []cells) *contact.Table {
	tb.Helper()
	cols := fixtureColumns()
	layout := contact.Layout{Name: "link", Contacts: cols, Parts: 2, Sides: make([]contact.Side, 2)}
	for i, c := range cols {
		for s := range layout.Sides {
			if side := &layout.Sides[s]; s == int(contact.Left) || !slices.Contains(strings.Fields(lacking), c.Name) {
				side.Contacts, side.Place = append(side.Contacts, c), append(side.Place, i)
			}
		}
	}
	layout.Sides[contact.Right].Identities = []contact.Column{{Name: "contact_id", Field: contact.FieldContactID}}
	b := contact.NewBuilder(layout)
	for s, rows := range [][]cells{left, right} {
		bb := contact.NewBatchBuilder(contact.Contacts, contact.SideName(uint8(s)), cols, nil)
		tb.Cleanup(bb.Release)
		for i, r := range rows {
			for k, col := range cols {
				if v, ok := r[col.Name]; ok {
					bb.Set(k, v)
				}
			}
			bb.FinishRow(int64(i + 1))
		}
		batch := bb.Flush()
		tb.Cleanup(batch.Release)
		batch.Side = uint8(s)
		chunk := contact.NewChunk(layout)
		for i, r := range rows {
			chunk.Add(batch, i, normalize(r), rawIdentities(r, cols))
		}
		b.Absorb(chunk)
	}
	return freezeBuilder(tb, b)
}

// TestUpdate shows what records bring to the contact 1; the contact 2 only shows how contacts are written.
func TestUpdate(t *testing.T) {
	name := func(first, last string) cells { return cells{"first": first, "last": last} }
	for _, c := range []struct {
		name    string
		update  cluster.Survivorship
		lacking string
		contact cells
		records []cells // the last is the newest
		want    []string
	}{
		{
			name: "what is empty is filled", contact: cells{"company": "Acme"}, records: []cells{{"company": "Bolt", "email": "a@x.org", "note": "hi"}},
			want: []string{"email=a@x.org fill_empty l1", "note=hi fill_empty l1"},
		},
		{
			name: "a filler gives way", contact: cells{"company": "n/a", "born": "1900-01-01"}, records: []cells{{"company": "Bolt", "born": "1980-02-03"}},
			want: []string{"born=1980-02-03 fill_empty l1", "company=Bolt fill_empty l1"},
		},
		{
			name: "a filler never moves", update: cluster.Survivorship{Default: cluster.Overwrite}, contact: cells{"company": "Acme", "email": "a@x.org", "born": "1980-02-03"},
			records: []cells{{"company": "n/a", "email": "test@x.org", "born": "1900-01-01", "first": "Guest", "note": " "}},
		},
		{
			name: "overwritten", update: cluster.Survivorship{Default: cluster.Overwrite}, contact: cells{"company": "Acme", "note": "old"},
			records: []cells{{"company": "Bolt", "note": "new"}}, want: []string{"company=Bolt overwrite l1", "note=new overwrite l1"},
		},
		{
			name: "another spelling is nothing new", update: cluster.Survivorship{Default: cluster.Overwrite}, contact: cells{"company": "Acme", "note": "Old", "email": "a@x.org", "born": "1980-02-03"},
			records: []cells{{"company": "ACME ", "note": "old", "email": "A@x.org", "born": "19800203"}},
		},
		{name: "a role mailbox does not replace a person's", update: cluster.Survivorship{Default: cluster.Overwrite}, contact: cells{"email": "a@x.org"}, records: []cells{{"email": "info@x.org"}}},
		{name: "but is better than none", contact: cells{}, records: []cells{{"email": "info@x.org"}}, want: []string{"email=info@x.org fill_empty l1"}},
		{name: "nothing is done", update: cluster.Survivorship{Default: cluster.DoNothing}, contact: cells{}, records: []cells{{"email": "a@x.org", "+": "wechat:w"}}},
		{
			name: "by field", update: cluster.Survivorship{Default: cluster.DoNothing, Fields: map[string]string{"email": cluster.FillEmpty, "note": cluster.Overwrite}},
			contact: cells{"note": "old"}, records: []cells{{"email": "a@x.org", "note": "new", "company": "Bolt"}}, want: []string{"email=a@x.org fill_empty l1", "note=new overwrite l1"},
		},
		{name: "the newest record counts", contact: cells{}, records: []cells{{"company": "Acme"}, {"company": "Bolt"}, {"note": "x"}}, want: []string{"company=Bolt fill_empty l2", "note=x fill_empty l3"}},
		{name: "a missing part of the name", contact: name("Ann", ""), records: []cells{name("Ann", "Okafor")}, want: []string{"last=Okafor fill_empty l1"}},
		{name: "but not of another name", contact: name("Ann", ""), records: []cells{name("Bea", "Okafor")}},
		{
			name: "another name takes its place as a whole", update: cluster.Survivorship{Default: cluster.Overwrite}, contact: cells{"Title": "Dr", "first": "Ann", "last": "Okafor"},
			records: []cells{name("Anne", "Marsh")}, want: []string{"first=Anne overwrite l1", "last=Marsh overwrite l1"},
		},
		{name: "half a name does not", update: cluster.Survivorship{Default: cluster.Overwrite}, contact: name("Ann", "Okafor"), records: []cells{name("Anne", "")}},
		{name: "half an address does not", update: cluster.Survivorship{Default: cluster.Overwrite}, contact: cells{"street": "Hill 1", "city": "Bonn"}, records: []cells{{"city": "Kiel"}}},
		{
			name: "a whole address does", update: cluster.Survivorship{Default: cluster.Overwrite}, contact: cells{"street": "Hill 1", "city": "Bonn", "country": "de"},
			records: []cells{{"street": "Quay 2", "city": "Kiel"}}, want: []string{"street=Quay 2 overwrite l1", "city=Kiel overwrite l1"},
		},
		{name: "an address is completed", contact: cells{"city": "Bonn"}, records: []cells{{"street": "Hill 1", "city": "bonn"}}, want: []string{"street=Hill 1 fill_empty l1"}},
		{
			name: "opt-out is most restrictive, in the contact's spelling", update: cluster.Survivorship{Default: cluster.DoNothing}, contact: cells{"opt": "0", "vip": "no"},
			records: []cells{{"opt": "yes", "vip": "true"}}, want: []string{"vip=yes or l1", "opt=1 most_restrictive l1"},
		},
		{name: "or in another contact's", contact: cells{}, records: []cells{{"blocked": "yes"}}, want: []string{"blocked=true most_restrictive l1"}},
		{name: "who opted out stays out", contact: cells{"opt": "yes"}, records: []cells{{"opt": "no"}}},
		{
			name: "key, source and times are the contact's own", update: cluster.Survivorship{Default: cluster.Overwrite}, contact: cells{"source": "crm", "created": "5", "updated": "5"},
			records: []cells{{"source": "web", "created": "1", "updated": "9"}},
		},
		{name: "a column that contacts do not have", lacking: "company", contact: cells{}, records: []cells{{"company": "Bolt", "note": "x"}}, want: []string{"note=x fill_empty l1"}},
		{name: "an identity that stands elsewhere", contact: cells{"+": "email:A@x.org"}, records: []cells{{"email": "a@x.org"}}},
		{
			name: "identities of a table are united", lacking: "mobile", contact: cells{"+": "phone:123"}, records: []cells{{"mobile": "456"}, {"mobile": "123", "+": "wechat:W"}},
			want: []string{"+phone:456 l1", "+wechat:W l2"},
		},
		{name: "unless their channel is left alone", lacking: "mobile", update: cluster.Survivorship{Fields: map[string]string{"phone": cluster.DoNothing}}, contact: cells{}, records: []cells{{"mobile": "456"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			known := cells{"id": "1"}
			for k, v := range c.contact {
				known[k] = v
			}
			var left []cells
			for i, r := range c.records {
				with := cells{"id": fmt.Sprint("l", i+1)}
				for k, v := range r {
					with[k] = v
				}
				left = append(left, with)
			}
			tab := newLinkTable(t, c.lacking, left, []cells{known, {"id": "2", "born": "1970-01-02", "blocked": "true"}})
			into, ok := tab.FindIn(contact.Right, "1")
			if !ok {
				t.Fatal("the contact is gone")
			}
			var records []contact.Row
			for _, l := range slices.Backward(left) {
				r, _ := tab.FindIn(contact.Left, l["id"])
				records = append(records, r)
			}
			u := cluster.NewUpdater(tab, c.update)
			var got []string
			for _, v := range u.Update(into, records) {
				got = append(got, fmt.Sprintf("%s=%s %s %s", tab.Columns()[v.Column].Name, v.Text, v.Rule, tab.Key(v.From)))
			}
			for _, id := range u.Identities(into, records) {
				got = append(got, fmt.Sprintf("+%s:%s %s", id.Channel, id.Value, tab.Key(id.From)))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("updates (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUpdateWritesDatesAsContactsDo(t *testing.T) {
	tab := newLinkTable(t, "", []cells{{"id": "1", "born": "19800203"}}, []cells{{"id": "1"}, {"id": "2", "born": "1970-01-02"}})
	into, _ := tab.FindIn(contact.Right, "1")
	from, _ := tab.FindIn(contact.Left, "1")
	got := cluster.NewUpdater(tab, cluster.Survivorship{}).Update(into, []contact.Row{from})
	if len(got) != 1 || got[0].Text != "1980-02-03" {
		t.Errorf("got %+v", got)
	}
}
