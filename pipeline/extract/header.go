package extract

import (
	"strings"
	"unicode"
)

// words splits a column name into lower-case words without accents: "E-Mail 2 (geschäftlich)" is e, mail, 2, geschaftlich.
// A word ends at anything that is no letter or digit, where camelCase turns upper, and between letters and digits.
func words(name string) []string {
	var out []string
	var word strings.Builder
	flush := func() {
		if word.Len() > 0 {
			out = append(out, word.String())
			word.Reset()
		}
	}
	runes := []rune(name)
	for i, r := range runes {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			if !unicode.IsMark(r) { // a decomposed accent belongs to its letter
				flush()
			}
			continue
		}
		if i > 0 {
			prev := runes[i-1]
			switch {
			case unicode.IsDigit(r) != unicode.IsDigit(prev),
				unicode.IsUpper(r) && unicode.IsLower(prev),
				unicode.IsUpper(r) && unicode.IsUpper(prev) && i+1 < len(runes) && unicode.IsLower(runes[i+1]):
				flush()
			}
		}
		word.WriteString(plain(unicode.ToLower(r)))
	}
	flush()
	return out
}

// squeeze is the form in which column names are looked up: all words without anything between them.
func squeeze(name string) string { return strings.Join(words(name), "") }

// accents spells the letters that column names of Western languages use without their marks. Only names of columns pass
// through here, so the list is short; contacts' own names are folded by the normalizers.
const accents = "àáâãäåa èéêëe ìíîïi òóôõöøºo ùúûüu ýÿy çcc ñn šs žz łl"

// plain drops the accent of a lower-case letter.
func plain(r rune) string {
	if r < 0x80 {
		return string(r)
	}
	switch r {
	case 'ß':
		return "ss"
	case 'æ':
		return "ae"
	case 'œ':
		return "oe"
	}
	for group := range strings.FieldsSeq(accents) {
		if strings.ContainsRune(group, r) {
			return group[len(group)-1:]
		}
	}
	return string(r)
}
