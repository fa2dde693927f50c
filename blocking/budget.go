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

// fullShare is the part of what the identities leave of the budget that goes to blocks compared in full; the rest is for windows.
const fullShare = 0.7

// identities lets the rules on identities have their pairs, in order.
func (s *spender) identities() {
	for i := range s.sets {
		if s.rules[i].identity {
			s.shrink(&s.sets[i])
			s.left -= s.sets[i].pairs()
		}
	}
}

// limit finds the largest size of a block, up to a maximum, at which all blocks of the other rules can be compared in full. Contacts that
// share a key with few others are more likely one person than those who share it with many, whatever the rule; so one limit for all rules
// spends the budget best.
func (s *spender) limit(most int) int {
	pairs := make([]int64, most+1) // by block size
	for i := range s.sets {
		if s.rules[i].identity {
			continue
		}
		for _, b := range s.sets[i].runs {
			if n := b.width(); b.window == 0 && n <= int64(most) {
				pairs[n] += b.pairs()
			}
		}
	}
	left := int64(fullShare * float64(s.left))
	for n := 2; n <= most; n++ {
		if left -= pairs[n]; left < 0 {
			return n - 1
		}
	}
	return most
}

// windows gives all windowed blocks of the other rules the widest window that can be paid for. When even the narrowest cannot, the last
// rules lose theirs.
func (s *spender) windows() {
	others := func(do func(set *ruleBlocks)) {
		for i := range s.sets {
			if !s.rules[i].identity && !s.rules[i].everybody {
				do(&s.sets[i])
			}
		}
	}
	var cost [maxWindow + 1]int64
	others(func(set *ruleBlocks) {
		for _, b := range set.runs {
			if b.window == 0 {
				s.left -= b.pairs()
				continue
			}
			for w := 1; w <= maxWindow; w++ {
				b.window = uint32(w)
				cost[w] += b.pairs()
			}
		}
	})
	w := maxWindow
	for w > 1 && cost[w] > s.left {
		w--
	}
	others(func(set *ruleBlocks) { set.narrow(w, &s.left) })
}

// narrow sets the window of all windowed blocks of a rule, or drops them when they do not fit.
func (s *ruleBlocks) narrow(w int, left *int64) {
	total := int64(0)
	for i, b := range s.runs {
		if b.window > 0 {
			s.stats.SkippedPairs += b.pairs()
			s.runs[i].window = uint32(w)
			total += s.runs[i].pairs()
		}
	}
	if total <= *left {
		*left -= total
		s.stats.SkippedPairs -= total
		return
	}
	s.stats.OverBudget = true
	s.runs = slices.DeleteFunc(s.runs, func(b block) bool { return b.window > 0 })
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
