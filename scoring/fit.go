package scoring

import (
	"cmp"
	"math"
	"slices"

	"github.com/contactmerge/contactmerge/blocking"
	"github.com/contactmerge/contactmerge/internal/contact"
)

// pseudoPairs is how many observed pairs a starting u is worth: tables of a few contacts keep the starting values, large tables speak for
// themselves.
const pseudoPairs = 2000

// duplicatesPerContact is the prior belief about how many matching pairs there are, per contact.
const duplicatesPerContact = 0.4

// relativesPerContact is the same for pairs of people of one household or office.
const relativesPerContact = 0.2

// startRelatives sets h to its starting values: of comparisons that tell nothing about relatives, to u.
func (m *Model) startRelatives() {
	start := relatives()
	for i := range m.Comparisons {
		levels := m.Comparisons[i].Levels
		for l := range levels {
			switch {
			case i < numFixed && l < len(start[i]):
				levels[l].H = start[i][l]
			case i >= numFixed:
				levels[l].H = (levels[l].M + levels[l].U) / 2 // a column of unknown meaning may be the person's or the household's
			default:
				levels[l].H = levels[l].U
			}
		}
	}
}

// Fit makes a model for a table, without labels: how often unrelated contacts agree (u) is learned from a seeded sample of random pairs, how
// often duplicates agree (m) by EM from the candidate pairs that blocking made, how rare each value is from the table itself. Without
// blocks m keeps its starting values. It is deterministic, whatever run does in parallel.
func Fit(t *contact.Table, shared *blocking.Shared, blocks *blocking.Blocks, cfg Config, run contact.Parallel) (*Model, error) {
	cfg = cfg.WithDefaults()
	m := &Model{Comparisons: fixedComparisons(), Threshold: WeightOf(cmp.Or(cfg.Threshold, leastProbability))}
	m.generic = informative(t)
	for _, i := range m.generic {
		_, col := t.Custom(i)
		m.Comparisons = append(m.Comparisons, Comparison{Name: col.Name, Levels: customLevels()})
	}
	n := float64(max(t.Len(), 2))
	m.Prior, m.Relatives = math.Log2(duplicatesPerContact/n), math.Log2(relativesPerContact/n)
	m.startRelatives()
	m.finish()
	s := NewScorer(t, shared, m, cfg, nil)
	random, err := randomPairs(s, cfg, run)
	if err != nil {
		return nil, err
	}
	start := fixedU(m.Comparisons)
	m.learnU(random, start)
	var counts []vectorCount
	people := eachAlone(t.Len())
	if blocks != nil {
		sample, err := m.train(s, random, start, blocks, cfg, run)
		if err != nil {
			return nil, err
		}
		counts, people = sample.counts, m.people(t.Len(), sample.pairs)
	}
	m.learnFrequencies(t, people)
	if cfg.Threshold == 0 {
		m.chooseThreshold(counts)
	}
	return m, nil
}

// train alternates between m, the prior and u, each given the others.
func (m *Model) train(s *Scorer, random []vectorCount, start [][]float64, blocks *blocking.Blocks, cfg Config, run contact.Parallel) (candidateSample, error) {
	passes := m.passesOf(blocks)
	sample, err := candidates(s, blocks, passes, cfg, run)
	if err != nil {
		return sample, err
	}
	counts := sample.counts
	for k := range passes {
		passes[k].index(k, counts)
	}
	m.learnPartNames(random)
	for range 3 {
		m.expectMaximize(passes, counts)
		if bare(passes, counts) {
			m.learnTogether(counts)
		}
		m.learnSameNames(passes, counts)
		m.learnPrior(counts, sample.scale, s.table)
		m.learnU(random, start)
		m.learnPartNames(random)
	}
	return sample, nil
}

// fewContacts is how many contacts the starting belief about matches and relatives is worth.
const fewContacts = 25

// learnPrior sets the prior to the share of matches among all pairs of contacts that the candidate pairs imply.
func (m *Model) learnPrior(counts []vectorCount, scale float64, t *contact.Table) {
	all := float64(max(t.PossiblePairs(), 1))
	// In a table of a few contacts the starting belief counts; in a large one it does not matter.
	known := min(max(float64(t.Len()), 1), fewContacts)
	odds := func(pairs, start float64) float64 {
		share := min((pairs*scale+known*start)/(all+1), 0.5)
		return math.Log2(share / (1 - share))
	}
	for range 20 {
		matches, relations := 0.0, 0.0
		for _, vc := range counts {
			w, k := m.Weight(vc.v), m.kin(vc.v)
			pm, ph := sharesOf(w, k)
			matches, relations = matches+float64(vc.n)*pm, relations+float64(vc.n)*ph
		}
		m.Prior, m.Relatives = odds(matches, duplicatesPerContact), odds(relations, relativesPerContact)
	}
}

