package pipeline_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/run"
	"github.com/contactmerge/contactmerge/pipeline"
	"github.com/contactmerge/contactmerge/pipeline/extract"
	"github.com/contactmerge/contactmerge/scoring"
)

// found is an outcome by contact ids, so that outcomes of tables with other rows can be compared.
type found struct {
	Pairs    []string
	Clusters []string
	Cuts     []string
	Golden   []string
	Shared   []string
	Steps    []string // as JSON, guards and all
	Rejects  []string
}

// summary shows an outcome with everything that sinks write, weights to the last bit.
func summary(t testing.TB, o *cluster.Outcome) found {
	t.Helper()
	var f found
	id := o.Table.ID
	for _, e := range o.Edges {
		f.Pairs = append(f.Pairs, fmt.Sprint(id(e.A), " ", id(e.B), " ", e.Decision, " ", e.Reasons.Names(), " ", e.Weight, " ", e.Rules, " ", e.Vector))
	}
	for _, c := range o.Clusters {
		line := fmt.Sprint(c.ID, " ", ids(o.Table, c.Members), " ", id(c.Survivor), " ", c.Decision, " ", c.Edges, " ", c.Weakest)
		for _, g := range c.Auto {
			line += " auto " + ids(o.Table, g)
		}
		if c.Conflict != nil {
			line += fmt.Sprint(" conflict ", id(c.Conflict.A), " ", id(c.Conflict.B), " ", c.Conflict.Reasons.Names(), " ", c.Conflict.Bridge)
		}
		f.Clusters = append(f.Clusters, line)
	}
	for _, c := range o.Cuts {
		f.Cuts = append(f.Cuts, fmt.Sprint(c.Edge, " ", id(c.A), " ", id(c.B), " ", c.Reasons.Names()))
	}
	for _, g := range o.Golden {
		line := id(g.Survivor)
		for _, v := range g.Values {
			line += fmt.Sprintf(" %d=%q,%v,%s,%s", v.Column, v.Text, v.Null, id(v.From), v.Rule)
		}
		for _, x := range g.Identities {
			line += fmt.Sprintf(" %s:%q,%s", x.Channel, x.Value, id(x.From))
		}
		f.Golden = append(f.Golden, line)
	}
	for _, v := range o.Shared {
		f.Shared = append(f.Shared, fmt.Sprint(o.Table.KeyText(v.Key), " ", v.Contacts, " ", v.Names))
	}
	for _, s := range o.Plan.Steps {
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		f.Steps = append(f.Steps, string(text))
	}
	for _, r := range o.Rejects {
		f.Rejects = append(f.Rejects, fmt.Sprint(r.ID, " ", r.Column, " ", r.Reason))
	}
	slices.Sort(f.Rejects) // in the order of the files, which differs between files
	return f
}

const smallWorld = 3000

func readRows(t testing.TB, path string) [][]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func shuffled(rows [][]string, seed uint64) [][]string {
	out := slices.Clone(rows)
	rand.New(rand.NewPCG(seed, 1)).Shuffle(len(out)-1, func(i, j int) { out[i+1], out[j+1] = out[j+1], out[i+1] })
	return out
}

// TestDeterminism wants the same outcome, to the last bit, whoever does the work and however the input is written down.
func TestDeterminism(t *testing.T) {
	w := newWorld(t, smallWorld)
	contacts, identities := readRows(t, filepath.Join(w.dir, "contacts.csv")), readRows(t, filepath.Join(w.dir, "identities.csv"))
	dir := t.TempDir()
	half := len(contacts) / 2
	layouts := map[string]extract.FilesConfig{
		"shuffled rows": {
			Contacts: []string{writeCSV(t, dir, "contacts.csv", shuffled(contacts, 7))}, Identities: writeCSV(t, dir, "identities.csv", shuffled(identities, 8)),
		},
		"two files": {
			Contacts: []string{
				writeCSV(t, dir, "second.csv", slices.Concat(contacts[:1], contacts[half:])), writeCSV(t, dir, "first.csv", contacts[:half]),
			},
			Identities: filepath.Join(w.dir, "identities.csv"),
		},
	}
	first := runFiles(t, w.files(), pipeline.Config{Workers: 1})
	want := summary(t, first)
	if len(want.Pairs) < 300 || len(want.Steps) < 50 {
		t.Fatalf("the world is too dull: %d pairs, %d steps", len(want.Pairs), len(want.Steps))
	}
	check := func(t *testing.T, o *cluster.Outcome) {
		t.Helper()
		if diff := cmp.Diff(want, summary(t, o)); diff != "" {
			t.Errorf("another outcome (-want +got):\n%.4000s", diff)
		}
		if o.Table.Fingerprint() != first.Table.Fingerprint() {
			t.Error("another fingerprint of the input")
		}
	}
	t.Run("one worker again", func(t *testing.T) { check(t, runFiles(t, w.files(), pipeline.Config{Workers: 1})) })
	t.Run("eight workers", func(t *testing.T) {
		o := runFiles(t, w.files(), pipeline.Config{Workers: 8})
		check(t, o)
		if o.Plan.ID != first.Plan.ID || o.Plan.ID == "" {
			t.Errorf("plan %s, want %s", o.Plan.ID, first.Plan.ID)
		}
	})
	for name, files := range layouts {
		t.Run(name, func(t *testing.T) {
			// The plan's id names the files and may differ; its steps may not.
			check(t, runFiles(t, files, pipeline.Config{Workers: 8}))
		})
	}
}

