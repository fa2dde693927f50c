package scoring

import (
	"math"

	"github.com/contactmerge/contactmerge/blocking"
)

// How the comparisons are learned given the names.
const (
	sameNameRounds = 40
	pseudoSameName = 50
	// chanceEmail is how often people of one name are believed to have one address, before the table says otherwise.
	chanceEmail = 1e-3
)

// learnPartNames learns from random pairs how often the email addresses of people agree whose names do in part.
func (m *Model) learnPartNames(random []vectorCount) {
	levels := m.Comparisons[cmpEmail].Levels
	counts, start := make([]float64, len(levels)), make([]float64, len(levels))
	for _, vc := range random {
		if relationOf(vc.v) == namesPart {
			counts[vc.v[cmpEmail]] += float64(vc.n) * (1 - Probability(m.Weight(vc.v)+relative(m.kin(vc.v))))
		}
	}
	for l := range levels {
		start[l] = levels[l].U
	}
	for l, u := range maximized(levels, counts, start, pseudoSameName) {
		levels[l].UPart = noRarer(u, levels[l].U)
	}
	m.finish()
}

// learnSameNames learns what everything else says about two contacts whose names agree. Addresses are built from names, so two people of one
// name have similar addresses more often than others; in a table of made-up addresses they even have the same. Names are national, and
// they have their fashions. The pairs that a rule on names alone made are a mixture of matches and others, told apart by all but name and
// email, and then by the email itself. What matches agree on does not depend on it, and is not learned here: it says which is which.
func (m *Model) learnSameNames(passes []pass, counts []vectorCount) {
	const names = blocking.AspectName | blocking.AspectGiven | blocking.AspectFamily
	for k := range passes {
		if p := &passes[k]; p.uses&names == names && p.uses&^names == 0 {
			m.learnGivenNames(p, counts)
			return
		}
	}
}

func (m *Model) learnGivenNames(p *pass, counts []vectorCount) {
	email := m.Comparisons[cmpEmail].Levels
	startU := make([]float64, len(email))
	all := 0.0
	for l, lv := range email {
		startU[l] = lv.U
		if uint8(l) >= emailExact && uint8(l) < emailDomain {
			startU[l] = max(lv.U, chanceEmail*lv.M)
		}
		all += startU[l]
	}
	for l := range startU {
		startU[l] /= all
	}
	us, share := startU, 0.5
	match, _, _ := m.passWeights(p)
	var others [][]float64
	for range sameNameRounds {
		others = others[:0]
		for _, c := range m.Comparisons {
			others = append(others, make([]float64, len(c.Levels)))
		}
		matches, total := 0.0, 0.0
		for _, c := range p.counts {
			vc := &counts[c]
			if relationOf(vc.v) != namesAlike {
				continue
			}
			w := math.Log2(share / (1 - share))
			for _, i := range p.shown {
				w += match[i][vc.v[i]]
			}
			if l := vc.v[cmpEmail]; email[l].weighs() && l != 0 {
				w += math.Log2(max(email[l].M, least) / max(us[l], least))
			}
			n := float64(vc.n)
			q := n * Probability(w)
			for i := range m.Comparisons {
				others[i][vc.v[i]] += n - q
			}
			matches, total = matches+q, total+n
		}
		share = bounded((matches + 1) / (total + 2))
		us = maximized(email, others[cmpEmail], startU, pseudoSameName)
	}
	for i := range m.Comparisons {
		if i == cmpName || m.Comparisons[i].Neutral {
			continue
		}
		levels := m.Comparisons[i].Levels
		start := make([]float64, len(levels))
		for l := range levels {
			start[l] = levels[l].U
		}
		if i == cmpEmail {
			start = startU
		}
		for l, u := range maximized(levels, others[i], start, pseudoSameName) {
			levels[l].USame = noRarer(u, levels[l].U)
		}
	}
	m.finish()
}

// noRarer keeps what hardly ever agrees by chance from agreeing even less where names agree: the few pairs of this kind cannot tell.
func noRarer(u, always float64) float64 {
	if always < 0.01 {
		return max(u, always)
	}
	return u
}
