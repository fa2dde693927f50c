package merge

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5"
)

// tight is a unique index of a referring table that a companion is part of, and the reference is not: the row that is in the way may be
// anybody's.
type tight struct {
	name      string
	at        int // place of the reference in the catalogue's list
	columns   []string
	operators []string // with which it compares
	nulls     bool     // two nulls are equal
}

// childKey is a foreign key of a table, or one to it.
type childKey struct {
	name         string
	from, to     uint32
	ours, theirs []string
}

// childIndex is an index of a table that forbids rows.
type childIndex struct {
	name      string
	excludes  bool
	nulls     bool
	text      string // its condition and its expressions
	columns   []string
	operators []string
}

// readCompanions decides which companions may change: those that nothing else depends on. All references must be known.
func (c *catalog) readCompanions(ctx context.Context, tx pgx.Tx, cfg *Config) error {
	for i := range c.refs {
		r := &c.refs[i]
		if len(r.others) == 0 {
			continue
		}
		keys, err := childKeys(ctx, tx, r.child)
		if err != nil {
			return fmt.Errorf("reading the foreign keys of %s: %w", r.child, err)
		}
		indexes, err := childIndexes(ctx, tx, r.child)
		if err != nil {
			return fmt.Errorf("reading the indexes of %s: %w", r.child, err)
		}
		for k := range r.others {
			o := &r.others[k]
			if o.fixed = c.holds(r, o, cfg); o.fixed == "" {
				o.fixed = c.heldByKey(r, o, keys)
			}
			for n := range indexes {
				if o.fixed == "" {
					o.fixed = c.heldByIndex(r, o, &indexes[n])
				}
			}
		}
		c.tighten(i, indexes)
	}
	return nil
}

// holds is why a companion cannot change, as far as the columns themselves say it.
func (c *catalog) holds(r *reference, o *companion, cfg *Config) string {
	switch {
	case o.theirs.name == cfg.Tenant || keepsApart(o.theirs.name) || keepsApart(o.ours.name):
		return fmt.Sprintf("column %q keeps contacts apart, and no row changes sides", o.theirs.name)
	case o.ours.generated || o.ours.always:
		return fmt.Sprintf("column %q is generated", o.ours.name)
	case r.self:
		return fmt.Sprintf("column %q is one of the contacts themselves", o.ours.name)
	}
	for i := range c.refs {
		other := &c.refs[i]
		if other.child != r.child {
			continue
		}
		if other.refers(o.ours.name) || other.typeColumn == o.ours {
			return fmt.Sprintf("column %q is part of the reference %s too", o.ours.name, other)
		}
	}
	for i := range r.others {
		if x := &r.others[i]; x.ours == o.ours && x.theirs != o.theirs {
			return fmt.Sprintf("constraint %q has another meaning for column %q", x.constraint, o.ours.name)
		}
	}
	return ""
}

// heldByKey is why a companion cannot change: a foreign key that it is part of besides those of its reference, or one that refers to it.
func (c *catalog) heldByKey(r *reference, o *companion, keys []childKey) string {
	for _, k := range keys {
		at := slices.Index(k.ours, o.ours.name)
		if k.from == r.child.oid && at >= 0 {
			id := slices.Index(k.ours, r.column.name)
			if k.to == c.contacts.oid && k.theirs[at] == o.theirs.name && id >= 0 && k.theirs[id] == c.id.name {
				continue
			}
			return fmt.Sprintf("the foreign key %q needs column %q as it is", k.name, o.ours.name)
		}
		if k.to == r.child.oid && slices.Contains(k.theirs, o.ours.name) {
			return fmt.Sprintf("the foreign key %q refers to column %q", k.name, o.ours.name)
		}
	}
	return ""
}

