package merge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// column is a column as the catalogue has it.
type column struct {
	name      string
	base      string // its type, quoted and without modifier: an assignment then applies the modifier, and complains instead of cutting
	full      string // its type with modifier, which a text cast to it reproduces exactly
	notNull   bool
	generated bool   // never written
	always    bool   // an identity that only the server makes
	element   string // type of the elements, quoted, when it is an array
}

// relation is a table.
type relation struct {
	oid          uint32
	schema, name string
	kind         string // relkind
	estimate     int64  // rows
	partition    bool
	inherits     bool // has or is a child by inheritance other than partitioning
	rules        bool
	rowSecurity  bool // some rows are hidden from us
	columns      []column
	key          []string // of its primary key, every column when it has none
	keyless      bool     // it has none
	hangs        string   // a foreign key that would delete or change rows of another table when a row is removed
}

// String is for people.
func (r *relation) String() string { return r.schema + "." + r.name }

func (r *relation) sql() string { return quote(r.schema, r.name) }

func (r *relation) column(name string) *column {
	for i := range r.columns {
		if r.columns[i].name == name {
			return &r.columns[i]
		}
	}
	return nil
}

// names are the columns a row image has: all of them.
func (r *relation) names() []string {
	out := make([]string, len(r.columns))
	for i, c := range r.columns {
		out[i] = c.name
	}
	return out
}

// catalog is what the database says about the tables of a merge. Every name in it comes from there.
type catalog struct {
	contacts    *relation
	id          *column
	idEqual     string // operator: id = id
	refs        []reference
	identities  *relation // nil for none
	identityRef *reference
	value       string // quoted column of the identities table
	uniques     []unique
	tight       []tight
	owned       []ownIndex
	pinned      []string // columns of the contacts table that foreign keys refer to
	words       []string // what the type columns of references say of contacts
	fingerprint string
	relations   map[uint32]*relation
	keyEquals   map[uint32][]string // operators of the primary keys, once they were asked for
	touched     bool                // a trigger may change rows of the contacts table
	writable    string              // a column of the contacts table that this role may change, "" for none
}

// quote makes a qualified name safe to put in a statement.
func quote(parts ...string) string { return pgx.Identifier(parts).Sanitize() }

// readCatalog looks the tables up. It must run in a transaction with pinned settings.
func readCatalog(ctx context.Context, tx pgx.Tx, cfg *Config) (*catalog, error) {
	c := &catalog{relations: make(map[uint32]*relation)}
	var err error
	if c.contacts, err = c.find(ctx, tx, cfg.Contacts); err != nil {
		return nil, fmt.Errorf("contacts table: %w", err)
	}
	if err := c.readID(ctx, tx, cfg.ID); err != nil {
		return nil, err
	}
	if err := c.readForeignKeys(ctx, tx); err != nil {
		return nil, err
	}
	for _, r := range cfg.References {
		if err := c.addReference(ctx, tx, r); err != nil {
			return nil, fmt.Errorf("reference %s.%s: %w", r.Table, r.Column, err)
		}
	}
	if cfg.Identities != "" {
		if err := c.readIdentities(ctx, tx, cfg); err != nil {
			return nil, fmt.Errorf("identities table: %w", err)
		}
	}
	if err := c.readCompanions(ctx, tx, cfg); err != nil {
		return nil, err
	}
	if err := c.readUniques(ctx, tx, cfg); err != nil {
		return nil, err
	}
	if err := c.readOwned(ctx, tx); err != nil {
		return nil, err
	}
	if err := c.readCascades(ctx, tx); err != nil {
		return nil, err
	}
	if err := c.checkShapes(cfg); err != nil {
		return nil, err
	}
	if err := c.readTouched(ctx, tx); err != nil {
		return nil, err
	}
	c.fingerprint, err = c.fingerprintNow(ctx, tx)
	return c, err
}

// find looks a table up by the name a person gave it.
func (c *catalog) find(ctx context.Context, tx pgx.Tx, name string) (*relation, error) {
	rows, err := tx.Query(ctx, `SELECT c.oid FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND (n.nspname || '.' || c.relname = $1 OR (n.nspname = 'public' AND c.relname = $1))`, name)
	if err != nil {
		return nil, err
	}
	oids, err := pgx.CollectRows(rows, pgx.RowTo[uint32])
	switch {
	case err != nil:
		return nil, err
	case len(oids) == 0:
		return nil, fmt.Errorf("there is no table %q", name)
	case len(oids) > 1:
		return nil, fmt.Errorf("table %q can be read in %d ways", name, len(oids))
	}
	return c.relation(ctx, tx, oids[0])
}

