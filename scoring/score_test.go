package scoring

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/contactmerge/contactmerge/blocking"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/pipeline/normalize"
)

// drawPeople draws a table in which values recur, so that every comparison comes out in many ways.
func drawPeople(rt *rapid.T, least, most int) []person {
	pick := func(label, words string) string {
		return rapid.SampledFrom(append(strings.Fields(words), "")).Draw(rt, label)
	}
	one := rapid.Custom(func(rt *rapid.T) person {
		return person{
			name: normalize.NameParts{
				First: pick("first", "Ann Anna Bob Robert R. Wei 伟 Guest"), Last: pick("last", "Okafor Okafro Lind Lind-Okafor Wang 王"), Middle: pick("middle", "Rose Marie R"),
				Suffix: pick("suffix", "Jr Sr"),
			},
			born: pick("born", "19840312 19841203 19840313 19761019"),
			keys: strings.Join(rapid.SliceOfNDistinct(rapid.SampledFrom(strings.Fields(
				"email:ann@x.org>ann@x.org email:ann+a@x.org>ann@x.org/1 email:annokafor@y.org email:annokafor@z.org phone:+12025550100 fixed:+12025550109 phone:+12025550100;ext=1 "+
					"handle:fb:1 handle:fb:2 sso:idp|1 sso:idp|2 nid:t|11111 nid:t|11112 nid:t|99999 cookie:c")), 0, 4, rapid.ID).Draw(rt, "keys"), " "),
			flags:   rapid.SampledFrom([]contact.RowFlags{0, 0, 0, contact.RowVIP, contact.RowBlocked}).Draw(rt, "flags"),
			tenant:  rapid.SampledFrom([]string{"", "", "", "other"}).Draw(rt, "tenant"),
			company: pick("company", "acme acne quill"), street: pick("street", "mainstreet12 mainstret12 oak7"), city: pick("city", "salem sallem leeds"),
			postcode: pick("postcode", "97301 04101"), country: pick("country", "US GB"), gender: pick("gender", "f m"), custom: pick("custom", "gold silver"),
		}
	})
	return rapid.SliceOfN(one, least, most).Draw(rt, "people")
}

// TestScoreProperties scores every pair of random tables.
func TestScoreProperties(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		people := drawPeople(rt, 2, 12)
		w := newWorker(t, people...)
		used := w.s.Worker()
		for a := range contact.Row(len(people)) {
			for b := a + 1; b < contact.Row(len(people)); b++ {
				e := w.Score(blocking.Pair{A: a, B: b, Rules: 1})
				if back := used.Score(blocking.Pair{A: b, B: a, Rules: 1}); back != e {
					rt.Fatalf("score(a,b) and score(b,a) differ: %s", cmp.Diff(e, back))
				}
				if math.IsNaN(float64(e.Weight)) || math.IsInf(float64(e.Weight), 0) {
					rt.Fatalf("weight %v", e.Weight)
				}
				if d, reasons, _ := decide(e.Vector, w.s.model.evidence(e.Vector, w.s.model.total(e.Vector, a, b))); d != e.Decision || reasons != e.Reasons {
					rt.Fatalf("the vector decides %v, the edge says %v", d, e.Decision)
				}
				checkExplanation(rt, w.Explain(b, a, 1, []string{"first"}), e)
			}
		}
	})
}

func checkExplanation(rt *rapid.T, x Explanation, e Edge) {
	sum := x.Prior + x.Relatives
	for _, c := range x.Comparisons {
		sum += c.Weight + c.Frequency
	}
	switch {
	case x.Decision != e.Decision || cmp.Diff(e.Reasons.Names(), x.Reasons) != "":
		rt.Fatalf("explained %v %v, scored %v %v", x.Decision, x.Reasons, e.Decision, e.Reasons.Names())
	case math.Abs(x.Weight-float64(e.Weight)) > 1e-3:
		rt.Fatalf("explained weight %v, scored %v", x.Weight, e.Weight)
	case math.Abs(sum-x.Weight) > 1e-2:
		rt.Fatalf("the parts of the explanation add up to %v, the weight is %v", sum, x.Weight)
	case x.Rung == "" || x.MatchKey != "first" || len(x.Rules) != 1 || x.Probability < 0 || x.Probability > 1:
		rt.Fatalf("explanation is incomplete: %+v", x)
	}
}

