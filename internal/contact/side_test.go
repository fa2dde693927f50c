package contact

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// linkLayout is the fixture's layout for two sources, the right one of which has no column born of its own name.
func linkLayout() Layout {
	l := fixtureLayout()
	right := slices.Clone(l.Contacts)
	right[3].Name = "date of birth"
	same := make([]int, len(l.Contacts))
	for i := range same {
		same[i] = i
	}
	l.Sides = []Side{{Name: "new", Contacts: l.Contacts, Place: same}, {Name: "known", Contacts: right, Place: same}}
	return l
}

func sideChunk(tb testing.TB, side uint8, source string, records []record) *Chunk {
	c := chunkOf(tb, linkLayout(), source, records, func(i int) int64 { return int64(i + 1) })
	c.side = side
	return c
}

func freezeSides(tb testing.TB, left, right []record) (*Table, *Builder) {
	tb.Helper()
	b := NewBuilder(linkLayout())
	for side, records := range [][]record{left, right} {
		ids := identityChunkOf(records)
		ids.OnSide(uint8(side))
		b.AbsorbIdentities(ids)
		b.Absorb(sideChunk(tb, uint8(side), SideName(uint8(side))+".csv", records))
	}
	t, err := finish(b)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(t.Release)
	return t, b
}

func TestSides(t *testing.T) {
	tab, _ := freezeSides(t,
		[]record{cells("id=10", "first=Ann").and("email:a@x.org"), cells("id=2", "first=Bob")},
		[]record{cells("id=2", "first=Cy").and("email:c@x.org"), cells("id=10", "first=Dee"), cells("id=33")})
	var got []string
	for r := range Row(tab.Len()) {
		raw, _ := tab.Raw(tab.idCol, r)
		got = append(got, fmt.Sprint(tab.ID(r), " ", tab.Key(r), " ", raw, " ", tab.Side(r), " ", tab.Col(ColGiven).Value(r), " ", len(tab.Identities(r))))
	}
	want := []string{"left:2 2 2 0 bob 0", "right:2 2 2 1 cy 1", "left:10 10 10 0 ann 1", "right:10 10 10 1 dee 0", "right:33 33 33 1  0"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if tab.Sides() != 2 || tab.SideLen(Left) != 2 || tab.SideLen(Right) != 3 || !tab.NumericIDs() {
		t.Errorf("%d sides of %d and %d rows, numeric %v", tab.Sides(), tab.SideLen(Left), tab.SideLen(Right), tab.NumericIDs())
	}
	if !tab.CrossOnly() || tab.Pairable(0, 2) || !tab.Pairable(0, 1) || tab.PossiblePairs() != 6 {
		t.Errorf("cross only %v, pairable %v and %v, %d possible pairs", tab.CrossOnly(), tab.Pairable(0, 2), tab.Pairable(0, 1), tab.PossiblePairs())
	}
	for id, row := range map[string]Row{"left:2": 0, "right:2": 1, "left:10": 2, "right:10": 3, "right:33": 4, "33": 4} {
		if r, ok := tab.Find(id); !ok || r != row {
			t.Errorf("Find(%q) = %d, %v; want %d", id, r, ok, row)
		}
	}
	for _, id := range []string{"2", "left:33", "middle:2", "", "left:"} {
		if r, ok := tab.Find(id); ok {
			t.Errorf("Find(%q) found row %d", id, r)
		}
	}
}

func TestOneSide(t *testing.T) {
	tab := freezeRecords(t, cells("id=1"), cells("id=2"), cells("id=left:2"))
	if tab.Sides() != 1 || tab.Side(1) != 0 || tab.SideLen(0) != 3 || tab.CrossOnly() || !tab.Pairable(0, 1) || tab.PossiblePairs() != 3 {
		t.Error("a table of one source has sides")
	}
	if r, ok := tab.Find("left:2"); !ok || tab.Key(r) != "left:2" {
		t.Errorf("Find = %d, %v", r, ok)
	}
}

func TestWithinSides(t *testing.T) {
	l := linkLayout()
	l.Within = true
	b := NewBuilder(l)
	b.Absorb(sideChunk(t, Left, "l", []record{cells("id=1"), cells("id=2")}))
	b.Absorb(sideChunk(t, Right, "r", []record{cells("id=1")}))
	tab, err := finish(b)
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Release()
	if tab.CrossOnly() || !tab.Pairable(0, 2) || tab.PossiblePairs() != 3 {
		t.Error("pairs inside the sides were asked for and are not made")
	}
}

func TestDuplicateIDOnOneSide(t *testing.T) {
	b := NewBuilder(linkLayout())
	b.Absorb(sideChunk(t, Left, "l", []record{cells("id=1"), cells("id=2")}))
	b.Absorb(sideChunk(t, Right, "r", []record{cells("id=10"), cells("id=9"), cells("id=10"), cells("id=9")}))
	_, err := finish(b)
	var got *DuplicateIDError
	if !errors.As(err, &got) || *got != (DuplicateIDError{ID: "9", Side: "right", Count: 2}) || !strings.Contains(err.Error(), "--right-id") {
		t.Errorf("got %v", err)
	}
}

// TestBirthdatesOfSides: each source has its own way to write dates, and its own name for the column.
func TestBirthdatesOfSides(t *testing.T) {
	b := NewBuilder(linkLayout())
	b.Absorb(sideChunk(t, Left, "l", []record{cells("id=1", "born=01/02"), cells("id=2", "born=bad")}))
	b.Absorb(sideChunk(t, Right, "r", []record{cells("id=1", "born=01/02"), cells("id=2", "born=bad")}))
	var asked [][]string
	b.Birthdates(func(values []string) []Birthdate {
		asked = append(asked, values)
		return []Birthdate{{Key: int32(len(asked))}, {Reason: "impossible_date"}}
	})
	if diff := cmp.Diff([][]string{{"01/02", "bad"}, {"01/02", "bad"}}, asked); diff != "" {
		t.Fatalf("values asked for (-want +got):\n%s", diff)
	}
	if err := b.Seal(); err != nil {
		t.Fatal(err)
	}
	rejects := b.Rejects()
	tab, err := b.Freeze(parseAll(b), Serial)
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Release()
	if diff := cmp.Diff([]int32{1, 2, 0, 0}, tab.birth); diff != "" {
		t.Errorf("birthdates (-want +got):\n%s", diff)
	}
	var got []string
	for _, r := range rejects {
		got = append(got, r.Source+" "+r.ID+" "+r.Column)
	}
	if diff := cmp.Diff([]string{"l 2 born", "r 2 date of birth"}, got); diff != "" {
		t.Errorf("rejects (-want +got):\n%s", diff)
	}
}

// TestSidesArriveInAnyOrder builds one linking table from chunks of both sides in any order.
func TestSidesArriveInAnyOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		numeric := rapid.Bool().Draw(rt, "numeric")
		sides := [][]record{drawRecords(rt, numeric), drawRecords(rt, numeric)}
		type part struct {
			side uint8
			at   int
		}
		var parts []part
		for s, records := range sides {
			for i := range records {
				parts = append(parts, part{uint8(s), i})
			}
		}
		build := func(order []part) string {
			b := NewBuilder(linkLayout())
			for _, p := range order {
				one := sides[p.side][p.at : p.at+1]
				b.Absorb(sideChunk(t, p.side, "f", one))
				ids := identityChunkOf(one)
				ids.OnSide(p.side)
				b.AbsorbIdentities(ids)
			}
			tab, err := finish(b)
			if err != nil {
				rt.Fatal(err)
			}
			defer tab.Release()
			for r := range Row(tab.Len()) {
				if found, ok := tab.FindIn(tab.Side(r), tab.Key(r)); !ok || found != r {
					rt.Fatalf("FindIn(%d, %q) = %d, %v; want %d", tab.Side(r), tab.Key(r), found, ok, r)
				}
			}
			return dump(tab)
		}
		if diff := cmp.Diff(build(parts), build(rapid.Permutation(parts).Draw(rt, "order"))); diff != "" {
			rt.Fatalf("another order makes another table (-want +got):\n%s", diff)
		}
	})
}

func TestArrange(t *testing.T) {
	bb := NewBatchBuilder(Contacts, "f", []Column{{Name: "a"}, {Name: "b"}}, nil)
	defer bb.Release()
	bb.Set(0, "x")
	bb.FinishRow(1)
	b := bb.Flush()
	defer b.Release()
	b.Arrange([]int{-1, 1, 0})
	var got []string
	for col := range 3 {
		v, ok := b.Value(col, 0)
		got = append(got, fmt.Sprint(v, ok))
	}
	if diff := cmp.Diff([]string{"false", "false", "xtrue"}, got); diff != "" {
		t.Errorf("arranged (-want +got):\n%s", diff)
	}
}
