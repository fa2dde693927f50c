package cluster_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/internal/cluster"
)

func TestBreakers(t *testing.T) {
	plan := func(losers ...int) *cluster.Plan {
		p := &cluster.Plan{}
		for _, n := range losers {
			p.Steps = append(p.Steps, cluster.Step{Losers: make([]string, n)})
		}
		return p
	}
	tests := []struct {
		name     string
		plan     *cluster.Plan
		contacts int
		limits   cluster.Limits
		previous cluster.Previous
		want     []cluster.Breaker
	}{
		{name: "nothing to merge", plan: plan(), want: nil},
		{name: "defaults", plan: plan(20, 5), contacts: 1000, previous: cluster.Previous{Known: true, Losers: 5}, want: []cluster.Breaker{
			{Name: "max_share", Limit: 0.1, Value: 0.025}, {Name: "max_change", Limit: 10, Value: 5},
		}},
		{name: "too large a share", plan: plan(25), contacts: 100, want: []cluster.Breaker{{Name: "max_share", Limit: 0.1, Value: 0.25, Tripped: true}}},
		{name: "a large share of few", plan: plan(10), contacts: 20, want: []cluster.Breaker{{Name: "max_share", Limit: 0.1, Value: 0.5}}},
		{name: "a jump", plan: plan(30), contacts: 10_000, previous: cluster.Previous{Known: true}, want: []cluster.Breaker{
			{Name: "max_share", Limit: 0.1, Value: 0.003}, {Name: "max_change", Limit: 10, Value: 30, Tripped: true},
		}},
		{
			name: "own limits, at and over", plan: plan(2, 1), contacts: 10, limits: cluster.Limits{MaxMerges: 3, MaxShare: -1, MaxChange: -1, MaxClusterSize: 2},
			previous: cluster.Previous{Known: true}, want: []cluster.Breaker{
				{Name: "max_merges", Limit: 3, Value: 3}, {Name: "max_cluster_size", Limit: 2, Value: 3, Tripped: true},
			},
		},
		{name: "too many merges", plan: plan(2, 2), contacts: 10, limits: cluster.Limits{MaxMerges: 3, MaxShare: -1}, want: []cluster.Breaker{
			{Name: "max_merges", Limit: 3, Value: 4, Tripped: true},
		}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got := cluster.Breakers(tc.plan, tc.contacts, tc.limits, tc.previous)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("breakers (-want +got):\n%s", diff)
			}
			want := false
			for _, b := range tc.want {
				want = want || b.Tripped
			}
			if cluster.Tripped(got) != want {
				t.Errorf("Tripped = %v", !want)
			}
		})
	}
}

func TestLimitsValidate(t *testing.T) {
	if err := (cluster.Limits{MaxShare: -1, MaxMerges: 100, MaxClusterSize: 5}).Validate(); err != nil {
		t.Errorf("sensible limits: %v", err)
	}
	err := cluster.Limits{MaxShare: 10, MaxChange: 0.5, MaxClusterSize: 1}.Validate()
	want := []string{
		"max_share: 10: is a share of all contacts, at most 1 (10% is 0.10)",
		"max_change: 0.5: is a factor, at least 1",
		"max_cluster_size: 1: a merge has at least 2 contacts",
	}
	if diff := cmp.Diff(want, lines(err)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}
