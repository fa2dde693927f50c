package cluster_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
)

// merged is the golden record of all contacts of a table: "value from rule" by column.
func merged(tb testing.TB, cfg cluster.Config, rows ...cells) (map[string]string, cluster.Golden, *contact.Table) {
	tb.Helper()
	if err := cfg.Validate(); err != nil {
		tb.Fatal(err)
	}
	t := newTable(tb, rows...)
	all := make([]contact.Row, t.Len())
	for i := range all {
		all[i] = contact.Row(i)
	}
	g := cluster.NewMerger(t, cfg).Golden("g", all)
	out := map[string]string{}
	for i, v := range g.Values {
		if v.Column != i {
			tb.Errorf("value %d is of column %d", i, v.Column)
		}
		text := v.Text
		if v.Null {
			text = "NULL"
		}
		out[t.Columns()[i].Name] = fmt.Sprintf("%s < %s %s", text, t.ID(v.From), v.Rule)
	}
	return out, g, t
}

func TestSurvivor(t *testing.T) {
	tests := []struct {
		name string
		cfg  cluster.Config
		rows []cells
		want string
	}{
		{"identified before ephemeral", cluster.Config{}, []cells{
			{"id": "1", "email": "a@x", "created": "5"}, {"id": "2", "first": "Ann", "email": "a@x", "created": "9"},
		}, "2"},
		{"two channels identify without a name", cluster.Config{}, []cells{
			{"id": "1", "+": "email:a@x email:b@x email:c@x"}, {"id": "2", "+": "email:a@x phone:1"},
		}, "2"},
		{"a second value on one channel does not identify", cluster.Config{}, []cells{
			{"id": "1", "first": "Ann"}, {"id": "2", "+": "email:a@x email:b@x"},
		}, "1"},
		{"curated by source", cluster.Config{}, []cells{
			{"id": "1", "first": "Ann", "+": "email:a@x phone:1 twitter:t"}, {"id": "2", "source": "Salesforce", "email": "a@x"},
		}, "2"},
		{"curated by what it holds", cluster.Config{}, []cells{
			{"id": "1", "first": "Ann", "+": "email:a@x phone:1 twitter:t"}, {"id": "2", "first": "Ann", "email": "a@x", "city": "Oslo"},
		}, "2"},
		{"curated sources can be chosen", cluster.Config{CuratedSources: []string{"web"}}, []cells{
			{"id": "1", "source": "salesforce", "email": "a@x"}, {"id": "2", "source": "web", "email": "a@x"},
		}, "2"},
		{"most identities", cluster.Config{}, []cells{
			{"id": "1", "first": "Ann", "email": "a@x", "created": "1"}, {"id": "2", "first": "Ann", "+": "email:a@x email:b@x", "created": "9"},
		}, "2"},
		{"one value in two places is one identity", cluster.Config{}, []cells{
			{"id": "1", "first": "Ann", "email": "a@x", "+": "email:A@x", "created": "9"}, {"id": "2", "first": "Ann", "email": "a@x", "created": "1"},
		}, "2"},
		{"junk identities do not count", cluster.Config{}, []cells{
			{"id": "1", "first": "Ann", "+": "email:test@x email:info@x", "created": "9"}, {"id": "2", "first": "Ann", "email": "a@x", "created": "10"},
		}, "2"},
		{"oldest", cluster.Config{}, []cells{
			{"id": "1", "first": "Ann", "created": "7"}, {"id": "2", "first": "Ann", "created": "5"}, {"id": "3", "first": "Ann", "created": "6"},
		}, "2"},
		{"unknown age is youngest", cluster.Config{}, []cells{
			{"id": "1", "first": "Ann"}, {"id": "2", "first": "Ann", "created": "5"},
		}, "2"},
		{"lowest id at last", cluster.Config{}, []cells{
			{"id": "10", "first": "Ann"}, {"id": "9", "first": "Ann"},
		}, "9"},
		{"source priority before completeness", cluster.Config{Survivorship: cluster.Survivorship{SourcePriority: []string{"web", "crm"}}}, []cells{
			{"id": "1", "source": "crm", "first": "Ann", "email": "a@x", "city": "Oslo"}, {"id": "2", "source": "WEB ", "email": "a@x"},
		}, "2"},
		{"a VIP before all", cluster.Config{Survivorship: cluster.Survivorship{SourcePriority: []string{"crm"}}}, []cells{
			{"id": "1", "source": "crm", "first": "Ann"}, {"id": "2", "vip": "yes"},
		}, "2"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, g, table := merged(t, tc.cfg, tc.rows...)
			if got := table.ID(g.Survivor); got != tc.want {
				t.Errorf("survivor is %s, want %s", got, tc.want)
			}
		})
	}
}

