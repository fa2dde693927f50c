package normalize

import "strings"

// NYSIIS returns the phonetic code of a Latin name by the New York State Identification and Intelligence System
// (R. L. Taft, "Name Search Techniques", 1970), in lower case and without the original's cut at six letters, which
// threw together too many of the long names of today. Words are coded as one; anything but a to z is left out.
func NYSIIS(latin string) string {
	var stack [48]byte
	name := stack[:0]
	for i := range len(latin) {
		if c := latin[i] | 0x20; c >= 'a' && c <= 'z' && latin[i] >= 'A' {
			name = append(name, c)
		}
	}
	if len(name) == 0 {
		return ""
	}
	return nysiisBody(nysiisEnds(name))
}

// nysiisEnds rewrites the first and the last letters in place (steps 1 and 2).
func nysiisEnds(name []byte) []byte {
	for _, rule := range [...][2]string{{"mac", "mcc"}, {"kn", "nn"}, {"k", "c"}, {"ph", "ff"}, {"pf", "ff"}, {"sch", "sss"}} {
		if n := len(rule[0]); len(name) >= n && string(name[:n]) == rule[0] {
			copy(name, rule[1])
			break
		}
	}
	if n := len(name); n >= 2 {
		switch string(name[n-2:]) {
		case "ee", "ie":
			name = append(name[:n-2], 'y')
		case "dt", "rt", "rd", "nt", "nd":
			name = append(name[:n-2], 'd')
		}
	}
	return name
}

// nysiisBody codes the letters behind the first and tidies the end (steps 3 to 8).
func nysiisBody(name []byte) string {
	var stack [48]byte
	code := append(stack[:0], name[0])
	for i := 1; i < len(name); i++ {
		i = nysiisLetter(name, i)
		if c := name[i]; c != code[len(code)-1] {
			code = append(code, c)
		}
	}
	if n := len(code); n > 1 && code[n-1] == 's' {
		code = code[:n-1]
	}
	if n := len(code); n > 2 && code[n-2] == 'a' && code[n-1] == 'y' {
		code = append(code[:n-2], 'y')
	}
	if n := len(code); n > 1 && code[n-1] == 'a' {
		code = code[:n-1]
	}
	return string(code)
}

// nysiisLetter rewrites the letters at i in place (step 5) and returns the place of the one that counts.
func nysiisLetter(name []byte, i int) int {
	next := func(k int) byte {
		if i+k < len(name) {
			return name[i+k]
		}
		return 0
	}
	switch c := name[i]; {
	case c == 'e' && next(1) == 'v':
		name[i], name[i+1] = 'a', 'f'
	case isVowel(c):
		name[i] = 'a'
	case c == 'q':
		name[i] = 'g'
	case c == 'z':
		name[i] = 's'
	case c == 'm':
		name[i] = 'n'
	case c == 'k' && next(1) == 'n':
		name[i] = 'n'
	case c == 'k':
		name[i] = 'c'
	case c == 's' && next(1) == 'c' && next(2) == 'h':
		name[i+1], name[i+2] = 's', 's'
	case c == 'p' && next(1) == 'h':
		name[i], name[i+1] = 'f', 'f'
	case c == 'h' && (!isVowel(name[i-1]) || !isVowel(next(1))):
		name[i] = name[i-1]
	case c == 'w' && isVowel(name[i-1]):
		name[i] = name[i-1]
	}
	return i
}

func isVowel(c byte) bool { return c != 0 && strings.IndexByte("aeiou", c) >= 0 }
