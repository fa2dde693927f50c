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
