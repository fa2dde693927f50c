package report

import (
	"math"
	"strings"
	"testing"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/scoring"
)

func TestLearned(t *testing.T) {
	o, _ := fixture(t)
	v := newLearned(o)
	if len(v.Groups) != len(model) {
		t.Fatalf("%d comparisons are drawn, want %d: the one nobody has a value for and the neutral one are not", len(v.Groups), len(model))
	}
	if want := "No pair that was found has these on both sides: channel id."; v.Unseen != want {
		t.Errorf("left out: %q, want %q", v.Unseen, want)
	}
	if v.Prior.Weight != "−13.2" || v.Prior.X+v.Prior.W-v.ZeroX > 0.01 {
		t.Errorf("the prior is drawn as %+v, zero is at %v", v.Prior, v.ZeroX)
	}
	for i, g := range v.Groups {
		if len(g.Levels) != 3 {
			t.Errorf("%s has %d levels, want 3: the null level weighs nothing", g.Name, len(g.Levels))
		}
		for l, level := range g.Levels {
			w := modelWeight(i, uint8(l+1))
			if level.Weight != signed(w) {
				t.Errorf("%s, %s weighs %s, want %s", g.Name, level.Name, level.Weight, signed(w))
			}
			if right := level.X >= v.ZeroX-0.01; right != (w > 0) {
				t.Errorf("%s, %s: the bar of %s stands on the wrong side of zero", g.Name, level.Name, level.Weight)
			}
			if (level.MW > level.UW) != (w > 0) {
				t.Errorf("%s, %s: m is drawn %v long, u %v, at weight %s", g.Name, level.Name, level.MW, level.UW, level.Weight)
			}
		}
	}
	for _, g := range v.Groups {
		for _, level := range g.Levels {
			if want := level.Name == "day and month swapped"; level.Starting != want {
				t.Errorf("%s, %s is marked as a starting value: %v", g.Name, level.Name, level.Starting)
			}
		}
	}
	if !strings.HasPrefix(v.Fixed, "Results that too few pairs") {
		t.Errorf("of starting values, the page says %q", v.Fixed)
	}
	// First name, equal: 4 of the 12 edges have level 1 there.
	if got := v.Groups[0].Levels[0].Found; got != "4" {
		t.Errorf("%s found pairs have equal first names, want 4", got)
	}
	// u of an equal email is 1 in 10,000: four powers of ten below 1, on an axis of four.
	if got := v.Groups[2].Levels[0].UW; got != 0.6 {
		t.Errorf("the smallest chance is drawn %v long, want the least length", got)
	}
}

func TestLearnedWithoutModel(t *testing.T) {
	if newLearned(&cluster.Outcome{}) != nil || newLearned(&cluster.Outcome{Model: &scoring.Model{}}) != nil {
		t.Error("a model that is not there is drawn")
	}
	m := &scoring.Model{Comparisons: []scoring.Comparison{{Name: "x", Levels: []scoring.Level{{}, {Label: "equal", M: 1}, {Label: "nothing to compare", U: .5}}}}}
	v := newLearned(&cluster.Outcome{Model: m})
	if len(v.Groups) != 1 || len(v.Groups[0].Levels) != 1 {
		t.Fatalf("without pairs, groups are %+v: want the comparison with its one level that weighs", v.Groups)
	}
	l := v.Groups[0].Levels[0]
	if l.U != "never" || math.IsInf(float64(l.X), 0) || math.IsNaN(float64(l.W)) || !strings.HasPrefix(l.Weight, "+29.") {
		t.Errorf("a u of zero is drawn as %+v", l)
	}
}

func TestNothingTrained(t *testing.T) {
	o, _ := fixture(t)
	for _, c := range o.Model.Comparisons {
		for l := range c.Levels {
			c.Levels[l].Matches = 0
		}
	}
	v := newLearned(o)
	if !strings.HasPrefix(v.Fixed, "The pairs at hand were too few") || v.Groups[0].Levels[0].Starting {
		t.Errorf("of a model that learned nothing the page says %q, and marks %v", v.Fixed, v.Groups[0].Levels[0].Starting)
	}
	for i := range v.Groups {
		for l := range v.Groups[i].Levels {
			v.Groups[i].Levels[l].Starting = false
		}
	}
	if got := markStarting(v.Groups); got != "" {
		t.Errorf("of a model that learned everything the page says %q", got)
	}
}

func TestScaleTicks(t *testing.T) {
	s := scales{floor: -9, lo: -15, hi: 31}
	var texts []string
	for _, m := range append(s.chanceTicks(), s.weightTicks()...) {
		texts = append(texts, m.Text)
		if m.X < 0 || m.X > 100 {
			t.Errorf("tick %s stands at %v", m.Text, m.X)
		}
	}
	if got, want := strings.Join(texts, " | "), "1:1 bn | 1:1 m | 1:1,000 | 100% | −10 | 0 | 10 | 20"; got != want {
		t.Errorf("ticks %s, want %s", got, want)
	}
}
