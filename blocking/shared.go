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
	c := newNameCounter(t)
	for code := 1; code < t.KeyDistinct(); code++ {
		block := rows[off[code]:off[code+1]]
		if len(block) < 2 {
			continue
		}
		n := c.count(block, limit)
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
