package merge

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/contactmerge/contactmerge/internal/cluster"
)

// repoint makes the rows of one reference point to the survivors.
func (b *batch) repoint(ctx context.Context, i int) error {
	if !b.moves(i) {
		return nil
	}
	r := &b.cat.refs[i]
	if r.kind == byList {
		return b.rewrite(ctx, i)
	}
	for _, mv := range b.ways(i) {
		if err := b.repointSo(ctx, i, mv); err != nil {
			return err
		}
	}
	if r.self {
		return b.acyclic(ctx, r)
	}
	return nil
}

// ways are how the rows of a reference move. A step whose members agree in the companions leaves them alone, whatever the other steps do.
func (b *batch) ways(i int) []*move {
	r := &b.cat.refs[i]
	var narrow, wide []int
	for n, it := range b.items {
		switch {
		case it.wide[i]:
			wide = append(wide, n+1)
		case it.counts[i] > 0:
			narrow = append(narrow, n+1)
		}
	}
	switch {
	case len(wide) == 0:
		return []*move{b.cat.plain(r, nil)}
	case len(narrow) == 0:
		return []*move{b.cat.accompanied(r, wide)}
	}
	return []*move{b.cat.plain(r, narrow), b.cat.accompanied(r, wide)}
}

// repointSo moves rows of a reference in one way.
func (b *batch) repointSo(ctx context.Context, i int, mv *move) error {
	r := &b.cat.refs[i]
	among, more := mv.among(journalParameters + 1)
	b.cfg.Fault("journal")
	// The rows are locked here, in the state in which the next statement finds them.
	journalled, err := b.journal(ctx, &entry{action: "repoint", relation: r.child, constraint: r.constraint, columns: mv.columns}, `cm_x AS MATERIALIZED (
			SELECT m.n, `+textArray(r.child.key)+` AS k, `+textArray(mv.columns)+` AS b, ARRAY[`+strings.Join(mv.texts, ", ")+`] AS a, `+r.child.roundTrips(slices.Concat(mv.columns, r.child.key))+` AS same
			FROM `+r.child.sql()+` AS t JOIN `+mv.from+` ON `+b.cat.refersTo(r)+among+` FOR UPDATE OF t
		)`, more...)
	if err != nil {
		return err
	}
	b.cfg.Fault("repoint")
	among, more = mv.among(mapParameters + 1)
	from, was := mv.joined()
	counts, err := b.tally(ctx, b.cat.mapSQL()+`cm_u AS (UPDATE `+r.child.sql()+` AS t SET `+mv.assignments()+` FROM `+from+` WHERE `+b.cat.refersTo(r)+was+among+
		` RETURNING m.n, `+mv.right+` AS ok) SELECT n, ARRAY[count(*), count(*) FILTER (WHERE ok)] FROM cm_u GROUP BY n`, b.mapArgs(more...)...)
	if err != nil {
		return err
	}
	b.cfg.Fault("repointed")
	return b.allMoved(i, journalled, counts)
}

// allMoved asserts that as many rows were moved as journalled, and that they are where they should be.
func (b *batch) allMoved(i int, journalled map[*item]int64, counts map[*item][]int64) error {
	var wrong conflict
	for _, it := range b.items {
		rows, ok := nth(counts[it], 0), nth(counts[it], 1)
		if want := journalled[it]; (rows != want || ok != want) && !b.cfg.Seeded.bug("no_row_count") {
			wrong.refuse(it, &verdict{Refused, fmt.Sprintf("%d of %d rows of %s could be moved: a trigger kept the others", min(rows, ok), want, &b.cat.refs[i])})
		}
		it.result.Tables[i].Repointed += rows
	}
	return wrong.err()
}

