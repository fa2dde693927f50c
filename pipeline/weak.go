package pipeline

import (
	"fmt"
	"strings"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/scoring"
)

// From how much on a model has something to learn from. What it starts from is worth 30 matches and 2,000 random pairs.
const (
	fewContacts = 100
	fewMatches  = 30
)

// weaknesses says where the contacts give the model little to go by, one line each; model is nil where nothing could be learned, and fitted
// is false for one that learned from other contacts.
func weaknesses(t *contact.Table, model []scoring.Comparison, fitted bool) []string {
	var out []string
	if fitted {
		out = append(out, littleLearned(t, model)...)
	}
	out = append(out, fewFacts(t, model)...)
	return append(out, silentColumns(t, model, fitted)...)
}

// littleLearned says how far the model rests on what it started from.
func littleLearned(t *contact.Table, model []scoring.Comparison) []string {
	seen := 0.0
	for _, c := range model {
		sum := 0.0
		for _, l := range c.Levels {
			sum += l.Matches
		}
		seen = max(seen, sum)
	}
	switch {
	case t.Len() < fewContacts:
		return []string{fmt.Sprintf("fewer than %d contacts are too few to learn from: weights are mostly those that the model starts with, made for contact "+
			"centres; a model of a larger table can be used with --model", fewContacts)}
	case seen < fewMatches:
		return []string{"there are hardly any likely duplicates to learn from: how often duplicates agree is mostly what the model starts with"}
	}
	return nil
}

// oneCluster says when most of the contacts seem to be one person.
func oneCluster(o *cluster.Outcome, largest int) []string {
	if o.Table.Len() < 3 {
		return nil
	}
	for i := range o.Clusters {
		c := &o.Clusters[i]
		if 2*len(c.Members) <= o.Table.Len() {
			continue
		}
		text := fmt.Sprintf("%d of %d contacts seem to be one person; if they are not, --exclude the columns that all have in common", len(c.Members), o.Table.Len())
		if len(c.Members) > largest {
			text += fmt.Sprintf(". They are more than clusters.max_members (%d), so a supervisor is asked", largest)
		}
		return []string{text}
	}
	return nil
}

// fewFacts says when contacts can be compared in one fact only.
func fewFacts(t *contact.Table, model []scoring.Comparison) []string {
	if t.Len() < 3 {
		return nil
	}
	switch facts := factsOf(t, model); len(facts) {
	case 0:
		return []string{"nothing tells one contact from another: no name, email, phone, birthdate or other column has two values to compare"}
	case 1:
		return []string{fmt.Sprintf("contacts can be compared in one fact only, the %s: nothing else can confirm or contradict a pair", facts[0])}
	}
	return nil
}

// factsOf lists what contacts can be compared in: facts of which there are two different values at least.
func factsOf(t *contact.Table, model []scoring.Comparison) []string {
	var out []string
	for _, f := range []struct {
		name string
		cols []contact.Col
	}{
		{"name", []contact.Col{contact.ColNameKey}},
		{"company", []contact.Col{contact.ColCompany}},
		{"country", []contact.Col{contact.ColCountry}},
		{"gender", []contact.Col{contact.ColGender}},
		{"address", []contact.Col{contact.ColStreet, contact.ColCity, contact.ColPostcode}},
	} {
		for _, c := range f.cols {
			if t.Col(c).Distinct() > 2 {
				out = append(out, f.name)
				break
			}
		}
	}
	spaces, born := differing(t)
	if born {
		out = append(out, "birthdate")
	}
	for _, s := range []struct {
		name   string
		spaces []contact.Space
	}{
		{"email", []contact.Space{contact.SpaceEmail}},
		{"phone number", []contact.Space{contact.SpacePhone, contact.SpaceNationalNumber}},
		{"channel id", []contact.Space{contact.SpaceHandle}},
		{"login", []contact.Space{contact.SpaceSSO}},
		{"ID number", []contact.Space{contact.SpaceNationalID}},
		{"cookie", []contact.Space{contact.SpaceCookie}},
	} {
		for _, space := range s.spaces {
			if spaces[space] {
				out = append(out, s.name)
				break
			}
		}
	}
	for _, i := range compared(t, model) {
		_, col := t.Custom(i)
		out = append(out, "column "+col.Name)
	}
	return out
}

