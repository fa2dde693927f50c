package cluster_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/scoring"
)

const (
	auto    = scoring.AutoMerge
	suggest = scoring.Suggest
	review  = scoring.Review
)

func TestBuild(t *testing.T) {
	veto := cluster.Judgement{Veto: scoring.SSOConflict}
	differ := cluster.Judgement{Contradiction: scoring.FirstNameMismatch}
	strangers := cluster.Judgement{Contradiction: scoring.FirstNameMismatch, Weight: -9}
	tests := []struct {
		name     string
		edges    []scoring.Edge
		judge    objections
		max      int
		want     []string
		cuts     []cluster.Cut
		conflict *cluster.Conflict
		weakest  int
	}{
		{
			name:  "an auto-merge chain is one group",
			edges: []scoring.Edge{edge(0, 1, auto, 9), edge(1, 2, auto, 7)},
			want:  []string{"[0 1 2] auto_merge [[0 1 2]]"}, weakest: 1,
		}, {
			name:  "two people joined through a contact without a name",
			edges: []scoring.Edge{edge(0, 1, auto, 9), edge(1, 2, auto, 7)},
			judge: objections{{0, 2}: strangers},
			want:  []string{"[0 1 2] review []"}, weakest: 1,
			conflict: &cluster.Conflict{A: 0, B: 2, Reasons: scoring.FirstNameMismatch, Bridge: 1},
		}, {
			name:  "perhaps one person with two first names, joined through a contact without a name",
			edges: []scoring.Edge{edge(0, 1, auto, 9), edge(1, 2, auto, 7)},
			judge: objections{{0, 2}: differ},
			want:  []string{"[0 1] suggest []"}, weakest: 0,
			cuts: []cluster.Cut{{Edge: 1, A: 0, B: 2, Reasons: scoring.FirstNameMismatch}},
		}, {
			name:  "two spellings of a name joined through a contact without one",
			edges: []scoring.Edge{edge(0, 1, auto, 9), edge(1, 2, auto, 7)},
			judge: objections{{0, 2}: {Doubt: scoring.NameTypo}},
			want:  []string{"[0 1 2] suggest []"}, weakest: 1,
		}, {
			name:     "a veto is told before a contradiction",
			edges:    []scoring.Edge{edge(0, 1, auto, 9), edge(1, 2, auto, 7), edge(2, 3, auto, 8)},
			judge:    objections{{0, 2}: differ, {1, 3}: veto},
			want:     []string{"[0 1 2 3] review []"},
			weakest:  1,
			conflict: &cluster.Conflict{A: 1, B: 3, Reasons: scoring.SSOConflict, Bridge: 1},
		}, {
			name:     "a review edge inside a group is a contradiction",
			edges:    []scoring.Edge{edge(0, 1, auto, 9), edge(0, 2, review, 1), edge(1, 2, auto, 7)},
			judge:    objections{{0, 2}: {Weight: -9}},
			want:     []string{"[0 1 2] review []"},
			weakest:  -1,
			conflict: &cluster.Conflict{A: 0, B: 2, Reasons: scoring.FirstNameMismatch, Bridge: 2},
		}, {
			name:     "a group over the size limit",
			edges:    []scoring.Edge{edge(0, 1, auto, 9), edge(1, 2, auto, 7), edge(2, 3, auto, 8)},
			max:      3,
			want:     []string{"[0 1 2 3] review []"},
			weakest:  1,
			conflict: &cluster.Conflict{A: 0, B: 3, Reasons: scoring.ClusterTooLarge, Bridge: -1},
		}, {
			name:  "suggest edges join groups and singles",
			edges: []scoring.Edge{edge(0, 1, auto, 9), edge(1, 2, suggest, 3), edge(2, 4, suggest, 2), edge(3, 4, auto, 5)},
			want:  []string{"[0 1 2 3 4] suggest [[0 1] [3 4]]"}, weakest: 2,
		}, {
			name:  "another last name does not cut a suggested cluster",
			edges: []scoring.Edge{edge(0, 1, suggest, 3), edge(1, 2, suggest, 2)},
			judge: objections{{0, 2}: {Contradiction: scoring.LastNameMismatch}},
			want:  []string{"[0 1 2] suggest []"}, weakest: 1,
		}, {
			name:  "a visitor without a name does not make two people one",
			edges: []scoring.Edge{edge(0, 1, suggest, 3), edge(1, 2, suggest, 3)},
			judge: objections{{0, 2}: {Contradiction: scoring.FirstNameMismatch | scoring.SuffixConflict}},
			want:  []string{"[0 1] suggest []"}, weakest: 0,
			cuts: []cluster.Cut{{Edge: 1, A: 0, B: 2, Reasons: scoring.FirstNameMismatch}},
		}, {
			name:  "a pair's own suggestion counts for more than its contradiction",
			edges: []scoring.Edge{edge(0, 1, suggest, 3), edge(0, 2, suggest, 1), edge(1, 2, suggest, 2)},
			judge: objections{{0, 2}: differ},
			want:  []string{"[0 1 2] suggest []"}, weakest: -1,
		}, {
			name:  "a veto cuts at the weakest bridge",
			edges: []scoring.Edge{edge(0, 1, suggest, 2), edge(1, 2, suggest, 4), edge(2, 3, suggest, 3)},
			judge: objections{{0, 3}: veto},
			want:  []string{"[1 2 3] suggest []"}, weakest: 2,
			cuts: []cluster.Cut{{Edge: 0, A: 0, B: 3, Reasons: scoring.SSOConflict}},
		}, {
			name:  "every edge between clusters that must stay apart is cut for the same reason",
			edges: []scoring.Edge{edge(0, 1, suggest, 9), edge(0, 2, suggest, 4), edge(1, 3, suggest, 2), edge(2, 3, suggest, 8)},
			judge: objections{{0, 3}: veto},
			want:  []string{"[0 1] suggest []", "[2 3] suggest []"}, weakest: 0,
			cuts: []cluster.Cut{{Edge: 1, A: 0, B: 3, Reasons: scoring.SSOConflict}, {Edge: 2, A: 0, B: 3, Reasons: scoring.SSOConflict}},
		}, {
			name:  "a review edge keeps its contacts apart",
			edges: []scoring.Edge{edge(0, 1, suggest, 2), edge(0, 2, review, 1), edge(1, 2, suggest, 4)},
			want:  []string{"[1 2] suggest []"}, weakest: 2,
			cuts: []cluster.Cut{{Edge: 0, A: 0, B: 2, Reasons: scoring.FirstNameMismatch}},
		}, {
			name:  "suggestions do not grow over the size limit",
			edges: []scoring.Edge{edge(0, 1, suggest, 2), edge(1, 2, suggest, 4), edge(2, 3, suggest, 3)},
			max:   3,
			want:  []string{"[1 2 3] suggest []"}, weakest: 2,
			cuts: []cluster.Cut{{Edge: 0, A: 0, B: 1, Reasons: scoring.ClusterTooLarge}},
		}, {
			name:  "suggestions do not extend a group in review",
			edges: []scoring.Edge{edge(0, 1, auto, 9), edge(1, 2, suggest, 7), edge(2, 3, suggest, 1)},
			judge: objections{{0, 1}: strangers},
			want:  []string{"[0 1] review []", "[2 3] suggest []"}, weakest: 0,
			conflict: &cluster.Conflict{A: 0, B: 1, Reasons: scoring.FirstNameMismatch, Bridge: 0},
			cuts:     []cluster.Cut{{Edge: 1, A: 0, B: 1, Reasons: scoring.FirstNameMismatch | scoring.ClusterConflict}},
		}, {
			name:  "review edges alone make no cluster",
			edges: []scoring.Edge{edge(0, 1, review, 9)},
		}, {
			name: "no edges",
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			table := plain(t, 5)
			got := cluster.Build(cluster.Input{Table: table, Edges: tc.edges, Judge: tc.judge, Config: cluster.Config{MaxMembers: tc.max}})
			if diff := cmp.Diff(tc.want, shape(got.Clusters)); diff != "" {
				t.Fatalf("clusters (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.cuts, got.Cuts); diff != "" {
				t.Errorf("cuts (-want +got):\n%s", diff)
			}
			if len(got.Clusters) > 0 {
				if diff := cmp.Diff(tc.conflict, got.Clusters[0].Conflict); diff != "" {
					t.Errorf("conflict (-want +got):\n%s", diff)
				}
				if w := got.Clusters[0].Weakest; w != tc.weakest {
					t.Errorf("weakest bridge is edge %d, want %d", w, tc.weakest)
				}
			}
		})
	}
}

