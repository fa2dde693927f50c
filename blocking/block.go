// Package blocking generates candidate pairs from contacts that share a blocking key.
package blocking

import (
	"math"
	"math/bits"

	"github.com/contactmerge/contactmerge/internal/contact"
)

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

// block is rows[from:to] of its rule. A block with a window is too large to compare in full: only contacts that stand no farther apart than
// the window are. Where only pairs across two sources count, rows[from:mid] are of the left one and rows[mid:to] of the right one.
type block struct {
	from, mid, to uint32 // mid is 0 when all pairs count
	window        uint32 // 0: compared in full
}

// maxWindow is how far a contact looks ahead in a windowed block, where the pair budget allows. It keeps equal contacts connected at linear
// cost.
const maxWindow = 8

// size is the number of contacts.
func (b block) size() int64 { return int64(b.to - b.from) }

// sides are the numbers of contacts of either source.
func (b block) sides() (left, right int64) { return int64(b.mid - b.from), int64(b.to - b.mid) }

// full is the number of pairs when all are compared.
func (b block) full() int64 {
	if b.mid > 0 {
		left, right := b.sides()
		return left * right
	}
	n := b.size()
	return n * (n - 1) / 2
}

// width is the size of a block of one source that has as many pairs.
func (b block) width() int64 {
	if b.mid == 0 {
		return b.size()
	}
	return int64(math.Ceil(math.Sqrt(2 * float64(b.full()))))
}

// classes is the number of classes of size: class k holds the widths above 2^(k-1) and up to 2^k. Neighbourhoods are of class 0.
const classes = 12

func (b block) class() int {
	if b.window > 0 {
		return 0
	}
	return classOf(b.width())
}

func classOf(width int64) int { return min(bits.Len64(uint64(max(width, 1)-1)), classes-1) }

// pairs is the number of pairs the block holds, made or not; for a window across two sources it is an upper bound.
func (b block) pairs() int64 {
	switch {
	case b.window == 0:
		return b.full()
	case b.mid > 0:
		left, right := b.sides()
		return min(left*right, min(left, right)*2*int64(b.window))
	}
	n := b.size()
	w := min(int64(b.window), n-1)
	return n*w - w*(w+1)/2
}

// reach is the largest difference between the places of two contacts that are compared in a windowed block.
func (b block) reach() uint32 {
	if b.mid > 0 {
		return 2*b.window - 1
	}
	return b.window
}
