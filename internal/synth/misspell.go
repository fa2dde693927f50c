package synth

import (
	"strings"
	"unicode"
)

// typo makes one slip of the hand after the first letter: a neighbouring key, two letters exchanged, one lost, one doubled.
func typo(d dice, word string) string {
	letters := []rune(word)
	i := 1 + d.IntN(len(letters)-2)
	switch d.IntN(4) {
	case 0:
		if near := neighbours(letters[i]); near != "" {
			letters[i] = rune(near[d.IntN(len(near))])
			return string(letters)
		}
		fallthrough
	case 1:
		letters[i], letters[i+1] = letters[i+1], letters[i]
	case 2:
		letters = append(letters[:i], letters[i+1:]...)
	case 3:
		letters = append(letters[:i+1], letters[i:]...)
	}
	return string(letters)
}

// neighbours lists the keys beside a letter on a QWERTY keyboard.
func neighbours(r rune) string {
	rows := [...]string{"qwertyuiop", "asdfghjkl", "zxcvbnm"}
	for row, keys := range rows {
		at := strings.IndexRune(keys, r)
		if at < 0 {
			continue
		}
		near := keys[max(0, at-1):at] + keys[at+1:min(len(keys), at+2)]
		if row > 0 {
			near += rows[row-1][at : at+1]
		}
		return near
	}
	return ""
}

// A rule replaces one spelling of a sound, or one shape on paper, by another.
type rule struct{ from, to string }

var soundRules = [...]rule{
	{"ph", "f"},
	{"sch", "sh"},
	{"ck", "k"},
	{"tz", "z"},
	{"th", "t"},
	{"ie", "y"},
	{"ei", "ai"},
	{"ey", "y"},
	{"ll", "l"},
	{"nn", "n"},
	{"tt", "t"},
	{"ss", "s"},
	{"mm", "m"},
	{"rr", "r"},
	{"ou", "u"},
	{"ea", "ee"},
	{"oo", "u"},
	{"gh", "g"},
	{"c", "k"},
	{"k", "c"},
	{"z", "s"},
	{"y", "i"},
	{"w", "v"},
	{"v", "b"},
	{"j", "y"},
	{"x", "ks"},
	{"d", "t"},
	{"i", "e"},
	{"e", "a"},
	{"o", "u"},
	{"в", "ф"},
	{"о", "а"},
	{"е", "и"},
	{"д", "т"},
	{"η", "ι"},
	{"υ", "ι"},
	{"ω", "ο"},
	{"ي", "ى"},
	{"ة", "ه"},
	{"أ", "ا"},
}

var shapeRules = [...]rule{
	{"rn", "m"},
	{"m", "rn"},
	{"cl", "d"},
	{"l", "1"},
	{"o", "0"},
	{"O", "0"},
	{"S", "5"},
	{"B", "8"},
	{"i", "l"},
	{"e", "c"},
	{"h", "b"},
	{"vv", "w"},
	{"I", "l"},
	{"u", "ii"},
	{"п", "л"},
	{"и", "н"},
	{"ш", "щ"},
}

func mishear(d dice, word string) string { return applyRule(d, soundRules[:], word) }
func misread(d dice, word string) string { return applyRule(d, shapeRules[:], word) }

// applyRule applies one rule that fits after the first letter, starting the search at random.
func applyRule(d dice, rules []rule, word string) string {
	start := d.IntN(len(rules))
	first := firstRune(word)
	head := word[:len(string(first))]
	rest := word[len(head):]
	for i := range rules {
		rule := rules[(start+i)%len(rules)]
		if strings.Contains(rest, rule.from) {
			return head + strings.Replace(rest, rule.from, rule.to, 1)
		}
	}
	return word
}

// letterAt finds a place strictly inside the letters before the @ where a typo can go, or -1.
func letterAt(d dice, local string) int {
	if len(local) < 5 {
		return -1
	}
	i := 1 + d.IntN(len(local)-3)
	for ; i < len(local)-1; i++ {
		if unicode.IsLetter(rune(local[i])) && unicode.IsLetter(rune(local[i+1])) {
			return i
		}
	}
	return -1
}
