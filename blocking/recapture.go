package blocking

import (
	"math"
	"math/bits"
)

// Recapture estimates how many true pairs no rule made, from how often independent rules agree on those that were made: as with animals that are
// captured twice, of two independent lists of m and n with k in common, m*n/k are all there are (Sekar and Deming, On a method of
// estimating birth and death rates, 1949; without bias after Chapman, 1951).
//
// A list is not a rule, since two rules on names say one thing and not two. Facts fall into families that depend on each other too much;
// the pairs that the rules on some families make are one list, those of the rules on all other families the second. Rules that use facts
// of both count for neither, but what they make is no longer missed. Pairs count by their match probability.
//
// Every worker has its own; Merge adds them up, in any order.
type Recapture struct {
	uses []uint8          // per rule, the families it uses
	all  bool             // every pair was compared
	seen map[uint32]int64 // by set of the combinations of families whose rules made a pair; there are few
}

// The families of facts. Those of one family depend on each other too much to count as two lists.
const (
	familyIdentity = iota // addresses, logins, ID numbers, browsers
	familyName
	familyBirthdate
	familyPlace  // address and company
	familyCustom // generic columns
	numFamilies
)

// micro is the unit in which probabilities are added, so that the order of adding cannot matter.
const micro = 1_000_000

func familiesOf(a Aspects) uint8 {
	var f uint8
	for i, of := range [numFamilies]Aspects{
		familyIdentity:  AspectPhone | AspectHandle | AspectSSO | AspectNationalID | AspectCookie | AspectEmail,
		familyName:      AspectName | AspectGiven | AspectFamily,
		familyBirthdate: AspectBirthdate,
		familyPlace:     AspectAddress | AspectCompany,
		familyCustom:    ^Aspects(1<<firstCustom - 1),
	} {
		if a&of != 0 {
			f |= 1 << i
		}
	}
	return f
}

// Recapture starts an estimate for these blocks.
func (b *Blocks) Recapture() *Recapture {
	c := &Recapture{uses: make([]uint8, len(b.rules)), seen: map[uint32]int64{}}
	for i, r := range b.rules {
		c.uses[i] = familiesOf(r.uses)
		c.all = c.all || r.everybody
	}
	return c
}

// recognised is the match probability from which a pair counts: what agrees too little to be taken for a match is on no list, however many
// such pairs there are, and lists of matches that could be recognised tell how many more of those there are.
const recognised = 0.5

// Add counts a pair by the rules that made it and its match probability.
func (c *Recapture) Add(rules uint32, probability float64) {
	if c.all || !(probability >= recognised) {
		return
	}
	seen := uint32(0)
	for ; rules != 0; rules &= rules - 1 {
		seen |= 1 << c.uses[bits.TrailingZeros32(rules)]
	}
	c.seen[seen] += int64(min(probability, 1)*micro + 0.5)
}

// Merge adds what another worker counted.
func (c *Recapture) Merge(o *Recapture) {
	for i, n := range o.seen {
		c.seen[i] += n
	}
}

// lists are the pairs that the rules on some families made, those that the rules on the other families made, and those of both.
type lists struct{ first, second, both, all float64 }

// split sorts the pairs into the two lists of a set of families.
func (c *Recapture) split(families uint8) lists {
	var first, second, both, all int64
	for seen, n := range c.seen {
		var one, other bool
		for s := seen; s != 0; s &= s - 1 {
			uses := uint8(bits.TrailingZeros32(s))
			one = one || uses&^families == 0
			other = other || uses&families == 0
		}
		all += n
		if one {
			first += n
		}
		if other {
			second += n
		}
		if one && other {
			both += n
		}
	}
	return lists{float64(first) / micro, float64(second) / micro, float64(both) / micro, float64(all) / micro}
}

// missed is the number of pairs on neither list, less those that other rules made, and its standard deviation.
func (l lists) missed() (missed, deviation float64) {
	total := (l.first+1)*(l.second+1)/(l.both+1) - 1
	variance := (l.first + 1) * (l.second + 1) * (l.first - l.both) * (l.second - l.both) / ((l.both + 1) * (l.both + 1) * (l.both + 2))
	return max(0, total-l.all), math.Sqrt(variance)
}

// weight says how much two lists can tell: the shorter one decides.
func (l lists) weight() float64 { return min(l.first, l.second) }

// minBoth is the fewest pairs in common that say anything about two lists.
const minBoth = 10

// Estimate returns the expected number of true pairs that no rule made, and a range of about 95 % that also holds what other divisions of the
// facts say. It says little of pairs that have no fact in common, which no rule could find and nobody could judge. ok is false when there
// are no two independent lists to compare.
func (c *Recapture) Estimate() (missed, low, high float64, ok bool) {
	if c.all {
		return 0, 0, 0, true
	}
	var best lists
	var usable []lists
	for families := uint8(1); families < 1<<(numFamilies-1); families++ {
		l := c.split(families)
		if l.both < minBoth {
			continue
		}
		usable = append(usable, l)
		if l.weight() > best.weight() {
			best = l
		}
	}
	if len(usable) == 0 {
		return 0, 0, 0, false
	}
	missed, _ = best.missed()
	low, high = missed, missed
	for _, l := range usable {
		if l.weight() >= best.weight()/2 {
			m, d := l.missed()
			low, high = min(low, m-1.96*d), max(high, m+1.96*d)
		}
	}
	return missed, max(0, low), high, true
}
