package scoring

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/contactmerge/contactmerge/blocking"
	"github.com/contactmerge/contactmerge/internal/contact"
)

// TestStability has the index by hand, and chance.
func TestStability(t *testing.T) {
	for _, test := range []struct {
		name      string
		then, now []float64
		n, k      float64
		index     float64
		alarming  bool
	}{
		{"the same", []float64{30, 70}, []float64{30, 70}, 100, 100, 0, false},
		{"62 % had it, 8 % have", []float64{62e4, 38e4}, []float64{8e4, 92e4}, 1e6, 1e6, .54*math.Log(.62/.08) + .54*math.Log(.92/.38), true},
		{"60 % and 50 %", []float64{60e4, 40e4}, []float64{50e4, 50e4}, 1e6, 1e6, .1*math.Log(.6/.5) + .1*math.Log(.5/.4), false},
		{"seven of ten and three of ten", []float64{7, 3}, []float64{3, 7}, 10, 10, 2 * (7.5/11 - 3.5/11) * math.Log(7.5/3.5), false},
		{"one outcome", []float64{5, 0}, []float64{9, 0}, 5, 9, 0, false},
		{"nothing then", []float64{0, 0}, []float64{5, 5}, 0, 10, 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			index, alarming := stability(test.then, test.now, test.n, test.k)
			if math.Abs(index-test.index) > 1e-4 || alarming != test.alarming {
				t.Errorf("index %.5f, alarming %v; want %.5f, %v", index, alarming, test.index, test.alarming)
			}
		})
	}
	rapid.Check(t, func(rt *rapid.T) {
		counts := rapid.SliceOfN(rapid.Float64Range(0, 1e6), 4, 4)
		x, y := counts.Draw(rt, "then"), counts.Draw(rt, "now")
		there, _ := stability(x, y, total(x), total(y))
		back, _ := stability(y, x, total(y), total(x))
		if !(there >= 0) || math.Abs(there-back) > 1e-9*max(1, there) {
			rt.Fatalf("index %g there, %g back", there, back)
		}
	})
}

// TestDrift uses a model on other tables.
func TestDrift(t *testing.T) {
	f, _ := trainedFile(t, townsfolk(t, 1000, nil))
	f = throughFile(t, f)
	for _, test := range []struct {
		name   string
		n      int
		change func(i int, p *person)
		want   []string // nil for nothing at all
	}{
		{"the same contacts", 1000, nil, nil},
		{"some of them", 600, nil, nil},
		{
			"hardly any addresses", 1000, func(i int, p *person) {
				if i%20 > 0 {
					p.keys = ""
				}
			},
			[]string{"trained on 1,000 contacts, of which 67 % had an email address; now 3 % (PSI", "67 % had a phone number", "train one on them"},
		},
		{"one plan for nearly all", 1000, func(i int, p *person) { p.custom = "gold" }, []string{`of unrelated contacts, 34 % at training had plan "equal", now 100 %`}},
		{"no duplicates", 1000, func(i int, p *person) {
			if i%5 == 4 {
				*p = named("Solitary", "Person"+strings.Repeat("q", i/5%50)+strings.Repeat("z", i/250))
			}
		}, []string{"likely duplicate pairs per 100 contacts, now"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			table := townsfolk(t, test.n, test.change)
			blocks, err := blocking.Build(table, blocking.Config{}.WithDefaults(), contact.Serial)
			if err != nil {
				t.Fatal(err)
			}
			m, _, err := f.Use(table, Config{})
			if err != nil {
				t.Fatal(err)
			}
			got, err := f.Drift(NewScorer(table, blocking.FindShared(table, 0), m, Config{}, nil), blocks, contact.Serial)
			if err != nil {
				t.Fatal(err)
			}
			all := strings.Join(got, "\n")
			if test.want == nil && all != "" {
				t.Errorf("alarmed by\n%s", all)
			}
			for _, want := range test.want {
				if !strings.Contains(all, want) {
					t.Errorf("no %q in\n%s", want, all)
				}
			}
		})
	}
}

// TestEveryFactHasWords wants no comparison to be told as nothing.
func TestEveryFactHasWords(t *testing.T) {
	for i, c := range fixedComparisons() {
		if !c.Neutral && fact(i, c.Name) == "" {
			t.Errorf("no words for what %s compares", c.Name)
		}
	}
}
