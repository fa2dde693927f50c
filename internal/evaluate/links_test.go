package evaluate_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/evaluate"
	"github.com/contactmerge/contactmerge/scoring"
)

// linked makes a table of records 1 to 4 and contacts 1 to 4, whose sides call their ids visitor and customer.
func linked(tb testing.TB) *contact.Table {
	tb.Helper()
	layout := contact.Layout{Contacts: []contact.Column{{Name: "customer", Field: contact.FieldID}}}
	for _, name := range []string{"visitor", "customer"} {
		layout.Sides = append(layout.Sides, contact.Side{Contacts: []contact.Column{{Name: name, Field: contact.FieldID}}, Place: []int{0}})
	}
	b := contact.NewBuilder(layout)
	for s := range layout.Sides {
		bb := contact.NewBatchBuilder(contact.Contacts, "f", layout.Contacts, nil)
		tb.Cleanup(bb.Release)
		for i, id := range []string{"1", "2", "3", "4"} {
			bb.Set(0, id)
			bb.FinishRow(int64(i + 1))
		}
		batch := bb.Flush()
		tb.Cleanup(batch.Release)
		batch.Side = uint8(s)
		chunk := contact.NewChunk(layout)
		for i := range 4 {
			chunk.Add(batch, i, &contact.Normal{}, nil)
		}
		b.Absorb(chunk)
	}
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

func TestReadLinks(t *testing.T) {
	table := linked(t)
	for _, tc := range []struct {
		name, data   string
		true, absent int64
	}{
		{"plain", "left_id,right_id\n1,1\n2,3\n", 2, 0},
		{"generic names, other order", "id_b;note;id_a\n1;x;1\n3;x;2\n", 2, 0},
		{"the sides' own names", "customer,visitor\n1,1\n3,2\n", 2, 0},
		{"labels", "left,right,match\n1,1,1\n2,3,0\n", 1, 0},
		{"twice", "left,right\n1,1\n1,1\n", 1, 0},
		{"not there", "left,right\n1,1\n9,1\n1,9\n", 1, 2},
		{"none", "left,right\n", 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			truth, err := evaluate.ReadLinks(strings.NewReader(tc.data), table)
			if err != nil {
				t.Fatal(err)
			}
			r := evaluate.Links(evaluate.LinkInput{Truth: truth, Outcome: &cluster.Outcome{Table: table}, Made: func(x, y contact.Row) bool { return false }})
			if r.True != tc.true || r.Absent != tc.absent || r.Missed.NotBlocked != tc.true {
				t.Errorf("%d true links, %d absent, %d never compared; want %d, %d, %d", r.True, r.Absent, r.Missed.NotBlocked, tc.true, tc.absent, tc.true)
			}
		})
	}
	for data, want := range map[string]string{"": "empty", "a,person\n1,2\n": "left_id, right_id", "left,right\n1\n": "line 2"} {
		if _, err := evaluate.ReadLinks(strings.NewReader(data), table); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", data, err, want)
		}
	}
}

func TestLinks(t *testing.T) {
	table := linked(t)
	truth, err := evaluate.ReadLinks(strings.NewReader("left_id,right_id\n1,1\n2,2\n3,3\n4,4\n4,1\n"), table)
	if err != nil {
		t.Fatal(err)
	}
	row := func(id string) contact.Row {
		r, ok := table.Find(id)
		if !ok {
			t.Fatalf("no contact %s", id)
		}
		return r
	}
	edge := func(left, right string, d scoring.Decision) scoring.Edge {
		a, b := row("left:"+left), row("right:"+right)
		return scoring.Edge{A: min(a, b), B: max(a, b), Decision: d}
	}
	r := evaluate.Links(evaluate.LinkInput{
		Truth: truth, Links: []int{0, 1, 2},
		Outcome: &cluster.Outcome{Table: table, Edges: []scoring.Edge{
			edge("1", "1", scoring.AutoMerge), edge("2", "2", scoring.Suggest), edge("2", "1", scoring.Review), edge("3", "3", scoring.Suggest),
		}},
		Made: func(x, y contact.Row) bool { return table.ID(min(x, y)) == "left:4" },
	})
	var b strings.Builder
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	want := `truth       5 true links
  links down to  linked  right  precision    recall        F1
     auto_merge       1      1   1.000000  0.200000  0.333333
        suggest       2      2   1.000000  0.400000  0.571429
         review       3      2   0.666667  0.400000  0.500000
missed      3 true links: 1 found but not made for a better or an equal one, 1 compared and not matched, 1 never compared
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}
