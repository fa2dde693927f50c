package pipeline_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/pipeline"
	"github.com/contactmerge/contactmerge/pipeline/extract"
	"github.com/contactmerge/contactmerge/scoring"
)

// degenerate is an input from which there is little or nothing to learn, and what must come of it.
type degenerate struct {
	name   string
	header string
	rows   []string
	// of the clusters of level suggest: at least and at most so many pairs, all of which are right where person says who is who.
	least, most int
	person      func(row int) int
	says        []string // parts of warnings
}

// someone is a row of plain columns about a person of a number: name, birthdate, city, email, all his own.
func someone(s *scribe) string {
	h := s.human()
	return strings.Join([]string{h.given, h.family, h.born(), h.city, fmt.Sprintf("%s%d@example.com", h.family, s.IntN(1e9))}, ",")
}

const plain = "id,first_name,last_name,dob,city,email"

func numbered(n int, row func(i int) string) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = strconv.Itoa(i+1) + "," + row(i)
	}
	return out
}

func degenerates() []degenerate {
	s := newScribe(6)
	one, huge := someone(s), strings.Repeat("long ", 20_000)
	twins := make([]string, 20)
	for i := range twins {
		twins[i] = someone(s)
		if i%4 == 3 {
			twins[i] = twins[i-1]
		}
	}
	alone := func(row int) int { return row }
	pair := func(row int) int { return row - row%4/3 }
	cities := newScribe(7)
	return []degenerate{
		{name: "no rows", header: plain, says: []string{"no usable contacts"}},
		{name: "one row", header: plain, rows: numbered(1, func(int) string { return one }), says: []string{"too few to learn from"}},
		{name: "two identical rows", header: plain, rows: numbered(2, func(int) string { return one }), least: 1, most: 1, says: []string{"too few to learn from", "columns first_name, last_name, dob, city and email have the same value"}},
		{name: "20 rows, 5 of them twice", header: plain, rows: numbered(20, func(i int) string { return twins[i] }), least: 5, most: 5, person: pair, says: []string{"fewer than 100 contacts are too few"}},
		{name: "no duplicates", header: plain, rows: numbered(400, func(int) string { return someone(s) }), person: alone, says: []string{"hardly any likely duplicates"}},
		{name: "all rows one person", header: plain, rows: numbered(20, func(int) string { return one }), least: 20 * 19 / 2, most: 20 * 19 / 2, says: []string{"20 of 20 contacts seem to be one person", "nothing tells one contact from another"}},
		{name: "40 rows of one person among others", header: plain, rows: numbered(60, func(i int) string {
			if i < 40 {
				return one
			}
			return someone(s)
		}), says: []string{"40 of 60 contacts seem to be one person", "more than clusters.max_members (25)"}},
		{name: "nothing but a name", header: "id,full_name", rows: numbered(300, func(int) string { h := s.human(); return h.given + " " + h.family }), says: []string{"no identities", "one fact only, the name"}},
		{name: "nothing but an email", header: "id,email", rows: numbered(400, func(i int) string { return fmt.Sprintf("person%d@example.com", i/2*7919) }), least: 200, most: 200, person: func(row int) int { return row / 2 }, says: []string{"no name column", "one fact only, the email"}},
		{name: "nothing but a city", header: "id,city", rows: numbered(800, func(int) string { return cities.common(cities.cities) }), says: []string{"no identities", "one fact only, the address"}},
		{name: "a column that is empty throughout", header: plain + ",phone", rows: numbered(20, func(i int) string { return twins[i] + "," }), least: 5, most: 5, person: pair, says: []string{"column phone is empty in every contact"}},
		{name: "columns with one value throughout", header: plain + ",country,company,plan,street", rows: numbered(20, func(i int) string { return twins[i] + ",US,Acme,gold,1 main street" }), least: 5, most: 5, person: pair, says: []string{"columns country, company, plan and street have the same value"}},
		{name: "nothing but one value", header: "id,plan", rows: numbered(300, func(int) string { return "gold" }), says: []string{"no name column", "nothing tells one contact from another", "column plan has the same value"}},
		{name: "a column of unique ids", header: plain + ",reference", rows: numbered(20, func(i int) string { return fmt.Sprintf("%s,R%09d", twins[i], i*7919) }), least: 5, most: 5, person: pair, says: []string{"column reference has another value in every contact"}},
		{name: "one name for 3,000 people", header: plain, rows: numbered(3000, func(int) string {
			h := s.human()
			return fmt.Sprintf("John,Smith,%s,%s,js%d@example.com", h.born(), h.city, s.IntN(1e9))
		}), person: alone, says: []string{"columns first_name and last_name have the same value"}},
		{name: "a huge value", header: plain + ",notes", rows: numbered(20, func(i int) string { return twins[i] + "," + huge[:min(len(huge), 1+i%2*len(huge))] }), least: 5, most: 5, person: pair, says: []string{"too few to learn from"}},
	}
}

