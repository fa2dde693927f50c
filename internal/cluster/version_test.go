package cluster_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/scoring"
)

func TestVersionOf(t *testing.T) {
	a, b := cluster.Guard{ID: "1", Hash: "x"}, cluster.Guard{ID: "2", Hash: "y"}
	base := cluster.VersionOf([]cluster.Guard{a, b})
	// Pinned: answers that people gave are bound to it.
	if want := "1c4349cec2e7d786f4abd3efbc7e6af5"; base != want {
		t.Errorf("VersionOf = %s, want %s", base, want)
	}
	guards := []cluster.Guard{b, a}
	if got := cluster.VersionOf(guards); got != base || guards[0] != b {
		t.Error("the order of the guards matters, or was changed")
	}
	for name, other := range map[string][]cluster.Guard{
		"one edited":  {a, {ID: "2", Hash: "z"}},
		"one joined":  {a, b, {ID: "3", Hash: "y"}},
		"one left":    {a},
		"swapped":     {{ID: "1", Hash: "y"}, {ID: "2", Hash: "x"}},
		"run as one":  {{ID: "1x", Hash: ""}, b},
		"another one": {a, {ID: "3", Hash: "y"}},
	} {
		if cluster.VersionOf(other) == base {
			t.Errorf("%s: the version stays the same", name)
		}
	}
}

func TestEvidenceHash(t *testing.T) {
	base := cells{"id": "1", "first": "Ann", "last": "Lee", "email": "ann@x", "born": "1980-02-03", "city": "Oslo", "+": "phone:1"}
	with := func(kv ...string) cells {
		c := cells{}
		for k, v := range base {
			c[k] = v
		}
		for i := 0; i < len(kv); i += 2 {
			c[kv[i]] = kv[i+1]
		}
		return c
	}
	hash := func(c cells) string { return cluster.EvidenceHash(newTable(t, c), 0) }
	want := hash(base)
	for name, c := range map[string]cells{
		"case and blanks":            with("first", " ANN ", "city", "oslo"),
		"another id":                 with("id", "7"),
		"bookkeeping":                with("created", "4", "updated", "5", "source", "web", "vip", "1", "blocked", "1", "opt", "1", "points", "8", "note", "x"),
		"an identity in its table":   with("email", "", "+", "phone:1 email:ann@x"),
		"an identity held twice":     with("+", "phone:1 email:Ann@x phone:1"),
		"empty where there was none": with("suffix", "", "street", " "),
	} {
		if hash(c) != want {
			t.Errorf("%s: the hash changes", name)
		}
	}
	for name, c := range map[string]cells{
		"name": with("last", "Kay"), "birthdate": with("born", "1981-02-03"), "company": with("company", "Acme"), "city": with("city", "Rome"),
		"email": with("email", "a@x"), "email gone": with("email", ""), "one more identity": with("+", "phone:1 phone:2"), "another channel": with("+", "sms:1"),
		"names swapped": with("first", "Lee", "last", "Ann"),
	} {
		if hash(c) == want {
			t.Errorf("%s: the hash stays the same", name)
		}
	}
}

func TestPlanWithout(t *testing.T) {
	table := newTable(t, cells{"id": "1"}, cells{"id": "2"}, cells{"id": "3"}, cells{"id": "4"})
	m := cluster.NewMerger(table, cluster.Config{})
	late, early := m.Step([]contact.Row{2, 3}, nil), m.Step([]contact.Row{0, 1}, []cluster.Evidence{{A: "1", B: "2", Reasons: []string{"exact_email"}}})
	p := cluster.PlanOf([]cluster.Step{late, early}, "source", "config")
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	if _, err := cluster.ReadPlan(p.JSON()); err != nil {
		t.Fatal(err)
	}
	if p.Steps[0].Survivor != "1" || p.Steps[1].Survivor != "3" || p.ID != cluster.PlanOf([]cluster.Step{early, late}, "source", "config").ID {
		t.Errorf("the order in which steps are given matters: %+v", p)
	}
	if same, n := p.Without(func(string) bool { return false }); same != p || n != 0 {
		t.Errorf("%d steps were left out", n)
	}
	for _, taken := range []string{"1", "2"} { // survivor and loser
		less, n := p.Without(func(id string) bool { return id == taken })
		if n != 1 || len(less.Steps) != 1 || less.Steps[0].Survivor != "3" || less.ID != less.Hash() || less.ID == p.ID || len(p.Steps) != 2 {
			t.Errorf("without %s: %+v, %d left out", taken, less, n)
		}
	}
}

func TestVetoedPairsAreListed(t *testing.T) {
	edges := []scoring.Edge{edge(0, 1, scoring.AutoMerge, 10), edge(1, 2, scoring.AutoMerge, 10), edge(2, 3, scoring.AutoMerge, 10), edge(4, 5, scoring.AutoMerge, 10)}
	judge := objections{{0, 2}: {Veto: scoring.NotDuplicates}, {1, 3}: {Veto: scoring.SSOConflict}, {0, 3}: {Contradiction: scoring.FirstNameMismatch}}
	r := cluster.Build(cluster.Input{Table: plain(t, 6), Edges: edges, Judge: judge})
	var got [][][2]contact.Row
	for _, c := range r.Clusters {
		got = append(got, c.Vetoed)
	}
	if diff := cmp.Diff([][][2]contact.Row{{{0, 2}, {1, 3}}, nil}, got); diff != "" {
		t.Errorf("vetoed pairs by cluster (-want +got):\n%s", diff)
	}
}
