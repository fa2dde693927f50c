package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
)

// Retention says how long things are kept that `contactmerge purge` removes.
type Retention struct {
	// Merges is how long merges can be undone, such as 90d: older journals and archived contacts are removed. Default: they are kept.
	Merges string `yaml:"merges"`
	// Findings is how long the suggestions, clusters and plans of old runs are kept, such as 30d; those of the current run stay. Default: those
	// of the last 14 runs.
	Findings string `yaml:"findings"`
}

func (r Retention) check() []error {
	var errs []error
	for _, t := range []struct{ key, text string }{{"merges", r.Merges}, {"findings", r.Findings}} {
		if t.text == "" {
			continue
		}
		if _, err := ParseAge(t.text); err != nil {
			errs = append(errs, fmt.Errorf("retention.%s: %w", t.key, err))
		}
	}
	return errs
}

// ages are the units of an age.
var ages = map[byte]time.Duration{'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}

// ParseAge reads an age such as 36h, 90d or 12w.
func ParseAge(text string) (time.Duration, error) {
	bad := fmt.Errorf("%q is no age: write a whole number with h, d or w, such as 90d", text)
	if len(text) < 2 {
		return 0, bad
	}
	unit, ok := ages[text[len(text)-1]]
	n, err := strconv.ParseUint(text[:len(text)-1], 10, 32)
	switch {
	case !ok || err != nil:
		return 0, bad
	case n > math.MaxInt64/uint64(unit)/2:
		return 0, fmt.Errorf("%q is too long ago", text)
	case n == 0:
		return 0, errors.New("an age of 0 would remove what was made just now")
	}
	return time.Duration(n) * unit, nil
}