// relation reads a table, once.
func (c *catalog) relation(ctx context.Context, tx pgx.Tx, oid uint32) (*relation, error) {
	if r := c.relations[oid]; r != nil {
		return r, nil
	}
	r := &relation{oid: oid}
	err := tx.QueryRow(ctx, `SELECT n.nspname, c.relname, c.relkind::text, coalesce((SELECT sum(CASE WHEN p.reltuples >= 0 THEN p.reltuples ELSE pg_relation_size(p.oid) / 100 END) FROM pg_class AS p
			WHERE p.relkind <> 'p' AND (p.oid = c.oid OR p.oid IN (SELECT l.relid FROM pg_partition_tree(c.oid) AS l WHERE l.isleaf))), 0)::bigint, c.relispartition, c.relhasrules,
		c.relrowsecurity AND row_security_active(c.oid),
		EXISTS (SELECT FROM pg_inherits AS i JOIN pg_class AS p ON p.oid = i.inhparent WHERE (i.inhparent = c.oid OR i.inhrelid = c.oid) AND p.relkind = 'r')
		FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = $1`, oid).
		Scan(&r.schema, &r.name, &r.kind, &r.estimate, &r.partition, &r.rules, &r.rowSecurity, &r.inherits)
	if err != nil {
		return nil, fmt.Errorf("reading table %d: %w", oid, err)
	}
	rows, err := tx.Query(ctx, `SELECT a.attname, quote_ident(n.nspname) || '.' || quote_ident(t.typname), format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated <> '', a.attidentity = 'a',
			coalesce(quote_ident(en.nspname) || '.' || quote_ident(e.typname), '')
		FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid JOIN pg_namespace AS n ON n.oid = t.typnamespace
		LEFT JOIN pg_type AS e ON e.oid = t.typelem AND t.typcategory = 'A' LEFT JOIN pg_namespace AS en ON en.oid = e.typnamespace
		WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`, oid)
	if err != nil {
		return nil, fmt.Errorf("reading the columns of %s: %w", r, err)
	}
	r.columns, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (col column, err error) {
		err = row.Scan(&col.name, &col.base, &col.full, &col.notNull, &col.generated, &col.always, &col.element)
		return col, err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the columns of %s: %w", r, err)
	}
	rows, err = tx.Query(ctx, `SELECT a.attname FROM pg_index AS i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(num, n)
		JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.num WHERE i.indrelid = $1 AND i.indisprimary AND k.n <= i.indnkeyatts ORDER BY k.n`, oid)
	if err != nil {
		return nil, fmt.Errorf("reading the key of %s: %w", r, err)
	}
	if r.key, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
		return nil, fmt.Errorf("reading the key of %s: %w", r, err)
	}
	if len(r.key) == 0 {
		r.keyless, r.key = true, r.names() // rows that are equal in every column can stand for each other
	}
	c.relations[oid] = r
	return r, nil
}

// readID finds the id column, and the operator that its unique index compares with: names of operators depend on the search path, and
// that of citext is not in pg_catalog.
func (c *catalog) readID(ctx context.Context, tx pgx.Tx, name string) error {
	c.id = c.contacts.column(name)
	if c.id == nil {
		return fmt.Errorf("contacts table %s has no column %q", c.contacts, name)
	}
	err := tx.QueryRow(ctx, `SELECT `+operatorSQL("o")+` FROM pg_index AS i
		JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
		JOIN pg_opclass AS oc ON oc.oid = i.indclass[0]
		JOIN pg_amop AS am ON am.amopfamily = oc.opcfamily AND am.amoplefttype = oc.opcintype AND am.amoprighttype = oc.opcintype AND am.amopstrategy = 3
		JOIN pg_operator AS o ON o.oid = am.amopopr JOIN pg_namespace AS n ON n.oid = o.oprnamespace
		WHERE i.indrelid = $1 AND a.attname = $2 AND i.indnkeyatts = 1 AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL
		ORDER BY i.indisprimary DESC LIMIT 1`, c.contacts.oid, name).Scan(&c.idEqual)
	if errors.Is(err, pgx.ErrNoRows) || (err == nil && !c.id.notNull) {
		return fmt.Errorf("column %q of %s must be unique and not null to be an id", name, c.contacts)
	}
	if err != nil {
		return fmt.Errorf("reading the id column: %w", err)
	}
	return nil
}

