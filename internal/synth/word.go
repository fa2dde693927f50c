package synth

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

func itoa(n int) string { return strconv.Itoa(n) }

func base36(n uint64) string { return strconv.FormatUint(n, 36) }

func boolIndex(b bool) int {
	if b {
		return 1
	}
	return 0
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

// token is an opaque identifier that depends on seed, purpose and slot alone.
func token(seed uint64, purpose string, slot, size int) string {
	var b [32]byte
	stream := mix(seed ^ hashWord(purpose) ^ uint64(slot)*0x9e3779b97f4a7c15)
	for i := range size {
		if i%10 == 0 {
			stream = mix(stream + uint64(i) + 1)
		}
		b[i] = alphabet[stream>>(6*(i%10))&63]
	}
	return string(b[:size])
}

// digits is a token of decimal digits that does not start with zero.
func digits(seed uint64, purpose string, slot, size int) string {
	n := mix(seed ^ hashWord(purpose) ^ uint64(slot)*0x9e3779b97f4a7c15)
	text := strconv.FormatUint(1e18+n%8e18, 10)
	return text[:size]
}

func hashWord(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// spread places index of n evenly but irregularly among space places, injectively while there is room.
func spread(index, n, space uint64) uint64 {
	stride := space / n
	if stride == 0 {
		return index % space
	}
	return index*stride + mix(index)%stride
}

// personNumber is the which-th number of the person at a slot, sceneNumber the one a scene shares. All come from one
// permutation, so no two people or scenes are given the same by chance.
func (g *Generator) personNumber(l *locale, slot, which int) phone {
	return phone{locale: l, mobile: true, national: fill(l.mobile, g.numberIndex(uint64(2*slot+which), l.mobileSpace))}
}

func (g *Generator) sceneNumber(l *locale, first int, mobile bool) phone {
	code := uint64(2*g.cfg.Contacts + first)
	if mobile {
		return phone{locale: l, mobile: true, national: fill(l.mobile, g.numberIndex(code, l.mobileSpace))}
	}
	return phone{locale: l, national: fill(l.fixed, g.numberIndex(code, l.fixedSpace))}
}

func (g *Generator) numberIndex(code, space uint64) uint64 {
	return spread(g.phoneCodes.at(code), uint64(3*g.cfg.Contacts), space)
}

// appendFolded spells a letter with marks in plain ASCII, as people do in mail addresses; others stay.
func appendFolded(b []byte, r rune) []byte {
	if r < 0x80 {
		return append(b, byte(r))
	}
	if r <= 'ё' { // the last letter of the groups
		for i := range foldGroups {
			if strings.ContainsRune(foldGroups[i][1], r) {
				return append(b, foldGroups[i][0]...)
			}
		}
	}
	return utf8.AppendRune(b, r)
}

var foldGroups = [...][2]string{
	{"a", "áàâãåăąā"},
	{"A", "ÁÀÂÃÅĄ"},
	{"e", "éèêëęěė"},
	{"E", "ÉÈÊËĘ"},
	{"i", "íìîïı"},
	{"I", "ÍÌÎÏİ"},
	{"o", "óòôõő"},
	{"O", "ÓÒÔÕ"},
	{"u", "úùûůű"},
	{"U", "ÚÙÛ"},
	{"n", "ñńň"},
	{"N", "ÑŃ"},
	{"c", "çćč"},
	{"C", "ÇĆČ"},
	{"ae", "äæ"},
	{"Ae", "ÄÆ"},
	{"oe", "öøœ"},
	{"Oe", "ÖØŒ"},
	{"ue", "ü"},
	{"Ue", "Ü"},
	{"ss", "ß"},
	{"s", "śšşș"},
	{"S", "ŚŠŞ"},
	{"z", "źżž"},
	{"Z", "ŹŻŽ"},
	{"l", "ł"},
	{"L", "Ł"},
	{"y", "ýÿ"},
	{"r", "ř"},
	{"t", "ťțţ"},
	{"d", "ďđ"},
	{"е", "ё"},
	{"Е", "Ё"},
	{"α", "ά"},
	{"ε", "έ"},
	{"η", "ή"},
	{"ι", "ίϊΐ"},
	{"ο", "ό"},
	{"υ", "ύ"},
	{"ω", "ώ"},
	{"Ε", "Έ"},
	{"Α", "Ά"},
	{"g", "ğ"},
	{"th", "þ"},
	{"dh", "ð"},
}
