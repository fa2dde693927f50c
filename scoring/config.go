package scoring

import (
	"cmp"
	"fmt"
)

// Config holds what a user may choose about scoring. The zero value means the defaults.
type Config struct {
	// Threshold is the match probability from which the statistical model suggests a pair that shares no identity, between 0 and 1. By
	// default it is chosen from the fitted model: the lowest from 0.5 on at which 95 of 100 such pairs are expected to be right.
	Threshold float64 `yaml:"threshold" json:"threshold"`
	// Model is a file that contactmerge train wrote. Its numbers are used, and nothing is learned from the contacts.
	Model string `yaml:"model" json:"-"` // what is in it counts, not where it lies
	// SamplePairs is how many random pairs are compared to learn how often unrelated contacts agree. Default 300,000.
	SamplePairs int `yaml:"sample_pairs" json:"sample_pairs"`
	// TrainPairs is how many candidate pairs at most are compared to learn how often duplicates agree. Default 1,000,000.
	TrainPairs int `yaml:"train_pairs" json:"train_pairs"`
	// Seed makes another sample. Default 1.
	Seed uint64 `yaml:"seed" json:"seed"`
}

// WithDefaults fills what is zero.
func (c Config) WithDefaults() Config {
	c.SamplePairs = cmp.Or(c.SamplePairs, 300_000)
	c.TrainPairs = cmp.Or(c.TrainPairs, 1_000_000)
	c.Seed = cmp.Or(c.Seed, 1)
	return c
}

// Validate lists every problem.
func (c Config) Validate() []error {
	var errs []error
	if c.Threshold < 0 || c.Threshold >= 1 {
		errs = append(errs, fmt.Errorf("scoring.threshold is %g, must be a probability from 0 to below 1", c.Threshold))
	}
	if c.SamplePairs < 0 {
		errs = append(errs, fmt.Errorf("scoring.sample_pairs is %d, must not be negative", c.SamplePairs))
	}
	if c.TrainPairs < 0 {
		errs = append(errs, fmt.Errorf("scoring.train_pairs is %d, must not be negative", c.TrainPairs))
	}
	return errs
}
