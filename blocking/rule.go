package blocking

import "github.com/contactmerge/contactmerge/internal/contact"

// rule makes keys for contacts. Two contacts that share a key are a candidate pair.
type rule struct {
	name        string
	description string
	identity    bool // the key is an identity: larger blocks are worth comparing
	derived     bool // blocks in which nobody's key is derived repeat an exact rule and are dropped
	everybody   bool // all contacts of a tenant are one block
	uses        Aspects
	// keys reports the keys of a contact; a missing component means no key. A sorted rule has none.
	keys func(r contact.Row, emit func(key uint64, mark bool))
	// sorted is set for a sorted neighbourhood: contacts stand in the order of what it returns, and those near each other are compared.
	sorted func(r contact.Row) (first, then uint64)
}

// maxRules is the width of Pair.Rules. More rules than that may be looked at; a rule's number takes the top bits of a block's number.
const (
	maxRules      = 32
	maxCandidates = 64
	ruleShift     = 26
)

// spaceRule joins the contacts that share a key of a space.
func (f *facts) spaceRule(name, description string, space contact.Space) (rule, bool) {
	t := f.t
	return rule{
		name: name, description: description, identity: true, derived: space.Derived(), uses: spaceAspects[space],
		keys: func(r contact.Row, emit func(uint64, bool)) {
			for _, k := range t.Keys(r) {
				if k.Space == space {
					emit(uint64(k.Value), k.Forms != 0)
				}
			}
		},
	}, f.spaces[space]
}

// factRule joins the contacts that agree on all of some facts.
func (f *facts) factRule(name, description string, of ...fact) (rule, bool) {
	var parts []part
	uses := Aspects(0)
	for _, x := range of {
		p, ok := f.part(x)
		if !ok {
			return rule{}, false
		}
		parts = append(parts, p)
		uses |= p.uses
	}
	return rule{name: name, description: description, uses: uses, keys: f.compound(parts)}, true
}

