package evaluate

import (
	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/run"
	"github.com/contactmerge/contactmerge/scoring"
)

// Input is what is measured, and against what.
type Input struct {
	Truth   *Truth
	Outcome *cluster.Outcome

	// Made reports whether blocking made a pair; nil when that is not known. CandidatePairs is how many it made in all.
	Made           func(a, b contact.Row) bool
	CandidatePairs int64

	// Explain says why a pair is no match, and takes the place of Made: a pair with a match key was made. It may be nil.
	Explain func(a, b contact.Row) scoring.Explanation

	// Threshold is the match weight from which the model suggested. Below is what it would suggest below it, nil when nobody looked.
	Threshold float64
	Below     *run.Below

	// MaxWrong bounds the list of wrong pairs of each kind; 0 means DefaultMaxWrong, a negative number lists none.
	MaxWrong int
}

// DefaultMaxWrong is as many wrong pairs as a person looks through.
const DefaultMaxWrong = 100

// maxTruePairs bounds what is looked at pair by pair. A truth that says a million contacts are one person has 500 billion pairs.
const maxTruePairs = 100_000_000

// Report is the quality of a run.
type Report struct {
	Contacts    int64 `json:"contacts"`
	Labelled    int64 `json:"labelled"` // contacts whose person is known; only pairs of these are judged
	Persons     int64 `json:"persons"`
	TruePairs   int64 `json:"true_pairs"`
	Absent      int64 `json:"absent_contacts"` // in the truth, but not in the run
	AbsentPairs int64 `json:"absent_pairs"`

	Blocking  Blocking     `json:"blocking"`
	Decisions []Decision   `json:"decisions"` // auto_merge, suggest, review
	Edges     []Level      `json:"edges"`     // the same, each level including those before it
	Clusters  []Clustering `json:"clusters"`  // likewise
	Sweep     *Sweep       `json:"sweep"`     // the scored pairs at other thresholds

	Missed         *Missed     `json:"missed"` // what became of the true pairs that no cluster of level suggest holds; null when there are too many to look at
	FalsePositives []WrongPair `json:"false_positives"`
	FalseNegatives []WrongPair `json:"false_negatives"`
}

// Blocking measures the candidate pairs.
type Blocking struct {
	CandidatePairs   int64 `json:"candidate_pairs"`
	PossiblePairs    int64 `json:"possible_pairs"`
	PairCompleteness Share `json:"pair_completeness"` // of the true pairs, those that blocking made
	ReductionRatio   Share `json:"reduction_ratio"`   // of all possible pairs, those that need not be compared
}

// Decision measures the pairs with one decision.
type Decision struct {
	Decision  scoring.Decision `json:"decision"`
	Pairs     int64            `json:"pairs"`
	Right     int64            `json:"right"`
	Wrong     int64            `json:"wrong"`
	Unjudged  int64            `json:"unjudged"` // pairs of a contact whose person is not known
	Precision Share            `json:"precision"`
	Low       Share            `json:"precision_low"` // of the 95 % interval, taking pairs for independent
	High      Share            `json:"precision_high"`
}

// Level measures the pairs with at least one decision.
type Level struct {
	Level string   `json:"level"`
	Pairs Pairwise `json:"pairs"`
}

// levels are the decisions that somebody acts on, surest first.
func levels() []scoring.Decision {
	return []scoring.Decision{scoring.AutoMerge, scoring.Suggest, scoring.Review}
}

// Evaluate measures the outcome of a run.
func Evaluate(in Input) Report {
	t, o := in.Truth, in.Outcome
	r := Report{
		Contacts: int64(o.Table.Len()), Labelled: int64(len(t.inOrder)), Persons: int64(t.persons),
		Absent: int64(t.Absent), AbsentPairs: t.AbsentPairs,
	}
	t.groups(func(rows []contact.Row) bool {
		r.TruePairs += pairs(int64(len(rows)))
		return true
	})
	r.decisions(t, o.Edges)
	r.Sweep = sweep(in, r.TruePairs)
	for _, level := range levels() {
		sets := setsAt(o.Clusters, level)
		c := Clustering{Level: level.String(), Clusters: len(sets)}
		c.Pairs, c.BCubed = measure(t, sets)
		r.Clusters = append(r.Clusters, c)
	}
	r.Blocking = Blocking{CandidatePairs: in.CandidatePairs, PossiblePairs: pairs(r.Contacts)}
	r.Blocking.ReductionRatio = share(float64(r.Blocking.PossiblePairs-in.CandidatePairs), float64(r.Blocking.PossiblePairs))
	w := newWrong(in)
	r.FalsePositives = w.falsePositives()
	if r.TruePairs <= maxTruePairs {
		r.Missed, r.FalseNegatives = w.falseNegatives()
		if in.Made != nil || in.Explain != nil {
			r.Blocking.PairCompleteness = share(float64(w.made), float64(r.TruePairs))
		}
	}
	return r
}

// decisions measures the edges, decision by decision and level by level.
func (r *Report) decisions(t *Truth, edges []scoring.Edge) {
	var count [scoring.AutoMerge + 1]Decision
	for i := range edges {
		e := &edges[i]
		d := &count[e.Decision]
		switch known, same := t.known(e.A, e.B); {
		case !known:
			d.Unjudged++
		case same:
			d.Right++
		default:
			d.Wrong++
		}
	}
	var right, predicted int64
	for _, level := range levels() {
		d := count[level]
		d.Decision, d.Pairs = level, d.Right+d.Wrong+d.Unjudged
		d.Precision = share(float64(d.Right), float64(d.Right+d.Wrong))
		d.Low, d.High = wilson(d.Right, d.Right+d.Wrong)
		r.Decisions = append(r.Decisions, d)
		right, predicted = right+d.Right, predicted+d.Right+d.Wrong
		r.Edges = append(r.Edges, Level{Level: level.String(), Pairs: pairwise(right, predicted, r.TruePairs)})
	}
}
