package normalize

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// arrange puts the words of the cleaned fields into the parts of the name.
//
// All words before the family name are the given name, whether they came in one field or in two, and only single
// letters behind the first one are middle names: so "Ana Maria" "Reyes" equals "Ana Maria Reyes".
func (n *Name) arrange(first, middle, last string) {
	switch {
	case first != "" && last == "":
		n.whole(first)
	case first == "" && last != "":
		n.wholeFamily(last)
	case last != "":
		n.separate(first, last)
	}
	if words, suffix := trimEndings(nameWords(withoutAsides(middle)), 0); len(words) > 0 || suffix != "" {
		n.Middle = joinWords(n.Middle, strings.Join(words, " "))
		n.setSuffix(suffix)
	}
}

func (n *Name) setSuffix(suffix string) {
	if n.Suffix == "" {
		n.Suffix = suffix
	}
}

// separate takes given and family name from their own fields.
func (n *Name) separate(first, last string) {
	family, suffix := n.commaParts(last)
	n.setSuffix(suffix)
	given, givenSuffix := trimEndings(trimTitles(nameWords(withoutAsides(firstComma(first))), 0), 1)
	n.setSuffix(givenSuffix)
	if strings.Join(given, " ") == strings.Join(family, " ") && len(given) > 1 {
		n.whole(strings.Join(given, " ")) // the whole name in both fields
		return
	}
	given, family = withoutRepeat(given, family)
	n.setGiven(given)
	n.Family = strings.Join(family, " ")
}

// withoutRepeat takes a family name off the given name that it stands behind, or a given name off the family name that
// it stands before: "Ana Reyes" "Reyes" and "Ana" "Ana Reyes" are Ana Reyes.
func withoutRepeat(given, family []string) (onlyGiven, onlyFamily []string) {
	for {
		g, f := len(given), len(family)
		switch {
		case f > 0 && g > f && slices.Equal(given[g-f:], family):
			given = given[:g-f]
		case g > 0 && f > g && slices.Equal(family[:g], given):
			family = family[g:]
		default:
			return given, family
		}
	}
}

// commaParts reads a family name field, where a comma stands before a suffix or a degree: "Avery, Jr.".
func (n *Name) commaParts(last string) (words []string, suffix string) {
	head, tail, _ := strings.Cut(withoutAsides(last), ",")
	words, suffix = trimEndings(nameWords(head), 1)
	rest, tailSuffix := trimEndings(nameWords(tail), 0)
	if suffix == "" {
		suffix = tailSuffix
	}
	return append(words, rest...), suffix
}

// firstComma turns the commas of a given name field into spaces.
func firstComma(first string) string { return strings.ReplaceAll(first, ",", " ") }

// wholeFamily reads a family name field with no given name beside it: a whole name when it has several words, because
// some systems insist on a family name and get the whole one.
func (n *Name) wholeFamily(last string) {
	words, suffix := trimEndings(nameWords(withoutAsides(last)), 1)
	if named := slices.ContainsFunc(words[:max(len(words)-1, 0)], func(w string) bool { return !particles.has(w) }); named || isEastAsianWord(words) {
		n.whole(last)
		return
	}
	n.Family = strings.Join(words, " ")
	n.setSuffix(suffix)
}

// whole reads a whole name in one field.
func (n *Name) whole(field string) {
	field = withoutAsides(field)
	if head, tail, ok := strings.Cut(field, ","); ok && n.lastFirst(head, tail) {
		return
	}
	words := trimTitles(nameWords(strings.ReplaceAll(field, ",", " ")), 1)
	words, suffix := trimEndings(words, 1)
	n.setSuffix(suffix)
	if n.eastAsian(words) {
		return
	}
	start := familyStart(words)
	n.setGiven(words[:start])
	n.Family = strings.Join(words[start:], " ")
}

// lastFirst reads "Reyes, Ana" and "Avery, John, Jr.". It answers false when only a suffix or a degree follows the
// comma: "John Avery, Jr.".
func (n *Name) lastFirst(head, tail string) bool {
	given, suffix := trimEndings(nameWords(strings.ReplaceAll(tail, ",", " ")), 0)
	given = trimTitles(given, 0)
	family, familySuffix := trimEndings(trimTitles(nameWords(head), 1), 1)
	if len(given) == 0 || len(family) == 0 {
		return false
	}
	n.setSuffix(suffix)
	n.setSuffix(familySuffix)
	n.setGiven(given)
	n.Family = strings.Join(family, " ")
	return true
}

// setGiven stores the words of the given name; single letters behind the first word are middle initials.
func (n *Name) setGiven(words []string) {
	end := len(words)
	for end > 1 && isInitial(words[end-1]) {
		end--
	}
	n.Given = strings.Join(words[:end], " ")
	n.Middle = joinWords(strings.Join(words[end:], " "), n.Middle)
}

// familyStart returns where the family name begins in a western whole name: at the last word, with the particles
// before it, and with the first half of "Ortega y Gasset". One word alone is a given name.
func familyStart(words []string) int {
	start := len(words) - 1
	if start < 1 {
		return len(words)
	}
	for start > 1 && particles.has(words[start-1]) {
		start--
		if words[start] == "y" && start > 1 {
			start--
		}
	}
	return start
}

// compoundSurnames are the Chinese and Korean family names of two characters that are in use.
var compoundSurnames = setOf(
	"欧阳", "歐陽", "司马", "司馬", "上官", "诸葛", "諸葛", "司徒", "东方", "東方", "皇甫", "尉迟", "尉遲", "公孙", "公孫", "慕容", "令狐", "宇文", "长孙", "長孫",
	"夏侯", "轩辕", "軒轅", "端木", "独孤", "獨孤", "南宫", "南宮", "司空", "闻人", "聞人", "澹台", "西门", "西門", "百里", "呼延", "拓跋", "申屠", "太史", "公羊",
	"남궁", "황보", "제갈", "사공", "선우", "독고", "서문", "동방",
)

// eastAsian reads a whole name in Han or Hangul, where the family name stands first. It answers false for others.
func (n *Name) eastAsian(words []string) bool {
	if !isEastAsianWord(words) || len(words) > 2 {
		return false
	}
	if len(words) == 2 {
		n.Family, n.Given = words[0], words[1]
		return true
	}
	runes := []rune(words[0])
	cut := 1
	switch {
	case len(runes) < 2 || slices.ContainsFunc(runes, isKana):
		return false // nothing tells where a name in kana parts
	case len(runes) > 2 && compoundSurnames.has(string(runes[:2])):
		cut = 2
	case len(runes) >= 4 && unicode.Is(unicode.Han, runes[0]):
		cut = 2 // four characters are most often two and two, as Japanese names are
	}
	n.Family, n.Given = string(runes[:cut]), string(runes[cut:])
	return true
}

// isEastAsianWord reports whether every word is written in East Asian characters alone.
func isEastAsianWord(words []string) bool {
	for _, word := range words {
		for _, r := range word {
			if !isEastAsian(r) {
				return false
			}
		}
	}
	return len(words) > 0 && utf8.RuneCountInString(words[0]) > 0
}

func isKana(r rune) bool { return unicode.In(r, unicode.Hiragana, unicode.Katakana) }
