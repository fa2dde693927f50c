package normalize

import (
	"slices"
	"strings"
)

// NameParts are the name fields of a record as they stand. Any of them may be empty, or hold what belongs in another.
type NameParts struct{ Title, First, Middle, Last, Suffix, Full string }

// Name is a person's name in comparable form.
type Name struct {
	Given, Middle, Family string // folded; native script kept; words parted by one space
	Suffix                string // jr, sr, ii, iii, iv
	GivenRoots            string // formal names the given name may stand for, sorted, parted by spaces

	GivenLatin, FamilyLatin       string // transliterated; equal to Given and Family when those are Latin
	GivenPhonetic, FamilyPhonetic string // NYSIIS of the Latin form

	Key        string // words of Given and Family, sorted: equal for swapped fields
	Status     Status // OK whenever a name is left, even when another field held something else
	FoundEmail string // an address that stood in a name field, raw
	FoundPhone string // a phone number that stood in a name field, raw
}

// NameConfig chooses the lists that a NameParser works with. The zero value means the built-in lists alone.
type NameConfig struct {
	Fillers   []string `yaml:"fillers" json:"fillers"`     // further names that name nobody
	Nicknames []string `yaml:"nicknames" json:"nicknames"` // further nickname groups, "formal: short short"
}

// NameParser parses names. It is immutable and safe for concurrent use.
type NameParser struct {
	fillers   set
	special   set               // every folded word that is more than a plain part of a name
	nicknames map[string]string // folded short form -> formal names, sorted, parted by spaces
}

// NewNameParser returns a parser for the lists in config.
func NewNameParser(config NameConfig) *NameParser {
	p := &NameParser{fillers: fillerNames, nicknames: builtinNicknames()}
	if len(config.Fillers) > 0 {
		p.fillers = make(set, len(fillerNames)+len(config.Fillers))
		for name := range fillerNames {
			p.fillers[name] = struct{}{}
		}
		for _, name := range config.Fillers {
			p.fillers[Fold(name)] = struct{}{}
		}
	}
	if len(config.Nicknames) > 0 {
		p.nicknames = nicknameTable(nicknameText + "\n" + strings.Join(config.Nicknames, "\n"))
	}
	p.special = make(set, 1024)
	for _, words := range [...]set{p.fillers, placeholderWords, emptyNameWords, titleWords, degreeWords} {
		for word := range words {
			p.special[word] = struct{}{}
		}
	}
	return p
}

// Parse returns the comparable form of a record's name fields.
func (p *NameParser) Parse(parts NameParts) Name {
	var n Name
	if p.plain(parts, &n) {
		p.complete(&n)
		return n
	}
	return p.parse(parts)
}

// plain reads the names that most records have, one plain word in each of two fields, and answers false for all others.
func (p *NameParser) plain(parts NameParts, n *Name) bool {
	if parts.Middle != "" || parts.Suffix != "" || !isPlainWord(parts.First) || !isPlainWord(parts.Last) {
		return false
	}
	given, family := Fold(parts.First), Fold(parts.Last)
	var stack [2*maxPlainWord + 1]byte
	whole := append(append(append(stack[:0], given...), ' '), family...)
	if _, special := p.special[string(whole)]; special || p.isSpecial(given) || p.isSpecial(family) {
		return false
	}
	n.Given, n.Family, n.Status = given, family, OK
	return true
}

// maxPlainWord is longer, in bytes, than nearly all names of one word.
const maxPlainWord = 48

// isPlainWord reports whether s is a short word of letters that need no composing: ASCII, Latin with diacritics, Greek,
// Cyrillic, Han or Hangul. One ASCII letter alone is none.
func isPlainWord(s string) bool {
	if len(s) < 2 || len(s) > maxPlainWord {
		return false
	}
	for _, r := range s {
		switch lower := r | 0x20; {
		case lower >= 'a' && lower <= 'z':
		case r >= 0xc0 && r < 0x250 && r != '×' && r != '÷':
		case r >= 0x388 && r <= 0x3ce, r >= 0x400 && r <= 0x481, r >= 0x48a && r < foldTableEnd:
		case r >= 0x4e00 && r <= 0x9fff, r >= 0xac00 && r <= 0xd7a3:
		default:
			return false
		}
	}
	return true
}

// isSpecial reports whether a folded word needs the long way, as some single letters of Catalan and Greek do: they fold
// to several words, or to nothing.
func (p *NameParser) isSpecial(word string) bool {
	return p.special.has(word) || normalSuffix(word) != "" || word == "" || isRepeated(word) || strings.IndexByte(word, ' ') >= 0
}

