package extract

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/nearest"
)

// table is a table, view or partitioned table as the catalogue knows it.
type table struct {
	oid     uint32
	schema  string
	name    string
	kind    string  // pg_class.relkind
	rows    float64 // pg_class.reltuples, negative when never analysed
	blocks  int64   // of the main fork once measured, 0 for what has none
	columns []tableColumn
}

// tableColumn is one column of a table.
type tableColumn struct {
	name     string
	typ      string // as format_type writes it
	category string // pg_type.typcategory, a domain's being that of its base type
	base     string // name of the type below any domains
	readable bool
	primary  bool // the whole primary key
	peer     bool // refers to another row of the same table
}

func (t *table) quoted() string { return pgx.Identifier{t.schema, t.name}.Sanitize() }

func (t *table) display() string { return t.schema + "." + t.name }

// ranged says whether ctid ranges of the table are parts of it.
func (t *table) ranged() bool { return t.kind == "r" || t.kind == "m" }

// comparable says whether a column's text says what its value is. Of the user-defined category only uuid does; bytea, json,
// xml, arrays, composites, ranges and shapes have no place in a contact.
func (c tableColumn) comparable() bool {
	switch c.category {
	case "B", "N", "S", "D", "T", "E", "I":
		return true
	case "U":
		return c.base == "uuid"
	}
	return false
}

// querier runs a query; connections and transactions do.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

const relationsSQL = `
SELECT c.oid, n.nspname, c.relname, c.relkind::text, c.reltuples::float8
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'
  AND ($1 = '' OR c.relname = $1 OR lower(c.relname) = lower($1)) -- lower does not fold Ü alike in a name and in a text
ORDER BY n.nspname, c.relname`

// relations lists the tables called name, whatever the case, or all with "".
func relations(ctx context.Context, q querier, name string) ([]*table, error) {
	rows, err := q.Query(ctx, relationsSQL, name)
	if err != nil {
		return nil, explain("reading the catalogue", err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (*table, error) {
		t := &table{}
		err := row.Scan(&t.oid, &t.schema, &t.name, &t.kind, &t.rows)
		return t, err
	})
	if err != nil {
		return nil, explain("reading the catalogue", err)
	}
	return all, nil
}

// findTable resolves a configured name, schema.table or table, to one row of the catalogue. Nothing but names found there ever
// gets into SQL.
func findTable(ctx context.Context, q querier, name string) (*table, error) {
	parts, err := splitName(name)
	if err != nil {
		return nil, err
	}
	wanted := parts[len(parts)-1]
	found, err := relations(ctx, q, wanted)
	if err != nil {
		return nil, err
	}
	if len(parts) == 2 {
		found = slices.DeleteFunc(found, func(t *table) bool { return !strings.EqualFold(t.schema, parts[0]) })
	}
	found = preferExact(found, wanted, parts[0], len(parts) == 2)
	switch len(found) {
	case 0:
		return nil, noTable(ctx, q, name)
	case 1:
		t := found[0]
		t.columns, err = tableColumns(ctx, q, t.oid)
		return t, err
	}
	var names []string
	for _, t := range found {
		names = append(names, t.display())
	}
	return nil, fmt.Errorf("table %q could be any of %s; give its schema", name, listNames(names))
}

// preferExact narrows candidates down: exact spelling before another case, and the schema public before others.
func preferExact(found []*table, name, schema string, hasSchema bool) []*table {
	narrow := func(keep func(*table) bool) {
		kept := slices.DeleteFunc(slices.Clone(found), func(t *table) bool { return !keep(t) })
		if len(kept) > 0 {
			found = kept
		}
	}
	narrow(func(t *table) bool { return t.name == name })
	if hasSchema {
		narrow(func(t *table) bool { return t.schema == schema })
	} else {
		narrow(func(t *table) bool { return t.schema == "public" })
	}
	return found
}

func noTable(ctx context.Context, q querier, name string) error {
	all, err := relations(ctx, q, "")
	if err != nil {
		return err
	}
	var tables, names []string
	for _, t := range all {
		tables, names = append(tables, t.name), append(names, t.display())
	}
	near := nearest.Word(name, names)
	if i := slices.Index(tables, nearest.Word(name, tables)); near == "" && i >= 0 {
		near = names[i]
	}
	hint := ""
	if near != "" {
		hint = fmt.Sprintf(" (did you mean %q?)", near)
	}
	return fmt.Errorf("there is no table %q in this database%s", name, hint)
}

// spelling is the table's name in a form that splitName reads back.
func (t *table) spelling() string { return spell(t.schema) + "." + spell(t.name) }

// spell puts a name in double quotes where it would be misread without.
func spell(name string) string {
	if strings.ContainsAny(name, `."`) || strings.TrimSpace(name) != name {
		return pgx.Identifier{name}.Sanitize()
	}
	return name
}

// splitName cuts schema.table, of which either may be in double quotes, which are doubled within.
func splitName(name string) ([]string, error) {
	var parts []string
	rest := strings.TrimSpace(name)
	for {
		var part string
		if strings.HasPrefix(rest, `"`) {
			end := closingQuote(rest)
			if end < 0 {
				return nil, fmt.Errorf("table %q: a quote is not closed", name)
			}
			part, rest = strings.ReplaceAll(rest[1:end], `""`, `"`), rest[end+1:]
		} else if i := strings.IndexByte(rest, '.'); i >= 0 {
			part, rest = rest[:i], rest[i:]
		} else {
			part, rest = rest, ""
		}
		if part == "" {
			return nil, fmt.Errorf("table %q: want schema.table or table", name)
		}
		parts = append(parts, part)
		if rest == "" {
			break
		}
		if rest[0] != '.' || len(parts) == 2 {
			return nil, fmt.Errorf("table %q: want schema.table or table", name)
		}
		rest = rest[1:]
	}
	return parts, nil
}

// closingQuote is where the quote that s begins with ends, -1 when it does not.
func closingQuote(s string) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] != '"':
		case i+1 < len(s) && s[i+1] == '"':
			i++
		default:
			return i
		}
	}
	return -1
}

