package report

import (
	"context"
	"io"
	"math"
	"math/bits"

	"github.com/contactmerge/contactmerge/blocking"
	"github.com/contactmerge/contactmerge/internal/cluster"
)

// probability is the match probability of a match weight: odds/(1+odds) with odds = 2^w, in the form that does not overflow.
func probability(w float64) float64 {
	if w > 0 {
		return 1 / (1 + math.Exp2(-w))
	}
	odds := math.Exp2(w)
	return odds / (1 + odds)
}

// matchKey is the name of the first blocking rule that made the pair, "" when no rule did.
func matchKey(rules uint32, stats []blocking.Stats) string {
	if i := bits.TrailingZeros32(rules); i < len(stats) {
		return stats[i].Rule
	}
	return ""
}

// ruleNames are all rules that made the pair.
func ruleNames(rules uint32, stats []blocking.Stats) []string {
	var names []string
	for ; rules != 0; rules &= rules - 1 {
		if i := bits.TrailingZeros32(rules); i < len(stats) {
			names = append(names, stats[i].Rule)
		}
	}
	return names
}

func writePairsCSV(ctx context.Context, w io.Writer, o *cluster.Outcome) error {
	t := newCSV(ctx, w, "contact_id_a", "contact_id_b", "decision", "match_weight", "match_probability", "match_key", "reasons")
	for i := range o.Edges {
		e := &o.Edges[i]
		t.pairCells(o, e, e.A, e.B)
		t.end()
		if t.err != nil {
			return t.err
		}
	}
	return t.close()
}