// rewrite puts the survivors' ids where the losers' were in lists of ids: at the first of their places, once.
func (b *batch) rewrite(ctx context.Context, i int) error {
	r := &b.cat.refs[i]
	fk := "t." + quote(r.column.name)
	// The survivor's number, and the list without the losers, with the survivor once.
	id, survivor := "x.e", "m.s"
	if r.textual {
		id, survivor = "x.e::text", "m.st"
	}
	same := func(a, b string, op string) string { return a + " " + op + " " + b }
	op := b.cat.idEqual
	if r.textual {
		op = "="
	}
	own := ""
	if r.self { // the survivor must not be in its own list
		own = " AND NOT " + b.cat.itself()
	}
	lists := `SELECT t.ctid AS c, t.tableoid AS o, m.n, ARRAY(
				SELECT y.e FROM (SELECT y.e, y.o, y.hit, row_number() OVER (PARTITION BY y.hit ORDER BY y.o) AS nth FROM (
					SELECT CASE WHEN x.hit THEN m.st::` + r.column.element + ` ELSE x.e END AS e, x.o, x.hit FROM (
						SELECT x.e, x.o, coalesce(` + same(id, survivor, op) + ` OR EXISTS (SELECT FROM cm_m AS q WHERE q.n = m.n AND ` + same(id, map[bool]string{true: "q.lt", false: "q.l"}[r.textual], op) + `), false) AS hit
						FROM unnest(` + fk + `) WITH ORDINALITY AS x(e, o)) AS x) AS y) AS y
				WHERE NOT y.hit OR y.nth = 1` + own + ` ORDER BY y.o)::` + r.column.full + ` AS list
			FROM ` + r.child.sql() + ` AS t CROSS JOIN LATERAL (SELECT m.n, m.s, m.st FROM cm_m AS m WHERE ` + b.cat.in(r, "m.l", "m.lt") + ` ORDER BY m.n LIMIT 1) AS m
			WHERE ` + b.cat.typed(r) + b.cat.overlaps(r)
	cols := r.columnNames()
	b.cfg.Fault("journal")
	journalled, err := b.journal(ctx, &entry{action: "rewrite", relation: r.child, columns: cols}, `cm_l AS MATERIALIZED (`+lists+` FOR UPDATE OF t), cm_x AS MATERIALIZED (
			SELECT y.n, `+textArray(r.child.key)+` AS k, `+textArray(cols)+` AS b, ARRAY[y.list::text] AS a, `+r.child.roundTrips(slices.Concat(cols, r.child.key))+` AS same
			FROM `+r.child.sql()+` AS t JOIN cm_l AS y ON t.ctid = y.c AND t.tableoid = y.o
		)`)
	if err != nil {
		return err
	}
	b.cfg.Fault("repoint")
	counts, err := b.tally(ctx, b.cat.mapSQL()+`cm_l AS MATERIALIZED (`+lists+`), cm_u AS (UPDATE `+r.child.sql()+` AS t SET `+quote(r.column.name)+` = y.list FROM cm_l AS y
			WHERE t.ctid = y.c AND t.tableoid = y.o RETURNING y.n, `+fk+` = y.list AS ok) SELECT n, ARRAY[count(*), count(*) FILTER (WHERE ok)] FROM cm_u GROUP BY n`, b.mapArgs()...)
	if err != nil {
		return err
	}
	b.cfg.Fault("repointed")
	return b.allMoved(i, journalled, counts)
}

// acyclic refuses steps that made a survivor its own ancestor.
func (b *batch) acyclic(ctx context.Context, r *reference) error {
	t, id := b.cat.contacts.sql(), quote(b.cat.id.name)
	// What a contact refers to, from one to the next.
	up, on := "t."+quote(r.column.name), "t."+id+" "+r.fromID+" u.up"
	if r.kind == byKey {
		ons := make([]string, len(r.keys))
		for i, k := range r.keys {
			ons[i] = "c." + quote(k.ours.name) + " " + k.toTheirs + " t." + quote(k.theirs.name)
		}
		up, on = "t."+id, strings.Join(ons, " AND ")
		return b.cycles(ctx, r, `SELECT m.n, m.s, `+up+` AS up FROM cm_m AS m JOIN `+t+` AS c ON c.`+id+` `+b.cat.idEqual+` m.s JOIN `+t+` AS t ON `+on+`
			UNION SELECT u.n, u.s, `+up+` FROM cm_up AS u JOIN `+t+` AS c ON c.`+id+` `+b.cat.idEqual+` u.up JOIN `+t+` AS t ON `+on, "u.up "+b.cat.idEqual+" u.s")
	}
	return b.cycles(ctx, r, `SELECT m.n, m.s, `+up+` AS up FROM cm_m AS m JOIN `+t+` AS t ON t.`+id+` `+b.cat.idEqual+` m.s
		UNION SELECT u.n, u.s, `+up+` FROM cm_up AS u JOIN `+t+` AS t ON `+on, "u.up "+r.toID+" u.s")
}

