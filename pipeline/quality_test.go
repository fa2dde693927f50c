package pipeline_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/contactmerge/contactmerge/internal/evaluate"
	"github.com/contactmerge/contactmerge/internal/synth"
	"github.com/contactmerge/contactmerge/pipeline"
	"github.com/contactmerge/contactmerge/pipeline/extract"
	"github.com/contactmerge/contactmerge/scoring"
)

// qualityWorld is a table whose truth is known, and below what its quality must never fall. The floors are a little under what is reached: a
// golden can be rewritten without a look, they cannot.
type qualityWorld struct {
	name     string
	about    string
	make     func(t *testing.T) (extract.FilesConfig, string)
	f1       float64 // of the clusters of level suggest
	recall   float64 // likewise
	autoless bool    // nothing in the table proves anything: no automatic merge is right to be made
}

func qualityWorlds() []qualityWorld {
	return []qualityWorld{
		{name: "contacts_101", about: "our generator, 3,000 contacts, seed 101", make: generated(101), f1: 0.95, recall: 0.92},
		{name: "contacts_102", about: "our generator, 3,000 contacts, seed 102", make: generated(102), f1: 0.93, recall: 0.9},
		{name: "customers", about: "several badly kept records a person: name, birthdate, city, email", make: written(customers(1)), f1: 0.98, recall: 0.97},
		{name: "patients", about: "ID number, birthdate, address, phone, and copies full of slips", make: written(patients(2)), f1: 0.985, recall: 0.98},
		{name: "households", about: "families who share surname, address and phone", make: written(households(3)), f1: 0.94, recall: 0.95},
		{name: "made_up_emails", about: "addresses built from the name alone, so that namesakes share them", make: written(addresses(4, true)), f1: 0.96, recall: 0.95, autoless: true},
		{name: "own_emails", about: "the same with an address of everybody's own", make: written(addresses(4, false)), f1: 0.98, recall: 0.97},
		{name: "register", about: "names and birthdates only, copies that differ in one field", make: written(register(6)), f1: 0.92, recall: 0.88, autoless: true},
		{name: "historic", about: "people of past centuries, several records each", make: written(historic(7)), f1: 0.97, recall: 0.96, autoless: true},
		{name: "unknown_columns", about: "columns that mean nothing to anybody", make: written(unknown(5)), f1: 0.98, recall: 0.97, autoless: true},
	}
}

func generated(seed uint64) func(t *testing.T) (extract.FilesConfig, string) {
	return func(t *testing.T) (extract.FilesConfig, string) {
		var contacts, identities, truth bytes.Buffer
		if err := synth.WriteCSV(synth.Config{Contacts: smallWorld, Seed: seed}, synth.Files{Contacts: &contacts, Identities: &identities, Truth: &truth}); err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		return extract.FilesConfig{
			Contacts: []string{writeText(t, dir, "contacts.csv", contacts.String())}, Identities: writeText(t, dir, "identities.csv", identities.String()),
		}, truth.String()
	}
}

func written(l *labelled) func(t *testing.T) (extract.FilesConfig, string) {
	return func(t *testing.T) (extract.FilesConfig, string) {
		return extract.FilesConfig{Contacts: []string{writeCSV(t, t.TempDir(), "table.csv", append([][]string{l.header}, l.rows...))}, ID: l.header[0]}, l.truth()
	}
}

