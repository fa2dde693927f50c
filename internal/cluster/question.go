package cluster

import (
	"math"
	"slices"

	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/scoring"
)

// questions are the contradictions that make a pair a matter for a supervisor even when it shares an identity. Two members whom nothing
// else connects must not contradict each other so: a visitor without a name, seen in one browser with Ann and with Bob, may be either,
// but no cluster may say that Ann is Bob. Other differences, such as another last name, are what suggestions are for.
const questions = scoring.FirstNameMismatch | scoring.NamesDiffer | scoring.BirthdateConflict

// settled are reasons of a review edge that no third contact answers: they are facts of the two, not readings of their names or dates.
const settled = scoring.VIP | scoring.Blocked | scoring.SSOConflict | scoring.NationalIDConflict | scoring.SuffixConflict | scoring.LookAlike |
	scoring.TenantConflict | scoring.NotDuplicates | scoring.ExtensionConflict | scoring.ClusterConflict | scoring.ClusterTooLarge

// A link affirms a name if both contacts have one and they are spellings of each other. A nickname or an initial does not by itself:
// Chris may be short for Christine and for Christopher, who live together. One nickname on the way from name to name is no such fork.
const (
	affirmsName = scoring.NamesEqual | scoring.NamesSwapped | scoring.NameTypo | scoring.NamePhonetic | scoring.NameOtherScript |
		scoring.NameExtended | scoring.MiddleNameDiffers | scoring.LastNameMismatch | scoring.SurnameChanged
	affirmsBirth = scoring.BirthdateEqual | scoring.BirthdateSwapped | scoring.BirthdateTypo
)

const (
	// hopeless is the probability below which the model's own view of two contacts leaves nothing for a third one to explain.
	hopeless = 0.05
	// convinced is the probability from which the model takes two contacts for one person in spite of the contradiction, which it has weighed. It
	// then takes no more than others, with names of their own, who lead from one to the other: what people of one household share
	// does not convince it.
	convinced = 0.99
)

// Doubt is a question about two members of a suggested cluster that other members answer: read alone, their names or birthdates
// contradict each other, but both are spellings of what stands between them.
type Doubt struct {
	A, B    contact.Row // A < B
	Reasons scoring.Reasons
}

// stance is what the evidence about two contacts of different components says to a cluster of both.
type stance uint8

const (
	fine stance = iota
	asks        // a question that a third contact may answer
	forbids
)

// clash finds the first member of left that must not meet a member of right, fills b.cross on its way, and lists in b.answered the questions
// that other members answer. forever says that no further member can change it.
func (b *builder) clash() (cut Cut, clash, forever bool) {
	b.answered, b.links.known = b.answered[:0], false
	b.cross = slices.Grow(b.cross[:0], len(b.left)*len(b.right))[:len(b.left)*len(b.right)]
	for i, p := range b.left {
		for k, q := range b.right {
			s, against := b.against(p, q, &b.cross[i*len(b.right)+k])
			if s == fine {
				continue
			}
			pair := Doubt{A: min(p, q), B: max(p, q), Reasons: against & questions}
			if s == asks && b.explained(p, q, against, b.cross[i*len(b.right)+k].weight) {
				b.answered = append(b.answered, pair)
				continue
			}
			return Cut{A: pair.A, B: pair.B, Reasons: against}, true, s == forbids
		}
	}
	return Cut{}, false, false
}

// against is what keeps two contacts out of one suggested cluster; what is known about the pair goes to c.
func (b *builder) against(p, q contact.Row, c *crossing) (stance, scoring.Reasons) {
	j := b.judge.Compare(p, q)
	*c = crossing{weight: j.Weight, link: math.NaN()}
	i := b.between(p, q)
	var found scoring.Reasons
	switch {
	case i >= 0 && b.edges[i].Decision == scoring.Review:
		found = b.edges[i].Reasons
		if j.Veto != 0 || found.Has(settled) || !(found | j.Contradiction).Has(questions) {
			return forbids, j.Veto | found
		}
		found |= j.Contradiction & questions
	case j.Veto != 0:
		return forbids, j.Veto
	case i >= 0 && b.edges[i].Decision >= scoring.Suggest:
		c.link = worth(&b.edges[i])
		return fine, 0
	default:
		found = j.Contradiction & questions
	}
	switch {
	case found == 0:
		return fine, 0
	case scoring.Probability(j.Weight) < hopeless:
		return forbids, found
	}
	return asks, found
}