// differing says of which kinds of identity there are two values at least, and whether there are two birthdates.
func differing(t *contact.Table) (spaces map[contact.Space]bool, born bool) {
	first, date := map[contact.Space]contact.Code{}, int32(0)
	spaces = map[contact.Space]bool{}
	for r := range contact.Row(t.Len()) {
		for _, k := range t.Keys(r) {
			if have, ok := first[k.Space]; !ok {
				first[k.Space] = k.Value
			} else if have != k.Value {
				spaces[k.Space] = true
			}
		}
		b := t.Birthdate(r)
		born = born || b != 0 && date != 0 && b != date
		date = max(date, b)
	}
	return spaces, born
}

// compared lists the columns of unknown meaning that the model compares.
func compared(t *contact.Table, model []scoring.Comparison) []int {
	names := map[string]bool{}
	for _, c := range model {
		names[c.Name] = true
	}
	var out []int
	for i := range t.Customs() {
		if _, col := t.Custom(i); names[col.Name] {
			out = append(out, i)
		}
	}
	return out
}

// silentColumns lists the columns that say nothing of anybody, and why. Which columns a model of other contacts does not know is told by itself.
func silentColumns(t *contact.Table, model []scoring.Comparison, fitted bool) []string {
	if t.Len() < 2 {
		return nil
	}
	used := map[string]bool{}
	for _, i := range compared(t, model) {
		_, col := t.Custom(i)
		used[col.Name] = true
	}
	var empty, constant, keys, common, rest []string
	for i, c := range t.Columns() {
		col, ok := t.RawColumn(i)
		if !ok || !evidence(c) {
			continue
		}
		values, filled, same := spread(t, col)
		switch {
		case filled == 0:
			empty = append(empty, c.Name)
		case values == 1 && filled > 1:
			constant = append(constant, c.Name)
		case c.Field != contact.FieldCustom || used[c.Name] || !fitted:
		case values == filled:
			keys = append(keys, c.Name)
		case same >= 0.5:
			common = append(common, c.Name)
		default:
			rest = append(rest, c.Name)
		}
	}
	var out []string
	add := func(names []string, one, many string) {
		if len(names) == 1 {
			out = append(out, fmt.Sprintf("column %s %s", names[0], one))
		} else if len(names) > 1 {
			out = append(out, fmt.Sprintf("columns %s %s", list(names), many))
		}
	}
	add(empty, "is empty in every contact", "are empty in every contact")
	add(constant, "has the same value in every contact that has one, so it tells nobody apart", "have the same value in every contact that has one, so they tell nobody apart")
	add(keys, "has another value in every contact, like a key: it is not compared", "have another value in every contact, like keys: they are not compared")
	add(common, "has one value in most contacts: it is not compared", "have one value in most contacts: they are not compared")
	add(rest, "is not compared: other columns of unknown meaning take up the room", "are not compared: other columns of unknown meaning take up the room")
	return out
}

// evidence reports whether a column would be evidence if it said anything.
func evidence(c contact.Column) bool {
	switch c.Field {
	case contact.FieldID, contact.FieldIgnore, contact.FieldTenant, contact.FieldSource, contact.FieldVIP, contact.FieldBlocked, contact.FieldOptOut,
		contact.FieldConsent, contact.FieldLegalHold, contact.FieldCreatedAt, contact.FieldUpdatedAt:
		return false
	}
	return true
}

// spread counts the values of a column and the contacts that have one, and says how often two of them have the same. Blank is none.
func spread(t *contact.Table, col contact.Strings) (values, filled int, same float64) {
	counts := make([]int, col.Distinct())
	for r := range contact.Row(t.Len()) {
		counts[col.Code(r)]++
	}
	agree := 0.0
	for c, n := range counts {
		if c == 0 || n == 0 || strings.TrimSpace(col.Text(contact.Code(c))) == "" {
			continue
		}
		values, filled = values+1, filled+n
		agree += float64(n) * float64(n-1)
	}
	return values, filled, ratio(agree, float64(filled)*float64(filled-1))
}

// list names a few things and counts the others.
func list(names []string) string {
	const shown = 6
	if len(names) > shown {
		return fmt.Sprintf("%s and %d others", strings.Join(names[:shown], ", "), len(names)-shown)
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
