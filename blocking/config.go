package blocking

import (
	"cmp"
	"fmt"
)

// Config bounds the work of blocking. The zero value means the defaults.
type Config struct {
	// MaxNames is how many distinct names may hold an identity before it counts as shared. Default 4.
	MaxNames int `yaml:"max_names" json:"max_names"`
	// MaxIdentityBlock is how many contacts may share an identity key and all be paired. Default 200.
	MaxIdentityBlock int `yaml:"max_identity_block" json:"max_identity_block"`
	// MaxBlock is the same for the other keys, whose pairs are less likely to match. Default 50.
	MaxBlock int `yaml:"max_block" json:"max_block"`
	// PairsPerContact is the pair budget of a run, as candidate pairs per contact: what decides the time of a run is pairs, not contacts.
	// Default 60.
	PairsPerContact int `yaml:"pairs_per_contact" json:"pairs_per_contact"`
	// Disable names rules that are not used.
	Disable []string `yaml:"disable" json:"disable,omitempty"`
}

// WithDefaults fills what is zero.
func (c Config) WithDefaults() Config {
	c.MaxNames = cmp.Or(c.MaxNames, DefaultMaxNames)
	c.MaxIdentityBlock = cmp.Or(c.MaxIdentityBlock, 200)
	c.MaxBlock = cmp.Or(c.MaxBlock, 50)
	c.PairsPerContact = cmp.Or(c.PairsPerContact, 60)
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
		{"max_names", c.MaxNames, 1}, {"max_identity_block", c.MaxIdentityBlock, 2}, {"max_block", c.MaxBlock, 2}, {"pairs_per_contact", c.PairsPerContact, 1},
	} {
		if f.v != 0 && f.v < f.min {
			errs = append(errs, fmt.Errorf("blocking.%s is %d, must be at least %d", f.name, f.v, f.min))
		}
	}
	known := map[string]bool{}
	for _, r := range baseRules() {
		known[r.name] = true
	}
	for _, d := range c.Disable {
		if !known[d] {
			errs = append(errs, fmt.Errorf("blocking.disable names an unknown rule %q", d))
		}
	}
	return errs
}
