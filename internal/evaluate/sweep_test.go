package evaluate_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/evaluate"
	"github.com/contactmerge/contactmerge/internal/run"
	"github.com/contactmerge/contactmerge/scoring"
)

func because(e scoring.Edge, r scoring.Reasons) scoring.Edge {
	e.Reasons = r
	return e
}

// sweepInput has five true pairs: three among contacts 1-3, 4-5 and 6-7. Contact 9 is not labelled. The threshold in use is 4.
func sweepInput(tb testing.TB) evaluate.Input {
	const byModel = scoring.ModelMatch
	return evaluate.Input{
		Truth: evaluate.NewTruth([]uint32{1, 1, 1, 2, 2, 3, 3, 4, 0}), Threshold: 4,
		Outcome: &cluster.Outcome{Table: plain(tb, 9), Edges: []scoring.Edge{
			edge(0, 1, auto, 9),
			because(edge(0, 2, suggest, 6), byModel),
			because(edge(1, 8, suggest, 8), byModel), // not judged
			because(edge(2, 3, suggest, 5), byModel), // wrong
			because(edge(3, 4, suggest, 5), byModel),
			because(edge(4, 5, review, 3), scoring.FirstNameMismatch), // wrong
			because(edge(5, 7, suggest, 7), byModel),                  // wrong
		}},
		Below: &run.Below{From: 0, Pairs: []run.BelowPair{
			{A: 0, B: 2, Weight: 6},              // found at the threshold in use as well
			{A: 1, B: 2, Weight: 3, Asked: true}, // nobody but a supervisor would see it
			{A: 5, B: 6, Weight: 2},              // right
			{A: 6, B: 7, Weight: 1},              // wrong
		}},
	}
}

func point(threshold float64, predicted, right int64, precision, recall, f1 float64) evaluate.Point {
	return evaluate.Point{
		Threshold: threshold, Probability: 1 / (1 + math.Exp2(-threshold)),
		Pairwise: evaluate.Pairwise{Predicted: predicted, Right: right, Precision: known(precision), Recall: known(recall), F1: known(f1)},
	}
}

func TestSweep(t *testing.T) {
	near := cmpopts.EquateApprox(0, 1e-9)
	got := evaluate.Evaluate(sweepInput(t)).Sweep
	if got.Threshold != 4 || got.From != 0 {
		t.Errorf("threshold %v, looked down to %v", got.Threshold, got.From)
	}
	best := point(2, 6, 4, 2./3, .8, 8./11)
	if diff := cmp.Diff(evaluate.Curve{InUse: point(4, 5, 3, .6, .6, .6), Best: &best}, got.Policy, near, cmpopts.IgnoreFields(evaluate.Curve{}, "Points")); diff != "" {
		t.Errorf("with the rules (-want +got):\n%s", diff)
	}
	best = point(2, 8, 5, 5./8, 1, 10./13)
	if diff := cmp.Diff(evaluate.Curve{InUse: point(4, 5, 3, .6, .6, .6), Best: &best}, got.Weight, near, cmpopts.IgnoreFields(evaluate.Curve{}, "Points")); diff != "" {
		t.Errorf("by weight (-want +got):\n%s", diff)
	}
	// From 1, the lightest pair, to 7, the heaviest that a threshold moves, in quarters.
	if n := len(got.Policy.Points); n != 25 {
		t.Fatalf("%d points", n)
	}
	want := []evaluate.Point{
		point(1, 7, 4, 4./7, .8, 8./12), point(2, 6, 4, 4./6, .8, 8./11), point(3, 5, 3, .6, .6, .6), point(5, 5, 3, .6, .6, .6),
		point(6, 3, 2, 2./3, .4, .5), point(7, 2, 1, .5, .2, 2./7),
	}
	for _, p := range want {
		if diff := cmp.Diff(p, got.Policy.Points[int((p.Threshold-1)*4)], near); diff != "" {
			t.Errorf("at %v (-want +got):\n%s", p.Threshold, diff)
		}
	}
}

