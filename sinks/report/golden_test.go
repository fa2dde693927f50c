package report

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/run"
)

var (
	update = flag.Bool("update", false, "rewrite the golden files")
	keep   = flag.String("keep", "", "write the report of the fixture to this folder, to be looked at in a browser")
)

// write writes a report into a new folder and returns its files.
func write(t testing.TB, o *cluster.Outcome, r *run.Record) map[string]string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "report")
	if err := New(Config{Dir: dir}).Write(context.Background(), o, r); err != nil {
		t.Fatal(err)
	}
	return readAll(t, dir)
}

func readAll(t testing.TB, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		raw, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(raw)
	}
	return files
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs; run with -update if that is meant (-want +got):\n%s", name, diff)
	}
}

// TestGoldenFiles pins the bytes of everything a program of the customer may read as text.
func TestGoldenFiles(t *testing.T) {
	o, r := fixture(t)
	files := write(t, o, r)
	for _, name := range []string{
		"pairs.csv", "clusters.csv", "golden.csv", "golden_provenance.csv", "shared_identities.csv", "quarantine.csv", "plan.json", "run.json",
	} {
		t.Run(name, func(t *testing.T) { golden(t, name, files[name]) })
	}
	if *keep != "" {
		if err := New(Config{Dir: *keep}).Write(context.Background(), o, r); err != nil {
			t.Error(err)
		}
	}
}

// TestGoldenTerminal pins what a person reads in a terminal.
func TestGoldenTerminal(t *testing.T) {
	o, r := fixture(t)
	var summary, explained strings.Builder
	if err := Summary(&summary, o, r, false); err != nil {
		t.Fatal(err)
	}
	golden(t, "summary.txt", summary.String())
	e := o.Edges[6]
	if err := ExplainText(&explained, o.Explain(e.A, e.B)); err != nil {
		t.Fatal(err)
	}
	golden(t, "explain.txt", explained.String())
	if n := strings.Count(summary.String(), "\n"); n > 40 {
		t.Errorf("summary has %d lines, more than a screen", n)
	}
}

func TestSummaryColour(t *testing.T) {
	o, r := fixture(t)
	r.Source = "evil\x1b[2J.csv"
	r.Breakers = []run.Breaker{{Name: "max_share", Limit: 0.3, Value: 0.42, Tripped: true}}
	var plainText, colored strings.Builder
	if err := Summary(&plainText, o, r, false); err != nil {
		t.Fatal(err)
	}
	if err := Summary(&colored, o, r, true); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(plainText.String(), "\x1b") {
		t.Error("an escape sequence reached the terminal without colour")
	}
	if !strings.Contains(plainText.String(), `evil\u001b[2J.csv`) || !strings.Contains(plainText.String(), "Circuit breaker max share tripped: 0.42 is over the limit of 0.3.") {
		t.Errorf("summary lacks the source or the breaker:\n%s", plainText.String())
	}
	if stripped := stripColor(colored.String()); stripped != plainText.String() {
		t.Errorf("colour changes the text (-plain +coloured):\n%s", cmp.Diff(plainText.String(), stripped))
	}
}

// stripColor removes the sequences the summary may use, and no others.
func stripColor(s string) string {
	for _, code := range []string{"0", "1", "2", red, yellow, blue, purple} {
		s = strings.ReplaceAll(s, "\x1b["+code+"m", "")
	}
	return s
}

// TestDeterminism: the same outcome gives the same bytes, and only the page and the record know when the run took place.
func TestDeterminism(t *testing.T) {
	o, r := fixture(t)
	first := write(t, o, r)
	if diff := cmp.Diff(first, write(t, o, r)); diff != "" {
		t.Errorf("two reports of one run differ:\n%s", diff)
	}
	later := *r
	later.ID, later.Started, later.Ended, later.Seconds = "another", r.Started.AddDate(1, 0, 0), r.Ended.AddDate(1, 0, 0), 99
	for name, text := range write(t, o, &later) {
		if same := text == first[name]; same == (name == "run.json" || name == "report.html") {
			t.Errorf("%s: same bytes at another time = %v", name, same)
		}
	}
}
