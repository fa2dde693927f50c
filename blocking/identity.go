package blocking

import (
	"strings"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// minLocalPart is the shortest local part worth a key: shorter ones (max, info, anna) are many people's.
const minLocalPart = 6

// localPart joins mailboxes of one local part at different providers.
func localPart(text string, emit func(uint64)) {
	if local, _, ok := strings.Cut(text, "@"); ok && len(local) >= minLocalPart {
		emit(hashString(local))
	}
}

// localDeletions joins mailboxes whose local parts are one typing error apart.
func localDeletions(text string, emit func(uint64)) {
	local, _, _ := strings.Cut(text, "@")
	deletions(local, emit)
}

// identityText makes keys of pieces of the identities of a space.
func (f *facts) identityText(name, description string, space contact.Space, pieces func(text string, emit func(uint64))) (rule, bool) {
	t, tenant := f.t, f.t.Col(contact.ColTenant)
	return rule{name: name, description: description, uses: spaceAspects[space], keys: func(r contact.Row, emit func(uint64, bool)) {
		h := uint64(tenant.Code(r))
		for _, k := range t.Keys(r) {
			if k.Space == space {
				pieces(t.KeyText(k.Value), func(v uint64) { emit(mix(h, v), false) })
			}
		}
	}}, f.spaces[space]
}

// minLetters is the fewest letters that spell a name well enough to join a mailbox to it.
const minLetters = 5

// spelled is a local part as letters alone: f.dalworth959 and fdalworth are one.
func spelled(local string) string {
	letters := make([]byte, 0, 32)
	for i := range len(local) {
		c := local[i] | 0x20
		if c >= 'a' && c <= 'z' {
			letters = append(letters, c)
		}
	}
	return string(letters)
}

// mailboxNames joins mailboxes whose local parts spell the same name, and joins them to the contacts of that name.
func (f *facts) mailboxNames(name, description string) (rule, bool) {
	t, tenant := f.t, f.t.Col(contact.ColTenant)
	given, family := t.Col(contact.ColGivenLatin), t.Col(contact.ColFamilyLatin)
	ok := f.spaces[contact.SpaceEmail]
	return rule{
		name: name, description: description, derived: true, uses: AspectEmail | AspectName | AspectGiven | AspectFamily,
		keys: func(r contact.Row, emit func(uint64, bool)) {
			h := uint64(tenant.Code(r))
			for _, k := range t.Keys(r) {
				if k.Space != contact.SpaceEmail {
					continue
				}
				local, _, _ := strings.Cut(t.KeyText(k.Value), "@")
				if s := spelled(local); len(s) >= minLetters {
					emit(mix(h, hashString(s)), true)
				}
			}
			g, n := spelled(given.Value(r)), spelled(family.Value(r))
			if g == "" || n == "" || len(g)+len(n) < minLetters {
				return
			}
			for _, s := range [...]string{g + n, n + g, g[:1] + n, n + g[:1]} {
				if len(s) >= minLetters {
					emit(mix(h, hashString(s)), false)
				}
			}
		},
	}, ok
}

// The lengths of an identity whose typing errors are looked for: of a shorter one too little is left, a longer one makes too many keys.
const (
	minTyped = 6
	maxTyped = 24
)

// deletions joins identities that differ by one character left out, added or exchanged, or by two neighbours exchanged: all of these have
// a text in common from which one character was taken (Bocek, Hunt, Stiller: Fast similarity search in large dictionaries, 2007).
func deletions(text string, emit func(uint64)) {
	if _, number, typed := strings.Cut(text, "|"); typed {
		text = number
	}
	if len(text) < minTyped || len(text) > maxTyped {
		return
	}
	emit(hashString(text)) // which is what the other leaves when it has one character more
	var buf [maxTyped]byte
	for i := range len(text) {
		if i > 0 && text[i] == text[i-1] {
			continue // taking either leaves the same
		}
		short := append(append(buf[:0], text[:i]...), text[i+1:]...)
		emit(hashString(string(short)))
	}
}

// lastDigits is the end of a phone number that dialling codes and area codes do not reach.
const lastDigits = 7

func phoneEnd(text string, emit func(uint64)) {
	digits := make([]byte, 0, 24)
	number, _, _ := strings.Cut(text, ";")
	for i := range len(number) {
		if number[i] >= '0' && number[i] <= '9' {
			digits = append(digits, number[i])
		}
	}
	if len(digits) >= lastDigits {
		emit(hashString(string(digits[len(digits)-lastDigits:])))
	}
}
