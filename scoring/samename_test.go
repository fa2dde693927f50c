package scoring

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/contactmerge/contactmerge/blocking"
	"github.com/contactmerge/contactmerge/internal/contact"
)

// namesakes are people of few names and many birthdates, some of them there twice. Their addresses are made up from the names, so that people of
// one name have one; or everybody has an address of his own.
func namesakes(madeUp bool) []person {
	rng := rand.New(rand.NewPCG(7, 8))
	given := strings.Fields("Ann Ben Cleo Dov Emre Fay Gus Hal Ida Jon Kai Lea")
	family := strings.Fields("Okafor Lind Wang Garcia Novak Silva Haddad Berg")
	var out []person
	for i := range 240 {
		g, f := given[rng.IntN(len(given))], family[rng.IntN(len(family))]
		p := named(g, f)
		p.born = fmt.Sprint(19300101 + rng.IntN(70)*10000 + rng.IntN(12)*100 + rng.IntN(28))
		p.city = fmt.Sprint("city ", rng.IntN(20))
		address := strings.ToLower(g + "." + f)
		if !madeUp {
			address += fmt.Sprint(i)
		}
		p = p.with("email:" + address + "@x.org")
		out = append(out, p)
		if i%3 == 0 {
			out = append(out, p)
		}
	}
	return out
}

// decisions counts the decisions about all pairs of one address and one name, and how many of these are two people.
func decisions(t *testing.T, people []person) (count map[Decision]int, wrongAuto int, m *Model) {
	t.Helper()
	tab := newTable(t, people...)
	shared := blocking.FindShared(tab, 0)
	m, err := Fit(tab, shared, blocksOf(t, tab), Config{}, contact.Serial)
	if err != nil {
		t.Fatal(err)
	}
	w := NewScorer(tab, shared, m, Config{}, nil).Worker()
	count = map[Decision]int{}
	for a := range people {
		for b := a + 1; b < len(people); b++ {
			if people[a].keys != people[b].keys || people[a].name != people[b].name {
				continue
			}
			e := w.Score(blocking.Pair{A: contact.Row(a), B: contact.Row(b)})
			count[e.Decision]++
			if e.Decision == AutoMerge && people[a].born != people[b].born {
				wrongAuto++
			}
		}
	}
	return count, wrongAuto, m
}

// TestMadeUpAddresses wants addresses that are built from names to prove nothing: every namesake has the same. Nobody told the model so.
func TestMadeUpAddresses(t *testing.T) {
	count, _, m := decisions(t, namesakes(true))
	if m.proves[cmpEmail] {
		t.Error("an address that every namesake has proves one person")
	}
	if count[AutoMerge] > 0 {
		t.Errorf("%d pairs were merged automatically on a made-up address", count[AutoMerge])
	}
	if count[Suggest] < 60 || count[NoMatch] < 60 {
		t.Errorf("decisions %v; 80 pairs are one person by name, address, birthdate and city, and many more are namesakes", count)
	}
	level := m.Comparisons[cmpEmail].Levels[emailExact]
	if level.USame < 0.5 {
		t.Errorf("people of one name share their address in %.3f of all cases, want nearly all", level.USame)
	}
}

// TestOwnAddresses is the same table with an address for each: there it proves one person, as everywhere.
func TestOwnAddresses(t *testing.T) {
	count, wrong, m := decisions(t, namesakes(false))
	if !m.proves[cmpEmail] {
		t.Error("an address that nobody else has proves nothing")
	}
	if count[AutoMerge] != 80 || wrong > 0 {
		t.Errorf("decisions %v, %d automatic merges wrong; want all 80 pairs of one name and address merged", count, wrong)
	}
	if level := m.Comparisons[cmpEmail].Levels[emailExact]; level.USame > 0.02 {
		t.Errorf("people of one name share their address in %.3f of all cases, want hardly any", level.USame)
	}
}

// TestSameNamesLearnOnlyFromNames trains without a rule on names alone: what namesakes share is not known then, and nothing is made up.
func TestSameNamesLearnOnlyFromNames(t *testing.T) {
	b := newBench()
	b.pass(blocking.AspectPhone).pairs(500, knownMatches).pairs(500, knownOthers)
	m := b.train()
	m.learnSameNames(b.passes, nil)
	for _, c := range m.Comparisons {
		for _, lv := range c.Levels {
			if lv.USame != 0 {
				t.Errorf("%s, %s: %v learned about people of one name from pairs of one phone", c.Name, lv.Label, lv.USame)
			}
		}
	}
}
