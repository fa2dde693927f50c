package blocking

import "github.com/contactmerge/contactmerge/internal/contact"

// Task is a share of the blocks of one rule.
type Task struct {
	Rule     int
	from, to int    // blocks
	row, end uint32 // of the one block of a task whose block is larger than a share: its first contacts of pairs
	Pairs    int64  // pairs the share holds, made or not
}

// Tasks cuts the blocks into shares of about the given number of pairs. The shares and their order do not depend on who works on them.
func (b *Blocks) Tasks(pairs int64) []Task {
	var out []Task
	for i := range b.rules {
		t := Task{Rule: i}
		flush := func(next int) {
			if t.to > t.from {
				out = append(out, t)
			}
			t = Task{Rule: i, from: next, to: next}
		}
		for k, run := range b.sets[i].runs {
			n := run.pairs()
			if n > 2*pairs {
				flush(k)
				out = run.split(Task{Rule: i, from: k, to: k + 1}, pairs, out)
				flush(k + 1)
				continue
			}
			t.to = k + 1
			if t.Pairs += n; t.Pairs >= pairs {
				flush(k + 1)
			}
		}
		flush(0)
	}
	return out
}

// split cuts a large block into shares by the first contact of the pairs.
func (b block) split(t Task, pairs int64, out []Task) []Task {
	first, left := b.first(), b.pairs()
	for i := int64(0); i < first; i++ {
		t.end = uint32(i + 1)
		t.Pairs += min(left-t.Pairs, b.pairsOf(i))
		if t.Pairs >= pairs || i == first-1 {
			if i == first-1 {
				t.Pairs = left // what pairs() counts is an upper bound
			}
			out = append(out, t)
			left -= t.Pairs
			t.row, t.Pairs = t.end, 0
		}
	}
	return out
}

// first is the number of contacts that are the first of pairs: in a block across two sources those of one of them.
func (b block) first() int64 {
	if b.mid == 0 {
		return b.size()
	}
	left, right := b.sides()
	if b.window > 0 && left > right {
		return right
	}
	return left
}

// pairsOf is the most pairs of which the i-th contact is the first.
func (b block) pairsOf(i int64) int64 {
	switch {
	case b.mid > 0 && b.window > 0:
		return 2 * int64(b.window)
	case b.mid > 0:
		return int64(b.to - b.mid)
	case b.window > 0:
		return min(int64(b.window), b.size()-1-i)
	}
	return b.size() - 1 - i
}

// Pairs emits the candidate pairs that a share makes and no earlier block does.
func (b *Blocks) Pairs(t Task, emit func(Pair)) { b.Sample(t, 1, emit) }

// Sample is Pairs for an even sample of one in so many pairs. A pair is chosen by its contacts alone: not by tasks, nor by the order of blocks.
func (b *Blocks) Sample(t Task, every uint64, emit func(Pair)) {
	set := &b.sets[t.Rule]
	for k, run := range set.runs[t.from:t.to] {
		me := number(t.Rule, t.from+k)
		first, last := 0, int(run.first())
		if t.end > 0 {
			first, last = int(t.row), int(t.end)
		}
		for i := first; i < last; i++ {
			x, others := set.others(run, i)
			for _, y := range others {
				if every > 1 && !drawn(x, y, every) {
					continue
				}
				if rules := b.made(x, y, me); rules != 0 {
					emit(Pair{A: min(x, y), B: max(x, y), Rules: rules})
				}
			}
		}
	}
}

// drawn says whether a pair is in the sample of one in so many.
func drawn(x, y contact.Row, every uint64) bool {
	return (uint64(min(x, y))<<32|uint64(max(x, y)))*0x9e3779b97f4a7c15>>20%every == 0
}

// others are the contacts that the i-th contact of a block is compared with.
func (s *ruleBlocks) others(b block, i int) (x contact.Row, others []contact.Row) {
	rows := s.rows[b.from:b.to]
	if b.mid == 0 {
		end := len(rows)
		if b.window > 0 {
			end = min(end, i+1+int(b.window))
		}
		return rows[i], rows[i+1 : end]
	}
	left, right := rows[:b.mid-b.from], rows[b.mid-b.from:]
	if b.window == 0 {
		return left[i], right
	}
	at := s.at[b.from:]
	if len(left) > len(right) {
		at = s.at[b.mid:]
		left, right = right, left
	}
	before := int(at[i] / 2)
	return left[i], right[max(0, before-int(b.window)):min(len(right), before+int(b.window))]
}

