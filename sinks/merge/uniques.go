package merge

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/nearest"
)

// readUniques finds the unique indexes of the referring columns, and which of these have an index to find their rows by.
func (c *catalog) readUniques(ctx context.Context, tx pgx.Tx, cfg *Config) error {
	for i := range c.refs {
		ref := &c.refs[i]
		// NULLS NOT DISTINCT came with version 15; reading the flag from the row as JSON also works where there is none.
		rows, err := tx.Query(ctx, `SELECT ic.relname, am.amname, i.indisunique, i.indisexclusion, coalesce(pg_get_expr(i.indpred, i.indrelid), ''),
			coalesce((to_jsonb(i)->>'indnullsnotdistinct')::boolean, false),
			ARRAY(SELECT pg_get_indexdef(i.indexrelid, n, false) FROM generate_series(1, i.indnkeyatts) AS n ORDER BY n),
			ARRAY(SELECT coalesce(a.attname::text, '') FROM generate_series(1, i.indnkeyatts) AS n
				LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[n - 1] AND a.attnum > 0 ORDER BY n)
			FROM pg_index AS i JOIN pg_class AS ic ON ic.oid = i.indexrelid JOIN pg_am AS am ON am.oid = ic.relam WHERE i.indrelid = $1 AND i.indisvalid ORDER BY ic.relname`, ref.child.oid)
		if err != nil {
			return fmt.Errorf("reading the indexes of %s: %w", ref.child, err)
		}
		var (
			u                  unique
			method             string
			isUnique, excludes bool
			defs, columns      []string
		)
		_, err = pgx.ForEachRow(rows, []any{&u.name, &method, &isUnique, &excludes, &u.where, &u.nulls, &defs, &columns}, func() error {
			if !excludes && u.where == "" && ref.foundBy(method, columns) {
				ref.indexed = true
			}
			if !isUnique || ref.kind == byList || !slices.ContainsFunc(columns, ref.refers) {
				return nil
			}
			found := u
			found.ref, found.at, found.policy, found.others = ref, i, RefuseCollision, nil
			for n, def := range defs {
				if !ref.refers(columns[n]) {
					found.others = append(found.others, indexed{expr: def, ref: c.movedToo(ref, columns[n]), companion: ref.companion(columns[n])})
				}
			}
			if ref.identities && !cfg.RefuseDuplicates {
				found.policy = KeepSurvivor
			}
			c.uniques = append(c.uniques, found)
			return nil
		})
		if err != nil {
			return fmt.Errorf("reading the indexes of %s: %w", ref.child, err)
		}
	}
	cfg.Seeded.policies(c.uniques)
	return c.choosePolicies(cfg)
}

// foundBy says whether an index finds the rows of the reference.
func (r *reference) foundBy(method string, columns []string) bool {
	switch {
	case r.kind == byList:
		return method == "gin" && slices.Contains(columns, r.column.name)
	case method != "btree" && method != "hash":
		return false
	case r.typeColumn != nil && len(columns) > 1 && columns[0] == r.typeColumn.name:
		return columns[1] == r.column.name
	}
	return r.refers(columns[0])
}

// movedToo is the reference by id that another column of the same table is, nil when it is none.
func (c *catalog) movedToo(ref *reference, column string) *reference {
	for i := range c.refs {
		if o := &c.refs[i]; o.child == ref.child && o.kind == byID && !o.textual && o.typeColumn == nil && o.column.name == column {
			return o
		}
	}
	return nil
}

// choosePolicies gives the indexes the policies of the configuration, which names them as "index" or "table.index".
func (c *catalog) choosePolicies(cfg *Config) error {
	var errs []error
	var known []string
	for _, u := range c.uniques {
		known = append(known, u.name)
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Collisions)) {
		tables := make(map[*relation]bool)
		for i := range c.uniques {
			u := &c.uniques[i]
			if name == u.name || name == u.ref.child.name+"."+u.name || name == u.ref.child.String()+"."+u.name {
				u.policy = cfg.Collisions[name]
				tables[u.ref.child] = true
				if u.ref.self && u.policy != RefuseCollision {
					errs = append(errs, fmt.Errorf("collisions: %q is on the contacts themselves, of which none may be removed: leave it at refuse", name))
				}
			}
		}
		switch {
		case len(tables) == 0:
			errs = append(errs, fmt.Errorf("collisions: no unique constraint or index of a column that refers to contacts is called %q%s", name, nearest.Hint(name, known)))
		case len(tables) > 1:
			errs = append(errs, fmt.Errorf("collisions: several tables have an index %q: write table.index", name))
		}
	}
	return errors.Join(errs...)
}

// readCascades finds foreign keys through which our changes would spread to tables that nobody journals.
func (c *catalog) readCascades(ctx context.Context, tx pgx.Tx) error {
	for i := range c.refs {
		ref := &c.refs[i]
		err := tx.QueryRow(ctx, `SELECT coalesce(min(f.conname), '') FROM pg_constraint AS f
			JOIN pg_attribute AS a ON a.attrelid = f.confrelid AND a.attnum = ANY (f.confkey)
			WHERE f.contype = 'f' AND f.confrelid = $1 AND a.attname = ANY ($2) AND f.confupdtype IN ('c', 'n', 'd')`, ref.child.oid, ref.columnNames()).Scan(&ref.cascades)
		if err != nil {
			return fmt.Errorf("reading the foreign keys to %s: %w", ref.child, err)
		}
	}
	for _, r := range c.involved()[1:] {
		err := tx.QueryRow(ctx, `SELECT coalesce(min(conname), '') FROM pg_constraint WHERE contype = 'f' AND confrelid = $1 AND confdeltype IN ('c', 'n', 'd')`, r.oid).Scan(&r.hangs)
		if err != nil {
			return fmt.Errorf("reading the foreign keys to %s: %w", r, err)
		}
	}
	return nil
}

// oneOf is the condition that a column holds one of the contact ids in a text array parameter.
func (c *catalog) oneOf(column, operator string, parameter int) string {
	return fmt.Sprintf("%s %s ANY ($%d::text[]::%s[])", column, operator, parameter, c.id.base)
}

// textArray is columns of t as exact text.
func textArray(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = "t." + quote(n) + "::text"
	}
	return "ARRAY[" + strings.Join(out, ", ") + "]"
}

// roundTrips is the condition that columns of t, read back from their text, are the same to the last bit.
func (r *relation) roundTrips(names []string) string {
	is, back := make([]string, len(names)), make([]string, len(names))
	for i, n := range names {
		is[i] = "t." + quote(n)
		back[i] = is[i] + "::text::" + r.column(n).full
	}
	return "record_image_eq(ROW(" + strings.Join(is, ", ") + "), ROW(" + strings.Join(back, ", ") + "))"
}
