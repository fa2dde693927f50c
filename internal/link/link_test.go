package link_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/link"
	"github.com/contactmerge/contactmerge/scoring"
)

// columns of both sides.
var columns = []contact.Column{
	{Name: "id", Field: contact.FieldID}, {Name: "company", Field: contact.FieldCompany}, {Name: "seen", Field: contact.FieldUpdatedAt},
}

// newTable makes a table of records and contacts, given as "id company time".
func newTable(tb testing.TB, within bool, left, right []string) *contact.Table {
	tb.Helper()
	side := contact.Side{Contacts: columns, Place: []int{0, 1, 2}}
	layout := contact.Layout{Contacts: columns, Sides: []contact.Side{side, side}, Within: within}
	b := contact.NewBuilder(layout)
	for s, rows := range [][]string{left, right} {
		bb := contact.NewBatchBuilder(contact.Contacts, contact.SideName(uint8(s)), columns, nil)
		tb.Cleanup(bb.Release)
		normal := make([]contact.Normal, len(rows))
		for i, text := range rows {
			cells := strings.Fields(text)
			for col, v := range cells {
				bb.Set(col, v)
			}
			if len(cells) > 1 {
				normal[i].Text[contact.ColCompany] = cells[1]
			}
			if len(cells) > 2 {
				normal[i].Updated = int64(len(cells[2])) // the longer, the later
			}
			bb.FinishRow(int64(i + 1))
		}
		batch := bb.Flush()
		tb.Cleanup(batch.Release)
		batch.Side = uint8(s)
		chunk := contact.NewChunk(layout)
		for i := range rows {
			chunk.Add(batch, i, &normal[i], nil)
		}
		b.Absorb(chunk)
	}
	b.Birthdates(func(values []string) []contact.Birthdate { return make([]contact.Birthdate, len(values)) })
	if err := b.Seal(); err != nil {
		tb.Fatal(err)
	}
	t, err := b.Freeze(make([]contact.ParsedIdentity, b.Distinct()), contact.Serial)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(t.Release)
	return t
}

// outcome has edges given as "left right decision weight", where left and right are ids with their sides in front.
func outcome(tb testing.TB, t *contact.Table, edges ...string) *cluster.Outcome {
	tb.Helper()
	o := &cluster.Outcome{Table: t}
	for _, text := range edges {
		var a, b, d string
		var e scoring.Edge
		if _, err := fmt.Sscan(text, &a, &b, &d, &e.Weight); err != nil {
			tb.Fatal(err)
		}
		x, okX := t.Find(a)
		y, okY := t.Find(b)
		decision, okD := scoring.ParseDecision(d)
		if !okX || !okY || !okD {
			tb.Fatalf("no such edge: %s", text)
		}
		e.A, e.B, e.Decision = min(x, y), max(x, y), decision
		o.Edges = append(o.Edges, e)
	}
	slices.SortFunc(o.Edges, func(x, y scoring.Edge) int {
		return slices.Compare([]contact.Row{x.A, x.B}, []contact.Row{y.A, y.B})
	})
	return o
}

// show prints a result: links with their ranks, doubts with their reasons, new records.
func show(t *contact.Table, r *link.Result) []string {
	var out []string
	for _, l := range r.Links {
		out = append(out, fmt.Sprintf("%s-%s %d", t.Key(l.Left), t.Key(l.Right), l.Rank))
	}
	for _, d := range r.Ambiguous {
		out = append(out, fmt.Sprintf("%s-%s %s", t.Key(d.Left), t.Key(d.Right), d.Why))
	}
	for _, n := range r.New {
		out = append(out, t.Key(n)+" new")
	}
	return out
}

