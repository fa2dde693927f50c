package blocking

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// Config bounds the work of blocking. The zero value means the defaults.
type Config struct {
	// MaxNames is how many distinct names may hold an identity before it counts as shared. Default 4.
	MaxNames int `yaml:"max_names" json:"max_names"`
	// MaxIdentityBlock is how many contacts may share an identity key and all be paired. Default 200.
	MaxIdentityBlock int `yaml:"max_identity_block" json:"max_identity_block"`
	// MaxBlock is the same for the other keys, whose pairs are less likely to match. The pair budget may make it less. Default 300.
	MaxBlock int `yaml:"max_block" json:"max_block"`
	// PairsPerContact is the pair budget of a run, as candidate pairs per contact: what decides the time of a run is pairs, not contacts.
	// Default 25.
	PairsPerContact int `yaml:"pairs_per_contact" json:"pairs_per_contact"`
	// SmallPairs is what a run may always spend, however few contacts there are; a table that has no more pairs than these is compared in
	// full. Default 1200000, which is all pairs of 1549 contacts. With -1 only PairsPerContact counts. From twice as many on pairs are tried
	// before all are compared.
	SmallPairs int `yaml:"small_pairs" json:"small_pairs"`
	// Disable names rules that are not used.
	Disable []string `yaml:"disable" json:"disable,omitempty"`
}

// WithDefaults fills what is zero.
func (c Config) WithDefaults() Config {
	c.MaxNames = cmp.Or(c.MaxNames, defaultMaxNames)
	c.MaxIdentityBlock = cmp.Or(c.MaxIdentityBlock, 200)
	c.MaxBlock = cmp.Or(c.MaxBlock, 300)
	c.PairsPerContact = cmp.Or(c.PairsPerContact, 25)
	c.SmallPairs = cmp.Or(c.SmallPairs, 1_200_000)
	return c
}

// Validate lists every problem.
func (c Config) Validate() []error {
	var errs []error
	for _, f := range []struct {
		name string
		v    int
		min  int
	}{
		{"max_names", c.MaxNames, 1},
		{"max_identity_block", c.MaxIdentityBlock, 2},
		{"max_block", c.MaxBlock, 2},
		{"pairs_per_contact", c.PairsPerContact, 1},
		{"small_pairs", c.SmallPairs, -1},
	} {
		if f.v != 0 && f.v < f.min {
			errs = append(errs, fmt.Errorf("blocking.%s is %d, must be at least %d", f.name, f.v, f.min))
		}
	}
	known := map[string]bool{}
	for _, r := range catalogue() {
		known[r.name] = true
	}
	for _, d := range c.Disable {
		if !known[d] && !strings.HasPrefix(d, columnPrefix) {
			errs = append(errs, fmt.Errorf("blocking.disable names an unknown rule %q", d))
		}
	}
	return errs
}

// budget is the number of pairs that a table may make; small says that these are all it has.
func (c Config) budget(t *contact.Table) (pairs int64, small bool) {
	if all := t.PossiblePairs(); all <= int64(c.SmallPairs) {
		return all, true
	}
	return max(int64(c.PairsPerContact)*int64(t.Len()), int64(c.SmallPairs)), false
}