func TestSurvivorship(t *testing.T) {
	fields := func(kv ...string) cluster.Config {
		c := cluster.Config{Survivorship: cluster.Survivorship{Fields: map[string]string{}, SourcePriority: []string{"crm", "erp"}}}
		for i := 0; i < len(kv); i += 2 {
			c.Survivorship.Fields[kv[i]] = kv[i+1]
		}
		return c
	}
	bySource := func(source string, kv ...string) cluster.Config {
		m := map[string]string{}
		for i := 0; i < len(kv); i += 2 {
			m[kv[i]] = kv[i+1]
		}
		return cluster.Config{Survivorship: cluster.Survivorship{Sources: map[string]map[string]string{source: m}}}
	}
	// Contact 1 survives in every case: it is the oldest of equals, or a VIP where it could not be.
	tests := []struct {
		name string
		cfg  cluster.Config
		rows []cells
		want map[string]string
	}{
		{"the survivor's value stays", cluster.Config{}, []cells{
			{"id": "1", "note": "a", "updated": "1"}, {"id": "2", "note": "b", "updated": "2"},
		}, map[string]string{"note": "a < 1 fill_empty", "id": "1 < 1 survivor"}},
		{"empty is filled from the most recent", cluster.Config{}, []cells{
			{"id": "1"}, {"id": "2", "note": "b", "updated": "2"}, {"id": "3", "note": "c", "updated": "3"}, {"id": "4", "note": " ", "updated": "4"},
		}, map[string]string{"note": "c < 3 fill_empty", "points": "NULL < 1 fill_empty"}},
		{"the survivor's empty email is filled", cluster.Config{}, []cells{
			{"id": "1", "vip": "1"}, {"id": "2", "email": "old@x", "updated": "2"}, {"id": "3", "email": "new@x", "updated": "3"},
		}, map[string]string{"email": "new@x < 3 fill_empty"}},
		{"a role mailbox gives way to a person's, a placeholder never moves", cluster.Config{}, []cells{
			{"id": "1", "vip": "1"}, {"id": "2", "email": "info@x", "mobile": "test@1", "updated": "9"}, {"id": "3", "email": "ann@x", "updated": "3"},
		}, map[string]string{"email": "ann@x < 3 fill_empty", "mobile": "NULL < 1 fill_empty"}},
		{
			"do_nothing", fields("note", "do_nothing"),
			[]cells{{"id": "1"}, {"id": "2", "note": "b"}},
			map[string]string{"note": "NULL < 1 do_nothing"},
		},
		{"overwrite takes the most recent", fields("note", "overwrite"), []cells{
			{"id": "1", "note": "a", "updated": "2"}, {"id": "2", "note": "b", "updated": "3"}, {"id": "3", "updated": "9"}, {"id": "4", "note": "d"},
		}, map[string]string{"note": "b < 2 overwrite"}},
		{"overwrite leaves the more recent survivor", fields("NOTE", "overwrite"), []cells{
			{"id": "1", "note": "a", "updated": "3"}, {"id": "2", "note": "b", "updated": "3"},
		}, map[string]string{"note": "a < 1 overwrite"}},
		{"overwrite an email by its channel", fields("email", "overwrite", "phone", "overwrite"), []cells{
			{"id": "1", "email": "a@x", "mobile": "1", "updated": "1"}, {"id": "2", "email": "b@x", "mobile": "test@2", "updated": "3"},
		}, map[string]string{"email": "b@x < 2 overwrite", "mobile": "1 < 1 overwrite"}},
		{"a default birthdate never wins", fields("birthdate", "overwrite"), []cells{
			{"id": "1", "vip": "1", "born": "1980-02-03", "updated": "1"}, {"id": "2", "born": "1900-01-01", "updated": "3"},
		}, map[string]string{"born": "1980-02-03 < 1 overwrite"}},
		{"a placeholder does not fill what is empty", fields("company", "overwrite", "birthdate", "most_complete", "email", "source_priority"), []cells{
			{"id": "1", "vip": "1"}, {"id": "2", "company": "n/a", "born": "1900-01-01", "email": "test@x", "source": "crm", "updated": "9"},
		}, map[string]string{"company": "NULL < 1 overwrite", "born": "NULL < 1 most_complete", "email": "NULL < 1 source_priority"}},
		{"a default birthdate gives way", cluster.Config{}, []cells{
			{"id": "1", "vip": "1", "born": "1900-01-01"}, {"id": "2", "born": "1980-02-03"},
		}, map[string]string{"born": "1980-02-03 < 2 fill_empty"}},
		{"junk company gives way but does not move", cluster.Config{}, []cells{
			{"id": "1", "company": "n/a"}, {"id": "2", "company": "N/A"}, {"id": "3", "company": "Acme"},
		}, map[string]string{"company": "Acme < 3 fill_empty"}},
		{"most_complete", fields("note", "most_complete"), []cells{
			{"id": "1", "note": "äöü"}, {"id": "2", "note": "abcd"}, {"id": "3", "note": "efgh", "updated": "3"},
		}, map[string]string{"note": "abcd < 2 most_complete"}},
		{"source_priority", fields("note", "source_priority"), []cells{
			{"id": "1", "vip": "1", "note": "a"}, {"id": "2", "note": "b", "source": "erp"}, {"id": "3", "source": "crm"},
		}, map[string]string{"note": "b < 2 source_priority"}},
		{"union", fields("note", "union"), []cells{
			{"id": "1", "note": "a; b"}, {"id": "2", "note": "b;c"}, {"id": "3"}, {"id": "4", "note": "a"},
		}, map[string]string{"note": "a; b; c < 1 union"}},
		{
			"union of one value", fields("note", "union"),
			[]cells{{"id": "1"}, {"id": "2", "note": "b"}},
			map[string]string{"note": "b < 2 fill_empty"},
		},
		{
			"concat", fields("note", "concat"),
			[]cells{{"id": "1", "note": "a"}, {"id": "2", "note": "b"}, {"id": "3", "note": "a"}},
			map[string]string{"note": "a\nb\na < 1 concat"},
		},
		{
			"max", fields("points", "max"),
			[]cells{{"id": "1", "points": "9"}, {"id": "2", "points": "10.50"}, {"id": "3", "points": "10.5"}},
			map[string]string{"points": "10.50 < 2 max"},
		},
		{
			"max, and the survivor has none", fields("points", "max"),
			[]cells{{"id": "1", "vip": "1"}, {"id": "2", "points": "2.50"}, {"id": "3", "points": "1", "updated": "9"}},
			map[string]string{"points": "2.50 < 2 max"},
		},
		{
			"sum", fields("points", "sum"),
			[]cells{{"id": "1", "points": "0.1"}, {"id": "2", "points": "0.20"}, {"id": "3", "points": "-1"}},
			map[string]string{"points": "-0.70 < 1 sum"},
		},
		{
			"sum of something else", fields("points", "sum"),
			[]cells{{"id": "1"}, {"id": "2", "points": "1e9"}, {"id": "3", "points": "2"}},
			map[string]string{"points": "1e9 < 2 fill_empty"},
		},
		{"flags", cluster.Config{}, []cells{
			{"id": "1", "vip": "yes", "blocked": "no", "opt": ""}, {"id": "2", "blocked": "TRUE", "opt": "false"}, {"id": "3", "vip": "1", "blocked": "1"},
		}, map[string]string{"vip": "yes < 1 or", "blocked": "1 < 3 most_restrictive", "opt": "false < 2 most_restrictive"}},
		{"each opt-out by itself", cluster.Config{}, []cells{
			{"id": "1", "opt": "yes", "opt_sms": "no"}, {"id": "2", "opt": "no", "opt_sms": "yes"},
		}, map[string]string{"opt": "yes < 1 most_restrictive", "opt_sms": "yes < 2 most_restrictive"}},
		{"no consent is stronger than one", cluster.Config{}, []cells{
			{"id": "1", "consent": "yes"}, {"id": "2", "consent": "no"}, {"id": "3"},
		}, map[string]string{"consent": "no < 2 most_restrictive"}},
		{"consent that nobody withdrew", cluster.Config{}, []cells{
			{"id": "1"}, {"id": "2", "consent": "Y"},
		}, map[string]string{"consent": "Y < 2 most_restrictive"}},
		{"a legal hold stays", cluster.Config{}, []cells{
			{"id": "1", "hold": "0"}, {"id": "2", "hold": "1"},
		}, map[string]string{"hold": "1 < 2 most_restrictive", "blocked": "NULL < 1 most_restrictive"}},
		{"an opt-out that is a day", cluster.Config{}, []cells{
			{"id": "1"}, {"id": "2", "opt": "2025-03-01"},
		}, map[string]string{"opt": "2025-03-01 < 2 most_restrictive"}},
		{"times", cluster.Config{}, []cells{
			{"id": "1", "vip": "1", "created": "5", "updated": "6"}, {"id": "2", "created": "4", "updated": "9"}, {"id": "3", "created": "8"}, {"id": "4"},
		}, map[string]string{"created": "4 < 2 oldest", "updated": "6 < 1 survivor"}},
		{"one source does nothing", bySource("web", "default", "do_nothing"), []cells{
			{"id": "1"}, {"id": "2", "source": "web", "note": "b", "updated": "9"}, {"id": "3", "note": "c"},
		}, map[string]string{"note": "c < 3 fill_empty"}},
		{"one source overwrites", bySource("Web", "note", "overwrite"), []cells{
			{"id": "1", "note": "a", "points": "1"}, {"id": "2", "source": "web", "note": "b", "points": "2", "updated": "9"}, {"id": "3", "note": "c", "updated": "10"},
		}, map[string]string{"note": "b < 2 overwrite", "points": "1 < 1 fill_empty"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) { checkMerged(t, tc.cfg, tc.rows, tc.want) })
	}
}

