package report

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestContrast holds the colours to WCAG AA: 4.5 to 1 for text on what it stands on, 3 to 1 for parts of figures that carry meaning.
func TestContrast(t *testing.T) {
	css, err := assets.ReadFile("assets/report.css")
	if err != nil {
		t.Fatal(err)
	}
	light, rest, ok := strings.Cut(string(css), "@media (prefers-color-scheme: dark)")
	dark, _, ok2 := strings.Cut(rest, "* { box-sizing")
	if !ok || !ok2 {
		t.Fatal("the style sheet has no dark colours")
	}
	pairs := []struct {
		ink, ground string
		least       float64
	}{
		{"ink", "bg", 4.5},
		{"ink", "card", 4.5},
		{"soft", "bg", 4.5},
		{"soft", "card", 4.5},
		{"soft", "gold", 4.5},
		{"ink", "gold", 4.5},
		{"ink", "mark", 4.5},
		{"ink", "adds", 4.5},
		{"ink", "alike", 4.5},
		{"ink", "alarm", 4.5},
		{"soft", "alike", 4.5},
		{"review-ink", "mark", 4.5},
		{"auto-ink", "adds", 4.5},
		{"auto-ink", "card", 4.5},
		{"auto-ink", "bg", 4.5},
		{"review-ink", "card", 4.5},
		{"suggest-ink", "card", 4.5},
		{"on-auto", "auto", 4.5},
		{"on-suggest", "suggest", 4.5},
		{"on-review", "review", 4.5},
		{"on-alone", "alone", 4.5},
		{"auto", "card", 3},
		{"review", "card", 3},
		{"time", "card", 3},
	}
	for scheme, text := range map[string]string{"light": light, "dark": dark} {
		colors := map[string]string{}
		for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6})`).FindAllStringSubmatch(text, -1) {
			colors[m[1]] = m[2]
		}
		for _, p := range pairs {
			if got := contrast(t, colors[p.ink], colors[p.ground]); got < p.least {
				t.Errorf("%s: %s on %s has contrast %.2f, want %.1f", scheme, p.ink, p.ground, got, p.least)
			}
		}
	}
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// luminance of a colour by WCAG 2.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	v, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		t.Fatalf("colour %q: %v", hex, err)
	}
	sum := 0.0
	for i, weight := range []float64{0.0722, 0.7152, 0.2126} {
		c := float64(v>>(8*i)&0xff) / 255
		if c <= 0.03928 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
