package cluster_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/scoring"
)

// planned runs five contacts through to a plan: 1 and 3 merge, 2 is suggested to join them, 4 and 5 are in review.
func planned(tb testing.TB) (*cluster.Outcome, *cluster.Plan) {
	tb.Helper()
	table := newTable(tb,
		cells{"id": "1", "first": "Ann", "email": "a@x", "note": "<old>", "created": "3"},
		cells{"id": "2", "first": "Anne", "last": "Lee", "email": "ann@x", "company": "Acme", "source": "crm"},
		cells{"id": "3", "first": "Ann", "last": "Lee", "email": "a@x", "+": "phone:1 phone:2", "created": "2", "opt": "yes"},
		cells{"id": "4", "email": "b@x"}, cells{"id": "5", "email": "b@x"})
	edges := []scoring.Edge{edge(0, 1, suggest, 3), edge(0, 2, auto, 11.123456), edge(3, 4, auto, 9)}
	r := cluster.Build(cluster.Input{Table: table, Edges: edges, Judge: objections{{3, 4}: {Veto: scoring.NotDuplicates}}})
	o := &cluster.Outcome{Table: table, Edges: r.Edges, Clusters: r.Clusters, Cuts: r.Cuts}
	o.Golden = cluster.NewMerger(table, cluster.Config{}).Goldens(o.Clusters)
	o.Plan = cluster.MakePlan(o, cluster.Config{}, "fixture", "cafe")
	return o, o.Plan
}

func TestMakePlan(t *testing.T) {
	o, p := planned(t)
	if o.Clusters[0].Survivor != 1 || o.Golden[0].Survivor != 1 {
		t.Fatalf("the cluster's survivor is row %d, the golden record's %d; the fixture needs contact 2", o.Clusters[0].Survivor, o.Golden[0].Survivor)
	}
	if len(p.Steps) != 1 {
		t.Fatalf("%d steps, want 1: the suggested contact and the review cluster wait", len(p.Steps))
	}
	old, yes := "<old>", "yes"
	want := cluster.Step{
		Cluster: cluster.IDOf([]string{"1", "3"}), Survivor: "3", Losers: []string{"1"},
		Changes: []cluster.Change{{Column: "note", Value: &old, From: "1", Rule: "fill_empty"}},
		Guards: []cluster.Guard{
			{ID: "3", Hash: cluster.GuardHash(guardColumns(map[string]string{
				"id": "3", "first": "Ann", "last": "Lee", "email": "a@x", "created": "2", "opt": yes,
			}), []string{"2", "1"})},
			{ID: "1", Hash: cluster.GuardHash(guardColumns(map[string]string{
				"id": "1", "first": "Ann", "email": "a@x", "note": old, "created": "3",
			}), nil)},
		},
		Evidence: []cluster.Evidence{{A: "1", B: "3", Reasons: []string{"exact_email"}, Weight: 11.1235}},
	}
	if diff := cmp.Diff(want, p.Steps[0]); diff != "" {
		t.Errorf("step (-want +got):\n%s", diff)
	}
}