// TestDegenerateInputs runs inputs from which there is nothing to learn through the whole pipeline. Every run must end, with numbers that are
// numbers, and without taking anybody for somebody else.
func TestDegenerateInputs(t *testing.T) {
	for _, d := range degenerates() {
		t.Run(d.name, func(t *testing.T) {
			path := writeText(t, t.TempDir(), "table.csv", d.header+"\n"+strings.Join(d.rows, "\n")+"\n")
			src, err := extract.Files(extract.FilesConfig{Contacts: []string{path}, ID: "id"})
			if err != nil {
				t.Fatal(err)
			}
			res, err := pipeline.Run(context.Background(), pipeline.Options{Config: lighter(pipeline.Config{}), Source: src})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(res.Release)
			if got := res.Outcome.Table.Len(); got != len(d.rows) {
				t.Errorf("%d contacts, want %d", got, len(d.rows))
			}
			d.checkPairs(t, res)
			checkNumbers(t, res)
			for _, part := range d.says {
				if !slices.ContainsFunc(res.Record.Warnings, func(w string) bool { return strings.Contains(w, part) }) {
					t.Errorf("warnings %q, want one about %q", res.Record.Warnings, part)
				}
			}
		})
	}
}

// checkPairs counts the pairs inside the clusters, and wants the right ones.
func (d degenerate) checkPairs(t *testing.T, res *pipeline.Result) {
	t.Helper()
	row := func(r contact.Row) int {
		n, err := strconv.Atoi(res.Outcome.Table.ID(r))
		if err != nil {
			t.Fatal(err)
		}
		return n - 1
	}
	pairs, wrong := 0, 0
	for _, c := range res.Outcome.Clusters {
		if c.Decision == scoring.Review {
			continue
		}
		for i, a := range c.Members {
			for _, b := range c.Members[i+1:] {
				pairs++
				if d.person != nil && d.person(row(a)) != d.person(row(b)) {
					wrong++
				}
			}
		}
	}
	if pairs < d.least || pairs > d.most {
		t.Errorf("%d pairs in the clusters, want %d to %d", pairs, d.least, d.most)
	}
	if wrong > 0 {
		t.Errorf("%d of %d pairs are two people", wrong, pairs)
	}
}

// checkNumbers wants finite weights, probabilities that are some, and a record that can be written.
func checkNumbers(t *testing.T, res *pipeline.Result) {
	t.Helper()
	finite := func(what string, x float64) {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			t.Errorf("%s is %v", what, x)
		}
	}
	o := res.Outcome
	finite("the threshold", o.Model.Threshold)
	for _, e := range o.Edges {
		finite("a weight", float64(e.Weight))
	}
	for _, c := range o.Clusters {
		for what, p := range map[string]float64{"confidence": c.Confidence, "probability of a split": c.SplitProbability} {
			if !(p >= 0 && p <= 1) {
				t.Errorf("%s is %v", what, p)
			}
		}
	}
	if _, err := json.Marshal(res.Record); err != nil {
		t.Errorf("the record cannot be written: %v", err)
	}
	if o.Table.Len() > 0 && o.Model.Fingerprint() == "" {
		t.Error("the model cannot be written")
	}
	if o.Table.Len() > 1 {
		x := o.Explain(0, 1)
		finite("the weight of an explanation", x.Weight)
		if !(x.Probability >= 0 && x.Probability <= 1) {
			t.Errorf("the probability of an explanation is %v", x.Probability)
		}
	}
}
