package scoring

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/contactmerge/contactmerge/blocking"
	"github.com/contactmerge/contactmerge/internal/contact"
)

// odds are the probabilities of the levels of some comparisons; what is not listed is not there to be compared.
type odds map[int][]share

type share struct {
	level uint8
	p     float64
}

// knownMatches is how the matches of the tests agree: not as the starting values say.
var knownMatches = odds{
	cmpName:      {{nameEqual, 0.35}, {nameTypo, 0.4}, {nameNickname, 0.2}, {nameSurname, 0.05}},
	cmpEmail:     {{emailExact, 0.3}, {emailNear, 0.2}, {emailDifferent, 0.5}},
	cmpPhone:     {{phoneExact, 0.6}, {phoneNear, 0.1}, {phoneDifferent, 0.3}},
	cmpBirthdate: {{birthEqual, 0.6}, {birthTypo, 0.3}, {birthDifferent, 0.1}},
	cmpAddress:   {{addressSame, 0.4}, {addressSimilar, 0.3}, {addressDifferent, 0.3}},
}

// knownRelatives share a roof and a phone, and are two people.
var knownRelatives = odds{
	cmpName:      {{nameGiven, 0.85}, {nameDifferent, 0.15}},
	cmpEmail:     {{emailDifferent, 1}},
	cmpPhone:     {{phoneExact, 0.2}, {phoneExactNamed, 0.6}, {phoneDifferent, 0.2}},
	cmpBirthdate: {{birthSameYear, 0.05}, {birthDifferent, 0.95}},
	cmpAddress:   {{addressSame, 0.9}, {addressSimilar, 0.1}},
}

var knownOthers = odds{
	cmpName:      {{nameEqual, 0.001}, {nameSurname, 0.009}, {nameGiven, 0.01}, {nameDifferent, 0.98}},
	cmpEmail:     {{emailDifferent, 1}},
	cmpPhone:     {{phoneNear, 0.001}, {phoneDifferent, 0.999}},
	cmpBirthdate: {{birthSameYear, 0.02}, {birthDifferent, 0.98}},
	cmpAddress:   {{addressCity, 0.05}, {addressDifferent, 0.95}},
}

// bench draws pairs whose class is known, and trains a model with them.
type bench struct {
	m      *Model
	rng    *rand.Rand
	passes []pass
	counts map[vectorKey]int64
}

func newBench() *bench {
	m := &Model{Comparisons: fixedComparisons(), Threshold: WeightOf(0.95), Prior: -12, Relatives: -13}
	m.startRelatives()
	m.finish()
	return &bench{m: m, rng: rand.New(rand.NewPCG(3, 4)), counts: map[vectorKey]int64{}}
}

// pass starts a pass of pairs that agree on some facts by construction.
func (b *bench) pass(uses blocking.Aspects) *bench {
	p := pass{uses: uses, lambda: 0.1, related: 0.05}
	for i, c := range b.m.Comparisons {
		p.learns[i] = !c.Neutral && own[i]&uses == 0
		p.shows[i] = p.learns[i] && entangled[i]&uses == 0
	}
	b.passes = append(b.passes, p)
	return b
}

// pairs adds n pairs of a class to the last pass.
func (b *bench) pairs(n int, class odds) *bench {
	for range n {
		k := vectorKey{passes: 1 << (len(b.passes) - 1)}
		for i := range numFixed {
			x := b.rng.Float64()
			for _, s := range class[i] {
				if x -= s.p; x < 0 {
					k.v[i] = s.level
					break
				}
			}
		}
		b.counts[k]++
	}
	return b
}

func (b *bench) train() *Model {
	counts := (&tallyVectors{counts: b.counts}).sorted()
	for k := range b.passes {
		b.passes[k].index(k, counts)
	}
	b.m.expectMaximize(b.passes, counts)
	return b.m
}

// checkM compares what was learned of a comparison with the truth.
func checkM(t *testing.T, m *Model, comparison int, want []share, within float64) {
	t.Helper()
	c := m.Comparisons[comparison]
	for _, s := range want {
		if got := c.Levels[s.level].M; math.Abs(got-s.p) > within {
			t.Errorf("%s, %s: m %.3f, want %.2f within %.2f", c.Name, c.Levels[s.level].Label, got, s.p, within)
		}
	}
}

