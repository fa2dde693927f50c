package blocking

import (
	"cmp"
	"slices"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// DefaultMaxNames is how many distinct names may hold one identity before it counts as shared: a couple, or one person under a few
// spellings, stay below it; a family mailbox, a front desk or a kiosk does not.
const DefaultMaxNames = 4

// Shared says of every identity key how many distinct names hold it.
type Shared struct {
	limit int
	names []uint8 // by key code, saturating
	list  []SharedValue
}

// FindShared counts the names behind every key. A key held by more than limit names is a shared identity: it may propose a pair, never
// prove one.
func FindShared(t *contact.Table, limit int) *Shared {
	if limit <= 0 {
		limit = DefaultMaxNames
	}
	s := &Shared{limit: limit, names: make([]uint8, t.KeyDistinct())}
	off, rows := holders(t)
	var c nameCounter
	for code := 1; code < t.KeyDistinct(); code++ {
		block := rows[off[code]:off[code+1]]
		if len(block) < 2 {
			continue
		}
		n := c.count(t, block, limit)
		s.names[code] = uint8(min(n, 255))
		if n > limit && !t.KeySpace(contact.Code(code)).Derived() {
			s.list = append(s.list, SharedValue{Key: contact.Code(code), Contacts: len(block), Names: n})
		}
	}
	slices.SortFunc(s.list, func(x, y SharedValue) int {
		return cmp.Or(cmp.Compare(y.Contacts, x.Contacts), cmp.Compare(y.Names, x.Names), cmp.Compare(t.KeyText(x.Key), t.KeyText(y.Key)), cmp.Compare(x.Key, y.Key))
	})
	return s
}

// Is reports whether a key is a shared identity.
func (s *Shared) Is(c contact.Code) bool { return int(s.names[c]) > s.limit }

// Names is the number of distinct names that hold a key, at most 255; keys of a single contact count 0.
func (s *Shared) Names(c contact.Code) int { return int(s.names[c]) }

// Values lists the shared identities, most contacts first.
func (s *Shared) Values() []SharedValue { return s.list }

// holders groups contacts by key, by counting.
func holders(t *contact.Table) (off []uint32, rows []contact.Row) {
	off = make([]uint32, t.KeyDistinct()+2)
	for r := range t.Len() {
		for _, k := range t.Keys(contact.Row(r)) {
			off[k.Value+2]++
		}
	}
	for i := 2; i < len(off); i++ {
		off[i] += off[i-1]
	}
	rows = make([]contact.Row, t.KeyCount())
	for r := range t.Len() {
		for _, k := range t.Keys(contact.Row(r)) {
			rows[off[k.Value+1]] = contact.Row(r)
			off[k.Value+1]++
		}
	}
	return off[:t.KeyDistinct()+1], rows
}

// nameCounter counts the persons' names in a block. One person under several spellings should count once, so names count by the sound
// of the given names, in which initials do not count, or of the family names, whichever are more: a household differs in the former, the
// guests of a hotel in both. But no more names are counted than there are different full names.
type nameCounter struct {
	full, given, family []contact.Code
}

func (c *nameCounter) count(t *contact.Table, block []contact.Row, limit int) int {
	c.full, c.given, c.family = c.full[:0], c.given[:0], c.family[:0]
	key, latin := t.Col(contact.ColNameKey), t.Col(contact.ColGivenLatin)
	given, family := t.Col(contact.ColGivenPhonetic), t.Col(contact.ColFamilyPhonetic)
	for _, r := range block {
		full := key.Code(r)
		if full == 0 {
			continue
		}
		c.full = addSmall(c.full, full, limit)
		if len(latin.Value(r)) > 1 {
			c.given = addSmall(c.given, given.Code(r), limit)
		}
		if code := family.Code(r); code != 0 {
			c.family = addSmall(c.family, code, limit)
		}
	}
	return min(distinct(c.full), max(distinct(c.given), distinct(c.family), 1))
}

// addSmall appends a code unless it is among the first few, which keeps the usual tiny block free of sorting.
func addSmall(codes []contact.Code, c contact.Code, limit int) []contact.Code {
	for _, have := range codes[:min(len(codes), limit+1)] {
		if have == c {
			return codes
		}
	}
	return append(codes, c)
}

func distinct(codes []contact.Code) int {
	if len(codes) < 2 {
		return len(codes)
	}
	slices.Sort(codes)
	return len(slices.Compact(codes))
}
