package blocking

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// listRules are rules on single families and one on two.
var listRules = []rule{{uses: AspectEmail}, {uses: AspectPhone}, {uses: AspectName | AspectGiven}, {uses: AspectBirthdate}, {uses: AspectAddress | AspectName}}

// capture draws pairs of which every family agrees with some probability, and returns the pairs that no rule makes.
func capture(c *Recapture, seed uint64, pairs int, agree [numFamilies]float64) (missed int) {
	r := rand.New(rand.NewPCG(seed, 1))
	for range pairs {
		var agrees [numFamilies]bool
		for f := range agrees {
			agrees[f] = r.Float64() < agree[f]
		}
		rules := uint32(0)
		for i, l := range listRules {
			ok := true
			for f := range numFamilies {
				ok = ok && (familiesOf(l.uses)>>f&1 == 0 || agrees[f])
			}
			if ok {
				rules |= 1 << i
			}
		}
		if rules == 0 {
			missed++
			continue
		}
		c.Add(rules, 1)
	}
	return missed
}

// TestRecapture estimates populations of known size.
func TestRecapture(t *testing.T) {
	for _, c := range []struct {
		name  string
		agree [numFamilies]float64
	}{
		{"most are found", [numFamilies]float64{0.8, 0.9, 0.7, 0.5, 0}},
		{"half are found", [numFamilies]float64{0.3, 0.3, 0.3, 0.3, 0}},
		{"two lists", [numFamilies]float64{0.6, 0.5, 0, 0, 0}},
		{"all are found", [numFamilies]float64{1, 1, 0.5, 0.5, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			inside := 0
			for seed := range uint64(40) {
				r := (&Blocks{rules: listRules}).Recapture()
				missed := capture(r, seed, 5000, c.agree)
				got, low, high, ok := r.Estimate()
				if !ok || got < low || got > high {
					t.Fatalf("%g in %g to %g, %v", got, low, high, ok)
				}
				if math.Abs(got-float64(missed)) > 0.2*float64(missed)+20 {
					t.Errorf("estimated %g missed pairs, there are %d", got, missed)
				}
				if low <= float64(missed) && float64(missed) <= high {
					inside++
				}
			}
			if inside < 36 {
				t.Errorf("the range holds the truth %d times of 40", inside)
			}
		})
	}
}

func TestRecaptureCannotTell(t *testing.T) {
	one := (&Blocks{rules: listRules[:2]}).Recapture()
	for range 100 {
		one.Add(3, 1)
	}
	if _, _, _, ok := one.Estimate(); ok {
		t.Error("rules on one family are no two lists")
	}
	all := (&Blocks{rules: []rule{{uses: AspectEmail}, {everybody: true}}}).Recapture()
	all.Add(3, 1)
	if missed, low, high, ok := all.Estimate(); missed != 0 || low != 0 || high != 0 || !ok {
		t.Errorf("all pairs were compared: %g, %g to %g, %v", missed, low, high, ok)
	}
	odd := (&Blocks{rules: listRules}).Recapture()
	for _, p := range []float64{math.NaN(), -1, 0, math.Inf(1)} {
		odd.Add(1, p)
	}
	if l := odd.split(1); l.all != 1 {
		t.Errorf("impossible probabilities count as %g pairs, want 1 for the infinite one", l.all)
	}
}

// TestRecaptureOrder adds the same pairs in other orders and shares.
func TestRecaptureOrder(t *testing.T) {
	type pair struct {
		rules uint32
		p     float64
	}
	rapid.Check(t, func(rt *rapid.T) {
		b := &Blocks{rules: listRules}
		pairs := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) pair {
			return pair{rapid.Uint32Range(1, 31).Draw(rt, "rules"), rapid.Float64Range(0, 1).Draw(rt, "p")}
		}), 0, 200).Draw(rt, "pairs")
		one := b.Recapture()
		for _, p := range pairs {
			one.Add(p.rules, p.p)
		}
		shares := []*Recapture{b.Recapture(), b.Recapture(), b.Recapture()}
		for i, p := range rapid.Permutation(pairs).Draw(rt, "order") {
			shares[i%3].Add(p.rules, p.p)
		}
		shares[2].Merge(shares[0])
		shares[2].Merge(shares[1])
		m1, l1, h1, ok1 := one.Estimate()
		m2, l2, h2, ok2 := shares[2].Estimate()
		if m1 != m2 || l1 != l2 || h1 != h2 || ok1 != ok2 {
			rt.Fatalf("%g, %g to %g, %v in one order and %g, %g to %g, %v in another", m1, l1, h1, ok1, m2, l2, h2, ok2)
		}
	})
}

func TestRecaptureAllocatesNothing(t *testing.T) {
	r := (&Blocks{rules: listRules}).Recapture()
	r.Add(5, 1)
	if n := testing.AllocsPerRun(100, func() { r.Add(5, 0.5) }); n != 0 {
		t.Errorf("%g allocations for a pair", n)
	}
}
