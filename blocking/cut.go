package blocking

import (
	"cmp"
	"slices"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// cutter turns the contacts of one key into blocks of bearable size.
type cutter struct {
	gatherer
	place []uint32 // of every contact in the order of names
	limit int64
	runs  []block
}

// cut splits the blocks of a rule that hold more than limit contacts. Those of an identity are split by what else the contacts agree on;
// what is still too large, and the large blocks of other rules, are compared in a window over the order of names.
func cut(t *contact.Table, place []uint32, set *ruleBlocks, identity bool, limit int) {
	if set.stats.LargestBlock <= int64(limit) {
		return
	}
	c := cutter{gatherer: gatherer{t: t, cross: t.CrossOnly(), set: *set}, place: place, limit: int64(limit), runs: make([]block, 0, len(set.runs))}
	for _, b := range set.runs {
		switch {
		case b.width() <= c.limit || b.window > 0:
			c.runs = append(c.runs, b)
		case identity:
			c.set.stats.OversizedBlocks++
			c.refine(b, 0)
		default:
			c.set.stats.OversizedBlocks++
			c.windowed(b)
		}
	}
	c.set.runs = c.runs
	*set = c.set
}

// windowed leaves a block whole and orders it by name.
func (c *cutter) windowed(b block) {
	slices.SortFunc(c.set.rows[b.from:b.to], func(x, y contact.Row) int { return cmp.Compare(c.place[x], c.place[y]) })
	full := b.full()
	b, _ = c.window(b.from, b.to)
	c.runs = append(c.runs, b)
	c.set.stats.SkippedBlocks++
	c.set.stats.SkippedPairs += full - b.pairs()
}

// refinements split an oversized block: contacts of the block that also agree on one of these are worth comparing.
var refinements = [...]contact.Col{contact.ColNameKey, contact.ColPostcode, contact.ColCompany, contact.ColCity, contact.ColGivenPhonetic, contact.NumCols /* birthdate */}

// refine splits a block by the level-th refinement. Contacts without a value there stay together and try the next one. What is still too
// large at the end is compared in a window and the rest is counted as skipped.
func (c *cutter) refine(b block, level int) {
	if level == len(refinements) {
		c.windowed(b)
		return
	}
	value := func(r contact.Row) uint32 {
		if col := refinements[level]; col != contact.NumCols {
			return c.t.Col(col).Code(r)
		}
		return uint32(c.t.Birthdate(r))
	}
	rows := c.set.rows
	slices.SortFunc(rows[b.from:b.to], func(x, y contact.Row) int { return cmp.Or(cmp.Compare(value(x), value(y)), cmp.Compare(x, y)) })
	c.set.stats.SkippedPairs += b.full()
	for from := b.from; from < b.to; {
		to := from + 1
		for to < b.to && value(rows[to]) == value(rows[from]) {
			to++
		}
		part, ok := c.block(from, to)
		from = to
		if !ok {
			continue
		}
		c.set.stats.SkippedPairs -= part.full()
		switch {
		case part.width() > c.limit:
			c.refine(part, level+1)
		default:
			// Contacts without a value are few enough to compare them all.
			c.runs = append(c.runs, part)
		}
	}
}
