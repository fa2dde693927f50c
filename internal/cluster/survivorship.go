package cluster

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/nearest"
)

// The survivorship strategies. Whatever the strategy, an empty value never overwrites another, and neither does a placeholder or filler.
const (
	DoNothing      = "do_nothing"      // the survivor's value stays; the contact's value is never used
	Overwrite      = "overwrite"       // the most recently updated contact's value
	FillEmpty      = "fill_empty"      // the survivor's value, or the most recent one if it has none
	MostComplete   = "most_complete"   // the longest value
	SourcePriority = "source_priority" // the value of the first source in Survivorship.SourcePriority
	Union          = "union"           // the distinct values, joined by "; "
	Concat         = "concat"          // all values, one a line
	Max            = "max"             // the largest number; fill_empty if a value is not a number
	Sum            = "sum"             // the sum; fill_empty if a value is not a number
)

// Fixed rules, which no strategy replaces. Values carry their names as Value.Rule.
const (
	RuleSurvivor    = "survivor"         // id, tenant and change time: always the survivor's own
	RuleOldest      = "oldest"           // creation time: the earliest known
	RuleOr          = "or"               // vip: true if true for any member
	RuleRestrictive = "most_restrictive" // blocked, opt-out and legal hold: true if true for any member; consent: false if false for any
)

// Units of several columns. Their columns move together, so that a golden name or address is one that somebody has. A unit is empty or
// filled as a whole: a different name or address takes the place of all of it, and parts that it lacks become empty.
const (
	UnitName    = "name"    // title, first, middle and last name, suffix, full name
	UnitAddress = "address" // street, city, state, postcode, country
)

// AnyField is the key in Survivorship.Sources under which a source's strategy for all other columns stands.
const AnyField = "default"

func strategies() []string {
	return []string{DoNothing, Overwrite, FillEmpty, MostComplete, SourcePriority, Union, Concat, Max, Sum}
}

// combines reports whether the strategy makes a new value of several.
func combines(strategy string) bool {
	return slices.Contains([]string{Union, Concat, Max, Sum}, strategy)
}

// Survivorship says which value of a cluster each field of the golden record takes.
//
// Fields is keyed by column name, by field word (birthdate, company …), by channel word for columns that hold an identity, or by "name"
// and "address" for the units; the first of these that is present counts. Sources does the same for the values that contacts of one source bring. When
// members differ in strategy, they are applied one after the other, in the order in which the constants are listed, fill_empty last.
type Survivorship struct {
	Default        string                       `yaml:"default"`         // the strategy of all other fields; fill_empty when not given
	Fields         map[string]string            `yaml:"fields"`          // strategy by column, field, channel, name or address
	Sources        map[string]map[string]string `yaml:"sources"`         // the same for the values of one source, such as crm: {default: overwrite}
	SourcePriority []string                     `yaml:"source_priority"` // best first; when given, it also chooses survivors before anything but VIP does
}

// WithDefaults fills in what is not set.
func (s Survivorship) WithDefaults() Survivorship {
	if s.Default == "" {
		s.Default = FillEmpty
	}
	return s
}

// Validate lists every problem at once, as far as they show without knowing the columns; Check looks at those.
func (s Survivorship) Validate() error { return errors.Join(s.WithDefaults().problems()...) }

func (s Survivorship) problems() []error {
	var errs []error
	note := func(where string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("survivorship.%s: %w", where, err))
		}
	}
	simple := slices.DeleteFunc(strategies(), combines)
	if !slices.Contains(simple, s.Default) {
		note("default", fmt.Errorf("%q is not one of %s%s", s.Default, strings.Join(simple, ", "), nearest.Hint(s.Default, simple)))
	}
	s.each(func(where, key, strategy string) {
		note(where, checkStrategy(key, strategy))
		if strategy == SourcePriority && len(s.SourcePriority) == 0 {
			note(where, errors.New("source_priority needs the list survivorship.source_priority"))
		}
	})
	if s.Default == SourcePriority && len(s.SourcePriority) == 0 {
		note("default", errors.New("source_priority needs the list survivorship.source_priority"))
	}
	distinct(s.SourcePriority, func(err error) { note("source_priority", err) })
	distinct(slices.Sorted(maps.Keys(s.Sources)), func(err error) { note("sources", err) })
	distinct(slices.Sorted(maps.Keys(s.Fields)), func(err error) { note("fields", err) })
	return errs
}

