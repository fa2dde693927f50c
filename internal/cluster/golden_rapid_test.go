package cluster_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
)

// drawn are contacts and a configuration in which every strategy turns up, by field and by source.
type drawn struct {
	cfg  cluster.Config
	rows []cells
}

func draw(t *rapid.T) drawn {
	words := map[string][]string{
		"source": {"crm", "web", "erp"}, "Title": {"Dr", "Ms"}, "first": {"Ann", "Anna", "Guest", "ann@x"}, "last": {"Lee", "Kay"}, "suffix": {"Jr"},
		"email": {"a@x", "A@x", "info@x", "test@x"}, "mobile": {"1", "2"}, "born": {"1980-02-03", "1900-01-01"}, "company": {"Acme", "n/a", "Acme Ltd"},
		"street": {"Main 1", "Via 2"}, "city": {"Oslo", "Rome"}, "country": {"NO"}, "vip": {"yes", "no"}, "blocked": {"1", "0"},
		"opt": {"yes", "no", "maybe"}, "opt_sms": {"true", "false"}, "consent": {"yes", "no"}, "hold": {"1", "0"}, "created": {"3", "5"}, "updated": {"4", "6", "8"},
		"points": {"1", "2.50", "x"}, "note": {"a", "b; c", " ", "a; b"},
	}
	var d drawn
	for i := range rapid.IntRange(2, 5).Draw(t, "contacts") {
		row := cells{"id": fmt.Sprint(i + 1)}
		for _, col := range slices.Sorted(maps.Keys(words)) {
			if k := rapid.IntRange(-2, len(words[col])-1).Draw(t, col); k >= 0 {
				row[col] = words[col][k]
			} else if k == -1 && col != "created" && col != "updated" && col != "source" {
				row[col] = ""
			}
		}
		d.rows = append(d.rows, row)
	}
	simple := []string{cluster.DoNothing, cluster.Overwrite, cluster.FillEmpty, cluster.MostComplete, cluster.SourcePriority}
	every := append(slices.Clone(simple), cluster.Union, cluster.Concat, cluster.Max, cluster.Sum)
	strategies := map[string][]string{"name": simple, "address": simple, "email": simple, "birthdate": simple, "company": every, "points": every, "note": every}
	s := cluster.Survivorship{
		Default: rapid.SampledFrom(simple).Draw(t, "default"), SourcePriority: []string{"erp", "crm"},
		Fields: map[string]string{}, Sources: map[string]map[string]string{"web": {}},
	}
	for _, key := range slices.Sorted(maps.Keys(strategies)) {
		if rapid.Bool().Draw(t, key+" has its own") {
			s.Fields[key] = rapid.SampledFrom(strategies[key]).Draw(t, key)
		}
		if rapid.IntRange(0, 3).Draw(t, key+" of web") == 0 {
			s.Sources["web"][key] = rapid.SampledFrom(strategies[key]).Draw(t, key+" by web")
		}
	}
	d.cfg = cluster.Config{Survivorship: s}
	return d
}

// goldenOf is the golden record of all contacts of a table.
func goldenOf(cfg cluster.Config, t *contact.Table) cluster.Golden {
	all := make([]contact.Row, t.Len())
	for i := range all {
		all[i] = contact.Row(i)
	}
	return cluster.NewMerger(t, cfg).Golden("g", all)
}

// texts are the values of a golden record by column, with where they come from.
func texts(t *contact.Table, g cluster.Golden) map[string]string {
	out := map[string]string{}
	for _, v := range g.Values {
		text := "NULL"
		if !v.Null {
			text = fmt.Sprintf("%q", v.Text)
		}
		out[t.Columns()[v.Column].Name] = fmt.Sprintf("%s < %s %s", text, t.ID(v.From), v.Rule)
	}
	return out
}

// TestGoldenDoesNotDependOnOrder: whatever the order in which contacts come, the record is the same.
func TestGoldenDoesNotDependOnOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := draw(rt)
		mustBeValid(rt, d.cfg)
		table := newTable(t, d.rows...)
		rows := make([]contact.Row, table.Len())
		for i := range rows {
			rows[i] = contact.Row(i)
		}
		m := cluster.NewMerger(table, d.cfg)
		want := texts(table, m.Golden("g", rows))
		shuffled := rapid.Permutation(rows).Draw(rt, "order")
		if diff := cmp.Diff(want, texts(table, m.Golden("g", shuffled))); diff != "" {
			rt.Fatalf("in the order %v (-in rows' order +shuffled):\n%s", shuffled, diff)
		}
	})
}

func mustBeValid(rt *rapid.T, cfg cluster.Config) {
	if err := cfg.Validate(); err != nil {
		rt.Fatalf("the drawn configuration is wrong: %v", err)
	}
}

// unitParts are the columns whose values move together.
var unitParts = map[string]string{
	"Title": "name", "first": "name", "last": "name", "suffix": "name", "street": "address", "city": "address", "country": "address",
}

