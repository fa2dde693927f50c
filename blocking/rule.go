package blocking

import (
	"github.com/contactmerge/contactmerge/internal/contact"
)

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