// distinct notes names that are empty, or there twice but for case and blanks.
func distinct(names []string, note func(error)) {
	seen := map[string]bool{}
	for _, n := range names {
		key := strings.ToLower(strings.TrimSpace(n))
		switch {
		case key == "":
			note(errors.New("contains an empty name"))
		case seen[key]:
			note(fmt.Errorf("names %q twice", n))
		}
		seen[key] = true
	}
}

// each visits all configured strategies in a fixed order.
func (s Survivorship) each(visit func(where, key, strategy string)) {
	for _, key := range slices.Sorted(maps.Keys(s.Fields)) {
		visit("fields."+key, key, s.Fields[key])
	}
	for _, source := range slices.Sorted(maps.Keys(s.Sources)) {
		for _, key := range slices.Sorted(maps.Keys(s.Sources[source])) {
			visit("sources."+source+"."+key, key, s.Sources[source][key])
		}
	}
}

// checkStrategy says why a strategy cannot be used for a key that names a field or a unit.
func checkStrategy(key, strategy string) error {
	if !slices.Contains(strategies(), strategy) {
		return fmt.Errorf("unknown strategy %q%s", strategy, nearest.Hint(strategy, strategies()))
	}
	field := contact.Field(strings.ToLower(key))
	unit, fixed := unitOf(field)
	switch {
	case unit != "":
		return fmt.Errorf("%s moves with the whole %s: set %s instead", key, unit, unit)
	case fixed != "":
		return fmt.Errorf("%s is decided by a fixed rule (%s)", key, fixed)
	case combines(strategy) && (key == UnitName || key == UnitAddress || key == AnyField || !combinable(field) && slices.Contains(contact.ContactFields(), field)):
		return fmt.Errorf("%s cannot combine several values by %s", key, strategy)
	}
	return nil
}

// combinable reports whether a made-up value can stand in a column of the field.
func combinable(f contact.Field) bool {
	return f == contact.FieldCustom || f == contact.FieldIgnore || f == contact.FieldCompany
}

// unitOf is the unit whose columns move together with a field, or the fixed rule that decides the field; both are empty for all others.
func unitOf(f contact.Field) (unit, fixed string) {
	switch f {
	case contact.FieldTitle, contact.FieldFirstName, contact.FieldMiddleName, contact.FieldLastName, contact.FieldSuffix, contact.FieldFullName:
		return UnitName, ""
	case contact.FieldStreet, contact.FieldCity, contact.FieldState, contact.FieldPostcode, contact.FieldCountry:
		return UnitAddress, ""
	case contact.FieldID, contact.FieldTenant, contact.FieldUpdatedAt:
		return "", RuleSurvivor
	case contact.FieldCreatedAt:
		return "", RuleOldest
	case contact.FieldVIP:
		return "", RuleOr
	case contact.FieldBlocked, contact.FieldOptOut, contact.FieldConsent, contact.FieldLegalHold:
		return "", RuleRestrictive
	}
	return "", ""
}

// Check lists the configured keys that name nothing in the layout, and the strategies that do not fit what they name.
func (s Survivorship) Check(l contact.Layout) error {
	known := []string{UnitName, UnitAddress}
	for _, f := range contact.ContactFields() {
		if unit, fixed := unitOf(f); unit == "" && fixed == "" { // the others are no help to whoever misspelt one
			known = append(known, string(f))
		}
	}
	for _, c := range l.Contacts {
		known = append(known, c.Name)
		if c.Field == contact.FieldIdentity {
			known = append(known, string(c.Channel))
		}
	}
	var errs []error
	s.each(func(where, key, strategy string) {
		column := slices.IndexFunc(l.Contacts, func(c contact.Column) bool { return strings.EqualFold(c.Name, key) })
		switch {
		case key == AnyField && strings.HasPrefix(where, "sources."):
		case column >= 0:
			c := l.Contacts[column]
			if unit, fixed := unitOf(c.Field); key == unit {
				return
			} else if unit != "" || fixed != "" || combines(strategy) && !combinable(c.Field) {
				if err := checkStrategy(string(c.Field), strategy); err != nil {
					errs = append(errs, fmt.Errorf("survivorship.%s: column %s: %w", where, c.Name, err))
				}
			}
		case slices.Contains(contact.ContactFields(), contact.Field(strings.ToLower(key))):
			// A field that no column has now may come with the next file; what does not fit the field, Validate says.
		case !slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, key) }):
			errs = append(errs, fmt.Errorf("survivorship.%s: no column or field %q%s", where, key, nearest.Hint(key, known)))
		}
	})
	return errors.Join(errs...)
}
