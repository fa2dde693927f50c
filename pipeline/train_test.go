package pipeline_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/contactmerge/contactmerge/blocking"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/pipeline"
	"github.com/contactmerge/contactmerge/pipeline/extract"
	"github.com/contactmerge/contactmerge/scoring"
)

// TestTrainingIsDeterministic wants one model of one table: whoever trains it and in whatever order the rows stand, with samples much
// smaller than the pairs there are.
func TestTrainingIsDeterministic(t *testing.T) {
	l := households(8)
	l.rows = l.rows[:800]
	rows := append([][]string{l.header}, l.rows...)
	dir := t.TempDir()
	sampled := scoring.Config{SamplePairs: 40_000, TrainPairs: 5000}
	model := func(name string, rows [][]string, workers int, cfg scoring.Config) *scoring.Model {
		files := extract.FilesConfig{Contacts: []string{writeCSV(t, dir, name+".csv", rows)}, ID: "id"}
		return runFiles(t, files, pipeline.Config{Workers: workers, Scoring: cfg, Blocking: blocking.Config{SmallPairs: -1}}).Model
	}
	want := model("one", rows, 1, sampled).Fingerprint()
	if want == "" {
		t.Fatal("the model has no fingerprint")
	}
	if got := model("eight", rows, 8, sampled).Fingerprint(); got != want {
		t.Errorf("8 workers train %s, one trains %s", got, want)
	}
	mixed := slices.Clone(l.rows)
	rand.New(rand.NewPCG(9, 9)).Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	if got := model("mixed", append([][]string{l.header}, mixed...), 3, sampled).Fingerprint(); got != want {
		t.Errorf("shuffled rows train %s, the others %s", got, want)
	}
	sampled.Seed = 2
	if got := model("seed", rows, 2, sampled).Fingerprint(); got == want {
		t.Error("another seed makes the same model: the sample is no sample")
	}
}

// TestLearnedWithoutLabels compares what EM learned about duplicates with what their labels say, level by level.
func TestLearnedWithoutLabels(t *testing.T) {
	withoutRaceDetector(t)
	const within = 0.1
	l := patients(2)
	files, truth := written(l)(t)
	res, _ := judged(t, files, truth)
	shares := l.levels(t, res)
	for _, name := range []string{"name", "phone", "national_id", "birthdate"} {
		i := slices.IndexFunc(res.Outcome.Model.Comparisons, func(c scoring.Comparison) bool { return c.Name == name })
		if i < 0 || len(shares[name]) == 0 {
			t.Fatalf("nothing was compared by %s", name)
		}
		for _, lv := range res.Outcome.Model.Comparisons[i].Levels {
			if want := shares[name][lv.Label]; lv.M > 0 && math.Abs(lv.M-want) > within {
				t.Errorf("%s, %s: m %.3f, of the labelled pairs %.3f, want them within %.2f", name, lv.Label, lv.M, want, within)
			}
		}
	}
}

// levels are the shares of the levels among the true pairs of a table that have anything to compare, by comparison and label.
func (l *labelled) levels(t *testing.T, res *pipeline.Result) map[string]map[string]float64 {
	t.Helper()
	of := map[int][]contact.Row{}
	for i, r := range l.rows {
		row, ok := res.Outcome.Table.Find(r[0])
		if !ok {
			t.Fatalf("contact %s is gone", r[0])
		}
		of[l.person[i]] = append(of[l.person[i]], row)
	}
	out, all := map[string]map[string]float64{}, map[string]float64{}
	for _, rows := range of {
		for i, a := range rows {
			for _, b := range rows[i+1:] {
				for _, c := range res.Outcome.Explain(a, b).Comparisons {
					if c.M == 0 {
						continue
					}
					if out[c.Comparison] == nil {
						out[c.Comparison] = map[string]float64{}
					}
					out[c.Comparison][c.Level]++
					all[c.Comparison]++
				}
			}
		}
	}
	for name, levels := range out {
		for label := range levels {
			levels[label] /= all[name]
		}
	}
	return out
}
