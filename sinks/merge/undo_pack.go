package merge

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

// pack takes whole chains of merges that share contacts: what a dry run would do to the rows of a newer one is known only while it looks at
// the older ones. Chains do not depend on each other, so their order is free.
func (d *DryRun) pack(queue []Merged, opt *UndoOptions) (group, rest []Merged) {
	chains := newChains(queue)
	wanted := make(map[int]bool)
	losers, rows := 0, 0
	for i := range queue {
		c := chains.of(i)
		if wanted[c] {
			continue
		}
		if len(wanted) > 0 && (losers+chains.losers[c] > opt.GroupLosers || rows+chains.rows[c] > undoRows) {
			break
		}
		wanted[c] = true
		losers += chains.losers[c]
		rows += chains.rows[c]
	}
	for i := range queue {
		if wanted[chains.of(i)] {
			group = append(group, queue[i])
		} else {
			rest = append(rest, queue[i])
		}
	}
	return group, rest
}

// chains are the sets of merges that are connected by contacts, or by their transaction.
type chains struct {
	up           []int
	losers, rows map[int]int
}

func newChains(ms []Merged) *chains {
	c := &chains{up: make([]int, len(ms)), losers: make(map[int]int), rows: make(map[int]int)}
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
	for i := range ms {
		c.losers[c.of(i)] += len(ms[i].Losers)
		c.rows[c.of(i)] += ms[i].Entries
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
