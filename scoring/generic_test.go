package scoring

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/blocking"
	"github.com/contactmerge/contactmerge/internal/contact"
)

// tableOf makes a table of contacts with generic columns only; a row is its values, separated by blanks.
func tableOf(tb testing.TB, columns string, rows []string) *contact.Table {
	tb.Helper()
	layout := contact.Layout{Name: "generic", Parts: 1, Contacts: []contact.Column{{Name: "id", Field: contact.FieldID}}}
	for c := range strings.FieldsSeq(columns) {
		layout.Contacts = append(layout.Contacts, contact.Column{Name: c, Field: contact.FieldCustom})
	}
	bb := contact.NewBatchBuilder(contact.Contacts, "generic", layout.Contacts, nil)
	defer bb.Release()
	for i := range rows {
		bb.Set(0, strconv.Itoa(i+1))
		bb.FinishRow(int64(i + 1))
	}
	batch := bb.Flush()
	defer batch.Release()
	chunk := contact.NewChunk(layout)
	for i, row := range rows {
		chunk.Add(batch, i, &contact.Normal{Custom: strings.Fields(row)}, nil)
	}
	b := contact.NewBuilder(layout)
	b.Absorb(chunk)
	if err := b.Seal(); err != nil {
		tb.Fatal(err)
	}
	t, err := b.Freeze(nil, contact.Serial)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(t.Release)
	return t
}

// TestGenericColumns fits models to tables whose columns say little: what everybody has, and what nobody shares, must not weigh.
func TestGenericColumns(t *testing.T) {
	var rows []string
	for i := range 300 {
		n := strconv.Itoa(i)
		usual := "no"
		if i%50 == 0 {
			usual = "yes"
		}
		// constant, nearly constant, unique, in two halves, shared by two, and 20 more of the last kind, each with other pairs
		row := "usd " + usual + " key" + n + " half" + strconv.Itoa(i%2) + " pair" + strconv.Itoa(i/2)
		for _, step := range []int{7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 49, 53, 59, 61, 67, 71, 73, 77} {
			row += " pair" + strconv.Itoa(i*step%300/2)
		}
		rows = append(rows, row+" pair"+strconv.Itoa(i/2)) // and a copy of the first
	}
	names := "currency deleted url kind pair"
	for i := range 20 {
		names += " p" + strconv.Itoa(i)
	}
	names += " copy"
	table := tableOf(t, names, rows)
	m := fit(t, table, blocking.FindShared(table, 0), Config{})
	var got []string
	for _, c := range m.Comparisons[numFixed:] {
		got = append(got, c.Name)
	}
	want := []string{"kind", "pair"}
	for i := range MaxComparisons - numFixed - len(want) {
		want = append(want, "p"+strconv.Itoa(i))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("columns compared (-want +got):\n%s", diff)
	}
	kind, pair := m.weights[numFixed], m.weights[numFixed+1]
	if kind[textEqual] < 0 || kind[textEqual] > 1.1 || pair[textEqual] < 4 {
		t.Errorf("an equal value weighs %.2f in two halves and %.2f in pairs", kind[textEqual], pair[textEqual])
	}
	if kind[textDifferent] > -2 || pair[textDifferent] > -2 {
		t.Errorf("a difference weighs %.2f in two halves and %.2f in pairs", kind[textDifferent], pair[textDifferent])
	}
}
