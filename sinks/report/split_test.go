package report

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/scoring"
)

func TestSplit(t *testing.T) {
	o, _ := fixture(t)
	var got []*split
	for i := range o.Clusters {
		got = append(got, newSplit(o, &o.Clusters[i]))
	}
	want := []*split{nil, {
		Lead:  "If its weakest link is wrong, for which the chance is 3.1%, the cluster is two people:",
		Sides: []half{{IDs: []string{"201", "203"}}, {IDs: []string{"202"}}},
	}, {
		Lead:  "If 301 and 302 are two people, for which the model sees a chance of over 99.9%, the others go with them so:",
		Sides: []half{{IDs: []string{"301", "303"}}, {IDs: []string{"302"}}},
	}, nil, nil}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("splits (-want +got):\n%s", diff)
	}
	pair := &cluster.Cluster{Members: []contact.Row{0, 1}, Split: [][]contact.Row{{0}, {1}}, SplitProbability: 0.4}
	if newSplit(o, pair) != nil {
		t.Error("a pair is told how it would fall in two")
	}
	big := make([]contact.Row, 14)
	if s := newSplit(o, &cluster.Cluster{Members: make([]contact.Row, 15), Split: [][]contact.Row{big, {1}}}); len(s.Sides[0].IDs) != maxSide || s.Sides[0].More != "2 more" {
		t.Errorf("a large side is drawn as %+v", s.Sides[0])
	}
}

func TestDoubts(t *testing.T) {
	o, _ := fixture(t)
	c := &cluster.Cluster{Doubts: []cluster.Doubt{{A: 0, B: 1, Reasons: scoring.FirstNameMismatch}, {A: 0, B: 2}, {A: 1, B: 2}, {A: 1, B: 3}, {A: 2, B: 3}}}
	want := []string{
		"Read alone, 101 and 102 would look like two people (first names differ); other members lead from one to the other.",
		"Read alone, 101 and 103 would look like two people; other members lead from one to the other.",
		"Read alone, 102 and 103 would look like two people; other members lead from one to the other.",
		"The same holds for 2 more pairs.",
	}
	if diff := cmp.Diff(want, doubtTexts(o, c)); diff != "" {
		t.Errorf("doubts (-want +got):\n%s", diff)
	}
}

// TestAsked: a review pair inside a suggested cluster is a doubt, and nobody is asked about it.
func TestAsked(t *testing.T) {
	o := &cluster.Outcome{Edges: []scoring.Edge{
		{Decision: scoring.Review, Weight: -9}, {Decision: scoring.Suggest, Weight: 7}, {Decision: scoring.Suggest, Weight: 5}, {Decision: scoring.AutoMerge, Weight: 1},
	}}
	all := []int{0, 1, 2, 3}
	if e := asked(o, &cluster.Cluster{Decision: scoring.Suggest, Edges: all}); e != &o.Edges[2] {
		t.Errorf("of a suggested cluster, %+v is asked", e)
	}
	if e := asked(o, &cluster.Cluster{Decision: scoring.Review, Edges: all}); e != &o.Edges[0] {
		t.Errorf("of a cluster in review, %+v is asked", e)
	}
	if e := asked(o, &cluster.Cluster{Decision: scoring.AutoMerge, Edges: []int{3}}); e != nil {
		t.Errorf("of a cluster that merges, %+v is asked", e)
	}
}

func TestSure(t *testing.T) {
	members := make([]contact.Row, 3)
	for c, want := range map[float64]string{0: "", 1: "", 0.964: "96.4% of its pairs expected to be right", 0.9999: "over 99.9% of its pairs expected to be right"} {
		if got := sure(&cluster.Cluster{Members: members, Confidence: c}); got != want {
			t.Errorf("confidence %v reads %q, want %q", c, got, want)
		}
	}
}

func TestUpperFirst(t *testing.T) {
	for in, want := range map[string]string{"": "", "ab": "Ab", "état": "État", "\xff": "\xff", "名": "名"} {
		if got := upperFirst(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}