// parse is Parse for every name, plain or not.
func (p *NameParser) parse(parts NameParts) Name {
	var n Name
	first, middle, last := n.field(parts.First), n.field(parts.Middle), n.field(parts.Last)
	if first == "" && middle == "" && last == "" {
		first = n.field(parts.Full)
	}
	if first == "" && middle == "" && last == "" {
		n.Status = Missing
		if n.FoundEmail != "" || n.FoundPhone != "" {
			n.Status = Misplaced
		}
		return n
	}
	if p.isFiller(first, middle, last) {
		n.Status = Filler
		return n
	}
	n.Suffix = normalSuffix(Fold(capRunes(parts.Suffix)))
	read := NameParts{First: parts.First, Middle: parts.Middle, Last: parts.Last} // what the parts found were read from
	for range maxReadings {
		n.Given, n.Middle, n.Family = "", "", ""
		n.arrange(dropPlaceholder(first), dropPlaceholder(middle), dropPlaceholder(last))
		n.Given, n.Middle, n.Family = capWords(n.Given), capWords(n.Middle), capWords(n.Family) // folding lengthens: ﬁ, ß
		if n.Given == "" && n.Family == "" {
			n.Given, n.Middle = n.Middle, ""
		}
		again := n.Given == read.First && n.Middle == read.Middle && n.Family == read.Last
		if n.Given == "" && n.Family == "" || !again && p.isFiller(n.Given, n.Middle, n.Family) { // Mr. Unknown
			break
		}
		if again || p.isSettled(&n) {
			n.Status = OK
			p.complete(&n)
			return n
		}
		read = NameParts{First: n.Given, Middle: n.Middle, Last: n.Family}
		first, middle, last = n.field(n.Given), n.field(n.Middle), n.field(n.Family)
	}
	return Name{Status: Filler, FoundEmail: n.FoundEmail, FoundPhone: n.FoundPhone}
}

// maxReadings bounds how often the parts of a name are read again. Every reading but the last takes a word away or makes
// it a middle name; what is still not settled then is a list of suffixes, titles and numbers, and names nobody.
const maxReadings = 16

// isSettled reports whether it is plain that reading the parts of n again would find the same parts. A first reading can
// leave words that a second one takes for more: a suffix in the middle of a whole name stands at the end of the given name
// once the family name is cut off. One part alone is settled as it is, because a second reading may take it for a whole name.
func (p *NameParser) isSettled(n *Name) bool {
	return n.Given == "" || n.Family == "" || n.Middle == "" && p.isPlainPart(n.Given) && p.isPlainPart(n.Family)
}

// isPlainPart reports whether a part is one word that is only ever read as itself.
func (p *NameParser) isPlainPart(part string) bool {
	return !p.isSpecial(part) && countDigits(part) < 7
}

// complete fills what follows from the parts of the name.
func (p *NameParser) complete(n *Name) {
	n.GivenLatin, n.FamilyLatin = latinOfFolded(n.Given), latinOfFolded(n.Family)
	n.GivenRoots = p.roots(n.GivenLatin)
	n.GivenPhonetic, n.FamilyPhonetic = NYSIIS(n.GivenLatin), NYSIIS(n.FamilyLatin)
	n.Key = sortedWords(n.Given, n.Family)
}

// roots returns the formal names that the Latin given name may stand for; a name that is on no list is its own root.
func (p *NameParser) roots(given string) string {
	if given == "" {
		return ""
	}
	first, rest, several := strings.Cut(given, " ")
	roots, ok := p.nicknames[first]
	if !ok {
		roots = first
	}
	if several {
		if compound, ok := p.nicknames[first+strings.ReplaceAll(rest, " ", "")]; ok { // José Luis, written apart
			return sortedWords(roots, compound)
		}
	}
	return roots
}

// sortedWords returns the words of two folded texts in order.
func sortedWords(a, b string) string {
	if strings.IndexByte(a, ' ') < 0 && strings.IndexByte(b, ' ') < 0 {
		return joinWords(min(a, b), max(a, b))
	}
	words := append(strings.Fields(a), strings.Fields(b)...)
	slices.Sort(words)
	return strings.Join(words, " ")
}

// field cleans one raw name field. An address or a phone number in it is handed back through n and cut out.
func (n *Name) field(raw string) string {
	if raw == "" {
		return ""
	}
	s := clean(capRunes(raw))
	if strings.IndexByte(s, '@') >= 0 {
		s = n.cutEmail(s)
	}
	if countDigits(s) >= 7 {
		s = n.cutPhone(s)
	}
	return s
}

// cutEmail takes the first word with an @ out of s. A word that only begins with one is a handle and stays.
func (n *Name) cutEmail(s string) string {
	words := strings.Fields(s)
	for i, word := range words {
		if strings.IndexByte(word, '@') > 0 {
			if n.FoundEmail == "" {
				n.FoundEmail = strings.Trim(word, "<>()[],;\"'")
			}
			words = slices.Delete(words, i, i+1)
			return strings.Join(words, " ")
		}
	}
	return s
}

// cutPhone takes the longest run that can be a phone number out of s.
func (n *Name) cutPhone(s string) string {
	start, end := phoneRun(s)
	if start == end {
		return s
	}
	found := strings.Trim(s[start:end], " -./")
	if countDigits(found) == len(found) && len(found) < minBarePhone {
		return s
	}
	if n.FoundPhone == "" {
		n.FoundPhone = found
	}
	return strings.TrimSpace(s[:start] + " " + s[end:])
}

// minBarePhone is how many digits without any mark between them are a phone number in a name field. Fewer are the number
// of a guest or an account.
const minBarePhone = 9

// phoneRun finds the first run of digits and phone marks with seven or more digits.
func phoneRun(s string) (start, end int) {
	for i := 0; i < len(s); i++ {
		if !isPhoneByte(s[i]) || s[i] == ' ' {
			continue
		}
		j := i
		for j < len(s) && isPhoneByte(s[j]) {
			j++
		}
		if countDigits(s[i:j]) >= 7 {
			return i, j
		}
		i = j
	}
	return 0, 0
}

func isPhoneByte(c byte) bool {
	return c >= '0' && c <= '9' || strings.IndexByte("+-./() ", c) >= 0
}