// compound makes the keys of a rule on some facts: one key, or as many as its one many-valued fact has values, which stands first.
func (f *facts) compound(parts []part) func(contact.Row, func(uint64, bool)) {
	tenant := f.t.Col(contact.ColTenant)
	single := parts
	var many func(contact.Row, func(uint64))
	if parts[0].many != nil {
		many, single = parts[0].many, parts[1:]
	}
	return func(r contact.Row, emit func(uint64, bool)) {
		h := uint64(tenant.Code(r))
		for _, p := range single {
			v := p.of(r)
			if v == 0 {
				return
			}
			h = mix(h, v)
		}
		if many == nil {
			emit(h, false)
			return
		}
		many(r, func(v uint64) { emit(mix(h, v), false) })
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

// hashString is FNV-1a, 64 bit; no string has the hash 0, which says that there is none.
func hashString(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return max(h, 1)
}

// A sorted neighbourhood (Hernandez, Stolfo: The merge/purge problem for large databases, 1995) compares contacts that stand near each
// other in the order of a text. It finds texts of one beginning whatever the rest, at a cost that grows with the table and not with its
// square. Contacts stand in one long block, which is compared in a window.

// sortedNames orders by the name in one field, then by that in another.
func sortedNames(first, then contact.Col) func(*facts, string, string) (rule, bool) {
	return func(f *facts, name, description string) (rule, bool) {
		a, b := f.beginnings(first), f.beginnings(then)
		return rule{
			name: name, description: description, uses: AspectName | AspectGiven | AspectFamily,
			sorted: func(r contact.Row) (uint64, uint64) { return a(r), b(r) },
		}, f.t.Col(first).Distinct() > 1
	}
}

// sortedStreets orders by street address, then by postcode.
func (f *facts) sortedStreets(name, description string) (rule, bool) {
	a, b := f.beginnings(contact.ColStreet), f.beginnings(contact.ColPostcode)
	return rule{
		name: name, description: description, uses: AspectAddress,
		sorted: func(r contact.Row) (uint64, uint64) { return a(r), b(r) },
	}, f.t.Col(contact.ColStreet).Distinct() > 1
}

// sortedBirthdates orders by birthdate, then by family name.
func (f *facts) sortedBirthdates(name, description string) (rule, bool) {
	family := f.beginnings(contact.ColFamilyLatin)
	return rule{
		name: name, description: description, uses: AspectBirthdate,
		sorted: func(r contact.Row) (uint64, uint64) {
			b := f.t.Birthdate(r)
			if b == 0 {
				return 0, 0
			}
			return uint64(b), family(r)
		},
	}, f.born
}

// sortedEmails orders by a contact's first address.
func (f *facts) sortedEmails(name, description string) (rule, bool) {
	t := f.t
	return rule{
		name: name, description: description, uses: AspectEmail,
		sorted: func(r contact.Row) (uint64, uint64) {
			for _, k := range t.Keys(r) {
				if k.Space == contact.SpaceEmail {
					s := t.KeyText(k.Value)
					return beginning(s), beginning(s[min(len(s), 8):])
				}
			}
			return 0, 0
		},
	}, f.spaces[contact.SpaceEmail]
}

// beginnings returns the beginning of a column's values, each cut once.
func (f *facts) beginnings(c contact.Col) func(contact.Row) uint64 {
	col := f.t.Col(c)
	values := make([]uint64, col.Distinct())
	for code := 1; code < len(values); code++ {
		values[code] = beginning(col.Text(contact.Code(code)))
	}
	return func(r contact.Row) uint64 { return values[col.Code(r)] }
}

// beginning is the first eight bytes of a text as a number that sorts like it.
func beginning(s string) uint64 {
	v := uint64(0)
	for i := range 8 {
		v <<= 8
		if i < len(s) {
			v |= uint64(s[i])
		}
	}
	return v
}

// Aspects are the facts that a rule's key is made of (a bit set). Pairs that a rule made agree on them by construction, so they teach
// nothing about how often matches agree there.
type Aspects uint64

// The facts about a contact. A rule on sorted name tokens uses all three of name, given and family.
const (
	AspectName Aspects = 1 << iota // some part of the name
	AspectGiven
	AspectFamily
	AspectEmail
	AspectPhone
	AspectHandle // an id on a social network, messenger or custom channel
	AspectSSO
	AspectNationalID
	AspectCookie
	AspectBirthdate
	AspectAddress // street, city, state, postcode, country
	AspectCompany
)

// firstCustom is the bit of the first generic column; the columns beyond the last bit share it.
const firstCustom = 32

// AspectCustom is the generic column of a number in the table.
func AspectCustom(i int) Aspects { return 1 << min(firstCustom+i, 63) }

// Uses lists the facts that the key of a rule is made of; rules are numbered as in RuleNames.
func (b *Blocks) Uses(rule int) Aspects { return b.rules[rule].uses }

var spaceAspects = [...]Aspects{
	contact.SpaceEmail: AspectEmail, contact.SpacePhone: AspectPhone, contact.SpaceHandle: AspectHandle, contact.SpaceSSO: AspectSSO,
	contact.SpaceNationalID: AspectNationalID, contact.SpaceCookie: AspectCookie, contact.SpaceDerivedEmail: AspectEmail,
	contact.SpaceDerivedPhone: AspectPhone, contact.SpaceNationalNumber: AspectPhone,
}

var columnAspects = [contact.NumCols]Aspects{
	contact.ColGiven: AspectName | AspectGiven, contact.ColGivenRoots: AspectName | AspectGiven, contact.ColGivenLatin: AspectName | AspectGiven,
	contact.ColGivenPhonetic: AspectName | AspectGiven, contact.ColMiddle: AspectName, contact.ColSuffix: AspectName,
	contact.ColFamily: AspectName | AspectFamily, contact.ColFamilyLatin: AspectName | AspectFamily, contact.ColFamilyPhonetic: AspectName | AspectFamily,
	contact.ColNameKey: AspectName | AspectGiven | AspectFamily,
	contact.ColCompany: AspectCompany, contact.ColStreet: AspectAddress, contact.ColCity: AspectAddress, contact.ColState: AspectAddress,
	contact.ColPostcode: AspectAddress, contact.ColCountry: AspectAddress,
}
