package blocking

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// ruleBlocks are the blocks of one rule.
type ruleBlocks struct {
	rows  []contact.Row // block after block
	at    []uint32      // of the rows of windowed blocks across two sources, where they stand; else nil
	runs  []block
	stats Stats
}

// gatherer groups the contacts of a table by the keys of a rule, however many share one.
type gatherer struct {
	t     *contact.Table
	cross bool  // only pairs across two sources count
	every int64 // one in so many contacts is looked at
	set   ruleBlocks
	right []contact.Row
}

// takes reports whether a contact is among those looked at.
func (g *gatherer) takes(r contact.Row) bool {
	return g.every == 1 || mix(0, uint64(r))%uint64(g.every) == 0
}

// gather makes the blocks of a rule, of one in so many contacts. Keys that nobody shares make none.
func gather(t *contact.Table, r rule, every int64) (ruleBlocks, error) {
	g := gatherer{t: t, cross: t.CrossOnly(), every: every, set: ruleBlocks{stats: Stats{Rule: r.name, Description: r.description}}}
	if r.sorted != nil {
		g.sort(r)
		return g.set, nil
	}
	entries := make([]entry, 0, int64(t.Len())/every)
	var row contact.Row
	add := func(key uint64, mark bool) { entries = append(entries, entry{key: key, row: row, mark: mark}) }
	for row = range contact.Row(t.Len()) {
		if !g.takes(row) {
			continue
		}
		before := len(entries)
		r.keys(row, add)
		if len(entries) > before {
			g.set.stats.Contacts++
		}
	}
	entries = sortEntries(entries, make([]entry, len(entries)))
	for from := 0; from < len(entries); {
		to := from + 1
		for to < len(entries) && entries[to].key == entries[from].key {
			to++
		}
		g.set.stats.Keys++
		g.key(entries[from:to], r.derived)
		from = to
	}
	g.set.rows = slices.Clip(g.set.rows)
	if len(g.set.runs) >= 1<<ruleShift {
		return g.set, fmt.Errorf("blocking rule %s makes %d blocks, more than can be numbered", r.name, len(g.set.runs))
	}
	return g.set, nil
}

// key adds the block of one key.
func (g *gatherer) key(run []entry, derived bool) {
	if len(run) < 2 || derived && !slices.ContainsFunc(run, func(e entry) bool { return e.mark }) {
		return
	}
	s := &g.set
	from := len(s.rows)
	for i, e := range run {
		// A contact may hold a key twice, by two addresses for instance.
		if i == 0 || e.row != run[i-1].row {
			s.rows = append(s.rows, e.row)
		}
	}
	b, ok := g.block(uint32(from), uint32(len(s.rows)))
	if !ok {
		s.rows = s.rows[:from]
		return
	}
	s.runs = append(s.runs, b)
	s.stats.LargestBlock = max(s.stats.LargestBlock, b.size())
}

// block makes a block of a stretch of rows; where only pairs across two sources count, those of the left source come first. ok is false
// when the block has no pair.
func (g *gatherer) block(from, to uint32) (b block, ok bool) {
	b = block{from: from, to: to}
	if !g.cross {
		return b, to-from > 1
	}
	rows, left := g.set.rows[from:to], 0
	g.right = g.right[:0]
	for _, r := range rows {
		if g.t.Side(r) == contact.Left {
			rows[left] = r
			left++
		} else {
			g.right = append(g.right, r)
		}
	}
	copy(rows[left:], g.right)
	b.mid = from + uint32(left)
	return b, b.mid > from && b.mid < to
}

