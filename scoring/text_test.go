package scoring

import (
	"math"
	"testing"

	"github.com/xrash/smetrics"
	"pgregory.net/rapid"
)

// levenshtein is the textbook definition, against which the library is checked.
func levenshtein(a, b string) int {
	switch {
	case a == "":
		return len(b)
	case b == "":
		return len(a)
	case a[0] == b[0]:
		return levenshtein(a[1:], b[1:])
	}
	return 1 + min(levenshtein(a[1:], b), levenshtein(a, b[1:]), levenshtein(a[1:], b[1:]))
}

// swaps says by brute force whether one exchange of neighbours makes a of b.
func swaps(a, b string) bool {
	for i := 0; i+1 < len(a); i++ {
		s := []byte(a)
		s[i], s[i+1] = s[i+1], s[i]
		if string(s) == b && a != b {
			return true
		}
	}
	return false
}

func TestDistanceAgainstReference(t *testing.T) {
	text := rapid.StringMatching(`[abc]{0,7}`)
	rapid.Check(t, func(rt *rapid.T) {
		a, b := text.Draw(rt, "a"), text.Draw(rt, "b")
		want := levenshtein(a, b)
		if swaps(a, b) {
			want = 1
		}
		if got := distance(a, b); got != want {
			rt.Fatalf("distance(%q, %q) = %d, want %d", a, b, got, want)
		}
		if x, y := transposed(a, b), swaps(a, b); x != y {
			rt.Fatalf("transposed(%q, %q) = %v, want %v", a, b, x, y)
		}
	})
}

func TestSimilar(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"", "", false},
		{"", "acme", false},
		{"acme", "acme", true},
		{"main street 12", "12 main street", true},
		{"acme fiction", "acme fiction north", true},
		{"acme", "acme fiction", false}, // one word of two is no company
		{"borealis", "acme", false},
		{"12 main street", "12 main stret", true},
		{"quill", "borealis fiction", false},
	} {
		if got := similar(c.a, c.b); got != c.want {
			t.Errorf("similar(%q, %q) = %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

func TestSimilarIsSymmetric(t *testing.T) {
	text := rapid.StringMatching(`[abc ]{0,14}`)
	rapid.Check(t, func(rt *rapid.T) {
		a, b := text.Draw(rt, "a"), text.Draw(rt, "b")
		if similar(a, b) != similar(b, a) || sameTokens(a, b) != sameTokens(b, a) || extends(a, b) != extends(b, a) || closeName(a, b) != closeName(b, a) {
			rt.Fatalf("%q and %q are compared differently the other way round", a, b)
		}
	})
}

// TestJaroWinkler pins the library to published values (Winkler 1990).
func TestJaroWinkler(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want float64
	}{{"martha", "marhta", 0.961}, {"dwayne", "duane", 0.840}, {"dixon", "dicksonx", 0.813}, {"same", "same", 1}, {"ab", "xy", 0}} {
		if got := smetrics.JaroWinkler(c.a, c.b, 0.7, 4); math.Abs(got-c.want) > 0.001 {
			t.Errorf("JaroWinkler(%q, %q) = %.4f, want %.3f", c.a, c.b, got, c.want)
		}
	}
}

func TestHasToken(t *testing.T) {
	for _, c := range []struct {
		s, tok string
		want   bool
	}{
		{"ann marie", "ann", true}, {"ann marie", "marie", true}, {"joann ann", "ann", true}, {"joann", "ann", false}, {"annie", "ann", false}, {"", "ann", false},
	} {
		if got := hasToken(c.s, c.tok); got != c.want {
			t.Errorf("hasToken(%q, %q) = %v, want %v", c.s, c.tok, got, c.want)
		}
	}
}

func TestCloseNameLimits(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"ann", "anne", true},
		{"ann", "annex", false},
		{"mia", "mai", true},
		{"jan", "jon", true},
		{"jan", "joe", false},
		{"john", "jonn", true},
		{"katherine", "katarina", false},
		{"katherine", "kathrin", true},
		{"maria", "marta", true},
		{"maria", "morte", false},
		{"", "a", false},
	} {
		if got := closeName(c.a, c.b); got != c.want {
			t.Errorf("closeName(%q, %q) = %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

// FuzzText gives the text comparisons anything at all: long, broken and foreign.
func FuzzText(f *testing.F) {
	f.Add("acme fiction", "fiction acme")
	f.Add("", "\xff\xfe")
	f.Add(string(make([]byte, 300)), "王伟")
	f.Fuzz(func(t *testing.T, a, b string) {
		if distance(a, b) != distance(b, a) || similar(a, b) != similar(b, a) || closeName(a, b) != closeName(b, a) || isInitialOf(a, b) != isInitialOf(b, a) ||
			fits(a, b) != fits(b, a) || extends(a, b) != extends(b, a) {
			t.Errorf("%q and %q are compared differently the other way round", a, b)
		}
		if d := distance(a, a); d != 0 {
			t.Errorf("distance of %q from itself is %d", a, d)
		}
		if oneDigitOff(a, b) != oneDigitOff(b, a) || oneDigitOff(a, a) {
			t.Errorf("%q and %q: one digit off on one side only", a, b)
		}
	})
}