func TestBuildDemotesEdges(t *testing.T) {
	edges := []scoring.Edge{edge(0, 1, auto, 9), edge(1, 2, auto, 7), edge(2, 3, suggest, 1), edge(3, 4, auto, 5)}
	before := append([]scoring.Edge(nil), edges...)
	got := cluster.Build(cluster.Input{Table: plain(t, 5), Edges: edges, Judge: objections{{0, 2}: {Contradiction: scoring.BirthdateConflict, Weight: -9}}})
	var decisions []string
	for _, e := range got.Edges {
		decisions = append(decisions, e.Decision.String())
	}
	if diff := cmp.Diff([]string{"review", "review", "suggest", "auto_merge"}, decisions); diff != "" {
		t.Errorf("decisions (-want +got):\n%s", diff)
	}
	if !got.Edges[0].Reasons.Has(scoring.ClusterConflict) || got.Edges[3].Reasons.Has(scoring.ClusterConflict) {
		t.Error("cluster_conflict is not exactly on the edges of the group")
	}
	if diff := cmp.Diff(before, edges); diff != "" {
		t.Errorf("the caller's edges were changed (-want +got):\n%s", diff)
	}
}

func TestBuildLimitsIdentities(t *testing.T) {
	rows := []cells{
		{"id": "1", "+": "email:a@x email:b@x"},
		{"id": "2", "+": "email:b@x email:c@x phone:1 phone:2"},
		{"id": "3", "+": "email:d@x"},
		{"id": "4", "+": "email:d@x email:e@x email:f@x email:g@x"},
	}
	config := cluster.Config{MaxIdentitiesPerChannel: 3}
	t.Run("auto", func(t *testing.T) {
		edges := []scoring.Edge{edge(0, 1, auto, 9), edge(2, 3, auto, 9)}
		got := cluster.Build(cluster.Input{Table: newTable(t, rows...), Edges: edges, Judge: objections{}, Config: config})
		if diff := cmp.Diff([]string{"[0 1] auto_merge [[0 1]]", "[2 3] review []"}, shape(got.Clusters)); diff != "" {
			t.Errorf("clusters (-want +got):\n%s", diff)
		}
		if !got.Edges[1].Reasons.Has(scoring.ClusterTooLarge) {
			t.Error("the edge does not say cluster_too_large")
		}
	})
	t.Run("suggest", func(t *testing.T) {
		edges := []scoring.Edge{edge(0, 1, auto, 9), edge(1, 2, suggest, 2)}
		got := cluster.Build(cluster.Input{Table: newTable(t, rows...), Edges: edges, Judge: objections{}, Config: config})
		want := []cluster.Cut{{Edge: 1, A: 1, B: 2, Reasons: scoring.ClusterTooLarge}}
		if diff := cmp.Diff(want, got.Cuts); diff != "" {
			t.Errorf("cuts (-want +got):\n%s", diff)
		}
	})
}

func TestIDOf(t *testing.T) {
	a := cluster.IDOf([]string{"1", "23"})
	if b := cluster.IDOf([]string{"23", "1"}); a != b {
		t.Errorf("the id depends on the order: %s, %s", a, b)
	}
	if b := cluster.IDOf([]string{"12", "3"}); a == b {
		t.Error("the id does not tell where an id ends")
	}
	if len(a) != 32 {
		t.Errorf("id %q has %d digits, want 32", a, len(a))
	}
}
