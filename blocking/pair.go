// Package blocking generates candidate pairs from contacts that share a blocking key.
package blocking

import "github.com/contactmerge/contactmerge/internal/contact"

// Pair is a candidate pair: A < B, each pair once. Rules has bit i set when rule i made the pair; its lowest bit is the match key.
type Pair struct {
	A, B  contact.Row
	Rules uint32
}

// Stats counts what one rule did in a run. All fields are counts.
type Stats struct {
	Rule            string `json:"rule"`
	Description     string `json:"description"`
	Contacts        int64  `json:"contacts"`         // contacts with at least one key
	Keys            int64  `json:"keys"`             // distinct keys
	Pairs           int64  `json:"pairs"`            // pairs the rule makes by itself
	NewPairs        int64  `json:"new_pairs"`        // pairs no earlier rule made
	LargestBlock    int64  `json:"largest_block"`    // contacts in the largest block, before refining
	OversizedBlocks int64  `json:"oversized_blocks"` // blocks over the limit, refined by a compound key
	SkippedBlocks   int64  `json:"skipped_blocks"`   // blocks still over the limit after refining, or that bring too little
	SkippedPairs    int64  `json:"skipped_pairs"`    // pairs those blocks would have made: not compared under this rule
	OverBudget      bool   `json:"over_budget"`      // the pair budget left no room for the rule
}

// SharedValue is an identity that more distinct names hold than one person can have.
type SharedValue struct {
	Key      contact.Code
	Contacts int
	Names    int
}
