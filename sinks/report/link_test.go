package report

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/blocking"
	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/link"
	"github.com/contactmerge/contactmerge/internal/run"
	"github.com/contactmerge/contactmerge/scoring"
)

// linkedOutcome links three forms to three contacts: a sure link that fills the phone, twins, and a new one.
func linkedOutcome(t testing.TB) (*cluster.Outcome, *run.Record) {
	t.Helper()
	own := []contact.Column{{Name: "form", Field: contact.FieldID}, {Name: "tel", Field: contact.FieldIgnore}, {Name: "who", Field: contact.FieldCustom}}
	known := []contact.Column{{Name: "id", Field: contact.FieldID}, {Name: "phone", Field: contact.FieldIgnore}}
	layout := contact.Layout{
		Name: "forms.csv against contacts.csv", Contacts: append(slices.Clone(known), own[2]),
		Sides: []contact.Side{{Name: "forms.csv", Contacts: own, Place: []int{0, 1, 2}}, {Name: "contacts.csv", Contacts: known, Place: []int{0, 1}}},
	}
	b := contact.NewBuilder(layout)
	for s, rows := range [][][]string{{{"1", "+1202", "=Ann"}, {"2"}, {"3", "+1203", "Zoe, \"Z\""}}, {{"1"}, {"2"}, {"3"}}} {
		bb := contact.NewBatchBuilder(contact.Contacts, "f", layout.Contacts, nil)
		t.Cleanup(bb.Release)
		for i, r := range rows {
			for col, v := range r {
				bb.Set(col, v)
			}
			bb.FinishRow(int64(i + 1))
		}
		batch := bb.Flush()
		t.Cleanup(batch.Release)
		batch.Side = uint8(s)
		chunk := contact.NewChunk(layout)
		for i := range rows {
			chunk.Add(batch, i, &contact.Normal{Custom: []string{""}}, nil)
		}
		b.Absorb(chunk)
	}
	if err := b.Seal(); err != nil {
		t.Fatal(err)
	}
	table, err := b.Freeze(nil, contact.Serial)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(table.Release)
	edge := func(left, right string, d scoring.Decision, w float32) scoring.Edge {
		x, _ := table.FindIn(contact.Left, left)
		y, _ := table.FindIn(contact.Right, right)
		return scoring.Edge{A: min(x, y), B: max(x, y), Decision: d, Weight: w, Reasons: scoring.ExactEmail, Rules: 1}
	}
	o := &cluster.Outcome{
		Table: table, Plan: &cluster.Plan{Format: cluster.PlanFormat, Steps: []cluster.Step{}}, Rules: []blocking.Stats{{Rule: "email"}},
		Edges:   []scoring.Edge{edge("1", "1", scoring.AutoMerge, 20), edge("2", "2", scoring.Suggest, 9), edge("2", "3", scoring.Suggest, 9)},
		Explain: func(a, b contact.Row) scoring.Explanation { return scoring.Explanation{} },
	}
	return o, &run.Record{ID: "r1", State: run.Done, Source: layout.Name}
}

