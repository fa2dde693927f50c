package report

import (
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/contactmerge/contactmerge/scoring"
)

// TestEveryReasonHasWords walks all bits: a new reason code without a phrase fails here.
func TestEveryReasonHasWords(t *testing.T) {
	seen := map[string]string{}
	for bit := range 64 {
		r := scoring.Reasons(1) << bit
		names := r.Names()
		if len(names) == 0 {
			continue
		}
		found := 0
		for _, row := range reasonTable {
			if row.code == r {
				found++
			}
		}
		if found != 1 {
			t.Errorf("reason %s has %d phrases, want 1", names[0], found)
			continue
		}
		text := reasonText(names[0])
		if text == "" || strings.Contains(text, "_") {
			t.Errorf("reason %s reads %q", names[0], text)
		}
		if other, taken := seen[text]; taken {
			t.Errorf("reasons %s and %s read the same", other, names[0])
		}
		seen[text] = names[0]
		if v := verdict(scoring.Review, r); !strings.HasSuffix(v, ": supervisor decides") {
			t.Errorf("verdict of %s is %q", names[0], v)
		}
	}
	if len(seen) != len(reasonTable) {
		t.Errorf("%d reason codes for %d phrases", len(seen), len(reasonTable))
	}
}

func TestVerdict(t *testing.T) {
	for _, tt := range []struct {
		d    scoring.Decision
		r    scoring.Reasons
		want string
	}{
		{scoring.Review, scoring.ExactEmail | scoring.FirstNameMismatch, "first names differ: supervisor decides"},
		{scoring.Review, scoring.ExactEmail | scoring.VIP | scoring.NamesEqual, "one of the contacts is a VIP: supervisor decides"},
		{scoring.Suggest, scoring.ExactEmail | scoring.NameNickname, "same email address; one first name is a nickname of the other: data team confirms"},
		{scoring.AutoMerge, scoring.ExactEmail | scoring.NameMissing, "same email address: merges without a question"},
		{scoring.Suggest, 0, "data team confirms"},
		{scoring.AutoMerge, scoring.NameMissing, "merges without a question"},
	} {
		if got := verdict(tt.d, tt.r); got != tt.want {
			t.Errorf("verdict(%v, %v) = %q, want %q", tt.d, tt.r.Names(), got, tt.want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{number(0), "0"},
		{number(999), "999"},
		{number(1000), "1,000"},
		{number(1234567), "1,234,567"},
		{number(-1234), "−1,234"},
		{count(1, "contact", "contacts"), "1 contact"},
		{count(2000, "contact", "contacts"), "2,000 contacts"},
		{percent(0, 10), "0%"},
		{percent(1, 100000), "under 0.1%"},
		{percent(5, 100), "5.0%"},
		{percent(50, 100), "50%"},
		{percent(99999, 100000), "over 99.9%"},
		{percent(7, 7), "100%"},
		{percent(1, 0), "0%"},
		{seconds(0.0123), "12 ms"},
		{seconds(1.5), "1.50 s"},
		{seconds(61.26), "61.3 s"},
		{seconds(3725), "62 min 05 s"},
		{signed(2.26), "+2.3"},
		{signed(-2.26), "−2.3"},
		{signed(-0.01), "0.0"},
		{chance(40), "over 99.9%"},
		{chance(-40), "under 0.1%"},
		{chance(0), "50.0%"},
		{chanceOf(0.25), "0.2500"},
		{chanceOf(0.00001), "under 0.0001"},
		{chanceOf(0), "0.0000"},
		{plainNumber(10000), "10,000"},
		{plainNumber(0.102), "0.102"},
		{rate(12), "12"},
		{rate(1234), "1.2 k"},
		{rate(45678), "46 k"},
		{rate(2.5e6), "2.5 M"},
		{bytesText(214 << 20), "214 MiB"},
		{bytesText(3 << 30), "3.0 GiB"},
		{bytesText(64 << 30), "64 GiB"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

func TestVisible(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "Ann", "Ann"},
		{"empty", "", ""},
		{"accents", "São José", "São José"},
		{"line break", "a\nb\tc\r", `a\nb\tc\r`},
		{"escape sequence", "\x1b[31m", `\u001b[31m`},
		{"turned writing", "ab\u202ecod.exe", `ab\u202ecod.exe`},
		{"isolate", "\u2066x\u2069", `\u2066x\u2069`},
		{"zero width space", "a\u200bb", `a\u200bb`},
		{"no-break space", "a\u00a0b", `a\u00a0b`},
		{"wide space", "山田\u3000太郎", "山田\u3000太郎"},
		{"outer spaces", " a ", "␣a␣"},
		{"bad text", "a\xff", `a\xff`},
		{"replacement character", "a\ufffd", "a\ufffd"},
		{"tag characters", "a\U000e0041", `a\U000e0041`},
		{"persian joiner", "علی\u200cرضا", "علی\u200cرضا"},
		{"emoji", "👩\u200d🚀", "👩\u200d🚀"},
		{"joiner among latin letters", "an\u200dn", `an\u200dn`},
		{"joiner at the end", "علی\u200c", `علی\u200c`},
		{"heap of marks", "a\u0301\u0301\u0301\u0301\u0301b", "a\u0301\u0301\u0301" + `\u0301\u0301b`},
		{"long", strings.Repeat("x", 10000), strings.Repeat("x", cellRunes) + "… (10,000 characters)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, visible(tt.in)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestVisibleProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkVisible(t, rapid.String().Draw(t, "s")) })
}

func FuzzVisible(f *testing.F) {
	f.Add("a\u202eb\x00\xff")
	f.Fuzz(func(t *testing.T, s string) { checkVisible(t, s) })
}

// checkVisible: nothing that hides or turns text comes through, and the result is of a bounded length.
func checkVisible(t interface {
	Helper()
	Errorf(string, ...any)
}, s string,
) {
	t.Helper()
	got := visible(s)
	for _, r := range got {
		if unicode.In(r, unicode.Cc, unicode.Bidi_Control, unicode.Zl, unicode.Zp) || r == '\ufeff' || r == '\u200b' {
			t.Errorf("visible(%q) = %q holds %U", s, got, r)
		}
	}
	if n := len([]rune(got)); n > cellRunes*10+40 {
		t.Errorf("visible made %d characters of %d", n, len(s))
	}
}

func TestOneIn(t *testing.T) {
	for p, want := range map[float64]string{
		0: "never", 1: "over 99.9%", 0.9996: "over 99.9%", 0.999: "99.9%", 0.99: "99%", 0.62: "62%", 0.1: "10%", 0.0999: "10%", 0.05: "5.0%", 0.01: "1.0%", 0.0024: "1 in 420", 0.001: "1 in 1,000",
		4.2e-5: "1 in 24,000", 1e-6: "1 in 1 million", 1.1e-7: "1 in 9.1 million", 2e-9: "1 in 500 million", 1e-12: "1 in over a billion",
	} {
		if got := oneIn(p); got != want {
			t.Errorf("oneIn(%v) = %q, want %q", p, got, want)
		}
	}
}
