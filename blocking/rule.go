package blocking

import (
	"strings"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// rule makes keys for contacts. Two contacts that share a key are a candidate pair.
type rule struct {
	name        string
	description string
	identity    bool // the key is an identity: larger blocks are worth comparing
	derived     bool // blocks in which nobody's key is derived repeat an exact rule and are dropped
	uses        Aspects
	// keys reports the keys of a contact; a missing component means no key.
	keys func(t *contact.Table, r contact.Row, emit func(key uint64, mark bool))
}

// maxRules is the width of Pair.Rules; the rule's number also takes the top bits of its keys.
const (
	maxRules  = 32
	ruleShift = 59
	keyMask   = 1<<ruleShift - 1
)

// baseRules are the rules every table gets, in order: identities first, strongest first; then what can be said without one.
func baseRules() []rule {
	const (
		nameKey = contact.ColNameKey
		family  = contact.ColFamilyPhonetic
		given   = contact.ColGivenPhonetic
	)
	return []rule{
		spaceRule("sso", "same subject at the same login provider", contact.SpaceSSO),
		spaceRule("national_id", "same ID number", contact.SpaceNationalID),
		spaceRule("email", "same email address", contact.SpaceEmail),
		spaceRule("phone", "same phone, SMS or WhatsApp number", contact.SpacePhone),
		spaceRule("channel_id", "same id on a social network, messenger or custom channel", contact.SpaceHandle),
		spaceRule("derived_email", "same mailbox after plus tags, dots, domain typos and look-alike letters", contact.SpaceDerivedEmail),
		spaceRule("derived_phone", "same number in another national spelling", contact.SpaceDerivedPhone),
		spaceRule("national_number", "same national number, the country of one side unknown", contact.SpaceNationalNumber),
		spaceRule("cookie", "same browser", contact.SpaceCookie),
		columnRule("name_birthdate", "same name tokens and birthdate", true, nameKey),
		columnRule("family_birthdate", "family names sound alike, same birthdate", true, family),
		columnRule("given_birthdate", "given names sound alike, same birthdate", true, given),
		columnRule("name_postcode", "same name tokens and postcode", false, nameKey, contact.ColPostcode),
		columnRule("name_company", "same name tokens and company", false, nameKey, contact.ColCompany),
		columnRule("name_city", "same name tokens and city", false, nameKey, contact.ColCity),
		columnRule("sound_postcode", "given and family names sound alike, same postcode", false, family, given, contact.ColPostcode),
		columnRule("street_given", "same street address, given names sound alike", false, contact.ColStreet, given),
		columnRule("street_family", "same street address, family names sound alike", false, contact.ColStreet, family),
		columnRule("birthdate_postcode", "same birthdate and postcode", true, contact.ColPostcode),
		localPartRule(),
		columnRule("sound_name", "given and family names sound alike", false, family, given),
		columnRule("name", "same name tokens", false, nameKey),
	}
}

// rulesFor adds a rule for the most selective generic columns of the table.
func rulesFor(t *contact.Table, disable []string) []rule {
	var out []rule
	off := map[string]bool{}
	for _, d := range disable {
		off[d] = true
	}
	for _, r := range baseRules() {
		if !off[r.name] {
			out = append(out, r)
		}
	}
	for i := range t.Customs() {
		col, meta := t.Custom(i)
		if len(out) == maxRules {
			break
		}
		if selective(col, t.Len()) {
			out = append(out, customRule(i, meta.Name))
		}
	}
	return out
}

// selective reports whether equal values of a column are rare enough to pair contacts by: at most five contacts a value on average, and
// some value at all shared. A column of unique ids pairs nobody, a status column pairs everybody.
func selective(col *contact.Strings, n int) bool {
	filled := 0
	for r := range n {
		if !col.Null(contact.Row(r)) {
			filled++
		}
	}
	values := col.Distinct() - 1
	return values > 0 && filled > values && filled <= 5*values
}

func spaceRule(name, description string, space contact.Space) rule {
	return rule{
		name: name, description: description, identity: true, derived: space.Derived(), uses: spaceAspects[space],
		keys: func(t *contact.Table, r contact.Row, emit func(uint64, bool)) {
			for _, k := range t.Keys(r) {
				if k.Space == space {
					emit(uint64(k.Value), k.Forms != 0)
				}
			}
		},
	}
}

func columnRule(name, description string, birthdate bool, cols ...contact.Col) rule {
	var uses Aspects
	for _, c := range cols {
		uses |= columnAspects[c]
	}
	if birthdate {
		uses |= AspectBirthdate
	}
	return rule{
		name: name, description: description, uses: uses,
		keys: func(t *contact.Table, r contact.Row, emit func(uint64, bool)) {
			h := uint64(t.Col(contact.ColTenant).Code(r))
			for _, c := range cols {
				code := t.Col(c).Code(r)
				if code == 0 {
					return
				}
				h = mix(h, uint64(code))
			}
			if birthdate {
				b := t.Birthdate(r)
				if b == 0 {
					return
				}
				h = mix(h, uint64(b))
			}
			emit(h&keyMask, false)
		},
	}
}

func customRule(i int, column string) rule {
	return rule{
		name: "column_" + strings.ToLower(column), description: "same value in column " + column, uses: AspectCustom(i),
		keys: func(t *contact.Table, r contact.Row, emit func(uint64, bool)) {
			col, _ := t.Custom(i)
			if c := col.Code(r); c != 0 {
				emit(mix(uint64(t.Col(contact.ColTenant).Code(r)), uint64(c))&keyMask, false)
			}
		},
	}
}

// minLocalPart is the shortest local part worth a key: shorter ones (max, info, anna) are many people's.
const minLocalPart = 6

func localPartRule() rule {
	return rule{
		name: "email_local_part", description: "same local part at another mail provider", uses: AspectEmail,
		keys: func(t *contact.Table, r contact.Row, emit func(uint64, bool)) {
			for _, k := range t.Keys(r) {
				if k.Space != contact.SpaceEmail {
					continue
				}
				if local, _, ok := strings.Cut(t.KeyText(k.Value), "@"); ok && len(local) >= minLocalPart {
					emit(mix(uint64(t.Col(contact.ColTenant).Code(r)), hashString(local))&keyMask, false)
				}
			}
		},
	}
}

// mix folds a value into a hash; the constants are those of the finalizer of SplitMix64 (Steele, Lea, Flood 2014).
func mix(h, v uint64) uint64 {
	h ^= v + 0x9e3779b97f4a7c15 + h<<6 + h>>2
	h ^= h >> 30
	h *= 0xbf58476d1ce4e5b9
	h ^= h >> 27
	h *= 0x94d049bb133111eb
	return h ^ h>>31
}

// hashString is FNV-1a, 64 bit.
func hashString(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
