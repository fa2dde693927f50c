package scoring

import (
	"slices"
	"strings"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// redundant is the share of rows in which a generic column must say what other columns say already to count as their copy: it would otherwise
// weigh the same fact twice.
const redundant = 0.9

// redundantSample is how many rows are looked at.
const redundantSample = 2000

// repeats says whether a generic column only repeats the name, as a column "first and last name" does, or one of the generic columns that
// are compared already, given by their numbers.
func repeats(t *contact.Table, col *contact.Strings, compared []int) bool {
	return repeatsName(t, col) || slices.ContainsFunc(compared, func(i int) bool {
		other, _ := t.Custom(i)
		return pairwiseEqual(t, col, other)
	})
}

// sampleRows walks evenly through a table.
func sampleRows(t *contact.Table, do func(r contact.Row)) {
	step := max(t.Len()/redundantSample, 1)
	for r := 0; r < t.Len(); r += step {
		do(contact.Row(r))
	}
}

// repeatsName asks whether every word of the column is one of the contact's names, in nearly all rows.
func repeatsName(t *contact.Table, col *contact.Strings) bool {
	filled, copies := 0, 0
	var words []string
	sampleRows(t, func(r contact.Row) {
		c := col.Code(r)
		if c == 0 {
			return
		}
		filled++
		words = words[:0]
		for _, n := range [...]contact.Col{contact.ColGiven, contact.ColMiddle, contact.ColFamily, contact.ColSuffix} {
			words = append(words, strings.Fields(t.Col(n).Text(t.Col(n).Code(r)))...)
		}
		if len(words) == 0 {
			return
		}
		for w := range strings.FieldsSeq(col.Text(c)) {
			if !slices.Contains(words, w) {
				return
			}
		}
		copies++
	})
	return filled > 0 && float64(copies) >= redundant*float64(filled)
}

// pairwiseEqual asks whether two columns tell the same rows apart: each value of one goes with one value of the other, in nearly all rows.
func pairwiseEqual(t *contact.Table, x, y *contact.Strings) bool {
	forth, back := map[contact.Code]contact.Code{}, map[contact.Code]contact.Code{}
	filled, same, again := 0, 0, 0
	sampleRows(t, func(r contact.Row) {
		a, b := x.Code(r), y.Code(r)
		if a == 0 && b == 0 {
			return
		}
		filled++
		if a == 0 || b == 0 {
			return
		}
		p, seen := forth[a]
		q, known := back[b]
		if !seen && !known {
			forth[a], back[b] = b, a
			same++
			return
		}
		if seen && known && p == b && q == a {
			same++
			again++
		}
	})
	// Two columns of values that never recur go together by chance.
	return float64(same) >= redundant*float64(filled) && again*10 >= filled
}
