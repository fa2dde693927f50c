package merge

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// write carries out what the walk found, a statement for rows that change alike.
func (u *unmerge) write(ctx context.Context, w *walk) error {
	for _, id := range w.order.sorted() {
		for _, ops := range alike(w.batches[id]) {
			var err error
			if ops[0].insert {
				err = u.insertRows(ctx, ops)
			} else {
				err = u.updateRows(ctx, w, id, ops)
			}
			if err != nil {
				return err
			}
			u.cfg.Fault("undo_written")
		}
	}
	return u.writeFollowed(ctx, w)
}

// writeFollowed hands rows over to the losers, which are all back by now.
func (u *unmerge) writeFollowed(ctx context.Context, w *walk) error {
	byTable := make(map[*table][]*op)
	var tables []*table
	for _, o := range w.followed {
		if byTable[o.table] == nil {
			tables = append(tables, o.table)
		}
		byTable[o.table] = append(byTable[o.table], o)
	}
	for _, t := range tables {
		for _, ops := range alike(byTable[t]) {
			if err := u.updateRows(ctx, w, batchID{action: "repoint"}, ops); err != nil {
				return err
			}
			u.cfg.Fault("undo_written")
		}
	}
	return nil
}

// alike parts ops by the columns they write, in the order of the first of each kind.
func alike(ops []*op) [][]*op {
	var out [][]*op
	at := make(map[string]int)
	for _, o := range ops {
		k := strings.Join(o.columns, "\x00")
		i, known := at[k]
		if !known {
			i = len(out)
			at[k] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], o)
	}
	return out
}

// lists collects parameters that are unnested side by side.
type lists struct {
	args  []any
	casts []string
	names []string
}

func (l *lists) add(name string, values []*string) {
	l.args = append(l.args, values)
	l.casts = append(l.casts, fmt.Sprintf("$%d::text[]", len(l.args)))
	l.names = append(l.names, name)
}

// sql is the rows, as u, numbered from 1 by its column n.
func (l *lists) sql() string {
	return "unnest(" + strings.Join(l.casts, ", ") + ") WITH ORDINALITY AS u(" + strings.Join(l.names, ", ") + ", n)"
}

// side is value i of each op, for a parameter.
func side(ops []*op, i int, of func(*op) []*string) []*string {
	out := make([]*string, len(ops))
	for n, o := range ops {
		out[n] = of(o)[i]
	}
	return out
}

// insertRows puts rows back that a merge removed.
func (u *unmerge) insertRows(ctx context.Context, ops []*op) error {
	t := ops[0].table
	var l lists
	var names, values []string
	for i, c := range ops[0].columns {
		l.add(fmt.Sprintf("v%d", i), side(ops, i, func(o *op) []*string { return o.values }))
		names = append(names, quote(c))
		values = append(values, fmt.Sprintf("u.v%d::%s", i, t.relation.column(c).full))
	}
	tag, err := u.tx.Exec(ctx, `INSERT INTO `+t.relation.sql()+` (`+strings.Join(names, ", ")+`) OVERRIDING SYSTEM VALUE
		SELECT `+strings.Join(values, ", ")+` FROM `+l.sql()+` ORDER BY u.n`, l.args...)
	if err != nil {
		return err
	}
	if n := tag.RowsAffected(); n != int64(len(ops)) {
		return refuse("%d of %d rows of %s could be put back: a trigger kept the others", n, len(ops), t.relation)
	}
	return nil
}

// updateRows gives rows their values again. They are locked, so they are as they were read.
func (u *unmerge) updateRows(ctx context.Context, w *walk, id batchID, ops []*op) error {
	t := ops[0].table
	var l lists
	on := u.match(&l, t, ops)
	var sets, stuck []string
	for i, c := range ops[0].columns {
		l.add(fmt.Sprintf("v%d", i), side(ops, i, func(o *op) []*string { return o.values }))
		full := t.relation.column(c).full
		sets = append(sets, fmt.Sprintf("%s = u.v%d::%s", quote(c), i, full))
		stuck = append(stuck, fmt.Sprintf("t.%s::text IS NOT DISTINCT FROM u.v%d::%s::text", quote(c), i, full))
	}
	rows, err := u.tx.Query(ctx, `UPDATE `+t.relation.sql()+` AS t SET `+strings.Join(sets, ", ")+` FROM `+l.sql()+` WHERE `+on+`
		RETURNING u.n, t.ctid::text, t.tableoid::text, ARRAY[`+strings.Join(stuck, ", ")+`]`, l.args...)
	if err != nil {
		return err
	}
	var (
		n     int
		place [2]string
		fits  []bool
	)
	written := make([]bool, len(ops))
	tag, err := pgx.ForEachRow(rows, []any{&n, &place[0], &place[1], &fits}, func() error {
		o := ops[n-1]
		o.row.place, written[n-1] = place, true
		for i, fit := range fits {
			if fit {
				continue
			}
			if id.action == "repoint" || id.action == "rewrite" {
				return refuse("rows of %s.%s could not go back: a trigger changed them again", t.relation, o.columns[i])
			}
			w.addConflict(o.of, Conflict{Table: t.relation.String(), Column: o.columns[i], Kind: ByTrigger, Rows: 1})
		}
		return nil
	})
	if err != nil {
		return err
	}
	if tag.RowsAffected() != int64(len(ops)) || slices.Contains(written, false) {
		return refuse("%d of %d rows of %s could be given their values again: a trigger kept the others", tag.RowsAffected(), len(ops), t.relation)
	}
	return nil
}

// match is the condition by which a statement finds the rows it writes: by their key, or by their place where they have none.
func (u *unmerge) match(l *lists, t *table, ops []*op) string {
	if t.content() {
		l.add("place", side(ops, 0, func(o *op) []*string { return []*string{&o.row.place[0]} }))
		l.add("part", side(ops, 0, func(o *op) []*string { return []*string{&o.row.place[1]} }))
		return "t.ctid = u.place::tid AND t.tableoid = u.part::oid"
	}
	on := make([]string, len(t.keys))
	for i, k := range t.keys {
		l.add(fmt.Sprintf("k%d", i), side(ops, i, func(o *op) []*string { return o.key }))
		on[i] = fmt.Sprintf("t.%s %s u.k%d::%s", quote(k), t.operators[i], i, t.relation.column(k).base)
	}
	return strings.Join(on, " AND ")
}
