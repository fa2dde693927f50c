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
	Contradiction scoring.Reasons // not 0: names or birthdates are neither equal nor missing, so no automatic merge may contain both
}
