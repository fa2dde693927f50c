package report

import (
	"context"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/scoring"
)

// evidence turns comparison vectors into level labels and weights. An edge carries only its vector; the model that knows the labels is
// reached through Outcome.Explain, which parses and formats values too. Each level of each comparison is therefore asked for once, with
// the first pair that shows it: a handful of explanations instead of one per pair.
type evidence struct {
	out    *cluster.Outcome
	names  []string  // comparisons, in the order of the vector
	levels [][]level // by comparison, then by level
	prior  float64
}

type level struct {
	label  string
	weight float64
	known  bool
}

// newEvidence reads the comparisons from the first pair; without pairs, or without an explainer, there are none.
func newEvidence(o *cluster.Outcome) *evidence {
	ev := &evidence{out: o}
	if o.Explain == nil || len(o.Edges) == 0 {
		return ev
	}
	x := o.Explain(o.Edges[0].A, o.Edges[0].B)
	ev.prior = x.Prior
	for i := range min(len(x.Comparisons), scoring.MaxComparisons) {
		ev.names = append(ev.names, x.Comparisons[i].Comparison)
	}
	ev.levels = make([][]level, len(ev.names))
	return ev
}

// of returns the level of the i-th comparison of an edge.
func (ev *evidence) of(e *scoring.Edge, i int) (level, error) {
	l := int(e.Vector[i])
	if l < len(ev.levels[i]) && ev.levels[i][l].known {
		return ev.levels[i][l], nil
	}
	x := ev.out.Explain(e.A, e.B)
	if len(x.Comparisons) < len(ev.names) {
		return level{}, fmt.Errorf("explanation of contacts %s and %s has %d comparisons, not %d", x.A, x.B, len(x.Comparisons), len(ev.names))
	}
	for k := range ev.names {
		for len(ev.levels[k]) <= int(e.Vector[k]) {
			ev.levels[k] = append(ev.levels[k], level{})
		}
		c := &x.Comparisons[k]
		ev.levels[k][e.Vector[k]] = level{label: c.Level, weight: c.Weight, known: true}
	}
	return ev.levels[i][l], nil
}

// snake makes a comparison's name a column name that needs no quotes in SQL.
func snake(s string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '_'
	}, s), "_")
}

// The columns of pairs.parquet before the comparisons.
const (
	pairA = iota
	pairB
	pairDecision
	pairWeight
	pairProbability
	pairKey
	pairRules
	pairReasons
	pairPrior
	pairFrequency
	pairFixed
)

func pairFields(ev *evidence) []field {
	fields := []field{
		textField("contact_id_a"), textField("contact_id_b"), wordField("decision"), numberField("match_weight"),
		numberField("match_probability"), wordField("match_key"), wordsField("rules"), wordsField("reasons"),
		levelField("prior_weight"), levelField("tf_adjustment"),
	}
	taken := map[string]bool{}
	for _, f := range fields {
		taken[f.Name] = true
	}
	for _, n := range ev.names {
		fields = append(fields, wordField(unique(taken, snake(n)+"_level")), levelField(unique(taken, snake(n)+"_weight")))
	}
	return fields
}

// writePairsParquet writes pairs.csv with its evidence: match_weight = prior_weight + all comparison weights + tf_adjustment. The
// adjustment is what the sum leaves over, to two decimals, because explanations round each weight to four.
func writePairsParquet(ctx context.Context, w io.Writer, o *cluster.Outcome) error {
	ev := newEvidence(o)
	return writeTable(ctx, w, pairFields(ev), func(t *table) error {
		for i := range o.Edges {
			if err := ev.add(t, &o.Edges[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (ev *evidence) add(t *table, e *scoring.Edge) error {
	weight := float64(e.Weight)
	t.text(pairA, ev.out.Table.ID(e.A))
	t.text(pairB, ev.out.Table.ID(e.B))
	t.text(pairDecision, e.Decision.String())
	t.number(pairWeight, weight)
	t.number(pairProbability, probability(weight))
	t.text(pairKey, matchKey(e.Rules, ev.out.Rules))
	t.texts(pairRules, ruleNames(e.Rules, ev.out.Rules))
	t.texts(pairReasons, e.Reasons.Names())
	t.number(pairPrior, ev.prior)
	rest := weight - ev.prior
	for i := range ev.names {
		l, err := ev.of(e, i)
		if err != nil {
			return err
		}
		t.text(pairFixed+2*i, l.label)
		t.number(pairFixed+2*i+1, l.weight)
		rest -= l.weight
	}
	if len(ev.names) == 0 {
		rest = 0
	}
	t.number(pairFrequency, math.Round(rest*100)/100)
	return t.end()
}
