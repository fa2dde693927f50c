package scoring

import (
	"math"
	"math/bits"

	"github.com/contactmerge/contactmerge/blocking"
)

// pass is a set of candidate pairs that blocking rules of one kind made, and what can be learned from it: the comparisons that those rules
// do not decide in advance.
type pass struct {
	uses    blocking.Aspects
	rules   []int
	learns  [MaxComparisons]bool // the rules say nothing about it
	shows   [MaxComparisons]bool // nor do they make unrelated contacts agree on it: it may tell matches from others
	learned []int                // the comparisons it learns
	shown   []int                // those that show
	half    []int                // those that may only speak against a match, or tell matches from relatives
	u       [][]float64          // how often unrelated pairs of this pass agree, re-estimated
	counts  []int32              // its vectors
	lambda  float64              // share of matches among its pairs, re-estimated
	related float64              // share of pairs of relatives, likewise
}

// own is, for every fixed comparison, the fact it is about: a rule that rests on it teaches nothing about it.
var own = [numFixed]blocking.Aspects{
	cmpName: blocking.AspectName, cmpSuffix: blocking.AspectName, cmpEmail: blocking.AspectEmail, cmpPhone: blocking.AspectPhone,
	cmpChannelID: blocking.AspectHandle, cmpSSO: blocking.AspectSSO, cmpNationalID: blocking.AspectNationalID, cmpCookie: blocking.AspectCookie,
	cmpBirthdate: blocking.AspectBirthdate, cmpCompany: blocking.AspectCompany, cmpAddress: blocking.AspectAddress, cmpCountry: blocking.AspectAddress,
	cmpGender: blocking.AspectName,
}

// entangled lists, beside the fact itself, those that unrelated contacts tend to share together with it: an email address is often built from
// the name, and people of one household share address and phone. Among pairs that a rule made by one of them the comparison cannot tell
// matches from others.
var entangled = [numFixed]blocking.Aspects{
	cmpName:    blocking.AspectName | blocking.AspectEmail,
	cmpEmail:   blocking.AspectEmail | blocking.AspectName,
	cmpPhone:   blocking.AspectPhone | blocking.AspectAddress | blocking.AspectCompany,
	cmpAddress: blocking.AspectAddress | blocking.AspectPhone | blocking.AspectCompany,
	cmpCompany: blocking.AspectCompany | blocking.AspectAddress | blocking.AspectPhone,
	cmpCountry: blocking.AspectAddress | blocking.AspectPhone | blocking.AspectName, // names are national
	cmpGender:  blocking.AspectName,
}

// relatives reports whether the pass can tell relatives from matches: by their first names.
func (p *pass) relatives() bool { return p.uses&blocking.AspectName == 0 }

// index lists the vectors and comparisons of a pass.
func (p *pass) index(k int, counts []vectorCount) {
	for i := range p.learns {
		if p.learns[i] {
			p.learned = append(p.learned, i)
		}
		switch {
		case p.shows[i]:
			p.shown = append(p.shown, i)
		case i == cmpName && p.learns[i]:
			p.half = append(p.half, i)
		}
	}
	for c := range counts {
		if counts[c].passes>>k&1 == 1 {
			p.counts = append(p.counts, int32(c))
		}
	}
	p.u = make([][]float64, MaxComparisons)
	if !p.relatives() {
		p.related = 0
	}
}

func lowest(x uint32) int { return bits.TrailingZeros32(x) }

// passesOf groups the rules that rest on the same facts, and so leave the same comparisons to learn.
func (m *Model) passesOf(b *blocking.Blocks) []pass {
	var out []pass
	for r := range b.RuleNames() {
		uses, tells := b.Uses(r), false
		p := pass{uses: uses, rules: []int{r}, lambda: 0.1, related: 0.05}
		for i, c := range m.Comparisons {
			fact, tied := blocking.Aspects(0), blocking.Aspects(0)
			if i < numFixed {
				fact, tied = own[i], entangled[i]
			} else {
				fact = blocking.AspectCustom(m.generic[i-numFixed])
			}
			p.learns[i] = !c.Neutral && fact&uses == 0
			p.shows[i] = p.learns[i] && tied&uses == 0
			tells = tells || p.shows[i]
		}
		if !tells {
			continue
		}
		known := false
		for i := range out {
			if out[i].uses == uses {
				out[i].rules, known = append(out[i].rules, r), true
			}
		}
		if !known && len(out) < 32 {
			out = append(out, p)
		}
	}
	return out
}

