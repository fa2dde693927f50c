package blocking

import (
	"cmp"
	"math"
	"slices"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// chooser finds which rules are worth their pairs, and up to which size of block, from the table itself and without labels.
//
// A pair made by several rules that use different facts is likely a match: that it agrees on each of them by chance is as rare as the
// pairs of the rules are. That tells likely matches in a sample of the pairs of every rule, and every rule, by size of block, has a yield: the
// likely matches it adds for every pair to compare. The best yields are bought first, until the budget is spent or the yield is too low.
type chooser struct {
	b      *Blocks // of all candidate rules, on a sample of the contacts
	every  int64   // contacts for each one in the sample
	cells  [][]cell
	says   []Aspects // by rule, what it uses and what depends on that
	found  []finding // of the pair at hand
	likely []likely
	of     [][]int32 // by rule, the likely matches that it makes
}

// cell holds the blocks of a rule that are of one class of size; neighbourhoods are of class 0.
type cell struct {
	pairs  int64
	step   int64   // one in so many pairs is looked at
	gain   float64 // likely matches that the cells bought so far do not make
	spread float64 // variance of gain, since few pairs were looked at
	yield  float64 // likely matches for every pair, when the cell was bought
	looked int64
	fresh  float64 // of those looked at, the ones that no identity makes, each once however many blocks of the rule make it
}

// cost is the number of pairs of the cell that are likely to be scored. The others cost next to nothing: an earlier block makes them.
func (c *cell) cost() float64 {
	if c.looked == 0 {
		return float64(c.pairs)
	}
	share := c.fresh / float64(c.looked)
	return float64(c.pairs) * (share + (1-share)*repeated)
}

// repeated is what a pair costs that is not scored again, in pairs that are.
const repeated = 0.05

// add adds to the gain of a cell what a pair that stands for some pairs is worth.
func (c *cell) add(worth, pairs float64) {
	c.gain += worth
	c.spread += worth * max(0, pairs-1)
}

// looks is how many pairs of a cell are looked at.
const looks = 2000

// likely is a pair that is likely a match.
type likely struct {
	weight float64              // pairs that it stands for
	class  [maxCandidates]uint8 // by rule, in which class of blocks it is made
	made   [maxCandidates]uint8 // by rule, the other rules bought so far that make it; many when one says all the same
}

// none is the class of a rule that does not make a pair.
const none = 0xff

// sureBits is the evidence, beyond even odds, from which a match is likely: what the pair does not agree on is not weighed, and speaks against
// it.
const sureBits = 3

// many is the number of rules bought that leaves nothing of a likely match.
const many = 8

// redundancy is what a match is still worth to a rule when a rule on other facts makes it. It is not nothing: for every match that agrees on
// both facts there are others that agree on the first alone, and those are what the rule is for, but no sample can show them.
const redundancy = 0.1

// newChooser looks at the blocks of all candidate rules on a sample of the contacts.
func newChooser(t *contact.Table, rules []rule, sets []ruleBlocks, every int64) *chooser {
	c := &chooser{
		b: &Blocks{t: t, rules: rules, sets: sets}, every: every, cells: make([][]cell, len(rules)),
		says: make([]Aspects, len(rules)), of: make([][]int32, len(rules)),
	}
	c.b.index(t.Len())
	for i := range rules {
		c.cells[i] = make([]cell, classes)
		if c.says[i] = rules[i].uses; !rules[i].identity && c.says[i]&AspectEmail != 0 {
			c.says[i] |= AspectName | AspectGiven | AspectFamily // mailboxes are named after people
		}
		for _, run := range sets[i].runs {
			c.cells[i][run.class()].pairs += run.pairs()
		}
		for k := range c.cells[i] {
			c.cells[i][k].step = max(1, c.cells[i][k].pairs/looks)
		}
	}
	for i := range rules {
		c.look(i)
	}
	return c
}

// look goes through pairs of every class of a rule, spread evenly over its blocks.
func (c *chooser) look(rule int) {
	if c.b.rules[rule].everybody {
		return
	}
	var next, at [classes]int64
	for k, cell := range c.cells[rule] {
		next[k] = int64(mix(uint64(rule), uint64(k)) % uint64(cell.step))
	}
	set := &c.b.sets[rule]
	for _, run := range set.runs {
		k := run.class()
		end := at[k] + run.pairs()
		for ; next[k] < end; next[k] += c.cells[rule][k].step {
			if x, y, ok := set.pair(run, next[k]-at[k]); ok {
				c.cells[rule][k].looked++
				c.cells[rule][k].fresh += c.judge(x, y, rule)
			}
		}
		at[k] = end
	}
}

// pair is the i-th pair of a block.
func (s *ruleBlocks) pair(b block, i int64) (x, y contact.Row, ok bool) {
	k := int64(0)
	if n := b.pairsOf(0); b.window > 0 || b.mid > 0 {
		k = min(i/max(1, n), b.first()-1) // all but the last have as many
		i -= k * n
	}
	for ; k < b.first(); k++ {
		n := b.pairsOf(k)
		if i >= n {
			i -= n
			continue
		}
		x, others := s.others(b, int(k))
		if i >= int64(len(others)) {
			return 0, 0, false // the number of pairs was an upper bound
		}
		return x, others[i], true
	}
	return 0, 0, false
}

// finding is a rule that makes a pair, and how much that says.
type finding struct {
	rule int
	bits float64
}

// surprise is how much it says, in bits, that a rule makes a pair in a block of a class: how rare the block is among the contacts that have the
// facts at all.
func (c *chooser) surprise(rule, class int) float64 {
	width := float64(int64(1) << class)
	if c.b.rules[rule].sorted != nil {
		width = float64(2 * sampleWindow(c.every))
	}
	return math.Log2(max(1, float64(c.b.sets[rule].stats.Contacts)/width))
}

// judge keeps a pair when the rules that make it say that it is rather a match than not: the most surprising of those that use different
// facts, against the odds that one contact in the table is another's. It is the more surprising to share a block the fewer contacts it holds.
// judge returns the share of a pair that a rule has to pay for.
func (c *chooser) judge(x, y contact.Row, payer int) (fresh float64) {
	p := likely{}
	for i := range p.class {
		p.class[i] = none
	}
	blocks, identity := 0, false
	c.b.each(x, y, func(number uint32) {
		k, r := uint8(c.b.at(number).class()), int(number>>ruleShift)
		p.class[r] = min(p.class[r], k)
		identity = identity || c.b.rules[r].identity
		if r == payer {
			blocks++
		}
	})
	if !identity {
		fresh = 1 / float64(max(1, blocks))
	}
	c.found = c.found[:0]
	drawn := 0.0
	for r, k := range p.class[:len(c.cells)] {
		if k != none && !c.b.rules[r].everybody {
			drawn += 1 / float64(c.cells[r][k].step)
			c.found = append(c.found, finding{rule: r, bits: c.surprise(r, int(k))})
		}
	}
	slices.SortStableFunc(c.found, func(x, y finding) int { return cmp.Compare(y.bits, x.bits) })
	evidence, used := -math.Log2(float64(max(2, c.b.t.Len()))), Aspects(0)
	for _, f := range c.found {
		if says := c.says[f.rule]; says&used == 0 {
			evidence += f.bits
			used |= says
		}
	}
	if evidence <= 0 {
		return fresh
	}
	p.weight = 1 / (1 + math.Exp2(sureBits-evidence)) / drawn
	for r, k := range p.class[:len(c.cells)] {
		if k != none {
			c.of[r] = append(c.of[r], int32(len(c.likely)))
			c.cells[r][k].add(p.weight, p.weight)
		}
	}
	c.likely = append(c.likely, p)
	return fresh
}