func TestFind(t *testing.T) {
	for _, c := range []struct {
		name           string
		edges          []string
		all, best, one []string
	}{
		{name: "nobody", all: []string{"1 new", "2 new", "3 new"}},
		{
			name: "the surer decision, then the weight", edges: []string{"left:1 right:1 suggest 30", "left:1 right:2 auto_merge 9", "left:1 right:3 suggest 12", "left:1 right:4 review 40"},
			all: []string{"1-2 1", "1-1 2", "1-3 3", "1-4 4", "2 new", "3 new"}, best: []string{"1-2 1", "2 new", "3 new"},
		},
		{
			name: "twins", edges: []string{"left:2 right:1 auto_merge 20", "left:2 right:3 auto_merge 20", "left:2 right:4 suggest 20"},
			all: []string{"2-1 1", "2-3 1", "2-4 3", "2-1 tie", "2-3 tie", "1 new", "3 new"}, best: []string{"2-1 tie", "2-3 tie", "1 new", "3 new"},
		},
		{
			name: "half a bit is no difference, two are", edges: []string{"left:1 right:1 suggest 20.5", "left:1 right:2 suggest 20", "left:2 right:3 suggest 22", "left:2 right:4 suggest 20"},
			all:  []string{"1-1 1", "1-2 1", "2-3 1", "2-4 2", "1-1 tie", "1-2 tie", "3 new"},
			best: []string{"2-3 1", "1-1 tie", "1-2 tie", "3 new"},
		},
		{
			name: "several records of one contact", edges: []string{"left:1 right:1 suggest 20", "left:2 right:1 suggest 30"},
			all: []string{"1-1 1", "2-1 1", "3 new"}, best: []string{"1-1 1", "2-1 1", "3 new"}, one: []string{"2-1 1", "1-1 taken", "3 new"},
		},
		{
			name: "the second best when the best is taken", edges: []string{"left:1 right:1 suggest 20", "left:2 right:1 suggest 30", "left:1 right:2 suggest 10"},
			all: []string{"1-1 1", "1-2 2", "2-1 1", "3 new"}, best: []string{"1-1 1", "2-1 1", "3 new"}, one: []string{"1-2 2", "2-1 1", "3 new"},
		},
		{
			name: "two records fit one contact equally well", edges: []string{"left:1 right:1 suggest 20", "left:2 right:1 suggest 20", "left:3 right:1 suggest 10"},
			all: []string{"1-1 1", "2-1 1", "3-1 1"}, best: []string{"1-1 1", "2-1 1", "3-1 1"}, one: []string{"1-1 tie", "2-1 tie", "3-1 taken"},
		},
		{name: "a question is not new", edges: []string{"left:1 right:1 review 3"}, all: []string{"1-1 1", "2 new", "3 new"}},
		{name: "pairs inside a side are no links", edges: []string{"left:1 left:2 auto_merge 20", "right:1 right:2 auto_merge 20"}, all: []string{"1 new", "2 new", "3 new"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := outcome(t, newTable(t, false, []string{"1", "2", "3"}, []string{"1", "2", "3", "4"}), c.edges...)
			if c.best == nil {
				c.best = c.all
			}
			if c.one == nil {
				c.one = c.best
			}
			for _, w := range []struct {
				links string
				want  []string
			}{{link.All, c.all}, {link.Best, c.best}, {link.OneToOne, c.one}} {
				if diff := cmp.Diff(w.want, show(o.Table, link.Find(o, link.Config{Links: w.links}))); diff != "" {
					t.Errorf("%s (-want +got):\n%s", w.links, diff)
				}
			}
		})
	}
}

func TestWithin(t *testing.T) {
	tab := newTable(t, true, []string{"1", "2"}, []string{"1", "2"})
	o := outcome(t, tab, "left:1 left:2 suggest 5", "right:1 right:2 suggest 5", "left:1 right:2 suggest 5")
	r := link.Find(o, link.Config{})
	if len(r.Links) != 1 || len(r.Within[contact.Left]) != 1 || len(r.Within[contact.Right]) != 1 {
		t.Errorf("got %+v", r)
	}
}

