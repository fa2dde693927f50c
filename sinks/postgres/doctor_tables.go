package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// right is a privilege on a table, or on some of its columns.
type right struct {
	name    string
	columns []string // empty for the whole table
}

// String is the right as GRANT wants it.
func (r right) String() string {
	if len(r.columns) == 0 {
		return r.name
	}
	quoted := make([]string, len(r.columns))
	for i, c := range r.columns {
		quoted[i] = pgx.Identifier{c}.Sanitize()
	}
	return r.name + " (" + strings.Join(quoted, ", ") + ")"
}

// tables checks the mapping and our rights on it. A merge keeps whole rows in the journal, so it reads all columns; locking the contacts
// table takes the right to update the whole of it.
func (d *doctor) tables(ctx context.Context) {
	columns := named(append([]string{d.m.ID}, d.m.Columns...))
	rights := []right{{"SELECT", columns}}
	if d.m.Merge {
		rights = []right{{"SELECT", nil}, {"UPDATE", nil}}
		if d.m.DeleteLosers {
			rights = append(rights, right{"DELETE", nil})
		}
	}
	oid, ok := d.table(ctx, "contacts table", d.m.Contacts, columns, rights)
	if ok {
		d.contacts = oid
		d.uniqueID(ctx)
	}
	if d.m.Identities == "" {
		return
	}
	columns = named(append([]string{d.m.IdentityContact}, d.m.IdentityColumns...))
	rights = []right{{"SELECT", columns}}
	if d.m.Merge {
		rights = []right{{"SELECT", nil}, {"UPDATE", named([]string{d.m.IdentityContact})}}
		if !d.m.RefuseDuplicates {
			rights = append(rights, right{"DELETE", nil})
		}
	}
	d.identities, _ = d.table(ctx, "identities table", d.m.Identities, columns, rights)
}

// named leaves out columns that are not known, because the mapping could not be read.
func named(columns []string) []string {
	return slices.DeleteFunc(columns, func(c string) bool { return c == "" })
}

// table checks one table. ok says that it exists with its columns.
func (d *doctor) table(ctx context.Context, title, name string, columns []string, rights []right) (oid uint32, ok bool) {
	var schema, quoted, kind string
	var rows int64
	var hidden, maySee bool
	err := d.conn.QueryRow(ctx, `SELECT c.oid, quote_ident(n.nspname), quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.relkind::text, greatest(c.reltuples, 0)::bigint,
		c.relrowsecurity AND row_security_active(c.oid), has_schema_privilege(n.oid, 'USAGE')
		FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND (n.nspname || '.' || c.relname = $1 OR (n.nspname = 'public' AND c.relname = $1))`, name).
		Scan(&oid, &schema, &quoted, &kind, &rows, &hidden, &maySee)
	if errors.Is(err, pgx.ErrNoRows) {
		d.bad(title, "name an existing table as schema.table", "there is no table %q", name)
		return 0, false
	}
	if err != nil {
		d.broken(title, err)
		return 0, false
	}
	missing, err := d.texts(ctx, `SELECT w.name FROM unnest($2::text[]) AS w(name) WHERE NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = $1 AND a.attname = w.name AND a.attnum > 0 AND NOT a.attisdropped)`, oid, columns)
	switch {
	case err != nil:
		d.broken(title, err)
		return 0, false
	case len(missing) > 0:
		d.bad(title, "correct the mapping", "%s has no column %s", quoted, strings.Join(missing, ", "))
		return oid, false
	}
	d.good(title, "%s, about %d rows", quoted, rows)
	d.usage(schema, maySee)
	d.rights(ctx, oid, quoted, rights)
	if hidden {
		d.bad("row security", "use the table's owner, or a role with BYPASSRLS", "policies of %s hide rows from us", quoted)
	}
	if d.m.Merge && kind != "r" && kind != "p" {
		d.bad(title, "name the table itself", "%s is a view or a foreign table, which cannot be merged in", quoted)
	}
	return oid, true
}

// usage says, once, that a schema may not be looked into.
func (d *doctor) usage(schema string, may bool) {
	title := "rights on schema " + schema
	if !may && !slices.ContainsFunc(d.findings, func(f Finding) bool { return f.Title == title }) {
		d.bad(title, fmt.Sprintf("GRANT USAGE ON SCHEMA %s TO %s", schema, d.user), "we may not use it")
	}
}

// rights checks our rights on a table.
func (d *doctor) rights(ctx context.Context, oid uint32, quoted string, rights []right) {
	title := "rights on " + quoted
	var lacking []string
	for _, r := range rights {
		var have bool
		// Merging changes some columns of a table; which, the check of the merge knows.
		err := d.conn.QueryRow(ctx, `SELECT has_table_privilege($1::oid, $2) OR ($4 AND has_any_column_privilege($1::oid, $2)) OR (coalesce(cardinality($3::text[]), 0) > 0
			AND NOT EXISTS (SELECT FROM unnest($3::text[]) AS w(name) WHERE NOT has_column_privilege($1::oid, w.name, $2)))`, oid, r.name, r.columns, d.m.Merge && r.name == "UPDATE").Scan(&have)
		if err != nil {
			d.broken(title, err)
			return
		}
		if !have {
			lacking = append(lacking, r.String())
		}
	}
	if len(lacking) > 0 {
		what := strings.Join(lacking, ", ")
		d.bad(title, fmt.Sprintf("GRANT %s ON %s TO %s", what, quoted, d.user), "we lack %s", what)
		return
	}
	d.good(title, "sufficient")
}

// uniqueID checks that the id column can tell contacts apart.
func (d *doctor) uniqueID(ctx context.Context) {
	var good bool
	err := d.conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
		WHERE i.indrelid = $1 AND a.attname = $2 AND i.indnkeyatts = 1 AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND a.attnotnull)`, d.contacts, d.m.ID).Scan(&good)
	switch {
	case err != nil:
		d.broken("contact id", err)
	case !good && d.m.Merge:
		d.bad("contact id", "declare it as the primary key", "column %q is not declared unique and not null, so contacts cannot be merged by it", d.m.ID)
	case good:
		d.good("contact id", "column %q is unique", d.m.ID)
	}
}
