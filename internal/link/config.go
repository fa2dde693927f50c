// Package link turns the pairs between two tables into links, updates of the known contacts, and new records.
package link

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/nearest"
	"github.com/contactmerge/contactmerge/scoring"
)

// What happens to records that match nobody.
const (
	Nothing = "nothing" // they are only counted
	List    = "list"    // they are listed as new
)

// How many links a record and a contact may have.
const (
	All      = "all"        // every link that was found
	Best     = "best"       // a record is linked to its best contact only; a contact may have many records
	OneToOne = "one_to_one" // and a contact to one record only
)

// Config says what links are wanted and what becomes of them. The zero value means the defaults.
type Config struct {
	// Links is how many links there may be. With all (default) it is every link that was found; with best a record is linked to its best
	// contact only; with one_to_one a contact is linked to one record only, too.
	Links string `yaml:"links"`
	// Unmatched is what happens to records that match nobody: list (default; they are written to new.csv) or nothing (they are counted).
	Unmatched string `yaml:"unmatched"`
	// Update is what records change in the contacts they are linked to, in every field that has no strategy of its own: fill_empty
	// (default), overwrite or do_nothing.
	Update string `yaml:"update"`
	// Fields is the same for single columns, fields (company), channels (phone), or the whole name or address.
	Fields map[string]string `yaml:"fields"`
	// UpdateFrom is the weakest decision that updates a contact: auto_merge (default) or suggest.
	UpdateFrom string `yaml:"update_from"`
}

// WithDefaults fills in what is not set.
func (c Config) WithDefaults() Config {
	for _, d := range []struct {
		value   *string
		initial string
	}{
		{&c.Links, All}, {&c.Unmatched, List}, {&c.Update, cluster.FillEmpty}, {&c.UpdateFrom, scoring.AutoMerge.String()},
	} {
		if *d.value == "" {
			*d.value = d.initial
		}
	}
	return c
}

// strategies are those that make sense for a contact and a record that stay two.
func strategies() []string {
	return []string{cluster.DoNothing, cluster.Overwrite, cluster.FillEmpty}
}

// Validate lists every problem that shows without knowing the columns.
func (c Config) Validate() error {
	c = c.WithDefaults()
	var errs []error
	word := func(what, value string, allowed []string) {
		if !slices.Contains(allowed, value) {
			errs = append(errs, fmt.Errorf("%s is %q, must be one of %s%s", what, value, strings.Join(allowed, ", "), nearest.Hint(value, allowed)))
		}
	}
	word("links", c.Links, []string{All, Best, OneToOne})
	word("unmatched", c.Unmatched, []string{List, Nothing})
	word("update_from", c.UpdateFrom, []string{scoring.AutoMerge.String(), scoring.Suggest.String()})
	word("update", c.Update, strategies())
	for _, field := range slices.Sorted(maps.Keys(c.Fields)) {
		word("fields."+field, c.Fields[field], strategies())
	}
	if len(errs) == 0 {
		errs = append(errs, c.survivorship().Validate())
	}
	return errors.Join(errs...)
}

// Check lists the fields that name nothing in the layout of a run that links two tables.
func (c Config) Check(l contact.Layout) error { return c.survivorship().Check(l) }

// survivorship is the same in the words of a merge.
func (c Config) survivorship() cluster.Survivorship {
	c = c.WithDefaults()
	return cluster.Survivorship{Default: c.Update, Fields: c.Fields}
}

// from is the weakest decision that updates a contact.
func (c Config) from() scoring.Decision {
	d, _ := scoring.ParseDecision(c.WithDefaults().UpdateFrom)
	return d
}