// How EM is run.
const (
	emRounds    = 60
	emConverged = 1e-4 // largest change of an m or a lambda
	// pseudoMatches is how many observed matches a starting m is worth.
	pseudoMatches = 30
	// pseudoRelatives is the same for pairs of relatives, whom there may be none of.
	pseudoRelatives = 50
	// A pass of few matches counts for less below trustedLambda, and for next to nothing below leastLambda: there, what EM takes for matches may be
	// another kind of likeness.
	trustedLambda = 0.2
	leastLambda   = 0.02
	// confirmed is the weight, in bits, that all else must reach for a pair to teach a comparison: what a pair shows there is learned from pairs that
	// are matches by their other facts. A comparison that confirmed itself could take any kind of likeness for identity.
	confirmed = 1.0
	// mostLift is how many times as often as random pairs the unrelated pairs of a pass may agree.
	mostLift = 2
)

// expectMaximize learns m by expectation maximization (Dempster, Laird and Rubin 1977; Winkler 1988 for record linkage). Every pass is a
// mixture, in shares of its own, of matches, of relatives (people of one household or office, whom two classes would take for matches) and
// of unrelated pairs. m is common to all passes, and so is what relatives share; u is known. What a pass cannot tell, it does not teach.
func (m *Model) expectMaximize(passes []pass, counts []vectorCount) {
	startM, startH := m.starts()
	for range emRounds {
		e := m.expect(passes, counts)
		change := 0.0
		// A pair counts in every pass it belongs to, so that pairs of which much is known count for more; the start counts as often.
		repeated := (e.times + 0.01) / (e.matches + 0.01)
		for i := range m.Comparisons {
			if m.Comparisons[i].Neutral {
				continue
			}
			levels := m.Comparisons[i].Levels
			next := maximized(levels, e.matched[i], startM[i], pseudoMatches*repeated)
			for l := range levels {
				change = max(change, math.Abs(next[l]-levels[l].M))
				levels[l].M, levels[l].Matches = next[l], e.matched[i][l]
			}
			if i >= numFixed || learnedAmongRelatives[i] {
				for l, h := range maximized(levels, e.related[i], startH[i], pseudoRelatives*repeated) {
					levels[l].H = h
				}
			}
		}
		m.finish()
		if change < emConverged {
			return
		}
	}
}

// maximized is the M step of one comparison: the expected counts of the levels that weigh, with the start as so many observed pairs.
func maximized(levels []Level, counts, start []float64, pseudo float64) []float64 {
	out, total := make([]float64, len(levels)), 0.0
	for l := range levels {
		if levels[l].weighs() {
			total += counts[l]
		}
	}
	for l := range levels {
		if levels[l].weighs() {
			out[l] = (counts[l] + pseudo*start[l]) / (total + pseudo)
		}
	}
	return out
}

// starts are the values of m and h to begin with, made to sum to one over the levels that weigh.
func (m *Model) starts() (startM, startH [][]float64) {
	for _, c := range m.Comparisons {
		var sm, sh float64
		for _, l := range c.Levels {
			sm, sh = sm+l.M, sh+l.H
		}
		var ms, hs []float64
		for _, l := range c.Levels {
			ms, hs = append(ms, l.M/max(sm, 1e-12)), append(hs, l.H/max(sh, 1e-12))
		}
		startM, startH = append(startM, ms), append(startH, hs)
	}
	return startM, startH
}

// expected are the expected numbers of matches and of relatives at every level of every comparison.
type expected struct {
	matched, related [][]float64
	times, matches   float64 // how often matches were counted, and how many there are
}

