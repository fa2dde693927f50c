package scoring

import (
	"strings"

	"github.com/xrash/smetrics"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// maxCompared bounds the bytes of a value that similarity looks at: edit distance is quadratic, and a person's name or street is shorter.
const maxCompared = 128

// distance is the Levenshtein distance with a swap of neighbouring letters counted as one edit when it is the only difference
// (WagnerFischer with unit costs; Wagner and Fischer 1974). It works on bytes, so the arguments must be folded.
func distance(a, b string) int {
	a, b = clip(a), clip(b)
	if transposed(a, b) {
		return 1
	}
	return smetrics.WagnerFischer(a, b, 1, 1, 1)
}

func clip(s string) string { return s[:min(len(s), maxCompared)] }

// transposed reports whether the strings differ by one swap of neighbours.
func transposed(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if a[i] != b[i] {
			return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
		}
	}
	return false
}

// similarAt is the Jaro-Winkler similarity from which two texts count as similar. Winkler (1990) uses 0.88 to 0.92 for "close".
const similarAt = 0.90

// similar reports whether two folded texts are the same words in another order, one a part of the other, or spelled nearly alike.
func similar(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	return jaroWinklerAt(a, b, similarAt) || sameTokens(a, b)
}

// sameTokens reports whether every token of the shorter text is in the longer one, and the shorter one has at least two.
func sameTokens(a, b string) bool {
	a, b = shorterFirst(a, b)
	n := 0
	for tok := range strings.FieldsSeq(a) {
		if !hasToken(b, tok) {
			return false
		}
		n++
	}
	return n >= 2
}

// shorterFirst orders two texts, by length and then by letters, so that what looks for one in the other is symmetric.
func shorterFirst(a, b string) (string, string) {
	if len(a) > len(b) || len(a) == len(b) && a > b {
		return b, a
	}
	return a, b
}

// hasToken reports whether a space-separated text contains a token.
func hasToken(s, tok string) bool {
	for len(s) >= len(tok) {
		i := strings.Index(s, tok)
		if i < 0 {
			return false
		}
		end := i + len(tok)
		if (i == 0 || s[i-1] == ' ') && (end == len(s) || s[end] == ' ') {
			return true
		}
		s = s[i+1:]
	}
	return false
}

// pairCache remembers a small verdict about pairs of codes of one column. It is direct-mapped: it forgets rather than grows.
type pairCache struct {
	keys []uint64
	vals []uint8
}

const cacheBits = 15

func newPairCache() *pairCache {
	return &pairCache{keys: make([]uint64, 1<<cacheBits), vals: make([]uint8, 1<<cacheBits)}
}

// verdict returns the remembered verdict, or works it out. Codes must not be 0. The verdict must be symmetric.
func (c *pairCache) verdict(a, b contact.Code, work func() uint8) uint8 {
	if a > b {
		a, b = b, a
	}
	return c.lookup(uint64(a)<<32|uint64(b), work)
}

// lookup is verdict for any two codes packed into a key that is not 0; what they mean is the caller's affair.
func (c *pairCache) lookup(key uint64, work func() uint8) uint8 {
	slot := key * 0x9e3779b97f4a7c15 >> (64 - cacheBits)
	if c.keys[slot] != key {
		c.keys[slot], c.vals[slot] = key, work()
	}
	return c.vals[slot]
}

// textLevel compares two coded texts.
func (w *Worker) textLevel(cache *pairCache, col *contact.Strings, a, b contact.Row) uint8 {
	x, y := col.Code(a), col.Code(b)
	switch {
	case x == 0 || y == 0:
		return 0
	case x == y:
		return textEqual
	}
	return cache.verdict(x, y, func() uint8 {
		if similar(col.Text(x), col.Text(y)) {
			return textSimilar
		}
		return textDifferent
	})
}

// genericLevel compares two values of a column whose meaning is not known.
func (w *Worker) genericLevel(cache *pairCache, col *contact.Strings, a, b contact.Row) uint8 {
	x, y := col.Code(a), col.Code(b)
	switch {
	case x == 0 || y == 0:
		return 0
	case x == y:
		return textEqual
	}
	return cache.verdict(x, y, func() uint8 {
		s, t := col.Text(x), col.Text(y)
		switch {
		case similar(s, t):
			return textSimilar
		case looselyAlike(s, t):
			return textLoose
		}
		return textDifferent
	})
}
