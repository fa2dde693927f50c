package blocking

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// population draws persons with one to three records each, whose phone, names, birthdate and postcode are each missing or wrong at times. It
// returns the true pairs.
func population(tb testing.TB, persons int, seed uint64) (*contact.Table, map[[2]contact.Row]bool) {
	r := rand.New(rand.NewPCG(seed, 7))
	word := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = "abcdefghijklmnopqrstuvwxyz"[r.IntN(26)]
		}
		return string(b)
	}
	family := make([]string, 300)
	for i := range family {
		family[i] = word(7)
	}
	var guests []guest
	truth := map[[2]contact.Row]bool{}
	for p := range persons {
		given, name, born, code := family[r.IntN(100)]+"a", family[r.IntN(300)], 19400101+r.IntN(60)*10000+r.IntN(12)*100+r.IntN(28), fmt.Sprint(r.IntN(200))
		from := len(guests)
		for range 1 + r.IntN(3) {
			g := named(given, name)
			if r.IntN(4) == 0 {
				g = named(given, word(7))
			}
			if r.IntN(3) > 0 {
				g.born = born
			}
			if r.IntN(3) > 0 {
				g.cols[contact.ColPostcode] = code
			}
			if r.IntN(2) == 0 {
				g.keys = fmt.Sprint("phone:", p)
			}
			// A column that says nothing: ten values at random.
			g.cols[contact.ColCity] = fmt.Sprint("city", r.IntN(10))
			guests = append(guests, g)
		}
		for i := from; i < len(guests); i++ {
			for k := from; k < i; k++ {
				truth[[2]contact.Row{contact.Row(k), contact.Row(i)}] = true
			}
		}
	}
	return newTable(tb, guests...), truth
}

// TestChosenRulesFindPairs wants most true pairs at a small part of the cost of all pairs, by rules chosen in the whole table or in a part.
func TestChosenRulesFindPairs(t *testing.T) {
	tab, truth := population(t, 3000, 1)
	for _, every := range []int64{1, 3} {
		b, err := buildFrom(tab, Config{PairsPerContact: 40, SmallPairs: -1}, contact.Serial, every)
		if err != nil {
			t.Fatal(err)
		}
		pairs, _ := collect(b, 1<<15)
		found := 0
		for _, p := range pairs {
			if truth[[2]contact.Row{p.A, p.B}] {
				found++
			}
		}
		if share := float64(found) / float64(len(truth)); share < 0.88 { // one in ten has nothing in common but a given name
			t.Errorf("one in %d: %d pairs of rules %v hold %.3f of the true pairs", every, len(pairs), b.RuleNames(), share)
		}
		if n := b.Forecast(); n > int64(40*tab.Len()) {
			t.Errorf("one in %d: %d pairs of %d contacts", every, n, tab.Len())
		}
	}
}

// TestSmallBudget spends the little there is on what finds most.
func TestSmallBudget(t *testing.T) {
	tab, truth := population(t, 3000, 2)
	b := build(t, tab, Config{PairsPerContact: 10, SmallPairs: -1})
	pairs, _ := collect(b, 1<<15)
	found := 0
	for _, p := range pairs {
		if truth[[2]contact.Row{p.A, p.B}] {
			found++
		}
	}
	if share := float64(found) / float64(len(truth)); share < 0.8 {
		t.Errorf("%d pairs of rules %v hold %.3f of the true pairs", len(pairs), b.RuleNames(), share)
	}
}

// TestSampledBuild wants what holds for all blocks to hold for those chosen by a sample.
func TestSampledBuild(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		tab := newTable(t, drawGuests(rt, 150)...)
		cfg := Config{PairsPerContact: rapid.IntRange(1, 30).Draw(rt, "budget"), SmallPairs: -1}
		every := rapid.Int64Range(1, 6).Draw(rt, "every")
		b, err := buildFrom(tab, cfg, contact.Serial, every)
		if err != nil {
			rt.Fatal(err)
		}
		if n := b.Forecast(); n > int64(cfg.PairsPerContact*tab.Len()) || len(b.rules) > maxRules {
			rt.Fatalf("%d pairs of %d contacts by %d rules", n, tab.Len(), len(b.rules))
		}
		possible := expected(tab, b, func(rule) int { return 1 << 30 })
		pairs, _ := collect(b, 50)
		for _, p := range pairs {
			if p.Rules == 0 || p.Rules&^possible[[2]contact.Row{p.A, p.B}] != 0 {
				rt.Fatalf("pair %+v, shared keys %b", p, possible[[2]contact.Row{p.A, p.B}])
			}
		}
	})
}

// TestManyColumns has more rules worth having than can be numbered.
func TestManyColumns(t *testing.T) {
	var guests []guest
	for i := range 400 {
		p := i / 2
		g := named(fmt.Sprint(string(rune('a'+p%23)), "n", p%67), fmt.Sprint(string(rune('a'+p%19)), "f", p%71)).with(fmt.Sprintf("email:person.%d@x.org phone:+4930%d national:30%d", p, 100000+p, 100000+p))
		for c, n := range map[contact.Col]int{contact.ColPostcode: 80, contact.ColCompany: 60, contact.ColCity: 30, contact.ColStreet: 90} {
			g.cols[c] = fmt.Sprint(p%7, " value ", p%n)
		}
		g.born, g.own = 19500101+p%50*10000, fmt.Sprint("o", p)
		guests = append(guests, g)
	}
	for _, cfg := range []Config{{}, {SmallPairs: -1}} {
		b := build(t, newTable(t, guests...), cfg)
		if len(b.rules) > maxRules || cfg.SmallPairs == 0 && len(b.rules) != maxRules {
			t.Errorf("%d rules: %v", len(b.rules), b.RuleNames())
		}
		if cfg.SmallPairs == 0 && b.rules[len(b.rules)-1].name != "all_pairs" {
			t.Errorf("a small table is not compared in full: %v", b.RuleNames())
		}
		for i, name := range b.RuleNames() {
			if b.rules[i].identity != (i < 3) {
				t.Errorf("rule %d is %s; identities come first", i, name)
			}
		}
	}
}