// byIdentity keeps the decisions that rest on a shared identity alone. The rest is the model's, whose numbers are those of the whole table.
func byIdentity(o *cluster.Outcome) map[string]string {
	out := map[string]string{}
	for _, e := range o.Edges {
		if !e.Reasons.Has(scoring.ModelMatch) {
			out[o.Table.ID(e.A)+" "+o.Table.ID(e.B)] = e.Decision.String() + " " + strings.Join(e.Reasons.Names(), " ")
		}
	}
	return out
}

// TestUnrelatedContact adds somebody nobody knows. No decision that rests on an identity may change, nor any merge; the model may weigh
// names and places a little differently, since it learns from the table.
func TestUnrelatedContact(t *testing.T) {
	withoutRaceDetector(t)
	w := newWorld(t, smallWorld)
	contacts := readRows(t, filepath.Join(w.dir, "contacts.csv"))
	stranger := make([]string, len(contacts[0]))
	for i, col := range contacts[0] {
		switch col {
		case "id":
			stranger[i] = "1999999"
		case "first_name":
			stranger[i] = "Xanthippe"
		case "last_name":
			stranger[i] = "Quirinus"
		case "email":
			stranger[i] = "xanthippe.quirinus@nowhere.example"
		}
	}
	files := w.files()
	before := runFiles(t, files, pipeline.Config{})
	files.Contacts = []string{writeCSV(t, t.TempDir(), "contacts.csv", append(slices.Clone(contacts), stranger))}
	after := runFiles(t, files, pipeline.Config{})
	if diff := cmp.Diff(byIdentity(before), byIdentity(after)); diff != "" {
		t.Errorf("decisions by identity changed (-before +after):\n%.4000s", diff)
	}
	if x, y := len(before.Edges), len(after.Edges); x-y > x/100 || y-x > x/100 {
		t.Errorf("%d pairs before, %d after: one contact in %d moved the model by more than a hundredth", x, y, smallWorld)
	}
	merged := func(o *cluster.Outcome) (out []string) {
		for _, s := range o.Plan.Steps {
			out = append(out, s.Survivor+" <- "+strings.Join(s.Losers, " "))
		}
		return out
	}
	if diff := cmp.Diff(merged(before), merged(after)); diff != "" {
		t.Errorf("merges changed (-before +after):\n%.4000s", diff)
	}
}

// errFault is what a faulty part of a test says.
var errFault = errors.New("the disk is on fire")

// faultySource fails at the nth call of what it is told to count.
type faultySource struct {
	pipeline.Source
	open    bool // fail when opened
	batches int  // fail after so many batches, -1 for never
	end     bool // fail when closed
	closed  int
	left    chan struct{} // one token per batch still to be delivered
}

func newFaulty(src pipeline.Source, batches int) *faultySource {
	f := &faultySource{Source: src, batches: batches, left: make(chan struct{}, max(batches, 0))}
	for range batches {
		f.left <- struct{}{}
	}
	return f
}

func (f *faultySource) Open(ctx context.Context) (contact.Layout, error) {
	if f.open {
		return contact.Layout{}, errFault
	}
	return f.Source.Open(ctx)
}

