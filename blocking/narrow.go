package blocking

import "github.com/contactmerge/contactmerge/internal/contact"

// Verdict is a candidate pair, and whether anything came of comparing it.
type Verdict struct {
	Pair
	Found bool
}

// leastFound is how many findings a pair must bring to be compared: one for so many pairs, which take about a tenth of a second. No more can be
// lost than one for so many pairs that are left out; since those bring still less on average, it is far less.
const leastFound = 1. / 20_000

// leastKept is the part of all pairs, one in so many, that is compared at least: leaving out more would save little more.
const leastKept = 8

// narrower chooses blocks by what a sample of their pairs brought. That a rule makes pairs that match says little, since other rules may make
// them, too. So blocks are taken one after the other, those that bring most for every pair first, and what brings hardly anything that
// those taken before do not is left out.
type narrower struct {
	b     *Blocks
	pairs []tried
	of    [maxRules][]int32        // by rule, the pairs of the sample that it makes
	left  [maxRules][classes]count // by rule and class of size, the pairs that no block taken so far makes
	all   count                    // the same of all rules
	from  [maxRules]int            // the first class of every rule that is not taken
}

// tried is a pair of the sample.
type tried struct {
	class [maxRules]uint8 // by rule, in which class of blocks it is made
	found bool
	taken bool
}

// count is a number of pairs, and the findings among them.
type count struct{ pairs, found int }

func (c *count) add(p *tried, n int) {
	c.pairs += n
	if p.found {
		c.found += n
	}
}

// Narrow leaves out the blocks that are not worth comparing in full, by an even sample of all candidate pairs: every rule keeps its blocks up
// to a size. What the other blocks make is still told of pairs that these make. The rules keep their numbers.
func (b *Blocks) Narrow(sample []Verdict) *Blocks {
	n := narrower{b: b, pairs: make([]tried, len(sample))}
	for i := range sample {
		n.look(i, &sample[i])
	}
	for r := range b.rules {
		if b.rules[r].identity || b.rules[r].everybody {
			n.take(r, classes-1)
		}
	}
	for {
		rule, class, found := n.best()
		if rule < 0 || found < leastFound && n.all.pairs < len(sample)*(leastKept-1)/leastKept {
			break
		}
		n.take(rule, class)
	}
	for r := range b.rules {
		for n.from[r] < classes && n.left[r][n.from[r]].pairs == 0 {
			n.from[r]++ // nothing there that is not taken
		}
	}
	return b.limited(n.from)
}

// look enters a pair of the sample.
func (n *narrower) look(i int, v *Verdict) {
	p := &n.pairs[i]
	p.found = v.Found
	for r := range p.class {
		p.class[r] = none
	}
	n.b.each(v.A, v.B, func(number uint32) {
		r := number >> ruleShift
		p.class[r] = min(p.class[r], uint8(n.b.at(number).class()))
	})
	for r, k := range p.class {
		if k != none {
			n.of[r] = append(n.of[r], int32(i))
			n.left[r][k].add(p, 1)
		}
	}
	n.all.add(p, 1)
}

// best is the rule, and its class up to which, that finds most for every pair. Of few pairs it is believed that they find as much as all do that
// are left.
func (n *narrower) best() (rule, class int, found float64) {
	rule = -1
	expected := float64(n.all.pairs+1) / float64(n.all.found+1) // pairs for a finding
	for r := range n.b.rules {
		sum := count{}
		for k := n.from[r]; k < classes; k++ {
			c := n.left[r][k]
			if c.pairs == 0 {
				continue
			}
			sum.pairs, sum.found = sum.pairs+c.pairs, sum.found+c.found
			if f := float64(sum.found+1) / (float64(sum.pairs) + expected); f > found {
				rule, class, found = r, k, f
			}
		}
	}
	return rule, class, found
}

// take takes the blocks of a rule up to a class.
func (n *narrower) take(rule, class int) {
	n.from[rule] = class + 1
	for _, i := range n.of[rule] {
		p := &n.pairs[i]
		if p.taken || int(p.class[rule]) > class {
			continue
		}
		p.taken = true
		for r, k := range p.class {
			if k != none {
				n.left[r][k].add(p, -1)
			}
		}
		n.all.add(p, -1)
	}
}

// limited makes the blocks anew without those of a class or above, by rule. They follow all others, so that they hide no pair.
func (b *Blocks) limited(class [maxRules]int) *Blocks {
	l := &Blocks{t: b.t, rules: b.rules, sets: make([]ruleBlocks, maxRules+len(b.rules))}
	out := false
	for r := range b.rules {
		l.sets[r], l.sets[maxRules+r] = b.sets[r].part(class[r])
		out = out || len(l.sets[maxRules+r].runs) > 0
	}
	if !out {
		return b
	}
	l.index(b.t.Len())
	return l
}

// part parts the blocks of a rule by whether they are below a class.
func (s *ruleBlocks) part(class int) (below, rest ruleBlocks) {
	below, rest = *s, *s
	below.runs, rest.runs = nil, nil
	for _, run := range s.runs {
		if run.class() < class {
			below.runs = append(below.runs, run)
			continue
		}
		rest.runs = append(rest.runs, run)
		below.stats.SkippedBlocks++
		below.stats.SkippedPairs += run.pairs()
		below.stats.Pairs -= run.pairs()
	}
	return below, rest
}

// compared reports whether any block that is not left out makes a pair.
func (b *Blocks) compared(x, y contact.Row) bool {
	yes := false
	b.each(x, y, func(number uint32) { yes = yes || number>>ruleShift < maxRules })
	return yes
}