func TestSweepAgreesWithTheLevels(t *testing.T) {
	in := sweepInput(t)
	in.Below = nil
	got := evaluate.Evaluate(in)
	if got.Sweep.From != 4 || got.Sweep.Policy.InUse.Pairwise != got.Edges[1].Pairs {
		t.Errorf("at the threshold in use %+v, and the level suggest has %+v", got.Sweep.Policy.InUse, got.Edges[1].Pairs)
	}
	if p := got.Sweep.Policy.Points[0]; p.Threshold != 4 {
		t.Errorf("the curve begins at %v although nobody looked below 4", p.Threshold)
	}
	if got.Sweep.Policy.Best.Threshold != 4 {
		t.Errorf("the best threshold is %v, want the one in use, which has the same pairs as 5", got.Sweep.Policy.Best.Threshold)
	}
	if w := got.Sweep.Weight.Points[0]; w.Predicted != got.Sweep.Weight.InUse.Predicted {
		t.Errorf("by weight, pairs below the threshold in use are counted although those of the model are missing there: %+v", w)
	}
	in.Threshold = 6.5
	if got := evaluate.Evaluate(in).Sweep.Policy.Best.Threshold; got != 5 {
		t.Errorf("the best threshold is %v, want 5, the weight of the pairs it has to let in", got)
	}
}

func TestSweepOfNothing(t *testing.T) {
	table := plain(t, 3)
	for name, in := range map[string]evaluate.Input{
		"no pairs": {Truth: evaluate.NewTruth([]uint32{1, 1, 2}), Outcome: outcome(table), Threshold: 4},
		"no truth": {Truth: evaluate.NewTruth([]uint32{0, 0, 0}), Outcome: outcome(table, edge(0, 1, suggest, 5)), Threshold: 4},
	} {
		t.Run(name, func(t *testing.T) {
			r := evaluate.Evaluate(in)
			if r.Sweep.Policy.Best != nil || r.Sweep.Weight.Best != nil {
				t.Errorf("nothing was judged, and the best is %+v", r.Sweep.Policy.Best)
			}
			if r.Sweep.Policy.InUse.Precision.Known {
				t.Errorf("precision of nothing is %v", r.Sweep.Policy.InUse.Precision)
			}
			var text strings.Builder
			if err := r.WriteText(&text); err != nil || !strings.Contains(text.String(), "in use") {
				t.Errorf("error %v, text\n%s", err, text.String())
			}
			if _, err := json.Marshal(r); err != nil {
				t.Error(err)
			}
		})
	}
}

// lowered are edges as what a run with a lower threshold would suggest.
func lowered(from float64, edges []scoring.Edge) *run.Below {
	out := &run.Below{From: from}
	for _, e := range edges {
		out.Pairs = append(out.Pairs, run.BelowPair{A: e.A, B: e.B, Weight: e.Weight})
	}
	return out
}

