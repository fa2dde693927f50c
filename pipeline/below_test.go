package pipeline_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/internal/run"
	"github.com/contactmerge/contactmerge/pipeline"
	"github.com/contactmerge/contactmerge/pipeline/extract"
	"github.com/contactmerge/contactmerge/scoring"
)

// TestBelow: what one run says of lower thresholds is what runs with lower thresholds find.
func TestBelow(t *testing.T) {
	const from, used = -6.0, 5.0
	s := newScribe(11)
	var before human
	path := writeText(t, t.TempDir(), "table.csv", plain+"\n"+strings.Join(numbered(600, func(i int) string {
		h := s.human()
		if i%3 == 1 { // the one before, badly written
			h = before
			h.given, h.family, h.city = s.careless(h.given, 0.5, 0.1), s.careless(h.family, 0.5, 0), s.careless(h.city, 0.5, 0.2)
			return h.given + "," + h.family + "," + s.misdate(h) + "," + h.city + ","
		}
		before = h
		return h.given + "," + h.family + "," + h.born() + "," + h.city + ","
	}), "\n")+"\n")
	match := func(threshold float64, below *run.Below, workers int) *pipeline.Result {
		src, err := extract.Files(extract.FilesConfig{Contacts: []string{path}, ID: "id"})
		if err != nil {
			t.Fatal(err)
		}
		cfg := pipeline.Config{Workers: workers}
		cfg.Scoring.Threshold = scoring.Probability(threshold)
		res, err := pipeline.Run(context.Background(), pipeline.Options{Source: src, Config: cfg, Below: below})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(res.Release)
		return res
	}
	below := &run.Below{From: from}
	res := match(used, below, 1)
	type pair struct{ a, b uint32 }
	got, want := map[pair]float32{}, map[pair]float32{}
	for _, p := range below.Pairs {
		if float64(p.Weight) < from || float64(p.Weight) >= used {
			t.Errorf("%d and %d weigh %v, which is not below the threshold in use", p.A, p.B, p.Weight)
		}
		got[pair{uint32(p.A), uint32(p.B)}] = p.Weight
	}
	for _, e := range match(from, nil, 1).Outcome.Edges {
		if e.Reasons.Has(scoring.ModelMatch) && float64(e.Weight) < used {
			want[pair{uint32(e.A), uint32(e.B)}] = e.Weight
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pairs below the threshold (-run with a lower one +this):\n%s", diff)
	}
	if len(want) < 5 {
		t.Errorf("only %d pairs lie between the thresholds", len(want))
	}
	again := &run.Below{From: from}
	if other := match(used, again, 3); cmp.Diff(res.Outcome.Edges, other.Outcome.Edges) != "" || cmp.Diff(below.Pairs, again.Pairs) != "" {
		t.Error("three workers find something else than one")
	}
	if diff := cmp.Diff(match(used, nil, 1).Outcome.Edges, res.Outcome.Edges); diff != "" {
		t.Errorf("looking below changes what is found:\n%s", diff)
	}
}