// TestGoldenNeverEmptiesAField: a field that the survivor has filled is filled in the golden record. The parts of a name or an address are one
// field: another address may have no street, but there is an address.
func TestGoldenNeverEmptiesAField(t *testing.T) {
	full := func(v string, null bool) bool { return !null && strings.TrimSpace(v) != "" }
	rapid.Check(t, func(rt *rapid.T) {
		d := draw(rt)
		table := newTable(t, d.rows...)
		g := goldenOf(d.cfg, table)
		had, has := map[string]bool{}, map[string]bool{}
		for _, v := range g.Values {
			name := table.Columns()[v.Column].Name
			field := name
			if p := unitParts[name]; p != "" {
				field = p
			}
			old, ok := table.Raw(v.Column, g.Survivor)
			had[field] = had[field] || full(old, !ok)
			has[field] = has[field] || full(v.Text, v.Null)
		}
		for field := range had {
			if had[field] && !has[field] {
				rt.Fatalf("%s of the survivor was emptied: %v", field, texts(table, g))
			}
		}
	})
}

// TestGoldenSaysWhereValuesComeFrom: a value that was not combined of several stands in the contact that it is said to come from.
func TestGoldenSaysWhereValuesComeFrom(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := draw(rt)
		table := newTable(t, d.rows...)
		for _, v := range goldenOf(d.cfg, table).Values {
			if v.Rule == "" {
				rt.Fatalf("column %s has no rule", table.Columns()[v.Column].Name)
			}
			if slices.Contains([]string{cluster.Union, cluster.Concat, cluster.Sum}, v.Rule) {
				continue
			}
			if text, ok := table.Raw(v.Column, v.From); ok == v.Null || text != v.Text {
				rt.Fatalf("column %s: %q is said to come from contact %s, who has %q", table.Columns()[v.Column].Name, v.Text, table.ID(v.From), text)
			}
		}
	})
}

// TestGoldenFlagsRestrict: what any member forbids is forbidden, and a VIP stays one.
func TestGoldenFlagsRestrict(t *testing.T) {
	yes := map[string]bool{"yes": true, "1": true, "true": true}
	rapid.Check(t, func(rt *rapid.T) {
		d := draw(rt)
		table := newTable(t, d.rows...)
		got := map[string]string{}
		for _, v := range goldenOf(d.cfg, table).Values {
			got[table.Columns()[v.Column].Name] = v.Text
		}
		for _, col := range []string{"vip", "blocked", "opt", "opt_sms", "hold"} {
			if slices.ContainsFunc(d.rows, func(r cells) bool { return yes[r[col]] }) && !yes[got[col]] {
				rt.Fatalf("%s is %q though a member has it", col, got[col])
			}
		}
		if slices.ContainsFunc(d.rows, func(r cells) bool { return r["consent"] == "no" }) && got["consent"] != "no" {
			rt.Fatalf("consent is %q though a member withheld it", got["consent"])
		}
	})
}

// TestGoldenIsIdempotent: merging the golden record with what it was made of changes nothing any more, where a strategy chooses a value. Sums and
// lists of all values count a contact once for every time it is merged, and a name or an address may find a missing part in a contact
// that differed from the survivor before; a database does neither, because the losers are gone: merged alone, the record stays what it is.
func TestGoldenIsIdempotent(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := draw(rt)
		for key, s := range d.cfg.Survivorship.Fields {
			if s == cluster.Sum || s == cluster.Concat {
				d.cfg.Survivorship.Fields[key] = cluster.Union
			}
		}
		d.cfg.Survivorship.Sources = nil // of two strategies for one field each may take back what the other chose
		table := newTable(t, d.rows...)
		g := goldenOf(d.cfg, table)
		rows := slices.Clone(d.rows)
		rows[g.Survivor] = applied(table, g, d.rows)
		alone, second := goldenOf(d.cfg, newTable(t, rows[g.Survivor])), goldenOf(d.cfg, newTable(t, rows...))
		same := second.Survivor == g.Survivor // a value that was overwritten may be the poorer one, and another contact the better then
		for i, v := range g.Values {
			name := table.Columns()[i].Name
			if w := alone.Values[i]; w.Null != v.Null || w.Text != v.Text {
				rt.Fatalf("%s: %q, and merged alone %q", name, v.Text, w.Text)
			}
			if name == "created" || unitParts[name] != "" || !same { // the first is not written: the database keeps it
				continue
			}
			if w := second.Values[i]; w.Null != v.Null || w.Text != v.Text {
				rt.Fatalf("%s: %q, and merged again %q", name, v.Text, w.Text)
			}
		}
	})
}

// applied is the survivor with the values of the golden record.
func applied(table *contact.Table, g cluster.Golden, rows []cells) cells {
	out := maps.Clone(rows[g.Survivor])
	for i, v := range g.Values {
		name := table.Columns()[i].Name
		if v.Null {
			delete(out, name)
		} else {
			out[name] = v.Text
		}
	}
	return out
}