// sort makes the one long block per tenant of a sorted neighbourhood. Contacts that have nothing to sort by are left out.
func (g *gatherer) sort(r rule) {
	s, tenant := &g.set, g.t.Col(contact.ColTenant)
	s.rows = sortedRows(g.t.Len(), r.sorted, func(row contact.Row) bool {
		a, b := r.sorted(row)
		return (a != 0 || b != 0) && g.takes(row)
	})
	if tenant.Distinct() > 1 {
		slices.SortStableFunc(s.rows, func(x, y contact.Row) int { return cmp.Compare(tenant.Code(x), tenant.Code(y)) })
	}
	s.stats.Contacts = int64(len(s.rows))
	for from := 0; from < len(s.rows); {
		to := from + 1
		for to < len(s.rows) && tenant.Code(s.rows[to]) == tenant.Code(s.rows[from]) {
			to++
		}
		if b, ok := g.window(uint32(from), uint32(to)); ok {
			b.window = sampleWindow(g.every)
			s.runs = append(s.runs, b)
		}
		from = to
	}
	s.stats.Keys = int64(len(s.runs))
}

// window makes a windowed block of a stretch of rows that are in order. Across two sources the contacts of the one with fewer look at those of
// the other that stand near them, so places count those of the other: 2k says that k of them stand before, 2k+1 is the place of the k-th.
func (g *gatherer) window(from, to uint32) (block, bool) {
	s := &g.set
	if !g.cross {
		return block{from: from, to: to, window: maxWindow}, to-from > 1
	}
	if s.at == nil {
		s.at = make([]uint32, len(s.rows))
	}
	rows, left := s.rows[from:to], 0
	for _, r := range rows {
		if g.t.Side(r) == contact.Left {
			left++
		}
	}
	few := contact.Left
	if left > len(rows)-left {
		few = contact.Right
	}
	var lefts, rights []uint32
	others := uint32(0)
	for _, r := range rows {
		at := 2 * others
		if g.t.Side(r) != few {
			at++
			others++
		}
		if g.t.Side(r) == contact.Left {
			lefts = append(lefts, at)
		} else {
			rights = append(rights, at)
		}
	}
	copy(s.at[from:], append(lefts, rights...))
	b, ok := g.block(from, to)
	b.window = maxWindow
	return b, ok
}

// sortedRows are the rows that pass, ordered by two numbers, equal ones by row.
func sortedRows(n int, by func(contact.Row) (first, then uint64), pass func(contact.Row) bool) []contact.Row {
	entries := make([]entry, 0, n)
	for r := range contact.Row(n) {
		if pass(r) {
			_, then := by(r)
			entries = append(entries, entry{key: then, row: r})
		}
	}
	tmp := make([]entry, len(entries))
	sorted := sortEntries(entries, tmp)
	if len(sorted) > 0 && &sorted[0] != &entries[0] {
		tmp = entries
	}
	for i := range sorted {
		sorted[i].key, _ = by(sorted[i].row)
	}
	sorted = sortEntries(sorted, tmp)
	out := make([]contact.Row, len(sorted))
	for i, e := range sorted {
		out[i] = e.row
	}
	return out
}

func (s *ruleBlocks) pairs() int64 {
	n := int64(0)
	for _, r := range s.runs {
		n += r.pairs()
	}
	return n
}

// entry says that a contact holds a key.
type entry struct {
	key  uint64
	row  contact.Row
	mark bool // the key is derived on this contact's side
}

const (
	digitBits = 11
	digits    = (64 + digitBits - 1) / digitBits
	radix     = 1 << digitBits
)

// sortEntries sorts by key, stable, so that rows stay ascending within a key. It is a least-significant-digit radix sort that counts all
// digits in one pass and skips digits on which all keys agree. The result is in the returned slice, which is one of the two arguments.
func sortEntries(a, tmp []entry) []entry {
	var counts [digits][radix]uint32
	for i := range a {
		k := a[i].key
		for d := range digits {
			counts[d][k&(radix-1)]++
			k >>= digitBits
		}
	}
	tmp = tmp[:len(a)]
	for d := range digits {
		c := &counts[d]
		shift := d * digitBits
		if len(a) == 0 || c[a[0].key>>shift&(radix-1)] == uint32(len(a)) {
			continue
		}
		sum := uint32(0)
		for i := range c {
			c[i], sum = sum, sum+c[i]
		}
		for i := range a {
			digit := a[i].key >> shift & (radix - 1)
			tmp[c[digit]] = a[i]
			c[digit]++
		}
		a, tmp = tmp, a
	}
	return a
}
