// Package cluster turns edges into clusters, chooses survivors, builds golden records, and plans merges.
package cluster

import (
	"github.com/contactmerge/contactmerge/blocking"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/scoring"
)

// Cluster is a set of two or more contacts that are, or may be, one person.
type Cluster struct {
	ID       string           // hash of the sorted member ids, hex
	Members  []contact.Row    // ascending
	Survivor contact.Row      // the member that stays
	Decision scoring.Decision // AutoMerge: all members are one auto-merge group; Suggest: a person confirms; Review: a supervisor decides
	Auto     [][]contact.Row  // auto-merge groups of two or more members inside the cluster; each ascending
	Edges    []int            // indices into Outcome.Edges of the edges inside, ascending; in a suggested cluster a review edge is one of Doubts
	Weakest  int              // index into Outcome.Edges of the weakest bridge (the edge whose loss would split the cluster), -1 if none would
	Conflict *Conflict        // why the cluster was sent to review, nil otherwise
	Vetoed   [][2]contact.Row // pairs of members that rule each other out; only a cluster in review has such
	Doubts   []Doubt          // pairs of members that contradict each other when read alone, which other members explain; ordered by A, then B

	// Confidence is the expected precision of the cluster: the mean, over all pairs of members, of the probability (0 to 1) that the two are one
	// person, given who else is in it. Members of one auto-merge group count as certain. 0 if the cluster is in review: nothing is estimated.
	Confidence float64
	// Split is where the cluster falls in two if its weakest link is wrong: two parts, each ascending, the first with the first member. For a
	// group in review it parts the two members that contradict each other. nil if all members are one auto-merge group or too many.
	Split [][]contact.Row
	// SplitProbability (0 to 1) is how probable the parts of Split are two people: that the strongest pair across is wrong; for a group in review,
	// that its two contradicting members are two, by the model's comparison of them alone. 0 without a Split.
	SplitProbability float64
}

// Conflict names two members that must not be in one cluster and the edge that brought them together.
type Conflict struct {
	A, B    contact.Row
	Reasons scoring.Reasons // the veto or contradiction between A and B, or ClusterTooLarge
	Bridge  int             // index into Outcome.Edges of the weakest edge on the path between them, -1 for a size limit
}

// Cut is an edge that was left out of the clusters because it would have joined A and B, who must not be in one, or probably are not one
// person (ModelBelowThreshold: too little holds the two sides together).
type Cut struct {
	Edge    int // index into Outcome.Edges
	A, B    contact.Row
	Reasons scoring.Reasons
}

// Value is one value of a golden record, with where it came from.
type Value struct {
	Column int    // raw column index
	Text   string // "" with Null false is an empty string
	Null   bool
	From   contact.Row // the contact that supplied it
	Rule   string      // the survivorship strategy that chose it
}

// Golden is the golden record of a cluster.
type Golden struct {
	Cluster    string
	Survivor   contact.Row
	Values     []Value // one per raw column, in column order
	Identities []GoldenIdentity
}

// GoldenIdentity is an identity of the golden record and the first member that held it.
type GoldenIdentity struct {
	Channel contact.Channel
	Value   string
	From    contact.Row
}

// Outcome is all a run found: what the sinks write.
type Outcome struct {
	Table    *contact.Table
	Edges    []scoring.Edge // every pair that is not no_match, ordered by A, then B
	Rules    []blocking.Stats
	Shared   []blocking.SharedValue // most contacts first
	Clusters []Cluster              // ordered by first member
	Cuts     []Cut
	Golden   []Golden // one per cluster, same order
	Plan     *Plan
	Rejects  []contact.Reject
	Model    *scoring.Model // the model that weighed the pairs; nil in tests that need none
	Explain  func(a, b contact.Row) scoring.Explanation
}
