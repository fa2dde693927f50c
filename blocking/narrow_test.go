package blocking

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// TestLimited leaves blocks out by size, drawn for every rule: the pairs of the other blocks come once each, with all rules that make them,
// and every pair that is not compared is counted.
func TestLimited(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		whole := build(t, newTable(t, drawGuests(rt, 150)...), Config{PairsPerContact: 1 << 20, SmallPairs: -1})
		var limits [maxRules]int
		for r := range whole.rules {
			limits[r] = rapid.IntRange(0, classes).Draw(rt, "limit")
		}
		kept := func(p Pair) (yes bool) {
			whole.each(p.A, p.B, func(n uint32) { yes = yes || whole.at(n).class() < limits[n>>ruleShift] })
			return yes
		}
		want, got := map[Pair]bool{}, map[Pair]bool{}
		pairs, _ := collect(whole, 50)
		for _, p := range pairs {
			if kept(p) {
				want[p] = true
			}
		}
		b := whole.limited(limits)
		pairs, _ = collect(b, 50)
		for _, p := range pairs {
			if got[p] || !want[p] || b.Rules(p.A, p.B) != p.Rules {
				rt.Fatalf("pair %+v comes twice, or is none, or is explained by %b", p, b.Rules(p.A, p.B))
			}
			got[p] = true
		}
		if len(got) != len(want) {
			rt.Fatalf("%d pairs, want %d", len(got), len(want))
		}
		before := whole.Stats(nil)
		for i, s := range b.Stats(nil) {
			if s.Pairs+s.SkippedPairs != before[i].Pairs+before[i].SkippedPairs {
				rt.Fatalf("%d and %d pairs, before %d and %d", s.Pairs, s.SkippedPairs, before[i].Pairs, before[i].SkippedPairs)
			}
		}
	})
}

// verdicts are all pairs of blocks, found or not.
func verdicts(b *Blocks, found func(Pair) bool) []Verdict {
	pairs, _ := collect(b, 1<<15)
	out := make([]Verdict, len(pairs))
	for i, p := range pairs {
		out[i] = Verdict{Pair: p, Found: found(p)}
	}
	return out
}

// TestNarrow wants what finds nothing to go, and what is found to stay.
func TestNarrow(t *testing.T) {
	tab, truth := population(t, 6000, 3)
	whole := build(t, tab, Config{PairsPerContact: 40, SmallPairs: -1})
	right := func(p Pair) bool { return truth[[2]contact.Row{p.A, p.B}] }
	all := verdicts(whole, right)
	count := func(vs []Verdict) (found int) {
		for _, v := range vs {
			if v.Found {
				found++
			}
		}
		return found
	}
	narrow := func(every int) []Verdict {
		var sample []Verdict
		for i := 0; i < len(all); i += every {
			sample = append(sample, all[i])
		}
		return verdicts(whole.Narrow(sample), right)
	}
	for _, every := range []int{1, 4} {
		left := narrow(every)
		if len(left) > len(all)/2 || count(left) < count(all)*995/1000 {
			t.Errorf("by one pair in %d, %d pairs of %d are left, which find %d of %d", every, len(left), len(all), count(left), count(all))
		}
	}
	if left := narrow(len(all)); len(left) != len(all) {
		t.Errorf("by one pair, %d of %d are left: it says nothing", len(left), len(all))
	}
}

// TestNarrowKeepsIdentities wants identities to be compared whatever came of them.
func TestNarrowKeepsIdentities(t *testing.T) {
	tab, _ := population(t, 6000, 4)
	whole := build(t, tab, Config{PairsPerContact: 40, SmallPairs: -1})
	b := whole.Narrow(verdicts(whole, func(Pair) bool { return false }))
	for i, s := range b.Stats(nil) {
		if before := whole.Stats(nil)[i]; whole.rules[i].identity && s.Pairs != before.Pairs {
			t.Errorf("rule %s makes %d pairs, before %d", s.Rule, s.Pairs, before.Pairs)
		}
	}
	if b.Forecast() > whole.Forecast()/2 {
		t.Errorf("%d pairs of %d are left, of which none is worth it", b.Forecast(), whole.Forecast())
	}
}