// commonplace is the share of random pairs that agree in a column from which on an equal value says less than one bit.
const commonplace = 0.5

// informative lists the generic columns that can tell contacts apart or bring them together, as many as a model has room for. A value
// that most contacts have does neither, nor does a further key of the rows, which no two have in common.
func informative(t *contact.Table) []int {
	var out []int
	for i := range t.Customs() {
		col, _ := t.Custom(i)
		if repeats(t, col, out) {
			continue
		}
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
func (m *Model) learnU(vectors []vectorCount, start [][]float64) {
	for pass := range 4 {
		counts := make([][]float64, len(m.Comparisons))
		for i, c := range m.Comparisons {
			counts[i] = make([]float64, len(c.Levels))
		}
		for _, vc := range vectors {
			unrelated := float64(vc.n)
			if pass > 0 {
				unrelated *= 1 - Probability(m.Weight(vc.v)+relative(m.kin(vc.v)))
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
			if i >= numFixed && !levels[textEqual].trained() {
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
	rest := 1.0
	for l := textSimilar; l <= textDifferent; l++ {
		levels[l].M = start[l].M * apart
		rest -= levels[l].M
	}
	levels[textEqual].M = rest
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

// learnFrequencies counts how many people hold the values of the columns whose equality is worth more or less by how common the value is.
// Contacts that the model takes for one person count once: a person's five contacts do not make the name a common one.
func (m *Model) learnFrequencies(t *contact.Table, people []contact.Row) {
	add := func(comparison int, col *contact.Strings, levels ...uint8) {
		tf := termFrequency{comparison: comparison, col: col, logs: make([]float32, col.Distinct())}
		for _, l := range levels {
			tf.levels[l] = true
		}
		held := make([]uint64, 0, t.Len())
		for r := range t.Len() {
			if c := col.Code(contact.Row(r)); c != 0 {
				held = append(held, uint64(c)<<32|uint64(people[r]))
			}
		}
		slices.Sort(held)
		held = slices.Compact(held)
		counts := make([]float64, col.Distinct())
		for _, h := range held {
			counts[h>>32]++
		}
		filled, agree := float64(len(held)), 0.0
		for _, n := range counts {
			agree += n * (n - 1)
		}
		// The average share is what the level's weight stands for already.
		average := (agree + 1) / (filled*(filled-1) + 2)
		tf.average = float32(math.Log2(average))
		for c, n := range counts {
			// The other contact of the pair is not evidence of how common the value is.
			share := (max(n-1, 0) + 0.5 + pseudoHolders*average) / (filled + pseudoHolders)
			tf.logs[c] = float32(math.Log2(share))
		}
		m.tf = append(m.tf, tf)
	}
	add(cmpName, t.Col(contact.ColNameKey), nameEqual, nameSwapped)
	add(cmpName, t.Col(contact.ColGiven), nameGivenOnly, nameSurname, nameLooseFamily)
	add(cmpName, t.Col(contact.ColFamily), nameFamilyOnly, nameLooseGiven)
	add(cmpCompany, t.Col(contact.ColCompany), textEqual)
	add(cmpAddress, t.Col(contact.ColCity), addressCity)
	for i, custom := range m.generic {
		col, _ := t.Custom(custom)
		add(numFixed+i, col, textEqual)
	}
}

// pseudoHolders is how many people of average names are added to a table: in a small one no name is known to be rare.
const pseudoHolders = 200

// The default threshold. Expected F1 is largest where pairs are suggested from half of the best F1 on, so from less than 0.5 (Lipton, Elkan and
// Narayanaswamy 2014); below that a suggestion would rather be wrong than right.
const (
	leastProbability  = 0.5
	expectedPrecision = 0.95
)

// chooseThreshold sets the lowest threshold at which the pairs that reach it are expected to be right often enough.
func (m *Model) chooseThreshold(counts []vectorCount) {
	type share struct{ weight, pairs float64 }
	var all []share
	for _, vc := range counts {
		if w := m.Weight(vc.v) + relative(m.kin(vc.v)); w >= 0 {
			all = append(all, share{w, float64(vc.n)})
		}
	}
	slices.SortFunc(all, func(x, y share) int { return cmp.Or(cmp.Compare(y.weight, x.weight), cmp.Compare(x.pairs, y.pairs)) })
	m.Threshold = WeightOf(leastProbability)
	right, pairs := 0.0, 0.0
	for _, s := range all {
		right, pairs = right+s.pairs*Probability(s.weight), pairs+s.pairs
		if right < expectedPrecision*pairs {
			m.Threshold = s.weight
			return
		}
	}
}
