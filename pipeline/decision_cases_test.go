package pipeline_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/pipeline"
	"github.com/contactmerge/contactmerge/pipeline/extract"
	"github.com/contactmerge/contactmerge/scoring"
)

// decisionCase is a pair of contacts and what the policy wants done with it.
type decisionCase struct {
	ID     string      `json:"id"`
	A      caseContact `json:"a"`
	B      caseContact `json:"b"`
	Expect string      `json:"expect"`
	Why    string      `json:"why"`
}

type caseContact struct {
	First      string   `json:"first_name"`
	Last       string   `json:"last_name"`
	Emails     []string `json:"emails"`
	Phones     []string `json:"phones"`
	Identities []struct {
		Channel string `json:"channel"`
		Value   string `json:"value"`
	} `json:"identities"`
	Company   string `json:"company"`
	Birthdate string `json:"birthdate"`
	City      string `json:"city"`
	Country   string `json:"country"`
	VIP       bool   `json:"vip"`
	Blocked   bool   `json:"blocked"`
}

// TestDecisionCases runs every case of a JSON Lines file through the real pipeline. The file belongs to the team, not to the project: the
// test wants its folder in DATA.
func TestDecisionCases(t *testing.T) {
	dir := os.Getenv("DATA")
	if dir == "" {
		t.Skip("set DATA to a folder with decision-cases.jsonl to run this test")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "decision-cases.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for sc := bufio.NewScanner(bytes.NewReader(raw)); sc.Scan(); n++ {
		var c decisionCase
		if err := json.Unmarshal(sc.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		t.Run(c.ID, func(t *testing.T) {
			o := runFiles(t, caseFiles(t, c), pipeline.Config{})
			e := o.Explain(0, 1)
			if got := decisionOf(o, 0, 1); got.String() != c.Expect {
				t.Errorf("decided %v, want %s: %s\nrung %s\nreasons %s\nweight %.1f", got, c.Expect, c.Why, e.Rung, strings.Join(e.Reasons, " "), e.Weight)
			}
		})
	}
	if n == 0 {
		t.Error("the file holds no cases")
	}
}

func caseFiles(t *testing.T, c decisionCase) extract.FilesConfig {
	contacts := [][]string{{"id", "first_name", "last_name", "company", "birthdate", "city", "country", "vip", "blocked"}}
	identities := [][]string{{"contact_id", "channel", "value"}}
	for i, p := range []caseContact{c.A, c.B} {
		id := string(rune('1' + i))
		contacts = append(contacts, []string{id, p.First, p.Last, p.Company, p.Birthdate, p.City, p.Country, boolText(p.VIP), boolText(p.Blocked)})
		for _, e := range p.Emails {
			identities = append(identities, []string{id, "email", e})
		}
		for _, e := range p.Phones {
			identities = append(identities, []string{id, "phone", e})
		}
		for _, e := range p.Identities {
			identities = append(identities, []string{id, e.Channel, e.Value})
		}
	}
	dir := t.TempDir()
	return extract.FilesConfig{Contacts: []string{writeCSV(t, dir, "contacts.csv", contacts)}, Identities: writeCSV(t, dir, "identities.csv", identities)}
}

func boolText(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

func writeCSV(t *testing.T, dir, name string, rows [][]string) string {
	t.Helper()
	var buf bytes.Buffer
	if err := csv.NewWriter(&buf).WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, buf.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// runFiles runs the pipeline over files and returns what it found.
func runFiles(t *testing.T, files extract.FilesConfig, cfg pipeline.Config) *cluster.Outcome {
	t.Helper()
	src, err := extract.Files(files)
	if err != nil {
		t.Fatal(err)
	}
	res, err := pipeline.Run(context.Background(), pipeline.Options{Config: lighter(cfg), Source: src})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(res.Release)
	return res.Outcome
}

// decisionOf is the decision about a pair; pairs that are no edge are no match.
func decisionOf(o *cluster.Outcome, a, b contact.Row) scoring.Decision {
	for _, e := range o.Edges {
		if e.A == a && e.B == b {
			return e.Decision
		}
	}
	return scoring.NoMatch
}
