package normalize

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// What folding does with one ASCII byte: keep it, lower it, make it a space, or drop it.
const (
	foldDrop  = 0
	foldSpace = ' '
)

// foldASCII maps an ASCII byte to its folded byte. Apostrophes and full stops vanish, so that O'Brien equals OBrien and
// "Inc." equals "Inc"; every other mark parts two words.
var foldASCII = func() (table [utf8.RuneSelf]byte) {
	for c := range table {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			table[c] = byte(c)
		case c >= 'A' && c <= 'Z':
			table[c] = byte(c) + ('a' - 'A')
		case c == '\'' || c == '.' || c == '`':
			table[c] = foldDrop
		case c == '\t' || c == '\n' || c == '\v' || c == '\f' || c == '\r':
			table[c] = foldSpace
		case c < ' ' || c == 0x7f:
			table[c] = foldDrop
		default:
			table[c] = foldSpace
		}
	}
	return table
}()

// Fold returns the comparable form of any text: NFKC, lower case, diacritics removed, ß as ss and ø as o, apostrophes
// and full stops dropped, every other run of marks and spaces one space, emoji and invisible characters removed.
// Letters of other scripts stay. It allocates nothing when s is folded already.
func Fold(s string) string {
	i, ascii := foldedPrefix(s)
	if i == len(s) {
		return s
	}
	var stack [96]byte
	out := append(stack[:0], s[:i]...)
	if ascii {
		return string(trimSpace(foldASCIIBytes(out, s[i:])))
	}
	return string(trimSpace(foldMixed(out, s[i:])))
}

// foldedPrefix returns how many leading bytes of s are folded already, and whether the rest is ASCII.
// A prefix never ends in a space, so that what follows decides whether the space stays.
func foldedPrefix(s string) (n int, ascii bool) {
	for n < len(s) {
		c := s[n]
		if c == ' ' {
			if n == 0 || s[n-1] == ' ' || n == len(s)-1 {
				break
			}
		} else if c >= utf8.RuneSelf || c == 0 || foldASCII[c] != c {
			break
		}
		n++
	}
	if n == len(s) {
		return n, true
	}
	for n > 0 && s[n-1] == ' ' {
		n--
	}
	for i := n; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return n, false
		}
	}
	return n, true
}

// foldASCIIBytes appends the folded form of the ASCII text s.
func foldASCIIBytes(out []byte, s string) []byte {
	for i := range len(s) {
		c := foldASCII[s[i]]
		if c == foldSpace {
			out = appendSpace(out)
		} else if c != foldDrop {
			out = append(out, c)
		}
	}
	return out
}

// foldMixed appends the folded form of s: by a table for Latin, Greek and Cyrillic, as it is for Han and Hangul, and by
// the Unicode tables from the first other character on.
func foldMixed(out []byte, s string) []byte {
	for i, r := range s {
		switch {
		case r < utf8.RuneSelf:
			if c := foldASCII[r]; c == foldSpace {
				out = appendSpace(out)
			} else if c != foldDrop {
				out = append(out, c)
			}
		case r < foldTableEnd:
			out = appendFolded(out, foldTable[r-utf8.RuneSelf])
		case r >= 0x4e00 && r <= 0x9fff, r >= 0xac00 && r <= 0xd7a3:
			out = append(out, s[i:i+3]...)
		default:
			// What follows may compose with the letter before it, as final consonants do with Hangul syllables.
			_, size := utf8.DecodeLastRune(out)
			if size < 2 {
				return foldSlow(out, s[i:])
			}
			cut := len(out) - size
			return foldSlow(out[:cut], string(out[cut:])+s[i:])
		}
	}
	return out
}

// appendFolded appends one table entry, where " " stands for a gap between words.
func appendFolded(out []byte, folded string) []byte {
	if folded == " " {
		return appendSpace(out)
	}
	return append(out, folded...)
}

