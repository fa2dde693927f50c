package cluster_test

import (
	"math"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/scoring"
)

// at is the weight of a probability.
func at(p float64) float32 { return float32(scoring.WeightOf(p)) }

func TestConfidenceAndSplit(t *testing.T) {
	type rows = []contact.Row
	tests := []struct {
		name       string
		edges      []scoring.Edge
		judge      objections
		want       string
		confidence float64
		split      []rows
		p          float64
	}{
		{
			name: "a pair", edges: []scoring.Edge{edge(0, 1, suggest, at(.9))},
			want: "[0 1] suggest []", confidence: .9, split: []rows{{0}, {1}}, p: .1,
		}, {
			name: "a chain is as sure as the product of its links", edges: []scoring.Edge{edge(0, 1, suggest, at(.9)), edge(1, 2, suggest, at(.8))},
			want: "[0 1 2] suggest []", confidence: (.9 + .8 + .72) / 3, split: []rows{{0, 1}, {2}}, p: .2,
		}, {
			name:  "a comparison that says less than chance takes from the chain",
			edges: []scoring.Edge{edge(0, 1, suggest, at(.9)), edge(1, 2, suggest, at(.8))},
			judge: objections{{0, 2}: {Weight: -12}}, // two bits below the prior: a quarter of the odds .72/.28
			want:  "[0 1 2] suggest []", confidence: (.9 + .8 + .72/4/(.72/4+.28)) / 3, split: []rows{{0, 1}, {2}}, p: .2,
		}, {
			name:  "no bridge, and a weakest place all the same",
			edges: []scoring.Edge{edge(0, 1, suggest, at(.75)), edge(1, 2, suggest, at(.9)), edge(0, 3, suggest, at(.9)), edge(2, 3, suggest, at(.7))},
			want:  "[0 1 2 3] suggest []", confidence: (.75 + .9 + .9 + .75*.9 + .75*.9 + .7) / 6, split: []rows{{0, 3}, {1, 2}}, p: .25,
		}, {
			name:  "a group that merges by itself is never parted",
			edges: []scoring.Edge{edge(0, 2, auto, -5), edge(1, 2, suggest, at(.99))},
			want:  "[0 1 2] suggest [[0 2]]", confidence: (1 + .99 + .99) / 3, split: []rows{{0, 2}, {1}}, p: .01,
		}, {
			name: "a group alone", edges: []scoring.Edge{edge(0, 1, auto, 3), edge(1, 2, auto, 3)},
			want: "[0 1 2] auto_merge [[0 1 2]]", confidence: 1,
		}, {
			name:  "a group in review parts where its members contradict each other",
			edges: []scoring.Edge{edge(0, 1, auto, 9), edge(1, 2, auto, 8), edge(2, 3, auto, 7), edge(1, 3, auto, 3)},
			judge: objections{{0, 3}: {Veto: scoring.SSOConflict, Weight: 2}},
			want:  "[0 1 2 3] review []", split: []rows{{0, 1, 2}, {3}}, p: .2,
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			judge := neutral{tc.judge}
			got := cluster.Build(cluster.Input{Table: plain(t, 4), Edges: tc.edges, Judge: judge, Prior: -10})
			if diff := gocmp.Diff([]string{tc.want}, shape(got.Clusters)); diff != "" {
				t.Fatalf("clusters (-want +got):\n%s", diff)
			}
			c := got.Clusters[0]
			if math.Abs(c.Confidence-tc.confidence) > 1e-6 {
				t.Errorf("confidence is %v, want %v", c.Confidence, tc.confidence)
			}
			if diff := gocmp.Diff(tc.split, c.Split); diff != "" {
				t.Errorf("split (-want +got):\n%s", diff)
			}
			if math.Abs(c.SplitProbability-tc.p) > 1e-6 {
				t.Errorf("split has probability %v, want %v", c.SplitProbability, tc.p)
			}
		})
	}
}

// neutral is a Judge to whom two contacts agree no more and no less than two random ones, but for a list.
type neutral struct{ list objections }

func (n neutral) Compare(a, b contact.Row) cluster.Judgement {
	if j, ok := n.list[[2]contact.Row{min(a, b), max(a, b)}]; ok {
		return j
	}
	return cluster.Judgement{Weight: -10}
}

// TestWeakChainsAreCut joins people only as far as the pairs are more probable than not.
func TestWeakChainsAreCut(t *testing.T) {
	// Three records each of two people, and one doubtful edge between them.
	edges := []scoring.Edge{
		edge(0, 1, suggest, 12), edge(1, 2, suggest, 12), edge(2, 3, suggest, at(.6)), edge(3, 4, suggest, 12), edge(4, 5, suggest, 12),
	}
	differ := objections{}
	for a := range contact.Row(3) {
		for b := contact.Row(3); b < 6; b++ {
			differ[[2]contact.Row{a, b}] = cluster.Judgement{Weight: -14}
		}
	}
	tests := []struct {
		name  string
		judge objections
		prior float64
		want  []string
	}{
		{"nothing speaks against it", objections{}, -10, []string{"[0 1 2 3 4 5] suggest []"}},
		{"the others agree less than chance", differ, -10, []string{"[0 1 2] suggest []", "[3 4 5] suggest []"}},
		{"without a prior nobody knows what chance is", differ, 0, []string{"[0 1 2 3 4 5] suggest []"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got := cluster.Build(cluster.Input{Table: plain(t, 6), Edges: edges, Judge: neutral{tc.judge}, Prior: tc.prior})
			if diff := gocmp.Diff(tc.want, shape(got.Clusters)); diff != "" {
				t.Fatalf("clusters (-want +got):\n%s", diff)
			}
			for _, c := range got.Cuts {
				if c.Reasons != scoring.ModelBelowThreshold || c.Edge != 2 || c.A > 2 || c.B < 3 {
					t.Errorf("cut %+v, want the middle edge between the two people, as below the threshold", c)
				}
			}
			if cut := len(got.Cuts) == 1; cut != (len(tc.want) == 2) {
				t.Errorf("cuts: %+v", got.Cuts)
			}
		})
	}
	t.Run("two even chances are not one good one", func(t *testing.T) {
		even := []scoring.Edge{says(0, 1, suggest, 0, scoring.ModelMatch), says(1, 2, suggest, -3, scoring.ModelMatch)}
		got := cluster.Build(cluster.Input{Table: plain(t, 3), Edges: even, Judge: objections{}})
		if diff := gocmp.Diff([]string{"[0 1] suggest []"}, shape(got.Clusters)); diff != "" {
			t.Errorf("clusters (-want +got):\n%s", diff)
		}
	})
}
