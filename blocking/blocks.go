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
	sets  []ruleBlocks
	off   []uint32 // per contact, into live
	live  []uint32 // numbers of the blocks that are compared in full

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

// Build makes the blocks of every rule. run executes independent work, possibly concurrently.
func Build(t *contact.Table, cfg Config, run contact.Parallel) (*Blocks, error) {
	cfg = cfg.WithDefaults()
	budget, small := cfg.budget(t)
	b := &Blocks{t: t}
	rules := rulesFor(t, cfg.Disable, small)
	sets := make([]ruleBlocks, len(rules))
	err := run(len(rules), func(i int) (err error) {
		sets[i], err = gather(t, rules[i])
		return err
	})
	if err != nil {
		return nil, err
	}
	b.choose(rules, sets)
	if !small {
		if err := b.bound(t, cfg, budget, run); err != nil {
			return nil, err
		}
	}
	for i := range b.sets {
		b.sets[i].stats.Pairs = b.sets[i].pairs()
	}
	b.index(t.Len())
	return b, nil
}

// choose keeps the rules that make pairs, as many as can be numbered.
func (b *Blocks) choose(rules []rule, sets []ruleBlocks) {
	for i := range rules {
		if rules[i].everybody || len(b.rules) < maxRules-1 && (rules[i].identity || len(sets[i].runs) > 0) {
			b.rules = append(b.rules, rules[i])
			b.sets = append(b.sets, sets[i])
		}
	}
}

// bound cuts what is too large and sees that no more pairs are made than the budget allows.
func (b *Blocks) bound(t *contact.Table, cfg Config, budget int64, run contact.Parallel) error {
	names := nameOrder(t)
	each := func(identity bool, limit int) error {
		return run(len(b.sets), func(i int) error {
			if b.rules[i].identity == identity {
				cut(t, names, &b.sets[i], identity, limit)
			}
			return nil
		})
	}
	s := spender{t: t, rules: b.rules, sets: b.sets, left: budget, names: names}
	if err := each(true, cfg.MaxIdentityBlock); err != nil {
		return err
	}
	s.identities()
	if err := each(false, s.limit(cfg.MaxBlock)); err != nil {
		return err
	}
	s.windows()
	return nil
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
			out = append(out, slices.DeleteFunc(f.columnRules(), func(r rule) bool { return off[r.name] })...)
			continue
		}
		if r, ok := c.make(f, c.name, c.description); ok && (!small || r.sorted == nil) {
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