// cycles refuses steps whose survivor is found by going up from it.
func (b *batch) cycles(ctx context.Context, r *reference, up, meets string) error {
	counts, err := b.tally(ctx, strings.Replace(b.cat.mapSQL(), "WITH", "WITH RECURSIVE", 1)+`cm_up AS (`+up+`) SELECT u.n, ARRAY[count(*)] FROM cm_up AS u WHERE `+meets+` GROUP BY u.n`, b.mapArgs()...)
	if err != nil {
		return err
	}
	var wrong conflict
	for _, it := range b.items {
		if nth(counts[it], 0) > 0 {
			wrong.refuse(it, &verdict{Refused, fmt.Sprintf("the survivor would become its own ancestor by column %q", r.column.name)})
		}
	}
	return wrong.err()
}

// fill gives the survivors the values of the plan. Steps that change the same columns are filled together: a column that a step does not
// change must not even be set to what it is, since a trigger may look.
func (b *batch) fill(ctx context.Context) error {
	groups := make(map[string][]int) // by the columns
	for n, it := range b.items {
		if len(it.step.Changes) > 0 {
			key := strings.Join(columnsOf(it.step.Changes), "\x00")
			groups[key] = append(groups[key], n)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		if err := b.fillSome(ctx, groups[key]); err != nil {
			return err
		}
	}
	for i := range b.cat.refs {
		r := &b.cat.refs[i]
		if r.self && slices.ContainsFunc(b.items, func(it *item) bool { return slices.ContainsFunc(columnsOf(it.step.Changes), r.refers) }) {
			if err := b.acyclic(ctx, r); err != nil {
				return err
			}
		}
	}
	return nil
}

func columnsOf(changes []cluster.Change) []string {
	out := make([]string, len(changes))
	for i, ch := range changes {
		out[i] = ch.Column
	}
	return out
}

// fillSome fills the survivors of steps that change the same columns.
func (b *batch) fillSome(ctx context.Context, steps []int) error {
	r, id := b.cat.contacts, "t."+quote(b.cat.id.name)
	columns := columnsOf(b.items[steps[0]].step.Changes)
	var (
		numbers   []int
		survivors []string
		values    = make([][]*string, len(columns))
	)
	for _, n := range steps {
		it := b.items[n]
		numbers, survivors = append(numbers, n+1), append(survivors, it.step.Survivor)
		for i, ch := range it.step.Changes {
			values[i] = append(values[i], ch.Value)
		}
	}
	args := []any{numbers, survivors}
	sets, params, names := make([]string, len(columns)), make([]string, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		args = append(args, values[i])
		names[i] = fmt.Sprintf("v%d", i)
		params[i] = fmt.Sprintf("$%d::text[]", journalParameters+len(args))
		sets[i] = quote(c) + " = f." + names[i] + "::" + r.column(c).base
	}
	ids := fmt.Sprintf("$%d::text[]", journalParameters+2)
	mine := b.cat.oneOf(id, b.cat.idEqual, journalParameters+2) + " AND " + id + " " + b.cat.idEqual + " f.id"
	b.cfg.Fault("fill")
	// The first query sees the row as it was before this statement, the update returns it as it is after its triggers.
	rows, err := b.journal(ctx, &entry{action: "fill", relation: r, columns: r.names()}, `cm_f AS MATERIALIZED (
			SELECT f.n, f.id::`+b.cat.id.base+` AS id, f.`+strings.Join(names, ", f.")+` FROM unnest(`+fmt.Sprintf("$%d::integer[], ", journalParameters+1)+ids+`, `+strings.Join(params, ", ")+`)
				AS f(n, id, `+strings.Join(names, ", ")+`)
		), cm_old AS MATERIALIZED (
			SELECT f.n, `+textArray(r.key)+` AS k, `+textArray(r.names())+` AS b, `+r.roundTrips(r.names())+` AS same FROM `+r.sql()+` AS t JOIN cm_f AS f ON `+mine+`
		), cm_new AS (
			UPDATE `+r.sql()+` AS t SET `+strings.Join(sets, ", ")+` FROM cm_f AS f WHERE `+mine+` RETURNING f.n, `+textArray(r.names())+` AS a
		), cm_x AS (SELECT n, k, b, a, same FROM cm_old JOIN cm_new USING (n))`, args...)
	if err != nil {
		return err
	}
	var wrong conflict
	for _, n := range steps {
		if rows[b.items[n]] != 1 {
			wrong.refuse(b.items[n], &verdict{Refused, "the survivor could not be filled: a trigger kept its row"})
		}
	}
	b.cfg.Fault("filled")
	return wrong.err()
}

// unreferenced asserts that nothing refers to a loser any more.
func (b *batch) unreferenced(ctx context.Context) error {
	before := make([][]int64, len(b.items))
	for n, it := range b.items {
		before[n] = it.counts
	}
	if err := b.count(ctx); err != nil {
		return err
	}
	var wrong conflict
	for n, it := range b.items {
		for i, left := range it.counts {
			if left != 0 {
				wrong.refuse(it, &verdict{Refused, fmt.Sprintf("%d rows of %s still refer to a loser", left, &b.cat.refs[i])})
			}
		}
		it.counts = before[n]
	}
	return wrong.err()
}

// mark sets the archive column of the losers.
func (b *batch) mark(ctx context.Context) error {
	r, col := b.cat.contacts, b.cat.contacts.column(b.cfg.ArchiveColumn)
	value, more := "m.st", []any(nil)
	if b.cfg.ArchiveValue != "" {
		value, more = fmt.Sprintf("$%d::text", journalParameters+1), []any{b.cfg.ArchiveValue}
	}
	names := []string{col.name}
	b.cfg.Fault("retire")
	rows, err := b.journal(ctx, &entry{action: "mark", relation: r, columns: names}, `cm_old AS MATERIALIZED (
			SELECT m.n, `+textArray(r.key)+` AS k, `+textArray(names)+` AS b, `+r.roundTrips(append([]string{col.name}, r.key...))+` AS same FROM `+r.sql()+` AS t JOIN cm_m AS m ON `+b.cat.isLoser()+`
		), cm_new AS (
			UPDATE `+r.sql()+` AS t SET `+quote(col.name)+` = `+value+`::`+col.base+` FROM cm_m AS m WHERE `+b.cat.isLoser()+` RETURNING `+textArray(r.key)+` AS k, `+textArray(names)+` AS a
		), cm_x AS (SELECT n, k, b, a, same FROM cm_old JOIN cm_new USING (k))`, more...)
	return b.retired(rows, err)
}

// remove deletes the losers.
func (b *batch) remove(ctx context.Context) error {
	r := b.cat.contacts
	b.cfg.Fault("retire")
	rows, err := b.journal(ctx, &entry{action: "delete", relation: r, columns: r.names()}, `cm_x AS (
			DELETE FROM `+r.sql()+` AS t USING cm_m AS m WHERE `+b.cat.isLoser()+`
			RETURNING m.n, `+textArray(r.key)+` AS k, `+textArray(r.names())+` AS b, NULL::text[] AS a, `+r.roundTrips(r.names())+` AS same
		)`)
	return b.retired(rows, err)
}

// retired asserts that every loser was written.
func (b *batch) retired(rows map[*item]int64, err error) error {
	if err != nil {
		return err
	}
	var wrong conflict
	for _, it := range b.items {
		if n := rows[it]; n != int64(len(it.step.Losers)) {
			wrong.refuse(it, &verdict{Refused, fmt.Sprintf("%d of %d losers could be retired: a trigger kept the others", n, len(it.step.Losers))})
		}
	}
	b.cfg.Fault("retired")
	return wrong.err()
}
