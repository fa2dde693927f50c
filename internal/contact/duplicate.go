package contact

import (
	"fmt"
	"slices"
	"strings"
)

// DuplicateIDError says that a contact id occurs more than once, so that rows cannot be told apart.
type DuplicateIDError struct {
	ID    string // the first such id, in id order
	Side  string // where it is, when two sources are linked
	Count int    // rows whose id was already taken
}

// Error tells the user what to do about it.
func (e *DuplicateIDError) Error() string {
	where, flag := "", "--id"
	if e.Side != "" {
		where, flag = " on the "+e.Side, "--"+e.Side+"-id"
	}
	return fmt.Sprintf("contact id %q occurs more than once%s (%d rows repeat an id): name a unique column with %s, or remove the repeated rows", e.ID, where, e.Count, flag)
}

// duplicates reports the ids that were there twice.
func (b *Builder) duplicates() error {
	e := &DuplicateIDError{Count: len(b.dupes)}
	keys := b.dupes
	if b.linking() {
		// The left's first, because one id has to be named with its side.
		for _, side := range sideNames {
			keys = nil
			for _, id := range b.dupes {
				if key, ok := strings.CutPrefix(id, side+":"); ok {
					keys = append(keys, key)
				}
			}
			if e.Side = side; len(keys) > 0 {
				break
			}
		}
		e.Count = len(keys)
	}
	numeric := allNumeric(keys)
	e.ID = slices.MinFunc(keys, func(x, y string) int { return idCompare(x, y, numeric) })
	return e
}