// heldByIndex is why a companion cannot change: an index that forbids rows for which nobody can say beforehand what it will forbid.
func (c *catalog) heldByIndex(r *reference, o *companion, u *childIndex) string {
	word := strings.ReplaceAll(o.ours.name, `"`, `""`)
	plain := slices.Contains(u.columns, o.ours.name)
	held := strings.Contains(u.text, word)
	if plain && !held {
		others := slices.ContainsFunc(c.refs, func(x reference) bool {
			return x.child == r.child && x.column != r.column && slices.ContainsFunc(u.columns, x.concerns)
		})
		alone := !slices.ContainsFunc(u.columns, r.refers) // see tight
		held = u.excludes || others || alone && u.text != ""
	}
	if !held {
		return ""
	}
	return fmt.Sprintf("index %q is on column %q", u.name, o.ours.name)
}

// tighten finds the indexes with a companion of a reference and without the reference.
func (c *catalog) tighten(i int, indexes []childIndex) {
	r := &c.refs[i]
	for n := range indexes {
		u := &indexes[n]
		if !slices.ContainsFunc(u.columns, r.refers) && slices.ContainsFunc(u.columns, func(name string) bool { return r.companion(name) != nil }) {
			c.tight = append(c.tight, tight{u.name, i, u.columns, u.operators, u.nulls})
		}
	}
}

// apart are words for what keeps contacts apart, as names of columns begin or end with them.
var apart = []string{"tenant", "mandant", "workspace", "org", "organization", "organisation", "account", "client", "instance", "realm", "site", "shop", "store", "brand"}

// keepsApart says whether a column, by its name, tells to which tenant a row belongs. Nobody has to configure that, and a row that goes to
// another tenant is the worst that can happen; so a wrong yes, which refuses a merge, is better than a wrong no.
func keepsApart(name string) bool {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) })
	plain := strings.Join(words, "")
	return slices.ContainsFunc(apart, func(w string) bool { return slices.Contains(words, w) || plain == w+"id" }) || strings.Contains(plain, "tenant")
}

// childKeys reads the foreign keys of a table and its partitions, and those to it. Keys that a partition has from its root are the root's.
func childKeys(ctx context.Context, tx pgx.Tx, child *relation) ([]childKey, error) {
	const names = `ARRAY(SELECT a.attname::text FROM unnest(%s) WITH ORDINALITY AS k(num, n) JOIN pg_attribute AS a ON a.attrelid = %s AND a.attnum = k.num ORDER BY k.n)`
	rows, err := tx.Query(ctx, `WITH tree AS (SELECT $1::oid AS oid UNION SELECT l.relid FROM pg_partition_tree($1::oid) AS l)
		SELECT f.conname, CASE WHEN f.conrelid IN (SELECT oid FROM tree) THEN $1::oid ELSE 0::oid END, CASE WHEN f.confrelid IN (SELECT oid FROM tree) THEN $1::oid ELSE f.confrelid END,
			`+fmt.Sprintf(names, "f.conkey", "f.conrelid")+`, `+fmt.Sprintf(names, "f.confkey", "f.confrelid")+`
		FROM pg_constraint AS f WHERE f.contype = 'f' AND (f.conparentid = 0 OR f.conrelid = $1) AND (f.conrelid IN (SELECT oid FROM tree) OR f.confrelid IN (SELECT oid FROM tree)) ORDER BY f.conname`, child.oid)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (k childKey, err error) {
		err = row.Scan(&k.name, &k.from, &k.to, &k.ours, &k.theirs)
		return k, err
	})
}

