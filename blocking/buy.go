package blocking

import (
	"cmp"
	"math"
	"slices"
)

// spend takes an offer, if the budget allows; without proof that it brings anything only a part of the budget does. An offer below zero is given
// back.
type spend func(o offer, unproven bool) bool

// leastYield is how many likely matches a pair must bring for all of the budget.
const leastYield = 1. / 1_000

// buy spends a budget of pairs, first on the cells of the best yield, then, since a sample cannot show everything, on the smallest blocks of all
// rules. It returns the widest block that every rule may compare in full; 0 means that the rule is not used. Rules on identities are always
// used.
func (c *chooser) buy(may spend) []int64 {
	limits, from := c.fill(may, 0)
	c.widen(limits, from, may)
	if c.prune(limits, from, may) {
		c.widen(limits, from, may)
	}
	return limits
}

// rank leaves the rules that are worth having in the whole table, if none had to pay for its pairs.
func (c *chooser) rank() []int64 {
	limits, from := c.fill(func(offer, bool) bool { return true }, 0)
	for r := range limits {
		if len(c.b.sets[r].runs) > 0 && limits[r] == 0 {
			limits[r], from[r] = 1, 1
		}
		if c.b.sets[r].stats.Keys > maxKeys/c.every {
			limits[r] = 0
		}
	}
	c.prune(limits, from, func(offer, bool) bool { return true })
	return limits
}

// maxKeys is the most keys that a rule may make: keys are sorted, which takes about as long as scoring a tenth as many pairs.
const maxKeys = 5_000_000

// resize takes the blocks of the whole table in place of those of the sample. What its classes of size bring is what blocks of the same share
// of the contacts brought in the sample; of blocks too small for the sample, the smaller the more.
func (c *chooser) resize(b *Blocks, kept []int) *chooser {
	whole := &chooser{b: b, every: 1, cells: make([][]cell, len(kept))}
	for i, r := range kept {
		whole.cells[i] = make([]cell, classes)
		var looked int64
		var fresh float64
		for _, cell := range c.cells[r] {
			looked += cell.looked
			fresh += cell.fresh
		}
		for k := range whole.cells[i] {
			whole.cells[i][k].looked, whole.cells[i][k].fresh = looked, fresh
			width := float64(int64(1) << k)
			from := max(1, classOf(int64(math.Ceil(width/float64(c.every)))))
			if b.rules[i].sorted != nil {
				from, width = 0, 2*maxWindow
			}
			whole.cells[i][k].yield = c.cells[r][from].yield*max(1, float64(c.every<<from)/width) + leastHope/width
		}
		for _, run := range b.sets[i].runs {
			whole.cells[i][run.class()].pairs += run.pairs()
		}
	}
	return whole
}

// leastHope is what a block of two contacts brings of which the sample shows nothing.
const leastHope = 1e-5

// size says how wide a block every rule may compare in full, the best yields first.
func (c *chooser) size(may spend) []int64 {
	limits, from := make([]int64, len(c.cells)), make([]int, len(c.cells))
	type place struct{ rule, class int }
	var cells []place
	for r, rule := range c.b.rules {
		if rule.identity {
			limits[r] = math.MaxInt64
			continue
		}
		for k := range classes {
			if c.cells[r][k].pairs > 0 {
				cells = append(cells, place{r, k})
			}
		}
	}
	slices.SortStableFunc(cells, func(x, y place) int {
		return cmp.Compare(c.cells[y.rule][y.class].yield, c.cells[x.rule][x.class].yield)
	})
	for _, p := range cells {
		if p.class < from[p.rule] {
			continue
		}
		o := c.price(p.rule, from[p.rule], p.class)
		if may(o, c.cells[p.rule][p.class].yield < leastYield) {
			limits[p.rule], from[p.rule] = int64(1)<<p.class, p.class+1
		} else {
			from[p.rule] = classes
		}
	}
	return limits
}

// widen buys class after class of all rules.
func (c *chooser) widen(limits []int64, from []int, may spend) {
	for class := 1; class < classes; class++ {
		for r := range c.cells {
			of := class
			if c.b.rules[r].sorted != nil {
				if of = 0; class != classOf(2*maxWindow) {
					continue
				}
			}
			if from[r] > of || c.cells[r][of].pairs == 0 {
				continue
			}
			if may(c.price(r, of, of), true) {
				limits[r], from[r] = max(limits[r], (int64(1)<<of-1)*c.every+1), of+1
			}
		}
	}
}

