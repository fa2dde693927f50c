package merge

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/cluster"
)

// ownIndex is a unique index of the contacts table itself.
type ownIndex struct {
	name    string
	exprs   []string // of its columns, over the table's own column names
	where   string
	columns []string // every column that it depends on
}

// readOwned finds the unique indexes of the contacts table.
func (c *catalog) readOwned(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, `SELECT ic.relname, coalesce(pg_get_expr(i.indpred, i.indrelid), ''),
		ARRAY(SELECT pg_get_indexdef(i.indexrelid, n, false) FROM generate_series(1, i.indnkeyatts) AS n ORDER BY n),
		ARRAY(SELECT a.attname::text FROM pg_attribute AS a WHERE a.attrelid = i.indrelid AND a.attnum > 0 AND (a.attnum = ANY (i.indkey::smallint[])
			OR EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid AND d.refobjsubid = a.attnum))
			ORDER BY a.attnum)
		FROM pg_index AS i JOIN pg_class AS ic ON ic.oid = i.indexrelid WHERE i.indrelid = $1 AND i.indisvalid AND i.indisunique ORDER BY ic.relname`, c.contacts.oid)
	if err != nil {
		return fmt.Errorf("reading the indexes of %s: %w", c.contacts, err)
	}
	c.owned, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (o ownIndex, err error) {
		err = row.Scan(&o.name, &o.where, &o.exprs, &o.columns)
		return o, err
	})
	if err != nil {
		return fmt.Errorf("reading the indexes of %s: %w", c.contacts, err)
	}
	return nil
}

// handover is a unique value that a survivor takes from losers, who must give it up first.
type handover struct {
	column *column
	item   *item
	loser  string // as text
}

// handovers finds the unique values that survivors take from their losers, and refuses those that a loser cannot give up.
func (b *batch) handovers(ctx context.Context) ([]handover, error) {
	if b.cfg.Mode == Delete {
		return nil, nil // the losers are gone before the survivors are filled
	}
	var (
		out   []handover
		wrong conflict
	)
	for i := range b.cat.owned {
		o := &b.cat.owned[i]
		var steps []int
		for n, it := range b.items {
			if slices.ContainsFunc(it.step.Changes, func(ch cluster.Change) bool { return slices.Contains(o.columns, ch.Column) }) {
				steps = append(steps, n)
			}
		}
		if len(steps) == 0 {
			continue
		}
		taken, err := b.taken(ctx, o, steps)
		if err != nil {
			return nil, err
		}
		for _, h := range taken {
			if h.column = b.givable(h.item, o); h.column == nil {
				wrong.refuse(h.item, &verdict{Refused, fmt.Sprintf("the survivor takes a value that must be unique (%q) from contact %s, whose column must not be empty", o.name, h.loser)})
				continue
			}
			if !slices.Contains(out, h) {
				out = append(out, h)
			}
		}
	}
	b.dropAll(&wrong)
	return out, nil
}

// givable is the column of an index that a loser can be without, among those that the step changes.
func (b *batch) givable(it *item, o *ownIndex) *column {
	for _, ch := range it.step.Changes {
		col := b.cat.contacts.column(ch.Column)
		if slices.Contains(o.columns, ch.Column) && !col.notNull && !col.generated && !slices.Contains(b.cat.pinned, ch.Column) {
			return col
		}
	}
	return nil
}