// operatorSQL writes an operator of alias o in namespace n so that no search path changes its meaning.
func operatorSQL(o string) string {
	return `'OPERATOR(' || quote_ident(n.nspname) || '.' || ` + o + `.oprname || ')'`
}

func (c *catalog) readIdentities(ctx context.Context, tx pgx.Tx, cfg *Config) error {
	var err error
	if c.identities, err = c.find(ctx, tx, cfg.Identities); err != nil {
		return err
	}
	for _, name := range []string{cfg.IdentityValue, cfg.IdentityChannel} {
		if name != "" && c.identities.column(name) == nil {
			return fmt.Errorf("%s has no column %q", c.identities, name)
		}
	}
	c.value = quote(cfg.IdentityValue)
	if err := c.addReference(ctx, tx, Reference{Table: cfg.Identities, Column: cfg.IdentityContact}); err != nil {
		return err
	}
	for i := range c.refs {
		if r := &c.refs[i]; r.child == c.identities && r.column.name == cfg.IdentityContact {
			r.identities = true
			c.identityRef = r
		}
	}
	return nil
}

// checkShapes refuses tables whose updates this package cannot count.
func (c *catalog) checkShapes(cfg *Config) error {
	var errs []error
	for _, r := range c.involved() {
		switch {
		case r.kind != "r" && r.kind != "p":
			errs = append(errs, fmt.Errorf("%s is a view or a foreign table", r))
		case r.inherits:
			errs = append(errs, fmt.Errorf("%s takes part in table inheritance", r))
		case r.rules:
			errs = append(errs, fmt.Errorf("%s has rules that rewrite statements", r))
		case r.rowSecurity:
			errs = append(errs, fmt.Errorf("%s has row security that hides rows from this role: use a role with BYPASSRLS, or the table's owner", r))
		case r == c.contacts && r.partition:
			errs = append(errs, fmt.Errorf("%s is a partition: name its root", r))
		}
	}
	for _, name := range cfg.Columns {
		if c.contacts.column(name) == nil {
			errs = append(errs, fmt.Errorf("%s has no column %q", c.contacts, name))
		}
	}
	if cfg.ArchiveColumn != "" && c.contacts.column(cfg.ArchiveColumn) == nil {
		errs = append(errs, fmt.Errorf("%s has no column %q to mark merged contacts", c.contacts, cfg.ArchiveColumn))
	}
	return errors.Join(errs...)
}

// involved are the tables that a step may touch, contacts first, then in the order of the references.
func (c *catalog) involved() []*relation {
	out := []*relation{c.contacts}
	for i := range c.refs {
		if !slices.Contains(out, c.refs[i].child) {
			out = append(out, c.refs[i].child)
		}
	}
	return out
}

// fingerprintNow is a hash over everything in the catalogue that this package relies on.
func (c *catalog) fingerprintNow(ctx context.Context, tx pgx.Tx) (hash string, err error) {
	var oids []uint32
	for _, r := range c.involved() {
		oids = append(oids, r.oid)
	}
	err = tx.QueryRow(ctx, fingerprintSQL, oids).Scan(&hash)
	if err != nil {
		return "", fmt.Errorf("reading the catalogue: %w", err)
	}
	return hash, nil
}

var fingerprintSQL = `SELECT coalesce(md5(string_agg(line, E'\n' ORDER BY line COLLATE "C")), '') FROM (` + strings.Join([]string{
	`SELECT concat_ws(' ', 'constraint', oid, convalidated, pg_get_constraintdef(oid)) AS line FROM pg_constraint WHERE conrelid = ANY ($1::oid[]) OR (contype = 'f' AND confrelid = ANY ($1::oid[]))`,
	`SELECT concat_ws(' ', 'index', indexrelid, indisvalid, pg_get_indexdef(indexrelid)) FROM pg_index WHERE indrelid = ANY ($1::oid[]) AND (indisunique OR indisexclusion)`,
	`SELECT concat_ws(' ', 'trigger', oid, tgenabled, pg_get_triggerdef(oid)) FROM pg_trigger WHERE tgrelid = ANY ($1::oid[]) AND NOT tgisinternal`,
	`SELECT concat_ws(' ', 'column', attrelid, attnum, attname, atttypid, atttypmod, attnotnull, attgenerated, attidentity) FROM pg_attribute WHERE attrelid = ANY ($1::oid[]) AND attnum > 0 AND NOT attisdropped`,
	`SELECT concat_ws(' ', 'table', oid, relname, relnamespace, relrowsecurity, relforcerowsecurity, relhasrules) FROM pg_class WHERE oid = ANY ($1::oid[])`,
}, " UNION ALL ") + `) AS lines`
