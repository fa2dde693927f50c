package scoring

import (
	"strings"
	"unicode/utf8"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// part is how two given names, or two family names, relate.
type part uint8

const (
	partNull     part = iota // missing on both sides
	partOneSide              // missing on one side
	partEqual                //
	partExtended             // all tokens of one are in the other
	partNickname             //
	partInitial              //
	partScript               // equal in Latin letters
	partTypo                 //
	partPhonetic             //
	partLoose                // further apart than a slip, but hardly by chance
	partDifferent
)

// names are the columns a name comparison reads.
type names struct {
	key, given, family, middle, suffix *contact.Strings
	roots, givenLatin, familyLatin     *contact.Strings
	givenSound, familySound            *contact.Strings
	givenCache, familyCache            *pairCache
	crossCache                         *pairCache // of a given and a family name
}

func newNames(t *contact.Table) names {
	return names{
		key: t.Col(contact.ColNameKey), given: t.Col(contact.ColGiven), family: t.Col(contact.ColFamily), middle: t.Col(contact.ColMiddle),
		suffix: t.Col(contact.ColSuffix), roots: t.Col(contact.ColGivenRoots), givenLatin: t.Col(contact.ColGivenLatin),
		familyLatin: t.Col(contact.ColFamilyLatin), givenSound: t.Col(contact.ColGivenPhonetic), familySound: t.Col(contact.ColFamilyPhonetic),
		givenCache: newPairCache(), familyCache: newPairCache(), crossCache: newPairCache(),
	}
}

// level is the name comparison.
func (n *names) level(a, b contact.Row) uint8 {
	ka, kb := n.key.Code(a), n.key.Code(b)
	switch {
	case ka == 0 && kb == 0:
		return nameNull
	case ka == 0 || kb == 0:
		return nameOneMissing
	case ka == kb:
		return n.equalLevel(a, b)
	}
	g, f := n.givenPart(a, b), n.familyPart(a, b)
	l, ok := n.crossed(a, b, g, f)
	if !ok {
		l = n.joint(a, b, g, f)
	}
	if l < nameLooseFamily {
		return l
	}
	if level, ok := sameParts(n.key.Text(ka), n.key.Text(kb), false); ok {
		return level
	}
	if unreadable(n.key.Text(ka)) != unreadable(n.key.Text(kb)) {
		return nameScripts
	}
	return l
}

// unreadable reports whether a name is written in a script from which its spelling in Latin letters cannot be told: characters have several
// readings, and alphabets without vowels leave them out. Greek and Cyrillic are read letter by letter.
func unreadable(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return r >= 0x0590 && (r < 0x1e00 || r > 0x1fff)
}

// equalLevel tells apart names whose tokens are the same.
func (n *names) equalLevel(a, b contact.Row) uint8 {
	switch {
	case n.middleDiffers(a, b):
		return nameMiddle
	case n.given.Code(a) == n.given.Code(b):
		return nameEqual
	default:
		return nameSwapped
	}
}

// middleDiffers reports whether both have middle names and none fits the other, as an initial or a part.
func (n *names) middleDiffers(a, b contact.Row) bool {
	ma, mb := n.middle.Code(a), n.middle.Code(b)
	if ma == 0 || mb == 0 || ma == mb {
		return false
	}
	return !fits(n.middle.Text(ma), n.middle.Text(mb))
}

// fits reports whether one text's tokens are those of the other or their initials, in order, as far as the shorter goes.
func fits(a, b string) bool {
	for a != "" && b != "" {
		var x, y string
		x, a, _ = strings.Cut(a, " ")
		y, b, _ = strings.Cut(b, " ")
		if !strings.HasPrefix(x, y) && !strings.HasPrefix(y, x) {
			return false
		}
	}
	return true
}

// joint combines the two parts.
func (n *names) joint(a, b contact.Row, g, f part) uint8 {
	switch {
	case f == partOneSide && g == partOneSide:
		return nameApart // one has only a given name, the other only a family name
	case f == partOneSide || f == partNull:
		return givenAlone(g)
	case g == partOneSide || g == partNull:
		return familyAlone(f)
	case g >= partLoose && f >= partLoose:
		if g == partLoose && f == partLoose {
			return nameLoose
		}
		return nameDifferent
	case g == partDifferent && f != partEqual && f != partExtended:
		return nameHalf
	case g == partDifferent:
		return nameGiven
	case g == partLoose:
		return nameLooseGiven
	case f == partDifferent:
		// A changed surname is believed of a fully written given name only: "A." with another surname is another person.
		if g == partEqual || g == partNickname || g == partScript {
			return nameSurname
		}
		return nameHalf
	case f == partLoose:
		return nameLooseFamily
	case n.middleDiffers(a, b):
		return nameTypo
	}
	return max(variantLevel(g), variantLevel(f))
}

func givenAlone(g part) uint8 {
	switch g {
	case partEqual:
		return nameGivenOnly
	case partLoose:
		return nameLooseAlone
	case partDifferent:
		return nameGiven
	default:
		return nameAlone
	}
}

func familyAlone(f part) uint8 {
	switch f {
	case partEqual:
		return nameFamilyOnly
	case partLoose:
		return nameLooseAlone
	case partDifferent:
		return nameDifferent
	default:
		return nameAlone
	}
}

// variantLevel is the joint level when this part is the weaker one.
func variantLevel(p part) uint8 {
	switch p {
	case partEqual:
		return nameEqual
	case partExtended:
		return nameExtended
	case partNickname:
		return nameNickname
	case partInitial:
		return nameInitial
	case partScript:
		return nameOtherScript
	case partTypo:
		return nameTypo
	default:
		return namePhonetic
	}
}

// crossed recognises names whose parts stand in the wrong fields: exchanged in another script or with a slip of spelling, or a single part
// that stands in the other field.
func (n *names) crossed(a, b contact.Row, g, f part) (uint8, bool) {
	ga, fa, gb, fb := n.givenLatin.Value(a), n.familyLatin.Value(a), n.givenLatin.Value(b), n.familyLatin.Value(b)
	gf, fg := ga != "" && ga == fb, fa != "" && fa == gb
	switch {
	case g == partOneSide && f == partOneSide:
		if gf || fg {
			return nameOtherScript, true // equal parts in one script were caught by the key
		}
		if n.closeAcross(a, b) || n.closeAcross(b, a) {
			return nameAlone, true
		}
	case g >= partLoose && f == partOneSide && (fa == "" && n.closeAcross(a, b) || fb == "" && n.closeAcross(b, a)) && !gf && !fg:
		return nameAlone, true // a slip in the part that stands in the other field
	case g == partOneSide && f >= partLoose && (ga == "" && n.closeAcross(b, a) || gb == "" && n.closeAcross(a, b)) && !gf && !fg:
		return nameAlone, true
	case g >= partLoose && f == partOneSide && (fa == "" && gf || fb == "" && fg):
		return nameFamilyOnly, true // the part in the given name field is the other's family name
	case g == partOneSide && f >= partLoose && (ga == "" && fg || gb == "" && gf):
		return nameGivenOnly, true // the part in the family name field is the other's given name
	case g >= partLoose && f >= partLoose:
		if gf && fg {
			return nameOtherScript, true
		}
		if gf || fg {
			if l, ok := sameParts(n.key.Value(a), n.key.Value(b), true); ok {
				return l, true
			}
		}
		if n.closeAcross(a, b) && n.closeAcross(b, a) {
			return nameTypo, true
		}
	}
	return 0, false
}

// sameParts recognises names of two or more parts of which one has more parts, wherever they stand, or initials; and, in names whose order
// differs, parts cut short.
func sameParts(a, b string, cut bool) (uint8, bool) {
	a, b = shorterFirst(a, b)
	level, n := nameExtended, 0
	for tok := range strings.FieldsSeq(a) {
		n++
		switch {
		case hasToken(b, tok):
		case isLetter(tok) && anyBeginsWith(b, tok):
			level = nameInitial
		case cut && len(tok) > 2 && anyBeginsWith(b, tok):
			level = max(level, nameNickname)
		default:
			return 0, false
		}
	}
	return level, n >= 2
}

func anyBeginsWith(s, prefix string) bool {
	for tok := range strings.FieldsSeq(s) {
		if strings.HasPrefix(tok, prefix) {
			return true
		}
	}
	return false
}

// closeAcross reports whether the given name of a is close to the family name of b.
func (n *names) closeAcross(a, b contact.Row) bool {
	g, f := n.given.Code(a), n.family.Code(b)
	if g == 0 || f == 0 {
		return false
	}
	return n.crossCache.lookup(uint64(g)<<32|uint64(f), func() uint8 {
		if closeName(n.givenLatin.Value(a), n.familyLatin.Value(b)) {
			return 1
		}
		return 0
	}) == 1
}

func (n *names) givenPart(a, b contact.Row) part {
	x, y := n.given.Code(a), n.given.Code(b)
	if p, done := trivial(x, y); done {
		return p
	}
	return part(n.givenCache.verdict(x, y, func() uint8 {
		ga, gb := n.given.Text(x), n.given.Text(y)
		la, lb := n.givenLatin.Value(a), n.givenLatin.Value(b)
		switch {
		case isInitialOf(ga, gb):
			return uint8(partInitial)
		case la != "" && la == lb:
			return uint8(partScript)
		case anyToken(n.roots.Value(a), n.roots.Value(b)) && fits(afterFirst(la), afterFirst(lb)):
			return uint8(partNickname)
		case extends(ga, gb):
			return uint8(partExtended)
		case closeName(la, lb):
			return uint8(partTypo)
		case soundsAlike(n.givenSound.Code(a), n.givenSound.Code(b), la, lb):
			return uint8(partPhonetic)
		case looselyAlike(la, lb):
			return uint8(partLoose)
		default:
			return uint8(partDifferent)
		}
	}))
}

func (n *names) familyPart(a, b contact.Row) part {
	x, y := n.family.Code(a), n.family.Code(b)
	if p, done := trivial(x, y); done {
		return p
	}
	return part(n.familyCache.verdict(x, y, func() uint8 {
		fa, fb := n.family.Text(x), n.family.Text(y)
		la, lb := n.familyLatin.Value(a), n.familyLatin.Value(b)
		switch {
		case isInitialOf(fa, fb):
			return uint8(partInitial)
		case la != "" && la == lb:
			return uint8(partScript)
		case extends(fa, fb):
			return uint8(partExtended)
		case la != "" && strings.ReplaceAll(la, " ", "") == strings.ReplaceAll(lb, " ", ""):
			return uint8(partTypo)
		case closeName(la, lb):
			return uint8(partTypo)
		case soundsAlike(n.familySound.Code(a), n.familySound.Code(b), la, lb):
			return uint8(partPhonetic)
		case looselyAlike(la, lb):
			return uint8(partLoose)
		default:
			return uint8(partDifferent)
		}
	}))
}

func trivial(x, y contact.Code) (part, bool) {
	switch {
	case x == 0 && y == 0:
		return partNull, true
	case x == 0 || y == 0:
		return partOneSide, true
	case x == y:
		return partEqual, true
	default:
		return 0, false
	}
}

// closeName applies the policy's edit limit: one edit in names of up to four letters, two in longer ones.
func closeName(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	limit := 2
	if min(len(a), len(b)) <= 4 {
		limit = 1
	}
	if d := len(a) - len(b); d > limit || -d > limit {
		return false
	}
	return !tooFar(clip(a), clip(b), limit) && distance(a, b) <= limit
}

// looseAt is the Jaro-Winkler similarity from which two names of some length are hardly apart by chance.
const looseAt = 0.80

// looselyAlike reports whether two names are further apart than a slip of the pen, but closer than chance: several slips, or one cut short.
func looselyAlike(a, b string) bool {
	if min(len(a), len(b)) < 3 {
		return false
	}
	return strings.HasPrefix(b, a) || strings.HasPrefix(a, b) || jaroWinklerAt(a, b, looseAt)
}

// isInitialOf reports whether one name is only an initial (or initials) that the other begins with.
func isInitialOf(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if a == "" || len(a) == len(b) {
		return false
	}
	for a != "" {
		var x, y string
		x, a, _ = strings.Cut(a, " ")
		y, b, _ = strings.Cut(b, " ")
		if !isLetter(x) || !strings.HasPrefix(y, x) {
			return false
		}
	}
	return true
}

// isLetter reports whether a token is a single letter of an alphabet; a single CJK character is a whole name.
func isLetter(t string) bool {
	r, size := utf8.DecodeRuneInString(t)
	return size == len(t) && size > 0 && r < 0x1100
}

// soundsAlike wants equal phonetic codes and the same first letter: the codes are coarse, and people rarely mishear how a name begins.
func soundsAlike(x, y contact.Code, a, b string) bool {
	return x != 0 && x == y && a != "" && b != "" && a[0] == b[0]
}

// extends reports whether all tokens of one name are in the other: "maria" and "maria jose", "garcia" and "garcia lopez".
func extends(a, b string) bool {
	a, b = shorterFirst(a, b)
	n := 0
	for tok := range strings.FieldsSeq(a) {
		if len(tok) < 2 || !hasToken(b, tok) {
			return false
		}
		n++
	}
	return n > 0
}

// afterFirst is a name without its first token: roots tell of that one only, and Maria Jose is not Maria Luisa.
func afterFirst(s string) string {
	_, rest, _ := strings.Cut(s, " ")
	return rest
}

// anyToken reports whether two space-separated lists share a token.
func anyToken(a, b string) bool {
	for tok := range strings.FieldsSeq(a) {
		if hasToken(b, tok) {
			return true
		}
	}
	return false
}

func (n *names) suffixLevel(a, b contact.Row) uint8 {
	x, y := n.suffix.Code(a), n.suffix.Code(b)
	switch {
	case x == 0 && y == 0:
		return 0
	case x == 0 || y == 0:
		return suffixOneSide
	case x == y:
		return suffixEqual
	default:
		return suffixDifferent
	}
}
