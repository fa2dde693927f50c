package evaluate_test

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/evaluate"
	"github.com/contactmerge/contactmerge/scoring"
)

// plain makes a table of n contacts with nothing but ids from 1.
func plain(tb testing.TB, n int) *contact.Table {
	tb.Helper()
	layout := contact.Layout{Name: "plain", Contacts: []contact.Column{{Name: "id", Field: contact.FieldID}}, Parts: 1}
	bb := contact.NewBatchBuilder(contact.Contacts, "plain", layout.Contacts, nil)
	defer bb.Release()
	for i := range n {
		bb.Set(0, strconv.Itoa(i+1))
		bb.FinishRow(int64(i + 1))
	}
	batch := bb.Flush()
	defer batch.Release()
	chunk := contact.NewChunk(layout)
	var normal contact.Normal
	for i := range n {
		chunk.Add(batch, i, &normal, nil)
	}
	b := contact.NewBuilder(layout)
	b.Absorb(chunk)
	if err := b.Seal(); err != nil {
		tb.Fatal(err)
	}
	t, err := b.Freeze(nil, contact.Serial)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(t.Release)
	return t
}

type noObjection struct{}

func (noObjection) Compare(_, _ contact.Row) cluster.Judgement { return cluster.Judgement{} }

func outcome(t *contact.Table, edges ...scoring.Edge) *cluster.Outcome {
	r := cluster.Build(cluster.Input{Table: t, Edges: edges, Judge: noObjection{}})
	return &cluster.Outcome{Table: t, Edges: r.Edges, Clusters: r.Clusters, Cuts: r.Cuts}
}

func edge(a, b contact.Row, d scoring.Decision, w float32) scoring.Edge {
	return scoring.Edge{A: a, B: b, Decision: d, Weight: w, Reasons: scoring.ExactEmail}
}

const (
	auto    = scoring.AutoMerge
	suggest = scoring.Suggest
	review  = scoring.Review
)

func known(v float64) evaluate.Share { return evaluate.Share{Value: v, Known: true} }

// Contacts 1-3 are one person, 4 and 5 another, 6 and 7 are one each, 8 is not labelled, 9 and 10 are one person who was never compared.
var persons = []uint32{1, 1, 1, 2, 2, 3, 4, 0, 5, 5}

func sample(tb testing.TB) evaluate.Input {
	table := plain(tb, 10)
	o := outcome(table,
		edge(0, 1, auto, 9), edge(1, 5, suggest, 2), edge(1, 7, auto, 8), edge(2, 3, review, 1), edge(3, 4, review, 1), edge(5, 6, auto, 4))
	return evaluate.Input{
		Truth: evaluate.NewTruth(persons), Outcome: o, CandidatePairs: 9,
		Made: func(a, b contact.Row) bool { return b != 9 },
	}
}

func TestEvaluate(t *testing.T) {
	got := evaluate.Evaluate(sample(t))
	near := cmpopts.EquateApprox(0, 1e-9)
	want := evaluate.Report{
		Contacts: 10, Labelled: 9, Persons: 5, TruePairs: 5,
		Blocking: evaluate.Blocking{CandidatePairs: 9, PossiblePairs: 45, PairCompleteness: known(0.8), ReductionRatio: known(0.8)},
		Decisions: []evaluate.Decision{
			{Decision: auto, Pairs: 3, Right: 1, Wrong: 1, Unjudged: 1, Precision: known(0.5), Low: known(0.0945312057342307), High: known(0.9054687942657693)},
			{Decision: suggest, Pairs: 1, Wrong: 1, Precision: known(0), Low: known(0), High: known(0.7934506856227626)},
			{Decision: review, Pairs: 2, Right: 1, Wrong: 1, Precision: known(0.5), Low: known(0.0945312057342307), High: known(0.9054687942657693)},
		},
		Edges: []evaluate.Level{
			{Level: "auto_merge", Pairs: evaluate.Pairwise{Predicted: 2, Right: 1, Precision: known(0.5), Recall: known(0.2), F1: known(2. / 7)}},
			{Level: "suggest", Pairs: evaluate.Pairwise{Predicted: 3, Right: 1, Precision: known(1. / 3), Recall: known(0.2), F1: known(0.25)}},
			{Level: "review", Pairs: evaluate.Pairwise{Predicted: 5, Right: 2, Precision: known(0.4), Recall: known(0.4), F1: known(0.4)}},
		},
		Missed: &evaluate.Missed{Pairs: 4, Review: 1, NoMatch: 2, NotBlocked: 1, ByCause: []evaluate.MissedCause{
			{Cause: "review", Pairs: 1, Reasons: []evaluate.ReasonCount{{Reason: "exact_email", Pairs: 1}}},
			{Cause: "no_match", Pairs: 2, Reasons: []evaluate.ReasonCount{}},
			{Cause: "not_blocked", Pairs: 1, Reasons: []evaluate.ReasonCount{}},
		}},
	}
	if diff := cmp.Diff(want, got, near, cmpopts.IgnoreFields(evaluate.Report{}, "Clusters", "Sweep", "FalsePositives", "FalseNegatives")); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	c := got.Clusters[1] // one cluster of 1, 2, 6, 7 and the unlabelled 8
	if want := (evaluate.Pairwise{Predicted: 6, Right: 1, Precision: known(1. / 6), Recall: known(0.2), F1: known(2. / 11)}); !cmp.Equal(c.Pairs, want, near) {
		t.Errorf("pairs in clusters: %s", cmp.Diff(want, c.Pairs, near))
	}
}