// TestUpdates: which links bring updates, and which record's value counts.
func TestUpdates(t *testing.T) {
	for _, c := range []struct {
		name  string
		edges []string
		cfg   link.Config
		want  []string
	}{
		{"sure links do", []string{"left:1 right:1 auto_merge 9", "left:2 right:2 suggest 9", "left:3 right:3 review 9"}, link.Config{}, []string{"1 company >A fill_empty 1"}},
		{
			"suggested ones when asked",
			[]string{"left:1 right:1 auto_merge 9", "left:2 right:2 suggest 9", "left:3 right:3 review 9"},
			link.Config{UpdateFrom: "suggest"},
			[]string{"1 company >A fill_empty 1", "2 company >B fill_empty 2"},
		},
		{"not in doubt", []string{"left:1 right:1 auto_merge 9", "left:1 right:2 auto_merge 9"}, link.Config{}, nil},
		{"the best contact only", []string{"left:1 right:1 auto_merge 19", "left:1 right:2 auto_merge 9"}, link.Config{}, []string{"1 company >A fill_empty 1"}},
		{"the latest record", []string{"left:1 right:1 auto_merge 19", "left:2 right:1 auto_merge 9"}, link.Config{}, []string{"1 company >B fill_empty 2"}},
		{"or the surest", []string{"left:1 right:1 auto_merge 9", "left:3 right:1 auto_merge 19"}, link.Config{}, []string{"1 company >C fill_empty 3"}},
		{"overwritten", []string{"left:1 right:3 auto_merge 9"}, link.Config{Update: "overwrite"}, []string{"3 company Old>A overwrite 1"}},
		{"kept", []string{"left:1 right:3 auto_merge 9"}, link.Config{}, nil},
		{"left alone", []string{"left:1 right:1 auto_merge 9"}, link.Config{Update: "overwrite", Fields: map[string]string{"company": "do_nothing"}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := outcome(t, newTable(t, false, []string{"1 A x", "2 B xx", "3 C x"}, []string{"1", "2", "3 Old"}), c.edges...)
			if err := c.cfg.Validate(); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, u := range link.Find(o, c.cfg).Updates {
				if e := o.Edges[u.Edge]; e.A != min(u.Left, u.Right) || e.B != max(u.Left, u.Right) {
					t.Errorf("the update of %s names the edge of other contacts", o.Table.ID(u.Right))
				}
				got = append(got, fmt.Sprintf("%s %s %s>%s %s %s", o.Table.Key(u.Right), u.Column, u.Old, u.New, u.Strategy, o.Table.Key(u.Left)))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("updates (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNothingIsLost draws edges: every record is linked, in doubt or new, one-to-one linking uses nobody twice, and no better pair of free
// contacts is passed over.
func TestNothingIsLost(t *testing.T) {
	ids := []string{"1", "2", "3", "4"}
	tab := newTable(t, false, ids, ids)
	rapid.Check(t, func(rt *rapid.T) {
		o := &cluster.Outcome{Table: tab}
		for a := range contact.Row(tab.Len()) {
			for b := a + 1; b < contact.Row(tab.Len()); b++ {
				if tab.Side(a) != tab.Side(b) && rapid.Bool().Draw(rt, "edge") {
					o.Edges = append(o.Edges, scoring.Edge{
						A: a, B: b, Decision: scoring.Decision(rapid.IntRange(1, 3).Draw(rt, "decision")), Weight: float32(rapid.IntRange(0, 8).Draw(rt, "weight")),
					})
				}
			}
		}
		for _, links := range []string{link.All, link.Best, link.OneToOne} {
			r := link.Find(o, link.Config{Links: links})
			seen := map[contact.Row]bool{}
			used := map[contact.Row]int{}
			for _, l := range r.Links {
				seen[l.Left] = true
				used[l.Left]++
				used[l.Right]++
				if links == link.Best && used[l.Left] > 1 || links == link.OneToOne && (used[l.Left] > 1 || used[l.Right] > 1) {
					rt.Fatalf("%s uses somebody twice: %v", links, show(tab, r))
				}
			}
			aside := map[contact.Row]bool{}
			for _, d := range r.Ambiguous {
				seen[d.Left] = true
				aside[d.Left], aside[d.Right] = true, true
				if links != link.All && used[d.Left] > 0 {
					rt.Fatalf("%s links a record that is in doubt: %v", links, show(tab, r))
				}
			}
			for _, n := range r.New {
				if seen[n] {
					rt.Fatalf("%s calls a record new that is not: %v", links, show(tab, r))
				}
				seen[n] = true
			}
			if len(seen) != tab.SideLen(contact.Left) {
				rt.Fatalf("%s loses records: %v", links, show(tab, r))
			}
			for _, e := range o.Edges {
				if links == link.OneToOne && used[e.A]+used[e.B] == 0 && !aside[e.A] && !aside[e.B] {
					rt.Fatalf("%s leaves %s and %s apart although both are free: %v", links, tab.ID(e.A), tab.ID(e.B), show(tab, r))
				}
			}
		}
	})
}

func TestConfig(t *testing.T) {
	if err := (link.Config{}).Validate(); err != nil {
		t.Errorf("the defaults are refused: %v", err)
	}
	for want, c := range map[string]link.Config{
		`links is "bset"`: {Links: "bset"}, `unmatched is "new"`: {Unmatched: "new"}, `update is "sum"`: {Update: "sum"}, `update_from is "review"`: {UpdateFrom: "review"},
		`fields.note is "union"`: {Fields: map[string]string{"note": "union"}}, "first_name moves with the whole name": {Fields: map[string]string{"first_name": "overwrite"}},
		"opt_out is decided by a fixed rule": {Fields: map[string]string{"opt_out": "overwrite"}},
	} {
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want %s", c, err, want)
		}
	}
	layout := contact.Layout{Contacts: columns}
	if err := (link.Config{Fields: map[string]string{"company": "overwrite"}}).Check(layout); err != nil {
		t.Error(err)
	}
	if err := (link.Config{Fields: map[string]string{"compny": "overwrite"}}).Check(layout); err == nil || !strings.Contains(err.Error(), `"company"`) {
		t.Errorf("got %v, want a hint", err)
	}
}
