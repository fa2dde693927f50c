package blocking

import "github.com/contactmerge/contactmerge/internal/contact"

// Task is a share of the blocks of one rule.
type Task struct {
	Rule     int
	from, to int
	Pairs    int64 // pairs the blocks hold, made or not
}

// Tasks cuts the blocks into shares of about the given number of pairs. The shares and their order do not depend on who works on them.
func (b *Blocks) Tasks(pairs int64) []Task {
	var out []Task
	for i := range b.sets {
		t := Task{Rule: i}
		for k, run := range b.sets[i].runs {
			t.to = k + 1
			t.Pairs += run.pairs()
			if t.Pairs >= pairs {
				out = append(out, t)
				t = Task{Rule: i, from: k + 1}
			}
		}
		if t.to > t.from {
			out = append(out, t)
		}
	}
	return out
}

// Pairs emits the candidate pairs that a share makes and no earlier key does.
func (b *Blocks) Pairs(t Task, emit func(Pair)) {
	set := &b.sets[t.Rule]
	for _, run := range set.runs[t.from:t.to] {
		rows := set.rows[run.from:run.to]
		for i, x := range rows {
			end := len(rows)
			if run.windowed {
				end = min(end, i+1+window)
			}
			for _, y := range rows[i+1 : end] {
				if first, rules := b.owner(x, y); first == run.key {
					emit(Pair{A: min(x, y), B: max(x, y), Rules: rules})
				}
			}
		}
	}
}

// owner is the key of the first block that makes a pair, and the rules of all blocks that do.
func (b *Blocks) owner(x, y contact.Row) (first uint64, rules uint32) {
	first, rules = b.common(x, y)
	if key, more := b.near(x, y); more != 0 {
		if rules == 0 || key < first {
			first = key
		}
		rules |= more
	}
	return first, rules
}

// near is common for windowed blocks: the two must stand close enough in them.
func (b *Blocks) near(x, y contact.Row) (first uint64, rules uint32) {
	p, q := b.windows[b.windowOff[x]:b.windowOff[x+1]], b.windows[b.windowOff[y]:b.windowOff[y+1]]
	for len(p) > 0 && len(q) > 0 {
		switch {
		case p[0].key < q[0].key:
			p = p[1:]
		case p[0].key > q[0].key:
			q = q[1:]
		default:
			if max(p[0].at, q[0].at)-min(p[0].at, q[0].at) <= window {
				if rules == 0 {
					first = p[0].key
				}
				rules |= 1 << (p[0].key >> ruleShift)
			}
			p, q = p[1:], q[1:]
		}
	}
	return first, rules
}

// common is the first live key two contacts share, and the rules of all of them.
func (b *Blocks) common(x, y contact.Row) (first uint64, rules uint32) {
	p, q := b.live[b.off[x]:b.off[x+1]], b.live[b.off[y]:b.off[y+1]]
	for len(p) > 0 && len(q) > 0 {
		switch {
		case p[0] < q[0]:
			p = p[1:]
		case p[0] > q[0]:
			q = q[1:]
		default:
			if rules == 0 {
				first = p[0]
			}
			rules |= 1 << (p[0] >> ruleShift)
			p, q = p[1:], q[1:]
		}
	}
	return first, rules
}

// Rules reports which rules make a pair, for explanations.
func (b *Blocks) Rules(x, y contact.Row) uint32 {
	_, rules := b.owner(x, y)
	return rules
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
	for i := range b.sets {
		n += b.sets[i].stats.Pairs
	}
	return n
}

// Stats are the counts of every rule. newPairs holds the pairs each rule was the first to make, as counted while enumerating.
func (b *Blocks) Stats(newPairs []int64) []Stats {
	out := make([]Stats, len(b.sets))
	for i := range b.sets {
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