func TestWrongPairs(t *testing.T) {
	brief := func(pairs []evaluate.WrongPair) []string {
		var out []string
		for _, p := range pairs {
			s := p.A + "-" + p.B + " " + p.Decision.String()
			if p.Implied {
				s += " implied"
			}
			if p.Cause != "" {
				s += " " + p.Cause
			}
			out = append(out, s)
		}
		return out
	}
	in := sample(t)
	got := evaluate.Evaluate(in)
	positives := []string{"6-7 auto_merge", "2-6 suggest", "1-6 suggest implied", "1-7 suggest implied", "2-7 suggest implied"}
	if diff := cmp.Diff(positives, brief(got.FalsePositives)); diff != "" {
		t.Errorf("false positives (-want +got):\n%s", diff)
	}
	negatives := []string{"1-3 no_match no_match", "2-3 no_match no_match", "4-5 review review", "9-10 no_match not_blocked"}
	if diff := cmp.Diff(negatives, brief(got.FalseNegatives)); diff != "" {
		t.Errorf("false negatives (-want +got):\n%s", diff)
	}
	in.MaxWrong = 1
	got = evaluate.Evaluate(in)
	if diff := cmp.Diff(positives[:2], brief(got.FalsePositives)); diff != "" {
		t.Errorf("one false positive a decision (-want +got):\n%s", diff)
	}
	if len(got.FalseNegatives) != 1 || got.Missed.Pairs != 4 {
		t.Errorf("%d false negatives listed of %d, want 1 of 4", len(got.FalseNegatives), got.Missed.Pairs)
	}
	in.MaxWrong, in.Made = -1, nil
	got = evaluate.Evaluate(in)
	if len(got.FalsePositives)+len(got.FalseNegatives) != 0 {
		t.Error("pairs were listed although none were asked for")
	}
	if got.Missed.Unknown != 3 || got.Blocking.PairCompleteness.Known {
		t.Errorf("without blocking's answer: missed %+v, pair completeness %v", *got.Missed, got.Blocking.PairCompleteness)
	}
}

func TestImpliedPairsAreCountedOnce(t *testing.T) {
	// 1-2-3 merge by a chain although 1 and 3 are two people, and 4 is suggested to join them.
	o := outcome(plain(t, 4), edge(0, 1, auto, 9), edge(1, 2, auto, 8), edge(2, 3, suggest, 1))
	got := evaluate.Evaluate(evaluate.Input{Truth: evaluate.NewTruth([]uint32{1, 0, 2, 2}), Outcome: o})
	var pairs []string
	for _, p := range got.FalsePositives {
		pairs = append(pairs, p.A+"-"+p.B+" "+p.Decision.String())
	}
	if diff := cmp.Diff([]string{"1-3 auto_merge", "1-4 suggest"}, pairs); diff != "" {
		t.Errorf("false positives (-want +got):\n%s", diff)
	}
}

// apart objects to every pair.
type apart struct{}

func (apart) Compare(_, _ contact.Row) cluster.Judgement {
	return cluster.Judgement{Veto: scoring.SSOConflict}
}

func TestPairsOfAClusterInReviewAreNotLost(t *testing.T) {
	table := plain(t, 3)
	r := cluster.Build(cluster.Input{Table: table, Edges: []scoring.Edge{edge(0, 1, auto, 9), edge(1, 2, auto, 8)}, Judge: apart{}})
	o := &cluster.Outcome{Table: table, Edges: r.Edges, Clusters: r.Clusters}
	got := evaluate.Evaluate(evaluate.Input{Truth: evaluate.NewTruth([]uint32{1, 1, 1}), Outcome: o})
	want := evaluate.Missed{Pairs: 3, Review: 3, ByCause: []evaluate.MissedCause{{
		Cause: evaluate.CauseReview, Pairs: 3, Reasons: []evaluate.ReasonCount{{Reason: "exact_email", Pairs: 2}, {Reason: "cluster_conflict", Pairs: 2}},
	}}}
	if diff := cmp.Diff(want, *got.Missed, cmpopts.SortSlices(func(x, y evaluate.ReasonCount) bool { return x.Reason < y.Reason })); diff != "" {
		t.Errorf("missed (-want +got):\n%s", diff)
	}
	if got.Clusters[0].Pairs.Predicted != 0 || got.Clusters[1].Pairs.Predicted != 0 || got.Clusters[2].Pairs.Predicted != 3 {
		t.Errorf("clusters %+v: only the level review follows a cluster in review", got.Clusters)
	}
}

