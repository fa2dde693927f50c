package scoring

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/contactmerge/contactmerge/blocking"
	"github.com/contactmerge/contactmerge/internal/contact"
)

// trainedFile trains on a table.
func trainedFile(tb testing.TB, t *contact.Table) (*ModelFile, *blocking.Blocks) {
	tb.Helper()
	blocks, err := blocking.Build(t, blocking.Config{}.WithDefaults(), contact.Serial)
	if err != nil {
		tb.Fatal(err)
	}
	f, err := Train(t, blocking.FindShared(t, 0), blocks, Config{}, contact.Serial)
	if err != nil {
		tb.Fatal(err)
	}
	return f, blocks
}

// throughFile writes a model and reads it again.
func throughFile(tb testing.TB, f *ModelFile) *ModelFile {
	tb.Helper()
	text, err := f.Encode()
	if err != nil {
		tb.Fatal(err)
	}
	back, err := ReadModelFile(text)
	if err != nil {
		tb.Fatalf("%v in\n%s", err, text)
	}
	again, err := back.Encode()
	if err != nil || !bytes.Equal(again, text) {
		tb.Fatalf("written again, the file differs: %v", err)
	}
	return back
}

// townsfolk is a table of n people of whom every fifth is there twice, with an email address, a phone, and a plan.
func townsfolk(tb testing.TB, n int, change func(i int, p *person)) *contact.Table {
	tb.Helper()
	var people []person
	given, family := strings.Fields("Ann Bob Cleo Dan Eve Fred Gil Hana Ida Jon Kim"), strings.Fields("Okafor Lind Wang Meyer Silva Costa Novak")
	for i := range n {
		who := i - i%5/4 // the fifth is the fourth again
		p := named(given[who%len(given)], family[who/len(given)%len(family)]+strings.Repeat("x", who/77%4))
		p.born = strconv.Itoa(19500101 + who%50*10000 + who%12*100 + who%28)
		p.custom, p.city = []string{"gold", "silver", "tin"}[who%3], strings.Fields("Leeds Salem Porto Turin")[who%4]
		if i%3 > 0 {
			p.keys = fmt.Sprintf("email:mail%d@x.org phone:+4930%06d", who, who)
		}
		if change != nil {
			change(i, &p)
		}
		people = append(people, p)
	}
	return newTable(tb, people...)
}

// TestModelFileIsTheModel wants a model from a file to decide as the fitted one does, to the last bit.
func TestModelFileIsTheModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		table := newTable(t, drawPeople(rt, 1, 12)...)
		shared := blocking.FindShared(table, 0)
		blocks, err := blocking.Build(table, blocking.Config{}.WithDefaults(), contact.Serial)
		if err != nil {
			rt.Fatal(err)
		}
		fitted, err := Fit(table, shared, blocks, Config{}, contact.Serial)
		if err != nil {
			rt.Fatal(err)
		}
		f, err := fitted.file(NewScorer(table, shared, fitted, Config{}, nil), blocks, contact.Serial)
		if err != nil {
			rt.Fatal(err)
		}
		used, notes, err := throughFile(t, f).Use(table, Config{})
		if err != nil || len(notes) > 0 {
			rt.Fatalf("notes %q, error %v", notes, err)
		}
		if used.Fingerprint() != fitted.Fingerprint() {
			rt.Fatalf("another model: %s", cmp.Diff(fitted.Comparisons, used.Comparisons))
		}
		x, y := NewScorer(table, shared, fitted, Config{}, nil).Worker(), NewScorer(table, shared, used, Config{}, nil).Worker()
		for a := range contact.Row(table.Len()) {
			for b := a + 1; b < contact.Row(table.Len()); b++ {
				p := blocking.Pair{A: a, B: b, Rules: 1}
				if diff := cmp.Diff(x.Score(p), y.Score(p)); diff != "" {
					rt.Fatalf("rows %d and %d (-fitted +from file):\n%s", a, b, diff)
				}
			}
		}
	})
}

// TestModelFileHoldsNoValues looks for people in the text of a file.
func TestModelFileHoldsNoValues(t *testing.T) {
	f, _ := trainedFile(t, townsfolk(t, 400, nil))
	text, err := f.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range strings.Fields("okafor hana leeds silver mail1@x.org x.org +4930 19540") {
		if bytes.Contains(bytes.ToLower(text), []byte(value)) {
			t.Errorf("the file has %q in it", value)
		}
	}
	given := f.frequency("name", "given")
	if given == nil || len(given.shares()) != 11 {
		t.Fatalf("frequencies of given names: %+v", given)
	}
	if log, ok := given.shares()[hashValue(f.Trained.Fingerprint, "given", "hana")]; !ok || math.Abs(float64(log)-math.Log2(1.0/11)) > 0.5 {
		t.Errorf("log2 of the share of one given name in eleven is %v, %v", log, ok)
	}
	if other := hashValue("another table", "given", "hana"); other == hashValue(f.Trained.Fingerprint, "given", "hana") {
		t.Error("two files have the same hash for a name")
	}
}