const columnsSQL = `
SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), t.typcategory::text,
       (WITH RECURSIVE b AS (
            SELECT t.oid, t.typname, t.typtype, t.typbasetype
            UNION ALL
            SELECT p.oid, p.typname, p.typtype, p.typbasetype FROM b JOIN pg_catalog.pg_type p ON b.typtype = 'd' AND p.oid = b.typbasetype)
        SELECT typname FROM b WHERE typtype <> 'd')::text,
       pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT'),
       EXISTS (SELECT FROM pg_catalog.pg_index i
               WHERE i.indrelid = a.attrelid AND i.indisprimary AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum),
       EXISTS (SELECT FROM pg_catalog.pg_constraint k
               WHERE k.conrelid = a.attrelid AND k.contype = 'f' AND k.confrelid = k.conrelid AND a.attnum = ANY (k.conkey))
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum`

func tableColumns(ctx context.Context, q querier, oid uint32) ([]tableColumn, error) {
	rows, err := q.Query(ctx, columnsSQL, oid)
	if err != nil {
		return nil, explain("reading the catalogue", err)
	}
	columns, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c tableColumn, err error) {
		err = row.Scan(&c.name, &c.typ, &c.category, &c.base, &c.readable, &c.primary, &c.peer)
		return c, err
	})
	if err != nil {
		return nil, explain("reading the catalogue", err)
	}
	return columns, nil
}

// measure asks for the table's size, which waits for whoever has it locked. A role that may read some columns only may not read ctid unless
// it was granted, too; for it the table has no blocks, so that it is read in one part.
func (t *table) measure(ctx context.Context, q querier) error {
	if !t.ranged() {
		return nil
	}
	rows, err := q.Query(ctx, `SELECT CASE WHEN pg_catalog.has_column_privilege($1::oid, 'ctid', 'SELECT')
		THEN coalesce(pg_catalog.pg_relation_size($1::oid), 0) / current_setting('block_size')::int8 ELSE 0 END`, t.oid)
	if err == nil {
		t.blocks, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[int64])
	}
	if err != nil {
		return explain("asking for the size of "+t.display(), err)
	}
	return nil
}

// columnNames lists the columns for which keep holds.
func (t *table) columnNames(keep func(tableColumn) bool) []string {
	var out []string
	for _, c := range t.columns {
		if keep(c) {
			out = append(out, c.name)
		}
	}
	return out
}

// estimate is the number of rows the planner believes in, 0 when it does not know.
func (t *table) estimate() int64 { return int64(max(t.rows, 0)) }
