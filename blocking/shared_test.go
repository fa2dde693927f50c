package blocking

import (
	"fmt"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/contactmerge/contactmerge/internal/contact"
)

func TestFindShared(t *testing.T) {
	people := func(names ...string) []guest {
		var out []guest
		for i := 0; i < len(names); i += 2 {
			out = append(out, named(names[i], names[i+1]).with("email:e@x.org"))
		}
		return out
	}
	for _, c := range []struct {
		name   string
		guests []guest
		limit  int
		names  int
		shared bool
	}{
		{"one contact", people("ann", "okafor"), 0, 0, false},
		{"nobody has a name", []guest{{keys: "email:e@x.org"}, {keys: "email:e@x.org"}}, 0, 0, false},
		{"one name and a nameless contact", append(people("ann", "okafor"), guest{keys: "email:e@x.org"}), 0, 1, false},
		{"one name often", people("ann", "okafor", "ann", "okafor", "ann", "okafor"), 0, 1, false},
		{"a couple", people("ann", "okafor", "ben", "okafor"), 0, 2, false},
		{"a family of four", people("ann", "okafor", "ben", "okafor", "cleo", "okafor", "dov", "okafor"), 0, 4, false},
		{"a family of five", people("ann", "okafor", "ben", "okafor", "cleo", "okafor", "dov", "okafor", "eve", "okafor"), 0, 5, true},
		{"five people of one given name", people("ann", "okafor", "ann", "lind", "ann", "wang", "ann", "berg", "ann", "sato"), 0, 5, true},
		{"one person in many spellings", people("ann", "okafor", "anna", "okafor", "anne", "okafr", "annie", "okafor", "a", "okafor", "aan", "okavor"), 0, 1, false},
		{"one person in typing errors", people("robert", "whitaker", "robetr", "whitaker", "rbert", "whitakre", "roberto", "witaker", "robert", "whittaker", "ropert", "whitacker"), 0, 1, false},
		{"short names that differ in one letter", people("ian", "okafor", "jan", "okafor", "dan", "okafor", "van", "okafor", "nan", "okafor"), 0, 5, true},
		{"only a given and only a family name", people("ann", "", "", "okafor"), 0, 2, false},
		{"a double family name", people("ana", "molina", "ana", "molina diaz"), 0, 1, false},
		{"fields exchanged, with typing errors", people("robert", "whitaker", "whitakre", "rober"), 0, 1, false},
		{"fields exchanged", people("ann", "okafor", "okafor", "ann"), 0, 1, false},
		{"another limit", people("ann", "okafor", "ben", "okafor"), 1, 2, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			tab := newTable(t, c.guests...)
			s := FindShared(tab, c.limit)
			key := tab.Keys(0)[0].Value
			if s.Is(key) != c.shared || s.Names(key) != c.names {
				t.Errorf("%d names, shared %v; want %d, %v", s.Names(key), s.Is(key), c.names, c.shared)
			}
			if listed := len(s.Values()) == 1; listed != c.shared {
				t.Errorf("listed: %v", s.Values())
			}
		})
	}
}

func TestSharedValuesAreSorted(t *testing.T) {
	var guests []guest
	for i := range 9 {
		g := named(fmt.Sprint(string(rune('a'+i)), "nn"), "okafor").with("email:big@x.org demail:big@x.org*")
		if i < 6 {
			g.keys += " phone:+1 email:all@x.org"
		}
		guests = append(guests, g)
	}
	tab := newTable(t, guests...)
	var got []string
	for _, v := range FindShared(tab, 0).Values() {
		got = append(got, fmt.Sprint(tab.KeyText(v.Key), " ", v.Contacts, " ", v.Names))
	}
	// Derived forms are no identity of anybody's and are not listed.
	if diff := gocmp.Diff([]string{"big@x.org 9 9", "+1 6 6", "all@x.org 6 6"}, got); diff != "" {
		t.Errorf("shared values (-want +got):\n%s", diff)
	}
}

func TestSharedEdgeCases(t *testing.T) {
	empty := FindShared(newTable(t), 0)
	if empty.Is(0) || len(empty.Values()) != 0 {
		t.Error("an empty table shares something")
	}
	var guests []guest
	for i := range 400 {
		guests = append(guests, named(fmt.Sprint(string(rune('a'+i%26))+string(rune('a'+i/26)), i), "okafor").with("email:e@x.org"))
		guests[i].cols[contact.ColGivenPhonetic] = fmt.Sprint(i)
	}
	tab := newTable(t, guests...)
	s := FindShared(tab, 0)
	key := tab.Keys(0)[0].Value
	if !s.Is(key) || s.Names(key) != 255 || s.Values()[0].Names != 400 {
		t.Errorf("400 names are counted as %d and listed as %+v", s.Names(key), s.Values())
	}
}

// TestWithin compares the bounded distance with one counted in full.
func TestWithin(t *testing.T) {
	full := func(a, b string) int {
		d := make([][]int, len(a)+1)
		for i := range d {
			d[i] = make([]int, len(b)+1)
			d[i][0] = i
			for j := range d[i] {
				switch {
				case i == 0:
					d[i][j] = j
				case j > 0:
					d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+map[bool]int{true: 0, false: 1}[a[i-1] == b[j-1]])
					if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
						d[i][j] = min(d[i][j], d[i-2][j-2]+1)
					}
				}
			}
		}
		return d[len(a)][len(b)]
	}
	rapid.Check(t, func(rt *rapid.T) {
		word := rapid.StringMatching(`[abc]{0,9}`)
		a, b, most := word.Draw(rt, "a"), word.Draw(rt, "b"), rapid.IntRange(0, 3).Draw(rt, "most")
		if got, want := within(a, b, most), full(a, b) <= most; got != want {
			rt.Fatalf("within(%q, %q, %d) is %v, the distance is %d", a, b, most, got, full(a, b))
		}
	})
}