// TestModelFileErrors spoils a good file.
func TestModelFileErrors(t *testing.T) {
	f, _ := trainedFile(t, townsfolk(t, 60, nil))
	good, err := f.Encode()
	if err != nil {
		t.Fatal(err)
	}
	swap := func(old, replacement string) string {
		if !bytes.Contains(good, []byte(old)) {
			t.Fatalf("no %s in the file", old)
		}
		return strings.Replace(string(good), old, replacement, 1)
	}
	edited := func(edit func(*ModelFile)) string {
		c, err := ReadModelFile(good)
		if err != nil {
			t.Fatal(err)
		}
		edit(c)
		text, err := c.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for _, test := range []struct{ name, text, want string }{
		{"no JSON", "id,name\n1,Ann\n", "not a model file"},
		{"another JSON", `{"version": 1}`, "not a model file"},
		{"nothing", "", "not a model file"},
		{"cut off", string(good[:len(good)/2]), "not a model file"},
		{"two", string(good) + string(good), "not a model file"},
		{"another version", swap(`"version": 1`, `"version": 2`), "format version 2, this program reads version 1"},
		{"an unknown key", swap(`"tool"`, `"tools"`), `unknown field "tools"`},
		{"another label", swap(`"given and family name exchanged"`, `"swapped"`), `comparison "name": level 3 is "swapped"`},
		{"a word for a number", swap(`"threshold": `, `"threshold": "high", "x": `), "cannot be read"},
		{"a threshold out of reach", edited(func(f *ModelFile) { f.Threshold = 1e300 }), "threshold is 1e+300"},
		{"a comparison less", edited(func(f *ModelFile) { f.Comparisons = f.Comparisons[:5] }), "it has 5 comparisons"},
		{"a comparison moved", edited(func(f *ModelFile) { c := f.Comparisons; c[2], c[3] = c[3], c[2] }), `comparison "phone": this program expects "email"`},
		{"a level less", edited(func(f *ModelFile) { c := &f.Comparisons[2]; c.Levels = c.Levels[1:] }), `comparison "email": this program expects`},
		{"a column twice", edited(func(f *ModelFile) { f.Comparisons = append(f.Comparisons, f.Comparisons[numFixed]) }), `the column "plan" twice`},
		{"no probability", edited(func(f *ModelFile) { f.Comparisons[0].Levels[2].M = 1.5 }), `level "equal" has 1.5 for a probability`},
		{"below zero", edited(func(f *ModelFile) { f.Comparisons[0].Levels[2].U = -0.1 }), `level "equal" has -0.1 for a probability`},
		{"evidence from nothing", edited(func(f *ModelFile) { f.Comparisons[0].Levels[0].M = 0.1 }), "levels that are no evidence"},
		{"sums", edited(func(f *ModelFile) { f.Comparisons[8].Levels[1].M /= 2 }), `comparison "birthdate": its m add up to`},
		{"more than all", edited(func(f *ModelFile) { f.Comparisons[0].Filled = 61 }), "filled_contacts is 61 of 60"},
		{"a share above all", edited(func(f *ModelFile) { f.Frequencies[0].Rare = 1 }), "1 is not log2 of a share"},
		{"a clear value", edited(func(f *ModelFile) { f.frequency("name", "given").Values[0].Hashes = "okafor" }), "a hash is malformed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := ReadModelFile([]byte(test.text))
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one line with %q", err, test.want)
			}
		})
	}
	f.Frequencies = f.Frequencies[1:]
	if _, _, err := f.Use(townsfolk(t, 10, nil), Config{}); err == nil || !strings.Contains(err.Error(), "no frequencies of name for name") {
		t.Errorf("without the frequencies of names: %v", err)
	}
}