func checkMerged(t *testing.T, cfg cluster.Config, rows []cells, want map[string]string) {
	t.Helper()
	got, _, table := merged(t, cfg, rows...)
	for column, w := range want {
		if got[column] != w {
			t.Errorf("%s = %q, want %q", column, got[column], w)
		}
	}
	if t.Failed() {
		t.Logf("of %d contacts", table.Len())
	}
}

func TestSurvivorshipUnits(t *testing.T) {
	overwrite := cluster.Config{Survivorship: cluster.Survivorship{Default: "overwrite"}}
	complete := cluster.Config{Survivorship: cluster.Survivorship{Fields: map[string]string{"name": "most_complete", "address": "overwrite"}}}
	tests := []struct {
		name string
		cfg  cluster.Config
		rows []cells
		want map[string]string
	}{
		{"a name is completed by one contact who has all of it", cluster.Config{}, []cells{
			{"id": "1", "vip": "1", "first": "ANN"}, {"id": "2", "first": "Ann", "last": "Lee"}, {"id": "3", "first": "Anna", "last": "Kay", "updated": "9"},
		}, map[string]string{"first": "ANN < 1 fill_empty", "last": "Lee < 2 fill_empty", "Title": "NULL < 1 fill_empty"}},
		{"two halves make no name", cluster.Config{}, []cells{
			{"id": "1", "vip": "1", "first": "Ann"}, {"id": "2", "last": "Lee"},
		}, map[string]string{"first": "Ann < 1 fill_empty", "last": "NULL < 1 fill_empty"}},
		{"a suffix is not mixed in", cluster.Config{}, []cells{
			{"id": "1", "vip": "1", "first": "Ann", "last": "Lee"}, {"id": "2", "first": "Bo", "last": "Lee", "suffix": "Jr"},
		}, map[string]string{"suffix": "NULL < 1 fill_empty"}},
		{"an empty name is filled whole", cluster.Config{}, []cells{
			{"id": "1", "vip": "1"}, {"id": "2", "first": "Bo", "last": "Lee", "updated": "1"}, {"id": "3", "Title": "Dr", "first": "Bo", "updated": "2"},
		}, map[string]string{"Title": "Dr < 3 fill_empty", "first": "Bo < 3 fill_empty", "last": "NULL < 3 fill_empty"}},
		{"a filler gives way whole", cluster.Config{}, []cells{
			{"id": "1", "vip": "1", "first": "Guest", "last": "User"}, {"id": "2", "first": "Ann"},
		}, map[string]string{"first": "Ann < 2 fill_empty", "last": "NULL < 2 fill_empty"}},
		{"a filler never wins", overwrite, []cells{
			{"id": "1", "vip": "1", "first": "Ann"}, {"id": "2", "first": "Guest", "last": "User", "updated": "5"},
		}, map[string]string{"first": "Ann < 1 overwrite", "last": "NULL < 1 overwrite"}},
		{"overwriting the same name keeps the title", overwrite, []cells{
			{"id": "1", "vip": "1", "Title": "Dr", "first": "ann", "last": "lee"}, {"id": "2", "first": "Ann", "last": "Lee", "updated": "5"},
		}, map[string]string{"Title": "Dr < 1 fill_empty", "first": "Ann < 2 overwrite", "last": "Lee < 2 overwrite"}},
		{"overwriting another name does not", overwrite, []cells{
			{"id": "1", "vip": "1", "Title": "Dr", "first": "Ann", "last": "Lee", "suffix": "Jr"}, {"id": "2", "first": "Ann", "last": "Kay", "updated": "5"},
		}, map[string]string{"Title": "NULL < 2 overwrite", "first": "Ann < 2 overwrite", "last": "Kay < 2 overwrite", "suffix": "NULL < 2 overwrite"}},
		{"a name with an email in it does not take a name's place", overwrite, []cells{
			{"id": "1", "vip": "1", "first": "Ann"}, {"id": "2", "first": "ann@x", "last": "Lee", "updated": "5"},
		}, map[string]string{"first": "Ann < 1 overwrite", "last": "NULL < 1 overwrite"}},
		{"a name with an email in it is better than none", cluster.Config{}, []cells{
			{"id": "1", "vip": "1"}, {"id": "2", "first": "ann@x", "last": "Lee", "updated": "5"},
		}, map[string]string{"first": "ann@x < 2 fill_empty", "last": "Lee < 2 fill_empty"}},
		{"the most complete name", complete, []cells{
			{"id": "1", "vip": "1", "first": "Alexandrina"}, {"id": "2", "first": "Al", "last": "Lee"},
		}, map[string]string{"first": "Al < 2 most_complete", "last": "Lee < 2 most_complete"}},
		{"an address moves whole", complete, []cells{
			{"id": "1", "street": "Main 1", "city": "Oslo", "country": "NO"}, {"id": "2", "city": "Rome", "updated": "5"},
		}, map[string]string{"street": "NULL < 2 overwrite", "city": "Rome < 2 overwrite", "country": "NULL < 2 overwrite"}},
		{"an address is completed in its own city", cluster.Config{}, []cells{
			{"id": "1", "vip": "1", "city": "Oslo"}, {"id": "2", "city": "Rome", "street": "Via 1", "updated": "5"}, {"id": "3", "city": "OSLO", "street": "Main 1"},
		}, map[string]string{"street": "Main 1 < 3 fill_empty", "city": "Oslo < 1 fill_empty"}},
		{"a country alone takes the address in that country", cluster.Config{}, []cells{
			{"id": "1", "vip": "1", "country": "NO"}, {"id": "2", "city": "Rome", "updated": "5"}, {"id": "3", "city": "Oslo", "country": "no"},
		}, map[string]string{"city": "Oslo < 3 fill_empty", "country": "NO < 1 fill_empty"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) { checkMerged(t, tc.cfg, tc.rows, tc.want) })
	}
}

func TestGoldenIdentities(t *testing.T) {
	_, g, table := merged(t, cluster.Config{},
		cells{"id": "1", "email": "b@x", "+": "phone:1 email:test@x"},
		cells{"id": "2", "vip": "1", "email": "A@x", "+": "email:info@x email:B@x whatsapp:1"})
	var got []string
	for _, id := range g.Identities {
		got = append(got, fmt.Sprintf("%s:%s < %s", id.Channel, id.Value, table.ID(id.From)))
	}
	want := []string{"email:A@x < 2", "email:B@x < 2", "email:info@x < 2", "whatsapp:1 < 2", "phone:1 < 1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("identities (-want +got):\n%s", diff)
	}
}
