package cluster

import (
	"errors"
	"fmt"
)

// Limits are the circuit breakers: bounds on what one run may merge by itself. A negative limit is off.
type Limits struct {
	MaxMerges      int     `yaml:"max_merges"`       // contacts merged away in one run; 0 is off
	MaxShare       float64 `yaml:"max_share"`        // of all contacts; 0 means DefaultMaxShare. A first run over old data may need more
	MaxChange      float64 `yaml:"max_change"`       // times the contacts the previous run merged away; 0 means DefaultMaxChange
	MaxClusterSize int     `yaml:"max_cluster_size"` // contacts in one merge; 0 is off, since Config.MaxMembers already bounds it
}

// The default limits.
const (
	// DefaultMaxShare lets a usual first run pass, in which some percent of the contacts are exact duplicates, and stops a run in which
	// a broken feed has made half of them look alike.
	DefaultMaxShare = 0.10
	// DefaultMaxChange bounds a night against the night before; imports make nights differ, but seldom by a factor of ten.
	DefaultMaxChange = 10
	// fewMerges is so little that share and change say nothing yet: a table of ten contacts may well have two duplicates.
	fewMerges = 20
)

// WithDefaults fills in what is not set.
func (l Limits) WithDefaults() Limits {
	if l.MaxShare == 0 {
		l.MaxShare = DefaultMaxShare
	}
	if l.MaxChange == 0 {
		l.MaxChange = DefaultMaxChange
	}
	return l
}

// Validate lists every problem at once.
func (l Limits) Validate() error {
	var errs []error
	if l.MaxShare > 1 {
		errs = append(errs, fmt.Errorf("max_share: %v: is a share of all contacts, at most 1 (10%% is 0.10)", l.MaxShare))
	}
	if l.MaxChange > 0 && l.MaxChange < 1 {
		errs = append(errs, fmt.Errorf("max_change: %v: is a factor, at least 1", l.MaxChange))
	}
	if l.MaxClusterSize == 1 {
		errs = append(errs, errors.New("max_cluster_size: 1: a merge has at least 2 contacts"))
	}
	return errors.Join(errs...)
}

// Previous is what the last finished run with a plan made.
type Previous struct {
	Known  bool // false on a first run: the change is not judged
	Losers int  // contacts it merged away, or would have
}

// Breaker is one circuit breaker of a run.
type Breaker struct {
	Name    string // the limit's key in the configuration
	Limit   float64
	Value   float64
	Tripped bool
}

// Breakers measures a plan against the limits that are on, in a fixed order. A plan may be applied if none of them tripped.
func Breakers(p *Plan, contacts int, l Limits, previous Previous) []Breaker {
	l = l.WithDefaults()
	losers, largest := 0, 0
	for _, s := range p.Steps {
		losers += len(s.Losers)
		largest = max(largest, len(s.Losers)+1)
	}
	var out []Breaker
	add := func(name string, limit, value float64, judged bool) {
		if limit > 0 {
			out = append(out, Breaker{Name: name, Limit: limit, Value: value, Tripped: judged && value > limit})
		}
	}
	add("max_merges", float64(l.MaxMerges), float64(losers), true)
	if contacts > 0 {
		add("max_share", l.MaxShare, float64(losers)/float64(contacts), losers > fewMerges)
	}
	if previous.Known {
		add("max_change", l.MaxChange, float64(losers)/float64(max(previous.Losers, 1)), losers > fewMerges)
	}
	add("max_cluster_size", float64(l.MaxClusterSize), float64(largest), true)
	return out
}

// Tripped reports whether any breaker did.
func Tripped(breakers []Breaker) bool {
	for _, b := range breakers {
		if b.Tripped {
			return true
		}
	}
	return false
}