func TestLinkFolder(t *testing.T) {
	o, rec := linkedOutcome(t)
	dir := filepath.Join(t.TempDir(), "out")
	write := func(cfg link.Config) *link.Result {
		t.Helper()
		f := NewLink(Config{Dir: dir}, cfg)
		if err := f.Check(); err != nil {
			t.Fatal(err)
		}
		if err := f.Write(context.Background(), o, rec); err != nil {
			t.Fatal(err)
		}
		return f.Found()
	}
	read := func(name string) string {
		t.Helper()
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	asked := *o
	asked.Edges = slices.Clone(o.Edges)
	asked.Edges[0].Decision = scoring.Review
	if c := countLinks(&asked, link.Find(&asked, link.Config{})); c.Linked != 0 || c.Review != 1 {
		t.Errorf("a question counts as a link: %+v", c)
	}
	if found := write(link.Config{}); len(found.Links) != 3 {
		t.Fatalf("%d links", len(found.Links))
	}
	for name, want := range map[string]string{
		"links.csv": `left_id,right_id,decision,match_weight,match_probability,match_key,reasons,rank
1,1,auto_merge,20.0000,0.999999,email,exact_email,1
2,2,suggest,9.0000,0.998051,email,exact_email,1
2,3,suggest,9.0000,0.998051,email,exact_email,1
`,
		"ambiguous.csv": `left_id,right_id,decision,match_weight,match_probability,match_key,reasons,why
2,2,suggest,9.0000,0.998051,email,exact_email,tie
2,3,suggest,9.0000,0.998051,email,exact_email,tie
`,
		"updates.csv": `right_id,column,old,new,strategy,left_id,decision
1,phone,,"'+1202",fill_empty,1,auto_merge
`,
		"new.csv": `form,tel,who
3,"'+1203","Zoe, ""Z"""
`,
	} {
		if diff := cmp.Diff(want, read(name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	// Programs read the Parquet files, in which every value is as it was.
	if got := cellText(t, readParquet(t, read("updates.parquet")), "new", 0); got != "+1202" {
		t.Errorf("the update is %q", got)
	}
	fresh := readParquet(t, read("new.parquet"))
	if got := cellText(t, fresh, "tel", 0) + cellText(t, fresh, "form", 0); fresh.NumRows() != 1 || got != "+12033" {
		t.Errorf("%d new records, %q", fresh.NumRows(), got)
	}
	links := readParquet(t, read("links.parquet"))
	if links.NumRows() != 3 || cellText(t, links, "right_id", 2) != "3" || cellText(t, links, "rank", 2) != "1" {
		t.Errorf("links.parquet holds %v", links)
	}
	var record struct {
		ID   string     `json:"id"`
		Link linkCounts `json:"link"`
	}
	if err := json.Unmarshal([]byte(read("run.json")), &record); err != nil {
		t.Fatal(err)
	}
	want := linkCounts{Left: 3, Right: 3, Linked: 1, Contacts: 1, AutoMerge: 1, Suggest: 2, Ambiguous: 1, New: 1, Updates: 1, Updated: 1}
	if page := read("report.html"); !strings.Contains(page, "Records of <bdi>forms.csv</bdi> among the contacts of <bdi>contacts.csv</bdi>") {
		t.Error("the page does not speak of links")
	}
	if diff := cmp.Diff(want, record.Link); diff != "" || record.ID != "r1" {
		t.Errorf("run.json of %q (-want +got):\n%s", record.ID, diff)
	}

	write(link.Config{Unmatched: link.Nothing})
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "new.") || e.Name() == "duplicates.csv" {
			t.Errorf("%s was not asked for", e.Name())
		}
	}
}

func TestLinkFolderIsRefused(t *testing.T) {
	o, rec := linkedOutcome(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "thesis.txt"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := NewLink(Config{Dir: dir}, link.Config{})
	if err := f.Check(); err == nil {
		t.Error("a folder of somebody else passes the check")
	}
	if err := f.Write(context.Background(), o, rec); err == nil {
		t.Error("a folder of somebody else was replaced")
	}
	if err := NewLink(Config{}, link.Config{}).Check(); err == nil {
		t.Error("a folder without a name passes the check")
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	out := filepath.Join(t.TempDir(), "out")
	if err := NewLink(Config{Dir: out}, link.Config{}).Write(cancelled, o, rec); err == nil {
		t.Error("a cancelled run writes")
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a cancelled run left a folder")
	}
}

// TestLinkPage: a contact stands before the records that were linked to it, also where a record would survive a merge.
func TestLinkPage(t *testing.T) {
	o, rec := linkedOutcome(t)
	left, _ := o.Table.FindIn(contact.Left, "2")
	right, _ := o.Table.FindIn(contact.Right, "2")
	other, _ := o.Table.FindIn(contact.Right, "3")
	o.Clusters = []cluster.Cluster{{Members: []contact.Row{left, right, other}, Survivor: left, Decision: scoring.AutoMerge, Weakest: -1}, {Members: []contact.Row{left, right, other}, Survivor: other, Decision: scoring.Suggest, Weakest: -1}}
	shown := contactFirst(o)
	if shown.Clusters[0].Survivor != right || shown.Clusters[1].Survivor != other {
		t.Errorf("first are %s and %s", o.Table.ID(shown.Clusters[0].Survivor), o.Table.ID(shown.Clusters[1].Survivor))
	}
	if o.Clusters[0].Survivor != left {
		t.Error("the outcome itself was changed")
	}
	rec.Weights = []run.Bin{{From: 10, To: 12, AutoMerge: 1, Suggest: 2}}
	var b bytes.Buffer
	p := page{cfg: Config{}.WithDefaults(), out: shown, rec: rec, links: link.Find(o, link.Config{})}
	if err := writeHTML(context.Background(), &b, p); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Records of <bdi>forms.csv</bdi> among the contacts of <bdi>contacts.csv</bdi>", "1 of 3 records are linked to 1 contact. 1 matches nobody.",
		"links by exact identity", "records match nobody", "What follows from the links", "2 contacts, 1 record", "left: is a record, right: a contact", "fits several equally well",
		"fills a gap",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, word := range []string{"to merge", "erges", "urvivor", "Duplicate contacts", "pairs.csv", "clusters.csv"} {
		if i := strings.Index(b.String(), word); i >= 0 {
			t.Errorf("nothing is merged, and the page says %q: …%s…", word, b.String()[max(0, i-60):min(b.Len(), i+60)])
		}
	}
}

func TestLinkSummary(t *testing.T) {
	o, rec := linkedOutcome(t)
	rec.Warnings = []string{"beware"}
	var b bytes.Buffer
	if err := LinkSummary(&b, o, rec, link.Find(o, link.Config{}), false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"1 of 3 records are linked to 1 contact\n", "forms.csv, 3 records: form=id", "contacts.csv, 3 contacts: id", "! beware\n",
		"auto_merge 1 link by exact identity\n", "suggest    2 links for the data team\n", "ambiguous  1 record has no single best contact\n",
		"new        1 record matches nobody\n", "updates    1 value for 1 contact\n", "compared of 9 possible\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the summary lacks %q:\n%s", want, b.String())
		}
	}
}
