package scoring

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/contactmerge/contactmerge/blocking"
	"github.com/contactmerge/contactmerge/internal/contact"
)

// pseudoPairs is how many observed pairs a starting u is worth: tables of a few contacts keep the starting values, large tables speak for
// themselves.
const pseudoPairs = 2000

// duplicatesPerContact is the prior belief about how many matching pairs there are, per contact.
const duplicatesPerContact = 0.4

// Fit makes a model for a table: how often unrelated contacts agree (u) is learned from a seeded sample of random pairs, how rare each value
// is from the table itself; how often duplicates agree (m) are the built-in values. It is deterministic.
func Fit(t *contact.Table, shared *blocking.Shared, cfg Config) *Model {
	cfg = cfg.WithDefaults()
	m := &Model{Comparisons: fixedComparisons(), Threshold: WeightOf(cfg.Threshold)}
	m.generic = informative(t)
	for _, i := range m.generic {
		_, col := t.Custom(i)
		m.Comparisons = append(m.Comparisons, Comparison{Name: col.Name, Levels: customLevels()})
	}
	n := float64(max(t.Len(), 2))
	m.Prior = math.Log2(duplicatesPerContact / n)
	m.finish()
	m.learnU(t, shared, cfg)
	m.learnFrequencies(t)
	return m
}

// commonplace is the share of random pairs that agree in a column from which on an equal value says less than one bit.
const commonplace = 0.5

// informative lists the generic columns that can tell contacts apart or bring them together, as many as a model has room for. A value
// that most contacts have does neither, nor does a further key of the rows, which no two have in common.
func informative(t *contact.Table) []int {
	var out []int
	for i := range t.Customs() {
		col, _ := t.Custom(i)
		counts, filled := make([]float64, col.Distinct()), 0.0
		for r := range t.Len() {
			if c := col.Code(contact.Row(r)); c != 0 {
				counts[c]++
				filled++
			}
		}
		agree, pairs := 0.0, filled*(filled-1)/2
		for _, n := range counts {
			agree += n * (n - 1) / 2
		}
		start := customLevels()[textEqual].U
		if agree > 0 && agree+pseudoPairs*start < commonplace*(pairs+pseudoPairs) && len(out) < MaxComparisons-numFixed {
			out = append(out, i)
		}
	}
	return out
}

// learnU counts levels over random pairs. A random pair may be a duplicate; each pair counts by the probability that it is not, which is
// re-estimated a few times. At first all count: the starting values would take any two contacts for duplicates where several columns hold
// the same value throughout, and would learn nothing from them.
func (m *Model) learnU(t *contact.Table, shared *blocking.Shared, cfg Config) {
	vectors := sampleVectors(t, NewScorer(t, shared, m, cfg, nil), cfg)
	start := fixedU(m.Comparisons)
	for pass := range 4 {
		counts := make([][]float64, len(m.Comparisons))
		for i, c := range m.Comparisons {
			counts[i] = make([]float64, len(c.Levels))
		}
		for _, vc := range vectors {
			unrelated := float64(vc.n)
			if pass > 0 {
				unrelated *= 1 - Probability(m.Weight(vc.v))
			}
			for i := range m.Comparisons {
				counts[i][vc.v[i]] += unrelated
			}
		}
		for i := range m.Comparisons {
			levels, total := m.Comparisons[i].Levels, 0.0
			for l := range levels {
				if levels[l].weighs() {
					total += counts[i][l]
				}
			}
			for l := range levels {
				if !levels[l].weighs() {
					continue // as good as null: learning a u for it would turn "cannot tell" into evidence
				}
				levels[l].U = (counts[i][l] + pseudoPairs*start[i][l]) / (total + pseudoPairs)
			}
			if i >= numFixed {
				allowForChance(levels)
			}
		}
		m.finish()
	}
}

// allowForChance adapts m of a generic column to its u: duplicates agree where unrelated contacts do, and some of the others besides. A
// column that holds one value throughout is no evidence, then, and a difference weighs the same however common equality is.
func allowForChance(levels []Level) {
	start := customLevels()
	apart := levels[textDifferent].U / start[textDifferent].U
	levels[textSimilar].M, levels[textDifferent].M = start[textSimilar].M*apart, start[textDifferent].M*apart
	levels[textEqual].M = 1 - levels[textSimilar].M - levels[textDifferent].M
}

func fixedU(cs []Comparison) [][]float64 {
	out := make([][]float64, len(cs))
	for i, c := range cs {
		for _, l := range c.Levels {
			out[i] = append(out[i], l.U)
		}
	}
	return out
}

// vectorCount is a distinct vector and how many sampled pairs have it.
type vectorCount struct {
	v Vector
	n int64
}

// sampleVectors compares random pairs, or all pairs of a table that has fewer, and counts distinct vectors.
func sampleVectors(t *contact.Table, s *Scorer, cfg Config) []vectorCount {
	w := s.Worker()
	counts := map[Vector]int64{}
	n := t.Len()
	if all := int64(n) * int64(n-1) / 2; all <= int64(cfg.SamplePairs) {
		for a := range n {
			for b := a + 1; b < n; b++ {
				counts[w.Compare(contact.Row(a), contact.Row(b))]++
			}
		}
	} else {
		rng := rand.New(rand.NewPCG(cfg.Seed, 0x636f6e74616374))
		for range cfg.SamplePairs {
			a := rng.IntN(n)
			b := rng.IntN(n - 1)
			if b >= a {
				b++
			}
			counts[w.Compare(contact.Row(a), contact.Row(b))]++
		}
	}
	out := make([]vectorCount, 0, len(counts))
	for v, k := range counts {
		out = append(out, vectorCount{v, k})
	}
	// Sums of floats depend on their order, and a map has none.
	slices.SortFunc(out, func(x, y vectorCount) int { return cmp.Or(cmp.Compare(y.n, x.n), slices.Compare(x.v[:], y.v[:])) })
	return out
}

// learnFrequencies counts the values of the columns whose equality is worth more or less by how common the value is.
func (m *Model) learnFrequencies(t *contact.Table) {
	add := func(comparison int, col *contact.Strings, levels ...uint8) {
		tf := termFrequency{comparison: comparison, col: col, logs: make([]float32, col.Distinct())}
		for _, l := range levels {
			tf.levels[l] = true
		}
		counts := make([]uint32, col.Distinct())
		filled := 0.0
		for r := range t.Len() {
			if c := col.Code(contact.Row(r)); c != 0 {
				counts[c]++
				filled++
			}
		}
		u := m.Comparisons[comparison].Levels[levels[0]].U
		for c, n := range counts {
			// The other contact of the pair is not evidence of how common the value is.
			share := (float64(max(n, 1)-1) + pseudoPairs*u + 0.5) / (filled + pseudoPairs)
			tf.logs[c] = float32(math.Log2(share))
		}
		m.tf = append(m.tf, tf)
	}
	add(cmpName, t.Col(contact.ColNameKey), nameEqual, nameSwapped)
	add(cmpCompany, t.Col(contact.ColCompany), textEqual)
	add(cmpAddress, t.Col(contact.ColCity), addressCity)
	for i, custom := range m.generic {
		col, _ := t.Custom(custom)
		add(numFixed+i, col, textEqual)
	}
}
