package merge

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// family is a group of types whose values can be the same ids.
type family string

const (
	familyInteger family = "integer"
	familyUUID    family = "uuid"
	familyText    family = "text"
	familyJSON    family = "json"
	familyOther   family = ""
)

// familySQL sorts the type of alias b, which must not be a domain.
const familySQL = `CASE WHEN b.typname IN ('int2', 'int4', 'int8', 'numeric') AND bn.nspname = 'pg_catalog' THEN 'integer'
	WHEN b.typname = 'uuid' AND bn.nspname = 'pg_catalog' THEN 'uuid'
	WHEN b.typname IN ('json', 'jsonb') AND bn.nspname = 'pg_catalog' THEN 'json'
	WHEN b.typname IN ('text', 'varchar', 'bpchar', 'citext') THEN 'text' ELSE '' END`

// How much of a column is looked at, and what it takes to be suspected by its values alone. Small whole numbers are in every table, so
// that a number being some contact's id says little; a uuid or a text that is says much.
const (
	sampleRows   = 20_000 // read at most
	sampleValues = 1000   // compared at most
	fewValues    = 5      // too few to acquit a column whose name accuses it
	manyNumbers  = 20     // different numbers, all of them contact ids
	someValues   = 3      // different uuids or texts, half of them contact ids
	sampleDocs   = 500
)

// candidate is a column of a type that could hold contact ids.
type candidate struct {
	table       uint32
	schema, rel string
	column      string
	family      family // of its elements, for an array
	array       bool
	estimate    int64 // rows
	readable    bool
	soleKey     bool     // the table's primary key
	foreign     bool     // a foreign table has no pages to sample
	types       []string // text columns of the table, where a type could stand
}

func (k *candidate) name() string { return k.schema + "." + k.rel + "." + k.column }

func (k *candidate) suspect(kind SuspectKind, evidence string) Suspect {
	return Suspect{Table: k.schema + "." + k.rel, Column: k.column, Kind: kind, Evidence: evidence}
}

// from is the table as t, or a part of a large one.
func (k *candidate) from() string {
	sql := quote(k.schema, k.rel) + " AS t"
	if k.estimate > 5*sampleRows && !k.foreign {
		// The same part every time.
		sql += fmt.Sprintf(" TABLESAMPLE SYSTEM (%.4f) REPEATABLE (1)", max(0.01, 100*float64(sampleRows)/float64(k.estimate)))
	}
	return sql
}

// readFamily sorts the contact id.
func (f *finder) readFamily(ctx context.Context) error {
	err := f.tx.QueryRow(ctx, `SELECT `+familySQL+` FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
		JOIN pg_type AS b ON b.oid = coalesce(nullif(t.typbasetype, 0), t.oid) JOIN pg_namespace AS bn ON bn.oid = b.typnamespace
		WHERE a.attrelid = $1 AND a.attname = $2`, f.cat.contacts.oid, f.cat.id.name).Scan(&f.family)
	if err != nil {
		return fmt.Errorf("reading the type of the contact id: %w", err)
	}
	return nil
}

