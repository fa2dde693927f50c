package merge

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// unique is a unique index that a change of a reference can violate.
type unique struct {
	name   string
	ref    *reference
	others []string // expressions of its other columns, over the table's own column names
	where  string   // of a partial index, "" for all rows
	nulls  bool     // two nulls are equal
}

// readUniques finds the unique indexes of the referring columns, and which of them have an index to find their rows by.
func (c *catalog) readUniques(ctx context.Context, tx pgx.Tx) error {
	for i := range c.refs {
		ref := &c.refs[i]
		// NULLS NOT DISTINCT came with version 15; reading the flag from the row as JSON also works where there is none.
		rows, err := tx.Query(ctx, `SELECT ic.relname, i.indisunique, i.indisexclusion, coalesce(pg_get_expr(i.indpred, i.indrelid), ''),
			coalesce((to_jsonb(i)->>'indnullsnotdistinct')::boolean, false),
			ARRAY(SELECT pg_get_indexdef(i.indexrelid, n, false) FROM generate_series(1, i.indnkeyatts) AS n ORDER BY n),
			ARRAY(SELECT coalesce(a.attname::text, '') FROM generate_series(1, i.indnkeyatts) AS n
				LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[n - 1] AND a.attnum > 0 ORDER BY n)
			FROM pg_index AS i JOIN pg_class AS ic ON ic.oid = i.indexrelid WHERE i.indrelid = $1 AND i.indisvalid ORDER BY ic.relname`, ref.child.oid)
		if err != nil {
			return fmt.Errorf("reading the indexes of %s: %w", ref.child, err)
		}
		var (
			u                  unique
			isUnique, excludes bool
			defs, columns      []string
		)
		_, err = pgx.ForEachRow(rows, []any{&u.name, &isUnique, &excludes, &u.where, &u.nulls, &defs, &columns}, func() error {
			if !excludes && u.where == "" && columns[0] == ref.column.name {
				ref.indexed = true
			}
			at := slices.Index(columns, ref.column.name)
			if !isUnique || at < 0 {
				return nil
			}
			found := u
			found.ref = ref
			found.others = slices.Delete(slices.Clone(defs), at, at+1)
			c.uniques = append(c.uniques, found)
			return nil
		})
		if err != nil {
			return fmt.Errorf("reading the indexes of %s: %w", ref.child, err)
		}
	}
	return nil
}

// readCascades finds foreign keys through which our changes would spread to tables that nobody journals.
func (c *catalog) readCascades(ctx context.Context, tx pgx.Tx) error {
	for i := range c.refs {
		ref := &c.refs[i]
		err := tx.QueryRow(ctx, `SELECT coalesce(min(f.conname), '') FROM pg_constraint AS f
			JOIN pg_attribute AS a ON a.attrelid = f.confrelid AND a.attnum = ANY (f.confkey)
			WHERE f.contype = 'f' AND f.confrelid = $1 AND a.attname = $2 AND f.confupdtype IN ('c', 'n', 'd')`, ref.child.oid, ref.column.name).Scan(&ref.cascades)
		if err != nil {
			return fmt.Errorf("reading the foreign keys to %s: %w", ref.child, err)
		}
	}
	if c.identities == nil {
		return nil
	}
	err := tx.QueryRow(ctx, `SELECT coalesce(min(conname), '') FROM pg_constraint WHERE contype = 'f' AND confrelid = $1 AND confdeltype IN ('c', 'n', 'd')`,
		c.identities.oid).Scan(&c.cascadeGone)
	if err != nil {
		return fmt.Errorf("reading the foreign keys to %s: %w", c.identities, err)
	}
	return nil
}

// colliding is a query over the rows of all members ($1, text ids; $2, the survivor's alone) that the index would not allow under one contact. Each group
// of equal rows has one keeper, the survivor's if it has one, else the first loser's; the query lists the others.
func (u *unique) colliding(c *catalog) string {
	ref := u.ref
	fk := "t." + quote(ref.column.name)
	var exprs, names, present []string
	for i, e := range u.others {
		n := fmt.Sprintf("cm_%d", i)
		exprs = append(exprs, e+" AS "+n)
		names = append(names, n)
		if !u.nulls {
			present = append(present, n+" IS NOT NULL")
		}
	}
	rows := `SELECT t.ctid AS cm_ctid, t.tableoid AS cm_table, ` + strings.Join(append(exprs,
		c.oneOf(fk, ref.toID, 2)+" AS cm_kept", "array_position($1::text[], "+fk+"::text) AS cm_member", textArray(ref.child.key)+" AS cm_key"), ", ") +
		` FROM ` + ref.child.sql() + ` AS t WHERE ` + c.oneOf(fk, ref.toID, 1)
	if u.where != "" {
		rows += ` AND (` + u.where + `)`
	}
	partition := ""
	if len(names) > 0 {
		partition = "PARTITION BY " + strings.Join(names, ", ")
	}
	// A window compares with the type's own operators, whatever the search path.
	ranked := `SELECT cm_ctid, cm_table, row_number() OVER (` + partition + ` ORDER BY cm_kept DESC, cm_member, cm_key COLLATE "C") AS cm_n FROM (` + rows + `) AS cm_rows`
	if len(present) > 0 {
		ranked += ` WHERE ` + strings.Join(present, " AND ")
	}
	return `SELECT cm_ctid, cm_table FROM (` + ranked + `) AS cm_ranked WHERE cm_n > 1`
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