// foldSlow appends the folded form of s by the Unicode tables alone: it defines what the table in foldMixed must say.
func foldSlow(out []byte, s string) []byte {
	start := len(out)
	s = strings.ReplaceAll(s, "´", "'") // NFKD would make it a space and a mark
	for _, r := range norm.NFKD.String(strings.ToValidUTF8(s, " ")) {
		if r < utf8.RuneSelf {
			out = foldASCIIBytes(out, string(r))
			continue
		}
		for _, lower := range foldLetter(unicode.ToLower(r)) {
			switch {
			case isDropped(lower):
			case unicode.IsLetter(lower), unicode.IsMark(lower), unicode.IsDigit(lower):
				out = utf8.AppendRune(out, lower)
			case unicode.Is(unicode.So, lower), unicode.Is(unicode.Co, lower), unicode.Is(unicode.Cn, lower):
			default:
				out = appendSpace(out)
			}
		}
	}
	// Compose again what NFKD took apart and folding kept: Hangul syllables, kana with voicing marks, Indic vowels.
	if tail := out[start:]; !norm.NFC.IsNormal(tail) {
		out = append(out[:start], norm.NFC.String(string(tail))...)
	}
	return out
}

// foldLetter spells the lower-case letters that no Unicode decomposition takes apart the way people type them.
func foldLetter(r rune) string {
	switch r {
	case 'ß':
		return "ss"
	case 'ø', 'ɵ':
		return "o"
	case 'æ':
		return "ae"
	case 'œ':
		return "oe"
	case 'ł', 'ƚ':
		return "l"
	case 'đ', 'ð', 'ɖ', 'ɗ':
		return "d"
	case 'þ':
		return "th"
	case 'ħ':
		return "h"
	case 'ŧ', 'ƭ', 'ʈ':
		return "t"
	case 'ı', 'ɨ':
		return "i"
	case 'ŋ':
		return "n"
	case 'ĸ':
		return "k"
	case 'ə':
		return "e"
	case 'ƀ', 'ɓ':
		return "b"
	case 'ƙ':
		return "k"
	case 'ƴ':
		return "y"
	case 'ς': // final sigma
		return "σ"
	case 'ך', 'ם', 'ן', 'ף', 'ץ': // Hebrew final letters fold to the plain ones
		return string(r + 1)
	case 'ى': // alef maksura
		return "ي"
	case 'ة': // teh marbuta
		return "ه"
	case 'ی': // Farsi yeh
		return "ي"
	case 'ک': // Farsi kaf
		return "ك"
	}
	return string(r)
}

// isDropped reports whether r vanishes without parting words: diacritics, apostrophes, invisible and control
// characters. Marks of scripts that write vowels with them (Indic, Thai, kana) are no diacritics and stay.
func isDropped(r rune) bool {
	switch {
	case r >= 0x300 && r <= 0x36f, r >= 0x1ab0 && r <= 0x1aff, r >= 0x1dc0 && r <= 0x1dff,
		r >= 0x20d0 && r <= 0x20ff, r >= 0xfe00 && r <= 0xfe0f, r >= 0xfe20 && r <= 0xfe2f,
		r >= 0xe0100 && r <= 0xe01ef, r >= 0x483 && r <= 0x489:
		return true
	case r >= 0x591 && r <= 0x5c7, r >= 0x64b && r <= 0x65f, r == 0x670, r == 0x640:
		return true // Hebrew points, Arabic vowel signs, tatweel
	case r >= 0x2b9 && r <= 0x2df, r == 0x2018, r == 0x2019, r == 0x201b, r == 0x2032, r == 0xb4, r == 0x5f3, r == 0x5f4:
		return true // apostrophes in their many shapes
	case r >= 0x1f3fb && r <= 0x1f3ff: // skin tones of emoji
		return true
	case r == 0x3164, r == 0xffa0, r == 0x115f, r == 0x1160: // blank Hangul fillers, letters by class
		return true
	}
	return isInvisible(r)
}

// isInvisible reports whether r is a control, format, zero-width or bidirectional character.
func isInvisible(r rune) bool {
	if r < ' ' {
		return r != '\t' && r != '\n' && r != '\v' && r != '\f' && r != '\r'
	}
	if r < 0x7f {
		return false
	}
	return r <= 0x9f && r != 0x85 || unicode.Is(unicode.Cf, r) || r == 0x34f
}

// appendSpace appends one space unless out is empty or ends in one.
func appendSpace(out []byte) []byte {
	if n := len(out); n == 0 || out[n-1] == ' ' {
		return out
	}
	return append(out, ' ')
}

func trimSpace(out []byte) []byte {
	for len(out) > 0 && out[len(out)-1] == ' ' {
		out = out[:len(out)-1]
	}
	return out
}
