package blocking

import (
	"cmp"
	"slices"
	"strings"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// defaultMaxNames is how many distinct names may hold one identity before it counts as shared: a couple, or one person under a few
// spellings, stay below it; a family mailbox, a front desk or a kiosk does not.
const defaultMaxNames = 4

// SharedValue is an identity in too many hands to prove anything: more distinct names hold it than one person can have, or several visitors of
// whom nothing else is known.
type SharedValue struct {
	Key      contact.Code
	Contacts int
	Names    int
}

// maxStrays is how many contacts that are nothing but a browser one browser may have. Whoever comes back in a browser is known by it, so that several of
// them are visits of several people, and nothing says whose.
const maxStrays = 1

// Shared says of every identity key how many distinct names hold it.
type Shared struct {
	limit int
	names []uint8               // by key code, saturating
	busy  map[contact.Code]bool // browsers of several strays
	list  []SharedValue
}

// FindShared counts the names behind every key. A key held by more than limit names is a shared identity: it may propose a pair, never
// prove one.
func FindShared(t *contact.Table, limit int) *Shared {
	if limit <= 0 {
		limit = defaultMaxNames
	}
	s := &Shared{limit: limit, names: make([]uint8, t.KeyDistinct()), busy: map[contact.Code]bool{}}
	off, rows := holders(t)
	c := newNameCounter(t)
	for code := 1; code < t.KeyDistinct(); code++ {
		block := rows[off[code]:off[code+1]]
		if len(block) < 2 {
			continue
		}
		n := c.count(block, limit)
		s.names[code] = uint8(min(n, 255))
		if t.KeySpace(contact.Code(code)) == contact.SpaceCookie && len(block) > 2 && c.strays(block) > maxStrays {
			s.busy[contact.Code(code)] = true
		}
		if s.Is(contact.Code(code)) && !t.KeySpace(contact.Code(code)).Derived() {
			s.list = append(s.list, SharedValue{Key: contact.Code(code), Contacts: len(block), Names: n})
		}
	}
	slices.SortFunc(s.list, func(x, y SharedValue) int {
		return cmp.Or(cmp.Compare(y.Contacts, x.Contacts), cmp.Compare(y.Names, x.Names), cmp.Compare(t.KeyText(x.Key), t.KeyText(y.Key)), cmp.Compare(x.Key, y.Key))
	})
	return s
}

// Is reports whether a key is a shared identity.
func (s *Shared) Is(c contact.Code) bool { return int(s.names[c]) > s.limit || s.busy[c] }

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

// nameCounter counts the persons behind the names in a block. One person under several spellings counts once: two names fall together when
// both their given and their family parts are equal, sound alike, stand for one formal name or are a typing error apart. Different given
// names in one family stay different persons.
type nameCounter struct {
	t                       *contact.Table
	key                     *contact.Strings
	given, family, roots    *contact.Strings
	givenSound, familySound *contact.Strings
	full, givens, families  []contact.Code
	names                   []contact.Row // one contact of every name
	group                   []int
}

func newNameCounter(t *contact.Table) *nameCounter {
	return &nameCounter{
		t: t, key: t.Col(contact.ColNameKey), given: t.Col(contact.ColGivenLatin), family: t.Col(contact.ColFamilyLatin), roots: t.Col(contact.ColGivenRoots),
		givenSound: t.Col(contact.ColGivenPhonetic), familySound: t.Col(contact.ColFamilyPhonetic),
	}
}

// strays counts the contacts of a block that have neither a name nor anything to reach them by but browsers.
func (c *nameCounter) strays(block []contact.Row) int {
	n := 0
	for _, r := range block {
		known := c.key.Code(r) != 0 || slices.ContainsFunc(c.t.Keys(r), func(k contact.Key) bool { return k.Space != contact.SpaceCookie })
		if !known {
			n++
		}
	}
	return n
}

// maxSpellings is how many different names of a block are compared with each other. A value held by more of them is shared whatever the
// spelling, and counting sounds is enough.
const maxSpellings = 32

func (c *nameCounter) count(block []contact.Row, limit int) int {
	c.full, c.names = c.full[:0], c.names[:0]
	for _, r := range block {
		full := c.key.Code(r)
		if full == 0 || slices.Contains(c.full[:min(len(c.full), maxSpellings+1)], full) {
			continue
		}
		if c.full = append(c.full, full); len(c.full) <= maxSpellings {
			c.names = append(c.names, r)
		}
	}
	switch {
	case len(c.full) < 2:
		return len(c.full)
	case len(c.full) > maxSpellings:
		return c.sounds(block, limit)
	default:
		return c.groups()
	}
}

// sounds counts the sounds of the given names, in which initials do not count, or of the family names, whichever are more: a household
// differs in the former, the guests of a hotel in both. But no more names are counted than there are different full names.
func (c *nameCounter) sounds(block []contact.Row, limit int) int {
	c.givens, c.families = c.givens[:0], c.families[:0]
	for _, r := range block {
		if c.key.Code(r) == 0 {
			continue
		}
		if len(c.given.Value(r)) > 1 {
			c.givens = addSmall(c.givens, c.givenSound.Code(r), limit)
		}
		if code := c.familySound.Code(r); code != 0 {
			c.families = addSmall(c.families, code, limit)
		}
	}
	return min(distinct(c.full), max(distinct(c.givens), distinct(c.families), 1))
}

// groups counts the names that are left when those of one person are joined.
func (c *nameCounter) groups() int {
	c.group = c.group[:0]
	n := len(c.names)
	for i := range c.names {
		c.group = append(c.group, i)
	}
	for i, x := range c.names {
		for k, y := range c.names[:i] {
			if a, b := c.root(i), c.root(k); a != b && c.same(x, y) {
				c.group[max(a, b)] = min(a, b)
				n--
			}
		}
	}
	return n
}

func (c *nameCounter) root(i int) int {
	for c.group[i] != i {
		i = c.group[i]
	}
	return i
}

// same reports whether two contacts' names may be spellings of one person's.
func (c *nameCounter) same(x, y contact.Row) bool {
	gx, gy, fx, fy := c.given.Value(x), c.given.Value(y), c.family.Value(x), c.family.Value(y)
	given := gx == "" || gy == "" || sameSound(c.givenSound, x, y) || meet(c.roots.Value(x), c.roots.Value(y)) || alike(gx, gy)
	if given && (fx == "" || fy == "" || sameSound(c.familySound, x, y) || alike(fx, fy)) {
		// Two names of which one has no given and the other no family part have nothing in common.
		return gx != "" && gy != "" || fx != "" && fy != ""
	}
	return alike(gx, fy) && alike(fx, gy) && gx != "" && fx != ""
}

func sameSound(col *contact.Strings, x, y contact.Row) bool {
	return col.Code(x) != 0 && col.Code(x) == col.Code(y)
}

// meet reports whether two lists of words have one in common.
func meet(a, b string) bool {
	for w := range strings.FieldsSeq(a) {
		for v := range strings.FieldsSeq(b) {
			if w == v {
				return true
			}
		}
	}
	return false
}

// alike reports whether two name parts are equal but for a typing error, or one is the beginning of the other, as initials and short forms
// are. Up to four letters one edit behind the first letter is a typing error, in longer names two anywhere: Ian and Jan are two persons.
func alike(a, b string) bool {
	if a == "" || b == "" {
		return a == b
	}
	if strings.HasPrefix(a, b) || strings.HasPrefix(b, a) {
		return true
	}
	most := 2
	if min(len(a), len(b)) <= 4 {
		if most = 1; a[0] != b[0] {
			return false
		}
	}
	return within(a, b, most)
}

// maxEdited bounds the bytes of the texts that within compares.
const maxEdited = 32

// within reports whether at most a few edits lead from one text to another: a letter left out, added or exchanged, or two neighbours
// exchanged (the optimal string alignment distance).
func within(a, b string, most int) bool {
	if len(a) > maxEdited || len(b) > maxEdited || max(len(a), len(b))-min(len(a), len(b)) > most {
		return false
	}
	var rows [3][maxEdited + 1]int
	before, last, now := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		now[0] = i
		best := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			now[j] = min(last[j]+1, now[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
			best = min(best, now[j])
		}
		if best > most {
			return false
		}
		before, last, now = last, now, before
	}
	return last[len(b)] <= most
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