func TestPlanLeavesKeysAndTimes(t *testing.T) {
	table := newTable(t, cells{"id": "1", "vip": "1", "created": "5", "updated": "6"}, cells{"id": "2", "created": "4", "updated": "9"})
	r := cluster.Build(cluster.Input{Table: table, Edges: []scoring.Edge{edge(0, 1, auto, 1)}, Judge: objections{}})
	o := &cluster.Outcome{Table: table, Edges: r.Edges, Clusters: r.Clusters}
	p := cluster.MakePlan(o, cluster.Config{}, "fixture", "")
	if diff := cmp.Diff([]cluster.Change{}, p.Steps[0].Changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

// guardColumns lists a fixture row as the database would give it.
func guardColumns(row map[string]string) []*string {
	var out []*string
	for _, c := range fixtureColumns() {
		if v, ok := row[c.Name]; ok {
			out = append(out, &v)
		} else {
			out = append(out, nil)
		}
	}
	return out
}

func TestPlanOrder(t *testing.T) {
	rows := make([]cells, 12)
	for i := range rows {
		rows[i] = cells{"id": string(rune('a' + i)), "email": "a@x"}
	}
	rows[11]["first"] = "Ann" // the first group survives in its last contact
	table := newTable(t, rows...)
	edges := []scoring.Edge{edge(0, 11, auto, 1), edge(2, 3, auto, 1)}
	r := cluster.Build(cluster.Input{Table: table, Edges: edges, Judge: objections{}})
	p := cluster.MakePlan(&cluster.Outcome{Table: table, Edges: r.Edges, Clusters: r.Clusters}, cluster.Config{}, "fixture", "")
	var survivors []string
	for _, s := range p.Steps {
		survivors = append(survivors, s.Survivor)
	}
	if diff := cmp.Diff([]string{"c", "l"}, survivors); diff != "" {
		t.Errorf("survivors (-want +got):\n%s", diff)
	}
}

func TestPlanRoundTrip(t *testing.T) {
	_, p := planned(t)
	got, err := cluster.ReadPlan(p.JSON())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, got); diff != "" {
		t.Errorf("plan (-made +read):\n%s", diff)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, p.JSON(), "", "  "); err != nil {
		t.Fatal(err)
	}
	if _, err := cluster.ReadPlan(pretty.Bytes()); err != nil {
		t.Errorf("an indented plan: %v", err)
	}
	plain, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cluster.ReadPlan(plain); err != nil {
		t.Errorf("a plan in encoding/json's escapes: %v", err)
	}
	_, again := planned(t)
	if p.ID != again.ID {
		t.Errorf("the same input made plans %s and %s", p.ID, again.ID)
	}
}

func TestReadPlanRefuses(t *testing.T) {
	_, p := planned(t)
	text := string(p.JSON())
	swap := func(old, with string) string {
		if !strings.Contains(text, old) {
			t.Fatalf("the plan has no %s", old)
		}
		return strings.Replace(text, old, with, 1)
	}
	resigned := func(change func(*cluster.Plan)) string {
		c := *p
		c.Steps = slices.Clone(p.Steps)
		change(&c)
		c.ID = c.Hash()
		return string(c.JSON())
	}
	tests := []struct{ name, data, want string }{
		{"empty", "", "not a JSON plan"},
		{"cut short", text[:len(text)-2], "not a JSON plan"},
		{"no plan", "{}", "names no format"},
		{"other format", swap(`"format":1`, `"format":2`), "format 2, this version reads format 1"},
		{"another value", swap(`<old>`, `<new>`), "was changed after it was made"},
		{"another loser", swap(`"losers":["1"]`, `"losers":["2"]`), "was changed after it was made"},
		{"another id", swap(p.ID, strings.Repeat("0", 64)), "was changed after it was made"},
		{"unknown key", swap(`{"id"`, `{"extra":1,"id"`), `unknown field "extra"`},
		{"two plans", text + text, "not a JSON plan"},
		{"a contact twice", resigned(func(p *cluster.Plan) { p.Steps = append(p.Steps, p.Steps[0]) }), `contact "3" is survivor, and already survivor in step 1`},
		{"lost and surviving", resigned(func(p *cluster.Plan) { p.Steps[0].Losers = []string{"3"} }), `contact "3" is loser, and already survivor in step 1`},
		{"nobody lost", resigned(func(p *cluster.Plan) { p.Steps[0].Losers = nil }), "nobody is merged"},
		{"other members", resigned(func(p *cluster.Plan) { p.Steps[0].Cluster = "00" }), "its id does not belong to its members"},
		{"no guards", resigned(func(p *cluster.Plan) { p.Steps[0].Guards = nil }), "its guards are not those of its members"},
		{"stranger's value", resigned(func(p *cluster.Plan) { p.Steps[0].Changes = []cluster.Change{{Column: "note", From: "9"}} }), `contact "9", which is no member`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := cluster.ReadPlan([]byte(tc.data))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
}

func FuzzReadPlan(f *testing.F) {
	_, p := planned(f)
	f.Add(p.JSON())
	f.Add([]byte(`{"format":1,"steps":[{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := cluster.ReadPlan(data)
		if err != nil {
			return
		}
		again, err := cluster.ReadPlan(p.JSON())
		if err != nil {
			t.Fatalf("a plan that was read cannot be read again: %v", err)
		}
		if diff := cmp.Diff(p, again); diff != "" {
			t.Fatalf("plan (-first +second):\n%s", diff)
		}
	})
}