// candidates lists the columns that could hold contact ids, by their types. Columns with a foreign key to another table are somebody else's
// ids, whatever their names.
func (f *finder) candidates(ctx context.Context, ours string) ([]candidate, error) {
	rows, err := f.tx.Query(ctx, `SELECT c.oid, n.nspname, c.relname, a.attname, `+familySQL+`, e.oid IS NOT NULL, greatest(c.reltuples, 0)::bigint,
			has_schema_privilege(n.oid, 'USAGE') AND has_column_privilege(c.oid, a.attnum, 'SELECT') AND NOT (c.relrowsecurity AND row_security_active(c.oid)),
			EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisprimary AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum), c.relkind = 'f',
			ARRAY(SELECT x.attname::text FROM pg_attribute AS x JOIN pg_type AS xt ON xt.oid = x.atttypid
				WHERE x.attrelid = c.oid AND x.attnum > 0 AND NOT x.attisdropped AND x.attnum <> a.attnum AND (xt.typcategory IN ('S', 'E')) AND has_column_privilege(c.oid, x.attnum, 'SELECT')
				ORDER BY x.attnum)
		FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
		JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		JOIN pg_type AS t ON t.oid = a.atttypid
		LEFT JOIN pg_type AS e ON e.oid = t.typelem AND t.typcategory = 'A'
		JOIN pg_type AS b ON b.oid = coalesce(nullif(e.typbasetype, 0), e.oid, nullif(t.typbasetype, 0), t.oid) JOIN pg_namespace AS bn ON bn.oid = b.typnamespace
		WHERE c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema', $1)
			AND NOT starts_with(n.nspname, 'pg_toast')
			AND `+familySQL+` IN ('json', 'text', $2) AND NOT (c.oid = $3 AND a.attname = $4)
			AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.contype = 'f' AND k.conrelid = c.oid AND a.attnum = ANY (k.conkey) AND k.confrelid <> $3)
		ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C", a.attnum`, ours, string(f.family), f.cat.contacts.oid, f.cat.id.name)
	if err != nil {
		return nil, fmt.Errorf("listing the columns of the database: %w", err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (k candidate, err error) {
		err = row.Scan(&k.table, &k.schema, &k.rel, &k.column, &k.family, &k.array, &k.estimate, &k.readable, &k.soleKey, &k.foreign, &k.types)
		return k, err
	})
	if err != nil {
		return nil, fmt.Errorf("listing the columns of the database: %w", err)
	}
	return all, nil
}

// suspects judges one column.
func (f *finder) suspects(ctx context.Context, k *candidate) ([]Suspect, error) {
	h := f.names.column(k.column)
	if k.family == familyJSON {
		return f.documents(ctx, k)
	}
	if !f.worthReading(k, h) {
		return nil, nil
	}
	if typ := f.typeColumn(k, h); typ != "" {
		return f.pairs(ctx, k, typ)
	}
	kind := SuspectColumn
	if k.array {
		kind = SuspectArray
	}
	n, hits, read := 0, 0, false
	if k.readable {
		var err error
		if read, err = f.trying(ctx, func(tx pgx.Tx) error { return tx.QueryRow(ctx, f.overlapSQL(k)).Scan(&n, &hits) }); err != nil {
			return nil, err
		}
	}
	if !read {
		if h == hintEntity {
			return []Suspect{k.suspect(kind, "by its name; its values could not be read")}, nil
		}
		return nil, nil
	}
	if f.guilty(k, h, n, hits) {
		return []Suspect{k.suspect(kind, evidence(h, n, hits))}, nil
	}
	return nil, nil
}

// worthReading spares columns whose values could prove nothing.
func (f *finder) worthReading(k *candidate, h hint) bool {
	switch {
	case h == hintEntity:
		return true
	case k.soleKey:
		return false // the table's own ids
	case h == hintID:
		return true
	}
	// Without a name only values speak, and those of numbers do not.
	return f.family == familyUUID || f.family == familyText
}

// guilty weighs name and values.
func (f *finder) guilty(k *candidate, h hint, n, hits int) bool {
	if h == hintEntity && k.family == f.family {
		return hits > 0 || n < fewValues
	}
	if h == hintEntity {
		return hits > 0
	}
	if f.family == familyInteger {
		return h == hintID && n >= manyNumbers && hits == n
	}
	return n >= someValues && 2*hits >= n
}

// evidence says why a column is suspected.
func evidence(h hint, n, hits int) string {
	values := fmt.Sprintf("%d of %d different values looked at are contact ids", hits, n)
	switch {
	case n == 0:
		return "by its name; it is empty"
	case h == hintEntity:
		return "by its name; " + values
	default:
		return values
	}
}

// isID is the condition that an expression of type text is a contact's id.
func (f *finder) isID(v string) string {
	id := "c." + quote(f.cat.id.name)
	exists := func(condition string) string {
		return `EXISTS (SELECT FROM ` + f.cat.contacts.sql() + ` AS c WHERE ` + condition + `)`
	}
	switch f.family {
	case familyInteger:
		return exists(id + ` = CASE WHEN ` + v + ` ~ '^-?[0-9]{1,18}$' THEN ` + v + `::bigint END`)
	case familyUUID:
		return exists(id + ` = CASE WHEN ` + v + ` ~* '^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$' THEN ` + v + `::uuid END`)
	default:
		return exists(id + ` ` + f.cat.idEqual + ` ` + v + `::` + f.cat.id.base)
	}
}

// overlapSQL counts the different values of a sample, and those that are contact ids.
func (f *finder) overlapSQL(k *candidate) string {
	col := "t." + quote(k.column)
	from, value := k.from()+` WHERE `+col+` IS NOT NULL`, col+"::text"
	if k.array {
		from, value = k.from()+` CROSS JOIN LATERAL unnest(`+col+`) AS u(e) WHERE u.e IS NOT NULL`, "u.e::text"
	}
	return fmt.Sprintf(`SELECT count(*), count(*) FILTER (WHERE %s) FROM (SELECT DISTINCT v FROM (SELECT %s AS v FROM %s LIMIT %d) AS s LIMIT %d) AS d`,
		f.isID("d.v"), value, from, sampleRows, sampleValues)
}

// typeColumn finds the column that says what a column's ids are of, "" for none.
func (f *finder) typeColumn(k *candidate, h hint) string {
	if k.array || h == hintNone {
		return ""
	}
	stem, isID := stemOf(words(k.column))
	if !isID {
		return ""
	}
	beside := typeColumns(stem)
	for _, t := range k.types {
		if slices.Contains(beside, strings.Join(words(t), "")) {
			return t
		}
	}
	return ""
}

// maxTypes is how many different values the type column of a pair may have.
const maxTypes = 100

// pairs judges an id with a type column beside it, a type at a time.
func (f *finder) pairs(ctx context.Context, k *candidate, typ string) (found []Suspect, err error) {
	if !k.readable {
		return []Suspect{k.suspect(SuspectPair, "by the names of the two columns; its values could not be read").typed(typ, "?")}, nil
	}
	type group struct {
		typ     string
		n, hits int
	}
	var groups []group
	_, err = f.trying(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, fmt.Sprintf(`SELECT d.typ, count(*), count(*) FILTER (WHERE %[1]s) FROM (SELECT DISTINCT typ, v FROM (
			SELECT t.%[2]s::text AS typ, t.%[3]s::text AS v FROM %[4]s WHERE t.%[2]s IS NOT NULL AND t.%[3]s IS NOT NULL LIMIT %[5]d) AS s LIMIT %[6]d) AS d
			GROUP BY d.typ ORDER BY d.typ COLLATE "C" LIMIT %[7]d`,
			f.isID("d.v"), quote(typ), quote(k.column), k.from(), sampleRows, sampleValues, maxTypes+1))
		if err != nil {
			return err
		}
		groups, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (g group, err error) {
			err = row.Scan(&g.typ, &g.n, &g.hits)
			return g, err
		})
		return err
	})
	if err != nil || len(groups) > maxTypes {
		return nil, err
	}
	for _, g := range groups {
		named := f.names.typeValue(g.typ) && (g.hits > 0 || g.n < fewValues)
		byValue := f.family != familyInteger && g.n >= someValues && 2*g.hits >= g.n
		if named || byValue {
			found = append(found, k.suspect(SuspectPair, evidence(hintID, g.n, g.hits)).typed(typ, g.typ))
		}
	}
	return found, nil
}

