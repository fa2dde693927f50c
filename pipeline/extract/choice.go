package extract

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/nearest"
)

// choices are the decisions a user made about the columns of a contacts source, before they are matched with its columns.
type choices struct {
	id      string
	exclude []string
	mapping map[string]string
	how     string // byFlag or byConfig: where they were made, for messages and Column.How

	identities bool // the columns are those of an identities table
}

// option spells a choice as the user wrote it.
func (c choices) option(flag, config string) string {
	if c.how == byFlag {
		return flag
	}
	return config
}

// ChoiceError is a mistake in what the user said about the columns, on the command line or in the configuration.
type ChoiceError struct{ cause error }

// Error names the choice and what is wrong with it.
func (e *ChoiceError) Error() string { return e.cause.Error() }

// Unwrap gives the cause.
func (e *ChoiceError) Unwrap() error { return e.cause }

// fix matches the choices with the columns of where. It refuses what cannot be meant, with a *ChoiceError: a column that is not there, a
// field that does not exist, and a field of which a contact has only one given twice.
func (c choices) fix(where string, columns []string) (map[int]contact.Column, error) {
	fixed, err := c.match(where, columns)
	if err != nil {
		return nil, &ChoiceError{err}
	}
	return fixed, nil
}

func (c choices) match(where string, columns []string) (map[int]contact.Column, error) {
	fixed := map[int]contact.Column{}
	owner := map[contact.Field]string{}
	add := func(option, column, target string) error {
		i, err := findColumn(where, option, column, columns)
		if err != nil {
			return err
		}
		parse := parseTarget
		if c.identities {
			parse = parseIdentityTarget
		}
		col, err := parse(option, target)
		if err != nil {
			return err
		}
		if prev, ok := fixed[i]; ok && (prev.Field != col.Field || prev.Channel != col.Channel) {
			return fmt.Errorf("%s: column %q was already given as %s", option, column, meaningName(prev))
		}
		if other, ok := owner[col.Field]; ok && col.Field.Single() && other != columns[i] {
			return fmt.Errorf("%s: %s is already column %q, and only one column can be it", option, col.Field, other)
		}
		owner[col.Field] = columns[i]
		col.How = c.how
		fixed[i] = col
		return nil
	}
	if c.id != "" {
		if err := add(c.option("--id "+c.id, "id: "+c.id), c.id, string(contact.FieldID)); err != nil {
			return nil, err
		}
	}
	for _, column := range c.exclude {
		if err := add(c.option("--exclude "+column, "exclude: "+column), column, string(contact.FieldIgnore)); err != nil {
			return nil, err
		}
	}
	for _, column := range slices.Sorted(maps.Keys(c.mapping)) {
		target := c.mapping[column]
		if err := add(c.option("--map "+column+"="+target, "columns: "+column+": "+target), column, target); err != nil {
			return nil, err
		}
	}
	return fixed, nil
}

// refuse says when a column was chosen that had to be left out.
func (c choices) refuse(where string, dropped []droppedColumn) error {
	for _, d := range dropped {
		_, mapped := c.mapping[d.name]
		if mapped || d.name == c.id {
			return fmt.Errorf("%s: column %q has type %s, whose values cannot be compared as text", where, d.name, d.typ)
		}
	}
	return nil
}

// meaningName is the word a column's meaning is configured with.
func meaningName(c contact.Column) string {
	if c.Field == contact.FieldIdentity {
		return string(c.Channel)
	}
	return string(c.Field)
}

// parseTarget understands what a column is mapped to: a field, a known channel, or identity:NAME for a channel of the
// customer's own.
func parseTarget(option, target string) (contact.Column, error) {
	t := strings.ToLower(strings.TrimSpace(target))
	if name, ok := strings.CutPrefix(t, string(contact.FieldIdentity)+":"); ok {
		if name = strings.TrimSpace(name); name == "" {
			return contact.Column{}, fmt.Errorf("%s: want identity:NAME, with the name of a channel", option)
		}
		return contact.Column{Field: contact.FieldIdentity, Channel: contact.Channel(name)}, nil
	}
	if f := contact.Field(t); f != contact.FieldIdentity && slices.Contains(contact.ContactFields(), f) {
		return contact.Column{Field: f}, nil
	}
	if c := contact.Channel(t); slices.Contains(vocab().channels, c) {
		return contact.Column{Field: contact.FieldIdentity, Channel: c}, nil
	}
	if m, ok := vocab().names[squeeze(target)]; ok { // --map tel1=telephone
		return contact.Column{Field: m.field, Channel: m.channel}, nil
	}
	return contact.Column{}, fmt.Errorf("%s: there is no field %q%s; a channel of your own is identity:%s", option, target,
		nearest.Hint(target, targets()), t)
}

// parseIdentityTarget understands what a column of an identities table is mapped to.
func parseIdentityTarget(option, target string) (contact.Column, error) {
	var names []string
	for _, f := range contact.IdentityFields() {
		if string(f) == strings.ToLower(strings.TrimSpace(target)) {
			return contact.Column{Field: f}, nil
		}
		names = append(names, string(f))
	}
	return contact.Column{}, fmt.Errorf("%s: there is no field %q of an identity%s; there are %s", option, target,
		nearest.Hint(target, names), listNames(names))
}

// targets lists every word parseTarget knows.
func targets() []string {
	var out []string
	for _, f := range contact.ContactFields() {
		if f != contact.FieldIdentity {
			out = append(out, string(f))
		}
	}
	for _, c := range vocab().channels {
		out = append(out, string(c))
	}
	return out
}

// findColumn finds a column by its exact name, or else by its name whatever case and punctuation, when only one fits.
func findColumn(where, option, name string, columns []string) (int, error) {
	if i := slices.Index(columns, name); i >= 0 {
		return i, nil
	}
	found := -1
	for i, c := range columns {
		if key := squeeze(c); key != "" && key == squeeze(name) {
			if found >= 0 {
				return 0, fmt.Errorf("%s: both %q and %q of %s are spelt like that; give the exact name", option, columns[found], c, where)
			}
			found = i
		}
	}
	if found < 0 {
		return 0, fmt.Errorf("%s: %s has no column %q%s", option, where, name, nearest.Hint(name, columns))
	}
	return found, nil
}

// listNames writes names for a message, and not hundreds of them.
func listNames(names []string) string {
	const most = 30
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}
