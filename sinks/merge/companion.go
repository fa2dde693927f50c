package merge

import (
	"fmt"
	"slices"
	"strings"
)

// companion is a further column of a foreign key that refers to contacts by their id. A row that moves takes the survivor's value in it, where
// it has the loser's: the two only make sense together.
type companion struct {
	ours, theirs *column
	toTheirs     string // operator: ours = theirs
	constraint   string
	fixed        string // why no row may take another value, "" when it may
}

// companion is the one that a column is, nil when it is none that may change.
func (r *reference) companion(name string) *companion {
	for i := range r.others {
		if o := &r.others[i]; o.ours.name == name && o.fixed == "" {
			return o
		}
	}
	return nil
}

// companions are those that may change.
func (r *reference) companions() (out []*companion) {
	for i := range r.others {
		if o := &r.others[i]; o.fixed == "" {
			out = append(out, o)
		}
	}
	return out
}

// accompanies says whether a column of a table is a companion that may change.
func (c *catalog) accompanies(t *relation, name string) bool {
	return slices.ContainsFunc(c.refs, func(r reference) bool { return r.child == t && r.companion(name) != nil })
}

// writes says whether a merge may change a column because of the reference.
func (r *reference) writes(name string) bool { return r.refers(name) || r.companion(name) != nil }

// concerns says whether a column is part of the reference or of its foreign key.
func (r *reference) concerns(name string) bool {
	return r.refers(name) || slices.ContainsFunc(r.others, func(o companion) bool { return o.ours.name == name })
}

// writtenNames are the columns that a merge may change because of the reference.
func (r *reference) writtenNames() []string {
	out := r.columnNames()
	for _, o := range r.companions() {
		out = append(out, o.ours.name)
	}
	return out
}

// follows is the condition that a value of the companion goes from contact l to contact s: it is the one's and not yet the other's.
func (o *companion) follows(value string) string {
	their := quote(o.theirs.name)
	return value + " " + o.toTheirs + " l." + their + " AND (" + value + " " + o.toTheirs + " s." + their + ") IS NOT TRUE"
}

// becomes is what a value of the companion will be, and text how the journal writes that.
func (o *companion) becomes(value string) string {
	return "CASE WHEN " + o.follows(value) + " THEN s." + quote(o.theirs.name) + "::text::" + o.ours.base + " ELSE " + value + " END"
}

func (o *companion) text(value string) string {
	return "CASE WHEN " + o.follows(value) + " THEN s." + quote(o.theirs.name) + "::text::" + o.ours.full + "::text ELSE " + value + "::text END"
}

// foreseenValue is what a value of the companion in a row of member m of a step will be, for statements that do not join the contacts.
func (c *catalog) foreseenValue(o *companion, value string) string {
	id := quote(c.id.name)
	return "coalesce((SELECT s." + quote(o.theirs.name) + "::text::" + o.ours.base + " FROM " + c.contacts.sql() + " AS l CROSS JOIN " + c.contacts.sql() + " AS s WHERE m.o > 0 AND l." + id + " " + c.idEqual +
		" m.id AND s." + id + " " + c.idEqual + " (SELECT q.s FROM cm_m AS q WHERE q.n = m.n LIMIT 1) AND " + o.follows(value) + "), " + value + ")"
}

// move is a way to make rows point to the survivors.
type move struct {
	from    string // what the rows t are joined with
	was     string // the table again, for the update to see the rows as they were, "" when it need not
	columns []string
	values  []string
	texts   []string // how the journal writes the values
	right   string   // the condition that row t has them
	steps   []int    // their numbers, nil for all
}

// plain changes the columns of the reference only.
func (c *catalog) plain(r *reference, steps []int) *move {
	mv := &move{from: c.from(r), columns: r.columnNames(), steps: steps}
	mv.values, mv.texts, mv.right = c.moved(r)
	return mv
}

// accompanied changes the companions too. The loser need not be there any more, when rows were late for it.
func (c *catalog) accompanied(r *reference, steps []int) *move {
	mv := c.plain(r, steps)
	id := quote(c.id.name)
	mv.from = `cm_m AS m JOIN ` + c.contacts.sql() + ` AS s ON s.` + id + ` ` + c.idEqual + ` m.s LEFT JOIN ` + c.contacts.sql() + ` AS l ON l.` + id + ` ` + c.idEqual + ` m.l`
	mv.was = r.child.sql()
	right := []string{mv.right}
	for _, o := range r.companions() {
		name := quote(o.ours.name)
		mv.columns = append(mv.columns, o.ours.name)
		mv.values, mv.texts = append(mv.values, o.becomes("t."+name)), append(mv.texts, o.text("t."+name))
		right = append(right, "t."+name+"::text IS NOT DISTINCT FROM "+o.text("was."+name))
	}
	mv.right = strings.Join(right, " AND ")
	return mv
}

// among is the condition that map row m is of the move's steps, which are a parameter of the statement.
func (mv *move) among(parameter int) (condition string, args []any) {
	if mv.steps == nil {
		return "", nil
	}
	return fmt.Sprintf(" AND m.n = ANY ($%d::integer[])", parameter), []any{mv.steps}
}

// joined is what the update is joined with, and the condition that goes with it.
func (mv *move) joined() (from, condition string) {
	if mv.was == "" {
		return mv.from, ""
	}
	return mv.from + ", " + mv.was + " AS was", " AND was.ctid = t.ctid AND was.tableoid = t.tableoid"
}

// assignments are "column = value".
func (mv *move) assignments() string {
	out := make([]string, len(mv.columns))
	for i, name := range mv.columns {
		out[i] = quote(name) + " = " + mv.values[i]
	}
	return strings.Join(out, ", ")
}