// affirmation is what a link says about names and birthdates of its two contacts.
type affirmation uint8

const (
	sameName affirmation = 1 << iota
	sameNickname
	sameBirth
	bothNamed // in full
)

// links are the affirmations among the members of two components, made when the first question comes up.
type links struct {
	known bool
	all   []contact.Row
	says  []affirmation // of all[i] and all[k] at i*len(all)+k
	seen  [2][]bool     // by member: reached without, and with, a nickname
	stack []stop
}

type stop struct {
	node     int
	nickname bool
}

// explained reports whether members lead from p to q over links that affirm what p and q contradict each other in: two misspellings of one
// name differ more from each other than each does from the name. Where the model is convinced of the two, any links between contacts with names do.
func (b *builder) explained(p, q contact.Row, about scoring.Reasons, weight float64) bool {
	l := &b.links
	if !l.known {
		b.affirm()
	}
	if scoring.Probability(weight) >= convinced && l.reach(p, q, bothNamed) {
		return true
	}
	if about.Has(scoring.FirstNameMismatch|scoring.NamesDiffer) && !l.reach(p, q, sameName) {
		return false
	}
	return !about.Has(scoring.BirthdateConflict) || l.reach(p, q, sameBirth)
}

func (b *builder) affirm() {
	l := &b.links
	l.known = true
	l.all = append(append(l.all[:0], b.left...), b.right...)
	n := len(l.all)
	l.says = slices.Grow(l.says[:0], n*n)[:n*n]
	clear(l.says)
	for i, p := range l.all {
		for k := i + 1; k < n; k++ {
			e := b.between(p, l.all[k])
			if e < 0 || b.edges[e].Decision < scoring.Suggest || !(b.edges[e].Weight >= 0) {
				continue
			}
			var says affirmation
			switch r := b.edges[e].Reasons; {
			case r.Has(scoring.NameMissing | scoring.NamesMissing | scoring.NameInitial): // what is missing affirms nothing
			case r.Has(scoring.NameNickname):
				says = sameNickname
			case r.Has(affirmsName):
				says = sameName | bothNamed
			default:
				says = bothNamed
			}
			if b.edges[e].Reasons.Has(affirmsBirth) {
				says |= sameBirth
			}
			l.says[i*n+k], l.says[k*n+i] = says, says
		}
	}
}

// reach walks from p to q over links that say what is asked for. A walk about names may take one nickname.
func (l *links) reach(p, q contact.Row, what affirmation) bool {
	n := len(l.all)
	for i := range l.seen {
		l.seen[i] = slices.Grow(l.seen[i][:0], n)[:n]
		clear(l.seen[i])
	}
	visit := func(s stop) {
		if seen := &l.seen[btoi(s.nickname)][s.node]; !*seen {
			*seen = true
			l.stack = append(l.stack, s)
		}
	}
	goal := slices.Index(l.all, q)
	l.stack = l.stack[:0]
	visit(stop{node: slices.Index(l.all, p)})
	for len(l.stack) > 0 {
		s := l.stack[len(l.stack)-1]
		l.stack = l.stack[:len(l.stack)-1]
		if s.node == goal {
			return true
		}
		for k, says := range l.says[s.node*n : (s.node+1)*n] {
			switch {
			case says&what != 0:
				visit(stop{node: k, nickname: s.nickname})
			case what == sameName && says&sameNickname != 0 && !s.nickname:
				visit(stop{node: k, nickname: true})
			}
		}
	}
	return false
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
