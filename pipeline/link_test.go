package pipeline_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/link"
	"github.com/contactmerge/contactmerge/pipeline"
	"github.com/contactmerge/contactmerge/pipeline/extract"
)

// TestLinkScenarios runs every file of testdata/linking through the real pipeline and compares what it found with the rest of the file.
//
// Inputs are left.csv and right.csv, if present left_identities.csv and right_identities.csv, and options.txt: words such as links=best,
// update=overwrite, company=do_nothing or within. Everything else is expected; UPDATE=1 rewrites it. Read the difference against the
// comment of the file before you commit it.
func TestLinkScenarios(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "testdata", "linking", "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios found: %v", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			in := txtar.Parse(raw)
			if len(bytes.TrimSpace(in.Comment)) == 0 {
				t.Error("the scenario does not say what it is about")
			}
			got := txtar.Format(runLinkScenario(t, in))
			if os.Getenv("UPDATE") != "" {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(raw), string(got)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", strings.TrimSpace(string(in.Comment)), diff)
			}
		})
	}
}

func runLinkScenario(t *testing.T, in *txtar.Archive) *txtar.Archive {
	t.Helper()
	out := &txtar.Archive{Comment: in.Comment}
	var sides [2]extract.FilesConfig
	var cfg link.Config
	within, dir := false, t.TempDir()
	for _, f := range in.Files {
		path := filepath.Join(dir, f.Name)
		switch f.Name {
		case "left.csv":
			sides[contact.Left].Contacts = []string{path}
		case "right.csv":
			sides[contact.Right].Contacts = []string{path}
		case "left_identities.csv":
			sides[contact.Left].Identities = path
		case "right_identities.csv":
			sides[contact.Right].Identities = path
		case "options.txt":
			cfg, within = linkOptions(string(f.Data))
		default:
			continue
		}
		out.Files = append(out.Files, f)
		if err := os.WriteFile(path, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o, res := runLink(t, sides, within, 2, cfg)
	out.Files = append(out.Files, linkSheets(t, o, res)...)
	return out
}

func linkOptions(text string) (cfg link.Config, within bool) {
	cfg.Fields = map[string]string{}
	for w := range strings.FieldsSeq(text) {
		switch key, value, _ := strings.Cut(w, "="); key {
		case "within":
			within = true
		case "links":
			cfg.Links = value
		case "update":
			cfg.Update = value
		case "update_from":
			cfg.UpdateFrom = value
		default:
			cfg.Fields[key] = value
		}
	}
	return cfg, within
}

// runLink links two sets of files. The table is released with the test.
func runLink(t testing.TB, sides [2]extract.FilesConfig, within bool, workers int, cfg link.Config) (*cluster.Outcome, *link.Result) {
	t.Helper()
	var src [2]*extract.FileSource
	for s := range src {
		var err error
		if src[s], err = extract.Files(sides[s]); err != nil {
			t.Fatal(err)
		}
	}
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	res, err := pipeline.Run(context.Background(), pipeline.Options{
		Config: lighter(pipeline.Config{Workers: workers}), Source: pipeline.NewLink(src[0], src[1], within), CheckLayout: cfg.Check,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(res.Release)
	if len(res.Outcome.Golden) > 0 || len(res.Outcome.Plan.Steps) > 0 {
		t.Error("linking plans to merge")
	}
	return res.Outcome, link.Find(res.Outcome, cfg)
}

// linkSheets shows what was linked, without weights, which are the model's affair.
func linkSheets(t testing.TB, o *cluster.Outcome, res *link.Result) []txtar.File {
	t.Helper()
	key := o.Table.Key
	decided := func(i int) (string, string) {
		return o.Edges[i].Decision.String(), strings.Join(o.Edges[i].Reasons.Names(), " ")
	}
	links, doubts, updates := &sheet{name: "links.csv"}, &sheet{name: "ambiguous.csv"}, &sheet{name: "updates.csv"}
	fresh, twins := &sheet{name: "new.csv"}, &sheet{name: "duplicates.csv"}
	links.add("left", "right", "decision", "reasons", "rank")
	for _, l := range res.Links {
		d, why := decided(l.Edge)
		links.add(key(l.Left), key(l.Right), d, why, strconv.Itoa(l.Rank))
	}
	doubts.add("left", "right", "decision", "why")
	for _, x := range res.Ambiguous {
		d, _ := decided(x.Edge)
		doubts.add(key(x.Left), key(x.Right), d, x.Why)
	}
	updates.add("right", "column", "old", "new", "strategy", "left")
	for _, u := range res.Updates {
		updates.add(key(u.Right), u.Column, u.Old, u.New, u.Strategy, key(u.Left))
	}
	fresh.add("left")
	for _, r := range res.New {
		fresh.add(key(r))
	}
	twins.add("a", "b", "decision")
	for _, side := range res.Within {
		for _, i := range side {
			d, _ := decided(i)
			twins.add(o.Table.ID(o.Edges[i].A), o.Table.ID(o.Edges[i].B), d)
		}
	}
	var out []txtar.File
	for _, s := range []*sheet{links, doubts, updates, fresh, twins} {
		if len(s.rows) < 2 && s != links {
			continue
		}
		var buf bytes.Buffer
		if err := csv.NewWriter(&buf).WriteAll(s.rows); err != nil {
			t.Fatal(err)
		}
		out = append(out, txtar.File{Name: s.name, Data: buf.Bytes()})
	}
	return out
}

// TestLinkDeterminism: neither the number of workers nor the order of the rows changes what is linked.
func TestLinkDeterminism(t *testing.T) {
	w := newWorld(t, 3000)
	left, right := w.split(t)
	show := func(o *cluster.Outcome, res *link.Result) string {
		var b strings.Builder
		for _, l := range res.Links {
			fmt.Fprintln(&b, o.Table.Key(l.Left), o.Table.Key(l.Right), o.Edges[l.Edge].Decision, o.Edges[l.Edge].Weight, l.Rank)
		}
		for _, f := range linkSheets(t, o, res) {
			b.Write(f.Data)
		}
		return b.String()
	}
	sides := func(left, right [][]string) [2]extract.FilesConfig {
		var out [2]extract.FilesConfig
		for s, rows := range [][][]string{left, right} {
			path := filepath.Join(t.TempDir(), "side.csv")
			writeRows(t, path, rows)
			out[s] = extract.FilesConfig{Contacts: []string{path}, Identities: filepath.Join(w.dir, contact.SideName(uint8(s))+"_identities.csv")}
		}
		return out
	}
	o, res := runLink(t, sides(left, right), false, 1, link.Config{})
	want := show(o, res)
	if len(res.Links) < 100 {
		t.Fatalf("only %d links: the world is broken", len(res.Links))
	}
	o, res = runLink(t, sides(left, right), false, 8, link.Config{})
	if diff := cmp.Diff(want, show(o, res)); diff != "" {
		t.Errorf("8 workers (-want +got):\n%s", diff)
	}
	o, res = runLink(t, sides(shuffled(left, 1), shuffled(right, 2)), false, 2, link.Config{})
	if diff := cmp.Diff(want, show(o, res)); diff != "" {
		t.Errorf("shuffled rows (-want +got):\n%s", diff)
	}
	for _, e := range o.Edges {
		if o.Table.Side(e.A) == o.Table.Side(e.B) {
			t.Fatalf("%s and %s are on one side and were paired", o.Table.ID(e.A), o.Table.ID(e.B))
		}
	}
}

// split deals the contacts of a world to two sides, with their identities.
func (w *world) split(t testing.TB) (left, right [][]string) {
	t.Helper()
	rows := readRows(t, filepath.Join(w.dir, "contacts.csv"))
	left, right = [][]string{rows[0]}, [][]string{rows[0]}
	deal, toLeft := rand.New(rand.NewPCG(1, 1)), map[string]bool{}
	id := slices.Index(rows[0], "id")
	for _, r := range rows[1:] {
		if toLeft[r[id]] = deal.IntN(3) == 0; toLeft[r[id]] {
			left = append(left, r)
		} else {
			right = append(right, r)
		}
	}
	idents := readRows(t, filepath.Join(w.dir, "identities.csv"))
	owner := slices.Index(idents[0], "contact_id")
	sides := [2][][]string{{idents[0]}, {idents[0]}}
	for _, r := range idents[1:] {
		side := contact.Right
		if toLeft[r[owner]] {
			side = contact.Left
		}
		sides[side] = append(sides[side], r)
	}
	for s, rows := range sides {
		writeRows(t, filepath.Join(w.dir, contact.SideName(uint8(s))+"_identities.csv"), rows)
	}
	return left, right
}

func writeRows(t testing.TB, path string, rows [][]string) {
	t.Helper()
	var buf bytes.Buffer
	if err := csv.NewWriter(&buf).WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, buf.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// brokenSource fails wherever it is told to.
type brokenSource struct {
	open, close error
}

func (s *brokenSource) Open(context.Context) (contact.Layout, error) {
	return contact.Layout{Name: "broken", Contacts: []contact.Column{{Name: "id", Field: contact.FieldID}}}, s.open
}

func (s *brokenSource) Read(context.Context, int, func(*contact.Batch) error) error { return nil }

func (s *brokenSource) Close() error { return s.close }

func TestLinkFaults(t *testing.T) {
	boom := errors.New("boom")
	for _, c := range []struct {
		name        string
		left, right brokenSource
		want        string
	}{
		{"left", brokenSource{open: boom}, brokenSource{}, "left: boom"},
		{"right", brokenSource{}, brokenSource{open: boom}, "right: boom"},
		{"closing", brokenSource{close: boom}, brokenSource{close: boom}, "closing the source: boom\nboom"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := pipeline.Run(context.Background(), pipeline.Options{Source: pipeline.NewLink(&c.left, &c.right, false)})
			if !errors.Is(err, boom) || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
	refuse := func(contact.Layout) error { return boom }
	if _, err := pipeline.Run(context.Background(), pipeline.Options{Source: pipeline.NewLink(&brokenSource{}, &brokenSource{}, false), CheckLayout: refuse}); !errors.Is(err, boom) {
		t.Errorf("a refused layout is read: %v", err)
	}
}

// TestLinkNotes: what one side alone has is said, once, with what can be done about it.
func TestLinkNotes(t *testing.T) {
	dir := t.TempDir()
	var src [2]*extract.FileSource
	for s, text := range []string{"id,name,shoe_size,plan\n1,Ann Okafor,38,a\n2,Bob Marsh,42,b\n", "name,plan,badge\nAnn Okafor,a,x1\n"} {
		path := filepath.Join(dir, contact.SideName(uint8(s))+".csv")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var err error
		if src[s], err = extract.Files(extract.FilesConfig{Contacts: []string{path}, NumberRows: true}); err != nil {
			t.Fatal(err)
		}
	}
	l := pipeline.NewLink(src[0], src[1], false)
	if _, err := l.Open(context.Background()); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"right: contacts are called by their row number, which changes with the order of the rows",
		"only the left has shoe_size, so it is not compared; if the right calls it otherwise, give both one meaning with --left-map and --right-map",
		"only the right has badge, so it is not compared; if the left calls it otherwise, give both one meaning with --left-map and --right-map",
	}
	if diff := cmp.Diff(want, l.Notes()); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}
