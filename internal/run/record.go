// Package run holds the record of a run: what was done, how long it took, what came out.
package run

import (
	"time"

	"github.com/contactmerge/contactmerge/blocking"
	"github.com/contactmerge/contactmerge/internal/contact"
)

// State says how far a run came.
type State string

// The states of a run. They are words, so that stored records survive renumbering.
const (
	Running   State = "running"
	Done      State = "done"
	Failed    State = "failed"
	Abandoned State = "abandoned" // the process died; found by a later run
)

// Record describes one run. It is opened at the start and closed on success and on failure.
type Record struct {
	ID         string           `json:"id"`
	State      State            `json:"state"`
	Version    string           `json:"version"`
	Go         string           `json:"go"`
	Started    time.Time        `json:"started"`
	Ended      time.Time        `json:"ended"`
	Seconds    float64          `json:"seconds"`
	Source     string           `json:"source"`
	Config     string           `json:"config_fingerprint"`
	Model      string           `json:"model_fingerprint"`
	Input      string           `json:"input_fingerprint"` // of the contacts in canonical order
	Threshold  float64          `json:"threshold"`         // match weight from which the model suggests
	Workers    int              `json:"workers"`
	PeakMemory int64            `json:"peak_memory_bytes"`
	Plan       string           `json:"plan,omitempty"` // id of the merge plan the run made
	Columns    []contact.Column `json:"columns"`
	// IdentityColumns are those of the identities table, if there is one.
	IdentityColumns []contact.Column `json:"identity_columns,omitempty"`
	Counts          Counts           `json:"counts"`
	Stages          []Stage          `json:"stages"`
	Rules           []blocking.Stats `json:"blocking_rules"`
	Rejected        []Count          `json:"rejected"`            // by reason
	Identities      []Count          `json:"identities"`          // by channel
	Unusable        []Count          `json:"unusable_identities"` // by status
	Weights         []Bin            `json:"weight_histogram"`    // of all scored pairs
	Sizes           []Count          `json:"cluster_sizes"`       // name is the number of members
	Estimate        *Estimate        `json:"estimate,omitempty"`  // what the model expects of this run, without labels
	Breakers        []Breaker        `json:"breakers"`
	Warnings        []string         `json:"warnings"`
	Error           string           `json:"error,omitempty"`

	// Refresh brings the times up to now. Whoever writes the record as part of the run calls it first.
	Refresh func() `json:"-"`
}

// Counts are the totals of a run.
type Counts struct {
	Contacts       int64 `json:"contacts"`
	Identities     int64 `json:"identities"`
	Rejected       int64 `json:"rejected_rows"`
	RejectedValues int64 `json:"rejected_values"`
	Pairs          int64 `json:"candidate_pairs"`
	AutoMerge      int64 `json:"auto_merge_pairs"`
	Suggest        int64 `json:"suggest_pairs"`
	Review         int64 `json:"review_pairs"`
	NoMatch        int64 `json:"no_match_pairs"`
	Clusters       int64 `json:"clusters"`
	AutoClusters   int64 `json:"auto_merge_clusters"`
	SuggestCluster int64 `json:"suggest_clusters"`
	ReviewClusters int64 `json:"review_clusters"`
	MergeSteps     int64 `json:"merge_steps"`  // groups ready to merge
	MergeLosers    int64 `json:"merge_losers"` // contacts that would be merged away
	SharedValues   int64 `json:"shared_identities"`
}

// Stage is the time one stage took.
type Stage struct {
	Name    string  `json:"name"`
	Items   int64   `json:"items"`
	Unit    string  `json:"unit"`
	Seconds float64 `json:"seconds"` // wall time
	CPU     float64 `json:"cpu_seconds"`
	Share   float64 `json:"share"` // of the run's wall time, 0 to 1
}

// Estimate is the quality that the fitted model expects of a run. It needs no labels, and is as right as the model is.
type Estimate struct {
	Matches      float64 `json:"matches"`      // expected true pairs among all pairs of contacts
	Compared     float64 `json:"compared"`     // expected true pairs among the candidate pairs
	Missed       float64 `json:"missed"`       // expected true matches that the scorer would recognise and no blocking rule made, by capture and recapture
	MissedLow    float64 `json:"missed_low"`   // of the 95 % interval
	MissedHigh   float64 `json:"missed_high"`  //
	Completeness float64 `json:"completeness"` // expected share of the true pairs that blocking made, 0 to 1
	Precision    float64 `json:"precision"`    // expected share of right pairs among those at or above the threshold, 0 to 1
	Recall       float64 `json:"recall"`       // expected share of all true pairs at or above the threshold, 0 to 1
	Cuts         []Cut   `json:"cuts"`         // the same at other thresholds, ascending
}

// Cut is what the model expects at one threshold.
type Cut struct {
	Threshold   float64 `json:"threshold"`   // match weight
	Probability float64 `json:"probability"` // the same as a probability
	Pairs       int64   `json:"pairs"`       // candidate pairs at or above it
	Precision   float64 `json:"precision"`
	Recall      float64 `json:"recall"`
}

// Count is a named count.
type Count struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
}

// Bin is one bar of the weight histogram.
type Bin struct {
	From      float64 `json:"from"` // match weight, inclusive
	To        float64 `json:"to"`   // exclusive
	NoMatch   int64   `json:"no_match"`
	Review    int64   `json:"review"`
	Suggest   int64   `json:"suggest"`
	AutoMerge int64   `json:"auto_merge"`
}

// Breaker is a circuit breaker and whether it tripped.
type Breaker struct {
	Name    string  `json:"name"`
	Limit   float64 `json:"limit"`
	Value   float64 `json:"value"`
	Tripped bool    `json:"tripped"`
}
