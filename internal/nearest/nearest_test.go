package nearest

import (
	"testing"

	"pgregory.net/rapid"
)

func TestWord(t *testing.T) {
	fields := []string{"first_name", "last_name", "email", "phone", "city", "vip", "id"}
	for _, tt := range []struct {
		name, got  string
		candidates []string
		want       string
	}{
		{"swap", "emial", fields, "email"},
		{"drop", "emal", fields, "email"},
		{"insert", "phonee", fields, "phone"},
		{"replace", "cyty", fields, "city"},
		{"two slips in a long word", "frist_nmae", fields, "first_name"},
		{"case and punctuation", "First Name", fields, "first_name"},
		{"exact", "vip", fields, "vip"},
		{"short word, two slips", "vxx", fields, ""},
		{"single letter, everything replaced", "x", []string{"y"}, ""},
		{"far", "something_else", fields, ""},
		{"half the letters", "female", []string{"name"}, ""},
		{"first of equals", "cat", []string{"bat", "rat"}, "bat"},
		{"nearer later", "cart", []string{"cast", "cart"}, "cart"},
		{"other script", "Вмя", []string{"age", "Имя"}, "Имя"},
		{"one letter of two bytes", "straße", []string{"strase"}, "strase"},
		{"no letters", "--", []string{"a"}, ""},
		{"empty", "", fields, ""},
		{"nothing to choose from", "email", nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Word(tt.got, tt.candidates); got != tt.want {
				t.Errorf("Word(%q) = %q, want %q", tt.got, got, tt.want)
			}
		})
	}
}

func TestHint(t *testing.T) {
	if got, want := Hint("emial", []string{"email"}), ` (did you mean "email"?)`; got != want {
		t.Errorf("Hint = %q, want %q", got, want)
	}
	if got := Hint("fax", []string{"email"}); got != "" {
		t.Errorf("Hint = %q, want none", got)
	}
}

// slow is the definition of the distance, to compare with.
func slow(a, b []rune) int {
	n, m := len(a), len(b)
	switch {
	case n == 0:
		return m
	case m == 0:
		return n
	}
	cost := 1
	if a[n-1] == b[m-1] {
		cost = 0
	}
	d := min(slow(a[:n-1], b[:m-1])+cost, slow(a[:n-1], b)+1, slow(a, b[:m-1])+1)
	if n > 1 && m > 1 && a[n-1] == b[m-2] && a[n-2] == b[m-1] {
		d = min(d, slow(a[:n-2], b[:m-2])+1)
	}
	return d
}

func TestDistanceIsItsDefinition(t *testing.T) {
	word := rapid.SliceOfN(rapid.SampledFrom([]rune("abcé")), 0, 6)
	rapid.Check(t, func(t *rapid.T) {
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		got := distance(a, b)
		if want := slow(a, b); got != want {
			t.Errorf("distance(%q, %q) = %d, want %d", string(a), string(b), got, want)
		}
		if back := distance(b, a); back != got {
			t.Errorf("distance(%q, %q) = %d, the other way %d", string(a), string(b), got, back)
		}
	})
}
