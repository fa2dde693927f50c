package pipeline_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/evaluate"
	"github.com/contactmerge/contactmerge/internal/synth"
	"github.com/contactmerge/contactmerge/pipeline"
	"github.com/contactmerge/contactmerge/pipeline/extract"
	"github.com/contactmerge/contactmerge/scoring"
)

// world is a generated data set on disk.
type world struct {
	dir    string
	person map[string]string // contact id -> person
	kinds  map[string]string // contact id -> hard cases, joined by ;
}

// newWorld writes a generated world of n contacts; the environment variable WORLD_CONTACTS makes it larger.
func newWorld(t testing.TB, n int) *world {
	t.Helper()
	if v, err := strconv.Atoi(os.Getenv("WORLD_CONTACTS")); err == nil {
		n = v
	}
	var contacts, identities, truth bytes.Buffer
	if err := synth.WriteCSV(synth.Config{Contacts: n, Seed: 11}, synth.Files{Contacts: &contacts, Identities: &identities, Truth: &truth}); err != nil {
		t.Fatal(err)
	}
	w := &world{dir: t.TempDir(), person: map[string]string{}, kinds: map[string]string{}}
	for name, b := range map[string]*bytes.Buffer{"contacts.csv": &contacts, "identities.csv": &identities, "truth.csv": &truth} {
		if err := os.WriteFile(filepath.Join(w.dir, name), b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for line := range strings.Lines(truth.String()) {
		if f := strings.SplitN(strings.TrimSpace(line), ",", 3); len(f) == 3 {
			w.person[f[0]], w.kinds[f[0]] = f[1], f[2]
		}
	}
	return w
}

func (w *world) files() extract.FilesConfig {
	return extract.FilesConfig{Contacts: []string{filepath.Join(w.dir, "contacts.csv")}, Identities: filepath.Join(w.dir, "identities.csv")}
}

func (w *world) evaluate(t testing.TB, o *cluster.Outcome) evaluate.Report {
	t.Helper()
	f, err := os.Open(filepath.Join(w.dir, "truth.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() // read only
	truth, err := evaluate.ReadTruth(f, o.Table)
	if err != nil {
		t.Fatal(err)
	}
	return evaluate.Evaluate(evaluate.Input{Truth: truth, Outcome: o})
}

// minAutoPrecision is the promise about automatic merges, as a share of their pairs.
const minAutoPrecision = 0.9995

// TestGeneratedWorld holds the pipeline to its promise on people it has not seen: automatic merges are right, and never join a household or
// the users of a role mailbox.
func TestGeneratedWorld(t *testing.T) {
	withoutRaceDetector(t) // TestDeterminism runs a world of this kind
	w := newWorld(t, 20_000)
	o := runFiles(t, w.files(), pipeline.Config{})
	rep := w.evaluate(t, o)
	for _, d := range rep.Decisions {
		t.Logf("%-10v pairs %7d right %7d wrong %5d", d.Decision, d.Pairs, d.Right, d.Wrong)
	}
	for _, c := range rep.Clusters {
		t.Logf("clusters from %-10s %+v %+v", c.Level, c.Pairs, c.BCubed)
	}
	for _, d := range rep.Decisions {
		if d.Decision != scoring.AutoMerge {
			continue
		}
		if d.Pairs < 1000 {
			t.Errorf("only %d auto_merge pairs in %d contacts: the world or the policy is broken", d.Pairs, rep.Contacts)
		}
		if share := float64(d.Right) / float64(d.Pairs); share < minAutoPrecision {
			t.Errorf("auto_merge precision %.5f, want at least %.4f", share, minAutoPrecision)
		}
	}
	for _, e := range o.Edges {
		if e.Decision != scoring.AutoMerge {
			continue
		}
		a, b := o.Table.ID(e.A), o.Table.ID(e.B)
		if k := w.together(a, b); k != "" {
			t.Errorf("contacts %s and %s were auto-merged although they are different people of %s: %v", a, b, k, e.Reasons.Names())
		}
	}
	for i, fp := range rep.FalsePositives {
		if i < 12 {
			t.Logf("wrong: %+v", fp)
		}
	}
}

// together names the household, mailbox or other hard case that two different people have in common.
func (w *world) together(a, b string) string {
	if w.person[a] == w.person[b] {
		return ""
	}
	for k := range strings.SplitSeq(w.kinds[a], ";") {
		for q := range strings.SplitSeq(w.kinds[b], ";") {
			if k == q && strings.Contains(k, ":") && !strings.HasPrefix(k, "undecidable:") {
				return k
			}
		}
	}
	return ""
}
