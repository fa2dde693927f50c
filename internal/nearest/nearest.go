// Package nearest finds the word somebody meant who wrote another: what messages offer after "did you mean".
package nearest

import (
	"fmt"
	"strings"
	"unicode"
)

// Hint ends a message with the candidate nearest to got, as ` (did you mean "…"?)`, or with nothing when none is near.
func Hint(got string, candidates []string) string {
	if near := Word(got, candidates); near != "" {
		return fmt.Sprintf(" (did you mean %q?)", near)
	}
	return ""
}

// Word returns the candidate nearest to got, or "" when none is near enough to have been meant. Case and punctuation do not
// count. Of several equally near the first is taken.
func Word(got string, candidates []string) string {
	want := letters(got)
	// One slip in a short word, and one more for every three letters: at most a third of a word is wrong, or another was meant.
	best, within := "", max(1, (len(want)+1)/3)+1
	for _, c := range candidates {
		have := letters(c)
		if d := distance(want, have); d < within && d < max(len(want), len(have)) {
			best, within = c, d
		}
	}
	return best
}

// letters are the letters and digits of a word in lower case, or all of it when it has none.
func letters(word string) []rune {
	var out []rune
	for _, r := range strings.ToLower(word) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			out = append(out, r)
		}
	}
	if out == nil {
		return []rune(word)
	}
	return out
}

// distance counts the letters to insert, drop, replace, or swap with their neighbour, to make one word of the other: Damerau's
// and Levenshtein's distance, restricted to editing no letter twice.
func distance(a, b []rune) int {
	// Three rows of the table are enough, because a swap looks two rows back.
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		before, above, row = above, row, before
		row[0] = i + 1
		for j, y := range b {
			cost := above[j]
			if x != y {
				cost++
			}
			row[j+1] = min(cost, above[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && x == b[j-1] && a[i-1] == y {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
