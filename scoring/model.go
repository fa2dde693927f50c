package scoring

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"slices"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// Model turns comparison vectors into match weights, after Fellegi and Sunter (1969): the weight of a vector is the log2 of the prior odds
// plus, for every comparison, log2(m/u) of the level that held. It is immutable.
type Model struct {
	Comparisons []Comparison `json:"comparisons"`
	Prior       float64      `json:"prior_weight"`     // log2 of the prior odds that two random contacts are one person
	Relatives   float64      `json:"relatives_weight"` // log2 of the prior odds that they are two people of one household or office
	Threshold   float64      `json:"threshold"`        // weight from which the model suggests

	generic []int                 // the generic columns compared, by their number in the table
	weights [][]float64           // log2(m/u)
	given   [numNames][][]float64 // the same, given how the names relate
	kinship [][]float64           // log2(h/u)
	proves  [numFixed]bool        // the identities that prove one person in this table
	tf      []termFrequency

	experienced bool // enough pairs of one person have taught it what names may look like
}

// maxLevels bounds the levels of a comparison.
const maxLevels = 32

// termFrequency adjusts the weight of an equal value by how common the value is.
type termFrequency struct {
	comparison int
	levels     [maxLevels]bool // the levels that mean "equal value"
	col        *contact.Strings
	logs       []float32 // per code: log2 of the share of people that hold the value
	average    float32   // log2 of the share of people that hold a value as common as the average
}

// Weight is the match weight of a vector against unrelated people, without the frequency adjustment.
func (m *Model) Weight(v Vector) float64 {
	w := m.Prior
	for i, weights := range m.given[relationOf(v)] {
		w += weights[v[i]]
	}
	return w
}

// weight is the weight of one comparison.
func (m *Model) weight(v Vector, i int) float64 { return m.given[relationOf(v)][i][v[i]] }

// relation is how the names of two contacts relate, as far as other comparisons depend on it.
type relation uint8

const (
	namesApart relation = iota // or not known
	namesPart
	namesAlike
	numNames
)

var relationOfLevel = [maxLevels]relation{
	nameEqual: namesAlike, nameSwapped: namesAlike, nameGivenOnly: namesAlike, nameFamilyOnly: namesPart, nameMiddle: namesAlike, nameExtended: namesAlike,
	nameNickname: namesAlike, nameInitial: namesAlike, nameOtherScript: namesAlike, nameTypo: namesAlike, nameAlone: namesPart, namePhonetic: namesAlike,
	nameLooseFamily: namesPart, nameLooseGiven: namesPart, nameSurname: namesPart, nameLoose: namesPart, nameLooseAlone: namesPart, nameGiven: namesPart, nameHalf: namesPart,
}

func relationOf(v Vector) relation { return relationOfLevel[v[cmpName]] }

// kin is the weight of the other explanation of what two contacts share: that they are two people of one household or office.
func (m *Model) kin(v Vector) float64 {
	w, given := m.Relatives, m.given[relationOf(v)]
	for i := range m.kinship {
		// Both explanations are weighed against the same chance agreement.
		w += m.kinship[i][v[i]] + given[i][v[i]] - m.weights[i][v[i]]
	}
	return w
}

// relative is what the possibility of relatives takes from a match weight: the weight becomes log2 of the odds against unrelated people and
// relatives together.
func relative(kin float64) float64 {
	if kin > 0 {
		return -kin - math.Log2(1+math.Exp2(-kin))
	}
	return -math.Log2(1 + math.Exp2(kin))
}

// total is the match weight of a pair: of its vector, of how common the values are, and of the possibility that they are relatives.
func (m *Model) total(v Vector, a, b contact.Row) float64 {
	return m.Weight(v) + m.frequency(v, a, b) + relative(m.kin(v))
}

// frequency is the adjustment for rare and common values that two contacts have in common.
func (m *Model) frequency(v Vector, a, b contact.Row) float64 {
	sum := 0.0
	for i := range m.tf {
		sum += m.tf[i].adjust(v, a, b)
	}
	return sum
}

// Frequency adjustments are bounded: an unseen value is no proof, and the commonest value is still some evidence.
const (
	maxAdjust = 5.0
	minAdjust = -7.0
)

func (t *termFrequency) adjust(v Vector, a, b contact.Row) float64 {
	level := v[t.comparison]
	if !t.levels[level] {
		return 0
	}
	code := t.col.Code(a)
	if code == 0 || code != t.col.Code(b) {
		return 0 // similar values have two frequencies, and which contact comes first must not matter
	}
	return min(maxAdjust, max(minAdjust, float64(t.average-t.logs[code])))
}

// least keeps logarithms finite.
const least = 1e-9

// finish computes the weights from m and u. No level goes without a weight, and no logarithm of zero is taken.
func (m *Model) finish() {
	m.weights, m.kinship = make([][]float64, len(m.Comparisons)), make([][]float64, len(m.Comparisons))
	for i, c := range m.Comparisons {
		m.weights[i], m.kinship[i] = make([]float64, len(c.Levels)), make([]float64, len(c.Levels))
		for l := 1; l < len(c.Levels); l++ {
			lv := c.Levels[l]
			if c.Neutral || !lv.weighs() {
				continue
			}
			m.weights[i][l] = math.Log2(max(lv.M, least) / max(lv.U, least))
			if lv.H > 0 {
				m.kinship[i][l] = math.Log2(lv.H / max(lv.U, least))
			}
		}
	}
	m.judgeIdentities()
	seen := 0.0
	for _, lv := range m.Comparisons[cmpName].Levels {
		seen += lv.Matches
	}
	m.experienced = seen >= experience
	for r := range m.given {
		m.given[r] = slices.Clone(m.weights)
	}
	for i, c := range m.Comparisons {
		for l, lv := range c.Levels {
			if lv.USame > 0 {
				m.given[namesAlike] = replaced(m.given[namesAlike], i, l, lv.M, lv.USame)
			}
			if lv.UPart > 0 {
				m.given[namesPart] = replaced(m.given[namesPart], i, l, lv.M, lv.UPart)
			}
		}
	}
}

// judgeIdentities says which identities prove one person. Two people of one name must hardly ever share one: where addresses are made up from
// names, they do.
func (m *Model) judgeIdentities() {
	for _, i := range identities {
		var matches, others float64
		for l, lv := range m.Comparisons[i].Levels {
			if exactLevel(i, uint8(l)) {
				matches, others = matches+lv.M, others+max(lv.USame, lv.U)
			}
		}
		m.proves[i] = math.Log2(max(matches, least)/max(others, least)) >= proof
	}
}

// replaced sets one weight in a table whose rows may be another's.
func replaced(weights [][]float64, i, l int, m, u float64) [][]float64 {
	weights[i] = slices.Clone(weights[i])
	weights[i][l] = math.Log2(max(m, least) / max(u, least))
	return weights
}

// Fingerprint identifies the model's numbers.
func (m *Model) Fingerprint() string {
	b, err := json.Marshal(m)
	if err != nil {
		return "" // only floats that are not numbers cannot be written, and finish leaves none
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// Probability is the match probability of a weight, computed so that no weight overflows.
func Probability(weight float64) float64 {
	if weight > 0 {
		return 1 / (1 + math.Exp2(-weight))
	}
	e := math.Exp2(weight)
	return e / (1 + e)
}

// WeightOf is the weight at which a probability is reached.
func WeightOf(probability float64) float64 {
	return math.Log2(probability / (1 - probability))
}
