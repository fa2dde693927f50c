package blocking

import (
	"slices"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// Blocks are the blocks of all rules of a run, and for every contact the blocks it stands in.
//
// A pair that stands together in several blocks is made by the first of them only: blocks are numbered by rule, every contact's blocks are
// in ascending order, so the first common one of two contacts decides, and no set of pairs is ever built. Only blocks that really make the
// pair count: a block that was refined, or a window in which the two stand far apart, never hides a pair from a later rule.
type Blocks struct {
	t     *contact.Table
	rules []rule
	sets  []ruleBlocks // by rule; from maxRules on the blocks of every rule that are left out, if there are any
	off   []uint32     // per contact, into live
	live  []uint32     // numbers of the blocks that are compared in full

	windowOff []uint32 // per contact, into windows
	windows   []place
}

// place is where a contact stands in a windowed block.
type place struct {
	block uint32
	at    uint32
}

// number is the number of a block among those of all rules.
func number(rule, run int) uint32 { return uint32(rule)<<ruleShift | uint32(run) }

// at returns the block of a number.
func (b *Blocks) at(number uint32) block {
	return b.sets[number>>ruleShift].runs[number&(1<<ruleShift-1)]
}

// sampleOf is how many contacts are looked at to choose the rules of a larger table.
const sampleOf = 100_000

// Build makes the blocks of every rule. run executes independent work, possibly concurrently.
func Build(t *contact.Table, cfg Config, run contact.Parallel) (*Blocks, error) {
	return buildFrom(t, cfg, run, max(1, int64(t.Len())/sampleOf))
}

// buildFrom chooses the rules by one in so many contacts.
func buildFrom(t *contact.Table, cfg Config, run contact.Parallel, every int64) (*Blocks, error) {
	m := maker{t: t, cfg: cfg.WithDefaults(), run: run, every: every}
	m.budget, m.small = m.cfg.budget(t)
	b := &Blocks{t: t}
	rules := rulesFor(t, cfg.Disable, m.small)
	sets, err := m.gather(rules, m.every)
	if err != nil {
		return nil, err
	}
	if err := m.choose(b, rules, sets); err != nil {
		return nil, err
	}
	if !m.small {
		if err := m.bound(b); err != nil {
			return nil, err
		}
	}
	for i := range b.sets {
		b.sets[i].stats.Pairs = b.sets[i].pairs()
	}
	b.index(t.Len())
	return b, nil
}

// maker is the making of blocks under way.
type maker struct {
	t      *contact.Table
	cfg    Config
	run    contact.Parallel
	every  int64 // rules are chosen by one in so many contacts
	budget int64
	small  bool    // the budget lets all pairs be compared
	limits []int64 // by rule used, the widest block that is compared in full
}

func (m *maker) gather(rules []rule, every int64) ([]ruleBlocks, error) {
	sets := make([]ruleBlocks, len(rules))
	return sets, m.run(len(rules), func(i int) (err error) {
		sets[i], err = gather(m.t, rules[i], every)
		return err
	})
}

// freeShare is the part of the budget of a large table that may be spent on what nothing shows to bring enough.
const freeShare = 0.5

// choose takes the rules to use, and says of each how wide a block it may compare in full. Which rules are worth having shows in a sample of
// a large table; how much they cost there only in all of it.
func (m *maker) choose(b *Blocks, rules []rule, sets []ruleBlocks) error {
	c := newChooser(m.t, rules, sets, m.every)
	keep := func(limits []int64) (kept []int) {
		b.rules, m.limits = nil, nil
		for i, limit := range limits {
			if limit > 0 {
				kept = append(kept, i)
				b.rules, m.limits = append(b.rules, rules[i]), append(m.limits, min(limit, int64(m.cfg.MaxBlock)))
			}
		}
		return kept
	}
	if m.every == 1 {
		for _, i := range keep(c.buy(m.purse(rules, sets))) {
			b.sets = append(b.sets, sets[i])
		}
		return nil
	}
	kept := keep(c.rank())
	var err error
	if b.sets, err = m.gather(b.rules, 1); err != nil {
		return err
	}
	rules, sets = b.rules, b.sets
	b.sets = nil
	for _, i := range keep(c.resize(&Blocks{t: m.t, rules: rules, sets: sets}, kept).size(m.purse(rules, sets))) {
		b.sets = append(b.sets, sets[i])
	}
	return nil
}

// purse is the budget for all rules but those on identities. A part of it is kept for what is unproven.
func (m *maker) purse(rules []rule, sets []ruleBlocks) spend {
	pairs, hoped := int64(0), 0.
	for i := range rules {
		if rules[i].identity {
			pairs += sets[i].forecast(int64(m.cfg.MaxIdentityBlock))
		}
	}
	free := max(float64(m.cfg.SmallPairs), freeShare*float64(m.budget))
	proven := int64((1 - freeShare/2) * float64(m.budget))
	return func(o offer, unproven bool) bool {
		if o.pairs > 0 && !m.small {
			if unproven && (pairs+o.pairs > m.budget || hoped+o.cost > free) || !unproven && pairs+o.pairs > proven {
				return false
			}
		}
		if pairs += o.pairs; unproven {
			hoped += o.cost
		}
		return true
	}
}

// bound cuts what is too large and sees that no more pairs are made than the budget allows.
func (m *maker) bound(b *Blocks) error {
	names := nameOrder(m.t)
	s := spender{t: m.t, rules: b.rules, sets: b.sets, left: m.budget, names: names}
	err := m.run(len(b.sets), func(i int) error {
		if b.rules[i].identity {
			cut(m.t, names, &b.sets[i], m.cfg.MaxIdentityBlock)
		} else {
			b.sets[i].drop(m.limits[i])
		}
		return nil
	})
	s.identities()
	s.others()
	return err
}

// nameOrder is the place of every contact in the order of names.
func nameOrder(t *contact.Table) []uint32 {
	f := facts{t: t}
	family, given := f.beginnings(contact.ColFamilyLatin), f.beginnings(contact.ColGivenLatin)
	order := sortedRows(t.Len(), func(r contact.Row) (uint64, uint64) { return family(r), given(r) }, func(contact.Row) bool { return true })
	place := make([]uint32, len(order))
	for i, r := range order {
		place[r] = uint32(i)
	}
	return place
}

// rulesFor makes the rules whose columns the table has. A table small enough to be compared in full needs no neighbourhoods.
func rulesFor(t *contact.Table, disable []string, small bool) []rule {
	off := map[string]bool{}
	for _, d := range disable {
		off[d] = true
	}
	f := newFacts(t)
	var out []rule
	for _, c := range catalogue() {
		if off[c.name] {
			continue
		}
		if c.make == nil {
			out = append(out, slices.DeleteFunc(f.columnRules(small), func(r rule) bool { return off[r.name] })...)
			continue
		}
		if r, ok := c.make(f, c.name, c.description); ok && (!small || r.sorted == nil) && len(out) < maxCandidates-1 {
			out = append(out, r)
		}
	}
	if small {
		out = append(out, everybodyRule(t))
	}
	return out
}

// index lists the blocks of every contact.
func (b *Blocks) index(n int) {
	b.off, b.windowOff = make([]uint32, n+1), make([]uint32, n+1)
	each := func(do func(set *ruleBlocks, run block, number uint32)) {
		for i := range b.sets {
			for k, run := range b.sets[i].runs {
				do(&b.sets[i], run, number(i, k))
			}
		}
	}
	each(func(set *ruleBlocks, run block, _ uint32) {
		off := b.off
		if run.window > 0 {
			off = b.windowOff
		}
		for _, r := range set.rows[run.from:run.to] {
			off[r+1]++
		}
	})
	for i := range n {
		b.off[i+1] += b.off[i]
		b.windowOff[i+1] += b.windowOff[i]
	}
	b.live, b.windows = make([]uint32, b.off[n]), make([]place, b.windowOff[n])
	// Blocks come in the order of their numbers, so every contact's list is in order. The offsets serve as cursors and are moved back.
	each(func(set *ruleBlocks, run block, number uint32) {
		for i := run.from; i < run.to; i++ {
			r := set.rows[i]
			switch {
			case run.window == 0:
				b.live[b.off[r]] = number
				b.off[r]++
				continue
			case set.at != nil:
				b.windows[b.windowOff[r]] = place{block: number, at: set.at[i]}
			default:
				b.windows[b.windowOff[r]] = place{block: number, at: i - run.from}
			}
			b.windowOff[r]++
		}
	})
	copy(b.off[1:], b.off[:n])
	copy(b.windowOff[1:], b.windowOff[:n])
	b.off[0], b.windowOff[0] = 0, 0
}