// TestExchangedIDs gives two people each other's ids: nothing may depend on who comes first.
func TestExchangedIDs(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		people := drawPeople(rt, 2, 6)
		n := len(people)
		back := make([]person, n)
		for i := range people {
			back[n-1-i] = people[i]
		}
		w, v := newWorker(t, people...), newWorker(t, back...)
		for a := range n {
			for b := a + 1; b < n; b++ {
				x := w.Score(blocking.Pair{A: contact.Row(a), B: contact.Row(b)})
				y := v.Score(blocking.Pair{A: contact.Row(n - 1 - b), B: contact.Row(n - 1 - a)})
				if x.Vector != y.Vector || x.Decision != y.Decision || x.Reasons != y.Reasons || math.Abs(float64(x.Weight-y.Weight)) > 1e-3 {
					rt.Fatalf("%s", cmp.Diff(x, y))
				}
			}
		}
	})
}

// TestDegenerateTables fits and scores tables that have nothing to learn from.
func TestDegenerateTables(t *testing.T) {
	repeat := func(n int, p person) []person {
		out := make([]person, n)
		for i := range out {
			out[i] = p
		}
		return out
	}
	full := person{
		name: normalize.NameParts{First: "Ann", Last: "Okafor"}, born: "19840312", keys: "email:a@x.org phone:+1 cookie:c", company: "acme", street: "main 1", city: "salem",
		postcode: "1", country: "US", gender: "f", custom: "gold",
	}
	for name, people := range map[string][]person{
		"no contact": nil, "one contact": {full}, "two contacts": {full, named("Ben", "Lind")}, "all equal": repeat(300, full), "all null": repeat(300, person{}),
		"constant column": repeat(300, person{company: "acme"}),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorker(t, people...)
			m := w.s.model
			if math.IsNaN(m.Prior) || math.IsInf(m.Prior, 0) || math.IsNaN(m.Threshold) || math.IsInf(m.Threshold, 0) {
				t.Errorf("prior %v, threshold %v", m.Prior, m.Threshold)
			}
			checkWeights(t, m)
			for a := range min(len(people), 5) {
				for b := range a {
					e := w.Score(blocking.Pair{A: contact.Row(a), B: contact.Row(b)})
					if x := float64(e.Weight); math.IsNaN(x) || math.IsInf(x, 0) {
						t.Errorf("weight %v", e.Weight)
					}
				}
			}
		})
	}
}

func checkWeights(t *testing.T, m *Model) {
	t.Helper()
	for i, c := range m.Comparisons {
		if m.weights[i][0] != 0 {
			t.Errorf("%s: the null level weighs %v", c.Name, m.weights[i][0])
		}
		for l, lv := range c.Levels {
			x := m.weights[i][l]
			switch {
			case math.IsNaN(x) || math.IsInf(x, 0):
				t.Errorf("%s, %s: weight %v", c.Name, lv.Label, x)
			case lv.weighs() && !c.Neutral && (lv.U <= 0 || lv.U > 1 || lv.M > 1):
				t.Errorf("%s, %s: m %v, u %v are no probabilities", c.Name, lv.Label, lv.M, lv.U)
			case (!lv.weighs() || c.Neutral) && x != 0:
				t.Errorf("%s, %s: is no evidence and weighs %v", c.Name, lv.Label, x)
			}
		}
	}
}