// taken finds the losers that have, in the columns of an index, what their survivor will have.
func (b *batch) taken(ctx context.Context, o *ownIndex, steps []int) ([]handover, error) {
	c := b.cat
	id := quote(c.id.name)
	// The survivor as it will be, under the table's own column names, for the expressions of the index to mean.
	var changed []string
	for _, n := range steps {
		for _, ch := range b.items[n].step.Changes {
			if !slices.Contains(changed, ch.Column) {
				changed = append(changed, ch.Column)
			}
		}
	}
	slices.Sort(changed)
	args, place := b.mapArgs(), make(map[string]int)
	var numbers []int
	for _, n := range steps {
		numbers = append(numbers, n+1)
	}
	args = append(args, numbers)
	for _, name := range changed {
		has, values := make([]bool, len(steps)), make([]*string, len(steps))
		for i, n := range steps {
			for _, ch := range b.items[n].step.Changes {
				if ch.Column == name {
					has[i], values[i] = true, ch.Value
				}
			}
		}
		place[name] = len(args) + 1
		args = append(args, has, values)
	}
	cols := make([]string, len(c.contacts.columns))
	for i, col := range c.contacts.columns {
		cols[i] = "p." + quote(col.name)
		if p := place[col.name]; p > 0 {
			at := fmt.Sprintf("[array_position($%d::integer[], a.n)]", mapParameters+1)
			cols[i] = fmt.Sprintf("CASE WHEN ($%d::boolean[])%s THEN ($%d::text[])%s::", p, at, p+1, at) + col.base + " ELSE " + cols[i] + " END AS " + quote(col.name)
		}
	}
	exprs, on := make([]string, len(o.exprs)), make([]string, len(o.exprs))
	for i, e := range o.exprs {
		exprs[i] = fmt.Sprintf("%s AS cm_%d", e, i)
		on[i] = fmt.Sprintf("x.cm_%d", i)
	}
	where := ""
	if o.where != "" {
		where = " WHERE (" + o.where + ")"
	}
	// Comparing by grouping uses the type's own operators, and two nulls are kept apart.
	side := func(rows, number string) string {
		return `SELECT cm_n, cm_who, ` + strings.Join(exprs, ", ") + ` FROM (SELECT ` + number + ` AS cm_n, p.` + id + `::text AS cm_who, ` + strings.Join(cols, ", ") + ` FROM ` + rows + `) AS cm_row` + where
	}
	plain := make([]string, len(c.contacts.columns))
	for i, col := range c.contacts.columns {
		plain[i] = "p." + quote(col.name)
	}
	survivors := side(`cm_a AS a JOIN `+c.contacts.sql()+` AS p ON p.`+id+` `+c.idEqual+` a.id WHERE a.o = 0 AND a.n = ANY (`+fmt.Sprintf("$%d::integer[]", mapParameters+1)+`)`, "a.n")
	cols = plain
	losers := side(`cm_a AS a JOIN `+c.contacts.sql()+` AS p ON p.`+id+` `+c.idEqual+` a.id WHERE a.o > 0`, "a.n")
	var full []string
	for _, e := range on {
		full = append(full, e+" IS NOT NULL")
	}
	rows, err := b.tx.Query(ctx, c.mapSQL()+`cm_s AS (`+survivors+`), cm_l AS (`+losers+`),
		cm_x AS (SELECT x.*, true AS is_survivor FROM cm_s AS x UNION ALL SELECT x.*, false FROM cm_l AS x)
		SELECT n, who FROM (SELECT x.cm_n AS n, x.cm_who AS who, x.is_survivor, bool_or(x.is_survivor) OVER (PARTITION BY x.cm_n, `+strings.Join(on, ", ")+`) AS clash
			FROM cm_x AS x WHERE `+strings.Join(full, " AND ")+`) AS y WHERE clash AND NOT is_survivor ORDER BY n, who`, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (h handover, err error) {
		var n int
		if err = row.Scan(&n, &h.loser); err == nil {
			h.item = b.items[n-1]
		}
		return h, err
	})
}

// release makes losers give up unique values.
func (b *batch) release(ctx context.Context, all []handover) error {
	r, id := b.cat.contacts, "t."+quote(b.cat.id.name)
	if len(all) == 0 {
		return nil
	}
	place := make(map[*item]int)
	for n, it := range b.items {
		place[it] = n + 1
	}
	var columns []*column
	for _, h := range all {
		if !slices.Contains(columns, h.column) {
			columns = append(columns, h.column)
		}
	}
	for _, col := range columns {
		var (
			numbers []int
			losers  []string
		)
		for _, h := range all {
			if n := place[h.item]; h.column == col && n > 0 {
				numbers, losers = append(numbers, n), append(losers, h.loser)
			}
		}
		names := []string{col.name}
		mine := b.cat.oneOf(id, b.cat.idEqual, journalParameters+2) + " AND " + id + " " + b.cat.idEqual + " f.id"
		b.cfg.Fault("release")
		rows, err := b.journal(ctx, &entry{action: "release", relation: r, columns: names}, `cm_f AS MATERIALIZED (
				SELECT f.n, f.id::`+b.cat.id.base+` AS id FROM unnest(`+fmt.Sprintf("$%d::integer[], $%d::text[]", journalParameters+1, journalParameters+2)+`) AS f(n, id)
			), cm_old AS MATERIALIZED (
				SELECT f.n, `+textArray(r.key)+` AS k, `+textArray(names)+` AS b, `+r.roundTrips(append(names, r.key...))+` AS same FROM `+r.sql()+` AS t JOIN cm_f AS f ON `+mine+`
			), cm_new AS (
				UPDATE `+r.sql()+` AS t SET `+quote(col.name)+` = NULL FROM cm_f AS f WHERE `+mine+` RETURNING `+textArray(r.key)+` AS k, `+textArray(names)+` AS a
			), cm_x AS (SELECT n, k, b, a, same FROM cm_old JOIN cm_new USING (k))`, numbers, losers)
		if err != nil {
			return err
		}
		b.cfg.Fault("released")
		want := make(map[*item]int64)
		for _, n := range numbers {
			want[b.items[n-1]]++
		}
		var wrong conflict
		for _, it := range b.items {
			if rows[it] != want[it] {
				wrong.refuse(it, &verdict{Refused, fmt.Sprintf("%d of %d losers gave up column %q: a trigger kept the others", rows[it], want[it], col.name)})
			}
		}
		if err := wrong.err(); err != nil {
			return err
		}
	}
	return nil
}
