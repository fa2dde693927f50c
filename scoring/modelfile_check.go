package scoring

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

const (
	// sumTolerance is how far the probabilities of a comparison may be from one together. Learned ones are exact; the starting values that stay
	// where a table has nothing to learn from are rounded guesses.
	sumTolerance = 0.15
	// mostWeight bounds prior weights and thresholds: no table has 2^100 pairs.
	mostWeight = 100
)

// check refuses numbers that no training gives, and comparisons that this program does not make.
func (f *ModelFile) check() error {
	for i, w := range []float64{f.Prior, f.Relatives, f.Threshold} {
		if !(math.Abs(w) <= mostWeight) {
			return fmt.Errorf("%s is %g", []string{"prior_weight", "relatives_weight", "threshold"}[i], w)
		}
	}
	if f.Trained.Contacts < 0 || f.Trained.RandomPairs < 0 || f.Trained.Likely < 0 {
		return errors.New("trained_on has a number below zero")
	}
	fixed := fixedComparisons()
	if len(f.Comparisons) < len(fixed) || len(f.Comparisons) > MaxComparisons {
		return fmt.Errorf("it has %d comparisons, this program makes %d and up to %d columns of unknown meaning", len(f.Comparisons), len(fixed), MaxComparisons-numFixed)
	}
	names := map[string]bool{}
	for i := range f.Comparisons {
		c := &f.Comparisons[i]
		want := Comparison{Name: c.Name, Levels: customLevels()}
		if i < len(fixed) {
			want = fixed[i]
		} else if names[c.Name] {
			return fmt.Errorf("it has the column %q twice", c.Name)
		} else {
			names[c.Name] = true
		}
		if err := c.check(want, i >= len(fixed), f.Trained.Contacts); err != nil {
			return fmt.Errorf("comparison %q: %w", c.Name, err)
		}
	}
	for i := range f.Frequencies {
		if err := f.Frequencies[i].check(); err != nil {
			return fmt.Errorf("frequencies of %q: %w", f.Frequencies[i].Column, err)
		}
	}
	return nil
}

// check compares a comparison with the one this program makes, and its numbers with what probabilities are.
func (c *modelFileCompare) check(want Comparison, generic bool, contacts int) error {
	if c.Name != want.Name || c.Generic != generic || c.Neutral != want.Neutral || len(c.Levels) != len(want.Levels) {
		return fmt.Errorf("this program expects %q with %d levels there: train again", want.Name, len(want.Levels))
	}
	if c.Filled < 0 || c.Filled > contacts {
		return fmt.Errorf("filled_contacts is %d of %d", c.Filled, contacts)
	}
	for l, lv := range c.Levels {
		if lv.Label != want.Levels[l].Label {
			return fmt.Errorf("level %d is %q, this program's is %q: train again", l, lv.Label, want.Levels[l].Label)
		}
		for _, p := range []float64{lv.M, lv.U, lv.H, lv.USame, lv.UPart} {
			if !(p >= 0 && p <= 1) {
				return fmt.Errorf("level %q has %g for a probability", lv.Label, p)
			}
		}
		if lv.weighs() != want.Levels[l].weighs() {
			return fmt.Errorf("level %q has %g for m; levels that are no evidence have 0, others more", lv.Label, lv.M)
		}
		if !(lv.Matches >= 0) || lv.Random < 0 || !(lv.Likely >= 0) {
			return fmt.Errorf("level %q has a number below zero", lv.Label)
		}
	}
	return c.checkSums()
}

// checkSums wants the levels that are evidence to be all there is.
func (c *modelFileCompare) checkSums() error {
	var m, u, h float64
	for _, lv := range c.Levels {
		if lv.weighs() {
			m, u, h = m+lv.M, u+lv.U, h+lv.H
		}
	}
	if m == 0 {
		return nil // neutral
	}
	for i, sum := range []float64{m, u, h} {
		if math.Abs(sum-1) > sumTolerance {
			return fmt.Errorf("its %s add up to %.3f, not to 1", []string{"m", "u", "h"}[i], sum)
		}
	}
	return nil
}

func (q *modelFileFrequency) check() error {
	logs := []float32{q.Average, q.Rare}
	seen := map[string]bool{}
	for _, v := range q.Values {
		logs = append(logs, v.Log2)
		for hash := range strings.FieldsSeq(v.Hashes) {
			if len(hash) != hashLength || strings.Trim(hash, "0123456789abcdef") != "" || seen[hash] {
				return errors.New("a hash is malformed, or there twice")
			}
			seen[hash] = true
		}
	}
	if i := slices.IndexFunc(logs, func(x float32) bool { return !(x <= 0 && x >= -mostWeight) }); i >= 0 {
		return fmt.Errorf("%g is not log2 of a share", logs[i])
	}
	return nil
}
