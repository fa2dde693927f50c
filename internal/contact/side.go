package contact

import "strings"

// The sides of a table that links two: new records on the left, the contacts they are compared with on the right.
const (
	Left  uint8 = 0
	Right uint8 = 1
)

// sideNames are the words for the sides, which also begin the ids of a linking table.
var sideNames = [...]string{"left", "right"}

// SideName is "left" or "right".
func SideName(s uint8) string { return sideNames[min(int(s), len(sideNames)-1)] }

// Side is one of the two sources of a linking table, as it was before its columns were united with those of the other.
type Side struct {
	Name       string   // the source's name
	Contacts   []Column // its own columns, under its own names
	Identities []Column // the same for its identities table
	Place      []int    // column of the united layout that each of Contacts became
}

// Own is the side's own column that became a column of the united layout, -1 when it has none there.
func (s *Side) Own(united int) int {
	for own, place := range s.Place {
		if place == united {
			return own
		}
	}
	return -1
}

// columnName is what the side calls a column of the united layout.
func (s *Side) columnName(united Column, at int) string {
	if own := s.Own(at); own >= 0 {
		return s.Contacts[own].Name
	}
	return united.Name
}

// prefixID makes the id of a contact unique in a linking table, whose sides may both have a contact 17.
func prefixID(side uint8, key string) string { return SideName(side) + ":" + key }

// Sides is the number of sources that are kept apart: 2 for a table that links, else 1.
func (t *Table) Sides() int { return max(1, len(t.layout.Sides)) }

// Side says where a contact comes from: Left or Right in a table that links, 0 in any other.
func (t *Table) Side(r Row) uint8 {
	if t.side == nil {
		return 0
	}
	return t.side[r]
}

// SideLen is the number of contacts of a side.
func (t *Table) SideLen(s uint8) int {
	if t.side == nil {
		return t.Len()
	}
	return t.sideLen[s]
}

// CrossOnly reports whether only pairs across the sides count: the table links two, and nobody asked for duplicates inside them.
func (t *Table) CrossOnly() bool { return t.side != nil && !t.layout.Within }

// Pairable reports whether two contacts may be compared at all: everybody with everybody, but in a table that links only left with right.
func (t *Table) Pairable(a, b Row) bool { return !t.CrossOnly() || t.side[a] != t.side[b] }

// PossiblePairs is the number of pairs that Pairable allows.
func (t *Table) PossiblePairs() int64 {
	if t.CrossOnly() {
		return int64(t.sideLen[Left]) * int64(t.sideLen[Right])
	}
	n := int64(t.Len())
	return n * (n - 1) / 2
}

// Key is the customer's own id of a contact. In a table that links, two contacts may have the same; ID tells them apart.
func (t *Table) Key(r Row) string {
	if t.side == nil {
		return t.ID(r)
	}
	return t.ID(r)[len(SideName(t.side[r]))+1:]
}

// FindIn returns the row of the contact of one side that has the given key.
func (t *Table) FindIn(side uint8, key string) (Row, bool) {
	lo, hi := 0, t.Len()
	for lo < hi {
		mid := Row((lo + hi) / 2)
		if c := idCompare(t.Key(mid), key, t.numeric); c < 0 || c == 0 && t.Side(mid) < side {
			lo = int(mid) + 1
		} else {
			hi = int(mid)
		}
	}
	if r := Row(lo); lo < t.Len() && t.Side(r) == side && t.Key(r) == key {
		return r, true
	}
	return 0, false
}

// findSides finds an id with its side in front, or a key that only one side has.
func (t *Table) findSides(id string) (Row, bool) {
	for s, name := range sideNames {
		if key, ok := strings.CutPrefix(id, name+":"); ok {
			if r, found := t.FindIn(uint8(s), key); found {
				return r, true
			}
		}
	}
	l, inLeft := t.FindIn(Left, id)
	r, inRight := t.FindIn(Right, id)
	switch {
	case inLeft == inRight: // nobody's, or nobody can say whose
		return 0, false
	case inLeft:
		return l, true
	}
	return r, true
}
