package scoring

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/contactmerge/contactmerge/blocking"
	"github.com/contactmerge/contactmerge/internal/contact"
)

// profile is what a model meets in a table.
type profile struct {
	contacts    int
	filled      []int       // contacts that have something to compare, by comparison
	random      [][]int64   // random pairs, by comparison and level
	likely      [][]float64 // pairs that the model takes for one person, likewise, by the sum of their probabilities
	randomPairs int64
	likelyPairs float64 // among all candidate pairs, where only some were looked at
}

// How many pairs a profile looks at, at most. Shares to a percent need no more.
const (
	profileRandom     = 100_000
	profileCandidates = 200_000
)

// profileOf looks at random pairs and at candidate pairs.
func profileOf(s *Scorer, blocks *blocking.Blocks, run contact.Parallel) (*profile, error) {
	m, cfg := s.model, s.cfg
	cfg.SamplePairs, cfg.TrainPairs = min(cfg.SamplePairs, profileRandom), min(cfg.TrainPairs, profileCandidates)
	p := &profile{contacts: s.table.Len()}
	for i, c := range m.Comparisons {
		p.filled = append(p.filled, s.filled(i))
		p.random, p.likely = append(p.random, make([]int64, len(c.Levels))), append(p.likely, make([]float64, len(c.Levels)))
	}
	random, err := randomPairs(s, cfg, run)
	if err != nil {
		return nil, err
	}
	for _, vc := range random {
		p.randomPairs += vc.n
		for i := range m.Comparisons {
			p.random[i][vc.v[i]] += vc.n
		}
	}
	if blocks == nil {
		return p, nil
	}
	sample, err := candidates(s, blocks, nil, cfg, run)
	if err != nil {
		return nil, err
	}
	for _, vc := range sample.counts {
		n := float64(vc.n) * Probability(m.Weight(vc.v)+relative(m.kin(vc.v)))
		p.likelyPairs += n * sample.scale
		for i := range m.Comparisons {
			p.likely[i][vc.v[i]] += n
		}
	}
	p.likelyPairs = tenths(p.likelyPairs)
	for i := range p.likely {
		for l := range p.likely[i] {
			p.likely[i][l] = tenths(p.likely[i][l])
		}
	}
	return p, nil
}

// tenths is more than anybody needs to know of expected counts.
func tenths(x float64) float64 { return math.Round(x*10) / 10 }

// filled counts the contacts that have something for a comparison to compare.
func (s *Scorer) filled(comparison int) int {
	n := 0
	for r := range s.table.Len() {
		if s.has(contact.Row(r), comparison) {
			n++
		}
	}
	return n
}

func (s *Scorer) has(r contact.Row, comparison int) bool {
	t := s.table
	anyOf := func(cols ...contact.Col) bool {
		return slices.ContainsFunc(cols, func(c contact.Col) bool { return t.Col(c).Code(r) != 0 })
	}
	held := func(spaces ...contact.Space) bool {
		return slices.ContainsFunc(t.Keys(r), func(k contact.Key) bool { return slices.Contains(spaces, k.Space) })
	}
	switch comparison {
	case cmpName:
		return anyOf(contact.ColNameKey)
	case cmpSuffix:
		return anyOf(contact.ColSuffix)
	case cmpEmail:
		return held(contact.SpaceEmail, contact.SpaceDerivedEmail)
	case cmpPhone:
		return held(contact.SpacePhone, contact.SpaceDerivedPhone, contact.SpaceNationalNumber)
	case cmpChannelID:
		return held(contact.SpaceHandle)
	case cmpSSO:
		return held(contact.SpaceSSO)
	case cmpNationalID:
		return held(contact.SpaceNationalID)
	case cmpCookie:
		return held(contact.SpaceCookie)
	case cmpBirthdate:
		return t.Birthdate(r) != 0
	case cmpCompany:
		return anyOf(contact.ColCompany)
	case cmpAddress:
		return anyOf(contact.ColStreet, contact.ColCity, contact.ColPostcode)
	case cmpCountry:
		return anyOf(contact.ColCountry)
	case cmpGender:
		return anyOf(contact.ColGender)
	case cmpStatus, cmpIdentified:
		return true
	}
	col, _ := t.Custom(s.model.generic[comparison-numFixed])
	return col.Code(r) != 0
}

