package report

import (
	"math"
	"strings"
	"testing"

	"github.com/contactmerge/contactmerge/scoring"
)

// TestWeightAddsUp: what is shown of a pair leads from the starting point to its match weight, with what relatives take off.
func TestWeightAddsUp(t *testing.T) {
	x := scoring.Explanation{
		A: "1", B: "2", Decision: scoring.Suggest, Prior: -10, Relatives: -4.5, Weight: 3,
		Comparisons: []scoring.ComparisonResult{
			{Comparison: "name", Level: "equal", M: 0.5, U: 0.001, Weight: 9, Frequency: 1.5},
			{Comparison: "phone", Level: "same number", M: 0.5, U: 0.01, Weight: 7},
		},
	}
	for _, c := range []struct {
		name      string
		relatives float64
		steps     int
	}{{"with relatives", -4.5, 6}, {"without", 0, 5}} {
		t.Run(c.name, func(t *testing.T) {
			x := x
			x.Weight, x.Relatives = x.Weight-x.Relatives+c.relatives, c.relatives
			f := cascade(x, 2)
			if len(f.Steps) != c.steps {
				t.Fatalf("%d steps, want %d", len(f.Steps), c.steps)
			}
			last, sum := f.Steps[len(f.Steps)-2], f.Steps[len(f.Steps)-1]
			if math.Abs(float64(last.EndX-sum.EndX)) > 0.01 {
				t.Errorf("the last step ends at %v, the match weight stands at %v", last.EndX, sum.EndX)
			}
			for _, s := range f.Steps {
				if s.X < 0 || s.X+s.W > 100 {
					t.Errorf("step %s leaves the figure: from %v, %v wide", s.Name, s.X, s.W)
				}
			}
			var b strings.Builder
			if err := ExplainText(&b, x); err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(b.String(), "relatives "); got != (c.relatives != 0) {
				t.Errorf("relatives are told: %v\n%s", got, b.String())
			}
		})
	}
}
