package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/internal/run"
)

// writtenReport is a report as a reader finds it.
type writtenReport struct {
	dir     string
	summary string
	html    string
	record  run.Record
}

// reportOfWorld runs the program on a generated world, with a row and a value in it that cannot be used.
func reportOfWorld(t *testing.T) writtenReport {
	t.Helper()
	world, out := filepath.Join(t.TempDir(), "world"), filepath.Join(t.TempDir(), "out")
	contacts := filepath.Join(world, "contacts.csv")
	command(t, 0, "generate", "--contacts", "3000", "--seed", "9", "--profile", "nasty", "--out", world)
	f, err := os.OpenFile(contacts, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	header, _, _ := strings.Cut(read(t, contacts), "\n")
	birthdate := map[string]string{"id": "900001", "birthdate": "1999-02-31"}
	var fields []string
	for name := range strings.SplitSeq(header, ",") {
		fields = append(fields, birthdate[name])
	}
	if _, err := fmt.Fprintf(f, "900002,too few fields\n%s\n", strings.Join(fields, ",")); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	r := writtenReport{dir: out}
	r.summary = command(t, 3, "run", contacts, "--identities", filepath.Join(world, "identities.csv"), "--out", out)
	r.html = read(t, filepath.Join(out, "report.html"))
	if err := json.Unmarshal([]byte(read(t, filepath.Join(out, "run.json"))), &r.record); err != nil {
		t.Fatal(err)
	}
	return r
}

func command(t *testing.T, code int, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if got := execute(context.Background(), args, streams{in: strings.NewReader(""), out: &out, err: &errs}); got != code {
		t.Fatalf("contactmerge %s: exit code %d, want %d\n%s", strings.Join(args, " "), got, code, errs.String())
	}
	return out.String()
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// column reads one column of a CSV file of the report.
func (r writtenReport) column(t *testing.T, file, name string) []string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(read(t, filepath.Join(r.dir, file)))).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	for i, h := range rows[0] {
		if h == name {
			out := make([]string, 0, len(rows))
			for _, row := range rows[1:] {
				out = append(out, row[i])
			}
			return out
		}
	}
	t.Fatalf("%s has no column %q", file, name)
	return nil
}

func tally(values []string) map[string]int64 {
	n := map[string]int64{}
	for _, v := range values {
		n[v]++
	}
	return n
}

// TestCountsAgree holds every number that a reader may compare against each other: the record's against the rows of the files, and the
// page's and the summary's against the record's.
func TestCountsAgree(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the whole program")
	}
	r := reportOfWorld(t)
	c := r.record.Counts
	if c.AutoMerge == 0 || c.Suggest == 0 || c.Review == 0 || c.SharedValues == 0 || c.ReviewClusters == 0 || c.Rejected != 1 || c.RejectedValues == 0 {
		t.Fatalf("the world is too plain to compare counts: %+v", c)
	}
	r.compareFiles(t)
	r.compareTotals(t)
	r.comparePage(t)
}

// compareFiles counts the rows of the files.
func (r writtenReport) compareFiles(t *testing.T) {
	t.Helper()
	c := r.record.Counts
	pairs := tally(r.column(t, "pairs.csv", "decision"))
	want := map[string]int64{"auto_merge": c.AutoMerge, "suggest": c.Suggest, "review": c.Review}
	if diff := cmp.Diff(want, pairs); diff != "" {
		t.Errorf("decisions in run.json and pairs.csv differ (-run.json +pairs.csv):\n%s", diff)
	}
	members := tally(r.column(t, "clusters.csv", "cluster_id"))
	sizes := map[string]int64{}
	for _, n := range members {
		sizes[strconv.FormatInt(n, 10)]++
	}
	wantSizes := map[string]int64{}
	for _, s := range r.record.Sizes {
		wantSizes[s.Name] = s.Count
	}
	if diff := cmp.Diff(wantSizes, sizes); diff != "" {
		t.Errorf("cluster sizes in run.json and clusters.csv differ (-run.json +clusters.csv):\n%s", diff)
	}
	golden := tally(r.column(t, "golden.csv", "cluster_id"))
	for id := range tally(r.column(t, "golden_provenance.csv", "cluster_id")) {
		if golden[id] != 1 {
			t.Errorf("golden_provenance.csv tells of cluster %s, golden.csv has %d of it", id, golden[id])
		}
	}
	var plan struct {
		Steps []struct {
			Losers []json.RawMessage `json:"losers"`
		} `json:"steps"`
	}
	if err := json.Unmarshal([]byte(read(t, filepath.Join(r.dir, "plan.json"))), &plan); err != nil {
		t.Fatal(err)
	}
	losers := 0
	for _, s := range plan.Steps {
		losers += len(s.Losers)
	}
	for _, x := range []struct {
		what      string
		got, want int64
	}{
		{"clusters in clusters.csv", int64(len(members)), c.Clusters},
		{"rows of golden.csv", int64(len(golden)), c.Clusters},
		{"rows of shared_identities.csv", int64(len(r.column(t, "shared_identities.csv", "value"))), c.SharedValues},
		{"rows of quarantine.csv", int64(len(r.column(t, "quarantine.csv", "reason"))), c.Rejected + c.RejectedValues},
		{"steps of plan.json", int64(len(plan.Steps)), c.MergeSteps},
		{"losers in plan.json", int64(losers), c.MergeLosers},
	} {
		if x.got != x.want {
			t.Errorf("%s: %d, run.json says %d", x.what, x.got, x.want)
		}
	}
}

