package report

import (
	"bytes"
	"context"
	"encoding/csv"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/contactmerge/contactmerge/blocking"
)

func TestTextCell(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "Ann", "Ann"},
		{"empty", "", ""},
		{"comma", "a,b", `"a,b"`},
		{"quote", `5" pipe`, `"5"" pipe"`},
		{"only quotes", `""`, `""""""`},
		{"line break", "a\nb", "\"a\nb\""},
		{"carriage return inside", "a\rb", "\"a\rb\""},
		{"outer spaces", " a ", `" a "`},
		{"formula", `=HYPERLINK("http://x","y")`, `"'=HYPERLINK(""http://x"",""y"")"`},
		{"plus of a phone", "+12025550144", `"'+12025550144"`},
		{"minus", "-5", `"'-5"`},
		{"at", "@SUM(A1)", `"'@SUM(A1)"`},
		{"tab", "\t=1", "\"'\t=1\""},
		{"carriage return", "\r=1", "\"'\r=1\""},
		{"nul", "\x00=1", "\"'\x00=1\""},
		{"full width equals", "＝1+1", `"'＝1+1"`},
		{"full width plus", "＋1", `"'＋1"`},
		{"full width minus", "－1", `"'－1"`},
		{"full width at", "＠x", `"'＠x"`},
		{"behind a space", " =1", `"' =1"`},
		{"behind a byte order mark", "\ufeff=1", "\"'\ufeff=1\""},
		{"equals inside", "a=1", "a=1"},
		{"other script", "李小龙", "李小龙"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			c := csvTable{ctx: context.Background(), w: &b}
			c.text(tt.in)
			if got := string(c.buf); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestCSVRoundTrip: a standard reader gets back every cell, but for the apostrophe before formulas.
func TestCSVRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cells := rapid.SliceOfN(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"=1", "+\"", "a,b", "\n", "x\ny", " ", "-", "''"})), 2, 6).Draw(t, "cells")
		var b bytes.Buffer
		c := newCSV(context.Background(), &b, cells...)
		if err := c.close(); err != nil {
			t.Fatal(err)
		}
		r := csv.NewReader(strings.NewReader(b.String()))
		got, err := r.Read()
		if err != nil {
			t.Fatalf("reading %q: %v", b.String(), err)
		}
		for i, cell := range cells {
			want := cell
			if formula(cell) {
				want = "'" + cell
			}
			want = strings.ReplaceAll(want, "\r\n", "\n") // the reader's own doing
			if got[i] != want {
				t.Fatalf("cell %d: got %q, want %q", i, got[i], want)
			}
			if formula(got[i]) {
				t.Fatalf("cell %d is a formula to a spreadsheet: %q", i, got[i])
			}
		}
	})
}

func TestNumberCell(t *testing.T) {
	for _, tt := range []struct {
		v        float64
		decimals int
		want     string
	}{{-3.14159, 4, "-3.1416"}, {0, 4, "0.0000"}, {-0.00001, 4, "0.0000"}, {math.Copysign(0, -1), 2, "0.00"}, {1e6, 1, "1000000.0"}, {0.5, 0, "0"}} {
		if got := fixed(tt.v, tt.decimals); got != tt.want {
			t.Errorf("fixed(%v, %d) = %s, want %s", tt.v, tt.decimals, got, tt.want)
		}
	}
}

func TestProbability(t *testing.T) {
	for _, tt := range []struct{ w, want float64 }{{0, 0.5}, {1, 2. / 3}, {-1, 1. / 3}, {4000, 1}, {-4000, 0}, {math.Inf(1), 1}, {math.Inf(-1), 0}} {
		if got := probability(tt.w); math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("probability(%v) = %v, want %v", tt.w, got, tt.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		w := rapid.Float64Range(-5000, 5000).Draw(t, "w")
		p := probability(w)
		if math.IsNaN(p) || p < 0 || p > 1 || math.Abs(p+probability(-w)-1) > 1e-9 {
			t.Fatalf("probability(%v) = %v", w, p)
		}
	})
}

func TestMatchKey(t *testing.T) {
	stats := []blocking.Stats{{Rule: "email"}, {Rule: "phone"}, {Rule: "name"}}
	for _, tt := range []struct {
		rules uint32
		key   string
		all   []string
	}{{0, "", nil}, {1, "email", []string{"email"}}, {0b110, "phone", []string{"phone", "name"}}, {1 << 31, "", nil}} {
		if got := matchKey(tt.rules, stats); got != tt.key {
			t.Errorf("matchKey(%b) = %q, want %q", tt.rules, got, tt.key)
		}
		if diff := cmp.Diff(tt.all, ruleNames(tt.rules, stats)); diff != "" {
			t.Errorf("ruleNames(%b) (-want +got):\n%s", tt.rules, diff)
		}
	}
}