// alarmingIndex is the population stability index from which a distribution counts as another one: the rule of thumb of credit scoring, below
// 0.1 no change, to 0.25 some, above it a different population (Siddiqi, Credit Risk Scorecards, 2006).
const alarmingIndex = 0.25

// beyondChance is how many standard deviations an index must be above what chance gives: few contacts differ from any others. Of two samples of N
// and M of one population the index is distributed like (1/N + 1/M) times chi-squared (Yurdakul and Naranjo, Journal of Risk Model
// Validation, 2020).
const beyondChance = 4

// stability is the population stability index of two distributions, and whether it is one to be alarmed about. n and k say how many
// observations the counts are worth; empty bins get half of one.
func stability(then, now []float64, n, k float64) (index float64, alarming bool) {
	bins, sumThen, sumNow := 0.0, 0.0, 0.0
	for i := range then {
		if then[i]+now[i] > 0 {
			bins, sumThen, sumNow = bins+1, sumThen+then[i], sumNow+now[i]
		}
	}
	if bins < 2 || n <= 0 || k <= 0 {
		return 0, false
	}
	for i := range then {
		if then[i]+now[i] > 0 {
			p, q := (n*then[i]/max(sumThen, least)+0.5)/(n+bins/2), (k*now[i]/max(sumNow, least)+0.5)/(k+bins/2)
			index += (p - q) * math.Log(p/q)
		}
	}
	chance := (1/n + 1/k) * (bins - 1 + beyondChance*math.Sqrt(2*(bins-1)))
	return index, index > alarmingIndex && index > chance
}

// leastOdds is how far, in bits, the number of likely duplicates per contact may be from that at training: the prior is wrong by as much,
// and with it every weight. Two bits turn odds of 20 to 1, the default threshold, into 5 to 1.
const leastOdds = 2

// Drift says how a table differs from the one that a model file was trained on, as far as that puts its numbers in doubt: in words, what to
// do about it first, then the largest difference. s scores with the model that Use made.
func (f *ModelFile) Drift(s *Scorer, blocks *blocking.Blocks, run contact.Parallel) ([]string, error) {
	if s.table.Len() == 0 {
		return nil, nil
	}
	p, err := profileOf(s, blocks, run)
	if err != nil {
		return nil, err
	}
	var found []drift
	for i, c := range s.model.Comparisons {
		if was := f.trained(i, c.Name); was != nil && !c.Neutral {
			found = append(found, f.drifts(was, p, i)...)
		}
	}
	slices.SortStableFunc(found, func(x, y drift) int { return cmp.Compare(y.index, x.index) })
	if text := f.duplicates(p); text != "" {
		found = append(found, drift{text: text})
	}
	if len(found) == 0 {
		return nil, nil
	}
	out := []string{"these contacts are not like those the model was trained on: train one on them, or run without --model"}
	for _, d := range found {
		out = append(out, d.text)
	}
	return out, nil
}

// trained is the file's comparison i of a model that was made of it: built-in ones stand at the same place, generic ones go by their names.
func (f *ModelFile) trained(i int, name string) *modelFileCompare {
	if i < numFixed {
		return &f.Comparisons[i]
	}
	for k := numFixed; k < len(f.Comparisons); k++ {
		if f.Comparisons[k].Name == name {
			return &f.Comparisons[k]
		}
	}
	return nil
}

// drift is one difference worth telling.
type drift struct {
	index float64
	text  string
}