// prune leaves no more rules than can be numbered: those go whose likely matches the others make too, and what they cost is given back. It
// reports whether there were too many.
func (c *chooser) prune(limits []int64, from []int, may spend) bool {
	pruned := false
	for {
		var used []int
		alone := make([]float64, len(limits))
		for r, limit := range limits {
			if limit > 0 {
				used = append(used, r)
			}
			if c.b.rules[r].identity || c.b.rules[r].everybody {
				alone[r] = math.Inf(1)
			}
		}
		excess := len(used) - maxRules
		if excess <= 0 {
			for r, limit := range limits {
				if limit == 0 {
					from[r] = classes // no more is to be bought of what is not used
				}
			}
			return pruned
		}
		pruned = true
		for i := range c.likely {
			c.likely[i].share(limits, from, alone)
		}
		slices.SortStableFunc(used, func(x, y int) int { return cmp.Compare(alone[x], alone[y]) })
		for _, r := range used[:(excess+3)/4] {
			o := c.price(r, 0, from[r]-1)
			may(offer{pairs: -o.pairs, cost: -o.cost}, false)
			limits[r], from[r] = 0, classes
		}
	}
}

// share adds to what every rule brings that the others do not.
func (p *likely) share(limits []int64, from []int, alone []float64) {
	makers := -1.0
	for r, limit := range limits {
		if limit > 0 && int(p.class[r]) < from[r] {
			makers++
		}
	}
	for r, limit := range limits {
		if limit > 0 && int(p.class[r]) < from[r] {
			alone[r] += p.weight * math.Pow(redundancy, makers)
		}
	}
}

// fill buys the cells of the best yield. from is the first class of every rule that was not bought.
func (c *chooser) fill(may spend, least float64) (limits []int64, from []int) {
	limits, from = make([]int64, len(c.cells)), make([]int, len(c.cells))
	refused := map[int]int{} // the class of a rule that was too dear
	for i, r := range c.b.rules {
		if r.identity || r.everybody {
			limits[i], from[i] = math.MaxInt64, classes
			c.cover(i, classes)
		}
	}
	for neighbours := false; ; {
		rule, class := c.best(from, neighbours)
		if rule < 0 {
			if neighbours {
				break
			}
			neighbours = true // which cost most, and find again what keys find
			continue
		}
		o := c.price(rule, from[rule], class)
		if o.yield() <= least || !may(o, o.yield() < leastYield) {
			refused[rule] = from[rule]
			from[rule] = classes // neither this class nor a larger one
			continue
		}
		for k := from[rule]; k <= class; k++ {
			c.cells[rule][k].yield = o.yield()
		}
		limits[rule], from[rule] = (int64(1)<<class-1)*c.every+1, class+1
		c.cover(rule, class)
	}
	for r, class := range refused {
		from[r] = class
	}
	return limits, from
}

// best finds the rule, and its class up to which, that brings most for every pair; the rule is -1 when none brings anything.
func (c *chooser) best(from []int, neighbours bool) (rule, class int) {
	rule, most := -1, 0.0
	for r := range c.cells {
		if c.b.rules[r].sorted != nil && !neighbours {
			continue
		}
		for k := from[r]; k < classes; k++ {
			if c.cells[r][k].pairs == 0 {
				continue
			}
			if yield := c.price(r, from[r], k).yield(); yield > most*(1+1e-9) {
				rule, class, most = r, k, yield
			}
		}
	}
	return rule, class
}

// offer is what some classes of a rule cost in the whole table and what they bring at least, as far as the sample can tell.
type offer struct {
	pairs int64   // all that the blocks hold
	cost  float64 // of which so many are likely to be scored
	gain  float64 // likely matches
}

func (o offer) yield() float64 { return o.gain / max(o.cost, 1) }

// price is the offer of a rule's classes from one to another.
func (c *chooser) price(rule, from, to int) offer {
	var o offer
	spread := 0.0
	for k := from; k <= to; k++ {
		cell := &c.cells[rule][k]
		o.pairs += cell.pairs
		o.cost += cell.cost()
		o.gain += cell.gain
		spread += cell.spread
	}
	o.gain = max(0, o.gain-math.Sqrt(max(0, spread))) * float64(c.every*c.every)
	times := c.every * c.every
	if c.b.rules[rule].sorted != nil {
		// A neighbourhood grows with the table, and its window is narrower in the sample.
		times = c.every * maxWindow / int64(sampleWindow(c.every))
	}
	o.pairs *= times
	o.cost *= float64(times)
	return o
}

// sampleWindow is the window in a sample that reaches about as far as the widest does in the whole table.
func sampleWindow(every int64) uint32 { return uint32(max(1, maxWindow/every)) }

// cover lowers what the likely matches that a rule makes, in blocks up to a class, are worth to the other rules.
func (c *chooser) cover(rule, class int) {
	for _, i := range c.of[rule] {
		p := &c.likely[i]
		if int(p.class[rule]) > class || p.made[rule] == many {
			continue
		}
		for r, k := range p.class[:len(c.cells)] {
			if k == none || p.made[r] == many {
				continue
			}
			before := p.worth(r)
			if p.made[r]++; c.b.rules[r].uses == c.b.rules[rule].uses {
				p.made[r] = many
			}
			c.cells[r][k].add(p.worth(r)-before, p.weight)
		}
	}
}

// worth is what a likely match is worth to a rule.
func (p *likely) worth(rule int) float64 {
	if p.made[rule] == many {
		return 0
	}
	return p.weight * math.Pow(redundancy, float64(p.made[rule]))
}
