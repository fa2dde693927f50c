package synth

import (
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

// Every number of every plan that is sampled must be valid by the metadata, and of the type its list says.
func TestPhonePlansAreValid(t *testing.T) {
	locales, err := loadLocales()
	if err != nil {
		t.Fatal(err)
	}
	if len(locales) < 12 {
		t.Errorf("%d locales, want at least 12", len(locales))
	}
	for _, l := range locales {
		t.Run(l.code, func(t *testing.T) {
			for kind, patterns := range map[string][]string{"mobile": l.mobile, "fixed": l.fixed} {
				for _, pattern := range patterns {
					checkPattern(t, l, kind, pattern)
				}
			}
		})
	}
}

func checkPattern(t *testing.T, l *locale, kind, pattern string) {
	t.Helper()
	size := patternSize(pattern)
	for i := range uint64(30) {
		p := phone{locale: l, national: fill([]string{pattern}, mix(i)%size), mobile: kind == "mobile"}
		parsed, err := phonenumbers.Parse(p.e164(), "ZZ")
		if err != nil || !phonenumbers.IsValidNumber(parsed) {
			t.Errorf("%s %s: %s is not valid: %v", kind, pattern, p.national, err)
			return
		}
		numberType := phonenumbers.GetNumberType(parsed)
		if numberType == phonenumbers.FIXED_LINE && kind == "mobile" || numberType == phonenumbers.MOBILE && kind == "fixed" {
			t.Errorf("%s %s: %s has type %v", kind, pattern, p.national, numberType)
			return
		}
	}
}

// Every way of writing a number still reads as the same number in its own country.
func TestPhoneWritingsKeepTheNumber(t *testing.T) {
	locales, err := loadLocales()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range locales {
		t.Run(l.code, func(t *testing.T) {
			for way := range writings {
				for _, patterns := range [][]string{l.mobile, l.fixed} {
					p := phone{locale: l, national: fill(patterns, 1234567)}
					written := strings.TrimPrefix(p.written(way), "Tel. ")
					if way == 7 { // digits with the country code: only WhatsApp's reader adds the plus
						written = "+" + written
					}
					parsed, err := phonenumbers.Parse(written, l.code)
					if err != nil {
						t.Errorf("way %d: %q: %v", way, written, err)
						continue
					}
					if got := phonenumbers.Format(parsed, phonenumbers.E164); got != p.e164() {
						t.Errorf("way %d: %q reads as %s, want %s", way, written, got, p.e164())
					}
				}
			}
		})
	}
}

// Names of one list must differ even without their marks, or two members of a household could be equal by chance.
func TestNamesDiffer(t *testing.T) {
	locales, err := loadLocales()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range locales {
		for list, names := range map[string][]spelling{"female": l.female, "male": l.male} {
			seen := map[string]bool{}
			for _, name := range names {
				folded := strings.ToLower(foldName(name.native, false))
				if seen[folded] {
					t.Errorf("%s %s: %s is there twice", l.code, list, name.native)
				}
				seen[folded] = true
			}
		}
		for formal := range l.nicknames {
			if !hasGiven(l, formal) {
				t.Errorf("%s: nickname of %s, who is in no list", l.code, formal)
			}
		}
	}
}

func hasGiven(l *locale, name string) bool {
	for _, list := range [][]spelling{l.female, l.male} {
		for _, given := range list {
			if given.native == name {
				return true
			}
		}
	}
	return false
}

func TestPermutationIsABijection(t *testing.T) {
	for _, n := range []uint64{1, 2, 3, 7, 64, 1000, 4097} {
		p := newPermutation(n, 99)
		seen := make([]bool, n)
		for x := range n {
			y := p.at(x)
			if y >= n || seen[y] {
				t.Fatalf("n=%d: %d maps to %d, out of range or taken", n, x, y)
			}
			seen[y] = true
			if back := p.origin(y); back != x {
				t.Fatalf("n=%d: origin(at(%d)) = %d", n, x, back)
			}
		}
	}
}

func TestNumbersOfAPlanAreDistinct(t *testing.T) {
	patterns := []string{"7N#", "80#"}
	seen := map[string]bool{}
	for i := range patternSpace(patterns) {
		number := fill(patterns, i)
		if seen[number] {
			t.Fatalf("number %s twice", number)
		}
		seen[number] = true
	}
	if len(seen) != 90 {
		t.Errorf("%d numbers, want 90", len(seen))
	}
	taken := map[uint64]bool{}
	for i := range uint64(300) {
		at := spread(i, 300, 1000)
		if at >= 1000 || taken[at] {
			t.Fatalf("spread(%d) = %d, out of range or taken", i, at)
		}
		taken[at] = true
	}
}
