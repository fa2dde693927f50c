package scoring

import (
	"fmt"
	"testing"

	"github.com/contactmerge/contactmerge/blocking"
	"github.com/contactmerge/contactmerge/internal/contact"
)

// TestRelativesDoNotTeachMatches mixes few matches with many people of their households. What those have in common, and what they have
// not, must not be taken for what matches do.
func TestRelativesDoNotTeachMatches(t *testing.T) {
	b := newBench()
	b.pass(blocking.AspectPhone).pairs(600, knownMatches).pairs(5000, knownRelatives).pairs(500, knownOthers)
	b.pass(blocking.AspectAddress).pairs(600, knownMatches).pairs(5000, knownRelatives).pairs(500, knownOthers)
	b.pass(blocking.AspectBirthdate).pairs(600, knownMatches).pairs(100, knownRelatives).pairs(3000, knownOthers)
	m := b.train()
	for _, i := range []int{cmpName, cmpEmail, cmpBirthdate} {
		checkM(t, m, i, knownMatches[i], 0.08)
	}
	for _, never := range []struct {
		comparison int
		level      uint8
		most       float64
	}{{cmpName, nameGiven, 0.02}, {cmpName, nameDifferent, 0.02}, {cmpPhone, phoneExactNamed, 0.05}} {
		c := m.Comparisons[never.comparison]
		if got := c.Levels[never.level].M; got > never.most {
			t.Errorf("%s, %s: m %.3f, want at most %.2f: only relatives agree like this", c.Name, c.Levels[never.level].Label, got, never.most)
		}
	}
	for k := range 2 {
		if got := b.passes[k].related; got < 0.7 {
			t.Errorf("pass %d: share of relatives %.2f, want 0.82", k, got)
		}
	}
	for l, want := range map[uint8]float64{addressSame: 0.9, addressDifferent: 0} {
		if got := m.Comparisons[cmpAddress].Levels[l].H; got < want-0.08 || got > want+0.08 {
			t.Errorf("relatives have address %q in %.2f of all cases, want %.2f", m.Comparisons[cmpAddress].Levels[l].Label, got, want)
		}
	}
}

// TestHouseholds fits a table of families who share surname, address and phone, and wants every member to stay alone unless he is there twice.
func TestHouseholds(t *testing.T) {
	var people []person
	given := []string{"Ann", "Boris", "Clara", "Dmitri"}
	twice := map[[2]int]bool{}
	for i := range 60 {
		for k, g := range given {
			p := named(g, fmt.Sprintf("Family%c%c", 'a'+i%26, 'a'+i*7%26))
			p.born, p.street, p.city, p.postcode = fmt.Sprint(19300101+(i*17+k*23)%70*10000+(i+k)%12*100+(i*5+k)%28), fmt.Sprint("street ", i), fmt.Sprint("city ", i%9), fmt.Sprint(20000+i)
			p.keys = fmt.Sprintf("phone:+1202555%04d", i)
			people = append(people, p)
			if (i+k)%5 == 0 {
				twice[[2]int{len(people) - 1, len(people)}] = true
				p.keys = ""
				people = append(people, p)
			}
		}
	}
	tab := newTable(t, people...)
	shared, blocks := blocking.FindShared(tab, 0), blocksOf(t, tab)
	m, err := Fit(tab, shared, blocks, Config{}, contact.Serial)
	if err != nil {
		t.Fatal(err)
	}
	w := NewScorer(tab, shared, m, Config{}, nil).Worker()
	wrong, missed := 0, 0
	for a := range people {
		for b := a + 1; b < len(people); b++ {
			found := w.Score(blocking.Pair{A: contact.Row(a), B: contact.Row(b)}).Decision >= Suggest
			switch same := twice[[2]int{a, b}]; {
			case found && !same:
				wrong++
			case !found && same:
				missed++
			}
		}
	}
	if wrong > 0 || missed > 0 {
		t.Errorf("%d pairs of a family were taken for one person, %d of %d people who are there twice were missed", wrong, missed, len(twice))
	}
	if got := m.Comparisons[cmpBirthdate].Levels[birthDifferent].M; got > 0.05 {
		t.Errorf("birthdates of one person differ in %.2f of all cases, want hardly any: relatives taught that", got)
	}
}