func (f *faultySource) Read(ctx context.Context, part int, emit func(*contact.Batch) error) error {
	if f.batches < 0 {
		return f.Source.Read(ctx, part, emit)
	}
	return f.Source.Read(ctx, part, func(b *contact.Batch) error {
		select {
		case <-f.left:
			return emit(b)
		default:
			b.Release()
			return errFault
		}
	})
}

func (f *faultySource) Close() error {
	f.closed++
	err := f.Source.Close()
	if f.end {
		return errFault
	}
	return err
}

// countingSink counts its calls and fails if told to.
type countingSink struct {
	calls int
	err   error
}

func (s *countingSink) Write(context.Context, *cluster.Outcome, *run.Record) error {
	s.calls++
	return s.err
}

// settled waits until no more goroutines than before are left; those that end are not gone at once.
func settled(before int) int {
	for range 100 {
		if runtime.NumGoroutine() <= before {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return runtime.NumGoroutine()
}

// TestSourceFaults lets the source fail at every batch, and in every other place. The run must end with that error, with its record closed,
// its source closed, no goroutine left and no sink called.
func TestSourceFaults(t *testing.T) {
	rows := [][]string{{"id", "first_name", "email"}}
	for i := range 30_000 {
		rows = append(rows, []string{strconv.Itoa(i), "Alma", fmt.Sprintf("a%d@tern.example", i)})
	}
	dir := t.TempDir()
	files := extract.FilesConfig{Contacts: []string{writeCSV(t, dir, "a.csv", rows[:20_000]), writeCSV(t, dir, "b.csv", slices.Concat(rows[:1], rows[20_000:]))}}
	source := func() pipeline.Source {
		src, err := extract.Files(files)
		if err != nil {
			t.Fatal(err)
		}
		return src
	}
	fails := func(name string, src *faultySource, sink *countingSink) bool {
		before, rec := runtime.NumGoroutine(), &run.Record{}
		res, err := pipeline.Run(context.Background(), pipeline.Options{Config: lighter(pipeline.Config{Workers: 3}), Source: src, Sinks: []pipeline.Sink{sink}, Record: rec})
		if err == nil {
			res.Release()
			return false
		}
		if !errors.Is(err, errFault) {
			t.Errorf("%s: got error %v", name, err)
		}
		if rec.State != run.Failed || rec.Error == "" || rec.Ended.IsZero() {
			t.Errorf("%s: the record says %q, %q", name, rec.State, rec.Error)
		}
		if after := settled(before); after > before {
			t.Errorf("%s: %d goroutines before, %d after", name, before, after)
		}
		if sink.err == nil && sink.calls != 0 {
			t.Errorf("%s: a sink was called", name)
		}
		if src.closed != 1 {
			t.Errorf("%s: the source was closed %d times", name, src.closed)
		}
		return true
	}
	batches := 0
	for fails(fmt.Sprint("after batches: ", batches), newFaulty(source(), batches), &countingSink{}) {
		batches++
		if batches > 1000 {
			t.Fatal("the source fails for ever")
		}
	}
	if batches < 4 {
		t.Errorf("the source has only %d batches: too few to test anything", batches)
	}
	for name, spoil := range map[string]func(*faultySource, *countingSink){
		"open": func(f *faultySource, _ *countingSink) { f.open = true }, "close": func(f *faultySource, _ *countingSink) { f.end = true },
		"sink": func(_ *faultySource, s *countingSink) { s.err = errFault },
	} {
		src, sink := newFaulty(source(), -1), &countingSink{}
		spoil(src, sink)
		if !fails(name, src, sink) {
			t.Errorf("%s: the run succeeded", name)
		}
	}
}

// TestCancelledRun stops a run from outside.
func TestCancelledRun(t *testing.T) {
	w := newWorld(t, smallWorld)
	src, err := extract.Files(w.files())
	if err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(context.Background())
	sink := &countingSink{}
	_, err = pipeline.Run(ctx, pipeline.Options{Source: src, Sinks: []pipeline.Sink{sink}, OnLayout: func(contact.Layout) { cancel() }})
	if !errors.Is(err, context.Canceled) || sink.calls != 0 {
		t.Errorf("error %v, %d sink calls", err, sink.calls)
	}
	if after := settled(before); after > before {
		t.Errorf("%d goroutines before, %d after", before, after)
	}
}
