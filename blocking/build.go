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
	runs  []block
	stats Stats
}

// block is rows[from:to] of its rule. A block with a window is too large to compare in full: only contacts that stand no farther apart than
// the window are.
type block struct {
	from, to uint32
	window   uint32 // 0: compared in full
}

// maxWindow is how far a contact looks ahead in a windowed block, where the pair budget allows. It keeps equal contacts connected at linear
// cost.
const maxWindow = 8

func (b block) size() int64 { return int64(b.to - b.from) }

func (b block) pairs() int64 {
	n := b.size()
	if b.window == 0 {
		return n * (n - 1) / 2
	}
	w := min(int64(b.window), n-1)
	return n*w - w*(w+1)/2
}

// gather groups the contacts of a table by the keys of a rule, however many share one. Keys that nobody shares make no block.
func gather(t *contact.Table, r rule) (ruleBlocks, error) {
	set := ruleBlocks{stats: Stats{Rule: r.name, Description: r.description}}
	if r.sorted != nil {
		set.sort(t, r)
		return set, nil
	}
	entries := make([]entry, 0, t.Len())
	var row contact.Row
	add := func(key uint64, mark bool) { entries = append(entries, entry{key: key, row: row, mark: mark}) }
	for i := range t.Len() {
		before := len(entries)
		row = contact.Row(i)
		r.keys(row, add)
		if len(entries) > before {
			set.stats.Contacts++
		}
	}
	entries = sortEntries(entries, make([]entry, len(entries)))
	for from := 0; from < len(entries); {
		to := from + 1
		for to < len(entries) && entries[to].key == entries[from].key {
			to++
		}
		set.stats.Keys++
		set.gather(entries[from:to], r.derived)
		from = to
	}
	set.rows = slices.Clip(set.rows)
	if len(set.runs) >= 1<<ruleShift {
		return set, fmt.Errorf("blocking rule %s makes %d blocks, more than can be numbered", r.name, len(set.runs))
	}
	return set, nil
}

// gather adds the block of one key.
func (s *ruleBlocks) gather(run []entry, derived bool) {
	if len(run) < 2 || derived && !slices.ContainsFunc(run, func(e entry) bool { return e.mark }) {
		return
	}
	from := uint32(len(s.rows))
	for i, e := range run {
		// A contact may hold a key twice, by two addresses for instance.
		if i == 0 || e.row != run[i-1].row {
			s.rows = append(s.rows, e.row)
		}
	}
	b := block{from: from, to: uint32(len(s.rows))}
	if b.size() < 2 {
		s.rows = s.rows[:from]
		return
	}
	s.runs = append(s.runs, b)
	s.stats.LargestBlock = max(s.stats.LargestBlock, b.size())
}

// sort makes the one long block per tenant of a sorted neighbourhood. Contacts that have nothing to sort by are left out.
func (s *ruleBlocks) sort(t *contact.Table, r rule) {
	s.rows = sortedRows(t.Len(), r.sorted, func(row contact.Row) bool { a, b := r.sorted(row); return a != 0 || b != 0 })
	tenant := t.Col(contact.ColTenant)
	if tenant.Distinct() > 1 {
		slices.SortStableFunc(s.rows, func(x, y contact.Row) int { return cmp.Compare(tenant.Code(x), tenant.Code(y)) })
	}
	s.stats.Contacts = int64(len(s.rows))
	for from := 0; from < len(s.rows); {
		to := from + 1
		for to < len(s.rows) && tenant.Code(s.rows[to]) == tenant.Code(s.rows[from]) {
			to++
		}
		if to-from > 1 {
			s.runs = append(s.runs, block{from: uint32(from), to: uint32(to), window: maxWindow})
		}
		from = to
	}
	s.stats.Keys = int64(len(s.runs))
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
