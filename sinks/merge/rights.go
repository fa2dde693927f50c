package merge

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/pgerr"
)

// Right is a privilege on a table of the customer, or on some of its columns.
type Right struct {
	Table     string   // quoted, with its schema
	Schema    string   // quoted
	Privilege string   // SELECT, INSERT, UPDATE or DELETE
	Columns   []string // nil for the whole table
	oid       uint32
	name      string // of the table, for people
}

// String is the right as GRANT wants it.
func (r *Right) String() string {
	if len(r.Columns) == 0 {
		return r.Privilege + " ON " + r.Table
	}
	quoted := make([]string, len(r.Columns))
	for i, c := range r.Columns {
		quoted[i] = quote(c)
	}
	return r.Privilege + " (" + strings.Join(quoted, ", ") + ") ON " + r.Table
}

// Rights are the privileges that merging in the configured tables, and taking it back, needs: these and no others. They are listed by
// table and privilege.
func Rights(ctx context.Context, conn *pgx.Conn, cfg Config) ([]Right, error) {
	cfg = cfg.WithDefaults()
	var out []Right
	err := pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if err := pin(ctx, tx, maxLockTimeout, cfg.StepTimeout); err != nil {
			return err
		}
		cat, err := readCatalog(ctx, tx, &cfg)
		if err != nil {
			return err
		}
		for _, r := range cat.involved() {
			out = append(out, cat.rightsOn(r, &cfg)...)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("finding out which rights a merge needs: %w", pgerr.Clean(err))
	}
	return out, nil
}

// rightsOn are the privileges on one table.
func (c *catalog) rightsOn(r *relation, cfg *Config) []Right {
	right := func(privilege string, columns []string) Right {
		return Right{Table: r.sql(), Schema: quote(r.schema), Privilege: privilege, Columns: columns, oid: r.oid, name: r.String()}
	}
	read, write := c.readColumns(r, cfg), c.writtenColumns(r, cfg)
	out := []Right{right("SELECT", read)}
	if write != nil || c.unites(r) || r == c.contacts { // locking a row takes the right to change some column
		if c.unites(r) {
			write = nil
		}
		out = append(out, right("UPDATE", write))
	}
	if c.loses(r, cfg) {
		out = append(out, right("DELETE", nil), right("INSERT", nil)) // rows that are removed, and come back when the merge is taken back
	}
	return out
}

// loses says whether rows of a table may be removed.
func (c *catalog) loses(r *relation, cfg *Config) bool {
	if r == c.contacts {
		return cfg.Mode == Delete
	}
	return slices.ContainsFunc(c.uniques, func(u unique) bool { return u.ref.child == r && u.policy != RefuseCollision })
}

// unites says whether any column of a table may be filled from another row.
func (c *catalog) unites(r *relation) bool {
	return slices.ContainsFunc(c.uniques, func(u unique) bool { return u.ref.child == r && u.policy == Union })
}

// rowSystemColumns find a row again within a statement; they are granted like any other column.
var rowSystemColumns = []string{"ctid", "tableoid"}

// readColumns are the columns of a table that are read, nil for all of them: a row that is archived or removed is kept whole, and so is the
// key of one that has no primary key.
func (c *catalog) readColumns(r *relation, cfg *Config) []string {
	if r == c.contacts || c.loses(r, cfg) || len(r.key) == len(r.columns) {
		return nil
	}
	out := slices.Concat(rowSystemColumns, r.key)
	for i := range c.refs {
		ref := &c.refs[i]
		if ref.child != r {
			continue
		}
		out = append(out, ref.columnNames()...)
		if ref.typeColumn != nil {
			out = append(out, ref.typeColumn.name)
		}
		for _, o := range ref.others {
			out = append(out, o.ours.name)
		}
	}
	for _, u := range c.uniques {
		if u.ref.child != r {
			continue
		}
		if u.where != "" {
			return nil // a condition over any column
		}
		for _, o := range u.others {
			col := slices.IndexFunc(r.columns, func(col column) bool { return o.expr == col.name || o.expr == quote(col.name) })
			if col < 0 {
				return nil // an expression over any column
			}
			out = append(out, r.columns[col].name)
		}
	}
	return unrepeated(out)
}

// writtenColumns are the columns of a table that are changed.
func (c *catalog) writtenColumns(r *relation, cfg *Config) []string {
	var out []string
	for i := range c.refs {
		if c.refs[i].child == r {
			out = append(out, c.refs[i].writtenNames()...)
		}
	}
	if r != c.contacts {
		return unrepeated(out)
	}
	for _, col := range r.columns {
		may := !col.generated && col.name != c.id.name && !slices.Contains(c.pinned, col.name)
		// A trigger that changes the row writes what taking the merge back has to restore.
		if may && (slices.Contains(cfg.Columns, col.name) || col.name == cfg.ArchiveColumn || c.touched) {
			out = append(out, col.name)
		}
	}
	return unrepeated(out)
}

// unrepeated is a list without what is in it twice, in its order.
func unrepeated(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// readTouched finds out whether a trigger may change rows of the contacts table, and a column by which this role may lock it.
func (c *catalog) readTouched(ctx context.Context, tx pgx.Tx) error {
	err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = $1 AND NOT tgisinternal AND tgenabled IN ('O', 'A') AND tgtype & 1 <> 0 AND tgtype & 2 <> 0 AND tgtype & 16 <> 0),
		coalesce((SELECT a.attname FROM pg_attribute AS a WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attidentity <> 'a'
			AND has_column_privilege($1::oid, a.attnum, 'UPDATE') AND has_column_privilege($1::oid, a.attnum, 'SELECT') ORDER BY a.attnum DESC LIMIT 1), '')`, c.contacts.oid).Scan(&c.touched, &c.writable)
	if err != nil {
		return fmt.Errorf("reading the rights on %s: %w", c.contacts, err)
	}
	return nil
}

// hold locks the contacts table, not its rows, as a change does: it can get no new foreign key, trigger or column before the transaction
// ends; readers and writers do not mind. LOCK TABLE would ask for a right on the whole table; planning an update, which is not carried
// out, locks it just so.
func (c *catalog) hold(ctx context.Context, tx pgx.Tx) error {
	if c.writable == "" {
		return fmt.Errorf("this role may not change any column of %s", c.contacts)
	}
	column := quote(c.writable)
	_, err := tx.Exec(ctx, `EXPLAIN UPDATE `+c.contacts.sql()+` SET `+column+` = `+column+` WHERE false`)
	return err
}
