package normalize

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mozillazg/go-unidecode"
)

// Latin returns the folded form of s in Latin letters. Cyrillic follows the spellings people use in their own mail
// addresses, other scripts follow unidecode; a run of Han characters becomes one word, as names are written in pinyin.
// It loses information (Chinese homophones fall together), so it may find a pair and never prove one.
func Latin(s string) string { return latinOfFolded(Fold(s)) }

// latinOfFolded is Latin for a text that is folded already.
func latinOfFolded(folded string) string {
	if isASCII(folded) {
		return folded
	}
	var b strings.Builder
	for i, word := range strings.Split(folded, " ") {
		if i > 0 {
			b.WriteByte(' ')
		}
		latinWord(&b, word)
	}
	return Fold(b.String())
}

// latinWord writes one folded word in Latin letters.
func latinWord(b *strings.Builder, word string) {
	// Folding dropped the breve of й, so -ий and -ый end in ии and ыи here; Dmitry and Yury are written with a y.
	word, y := cutCyrillicEnding(word)
	for _, r := range word {
		switch {
		case r < utf8.RuneSelf:
			b.WriteRune(r)
		case cyrillicLatin[r] != "":
			b.WriteString(cyrillicLatin[r])
		case unicode.Is(unicode.Han, r):
			// unidecode sets a space after every syllable.
			b.WriteString(strings.TrimSpace(unidecode.Unidecode(string(r))))
		default:
			b.WriteString(unidecode.Unidecode(string(r)))
		}
	}
	b.WriteString(y)
}

func cutCyrillicEnding(word string) (stem, ending string) {
	for _, ending := range [...]string{"ии", "ыи"} {
		if stem, ok := strings.CutSuffix(word, ending); ok && stem != "" {
			return stem, "y"
		}
	}
	return word, ""
}

// cyrillicLatin spells folded Cyrillic letters as passports and mail addresses do; the signs ъ and ь have no sound.
var cyrillicLatin = map[rune]string{
	'а': "a", 'б': "b", 'в': "v", 'г': "g", 'д': "d", 'е': "e", 'ж': "zh", 'з': "z", 'и': "i", 'к': "k", 'л': "l",
	'м': "m", 'н': "n", 'о': "o", 'п': "p", 'р': "r", 'с': "s", 'т': "t", 'у': "u", 'ф': "f", 'х': "kh", 'ц': "ts",
	'ч': "ch", 'ш': "sh", 'щ': "shch", 'ы': "y", 'э': "e", 'ю': "yu", 'я': "ya", 'і': "i", 'є': "ye", 'ґ': "g",
	'ј': "j", 'љ': "lj", 'њ': "nj", 'ћ': "c", 'ђ': "dj", 'џ': "dz",
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