// each reports the blocks that make a pair.
func (b *Blocks) each(x, y contact.Row, do func(number uint32)) {
	p, q := b.live[b.off[x]:b.off[x+1]], b.live[b.off[y]:b.off[y+1]]
	for i, j := 0, 0; i < len(p) && j < len(q); {
		switch {
		case p[i] < q[j]:
			i++
		case p[i] > q[j]:
			j++
		default:
			do(p[i])
			i++
			j++
		}
	}
	v, w := b.windows[b.windowOff[x]:b.windowOff[x+1]], b.windows[b.windowOff[y]:b.windowOff[y+1]]
	for i, j := 0, 0; i < len(v) && j < len(w); {
		switch {
		case v[i].block < w[j].block:
			i++
		case v[i].block > w[j].block:
			j++
		default:
			if max(v[i].at, w[j].at)-min(v[i].at, w[j].at) <= b.at(v[i].block).reach() {
				do(v[i].block)
			}
			i++
			j++
		}
	}
}

// made returns the rules that make a pair, or none when a block before the given one makes it too.
func (b *Blocks) made(x, y contact.Row, me uint32) uint32 {
	rules, ok := b.common(x, y, me)
	if !ok {
		return 0
	}
	more, ok := b.near(x, y, me)
	if !ok {
		return 0
	}
	return rules | more
}

// common returns the rules of all blocks compared in full that hold two contacts; ok is false when one of them comes before a block.
func (b *Blocks) common(x, y contact.Row, before uint32) (rules uint32, ok bool) {
	p, q := b.live[b.off[x]:b.off[x+1]], b.live[b.off[y]:b.off[y+1]]
	i, j := 0, 0
	for i < len(p) && j < len(q) {
		switch {
		case p[i] < q[j]:
			i++
		case p[i] > q[j]:
			j++
		default:
			if p[i] < before {
				return 0, false
			}
			rules |= 1 << (p[i] >> ruleShift % maxRules)
			i++
			j++
		}
	}
	return rules, true
}

// near is common for windowed blocks: the two must stand close enough in them.
func (b *Blocks) near(x, y contact.Row, before uint32) (rules uint32, ok bool) {
	p, q := b.windows[b.windowOff[x]:b.windowOff[x+1]], b.windows[b.windowOff[y]:b.windowOff[y+1]]
	i, j := 0, 0
	for i < len(p) && j < len(q) {
		switch {
		case p[i].block < q[j].block:
			i++
		case p[i].block > q[j].block:
			j++
		default:
			if max(p[i].at, q[j].at)-min(p[i].at, q[j].at) <= b.at(p[i].block).reach() {
				if p[i].block < before {
					return 0, false
				}
				rules |= 1 << (p[i].block >> ruleShift % maxRules)
			}
			i++
			j++
		}
	}
	return rules, true
}

// Rules reports which rules make a pair, for explanations; none when it is not compared.
func (b *Blocks) Rules(x, y contact.Row) uint32 {
	if !b.t.Pairable(x, y) || !b.compared(x, y) {
		return 0
	}
	return b.made(x, y, 0)
}

// RuleNames lists the rules in order; bit i of Pair.Rules stands for name i.
func (b *Blocks) RuleNames() []string {
	out := make([]string, len(b.rules))
	for i, r := range b.rules {
		out[i] = r.name
	}
	return out
}

// Forecast is the number of pairs all blocks hold: an upper bound on the pairs that will be made.
func (b *Blocks) Forecast() int64 {
	n := int64(0)
	for i := range b.rules {
		n += b.sets[i].stats.Pairs
	}
	return n
}

// Stats are the counts of every rule. newPairs holds the pairs each rule was the first to make, as counted while enumerating.
func (b *Blocks) Stats(newPairs []int64) []Stats {
	out := make([]Stats, len(b.rules))
	for i := range b.rules {
		out[i] = b.sets[i].stats
		if i < len(newPairs) {
			out[i].NewPairs = newPairs[i]
		}
	}
	return out
}

// MatchKey names the first rule of a set, "" for the empty set.
func MatchKey(rules uint32, names []string) string {
	for i, n := range names {
		if rules>>i&1 == 1 {
			return n
		}
	}
	return ""
}
