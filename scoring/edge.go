package scoring

import "github.com/contactmerge/contactmerge/internal/contact"

// MaxComparisons bounds the comparisons of a model.
const MaxComparisons = 32

// Vector is the comparison vector of a pair: the level that held in each comparison of the model; 0 is the null level. Weight, decision and
// explanation all derive from it.
type Vector [MaxComparisons]uint8

// Edge is a scored pair, A < B.
type Edge struct {
	A, B     contact.Row
	Rules    uint32  // blocking rules that made the pair; the lowest bit is the match key
	Weight   float32 // match weight: log2 of the posterior odds
	Decision Decision
	Reasons  Reasons
	Vector   Vector
}

// ComparisonResult is one line of an explanation.
type ComparisonResult struct {
	Comparison string  `json:"comparison"`
	Level      string  `json:"level"`         // label of the level that held
	M          float64 `json:"m,omitempty"`   // P(level | same person), 0 for the null level
	U          float64 `json:"u,omitempty"`   // P(level | two people), 0 for the null level
	Weight     float64 `json:"weight"`        // log2(m/u), 0 for the null level
	Frequency  float64 `json:"tf_adjustment"` // added because the value is rarer (+) or commoner (-) than the average
	A          string  `json:"a"`             // values as compared
	B          string  `json:"b"`
}

// Explanation says everything that led to a decision.
type Explanation struct {
	A           string             `json:"contact_id_a"`
	B           string             `json:"contact_id_b"`
	Decision    Decision           `json:"decision"`
	Rung        string             `json:"rung"` // the rule of the policy ladder that decided, in words
	Reasons     []string           `json:"reasons"`
	Prior       float64            `json:"prior_weight"`         // log2 prior odds
	Relatives   float64            `json:"relatives_adjustment"` // taken off because people of one household or office agree like this too; 0 or less
	Weight      float64            `json:"match_weight"`
	Probability float64            `json:"match_probability"`
	MatchKey    string             `json:"match_key"` // first blocking rule that makes the pair, "" when none does
	Rules       []string           `json:"blocking_rules"`
	Comparisons []ComparisonResult `json:"comparisons"`
}
