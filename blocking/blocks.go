package blocking

import (
	"cmp"
	"slices"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// Blocks are the blocks of all rules of a run, and for every contact the live keys it holds.
//
// A pair that shares several keys is made by the first of them only: keys carry their rule's number in the top bits and every contact's
// keys are in ascending order, so the first common key of two contacts decides, and no set of pairs is ever built. Only blocks that really
// make the pair count: a key that was refined, or a window in which the two stand far apart, never hides a pair from a later rule.
type Blocks struct {
	rules []rule
	sets  []ruleBlocks
	off   []uint32 // per contact, into live
	live  []uint64

	windowOff []uint32 // per contact, into windows
	windows   []place
}

// place is where a contact stands in a windowed block.
type place struct {
	key uint64
	at  uint32
}

// ruleBlocks are the blocks of one rule.
type ruleBlocks struct {
	rows  []contact.Row // block after block
	runs  []block
	stats Stats
}

// block is rows[from:to] of its rule. A windowed block is too large to compare in full: only contacts near each other are.
type block struct {
	key      uint64
	from, to uint32
	windowed bool
}

// window is how far a contact looks ahead in a windowed block. It keeps equal contacts connected at linear cost.
const window = 8

func (b block) size() int64 { return int64(b.to - b.from) }

func (b block) pairs() int64 {
	n := b.size()
	if b.windowed {
		w := min(window, n-1)
		return n*w - w*(w+1)/2
	}
	return n * (n - 1) / 2
}

// Build makes the blocks of every rule. run executes independent work, possibly concurrently.
func Build(t *contact.Table, cfg Config, run contact.Parallel) (*Blocks, error) {
	cfg = cfg.WithDefaults()
	b := &Blocks{rules: rulesFor(t, cfg.Disable)}
	b.sets = make([]ruleBlocks, len(b.rules))
	err := run(len(b.rules), func(i int) error {
		limit := cfg.MaxBlock
		if b.rules[i].identity {
			limit = cfg.MaxIdentityBlock
		}
		b.sets[i] = buildRule(t, b.rules[i], uint64(i), limit)
		return nil
	})
	if err != nil {
		return nil, err
	}
	b.spend(int64(cfg.PairsPerContact) * int64(t.Len()))
	b.index(t.Len())
	return b, nil
}

func buildRule(t *contact.Table, r rule, number uint64, limit int) ruleBlocks {
	entries := make([]entry, 0, t.Len())
	contacts := int64(0)
	var row contact.Row
	add := func(key uint64, mark bool) {
		entries = append(entries, entry{key: number<<ruleShift | key, row: row, mark: mark})
	}
	for i := range t.Len() {
		before := len(entries)
		row = contact.Row(i)
		r.keys(t, row, add)
		if len(entries) > before {
			contacts++
		}
	}
	tmp := make([]entry, len(entries))
	entries = sortEntries(entries, tmp)
	set := ruleBlocks{stats: Stats{Rule: r.name, Description: r.description, Contacts: contacts}}
	c := cutter{t: t, set: &set, limit: limit, derived: r.derived}
	for from := 0; from < len(entries); {
		to := from + 1
		for to < len(entries) && entries[to].key == entries[from].key {
			to++
		}
		set.stats.Keys++
		c.cut(entries[from:to])
		from = to
	}
	return set
}

// cutter turns the contacts of one key into blocks of bearable size.
type cutter struct {
	t       *contact.Table
	set     *ruleBlocks
	limit   int
	derived bool
}

func (c *cutter) cut(run []entry) {
	// A contact may hold a key twice, by two local parts for instance.
	run = slices.CompactFunc(run, func(x, y entry) bool { return x.row == y.row })
	if len(run) < 2 || c.derived && !slices.ContainsFunc(run, func(e entry) bool { return e.mark }) {
		return
	}
	c.set.stats.LargestBlock = max(c.set.stats.LargestBlock, int64(len(run)))
	if len(run) <= c.limit {
		c.add(run, false)
		return
	}
	c.set.stats.OversizedBlocks++
	c.refine(run, 0)
}

func (c *cutter) add(run []entry, windowed bool) {
	from := uint32(len(c.set.rows))
	for _, e := range run {
		c.set.rows = append(c.set.rows, e.row)
	}
	c.set.runs = append(c.set.runs, block{key: run[0].key, from: from, to: uint32(len(c.set.rows)), windowed: windowed})
}

// refinements split an oversized block: contacts of the block that also agree on one of these are worth comparing.
var refinements = []contact.Col{contact.ColNameKey, contact.ColPostcode, contact.ColCompany, contact.ColCity, contact.ColGivenPhonetic, contact.NumCols /* birthdate */}

// refine splits a run by the level-th refinement. Contacts without a value there stay together and try the next one. What is still too
// large at the end is compared in a window and the rest is counted as skipped.
func (c *cutter) refine(run []entry, level int) {
	if level == len(refinements) {
		full := int64(len(run)) * int64(len(run)-1) / 2
		c.add(run, true)
		c.set.stats.SkippedBlocks++
		c.set.stats.SkippedPairs += full - c.set.runs[len(c.set.runs)-1].pairs()
		return
	}
	value := func(r contact.Row) uint64 {
		if col := refinements[level]; col != contact.NumCols {
			return uint64(c.t.Col(col).Code(r))
		}
		return uint64(uint32(c.t.Birthdate(r)))
	}
	split := make([]entry, len(run))
	copy(split, run)
	slices.SortStableFunc(split, func(x, y entry) int { return cmp.Compare(value(x.row), value(y.row)) })
	for from := 0; from < len(split); {
		v := value(split[from].row)
		to := from + 1
		for to < len(split) && value(split[to].row) == v {
			to++
		}
		part := split[from:to]
		from = to
		switch {
		case len(part) < 2:
		case len(part) > c.limit:
			c.refine(rekey(part, uint64(level+1)<<40|v), level+1)
		default:
			// Contacts without a value (v is 0) are few enough to compare them all.
			c.add(rekey(part, uint64(level+1)<<40|v), false)
		}
	}
	c.set.stats.SkippedPairs += crossPairs(split, value)
}

// crossPairs counts the pairs that a split separates.
func crossPairs(split []entry, value func(contact.Row) uint64) int64 {
	n := int64(len(split))
	cross := n * (n - 1) / 2
	for from := 0; from < len(split); {
		to := from + 1
		for to < len(split) && value(split[to].row) == value(split[from].row) {
			to++
		}
		k := int64(to - from)
		cross -= k * (k - 1) / 2
		from = to
	}
	return cross
}

func rekey(run []entry, v uint64) []entry {
	number := run[0].key &^ keyMask
	key := number | mix(run[0].key, v)&keyMask
	for i := range run {
		run[i].key = key
	}
	return run
}

// spend applies the pair budget: rules get their pairs in order, the largest blocks of the first rule that does not fit are windowed.
func (b *Blocks) spend(budget int64) {
	for i := range b.sets {
		s := &b.sets[i]
		total := s.pairs()
		if total > budget {
			s.shrink(budget)
			total = s.pairs()
		}
		budget = max(0, budget-total)
		s.stats.Pairs = total
	}
}

func (s *ruleBlocks) pairs() int64 {
	n := int64(0)
	for _, r := range s.runs {
		n += r.pairs()
	}
	return n
}

// shrink windows the largest blocks until the rule makes no more pairs than the budget, and drops the rule when even that is too much.
func (s *ruleBlocks) shrink(budget int64) {
	s.stats.OverBudget = true
	order := make([]int, len(s.runs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(s.runs[y].size(), s.runs[x].size()) })
	total := s.pairs()
	for _, i := range order {
		if total <= budget {
			return
		}
		r := &s.runs[i]
		if r.size() <= window+1 {
			break // a window over this block and the smaller ones would save nothing
		}
		if r.windowed {
			continue
		}
		full := r.pairs()
		r.windowed = true
		total -= full - r.pairs()
		s.stats.SkippedBlocks++
		s.stats.SkippedPairs += full - r.pairs()
	}
	if total > budget {
		for _, r := range s.runs {
			if !r.windowed {
				s.stats.SkippedBlocks++
			}
		}
		s.stats.SkippedPairs += total
		s.rows, s.runs = nil, nil
	}
}

// index lists the live keys of every contact.
func (b *Blocks) index(n int) {
	b.off = make([]uint32, n+1)
	each := func(do func(r contact.Row, key uint64)) {
		for i := range b.sets {
			s := &b.sets[i]
			for _, run := range s.runs {
				if run.windowed {
					continue
				}
				for _, r := range s.rows[run.from:run.to] {
					do(r, run.key)
				}
			}
		}
	}
	each(func(r contact.Row, _ uint64) { b.off[r+1]++ })
	for i := range n {
		b.off[i+1] += b.off[i]
	}
	b.live = make([]uint64, b.off[n])
	next := slices.Clone(b.off[:n])
	each(func(r contact.Row, key uint64) {
		b.live[next[r]] = key
		next[r]++
	})
	// Refined blocks carry fresh keys, so a contact's keys are ordered by rule but not within it.
	for r := range n {
		slices.Sort(b.live[b.off[r]:b.off[r+1]])
	}
	b.indexWindows(n)
}

// indexWindows lists the places of every contact in windowed blocks.
func (b *Blocks) indexWindows(n int) {
	b.windowOff = make([]uint32, n+1)
	each := func(do func(r contact.Row, p place)) {
		for i := range b.sets {
			s := &b.sets[i]
			for _, run := range s.runs {
				if !run.windowed {
					continue
				}
				for at, r := range s.rows[run.from:run.to] {
					do(r, place{key: run.key, at: uint32(at)})
				}
			}
		}
	}
	each(func(r contact.Row, _ place) { b.windowOff[r+1]++ })
	for i := range n {
		b.windowOff[i+1] += b.windowOff[i]
	}
	b.windows = make([]place, b.windowOff[n])
	next := slices.Clone(b.windowOff[:n])
	each(func(r contact.Row, p place) {
		b.windows[next[r]] = p
		next[r]++
	})
	for r := range n {
		slices.SortFunc(b.windows[b.windowOff[r]:b.windowOff[r+1]], func(x, y place) int { return cmp.Compare(x.key, y.key) })
	}
}
