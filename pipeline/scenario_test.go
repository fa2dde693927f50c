package pipeline_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/config"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/pipeline"
	"github.com/contactmerge/contactmerge/pipeline/extract"
	"github.com/contactmerge/contactmerge/scoring"
)

// TestScenarios runs every file of testdata/scenarios through the real pipeline and compares what it found with the rest of the file.
//
// Inputs are contacts.csv, and if present identities.csv, config.yaml and declined.csv (pairs that a person said are not duplicates).
// Everything else is expected; UPDATE=1 rewrites it. Read the difference against the comment of the file before you commit it.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "testdata", "scenarios", "*.txtar"))
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
			got := txtar.Format(runScenario(t, in))
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

// runScenario runs the inputs of an archive and returns it with the expectations that hold.
func runScenario(t *testing.T, in *txtar.Archive) *txtar.Archive {
	t.Helper()
	out := &txtar.Archive{Comment: in.Comment}
	dir, cfg := t.TempDir(), pipeline.Config{}
	var files extract.FilesConfig
	var declined [][2]string
	for _, f := range in.Files {
		path := filepath.Join(dir, f.Name)
		switch f.Name {
		case "contacts.csv":
			files.Contacts = []string{path}
		case "identities.csv":
			files.Identities = path
		case "config.yaml":
			c, err := config.Parse(f.Name, f.Data)
			if err != nil {
				t.Fatal(err)
			}
			cfg = c.Config
		case "declined.csv":
			rows, err := csv.NewReader(bytes.NewReader(f.Data)).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				declined = append(declined, [2]string{r[0], r[1]})
			}
		default:
			continue
		}
		out.Files = append(out.Files, f)
		if err := os.WriteFile(path, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	src, err := extract.Files(files)
	if err != nil {
		t.Fatal(err)
	}
	res, err := pipeline.Run(context.Background(), pipeline.Options{
		Config: cfg, Source: src, NotDuplicates: func(context.Context) ([][2]string, error) { return declined, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Release()
	out.Files = append(out.Files, expectations(t, res.Outcome)...)
	return out
}

// sheet collects the rows of one expected file.
type sheet struct {
	name string
	rows [][]string
}

func (s *sheet) add(cells ...string) { s.rows = append(s.rows, cells) }

// expectations shows an outcome. Files without rows are left out, but for the pairs and the plan.
func expectations(t *testing.T, o *cluster.Outcome) []txtar.File {
	t.Helper()
	var out []txtar.File
	for _, s := range []*sheet{pairSheet(o), clusterSheet(o), cutSheet(o), sharedSheet(o), goldenSheet(o)} {
		if len(s.rows) < 2 && s.name != "pairs.csv" {
			continue
		}
		var buf bytes.Buffer
		if err := csv.NewWriter(&buf).WriteAll(s.rows); err != nil {
			t.Fatal(err)
		}
		out = append(out, txtar.File{Name: s.name, Data: buf.Bytes()})
	}
	return append(out, txtar.File{Name: "plan.txt", Data: planText(o.Plan)})
}

// showAll is the number of contacts up to which pairs that are no match are shown, too.
const showAll = 4

func pairSheet(o *cluster.Outcome) *sheet {
	s := &sheet{name: "pairs.csv"}
	s.add("a", "b", "decision", "reasons")
	next := 0
	for a := range contact.Row(o.Table.Len()) {
		for b := a + 1; b < contact.Row(o.Table.Len()); b++ {
			if next < len(o.Edges) && o.Edges[next].A == a && o.Edges[next].B == b {
				e := o.Edges[next]
				s.add(o.Table.ID(a), o.Table.ID(b), e.Decision.String(), strings.Join(e.Reasons.Names(), " "))
				next++
				continue
			}
			x := o.Explain(a, b)
			if x.Decision != scoring.NoMatch {
				s.add(o.Table.ID(a), o.Table.ID(b), "not compared", "would be "+x.Decision.String())
			} else if o.Table.Len() <= showAll {
				s.add(o.Table.ID(a), o.Table.ID(b), x.Decision.String(), strings.Join(x.Reasons, " "))
			}
		}
	}
	return s
}

func ids(t *contact.Table, rows []contact.Row) string {
	var out []string
	for _, r := range rows {
		out = append(out, t.ID(r))
	}
	return strings.Join(out, " ")
}

func clusterSheet(o *cluster.Outcome) *sheet {
	s := &sheet{name: "clusters.csv"}
	s.add("members", "survivor", "decision", "auto_merge_groups", "conflict")
	for _, c := range o.Clusters {
		var groups []string
		for _, g := range c.Auto {
			groups = append(groups, ids(o.Table, g))
		}
		conflict := ""
		if x := c.Conflict; x != nil {
			conflict = fmt.Sprintf("%s and %s: %s", o.Table.ID(x.A), o.Table.ID(x.B), strings.Join(x.Reasons.Names(), " "))
			if x.Bridge >= 0 {
				conflict += fmt.Sprintf(", joined by %s", ids(o.Table, []contact.Row{o.Edges[x.Bridge].A, o.Edges[x.Bridge].B}))
			}
		}
		s.add(ids(o.Table, c.Members), o.Table.ID(c.Survivor), c.Decision.String(), strings.Join(groups, "; "), conflict)
	}
	return s
}

func cutSheet(o *cluster.Outcome) *sheet {
	s := &sheet{name: "cuts.csv"}
	s.add("edge", "because_of", "reasons")
	for _, c := range o.Cuts {
		e := o.Edges[c.Edge]
		s.add(ids(o.Table, []contact.Row{e.A, e.B}), ids(o.Table, []contact.Row{c.A, c.B}), strings.Join(c.Reasons.Names(), " "))
	}
	return s
}

func sharedSheet(o *cluster.Outcome) *sheet {
	s := &sheet{name: "shared_identities.csv"}
	s.add("value", "contacts", "names")
	for _, v := range o.Shared {
		s.add(o.Table.KeyText(v.Key), strconv.Itoa(v.Contacts), strconv.Itoa(v.Names))
	}
	return s
}

// goldenSheet shows the values of golden records that are not their survivors' own.
func goldenSheet(o *cluster.Outcome) *sheet {
	s := &sheet{name: "golden.csv"}
	s.add("survivor", "column", "value", "from", "rule")
	for _, g := range o.Golden {
		for _, v := range g.Values {
			if own, ok := o.Table.Raw(v.Column, g.Survivor); ok == !v.Null && own == v.Text {
				continue
			}
			s.add(o.Table.ID(g.Survivor), o.Table.Columns()[v.Column].Name, v.Text, o.Table.ID(v.From), v.Rule)
		}
	}
	return s
}

func planText(p *cluster.Plan) []byte {
	var b bytes.Buffer
	for _, s := range p.Steps {
		fmt.Fprintf(&b, "merge %s into %s\n", strings.Join(s.Losers, " "), s.Survivor)
		for _, c := range s.Changes {
			value := "null"
			if c.Value != nil {
				value = strconv.Quote(*c.Value)
			}
			fmt.Fprintf(&b, "  %s = %s from %s by %s\n", c.Column, value, c.From, c.Rule)
		}
	}
	if b.Len() == 0 {
		b.WriteString("(no steps)\n")
	}
	return b.Bytes()
}
