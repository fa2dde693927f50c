package merge

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// feasible takes the steps out whose rows cannot be moved, as far as reading can tell, and counts those that can.
func (b *batch) feasible(ctx context.Context) error {
	if err := b.count(ctx); err != nil {
		return err
	}
	for _, it := range b.items {
		if reason := b.infeasible(it); reason != "" {
			b.drop(it, Refused, reason)
		}
	}
	for i := range b.cat.refs {
		r := &b.cat.refs[i]
		for _, check := range []func(context.Context, int, *reference) error{b.sameKey, b.roomy, b.hasKey, b.flat} {
			if err := check(ctx, i, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// infeasible is why a step cannot be carried out, "" when nothing speaks against it yet.
func (b *batch) infeasible(it *item) string {
	total := int64(0)
	for i, n := range it.counts {
		total += n
		if r := &b.cat.refs[i]; n > 0 && r.cascades != "" {
			return fmt.Sprintf("moving rows of %s would change another table through the foreign key %q", r, r.cascades)
		}
	}
	if total > int64(b.cfg.MaxChildren) {
		return fmt.Sprintf("%d rows would move, over the limit of %d (merge.max_children)", total, b.cfg.MaxChildren)
	}
	if it.bytes > b.cfg.MaxImageBytes {
		return fmt.Sprintf("its contacts take %d bytes in the journal, over the limit of %d (merge.max_megabytes)", it.bytes, b.cfg.MaxImageBytes)
	}
	for _, ch := range it.step.Changes {
		col := b.cat.contacts.column(ch.Column)
		switch {
		case col == nil:
			return fmt.Sprintf("%s has no column %q any more", b.cat.contacts, ch.Column)
		case col.generated:
			return fmt.Sprintf("column %q of %s is generated", ch.Column, b.cat.contacts)
		case col == b.cat.id, slices.Contains(b.cat.pinned, ch.Column):
			return fmt.Sprintf("other tables refer to contacts by column %q", ch.Column)
		}
	}
	return ""
}

// count counts the rows that refer to a loser, per step and reference. Once the losers are locked, the count of a declared reference can
// only fall.
func (b *batch) count(ctx context.Context) error {
	for _, it := range b.items {
		it.counts = make([]int64, len(b.cat.refs))
	}
	if len(b.cat.refs) == 0 || len(b.items) == 0 {
		return nil
	}
	selects := make([]string, len(b.cat.refs))
	for i := range b.cat.refs {
		r := &b.cat.refs[i]
		rows := "1"
		if r.kind == byList { // a row with two losers of one step is one row
			rows = "DISTINCT (t.tableoid, t.ctid)"
		}
		selects[i] = fmt.Sprintf(`SELECT m.n, %d AS i, count(%s) AS rows FROM %s AS t JOIN %s ON %s GROUP BY m.n`, i, rows, r.child.sql(), b.cat.from(r), b.cat.refersTo(r))
	}
	rows, err := b.tx.Query(ctx, b.cat.mapSQL()+`cm_c AS (`+strings.Join(selects, " UNION ALL ")+`) SELECT n, i, rows FROM cm_c`, b.mapArgs()...)
	if err != nil {
		return err
	}
	var (
		n, i  int
		count int64
	)
	_, err = pgx.ForEachRow(rows, []any{&n, &i, &count}, func() error {
		b.items[n-1].counts[i] = count
		return nil
	})
	return err
}

// moves says whether a reference has rows to move for any step.
func (b *batch) moves(i int) bool {
	return slices.ContainsFunc(b.items, func(it *item) bool { return it.counts[i] > 0 })
}

// dropWhere takes the steps out whose number a query over the map yields, if they have rows to move by reference i.
func (b *batch) dropWhere(ctx context.Context, i int, reason, sql string) error {
	rows, err := b.tx.Query(ctx, b.cat.mapSQL()+sql, b.mapArgs()...)
	if err != nil {
		return err
	}
	numbers, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		return err
	}
	items := b.items
	for _, n := range numbers {
		if it := items[n-1]; it.counts[i] > 0 {
			b.drop(it, Refused, reason)
		}
	}
	return nil
}

// sameKey finds the steps whose members differ in the other columns of a composite reference: their rows take the survivor's values along, or
// the step is refused.
func (b *batch) sameKey(ctx context.Context, i int, r *reference) error {
	for k := range r.others {
		if !b.moves(i) {
			return nil
		}
		o := &r.others[k]
		differ, err := b.differing(ctx, o)
		if err != nil {
			return err
		}
		for _, d := range differ {
			switch {
			case d.it.counts[i] == 0:
			case o.fixed != "":
				b.drop(d.it, Refused, fmt.Sprintf("rows of %s refer to contacts by %s too (constraint %q), in which the members differ: %s", r, o.theirs.name, o.constraint, o.fixed))
			case d.lacking:
				b.drop(d.it, Refused, fmt.Sprintf("rows of %s refer to a loser by %s too (constraint %q), which the survivor does not have", r, o.theirs.name, o.constraint))
			default:
				d.it.accompany(i)
			}
		}
	}
	return nil
}

// difference is a step whose members differ in a column.
type difference struct {
	it      *item
	lacking bool // the survivor has nothing in it
}

// differing are the steps whose members differ in what a companion refers to.
func (b *batch) differing(ctx context.Context, o *companion) ([]difference, error) {
	col, id := "p."+quote(o.theirs.name), quote(b.cat.id.name)
	// Grouping compares with the type's own operators.
	rows, err := b.tx.Query(ctx, b.cat.mapSQL()+`cm_g AS (SELECT a.n, bool_or(a.o = 0 AND `+col+` IS NULL) AS lacking FROM cm_a AS a
			JOIN `+b.cat.contacts.sql()+` AS p ON p.`+id+` `+b.cat.idEqual+` a.id GROUP BY a.n, `+col+`)
		SELECT n, bool_or(lacking) FROM cm_g GROUP BY n HAVING count(*) > 1 ORDER BY n`, b.mapArgs()...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (d difference, err error) {
		var n int
		if err = row.Scan(&n, &d.lacking); err == nil {
			d.it = b.items[n-1]
		}
		return d, err
	})
}

// hasKey refuses a reference by other columns than the id when the survivor has nothing in them to refer to.
func (b *batch) hasKey(ctx context.Context, i int, r *reference) error {
	if r.kind != byKey || !b.moves(i) {
		return nil
	}
	var empty, names []string
	for _, k := range r.keys {
		empty, names = append(empty, "s."+quote(k.theirs.name)+" IS NULL"), append(names, k.theirs.name)
	}
	id := quote(b.cat.id.name)
	return b.dropWhere(ctx, i, fmt.Sprintf("rows of %s refer to a loser by %s (constraint %q), which the survivor does not have", r.child, strings.Join(names, ", "), r.constraint),
		`cm_g AS (SELECT a.n FROM cm_a AS a JOIN `+b.cat.contacts.sql()+` AS s ON s.`+id+` `+b.cat.idEqual+` a.id WHERE a.o = 0 AND (`+strings.Join(empty, " OR ")+`))
		SELECT n FROM cm_g ORDER BY n`)
}

// flat refuses lists in lists: nobody has said what such ids mean.
func (b *batch) flat(ctx context.Context, i int, r *reference) error {
	if r.kind != byList || !b.moves(i) {
		return nil
	}
	return b.dropWhere(ctx, i, fmt.Sprintf("rows of %s have lists of ids in more than one dimension", r),
		`cm_g AS (SELECT DISTINCT m.n FROM `+r.child.sql()+` AS t JOIN `+b.cat.from(r)+` ON `+b.cat.refersTo(r)+` WHERE array_ndims(t.`+quote(r.column.name)+`) > 1)
		SELECT n FROM cm_g ORDER BY n`)
}

// untangle puts steps off that must not be in one transaction with an earlier one: the one before them changes their own rows, or the other
// way round, and what comes out depends on the order. They are next, after the earlier ones are done.
func (b *batch) untangle(ctx context.Context) error {
	if len(b.items) < 2 {
		return nil
	}
	owner, losers := make(map[string]int), make(map[string]int)
	for n, it := range b.items {
		for _, id := range members(it.step) {
			owner[id] = n
		}
		for _, id := range it.step.Losers {
			losers[id] = n
		}
	}
	later := make([]bool, len(b.items))
	tangled := func(x, y int) {
		if x != y {
			later[max(x, y)] = true
		}
	}
	for i := range b.cat.refs {
		r := &b.cat.refs[i]
		if !b.moves(i) {
			continue
		}
		if r.self {
			if err := b.pairs(ctx, r, func(id string, n int) {
				if o, ok := owner[id]; ok {
					tangled(o, n)
				}
			}); err != nil {
				return err
			}
			for n, it := range b.items {
				for _, ch := range it.step.Changes {
					if ch.Value == nil || !r.refers(ch.Column) {
						continue
					}
					if o, ok := losers[*ch.Value]; ok {
						tangled(o, n)
					}
				}
			}
		}
		if r.kind == byList {
			if err := b.shared(ctx, r, tangled); err != nil {
				return err
			}
		}
	}
	if err := b.crossed(ctx, tangled); err != nil {
		return err
	}
	items := b.items
	for n, it := range items {
		if later[n] {
			b.leave(&b.later, it)
		}
	}
	return nil
}

// pairs calls f with every member that refers to a loser, and the place of that loser's step.
func (b *batch) pairs(ctx context.Context, r *reference, f func(id string, n int)) error {
	return b.referring(ctx, r, ` WHERE `+b.cat.oneOf("t."+quote(b.cat.id.name), b.cat.idEqual, mapParameters+1), f, b.members())
}

// referring calls f with every contact that refers to a loser, and the place of that loser's step.
func (b *batch) referring(ctx context.Context, r *reference, where string, f func(id string, n int), args ...any) error {
	id := "t." + quote(b.cat.id.name)
	rows, err := b.tx.Query(ctx, b.cat.mapSQL()+`cm_p AS (SELECT DISTINCT `+id+`::text AS id, m.n FROM `+r.child.sql()+` AS t JOIN `+b.cat.from(r)+` ON `+b.cat.refersTo(r)+where+`) SELECT id, n FROM cm_p`,
		b.mapArgs(args...)...)
	if err != nil {
		return err
	}
	var (
		member string
		n      int
	)
	_, err = pgx.ForEachRow(rows, []any{&member, &n}, func() error { f(member, n-1); return nil })
	return err
}

// shared calls f with the places of every two steps that have losers in the list of one row.
func (b *batch) shared(ctx context.Context, r *reference, f func(x, y int)) error {
	return b.together(ctx, `SELECT array_agg(DISTINCT m.n) AS ns FROM `+r.child.sql()+` AS t JOIN `+b.cat.from(r)+` ON `+b.cat.refersTo(r)+`
			GROUP BY t.tableoid, t.ctid HAVING count(DISTINCT m.n) > 1`, f)
}

// together calls f with the first and every other of the steps in each list that a query yields.
func (b *batch) together(ctx context.Context, lists string, f func(x, y int)) error {
	rows, err := b.tx.Query(ctx, b.cat.mapSQL()+`cm_p AS (`+lists+`) SELECT ns FROM cm_p`, b.mapArgs()...)
	if err != nil {
		return err
	}
	var ns []int
	_, err = pgx.ForEachRow(rows, []any{&ns}, func() error {
		for _, y := range ns[1:] {
			f(ns[0]-1, y-1)
		}
		ns = nil
		return nil
	})
	return err
}

// crossed calls f with the places of every two steps that move the same row by different references, where these are part of the row's key:
// the journal of the later one finds the row by what the earlier one made of it.
func (b *batch) crossed(ctx context.Context, f func(x, y int)) error {
	for _, t := range b.cat.involved() {
		var sides []string
		keyed := false
		for i := range b.cat.refs {
			r := &b.cat.refs[i]
			if r.child != t || !b.moves(i) {
				continue
			}
			keyed = keyed || slices.ContainsFunc(t.key, r.writes)
			sides = append(sides, `SELECT t.tableoid AS o, t.ctid AS c, m.n FROM `+t.sql()+` AS t JOIN `+b.cat.from(r)+` ON `+b.cat.refersTo(r))
		}
		if !keyed || len(sides) < 2 {
			continue
		}
		err := b.together(ctx, `SELECT array_agg(DISTINCT n) AS ns FROM (`+strings.Join(sides, " UNION ALL ")+`) AS x GROUP BY o, c HAVING count(DISTINCT n) > 1`, f)
		if err != nil {
			return err
		}
	}
	return nil
}

// trim puts the last steps off when the transaction would become too large with them.
func (b *batch) trim() {
	var rows, bytes int64
	for n, it := range b.items {
		for _, c := range it.counts {
			rows += c
		}
		bytes += it.bytes
		if n > 0 && (rows > int64(b.cfg.GroupChildren) || bytes > b.cfg.GroupBytes) {
			for _, rest := range b.items[n:] {
				b.leave(&b.later, rest)
			}
			return
		}
	}
}