// TestEMRecoversMatches draws pairs of a known mixture and wants it back, from starting values that are far off.
func TestEMRecoversMatches(t *testing.T) {
	b := newBench()
	b.pass(blocking.AspectBirthdate).pairs(2000, knownMatches).pairs(600, knownRelatives).pairs(3000, knownOthers)
	b.pass(blocking.AspectEmail).pairs(2000, knownMatches).pairs(300, knownRelatives).pairs(2000, knownOthers)
	b.pass(blocking.AspectPhone).pairs(2000, knownMatches).pairs(1500, knownRelatives).pairs(1000, knownOthers)
	m := b.train()
	for comparison, want := range knownMatches {
		checkM(t, m, comparison, want, 0.06)
	}
	for k, want := range []float64{2000.0 / 5600, 2000.0 / 4300, 2000.0 / 4500} {
		if got := b.passes[k].lambda; math.Abs(got-want) > 0.08 {
			t.Errorf("pass %d: share of matches %.3f, want %.2f", k, got, want)
		}
	}
	checkWeights(t, m)
}

// TestBlockedComparisonsAreNotTaught trains with pairs that all have one email address: they cannot teach how often matches have it.
func TestBlockedComparisonsAreNotTaught(t *testing.T) {
	start, _ := newBench().m.starts()
	b := newBench()
	m := b.pass(blocking.AspectEmail).pairs(3000, knownMatches).pairs(3000, knownOthers).train()
	for l, lv := range m.Comparisons[cmpEmail].Levels {
		if lv.trained() || math.Abs(lv.M-start[cmpEmail][l]) > 1e-9 {
			t.Errorf("email, %s: m %.4f from %.1f matches, want its start %.4f", lv.Label, lv.M, lv.Matches, start[cmpEmail][l])
		}
	}
	for _, i := range []int{cmpName, cmpPhone, cmpBirthdate, cmpAddress} {
		if lv := m.Comparisons[i].Levels[knownMatches[i][0].level]; !lv.trained() {
			t.Errorf("%s, %s: not learned, although the pass says nothing about it", m.Comparisons[i].Name, lv.Label)
		}
	}
}

// TestPassesSpareWhatTheyUse reads the passes off the blocking rules of a table: none learns a fact that one of its rules rests on.
func TestPassesSpareWhatTheyUse(t *testing.T) {
	tab := newTable(t, crowd(400)...)
	blocks := blocksOf(t, tab)
	m := fit(t, tab, blocking.FindShared(tab, 0), Config{})
	passes := m.passesOf(blocks)
	if len(passes) < 4 {
		t.Fatalf("%d passes, want several: the table has columns of many kinds", len(passes))
	}
	learned := map[int]bool{}
	for k := range passes {
		p := &passes[k]
		for _, r := range p.rules {
			uses := blocks.Uses(r)
			for i := range m.Comparisons {
				if i < numFixed && p.learns[i] && own[i]&uses != 0 || i >= numFixed && p.learns[i] && blocking.AspectCustom(m.generic[i-numFixed])&uses != 0 {
					t.Errorf("rule %s teaches %s, which it rests on", blocks.RuleNames()[r], m.Comparisons[i].Name)
				}
				learned[i] = learned[i] || p.learns[i]
			}
		}
	}
	for i, c := range m.Comparisons {
		if !c.Neutral && !learned[i] {
			t.Errorf("no pass teaches %s", c.Name)
		}
	}
}

// TestNothingConfirmsItself gives the model pairs that agree on one thing alone. That is no proof that matches agree on it.
func TestNothingConfirmsItself(t *testing.T) {
	alone := odds{cmpNationalID: {{idExact, 1}}}
	others := odds{cmpName: knownOthers[cmpName], cmpEmail: knownOthers[cmpEmail], cmpNationalID: {{idDifferent, 1}}}
	confirmed := odds{cmpName: {{nameEqual, 1}}, cmpEmail: {{emailExact, 1}}, cmpNationalID: {{idExact, 1}}}

	m := newBench().pass(blocking.AspectBirthdate).pairs(150, alone).pairs(6000, others).train()
	if lv := m.Comparisons[cmpNationalID].Levels[idExact]; lv.trained() {
		t.Errorf("%.1f pairs that share nothing but an ID number taught that matches share it", lv.Matches)
	}
	m = newBench().pass(blocking.AspectBirthdate).pairs(150, confirmed).pairs(6000, others).train()
	if lv := m.Comparisons[cmpNationalID].Levels[idExact]; !lv.trained() {
		t.Error("pairs that share name, email and ID number did not teach that matches share it")
	}
}

