package normalize

import "strings"

// NYSIIS returns the phonetic code of a Latin name by the New York State Identification and Intelligence System
// (R. L. Taft, "Name Search Techniques", 1970), in lower case and without the original's cut at six letters, which
// threw together too many of the long names of today. Words are coded as one; anything but a to z is left out.
func NYSIIS(latin string) string {
	name := make([]byte, 0, 32)
	for i := range len(latin) {
		if c := latin[i] | 0x20; c >= 'a' && c <= 'z' && latin[i] >= 'A' {
			name = append(name, c)
		}
	}
	if len(name) == 0 {
		return ""
	}
	name = nysiisEnds(name)
	return nysiisBody(name)
}

// nysiisEnds rewrites the first and the last letters (steps 1 and 2).
func nysiisEnds(name []byte) []byte {
	s := string(name)
	for _, rule := range [...][2]string{{"mac", "mcc"}, {"kn", "nn"}, {"k", "c"}, {"ph", "ff"}, {"pf", "ff"}, {"sch", "sss"}} {
		if rest, ok := strings.CutPrefix(s, rule[0]); ok {
			s = rule[1] + rest
			break
		}
	}
	for _, rule := range [...][2]string{{"ee", "y"}, {"ie", "y"}, {"dt", "d"}, {"rt", "d"}, {"rd", "d"}, {"nt", "d"}, {"nd", "d"}} {
		if rest, ok := strings.CutSuffix(s, rule[0]); ok {
			s = rest + rule[1]
			break
		}
	}
	return []byte(s)
}

// nysiisBody codes the letters behind the first and tidies the end (steps 3 to 8).
func nysiisBody(name []byte) string {
	code := append(make([]byte, 0, len(name)+2), name[0])
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
