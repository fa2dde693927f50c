package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// foreignKey is a foreign key to the contacts table, as far as a merge cares.
type foreignKey struct {
	name, table string
	schema      string // quoted, as table and columns are
	oid         uint32
	columns     []string
	onDelete    string
	indexed     bool
	byID        bool
	maySee      bool // its schema
	mayUpdate   bool
	hidden      bool
	triggers    []string
}

// references checks every foreign key to the contacts table: a merge changes its rows.
func (d *doctor) references(ctx context.Context) {
	keys, err := d.foreignKeys(ctx)
	if err != nil {
		d.broken("foreign keys", err)
		return
	}
	if len(keys) == 0 {
		d.good("foreign keys", "no table refers to contacts; name columns that hold contact ids all the same in the configuration")
	}
	told := make(map[uint32]bool)
	for i := range keys {
		k := &keys[i]
		d.foreignKey(k)
		if len(k.triggers) > 0 && !told[k.oid] {
			d.good("triggers on "+k.table, "will fire when rows are moved: %s", strings.Join(k.triggers, ", "))
		}
		told[k.oid] = true
	}
}

func (d *doctor) foreignKey(k *foreignKey) {
	title := "foreign key " + k.name
	columns := strings.Join(k.columns, ", ")
	before := len(d.findings)
	if !k.indexed {
		d.bad(title, fmt.Sprintf("CREATE INDEX CONCURRENTLY ON %s (%s)", k.table, columns), "%s (%s) has no index: each merge would read the whole table", k.table, columns)
	}
	if d.m.Merge && !k.byID {
		d.bad(title, "", "%s (%s) refers to contacts by another column than the id: contacts with such rows will not be merged", k.table, columns)
	}
	if d.m.Merge {
		d.usage(k.schema, k.maySee)
	}
	// The rights on the mapped tables have been looked at.
	if d.m.Merge && !k.mayUpdate && k.oid != d.contacts && k.oid != d.identities {
		d.bad(title, fmt.Sprintf("GRANT SELECT, UPDATE (%s) ON %s TO %s", columns, k.table, d.user), "we may not move rows of %s", k.table)
	}
	if d.m.Merge && k.hidden {
		d.bad(title, "use the table's owner, or a role with BYPASSRLS", "row security hides rows of %s from us", k.table)
	}
	if len(d.findings) == before {
		d.good(title, "%s (%s), on delete %s, indexed", k.table, columns, k.onDelete)
	}
}

func (d *doctor) foreignKeys(ctx context.Context) ([]foreignKey, error) {
	// The first column of a usable index must be one of the key's, whatever their order.
	rows, err := d.conn.Query(ctx, `SELECT f.conname, quote_ident(n.nspname) || '.' || quote_ident(c.relname), quote_ident(n.nspname), c.oid,
		ARRAY(SELECT quote_ident(a.attname) FROM unnest(f.conkey) WITH ORDINALITY AS k(num, n) JOIN pg_attribute AS a ON a.attrelid = f.conrelid AND a.attnum = k.num ORDER BY k.n),
		CASE f.confdeltype WHEN 'a' THEN 'no action' WHEN 'r' THEN 'restrict' WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set null' ELSE 'set default' END,
		EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = f.conrelid AND i.indisvalid AND i.indpred IS NULL AND i.indkey[0] = ANY (f.conkey)),
		EXISTS (SELECT FROM unnest(f.confkey) AS k(num) JOIN pg_attribute AS a ON a.attrelid = f.confrelid AND a.attnum = k.num WHERE a.attname = $2),
		has_schema_privilege(n.oid, 'USAGE'), has_any_column_privilege(c.oid, 'SELECT') AND NOT EXISTS (SELECT FROM unnest(f.conkey) AS k(num) WHERE NOT has_column_privilege(c.oid, k.num, 'UPDATE')),
		c.relrowsecurity AND row_security_active(c.oid),
		ARRAY(SELECT t.tgname::text FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D' ORDER BY t.tgname)
		FROM pg_constraint AS f JOIN pg_class AS c ON c.oid = f.conrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE f.contype = 'f' AND f.confrelid = $1 AND f.conparentid = 0 ORDER BY 2, 1`, d.contacts, d.m.ID)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (k foreignKey, err error) {
		err = row.Scan(&k.name, &k.table, &k.schema, &k.oid, &k.columns, &k.onDelete, &k.indexed, &k.byID, &k.maySee, &k.mayUpdate, &k.hidden, &k.triggers)
		return k, err
	})
}