// TestFewMatchesCountLittle adds a pass with hardly a match in it, and another kind of likeness besides.
func TestFewMatchesCountLittle(t *testing.T) {
	strange := odds{cmpName: {{nameEqual, 1}}, cmpEmail: {{emailDifferent, 1}}, cmpPhone: {{phoneExact, 1}}, cmpAddress: {{addressSame, 1}}}
	b := newBench()
	b.pass(blocking.AspectEmail).pairs(2000, knownMatches).pairs(2000, knownOthers)
	b.pass(blocking.AspectBirthdate).pairs(1000, strange).pairs(99_000, knownOthers)
	m := b.train()
	for _, i := range []int{cmpName, cmpPhone, cmpAddress} {
		checkM(t, m, i, knownMatches[i], 0.06)
	}
}

// TestTrainingRepeats wants the same model to the last digit: whoever counts the pairs, and whatever the contacts are called.
func TestTrainingRepeats(t *testing.T) {
	people := crowd(200)
	first := trained(t, people, contact.Serial)
	if got := trained(t, people, eightAtOnce).Fingerprint(); got != first.Fingerprint() {
		t.Errorf("8 workers train %s, one trains %s", got, first.Fingerprint())
	}
	mixed := slices.Clone(people)
	rand.New(rand.NewPCG(5, 6)).Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	if diff := cmp.Diff(first.Comparisons, trained(t, mixed, contact.Serial).Comparisons); diff != "" {
		t.Errorf("the order of the contacts matters (-want +got):\n%s", diff)
	}
}

// trained is Fit with candidate pairs.
func trained(tb testing.TB, people []person, run contact.Parallel) *Model {
	tb.Helper()
	tab := newTable(tb, people...)
	m, err := Fit(tab, blocking.FindShared(tab, 0), blocksOf(tb, tab), Config{}, run)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func blocksOf(tb testing.TB, tab *contact.Table) *blocking.Blocks {
	tb.Helper()
	blocks, err := blocking.Build(tab, blocking.Config{}, contact.Serial)
	if err != nil {
		tb.Fatal(err)
	}
	return blocks
}

// eightAtOnce is a contact.Parallel with eight workers; the tasks are dealt out, so that each worker has some.
func eightAtOnce(n int, do func(i int) error) error {
	const workers = 8
	errs := make([]error, workers)
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			for i := w; i < n && errs[w] == nil; i += workers {
				errs[w] = do(i)
			}
		})
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// TestEveryLevelWeighs trains on random small tables: no number of the model may be infinite or none at all, and what was learned are
// probabilities.
func TestEveryLevelWeighs(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := trained(t, drawPeople(rt, 1, 10), contact.Serial)
		finite := func(what string, x float64) {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				rt.Fatalf("%s is %v", what, x)
			}
		}
		finite("the prior", m.Prior)
		finite("the prior of relatives", m.Relatives)
		for i, c := range m.Comparisons {
			var sumM, sumU float64
			for l, lv := range c.Levels {
				what := c.Name + ", " + lv.Label
				finite(what+": weight", m.weights[i][l])
				finite(what+": kinship", m.kinship[i][l])
				for r := range m.given {
					finite(what+": weight given the names", m.given[r][i][l])
				}
				for _, p := range []float64{lv.M, lv.U, lv.H, lv.USame, lv.UPart} {
					if !(p >= 0 && p <= 1) {
						rt.Fatalf("%s: %v is no probability", what, p)
					}
				}
				if lv.weighs() && !c.Neutral && lv.U == 0 {
					rt.Fatalf("%s: weighs, and has no u", what)
				}
				if lv.weighs() {
					sumM, sumU = sumM+lv.M, sumU+lv.U
				}
			}
			if sumM > 1.02 || sumU > 1.02 {
				rt.Fatalf("%s: m adds up to %v, u to %v", c.Name, sumM, sumU)
			}
		}
		if m.Fingerprint() == "" {
			rt.Fatal("the model cannot be written")
		}
	})
}
