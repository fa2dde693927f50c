package normalize

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxRunes bounds the work on one value: no name, company or address that people write is longer, and a megabyte in a
// name field must not cost a megabyte of comparisons.
const maxRunes = 512

// placeholderWords are folded values that say "nothing here".
var placeholderWords = setOf(
	"n a", "na", "none", "null", "nil", "nan", "unknown", "undefined", "not available", "not applicable", "not provided",
	"not specified", "no data", "empty", "blank", "tbd", "tba", "todo", "xxx", "xxxx", "xxxxx", "xx", "missing", "no value",
	"unbekannt", "keine angabe", "k a", "ka", "keine", "leer", "desconocido", "ninguno", "ninguna", "sin datos", "no aplica",
	"inconnu", "aucun", "aucune", "non renseigne", "neant", "sconosciuto", "nessuno", "desconhecido", "nenhum", "onbekend",
	"geen", "ukjent", "okand", "ukendt", "brak", "nieznany", "neizvestno", "неизвестно", "нет", "不明", "なし", "未知", "无",
)

// Text returns the generic comparison form of a value: folded, cut at a sane length, and empty when it only says that
// there is no value ("n/a", "none", "null", "-").
func Text(raw string) string { return textOfFolded(Fold(capRunes(raw))) }

// textOfFolded is Text for a text that is folded already.
func textOfFolded(folded string) string {
	folded = capWords(folded)
	if placeholderWords.has(folded) {
		return ""
	}
	return folded
}

// set is a fixed set of words.
type set map[string]struct{}

func setOf(words ...string) set {
	s := make(set, len(words))
	for _, w := range words {
		s[w] = struct{}{}
	}
	return s
}

func (s set) has(word string) bool {
	_, ok := s[word]
	return ok
}

// capRunes returns at most the first maxRunes runes of s.
func capRunes(s string) string {
	if len(s) <= maxRunes {
		return s
	}
	n := 0
	for i := range s {
		if n == maxRunes {
			return s[:i]
		}
		n++
	}
	return s
}

// capWords is capRunes for folded text, at the end of a word where there is one.
func capWords(s string) string {
	short := capRunes(s)
	if len(short) == len(s) || s[len(short)] == ' ' {
		return strings.TrimRight(short, " ")
	}
	if i := strings.LastIndexByte(short, ' '); i > 0 {
		return short[:i]
	}
	return short
}

// clean returns s as NFKC without invisible characters, with every kind of space an ASCII space, trimmed. It keeps
// case and marks, for values whose spelling matters. An ASCII value that is clean comes back as it is.
func clean(s string) string {
	plain := true
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f {
			plain = false
			break
		}
	}
	if plain {
		return strings.Trim(s, " ")
	}
	s = norm.NFKC.String(strings.ToValidUTF8(s, " "))
	s = strings.Map(func(r rune) rune {
		switch {
		case r < utf8.RuneSelf && r > ' ' && r < 0x7f:
			return r
		case unicode.IsSpace(r), unicode.Is(unicode.Zs, r):
			return ' '
		case isInvisible(r), r == utf8.RuneError:
			return -1
		}
		return r
	}, s)
	// Taking characters out can bring together what NFKC would have composed.
	return strings.Trim(norm.NFKC.String(s), " ")
}