// childIndexes reads the indexes of a table that forbid rows.
func childIndexes(ctx context.Context, tx pgx.Tx, child *relation) ([]childIndex, error) {
	rows, err := tx.Query(ctx, `SELECT ic.relname, i.indisexclusion, coalesce((to_jsonb(i)->>'indnullsnotdistinct')::boolean, false),
			concat_ws(' ', pg_get_expr(i.indpred, i.indrelid), pg_get_expr(i.indexprs, i.indrelid)),
			ARRAY(SELECT coalesce(a.attname::text, '') FROM generate_series(1, i.indnkeyatts) AS n
				LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[n - 1] AND a.attnum > 0 ORDER BY n),
			ARRAY(SELECT coalesce(`+operatorSQL("o")+`, '') FROM generate_series(1, i.indnkeyatts) AS k(num) JOIN pg_opclass AS oc ON oc.oid = i.indclass[k.num - 1]
				LEFT JOIN pg_amop AS am ON am.amopfamily = oc.opcfamily AND am.amoplefttype = oc.opcintype AND am.amoprighttype = oc.opcintype AND am.amopstrategy = 3 AND NOT i.indisexclusion
				LEFT JOIN pg_operator AS o ON o.oid = am.amopopr LEFT JOIN pg_namespace AS n ON n.oid = o.oprnamespace ORDER BY k.num)
		FROM pg_index AS i JOIN pg_class AS ic ON ic.oid = i.indexrelid WHERE i.indrelid = $1 AND i.indisvalid AND (i.indisunique OR i.indisexclusion) ORDER BY ic.relname`, child.oid)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (u childIndex, err error) {
		err = row.Scan(&u.name, &u.excludes, &u.nulls, &u.text, &u.columns, &u.operators)
		return u, err
	})
}

// roomy refuses steps with rows whose companions would take a place in a unique index that another row has.
func (b *batch) roomy(ctx context.Context, i int, r *reference) error {
	for n := range b.cat.tight {
		u := &b.cat.tight[n]
		var steps []int
		for k, it := range b.items {
			if it.wide[i] {
				steps = append(steps, k+1)
			}
		}
		if u.at != i || len(steps) == 0 {
			continue
		}
		mv := b.cat.accompanied(r, steps)
		among, more := mv.among(mapParameters + 1)
		rows, err := b.tx.Query(ctx, b.cat.mapSQL()+u.crowded(r, mv, b.cat.refersTo(r)+among), b.mapArgs(more...)...)
		if err != nil {
			return err
		}
		numbers, err := pgx.CollectRows(rows, pgx.RowTo[int])
		if err != nil {
			return err
		}
		items := b.items
		for _, k := range numbers {
			b.drop(items[k-1], Refused, fmt.Sprintf("it would violate the unique constraint %q of %s", u.name, r.child))
		}
	}
	return nil
}

// crowded are the numbers of the steps of which rows would take a place in the index that another row has, or another row takes before them.
func (u *tight) crowded(r *reference, mv *move, on string) string {
	var future, changes, meets, by, present []string
	for k, name := range u.columns {
		value, f := "t."+quote(name), fmt.Sprintf("f%d", k)
		if o := r.companion(name); o != nil {
			changes = append(changes, "("+o.follows(value)+")")
			value = o.becomes(value)
		}
		future, by = append(future, value+" AS "+f), append(by, f)
		meet := "x." + quote(name) + " " + u.operators[k] + " v." + f
		if u.nulls {
			meet = "(" + meet + " OR x." + quote(name) + " IS NULL AND v." + f + " IS NULL)"
		} else {
			present = append(present, f+" IS NOT NULL")
		}
		meets = append(meets, meet)
	}
	where := ""
	if len(present) > 0 {
		where = " WHERE " + strings.Join(present, " AND ")
	}
	return `cm_v AS MATERIALIZED (SELECT m.n, t.tableoid AS cm_table, t.ctid AS cm_ctid, ` + strings.Join(future, ", ") + ` FROM ` + r.child.sql() + ` AS t JOIN ` + mv.from + ` ON ` + on +
		` WHERE ` + strings.Join(changes, " OR ") + `)
		SELECT v.n FROM cm_v AS v WHERE EXISTS (SELECT FROM ` + r.child.sql() + ` AS x WHERE ` + strings.Join(meets, " AND ") + `)
		UNION SELECT n FROM (SELECT n, row_number() OVER (PARTITION BY ` + strings.Join(by, ", ") + ` ORDER BY n, cm_table, cm_ctid) AS nth FROM cm_v` + where + `) AS w WHERE nth > 1 ORDER BY 1`
}
