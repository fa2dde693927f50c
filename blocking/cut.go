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

// cut splits the blocks of an identity that hold more than limit contacts by what else the contacts agree on. What is still too large is
// compared in a window over the order of names.
func cut(t *contact.Table, place []uint32, set *ruleBlocks, limit int) {
	if set.stats.LargestBlock <= int64(limit) {
		return
	}
	c := cutter{gatherer: gatherer{t: t, cross: t.CrossOnly(), set: *set}, place: place, limit: int64(limit), runs: make([]block, 0, len(set.runs))}
	for _, b := range set.runs {
		if b.width() <= c.limit {
			c.runs = append(c.runs, b)
			continue
		}
		c.set.stats.OversizedBlocks++
		c.refine(b, 0)
	}
	c.set.runs = c.runs
	*set = c.set
}

// forecast is about the number of pairs that are left when the blocks of an identity are cut.
func (s *ruleBlocks) forecast(limit int64) int64 {
	n := int64(0)
	for _, b := range s.runs {
		if b.width() > limit {
			b.window = maxWindow
		}
		n += b.pairs()
	}
	return n
}

// drop leaves out the blocks of a rule that are wider than limit; other rules must find what is in them. It reports
// whether there were any.
func (s *ruleBlocks) drop(limit int64) bool {
	before := len(s.runs)
	s.runs = slices.DeleteFunc(s.runs, func(b block) bool {
		if b.window > 0 || b.width() <= limit {
			return false
		}
		s.stats.OversizedBlocks++
		s.stats.SkippedBlocks++
		s.stats.SkippedPairs += b.full()
		return true
	})
	return len(s.runs) < before
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