// TestLevelsAreComplete guards against a level constant without a line in the model: levels are found by position.
func TestLevelsAreComplete(t *testing.T) {
	last := map[int]uint8{
		cmpName: nameDifferent, cmpSuffix: suffixDifferent, cmpEmail: emailDifferent, cmpPhone: phoneDifferent, cmpChannelID: idDifferent, cmpSSO: idDifferent,
		cmpNationalID: idDifferent, cmpCookie: cookieDifferent, cmpBirthdate: birthDifferent, cmpCompany: textDifferent, cmpAddress: addressDifferent,
		cmpCountry: textDifferent, cmpGender: textDifferent, cmpStatus: statusDeclined, cmpIdentified: bothAnonymous,
	}
	cs := fixedComparisons()
	if len(cs) != numFixed || len(last) != numFixed {
		t.Fatalf("%d comparisons in the model, %d in this test, want %d", len(cs), len(last), numFixed)
	}
	for i, c := range cs {
		if len(c.Levels) != int(last[i])+1 {
			t.Errorf("%s has %d levels, want %d", c.Name, len(c.Levels), last[i]+1)
		}
		if len(c.Levels) > maxLevels {
			t.Errorf("%s has more than %d levels", c.Name, maxLevels)
		}
	}
	for _, c := range []struct {
		comparison int
		level      uint8
		label      string
	}{{cmpName, nameApart, "only a given name on one side"}, {cmpName, nameSurname, "given names equal, family names differ"}, {cmpPhone, phoneSwitchboard, "same switchboard"}, {cmpEmail, emailLookAlike, "look-alike"}} {
		if got := cs[c.comparison].Levels[c.level].Label; !strings.Contains(got, c.label) {
			t.Errorf("level %d of %s is labelled %q, want %q", c.level, cs[c.comparison].Name, got, c.label)
		}
	}
}

// crowd is a table with some structure and n contacts.
func crowd(n int) []person {
	given := strings.Fields("Ann Anna Ben Cleo Dov Emre Fay Gus Hal Ida Jon Kai Lea Max Nia Ola Pia Rex Sam Tia")
	family := strings.Fields("Okafor Lind Wang Garcia Novak Silva Haddad Berg Moreau Kim Sato Rossi Adler Brandt Quist")
	out := make([]person, n)
	for i := range out {
		out[i] = person{
			name: normalize.NameParts{First: given[i*7%len(given)], Last: family[i*11%len(family)], Middle: given[i*3%len(given)]},
			born: fmt.Sprint(19500101 + i%50*10000 + i%9*100 + i%28), company: fmt.Sprint("company ", i%37), street: fmt.Sprint("street ", i%211),
			city: fmt.Sprint("city ", i%29), postcode: fmt.Sprint(10000 + i%97), country: "US", custom: fmt.Sprint(i % 13),
			keys: fmt.Sprintf("email:person%d@x%d.org phone:+1202555%04d cookie:c%d nid:t|%07d handle:fb:%d", i/2, i%3, i/3, i/5, i/5*31, i),
		}
	}
	return out
}

func TestFitIsDeterministic(t *testing.T) {
	tab := newTable(t, crowd(1200)...)
	shared := blocking.FindShared(tab, 0)
	cfg := Config{SamplePairs: 20_000}
	a, b := fit(t, tab, shared, cfg), fit(t, tab, shared, cfg)
	if a.Fingerprint() != b.Fingerprint() || a.Fingerprint() == "" {
		t.Errorf("two fits of one table: %q and %q", a.Fingerprint(), b.Fingerprint())
	}
	checkWeights(t, a)
	if c := fit(t, tab, shared, Config{SamplePairs: 20_000, Seed: 2}); c.Fingerprint() == a.Fingerprint() {
		t.Error("another seed draws the same sample")
	}
	// What unrelated contacts share all the time is no evidence; what they never share is strong evidence.
	country, mail := a.weights[cmpCountry][textEqual], a.weights[cmpEmail][emailExact]
	if country > 0.1 || mail < 10 {
		t.Errorf("the same country weighs %.1f and the same email %.1f", country, mail)
	}
}