// TestSweepAgainstBruteForce counts at every point, and looks for a better F1 than the best.
func TestSweepAgainstBruteForce(t *testing.T) {
	table := plain(t, 8)
	rapid.Check(t, func(t *rapid.T) {
		person := make([]uint32, 8)
		for i := range person {
			person[i] = uint32(rapid.IntRange(0, 3).Draw(t, "person"))
		}
		var edges, below []scoring.Edge
		for a := range contact.Row(8) {
			for b := a + 1; b < 8; b++ {
				w := float32(rapid.IntRange(-20, 40).Draw(t, "weight")) / 4
				switch rapid.IntRange(0, 3).Draw(t, "kind") {
				case 1:
					edges = append(edges, edge(a, b, auto, w))
				case 2:
					if e := because(edge(a, b, suggest, w), scoring.ModelMatch); w >= 3 {
						edges = append(edges, e)
					} else {
						below = append(below, e)
					}
				}
			}
		}
		s := evaluate.Evaluate(evaluate.Input{Truth: evaluate.NewTruth(person), Outcome: &cluster.Outcome{Table: table, Edges: edges}, Below: lowered(-5, below), Threshold: 3}).Sweep
		highest := -1.0
		for _, p := range s.Policy.Points {
			var predicted, right int64
			for _, e := range append(edges[:len(edges):len(edges)], below...) {
				if person[e.A] == 0 || person[e.B] == 0 || e.Reasons.Has(scoring.ModelMatch) && float64(e.Weight) < p.Threshold {
					continue
				}
				predicted++
				if person[e.A] == person[e.B] {
					right++
				}
			}
			if p.Predicted != predicted || p.Right != right {
				t.Fatalf("at %v: %d right of %d, want %d of %d", p.Threshold, p.Right, p.Predicted, right, predicted)
			}
			if p.F1.Known {
				highest = max(highest, p.F1.Value)
			}
		}
		// Weights are multiples of a quarter, so that every cut is among the points.
		if b := s.Policy.Best; b != nil && b.F1.Value < highest-1e-9 {
			t.Fatalf("best F1 is %v, and a point has %v", b.F1, highest)
		}
	})
}

func TestMissedByCause(t *testing.T) {
	in := sample(t)
	in.Made, in.Threshold = nil, 5
	asked := 0
	in.Explain = func(a, b contact.Row) scoring.Explanation {
		asked++
		x := scoring.Explanation{MatchKey: "email", Weight: 4, Reasons: []string{"model_below_threshold"}}
		switch {
		case b == 9: // never compared, and it would have been found
			x = scoring.Explanation{Decision: scoring.Suggest, Weight: 8, Reasons: []string{"names_equal"}}
		case a == 1: // a rule keeps it apart, whatever its weight
			x = scoring.Explanation{MatchKey: "email", Weight: 9, Reasons: []string{"birthdate_conflict", "model_below_threshold"}}
		}
		return x
	}
	got := evaluate.Evaluate(in)
	want := &evaluate.Missed{Pairs: 4, Review: 1, NoMatch: 2, Below: 1, NotBlocked: 1, Lost: 1, ByCause: []evaluate.MissedCause{
		{Cause: "review", Pairs: 1, Reasons: []evaluate.ReasonCount{{Reason: "exact_email", Pairs: 1}}},
		{Cause: "below_threshold", Pairs: 1, Reasons: []evaluate.ReasonCount{{Reason: "model_below_threshold", Pairs: 1}}},
		{Cause: "no_match", Pairs: 1, Reasons: []evaluate.ReasonCount{{Reason: "birthdate_conflict", Pairs: 1}, {Reason: "model_below_threshold", Pairs: 1}}},
		{Cause: "not_blocked", Pairs: 1, Reasons: []evaluate.ReasonCount{{Reason: "names_equal", Pairs: 1}}},
	}}
	if diff := cmp.Diff(want, got.Missed); diff != "" {
		t.Errorf("missed (-want +got):\n%s", diff)
	}
	if got.Blocking.PairCompleteness != known(0.8) {
		t.Errorf("pair completeness %v", got.Blocking.PairCompleteness)
	}
	if asked != 3 {
		t.Errorf("%d explanations were asked for, want 3: a pair with an edge needs none", asked)
	}
	var text strings.Builder
	if err := got.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"missed      4 true pairs: 1 asked of a supervisor, 0 cut from a suggestion, 2 compared and not matched (1 only for the threshold), 1 never compared\n",
		"            no_match        1  (birthdate_conflict 1, model_below_threshold 1)\n",
		"            of the pairs never compared, a run would have found 1\n",
	} {
		if !strings.Contains(text.String(), line) {
			t.Errorf("the text does not hold %q:\n%s", line, text.String())
		}
	}
}