// drifts compares a comparison of today with the same at training: how many contacts have it, how often unrelated contacts agree in it, how
// often likely matches do.
func (f *ModelFile) drifts(was *modelFileCompare, p *profile, i int) []drift {
	var out []drift
	then, now := float64(f.Trained.Contacts), float64(p.contacts)
	had, have := float64(was.Filled), float64(p.filled[i])
	if index, alarming := stability([]float64{had, then - had}, []float64{have, now - have}, then, now); alarming {
		out = append(out, drift{index, fmt.Sprintf("the model was trained on %s contacts, of which %s had %s; now %s (PSI %.2f)",
			thousands(f.Trained.Contacts), percent(had/then), fact(i, was.Name), percent(have/now), index)})
	}
	// Pairs of one table have their contacts in common, so they are worth no more observations than there are contacts.
	randomThen, randomNow := was.weighing(func(l int) float64 { return float64(was.Levels[l].Random) }), was.weighing(func(l int) float64 { return float64(p.random[i][l]) })
	if text, index := was.moved(randomThen, randomNow, had, have); text != "" {
		out = append(out, drift{index, "of unrelated contacts, " + text})
	}
	likelyThen, likelyNow := was.weighing(func(l int) float64 { return was.Levels[l].Likely }), was.weighing(func(l int) float64 { return p.likely[i][l] })
	if text, index := was.moved(likelyThen, likelyNow, min(had, total(likelyThen)), min(have, total(likelyNow))); text != "" {
		out = append(out, drift{index, "of likely duplicates, " + text})
	}
	return out
}

// weighing lists a number for every level that is evidence, 0 for the others: what is missing is told as contacts, not as pairs.
func (c *modelFileCompare) weighing(number func(l int) float64) []float64 {
	out := make([]float64, len(c.Levels))
	for l := range c.Levels {
		if l > 0 && c.Levels[l].weighs() {
			out[l] = number(l)
		}
	}
	return out
}

// moved says which level of a comparison changed most, if the whole changed enough.
func (c *modelFileCompare) moved(then, now []float64, n, k float64) (string, float64) {
	index, alarming := stability(then, now, min(n, total(then)), min(k, total(now)))
	if !alarming {
		return "", 0
	}
	most, sumThen, sumNow := 0, max(total(then), least), max(total(now), least)
	gap := func(l int) float64 { return math.Abs(then[l]/sumThen - now[l]/sumNow) }
	for l := range then {
		if gap(l) > gap(most) {
			most = l
		}
	}
	return fmt.Sprintf("%s at training had %s %q, now %s (PSI %.2f)", percent(then[most]/sumThen), c.Name, c.Levels[most].Label, percent(now[most]/sumNow), index), index
}

// duplicates says whether there are far more or far fewer likely duplicates than at training.
func (f *ModelFile) duplicates(p *profile) string {
	// A pair more on either side: where hardly any are found, their number says little.
	then, now := (f.Trained.Likely+1)/float64(max(f.Trained.Contacts, 1)), (p.likelyPairs+1)/float64(max(p.contacts, 1))
	if math.Abs(math.Log2(then/now)) < leastOdds || math.Abs(f.Trained.Likely*float64(p.contacts)/float64(max(f.Trained.Contacts, 1))-p.likelyPairs) < 30 {
		return ""
	}
	return fmt.Sprintf("at training there were %.1f likely duplicate pairs per 100 contacts, now %.1f", 100*then, 100*now)
}

func total(xs []float64) float64 {
	sum := 0.0
	for _, x := range xs {
		sum += x
	}
	return sum
}

// fact is what a contact has for a comparison, in words.
func fact(comparison int, name string) string {
	words := [numFixed]string{
		cmpName: "a name", cmpSuffix: "a name suffix", cmpEmail: "an email address", cmpPhone: "a phone number", cmpChannelID: "a channel id", cmpSSO: "a login",
		cmpNationalID: "an ID number", cmpCookie: "a cookie", cmpBirthdate: "a birthdate", cmpCompany: "a company", cmpAddress: "an address",
		cmpCountry: "a country", cmpGender: "a gender",
	}
	if comparison < numFixed {
		return words[comparison]
	}
	return "a value in column " + name
}

func percent(share float64) string {
	switch {
	case share > 0 && share < 0.01:
		return fmt.Sprintf("%.2g %%", 100*share)
	case share < 1 && share > 0.99:
		return fmt.Sprintf("%.1f %%", 100*share)
	}
	return fmt.Sprintf("%.0f %%", 100*share)
}

// thousands writes a number with a comma every three digits.
func thousands(n int) string {
	s := strconv.Itoa(n)
	var parts []string
	for len(s) > 3 {
		parts, s = append([]string{s[len(s)-3:]}, parts...), s[:len(s)-3]
	}
	return strings.Join(append([]string{s}, parts...), ",")
}
