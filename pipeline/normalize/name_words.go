package normalize

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// titleWords stand before a name and are no part of it. Don is left out, because it is a given name as well.
var titleWords = setOf(
	"mr", "mrs", "ms", "miss", "mx", "mister", "missus", "madam", "sir", "dame", "lord", "lady", "dr", "drs", "doctor", "prof",
	"professor", "rev", "reverend", "hon", "capt", "captain", "sgt", "maj", "lt", "herr", "hr", "frau", "fraulein",
	"frl", "dipl", "dipling", "univ", "univprof", "sr", "sra", "srta", "senor", "senora", "senorita", "lic", "mme", "mlle",
	"monsieur", "madame", "mademoiselle", "sig", "signor", "signora", "signorina", "sigra", "dott", "dottssa", "avv",
	"dhr", "mevr", "mevrouw", "meneer", "mw", "pani", "fru", "frk", "froken", "phdr", "judr", "mudr", "г", "гн", "гжа",
	"господин", "госпожа", "先生", "女士", "小姐",
)

// dottedTitles are titles only with their full stop: Fr. Brown, but Mag Smith.
var dottedTitles = setOf("fr", "ing", "mag", "me", "arch", "doc", "gen", "col")

// degreeWords stand after a name and are no part of it. Degrees that are family names (Ma, Ba, Do) are left out.
var degreeWords = setOf(
	"phd", "md", "dds", "dmd", "dvm", "jd", "llm", "llb", "esq", "esquire", "mba", "msc", "bsc", "meng", "beng", "mph", "rn",
	"cpa", "cfa", "pmp", "mbe", "obe", "cbe", "kbe", "dphil", "edd", "psyd", "pharmd", "mres", "frcp", "rip",
)

// particles belong to the family name that follows them. Ben, Mac and Della are given names too often to be here.
var particles = setOf(
	"van", "von", "vom", "vd", "der", "den", "de", "del", "dela", "della", "delle", "degli", "dei", "di", "da", "do", "dos", "das", "du",
	"des", "la", "las", "le", "les", "lo", "los", "bin", "ibn", "bint", "al", "el", "ul", "abu", "ter", "ten", "te", "zu", "zum", "zur",
	"und", "af", "av", "y", "san", "santa", "saint", "st", "ap", "t", "s",
)

// normalSuffix returns the normal form of a folded generational suffix, "" when it is none.
func normalSuffix(folded string) string {
	switch folded {
	case "jr", "jnr", "junior", "jun", "filho", "hijo":
		return "jr"
	case "sr", "snr", "senior", "sen":
		return "sr"
	case "ii", "2nd", "the second", "2":
		return "ii"
	case "iii", "3rd", "the third", "3":
		return "iii"
	case "iv", "4th", "the fourth", "4":
		return "iv"
	}
	return ""
}

// nameWords splits a cleaned field into folded words. Dots part initials (J.R.) unless the word with its dots is a
// title or a degree (Ph.D.); hyphens part the halves of a double name. Numbers are no names.
func nameWords(field string) []string {
	words := make([]string, 0, 4)
	for raw := range strings.FieldsSeq(field) {
		folded := Fold(raw)
		if folded == "" {
			continue
		}
		if len(words) == 0 && raw[len(raw)-1] == '.' && dottedTitles.has(folded) {
			continue
		}
		if dot := strings.IndexByte(raw, '.'); dot >= 0 && dot < len(raw)-1 && !titleWords.has(folded) && !degreeWords.has(folded) {
			folded = Fold(strings.ReplaceAll(raw, ".", " "))
		}
		for word := range strings.FieldsSeq(folded) {
			if !isNumber(word) {
				words = append(words, word)
			}
		}
	}
	return words
}

// trimTitles cuts titles off the front of words, as long as keep words are left.
func trimTitles(words []string, keep int) []string {
	for len(words) > keep && titleWords.has(words[0]) {
		words = words[1:]
	}
	return words
}

// trimEndings cuts degrees and suffixes off the end of words, as long as keep words are left, and returns the suffix
// that stands closest to the name.
func trimEndings(words []string, keep int) (rest []string, suffix string) {
	for len(words) > keep {
		last := words[len(words)-1]
		if s := normalSuffix(last); s != "" {
			suffix = s
		} else if !degreeWords.has(last) {
			break
		}
		words = words[:len(words)-1]
	}
	return words, suffix
}

func isNumber(word string) bool {
	return strings.IndexFunc(word, func(r rune) bool { return !unicode.IsNumber(r) }) < 0
}

// isInitial reports whether a folded word is a single letter of an alphabet. A single Han or Hangul character is a name.
func isInitial(word string) bool {
	r, size := utf8.DecodeRuneInString(word)
	return size == len(word) && unicode.IsLetter(r) && !isEastAsian(r)
}

func isEastAsian(r rune) bool {
	return r >= 0x1100 && unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana)
}

// withoutAsides cuts out what stands in brackets or double quotes: Robert "Bob" Smith. The whole text stays when
// nothing else is there.
func withoutAsides(field string) string {
	if !strings.ContainsAny(field, "([{\"“„«") {
		return field
	}
	var b strings.Builder
	closing := rune(0)
	for _, r := range field {
		switch {
		case closing != 0:
			if r == closing || closing == '”' && r == '“' {
				closing = 0
			}
		case asideEnd(r) != 0:
			closing = asideEnd(r)
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
	}
	if rest := b.String(); closing == 0 && Fold(rest) != "" {
		return rest
	}
	return field
}

func asideEnd(r rune) rune {
	switch r {
	case '(':
		return ')'
	case '[':
		return ']'
	case '{':
		return '}'
	case '"':
		return '"'
	case '“', '„':
		return '”'
	case '«':
		return '»'
	}
	return 0
}
