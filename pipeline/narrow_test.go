package pipeline_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/blocking"
	"github.com/contactmerge/contactmerge/internal/run"
	"github.com/contactmerge/contactmerge/pipeline"
	"github.com/contactmerge/contactmerge/pipeline/extract"
	"github.com/contactmerge/contactmerge/scoring"
)

// TestTriedPairs wants a run that tries pairs first to compare far fewer of them and to find the same people, whoever does the work.
func TestTriedPairs(t *testing.T) {
	withoutRaceDetector(t) // TestTriedByMany runs as much under it
	w := newWorld(t, 20_000)
	compare := func(cfg pipeline.Config) (*pipeline.Result, bool) {
		src, err := extract.Files(w.files())
		if err != nil {
			t.Fatal(err)
		}
		res, err := pipeline.Run(context.Background(), pipeline.Options{Config: cfg, Source: src})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(res.Release)
		return res, slices.ContainsFunc(res.Record.Stages, func(s run.Stage) bool { return s.Name == "try pairs" })
	}
	whole, tried := compare(pipeline.Config{})
	if tried {
		t.Error("pairs are tried where all can be compared in no time")
	}
	tight := pipeline.Config{Workers: 1, Blocking: blocking.Config{SmallPairs: -1}}
	one, tried := compare(tight)
	tight.Workers = 8
	eight, _ := compare(tight)
	if !tried || one.Record.Counts.Pairs > whole.Record.Counts.Pairs/2 {
		t.Errorf("%d pairs are compared of %d, tried %v", one.Record.Counts.Pairs, whole.Record.Counts.Pairs, tried)
	}
	if diff := cmp.Diff(one.Outcome.Edges, eight.Outcome.Edges); diff != "" {
		t.Errorf("8 workers find other pairs than one (-one +eight):\n%s", diff)
	}
	f1 := func(r *pipeline.Result) float64 { return w.evaluate(t, r.Outcome).Clusters[1].Pairs.F1.Value }
	t.Logf("%d pairs of %d compared, F1 %.4f, of all %.4f", one.Record.Counts.Pairs, whole.Record.Counts.Pairs, f1(one), f1(whole))
	if f1(one) < f1(whole)-0.002 {
		t.Errorf("F1 of the pairs in clusters %.4f, of all pairs %.4f", f1(one), f1(whole))
	}
}

// TestTriedByMany tries pairs with eight workers on few contacts.
func TestTriedByMany(t *testing.T) {
	w := newWorld(t, 2000)
	cfg := pipeline.Config{Blocking: blocking.Config{SmallPairs: -1}, Scoring: scoring.Config{SamplePairs: 30_000}}
	var want []scoring.Edge
	for _, workers := range []int{1, 8} {
		cfg.Workers = workers
		got := runFiles(t, w.files(), cfg).Edges
		if want == nil {
			want = got
		}
		if diff := cmp.Diff(want, got); diff != "" || len(got) < 100 {
			t.Errorf("%d workers find %d other pairs than one (-one +%d):\n%s", workers, len(got), workers, diff)
		}
	}
}
