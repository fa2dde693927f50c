package merge

import (
	"fmt"
	"strings"
)

// kind is how a column refers to contacts.
type kind int

const (
	byID   kind = iota // by their id
	byKey              // by other columns, which are unique
	byList             // by a list of their ids
)

// pair is a column and the column of contacts that it refers to.
type pair struct {
	ours, theirs *column
	toTheirs     string // operator: ours = theirs
}

// reference is a column that holds contact ids, or several that identify a contact in another way.
type reference struct {
	constraint string // "" for one the configuration names
	child      *relation
	column     *column // the one that reports name
	kind       kind
	keys       []pair // of byKey
	self       bool
	identities bool
	others     []companion // further columns of a composite key
	textual    bool        // holds ids as text, whatever their type
	typeColumn *column     // says what the id is an id of; nil when all are of contacts
	word       int         // place in catalog.words of its value for contacts, from 1
	indexed    bool
	cascades   string // a foreign key that would hand an update of the column on to another table
	toID       string // operator: column = contact id
	fromID     string // operator: contact id = column
}

// String is for people.
func (r *reference) String() string { return r.child.String() + "." + r.column.name }

// columns are those that a merge changes.
func (r *reference) columns() []*column {
	if r.kind != byKey {
		return []*column{r.column}
	}
	out := make([]*column, len(r.keys))
	for i, k := range r.keys {
		out[i] = k.ours
	}
	return out
}

func (r *reference) columnNames() []string {
	var out []string
	for _, c := range r.columns() {
		out = append(out, c.name)
	}
	return out
}

// refers says whether a column is part of the reference.
func (r *reference) refers(name string) bool {
	for _, c := range r.columns() {
		if c.name == name {
			return true
		}
	}
	return false
}

// from is what a query over rows t of the reference joins with: the map, and where the ids do not say it, the contacts themselves.
func (c *catalog) from(r *reference) string {
	if r.kind != byKey {
		return "cm_m AS m"
	}
	id := quote(c.id.name)
	return `cm_m AS m JOIN ` + c.contacts.sql() + ` AS l ON l.` + id + ` ` + c.idEqual + ` m.l JOIN ` + c.contacts.sql() + ` AS s ON s.` + id + ` ` + c.idEqual + ` m.s`
}

// refersTo is the condition that row t refers to the loser of a row of from. It repeats itself so that any plan can use the index.
func (c *catalog) refersTo(r *reference) string {
	fk := "t." + quote(r.column.name)
	switch r.kind {
	case byKey:
		on := make([]string, len(r.keys))
		for i, k := range r.keys {
			on[i] = "t." + quote(k.ours.name) + " " + k.toTheirs + " l." + quote(k.theirs.name)
		}
		return strings.Join(on, " AND ")
	case byList:
		return c.typed(r) + c.overlaps(r) + " AND " + c.in(r, "m.l", "m.lt")
	}
	if r.textual {
		return c.typed(r) + fk + `::text = ANY ($2::text[]) AND ` + fk + `::text = m.lt`
	}
	return c.typed(r) + c.oneOf(fk, r.toID, 2) + ` AND ` + fk + ` ` + r.toID + ` m.l`
}

// typed is the condition that row t refers to a contact and not to something else.
func (c *catalog) typed(r *reference) string {
	if r.typeColumn == nil {
		return ""
	}
	return fmt.Sprintf("t.%s::text = ($4::text[])[%d] AND ", quote(r.typeColumn.name), r.word)
}

// overlaps is the condition that the list of row t has any loser, for indexes to work with.
func (c *catalog) overlaps(r *reference) string {
	return "t." + quote(r.column.name) + ` OPERATOR(pg_catalog.&&) $2::text[]::` + r.column.base
}

// in is the condition that the list of row t has an id, given as it is and as text.
func (c *catalog) in(r *reference, id, text string) string {
	fk := "t." + quote(r.column.name)
	if r.textual {
		return text + ` = ANY (` + fk + `::text[])`
	}
	return id + ` ` + c.idEqual + ` ANY (` + fk + `)`
}

// itself is the condition that row t is the survivor: it must not become its own parent.
func (c *catalog) itself() string { return "t." + quote(c.id.name) + " " + c.idEqual + " m.s" }

// moved are the new values of the reference's columns, how the journal writes them, and the condition that row t has them.
func (c *catalog) moved(r *reference) (values, texts []string, right string) {
	if r.kind == byKey {
		on := make([]string, len(r.keys))
		for i, k := range r.keys {
			s := "s." + quote(k.theirs.name)
			values, texts = append(values, s+"::text::"+k.ours.base), append(texts, s+"::text::"+k.ours.full+"::text")
			on[i] = "t." + quote(k.ours.name) + " " + k.toTheirs + " " + s
		}
		right = strings.Join(on, " AND ")
	} else {
		fk := "t." + quote(r.column.name)
		values, texts = []string{"m.st::" + r.column.base}, []string{"m.st::" + r.column.full + "::text"}
		if right = fk + " " + r.toID + " m.s"; r.textual {
			right = fk + "::text = m.st"
		}
	}
	if !r.self {
		return values, texts, right
	}
	empty := make([]string, len(values))
	for i, col := range r.columns() {
		values[i] = "CASE WHEN " + c.itself() + " THEN NULL ELSE " + values[i] + " END"
		texts[i] = "CASE WHEN " + c.itself() + " THEN NULL ELSE " + texts[i] + " END"
		empty[i] = "t." + quote(col.name) + " IS NULL"
	}
	return values, texts, "CASE WHEN " + c.itself() + " THEN " + strings.Join(empty, " AND ") + " ELSE " + right + " END"
}
