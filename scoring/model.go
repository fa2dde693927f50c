package scoring

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// Model turns comparison vectors into match weights, after Fellegi and Sunter (1969): the weight of a vector is the log2 of the prior odds
// plus, for every comparison, log2(m/u) of the level that held. It is immutable.
type Model struct {
	Comparisons []Comparison `json:"comparisons"`
	Prior       float64      `json:"prior_weight"` // log2 of the prior odds that two random contacts are one person
	Threshold   float64      `json:"threshold"`    // weight from which the model suggests

	generic []int // the generic columns compared, by their number in the table
	weights [][]float64
	tf      []termFrequency
}

// maxLevels bounds the levels of a comparison.
const maxLevels = 32

// termFrequency adjusts the weight of an equal value by how common the value is.
type termFrequency struct {
	comparison int
	levels     [maxLevels]bool // the levels that mean "equal value"
	col        *contact.Strings
	logs       []float32 // per code: log2 of the share of contacts that hold the value
}

// Weight is the match weight of a vector, without the frequency adjustment.
func (m *Model) Weight(v Vector) float64 {
	w := m.Prior
	for i := range m.weights {
		w += m.weights[i][v[i]]
	}
	return w
}

// frequency is the adjustment for rare and common values that two contacts have in common.
func (m *Model) frequency(v Vector, a, b contact.Row) float64 {
	sum := 0.0
	for i := range m.tf {
		sum += m.tf[i].adjust(m, v, a, b)
	}
	return sum
}

// Frequency adjustments are bounded: an unseen value is no proof, and the commonest value is still some evidence.
const (
	maxAdjust = 5.0
	minAdjust = -7.0
)

func (t *termFrequency) adjust(m *Model, v Vector, a, b contact.Row) float64 {
	level := v[t.comparison]
	if !t.levels[level] {
		return 0
	}
	code := t.col.Code(a)
	if code == 0 || code != t.col.Code(b) {
		return 0 // similar values have two frequencies, and which contact comes first must not matter
	}
	u := m.Comparisons[t.comparison].Levels[level].U
	return min(maxAdjust, max(minAdjust, math.Log2(u)-float64(t.logs[code])))
}

// finish computes the weights from m and u. No level goes without a weight, and no logarithm of zero is taken.
func (m *Model) finish() {
	const least = 1e-9
	m.weights = make([][]float64, len(m.Comparisons))
	for i, c := range m.Comparisons {
		m.weights[i] = make([]float64, len(c.Levels))
		for l := 1; l < len(c.Levels); l++ {
			lv := c.Levels[l]
			if c.Neutral || !lv.weighs() {
				continue
			}
			m.weights[i][l] = math.Log2(max(lv.M, least) / max(lv.U, least))
		}
	}
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