func TestRareNamesWeighMore(t *testing.T) {
	people := []person{named("Zebulon", "Quist"), named("Zebulon", "Quist")}
	for range 800 {
		people = append(people, named("Ann", "Lind"))
	}
	for _, p := range crowd(4000) {
		people = append(people, named(p.name.First, p.name.Last))
	}
	w := newWorker(t, people...)
	rare, common := w.Score(blocking.Pair{A: 0, B: 1}), w.Score(blocking.Pair{A: 2, B: 3})
	if rare.Weight <= common.Weight+3 {
		t.Errorf("a rare name weighs %.1f, a common one %.1f", rare.Weight, common.Weight)
	}
}

func TestProbability(t *testing.T) {
	for _, p := range []float64{1e-12, 0.05, 0.5, 0.95, 1 - 1e-9} {
		if got := Probability(WeightOf(p)); math.Abs(got-p) > 1e-12 {
			t.Errorf("Probability(WeightOf(%v)) = %v", p, got)
		}
	}
	for w, want := range map[float64]float64{-1e6: 0, 1e6: 1, 0: 0.5} {
		if got := Probability(w); got != want {
			t.Errorf("Probability(%v) = %v, want %v", w, got, want)
		}
	}
}

func TestConfigValidate(t *testing.T) {
	if errs := (Config{}).Validate(); len(errs) != 0 {
		t.Errorf("the zero value is refused: %v", errs)
	}
	if errs := (Config{Threshold: 1, SamplePairs: -1}).Validate(); len(errs) != 2 {
		t.Errorf("got %v, want two problems", errs)
	}
}

func TestDeclinedPairs(t *testing.T) {
	tab := newTable(t, named("Ann", "Okafor").with("email:a@x.org"), named("Ann", "Okafor").with("email:a@x.org"))
	shared := blocking.FindShared(tab, 0)
	w := NewScorer(tab, shared, fit(t, tab, shared, Config{}), Config{}, [][2]contact.Row{{1, 0}}).Worker()
	if e := w.Score(blocking.Pair{A: 0, B: 1}); e.Decision != NoMatch || !e.Reasons.Has(NotDuplicates) {
		t.Errorf("a declined pair was decided %v %v", e.Decision, e.Reasons.Names())
	}
	if veto, _, _, _ := w.Against(0, 1); !veto.Has(NotDuplicates) {
		t.Error("a declined pair may be in one cluster")
	}
}

// TestScoreHardlyAllocates pins what makes scoring fast. Caches are warm, as they are for the values that recur in a block.
func TestScoreHardlyAllocates(t *testing.T) {
	w := newWorker(t, crowd(60)...)
	var pairs []blocking.Pair
	for a := range contact.Row(60) {
		for b := a + 1; b < 60; b++ {
			pairs = append(pairs, blocking.Pair{A: a, B: b})
		}
	}
	score := func() {
		for _, p := range pairs {
			w.Score(p)
		}
	}
	score()
	// The caches forget: two value pairs that fall into one slot are compared again and again.
	if n := testing.AllocsPerRun(3, score); n > float64(len(pairs))/5 {
		t.Errorf("scoring %d pairs allocates %v times", len(pairs), n)
	}
}

func BenchmarkScore(b *testing.B) {
	w := newWorker(b, crowd(2000)...)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		w.Score(blocking.Pair{A: contact.Row(n % 2000), B: contact.Row(n * 7919 % 1999)})
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "pairs/s")
}

func BenchmarkFit(b *testing.B) {
	tab := newTable(b, crowd(5000)...)
	shared := blocking.FindShared(tab, 0)
	b.ReportAllocs()
	for b.Loop() {
		fit(b, tab, shared, Config{SamplePairs: 50_000})
	}
}