// expect is the E step. It also re-estimates each pass's shares.
func (m *Model) expect(passes []pass, counts []vectorCount) expected {
	var e expected
	for _, c := range m.Comparisons {
		e.matched, e.related = append(e.matched, make([]float64, len(c.Levels))), append(e.related, make([]float64, len(c.Levels)))
	}
	for k := range passes {
		p := &passes[k]
		match, kin, others := m.passWeights(p)
		unrelated := 1 - p.lambda - p.related
		priorM, priorH := math.Log2(p.lambda/unrelated), math.Log2(max(p.related, 1e-12)/unrelated)
		trust := min(1, p.lambda/trustedLambda)
		if p.lambda < leastLambda {
			trust *= 0.01
		}
		abundant := m.abundant(p, counts)
		var matches, relations, total float64
		for _, c := range p.counts {
			vc := &counts[c]
			wm, wh := priorM, priorH
			given := m.given[relationOf(vc.v)]
			for _, i := range p.shown {
				l := vc.v[i]
				shift := 0.0
				if p.relatives() {
					shift = given[i][l] - m.weights[i][l] // otherwise the pass has learned for itself what people of one name share
				}
				wm += match[i][l] + shift
				wh += kin[i][l] + shift
			}
			for _, i := range p.half {
				w := m.weights[i][vc.v[i]]
				wm += min(w, 0)
				wh += min(w, 0) - w + m.kinship[i][vc.v[i]]
			}
			n := float64(vc.n)
			pm, ph := sharesOf(wm, wh)
			pm, ph = n*pm, n*ph
			matches, relations, total = matches+pm, relations+ph, total+n
			for _, i := range p.shown {
				others[i][vc.v[i]] += n - pm - ph
			}
			e.times += pm * pm / max(n, least) * float64(bits.OnesCount32(vc.passes))
			e.matches += pm * pm / max(n, least)
			for _, i := range p.learned {
				own := 0.0
				switch {
				case p.shows[i]:
					own = match[i][vc.v[i]]
				case i == cmpName:
					own = min(m.weights[i][vc.v[i]], 0)
				}
				switch {
				case p.shows[i] && abundant[i][vc.v[i]] && p.alone(m, vc.v, i):
					e.matched[i][vc.v[i]] += pm
				case wm-own >= confirmed:
					e.matched[i][vc.v[i]] += trust * pm
				}
				e.related[i][vc.v[i]] += ph
			}
		}
		m.learnOthers(p, others, total)
		p.lambda = bounded((matches + 0.5) / (total + 2))
		if p.relatives() {
			p.related = bounded((relations + 0.5) / (total + 2))
		}
	}
	return e
}

// passWeights are the weights of matches and of relatives in one pass, and room to count its unrelated pairs.
func (m *Model) passWeights(p *pass) (match, kin, others [][]float64) {
	n := len(m.Comparisons)
	match, kin, others = make([][]float64, n), make([][]float64, n), make([][]float64, n)
	for _, i := range p.shown {
		levels := m.Comparisons[i].Levels
		match[i], kin[i], others[i] = make([]float64, len(levels)), make([]float64, len(levels)), make([]float64, len(levels))
		for l := range levels {
			if l == 0 || !levels[l].weighs() {
				continue
			}
			shift := 0.0
			if p.u[i] != nil {
				shift = math.Log2(max(levels[l].U, least) / max(p.u[i][l], least))
			}
			match[i][l], kin[i][l] = m.weights[i][l]+shift, m.kinship[i][l]+shift
		}
	}
	return match, kin, others
}

// learnOthers re-estimates how often the unrelated pairs of a pass agree: more often than random pairs do, for people of one name live in one
// country and people of one birthdate have one age. Random pairs count for a tenth of the pass, and bound
// what is believed: otherwise matches could pass for unrelated people who happen to agree.
func (m *Model) learnOthers(p *pass, others [][]float64, total float64) {
	for _, i := range p.shown {
		levels := m.Comparisons[i].Levels
		start := make([]float64, len(levels))
		for l := range levels {
			start[l] = levels[l].U
		}
		p.u[i] = maximized(levels, others[i], start, total/10+100)
		for l := range levels {
			p.u[i][l] = min(p.u[i][l], mostLift*start[l])
		}
	}
}

// bounded keeps shares of a pass apart from nothing and, two of them together, from everything.
func bounded(share float64) float64 { return min(max(share, 1e-6), 1-1e-4) / (1 + 1e-4) }

// sharesOf are the probabilities of two classes of weights x and y beside one of weight 0.
func sharesOf(x, y float64) (float64, float64) {
	top := max(x, y, 0)
	ex, ey := math.Exp2(x-top), math.Exp2(y-top)
	all := ex + ey + math.Exp2(-top)
	return ex / all, ey / all
}
