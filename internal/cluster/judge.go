package cluster

import (
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/scoring"
)

// Judge says what speaks against two contacts being one person, whether or not they were a candidate pair. Compare(a, b) must equal
// Compare(b, a), and a missing name must contradict nothing: the chain "Ann, no name, Bob" is caught by comparing Ann with Bob.
type Judge interface {
	Compare(a, b contact.Row) Judgement
}

// Judgement is a Judge's answer.
type Judgement struct {
	Veto          scoring.Reasons // not 0: the two must never be in one cluster
	Contradiction scoring.Reasons // not 0: first names or birthdates contradict each other: a supervisor decides about a group with both, unless the model thinks they may be one person
	Doubt         scoring.Reasons // not 0: the names are variants of each other: a group with both is suggested, not merged
	Weight        float64         // match weight of the two: log2 of the odds that they are one person, by the statistical model alone
}
