package report

import (
	"math"
	"testing"

	"github.com/contactmerge/contactmerge/internal/run"
)

func TestRightOf(t *testing.T) {
	for p, want := range map[float64]string{
		0.9712: "of 100 suggestions, 97 are expected to be right", 0.5: "of 100 suggestions, 50 are expected to be right",
		0.997: "of 1,000 suggestions, 997 are expected to be right", 0.9996: "of 10,000 suggestions, 9,996 are expected to be right",
		0.99999: "of 10,000 suggestions, fewer than one is expected to be wrong", 1: "of 10,000 suggestions, fewer than one is expected to be wrong",
		0: "none of the suggestions is expected to be right",
	} {
		if got := rightOf(p); got != want {
			t.Errorf("precision %v: %q, want %q", p, got, want)
		}
	}
}

func TestMissedText(t *testing.T) {
	for _, tt := range []struct {
		e    run.Estimate
		want string
	}{
		{run.Estimate{Completeness: 1}, "blocking is expected to have missed no true match that the scorer would recognise"},
		{run.Estimate{Missed: 12.3, MissedLow: 4.8, MissedHigh: 31.2, Completeness: 0.99}, "blocking is expected to have missed about 12 (5 to 31) true matches that the scorer would recognise; 99.0% of all such matches were compared"},
		{run.Estimate{Missed: 1, MissedLow: 1, MissedHigh: 1, Completeness: 0.9999}, "blocking is expected to have missed about 1 true match that the scorer would recognise; over 99.9% of all such matches were compared"},
		{run.Estimate{Missed: 0.2, MissedHigh: 3.1, Completeness: 0.998}, "blocking is expected to have missed hardly any true match that the scorer would recognise (3 at most)"},
	} {
		if got := missedText(&tt.e); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

func TestExpected(t *testing.T) {
	if newExpected(&run.Record{}) != nil || expectedLine(&run.Record{}) != "" {
		t.Error("an estimate that was not made is shown")
	}
	r := &run.Record{Threshold: 6.5, Estimate: estimateFixture()}
	x := newExpected(r)
	used := 0
	for _, row := range x.Rows {
		if row.Used {
			used++
			if row.Threshold != "+6.5" || row.Pairs != "1,130" {
				t.Errorf("the row in use is %+v", row)
			}
		}
	}
	if used != 1 || len(x.Rows) > 10 {
		t.Errorf("%d of %d rows are in use, want one of at most 10", used, len(x.Rows))
	}
	r.Estimate.Cuts = nil
	if x := newExpected(r); x.Curve != nil || len(x.Rows) != 0 || x.Precision == "" {
		t.Errorf("without cuts: %+v", x)
	}
}

func TestCurve(t *testing.T) {
	at := []float64{-10, 0, 10}
	c := newCurve("x", "X", []series{{"precision", "precision", at, []float64{0.2, 0.9, 1}}, {"recall", "recall", at, []float64{1, 0.98, 0.96}}}, []moment{{0, "here"}, {10, "there"}})
	if want := "M40.0 150.0L198.0 45.0L356.0 30.0"; c.Lines[0].Path != want {
		t.Errorf("precision runs along %s, want %s", c.Lines[0].Path, want)
	}
	if d := c.Lines[1].EndY - c.Lines[0].EndY; d < 12.9 {
		t.Errorf("the names of the lines are %v apart", d)
	}
	if r := c.Rules; r[0].At != 198 || r[0].Anchor != "end" || r[1].At != 356 || r[1].Anchor != "end" || r[0].TextY == r[1].TextY {
		t.Errorf("marks %+v", r)
	}
	if got := c.Lines[0].Dots[0].Title; got != "precision 90.0% at 0.0" {
		t.Errorf("dot says %q", got)
	}
	high := newCurve("x", "X", []series{{"precision", "precision", at, []float64{0.95, 0.97, 1}}}, nil)
	if high.YTicks[0].Text != "90%" || high.Lines[0].Path != "M40.0 105.0L198.0 75.0L356.0 30.0" {
		t.Errorf("an axis from %s, line %s", high.YTicks[0].Text, high.Lines[0].Path)
	}
	for _, odd := range []float64{math.Inf(-1), math.Inf(1), math.NaN()} { // must come to an end
		if c := newCurve("x", "X", []series{{"f1", "F1", []float64{odd, 3}, []float64{0.5, math.NaN()}}}, nil); len(c.XTicks) > 20 {
			t.Errorf("%d ticks on an axis from %v", len(c.XTicks), odd)
		}
	}
	low := newCurve("x", "X", []series{{"f1", "F1", []float64{3}, []float64{0.5}}}, nil)
	if low.Lines[0].Path != "M198.0 105.0" {
		t.Errorf("a single point is drawn as %s", low.Lines[0].Path)
	}
}

func TestSpreadStaysOnTheFigure(t *testing.T) {
	lines := []curveLine{{EndY: 178}, {EndY: 179}, {EndY: 180}}
	spread(lines)
	for i, l := range lines {
		if want := px(curveTop + curveHeight - 13*float64(2-i)); l.EndY != want {
			t.Errorf("name %d stands at %v, want %v", i, l.EndY, want)
		}
	}
}