func (s Suspect) typed(column, value string) Suspect {
	s.TypeColumn, s.TypeValue = column, value
	return s
}

// plainKey is a key that can be told: others may be values themselves.
var plainKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,62}$`)

// documents looks for contact ids under the keys of JSON documents.
func (f *finder) documents(ctx context.Context, k *candidate) (found []Suspect, err error) {
	if !k.readable || k.array {
		return nil, nil
	}
	col := "t." + quote(k.column)
	type group struct {
		key     string
		n, hits int
	}
	var groups []group
	_, err = f.trying(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, fmt.Sprintf(`WITH docs AS MATERIALIZED (SELECT %[1]s::jsonb AS doc FROM %[2]s WHERE %[1]s IS NOT NULL LIMIT %[3]d),
			pairs AS (SELECT p.kv->>'key' AS key, p.kv->'value' AS value FROM docs
				CROSS JOIN LATERAL jsonb_path_query(docs.doc, '$.** ? (@.type() == "object").keyvalue()') AS p(kv)),
			plain AS (SELECT key, value FROM pairs WHERE jsonb_typeof(value) <> 'array'
				UNION ALL SELECT key, e.value FROM pairs CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(pairs.value) WHEN 'array' THEN pairs.value ELSE '[]' END) AS e),
			d AS (SELECT DISTINCT key, value #>> '{}' AS v FROM plain WHERE jsonb_typeof(value) IN ('string', 'number') LIMIT %[4]d)
			SELECT d.key, count(*), count(*) FILTER (WHERE %[5]s) FROM d GROUP BY d.key ORDER BY d.key COLLATE "C"`, col, k.from(), sampleDocs, 10*sampleValues, f.isID("d.v")))
		if err != nil {
			return err
		}
		groups, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (g group, err error) {
			err = row.Scan(&g.key, &g.n, &g.hits)
			return g, err
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		if !plainKey.MatchString(g.key) {
			continue
		}
		h := f.names.column(g.key)
		byName := h == hintEntity && g.hits > 0
		byValue := f.family != familyInteger && g.n >= someValues && 2*g.hits >= g.n
		if byName || byValue {
			s := k.suspect(SuspectJSON, evidence(h, g.n, g.hits))
			s.Key = g.key
			found = append(found, s)
		}
	}
	return found, nil
}
