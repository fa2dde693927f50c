package scoring

import "math"

// This file learns from tables that have only two facts of a person, such as name and birthdate, where nothing third can confirm what two say.

// alone reports whether a vector shows one comparison only, so that no other can confirm what it says.
func (p *pass) alone(m *Model, v Vector, i int) bool {
	for _, k := range p.shown {
		if k != i && v[k] != 0 && m.Comparisons[k].Levels[v[k]].weighs() {
			return false
		}
	}
	return p.shows[i]
}

// What a level needs to count as abundant: so many times what chance makes of it, and so many pairs more.
const (
	abundance      = 2
	leastAbundance = 3
	// mostlyAlone is the share of a pass that must show nothing else: only a table that has no other facts to offer is judged by numbers.
	mostlyAlone = 0.8
)

// abundant says which levels the vectors that show nothing else have far more often than unrelated pairs could. In a table of names and
// birthdates nothing confirms a birthdate but the number of namesakes who share it.
func (m *Model) abundant(p *pass, counts []vectorCount) [][]bool {
	n, out := make([][]float64, len(m.Comparisons)), make([][]bool, len(m.Comparisons))
	for _, i := range p.shown {
		n[i], out[i] = make([]float64, len(m.Comparisons[i].Levels)), make([]bool, len(m.Comparisons[i].Levels))
	}
	total := p.pairs(counts)
	for _, c := range p.counts {
		vc := &counts[c]
		for _, i := range p.shown {
			if vc.v[i] != 0 && p.alone(m, vc.v, i) {
				n[i][vc.v[i]] += float64(vc.n)
			}
		}
	}
	for _, i := range p.shown {
		levels, all := m.Comparisons[i].Levels, 0.0
		for l := range levels {
			if levels[l].weighs() {
				all += n[i][l]
			}
		}
		if all < mostlyAlone*total {
			continue // other facts can confirm, where they do
		}
		for l := range levels {
			out[i][l] = n[i][l] >= abundance*mostLift*levels[l].U*all+leastAbundance
		}
	}
	return out
}

// pairs is the number of pairs in the pass.
func (p *pass) pairs(counts []vectorCount) float64 {
	total := 0.0
	for _, c := range p.counts {
		total += float64(counts[c].n)
	}
	return total
}

// bare reports whether a table has two facts of a person only, such as name and birthdate: then every pass takes one of them for granted and
// shows the other alone.
func bare(passes []pass, counts []vectorCount) bool {
	for k := range passes {
		p := &passes[k]
		if p.uses == 0 || len(p.counts) == 0 {
			continue // a pass of all pairs shows everything
		}
		together := 0.0
		for _, c := range p.counts {
			shown := 0
			for i, l := range counts[c].v[:numFixed] {
				if l != 0 && (i == cmpName || p.learns[i]) {
					shown++
				}
			}
			if shown > 2 {
				together += float64(counts[c].n)
			}
		}
		if together > (1-mostlyAlone)*p.pairs(counts) {
			return false
		}
	}
	return len(passes) > 0
}

// learnTogether learns m from all candidate pairs at once, each by the probability that it is a match. In a bare table the passes alone mislead: where
// a duplicate differs from its original in one fact, those that agree in one are just those that differ in the other.
func (m *Model) learnTogether(counts []vectorCount) {
	start, _ := m.starts()
	for range emRounds {
		matched := make([][]float64, len(m.Comparisons))
		for i, c := range m.Comparisons {
			matched[i] = make([]float64, len(c.Levels))
		}
		for _, vc := range counts {
			if relationOf(vc.v) != namesAlike || !namesAgree(vc.v) && vc.v[cmpBirthdate] != birthEqual {
				continue // in one fact at least they must agree
			}
			pm, _ := sharesOf(m.Weight(vc.v), m.kin(vc.v))
			for i := range m.Comparisons {
				matched[i][vc.v[i]] += float64(vc.n) * pm
			}
		}
		change := 0.0
		for i := range m.Comparisons {
			if m.Comparisons[i].Neutral {
				continue
			}
			levels := m.Comparisons[i].Levels
			for l, next := range maximized(levels, matched[i], start[i], pseudoMatches) {
				change = max(change, math.Abs(next-levels[l].M))
				levels[l].M, levels[l].Matches = next, matched[i][l]
			}
		}
		m.finish()
		if change < emConverged {
			return
		}
	}
}