// TestModelOnOtherColumns uses a model on a table that has not all of its columns, and others.
func TestModelOnOtherColumns(t *testing.T) {
	var rows []string
	for i := range 200 {
		rows = append(rows, fmt.Sprintf("team%d constant color%d", i/3, i/2))
	}
	f, _ := trainedFile(t, tableOf(t, "team currency color", rows))
	f = throughFile(t, f)
	if diff := cmp.Diff([]string{"currency"}, f.Uncompared); diff != "" {
		t.Errorf("columns that told nothing (-want +got):\n%s", diff)
	}
	other := tableOf(t, "shape color currency", rows)
	m, notes, err := f.Use(other, Config{Threshold: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"the model compares the column team, which these contacts do not have: it is left out", "the model does not know the column shape: it is not compared"}
	if diff := cmp.Diff(want, notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
	if len(m.Comparisons) != numFixed+1 || m.Comparisons[numFixed].Name != "color" || !cmp.Equal(m.generic, []int{1}) {
		t.Errorf("%d comparisons, generic columns %v", len(m.Comparisons)-numFixed, m.generic)
	}
	if m.Threshold != 0 {
		t.Errorf("threshold %g, want the one of the configuration", m.Threshold)
	}
	if m.Prior != f.Prior {
		t.Errorf("prior %g in a table of the same size, want %g", m.Prior, f.Prior)
	}
	m, _, err = f.Use(tableOf(t, "color", rows[:100]), Config{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := m.Prior-f.Prior, math.Log2(199.0/99); math.Abs(got-want) > 1e-12 {
		t.Errorf("in half the table the prior rises by %g, want %g", got, want)
	}
}

// TestUnlistedValuesAreRare looks up values that the training table does not have, and more common values than a file has room for.
func TestUnlistedValuesAreRare(t *testing.T) {
	const most = 1000
	var rows []string
	for i := range 2*most + 100 {
		rows = append(rows, "v"+strconv.Itoa(i/2))
	}
	for range 10 {
		rows = append(rows, "often")
	}
	f := &ModelFile{}
	table := tableOf(t, "word", rows)
	m := fit(t, table, blocking.FindShared(table, 0), Config{})
	tf := &m.tf[len(m.tf)-1]
	q := m.tabulated(table, tf, "key", most)
	if q.Unlisted != 51 || len(q.shares()) != most {
		t.Errorf("%d values listed and %d left out, want %d and 51", len(q.shares()), q.Unlisted, most)
	}
	if len(q.Values) != 2 || q.Values[0].Hashes != hashValue("key", "word", "often") {
		t.Fatalf("%d different shares, the commonest of %q", len(q.Values), q.Values[0].Hashes)
	}
	f.Trained.Fingerprint = "key"
	for i := range m.tf {
		f.Frequencies = append(f.Frequencies, m.tabulated(table, &m.tf[i], "key", most))
	}
	other := tableOf(t, "word", []string{"new", "often", "often"})
	n := &Model{Comparisons: m.Comparisons, generic: []int{0}}
	if err := n.lookUp(other, f); err != nil {
		t.Fatal(err)
	}
	got := n.tf[len(n.tf)-1]
	for row, want := range []float32{q.Rare, q.Values[0].Log2} {
		if log := got.logs[got.col.Code(contact.Row(row))]; log != want {
			t.Errorf("row %d has log2 of a share %g, want %g", row, log, want)
		}
	}
}

// TestSpread wants the same JSON, in lines.
func TestSpread(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{`{}`, "{}\n"},
		{`{"a":[],"b":{}}`, "{\n  \"a\": [],\n  \"b\": {}\n}\n"},
		{`{"a":[{"x":1,"y":[2,3]},{}],"q":"{\"[,:\\"}`, "{\n  \"a\": [\n    {\"x\": 1, \"y\": [2, 3]},\n    {}\n  ],\n  \"q\": \"{\\\"[,:\\\\\"\n}\n"},
	} {
		got := spread([]byte(test.in), 2)
		if diff := cmp.Diff(test.want, string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.in, diff)
		}
		var back bytes.Buffer
		if err := json.Compact(&back, got); err != nil || back.String() != test.in {
			t.Errorf("%s became %s, %v", test.in, back.String(), err)
		}
	}
}

// FuzzReadModelFile wants every text refused or usable.
func FuzzReadModelFile(f *testing.F) {
	people := []person{named("Ann", "Okafor").with("email:a@x.org"), named("Ann", "Okafor").with("email:a@x.org"), named("Bob", "Lind")}
	table := newTable(f, people...)
	m, _ := trainedFile(f, table)
	text, err := m.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"format":"contactmerge model","version":1,"comparisons":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := ReadModelFile(text)
		if err != nil {
			return
		}
		m, _, err := file.Use(table, Config{})
		if err != nil {
			return
		}
		w := NewScorer(table, blocking.FindShared(table, 0), m, Config{}, nil).Worker()
		if e := w.Score(blocking.Pair{A: 0, B: 1, Rules: 1}); math.IsNaN(float64(e.Weight)) {
			t.Errorf("the weight is not a number")
		}
	})
}
