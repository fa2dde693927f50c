package blocking

import (
	"cmp"
	"slices"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// spender shares the pair budget out.
type spender struct {
	t     *contact.Table
	rules []rule
	sets  []ruleBlocks
	left  int64
	names []uint32 // the place of every contact in the order of names
}

// identities lets the rules on identities have their pairs, in order.
func (s *spender) identities() {
	for i := range s.sets {
		if s.rules[i].identity {
			s.shrink(&s.sets[i])
			s.left -= s.sets[i].pairs()
		}
	}
}

// others lets the other rules have theirs. The rules were chosen to fit; where the sample said too little, the widest blocks go first.
func (s *spender) others() {
	for limit := int64(1) << classes; s.full() > s.left && limit > 1; limit = limit * 3 / 4 {
		for i := range s.sets {
			s.drop(i, limit)
		}
	}
	for i := len(s.sets) - 1; i >= 0 && s.full() > s.left; i-- {
		s.drop(i, 1)
	}
	s.left -= s.full()
	s.windows()
}

// drop leaves out the blocks of a rule that are wider than limit, unless they are of an identity.
func (s *spender) drop(rule int, limit int64) {
	if set := &s.sets[rule]; !s.rules[rule].identity && set.drop(limit) {
		set.stats.OverBudget = true
	}
}

// full is the number of pairs of the other rules' blocks that are compared in full.
func (s *spender) full() int64 {
	n := int64(0)
	for i := range s.sets {
		if !s.rules[i].identity {
			for _, b := range s.sets[i].runs {
				if b.window == 0 {
					n += b.pairs()
				}
			}
		}
	}
	return n
}

// windows gives all neighbourhoods the widest window that can be paid for. When even the narrowest cannot, the last ones go.
func (s *spender) windows() {
	var cost [maxWindow + 1]int64
	for i := range s.sets {
		for _, b := range s.sets[i].runs {
			for w := 1; w <= maxWindow && s.rules[i].sorted != nil; w++ {
				b.window = uint32(w)
				cost[w] += b.pairs()
			}
		}
	}
	w := maxWindow
	for w > 1 && cost[w] > s.left {
		w--
	}
	for i := range s.sets {
		if s.rules[i].sorted != nil {
			s.left -= s.sets[i].narrow(uint32(w), s.left)
		}
	}
}

// narrow sets the window of a neighbourhood, or drops it when it does not fit, and returns its pairs.
func (s *ruleBlocks) narrow(w uint32, left int64) int64 {
	for i := range s.runs {
		s.stats.SkippedPairs += s.runs[i].pairs()
		s.runs[i].window = w
		s.stats.SkippedPairs -= s.runs[i].pairs()
	}
	total := s.pairs()
	if total <= left {
		return total
	}
	s.stats.OverBudget = true
	s.stats.SkippedPairs += total
	s.runs = nil
	return 0
}

// shrink windows the largest blocks until the rule makes no more pairs than are left, and drops the rule when even that is too much.
func (s *spender) shrink(set *ruleBlocks) {
	total := set.pairs()
	if total <= s.left {
		return
	}
	set.stats.OverBudget = true
	order := make([]int, len(set.runs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(set.runs[y].width(), set.runs[x].width()) })
	c := cutter{gatherer: gatherer{t: s.t, cross: s.t.CrossOnly(), set: *set}, place: s.names}
	for _, i := range order {
		b := &c.set.runs[i]
		if total <= s.left || b.width() <= maxWindow+1 {
			break // a window over this block and the smaller ones would save nothing
		}
		if b.window > 0 {
			continue
		}
		total -= b.pairs()
		c.windowed(*b)
		*b = c.runs[len(c.runs)-1]
		total += b.pairs()
	}
	*set = c.set
	if total > s.left {
		for _, b := range set.runs {
			if b.window == 0 {
				set.stats.SkippedBlocks++
			}
		}
		set.stats.SkippedPairs += total
		set.rows, set.runs = nil, nil
	}
}

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
