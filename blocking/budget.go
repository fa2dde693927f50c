package blocking

import (
	"cmp"
	"slices"
)

// spender shares the pair budget out.
type spender struct {
	rules []rule
	sets  []ruleBlocks
	left  int64
}

// fullShare is the part of what the identities leave of the budget that goes to blocks compared in full; the rest is for windows.
const fullShare = 0.7

// identities lets the rules on identities have their pairs, in order.
func (s *spender) identities() {
	for i := range s.sets {
		if s.rules[i].identity {
			s.sets[i].shrink(s.left)
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
			if n := b.size(); b.window == 0 && n <= int64(most) {
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
				cost[w] += block{from: b.from, to: b.to, window: uint32(w)}.pairs()
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

// shrink windows the largest blocks until the rule makes no more pairs than the budget, and drops the rule when even that is too much.
func (s *ruleBlocks) shrink(budget int64) {
	total := s.pairs()
	if total <= budget {
		return
	}
	s.stats.OverBudget = true
	order := make([]int, len(s.runs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(s.runs[y].size(), s.runs[x].size()) })
	for _, i := range order {
		if total <= budget {
			return
		}
		r := &s.runs[i]
		if r.size() <= maxWindow+1 {
			break // a window over this block and the smaller ones would save nothing
		}
		if r.window > 0 {
			continue
		}
		full := r.pairs()
		r.window = maxWindow
		total -= full - r.pairs()
		s.stats.SkippedBlocks++
		s.stats.SkippedPairs += full - r.pairs()
	}
	if total > budget {
		for _, r := range s.runs {
			if r.window == 0 {
				s.stats.SkippedBlocks++
			}
		}
		s.stats.SkippedPairs += total
		s.rows, s.runs = nil, nil
	}
}