// compareTotals adds up the record's own parts.
func (r writtenReport) compareTotals(t *testing.T) {
	t.Helper()
	c := r.record.Counts
	var binned, fresh, rejected, identities int64
	for _, b := range r.record.Weights {
		binned += b.NoMatch + b.Review + b.Suggest + b.AutoMerge
	}
	for _, s := range r.record.Rules {
		fresh += s.NewPairs
	}
	for _, x := range r.record.Rejected {
		rejected += x.Count
	}
	for _, x := range r.record.Identities {
		identities += x.Count
	}
	for _, x := range []struct {
		what      string
		got, want int64
	}{
		{"pairs by decision", c.AutoMerge + c.Suggest + c.Review + c.NoMatch, c.Pairs},
		{"pairs by weight", binned, c.Pairs},
		{"new pairs by rule", fresh, c.Pairs},
		{"clusters by decision", c.AutoClusters + c.SuggestCluster + c.ReviewClusters, c.Clusters},
		{"rejects by reason", rejected, c.Rejected + c.RejectedValues},
		{"identities by channel", identities, c.Identities},
	} {
		if x.got != x.want {
			t.Errorf("%s add up to %d, want %d", x.what, x.got, x.want)
		}
	}
	total, cpu := 0.0, 0.0
	for _, s := range r.record.Stages {
		total += s.Seconds
		cpu += s.CPU
	}
	if total > r.record.Seconds || total < 0.5*r.record.Seconds || cpu <= 0 {
		t.Errorf("the stages took %.3f s and %.3f CPU s, the run %.3f s", total, cpu, r.record.Seconds)
	}
	if last := r.record.Stages[len(r.record.Stages)-1]; last.Name != "write" || last.Seconds < 0.001 {
		t.Errorf("the last stage is %q with %.6f s: the record does not count the writing", last.Name, last.Seconds)
	}
}

var tilePattern = regexp.MustCompile(`<li class="tile [a-z]*"><b>([^<]*)</b><span>([^<]*)</span><small>([^<]*)</small>`)

// comparePage looks for the record's numbers where the page and the summary put them.
func (r writtenReport) comparePage(t *testing.T) {
	t.Helper()
	c, members := r.record.Counts, len(r.column(t, "clusters.csv", "contact_id"))
	tiles := map[string]string{}
	for _, m := range tilePattern.FindAllStringSubmatch(r.html, -1) {
		tiles[m[2]] = m[1] + ": " + m[3]
	}
	open := regexp.MustCompile(`and ([0-9,]+) open pairs? for a supervisor`).FindStringSubmatch(r.summary)
	if open == nil {
		t.Fatalf("no open pairs in the summary:\n%s", r.summary)
	}
	want := map[string]string{
		"contacts read":               grouped(c.Contacts) + ": " + grouped(c.Identities) + " identities",
		"people found more than once": grouped(c.Clusters) + ": " + grouped(int64(members)) + " contacts",
		"ready to merge":              grouped(c.MergeSteps) + ": " + grouped(c.MergeLosers) + " duplicates go away",
		"for the data team":           grouped(c.SuggestCluster) + ": suggested clusters to confirm",
		"for supervisors":             grouped(c.ReviewClusters) + ": contradictory clusters, and " + open[1] + " open pairs",
		"rows could not be used":      grouped(c.Rejected) + ": " + grouped(c.RejectedValues) + " single value" + map[bool]string{true: "", false: "s"}[c.RejectedValues == 1] + " set aside",
	}
	if diff := cmp.Diff(want, tiles); diff != "" {
		t.Errorf("tiles of report.html (-run.json +report.html):\n%s", diff)
	}
	sentence, _, _ := strings.Cut(r.summary, "\n")
	if !strings.Contains(r.html, sentence) {
		t.Errorf("report.html does not say %q", sentence)
	}
	for _, s := range []string{
		fmt.Sprintf("Of %s contacts, %s look like %s people.", grouped(c.Contacts), grouped(int64(members)), grouped(c.Clusters)),
		fmt.Sprintf("%s groups ready to merge, %s duplicates go away; %s groups are part of suggested clusters", grouped(c.MergeSteps), grouped(c.MergeLosers), grouped(c.MergeSteps-c.AutoClusters)),
		fmt.Sprintf("%s auto_merge, %s suggest, %s review of %s compared", grouped(c.AutoMerge), grouped(c.Suggest), grouped(c.Review), grouped(c.Pairs)),
		fmt.Sprintf("set aside: 1 row, %s value", grouped(c.RejectedValues)),
	} {
		if !strings.Contains(r.summary, s) {
			t.Errorf("the summary does not say %q:\n%s", s, r.summary)
		}
	}
}

// grouped writes a number as the report does.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
