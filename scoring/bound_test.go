package scoring

import (
	"testing"

	"github.com/xrash/smetrics"
	"pgregory.net/rapid"
)

// TestBounds checks that the bounds never give another answer than the measures they spare.
func TestBounds(t *testing.T) {
	text := rapid.StringMatching(`[a-e0-3 .@]{0,14}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := text.Draw(t, "a"), text.Draw(t, "b")
		if rapid.Bool().Draw(t, "alike") && len(a) > 2 {
			b = a[:len(a)/2] + b
		}
		limit := rapid.SampledFrom([]float64{0.8, 0.86, 0.9}).Draw(t, "limit")
		x, y := min(a, b), max(a, b)
		if got, want := jaroWinklerAt(a, b, limit), a != "" && b != "" && smetrics.JaroWinkler(x, y, 0.7, 4) >= limit; got != want {
			t.Errorf("%q and %q reach %v: %v, want %v", a, b, limit, got, want)
		}
		if d := smetrics.WagnerFischer(a, b, 1, 1, 1); tooFar(a, b, d) {
			t.Errorf("%q and %q are %d edits apart, and said to be further", a, b, d)
		}
	})
}
