package merge

import (
	"cmp"
	"slices"
)

// pack takes merges off the front of the queue as long as no two of them share a contact, and the transaction stays short. Those that were
// written by one transaction stay together: its statements went through all of them, one after the other.
func (m *Merger) pack(queue []Merged, opt *UndoOptions) (group, rest []Merged) {
	taken := make(map[string]bool)
	n, losers, rows := 0, 0, 0
	for n < len(queue) {
		unit := together(queue[n:])
		l, r, clash := 0, 0, false
		for i := range unit {
			l, r = l+len(unit[i].Losers), r+unit[i].Entries
			clash = clash || shares(taken, &unit[i])
		}
		if n > 0 && (losers+l > opt.GroupLosers || rows+r > undoRows || clash) {
			break
		}
		n, losers, rows = n+len(unit), losers+l, rows+r
		for i := range unit {
			for _, id := range unit[i].members() {
				taken[id] = true
			}
		}
	}
	return queue[:n:n], queue[n:]
}

// together are the merges at the front of the queue that one transaction has written.
func together(queue []Merged) []Merged {
	n := 1
	for n < len(queue) && queue[n].tx == queue[0].tx {
		n++
	}
	return queue[:n]
}

func shares(taken map[string]bool, m *Merged) bool {
	for _, id := range m.members() {
		if taken[id] {
			return true
		}
	}
	return false
}

// arrange has nothing to do: the newest merges come first.
func (m *Merger) arrange(queue []Merged) []Merged { return queue }

// arrange puts chains of merges that share contacts together: what a dry run would do to the rows of a newer one is known only while it looks at
// the older ones. Chains do not depend on each other, so their order is free.
func (d *DryRun) arrange(queue []Merged) []Merged {
	d.queue = slices.Clone(queue)
	chains := newChains(queue)
	first := make(map[int]int)
	for i := range queue {
		c := chains.of(i)
		if _, known := first[c]; !known {
			first[c] = i
		}
		queue[i].chain = first[c]
	}
	slices.SortStableFunc(queue, func(x, y Merged) int { return cmp.Compare(x.chain, y.chain) })
	return queue
}

// pack takes whole chains off the front of the queue.
func (d *DryRun) pack(queue []Merged, opt *UndoOptions) (group, rest []Merged) {
	n, losers, rows := 0, 0, 0
	for n < len(queue) {
		l, r, end := 0, 0, n
		for end < len(queue) && queue[end].chain == queue[n].chain {
			l, r, end = l+len(queue[end].Losers), r+queue[end].Entries, end+1
		}
		if n > 0 && (losers+l > opt.GroupLosers || rows+r > undoRows) {
			break
		}
		n, losers, rows = end, losers+l, rows+r
	}
	return queue[:n:n], queue[n:]
}

// chains are the sets of merges that are connected by contacts, or by their transaction.
type chains struct{ up []int }

func newChains(ms []Merged) *chains {
	c := &chains{up: make([]int, len(ms))}
	first := make(map[string]int)
	for i := range ms {
		c.up[i] = i
		if i > 0 && ms[i].tx == ms[i-1].tx {
			c.up[i] = c.of(i - 1)
		}
		for _, id := range ms[i].members() {
			if j, known := first[id]; known {
				c.up[c.of(i)] = c.of(j)
			} else {
				first[id] = i
			}
		}
	}
	return c
}

// of is the number of a merge's chain.
func (c *chains) of(i int) int {
	for c.up[i] != i {
		c.up[i] = c.up[c.up[i]]
		i = c.up[i]
	}
	return i
}
