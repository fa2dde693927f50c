package cluster

import (
	"errors"
	"fmt"
	"strings"
)

// The default limits.
const (
	// DefaultMaxMembers is far above the records one person leaves behind, and keeps comparing all members with each other cheap.
	DefaultMaxMembers = 25
	// DefaultMaxIdentities is more addresses on one channel than a person uses; above it the contact is an office or a robot.
	DefaultMaxIdentities = 20
)

// Config bounds clusters, and says how survivors and golden values are chosen. The zero value means the defaults.
type Config struct {
	MaxMembers              int          `yaml:"max_members"`                // contacts in one cluster; above it, review
	MaxIdentitiesPerChannel int          `yaml:"max_identities_per_channel"` // distinct values a cluster may hold on one channel; above it, review
	CuratedSources          []string     `yaml:"curated_sources"`            // sources whose contacts were entered or checked by people
	Survivorship            Survivorship `yaml:"survivorship"`               // field by field
}

// WithDefaults fills in what is not set.
func (c Config) WithDefaults() Config {
	if c.MaxMembers == 0 {
		c.MaxMembers = DefaultMaxMembers
	}
	if c.MaxIdentitiesPerChannel == 0 {
		c.MaxIdentitiesPerChannel = DefaultMaxIdentities
	}
	if c.CuratedSources == nil {
		c.CuratedSources = []string{"crm", "import", "salesforce", "hubspot", "dynamics", "erp", "manual"}
	}
	c.Survivorship = c.Survivorship.WithDefaults()
	return c
}

// Validate lists every problem at once.
func (c Config) Validate() error {
	c = c.WithDefaults()
	var errs []error
	if c.MaxMembers < 2 {
		errs = append(errs, fmt.Errorf("max_members: %d: a cluster has at least 2 members", c.MaxMembers))
	}
	if c.MaxIdentitiesPerChannel < 1 {
		errs = append(errs, fmt.Errorf("max_identities_per_channel: %d: must be at least 1", c.MaxIdentitiesPerChannel))
	}
	for _, s := range c.CuratedSources {
		if strings.TrimSpace(s) == "" {
			errs = append(errs, errors.New("curated_sources: contains an empty source"))
		}
	}
	return errors.Join(append(errs, c.Survivorship.problems()...)...)
}