func writeText(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// judged runs files and measures what was found against the truth.
func judged(t *testing.T, files extract.FilesConfig, truth string) (*pipeline.Result, evaluate.Report) {
	t.Helper()
	src, err := extract.Files(files)
	if err != nil {
		t.Fatal(err)
	}
	res, err := pipeline.Run(context.Background(), pipeline.Options{Source: src})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(res.Release)
	known, err := evaluate.ReadTruth(strings.NewReader(truth), res.Outcome.Table)
	if err != nil {
		t.Fatal(err)
	}
	return res, evaluate.Evaluate(evaluate.Input{
		Truth: known, Outcome: res.Outcome, CandidatePairs: res.Record.Counts.Pairs, Explain: res.Outcome.Explain, Threshold: res.Record.Threshold, MaxWrong: 1 << 30,
	})
}

// TestQuality compares the quality that is reached on tables whose truth is known with testdata/quality, pair by wrong pair: whoever changes
// scoring sees what that changes. UPDATE=1 rewrites the files; read the difference before you commit it.
func TestQuality(t *testing.T) {
	for _, w := range qualityWorlds() {
		t.Run(w.name, func(t *testing.T) {
			if w.name != "historic" { // one of them, for what else runs on the way
				withoutRaceDetector(t)
			}
			files, truth := w.make(t)
			res, rep := judged(t, files, truth)
			w.check(t, rep)
			path, got := filepath.Join("..", "testdata", "quality", w.name+".txt"), w.text(res, rep)
			if os.Getenv("UPDATE") != "" {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := changed(string(want), got); diff != "" {
				t.Errorf("%s: quality changed; if it is meant to, UPDATE=1 go test ./pipeline -run Quality (-want +got):\n%s", w.about, diff)
			}
		})
	}
}

// changed lists the lines that only one of two goldens has.
func changed(want, got string) string {
	if want == got {
		return ""
	}
	old, now := strings.Split(want, "\n"), strings.Split(got, "\n")
	var b strings.Builder
	for _, line := range old {
		if !slices.Contains(now, line) {
			fmt.Fprintf(&b, "- %s\n", line)
		}
	}
	for _, line := range now {
		if !slices.Contains(old, line) {
			fmt.Fprintf(&b, "+ %s\n", line)
		}
	}
	return cmp.Or(b.String(), "the same lines in another order")
}

// check holds a world to what no change may cost.
func (w qualityWorld) check(t *testing.T, rep evaluate.Report) {
	t.Helper()
	auto, all := levelOf(t, rep, scoring.AutoMerge), levelOf(t, rep, scoring.Suggest)
	if wrong := auto.Pairs.Predicted - auto.Pairs.Right; wrong > 0 {
		t.Errorf("%d pairs of different people were merged automatically", wrong)
	}
	if w.autoless && auto.Pairs.Predicted > 0 {
		t.Errorf("%d pairs were merged automatically, want none: nothing proves anything here", auto.Pairs.Predicted)
	}
	if !w.autoless && auto.Pairs.Predicted == 0 {
		t.Error("nothing was merged automatically")
	}
	if all.Pairs.F1.Value < w.f1 {
		t.Errorf("F1 %.4f, want at least %g", all.Pairs.F1.Value, w.f1)
	}
	if all.Pairs.Recall.Value < w.recall {
		t.Errorf("recall %.4f, want at least %g", all.Pairs.Recall.Value, w.recall)
	}
}

func levelOf(t *testing.T, rep evaluate.Report, level scoring.Decision) evaluate.Clustering {
	t.Helper()
	for _, c := range rep.Clusters {
		if c.Level == level.String() {
			return c
		}
	}
	t.Fatalf("the report has no clusters of level %v", level)
	return evaluate.Clustering{}
}

// text is the golden: what was reached, then every wrong pair with what the model saw, then why true pairs were missed.
func (w qualityWorld) text(res *pipeline.Result, rep evaluate.Report) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%s", w.about)
	line("contacts %d, persons %d, true pairs %d", rep.Contacts, rep.Persons, rep.TruePairs)
	line("")
	for _, c := range rep.Clusters {
		line("clusters of level %s: %d", c.Level, c.Clusters)
		line("  pairs    %s", shares(c.Pairs.Precision, c.Pairs.Recall, c.Pairs.F1))
		line("  b-cubed  %s", shares(c.BCubed.Precision, c.BCubed.Recall, c.BCubed.F1))
	}
	line("")
	line("candidate pairs %d, pair completeness %s", rep.Blocking.CandidatePairs, share4(rep.Blocking.PairCompleteness))
	for _, d := range rep.Decisions {
		line("%s: %d pairs, %d right, %d wrong", d.Decision, d.Pairs, d.Right, d.Wrong)
	}
	line("")
	line("wrong pairs: %d", len(rep.FalsePositives))
	for _, p := range rep.FalsePositives {
		line("  %s", wrongLine(res, p))
	}
	line("")
	line("missed pairs: %d", rep.Missed.Pairs)
	for _, c := range rep.Missed.ByCause {
		line("  %s: %d", c.Cause, c.Pairs)
		for _, r := range c.Reasons {
			line("    %s %d", r.Reason, r.Pairs)
		}
	}
	return b.String()
}

func shares(precision, recall, f1 evaluate.Share) string {
	return fmt.Sprintf("precision %s  recall %s  F1 %s", share4(precision), share4(recall), share4(f1))
}

// share4 rounds, so that the last digits of another processor's arithmetic make no difference.
func share4(s evaluate.Share) string {
	if !s.Known {
		return "n/a"
	}
	return fmt.Sprintf("%.4f", s.Value)
}

// wrongLine explains a wrong pair: decision, weight, and the level that held in every comparison that had anything to compare.
func wrongLine(res *pipeline.Result, p evaluate.WrongPair) string {
	x := res.Outcome.Explain(p.RowA, p.RowB)
	var levels []string
	for _, c := range x.Comparisons {
		if c.M > 0 {
			levels = append(levels, c.Comparison+" "+c.Level)
		}
	}
	decision := p.Decision.String()
	if p.Implied {
		decision += " (implied)"
	}
	return fmt.Sprintf("%s %s %s weight %.1f: %s", p.A, p.B, decision, x.Weight, strings.Join(levels, "; "))
}