func TestNothingPredictedIsNotPerfect(t *testing.T) {
	table := plain(t, 3)
	r := evaluate.Evaluate(evaluate.Input{Truth: evaluate.NewTruth([]uint32{1, 1, 2}), Outcome: outcome(table)})
	data, err := json.Marshal(r.Edges[0].Pairs)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"predicted":0,"right":0,"precision":null,"recall":0,"f1":null}`; string(data) != want {
		t.Errorf("JSON %s, want %s", data, want)
	}
	var back evaluate.Pairwise
	if err := json.Unmarshal(data, &back); err != nil || back != r.Edges[0].Pairs {
		t.Errorf("read back %+v, %v", back, err)
	}
	var text strings.Builder
	if err := r.WriteText(&text); err != nil || !strings.Contains(text.String(), "n/a") {
		t.Errorf("text says n/a nowhere (error %v):\n%s", err, text.String())
	}
}

// TestAgainstBruteForce counts pairs one by one, and B-cubed contact by contact.
func TestAgainstBruteForce(t *testing.T) {
	tables := map[int]*contact.Table{}
	for n := 2; n <= 9; n++ {
		tables[n] = plain(t, n)
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 9).Draw(t, "n")
		person := make([]uint32, n)
		for i := range person {
			person[i] = uint32(rapid.IntRange(0, 4).Draw(t, "person"))
		}
		var edges []scoring.Edge
		for a := range n {
			for b := a + 1; b < n; b++ {
				if rapid.IntRange(0, 3).Draw(t, "edge") == 0 {
					edges = append(edges, edge(contact.Row(a), contact.Row(b), scoring.Decision(rapid.IntRange(1, 3).Draw(t, "decision")), 1))
				}
			}
		}
		o := outcome(tables[n], edges...)
		got := evaluate.Evaluate(evaluate.Input{Truth: evaluate.NewTruth(person), Outcome: o})
		for k, level := range []scoring.Decision{auto, suggest, review} {
			together := func(a, b contact.Row) bool { return a == b || together(o, level, a, b) }
			right, predicted, truth := 0, 0, 0
			for a := range contact.Row(n) {
				for b := a + 1; b < contact.Row(n); b++ {
					if person[a] == 0 || person[b] == 0 {
						continue
					}
					same := person[a] == person[b]
					truth += count(same)
					predicted += count(together(a, b))
					right += count(same && together(a, b))
				}
			}
			c := got.Clusters[k]
			if c.Pairs.Right != int64(right) || c.Pairs.Predicted != int64(predicted) || got.TruePairs != int64(truth) {
				t.Fatalf("%s: %d right of %d predicted and %d true pairs, want %d, %d, %d", c.Level, c.Pairs.Right, c.Pairs.Predicted, got.TruePairs, right, predicted, truth)
			}
			p, r := bCubed(person, together)
			if !near(c.BCubed.Precision, p) || !near(c.BCubed.Recall, r) {
				t.Fatalf("%s: B-cubed %v %v, want %v %v", c.Level, c.BCubed.Precision, c.BCubed.Recall, p, r)
			}
			if level == suggest && got.Missed.Pairs != int64(truth-right) {
				t.Fatalf("missed %d pairs, want %d", got.Missed.Pairs, truth-right)
			}
		}
	})
}

func together(o *cluster.Outcome, level scoring.Decision, a, b contact.Row) bool {
	for _, c := range o.Clusters {
		sets := [][]contact.Row{c.Members}
		switch {
		case level == auto:
			sets = c.Auto
		case level == suggest && c.Decision == review:
			sets = nil
		}
		for _, s := range sets {
			if slices.Contains(s, a) && slices.Contains(s, b) {
				return true
			}
		}
	}
	return false
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

func bCubed(person []uint32, together func(a, b contact.Row) bool) (precision, recall float64) {
	labelled := 0.0
	for a := range person {
		if person[a] == 0 {
			continue
		}
		labelled++
		inCluster, inPerson, inBoth := 0.0, 0.0, 0.0
		for b := range person {
			if person[b] == 0 {
				continue
			}
			c, p := together(contact.Row(min(a, b)), contact.Row(max(a, b))), person[a] == person[b]
			inCluster += float64(count(c))
			inPerson += float64(count(p))
			inBoth += float64(count(c && p))
		}
		precision += inBoth / inCluster
		recall += inBoth / inPerson
	}
	return precision / labelled, recall / labelled // not a number without labels
}

func near(s evaluate.Share, want float64) bool {
	if math.IsNaN(want) {
		return !s.Known
	}
	return s.Known && math.Abs(s.Value-want) < 1e-9
}

func BenchmarkEvaluate(b *testing.B) {
	const n = 1_000_000
	table := plain(b, n)
	person := make([]uint32, n)
	var edges []scoring.Edge
	for i := range person {
		person[i] = uint32(i/3) + 1
		if i%3 != 0 {
			edges = append(edges, edge(contact.Row(i-1), contact.Row(i), scoring.Decision(1+i%3), float32(i%7)))
		}
	}
	o := outcome(table, edges...)
	b.ReportAllocs()
	for b.Loop() {
		evaluate.Evaluate(evaluate.Input{Truth: evaluate.NewTruth(person), Outcome: o})
	}
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "contacts/s")
}
