package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// cellRunes is how much of a value the page and the terminal show; the data files hold all of it.
const cellRunes = 160

// maxMarks is how many combining marks in a row are drawn as they are. Written languages need up to three on one letter; more are a
// prank that paints over the neighbouring lines.
const maxMarks = 3

// visible makes a value safe to look at and honest about what it holds. Control characters, invisible characters and those that turn
// the writing direction appear as escapes, so that two values that differ never look alike for lack of something to see, and a value
// cannot move the cursor of a terminal. Long values are cut and say so.
func visible(s string) string { return visibleCut(s, cellRunes) }

func visibleCut(s string, limit int) string {
	if plain(s) && len(s) <= limit {
		return s
	}
	var b strings.Builder
	n, marks := 0, 0
	for i := 0; i < len(s); n++ {
		if n == limit {
			fmt.Fprintf(&b, "… (%s)", count(utf8.RuneCountInString(s), "character", "characters"))
			break
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if unicode.Is(unicode.Mn, r) {
			marks++
		} else {
			marks = 0
		}
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == ' ' && (i == 0 || i == len(s)-1):
			b.WriteRune('␣')
		case joiner(r) && joins(s, i, size):
			b.WriteRune(r)
		case hidden(r) || marks > maxMarks:
			b.WriteString(escape(r))
		default:
			b.WriteRune(r)
		}
		i += size
	}
	return b.String()
}

func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return s == "" || s[0] != ' ' && s[len(s)-1] != ' '
}

func escape(r rune) string {
	switch r {
	case '\t':
		return `\t`
	case '\n':
		return `\n`
	case '\r':
		return `\r`
	}
	if r > 0xffff {
		return fmt.Sprintf(`\U%08x`, r)
	}
	return fmt.Sprintf(`\u%04x`, r)
}

// hidden is true for characters that show nothing, or something other than they are. U+3000, the wide space between East Asian
// words, is seen well enough.
func hidden(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.Zl, unicode.Zp) ||
		r != ' ' && r != '\u3000' && unicode.Is(unicode.Zs, r)
}

// joiner is true for the two invisible characters that Persian, Indic and emoji writing cannot do without.
func joiner(r rune) bool { return r == '\u200c' || r == '\u200d' }

// joins reports whether the joiner at i stands between two characters it can join; elsewhere it only hides.
func joins(s string, i, size int) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:i])
	after, _ := utf8.DecodeRuneInString(s[i+size:])
	ok := func(r rune) bool {
		return r > unicode.MaxLatin1 && r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsSymbol(r)) &&
			!unicode.Is(unicode.Latin, r) && !unicode.Is(unicode.Cyrillic, r) && !unicode.Is(unicode.Greek, r)
	}
	return ok(before) && ok(after)
}
