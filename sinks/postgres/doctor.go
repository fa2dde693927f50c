package postgres

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/connect"
)

// oldestServer is the oldest server version this program is tested with.
const oldestServer = 14

// Finding is the result of one check.
type Finding struct {
	OK     bool
	Title  string
	Detail string
	Fix    string // what to do about it, often the statement to run; "" when there is nothing to do
}

// Mapping says which tables a run and a merge will use. Tables are "schema.table", or "table" in schema public.
type Mapping struct {
	Schema           string // of our tables, DefaultSchema when empty
	Contacts         string
	ID               string
	Columns          []string // mapped columns of the contacts table
	Identities       string   // "" for none
	IdentityContact  string   // its column that refers to a contact
	IdentityColumns  []string // its other mapped columns
	Merge            bool     // check what applying a plan needs, too
	DeleteLosers     bool     // by deleting the losers
	RefuseDuplicates bool     // without removing identities the survivor has already
}

// Doctor connects and checks everything a run needs. It changes nothing.
func Doctor(ctx context.Context, cfg *pgx.ConnConfig, m Mapping) []Finding {
	conn, err := connect.Open(ctx, cfg)
	if err != nil {
		return []Finding{{Title: "connection", Detail: err.Error(), Fix: "check host, port, database, user and password, and the server's pg_hba.conf"}}
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // only read from
	return Examine(ctx, conn, m)
}

// Examine is Doctor on an open connection, made by internal/connect.
func Examine(ctx context.Context, conn *pgx.Conn, m Mapping) []Finding {
	m.Schema = cmp.Or(m.Schema, DefaultSchema)
	d := &doctor{conn: conn, m: m}
	d.role(ctx) // first, for its name
	d.server(ctx)
	d.pooler(ctx)
	d.ourSchema(ctx)
	d.tables(ctx)
	if d.contacts != 0 {
		d.references(ctx)
	}
	return d.findings
}

// doctor collects findings. Each check goes on where another failed.
type doctor struct {
	conn       *pgx.Conn
	m          Mapping
	user       string // our role, quoted
	contacts   uint32 // oid, 0 while unknown
	identities uint32
	findings   []Finding
}

func (d *doctor) good(title, format string, args ...any) {
	d.findings = append(d.findings, Finding{OK: true, Title: title, Detail: fmt.Sprintf(format, args...)})
}

func (d *doctor) bad(title, fix, format string, args ...any) {
	d.findings = append(d.findings, Finding{Title: title, Fix: fix, Detail: fmt.Sprintf(format, args...)})
}

// broken is a check that could not be made.
func (d *doctor) broken(title string, err error) {
	d.bad(title, "", "could not be checked: %v", clean(err))
}

// server checks version, role in replication, encoding, and settings that limit us.
func (d *doctor) server(ctx context.Context) {
	var (
		version                                               int
		name, encoding, walLevel, maxWAL, standbys, statement string
		standby, readOnly                                     bool
		size                                                  int64
	)
	err := d.conn.QueryRow(ctx, `SELECT current_setting('server_version_num')::integer, current_setting('server_version'), pg_is_in_recovery(),
		(SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()), current_setting('wal_level'), current_setting('max_wal_size'),
		current_setting('synchronous_standby_names'), current_setting('statement_timeout'), pg_database_size(current_database()), current_setting('default_transaction_read_only')::boolean`).
		Scan(&version, &name, &standby, &encoding, &walLevel, &maxWAL, &standbys, &statement, &size, &readOnly)
	if err != nil {
		d.broken("server", err)
		return
	}
	if version/10000 < oldestServer {
		d.bad("version", fmt.Sprintf("use PostgreSQL %d or newer", oldestServer), "PostgreSQL %s", name)
	} else {
		d.good("version", "PostgreSQL %s", name)
	}
	switch {
	case standby:
		d.bad("primary", "connect to the primary, for example with target_session_attrs=read-write", "the server is a standby and cannot be written to")
	case readOnly:
		d.bad("primary", "ALTER DATABASE … SET default_transaction_read_only = off", "default_transaction_read_only is on for the database or the server, so nothing can be written")
	default:
		d.good("primary", "the server accepts writing")
	}
	if encoding == "SQL_ASCII" {
		d.bad("encoding", "convert the database to UTF8", "the database has no encoding, so its text cannot be told from other bytes")
	} else {
		d.good("encoding", "%s", encoding)
	}
	// Free disk space cannot be asked for in SQL: say what there is, so that a person can compare.
	d.good("write-ahead log", "wal_level %s, max_wal_size %s, synchronous standbys %q; the database has %d MB", walLevel, maxWAL, standbys, size>>20)
	if statement != "0" {
		d.good("statement_timeout", "%s: a long read may be cut off; ALTER ROLE ... SET statement_timeout changes it", statement)
	}
}

// role advises against rights that nothing here needs.
func (d *doctor) role(ctx context.Context) {
	var name, verbosity, triggers string
	if err := d.conn.QueryRow(ctx, "SELECT current_user, current_setting('log_error_verbosity'), current_setting('session_replication_role')").Scan(&name, &verbosity, &triggers); err != nil {
		d.broken("role", err)
		return
	}
	d.user = pgx.Identifier{name}.Sanitize()
	powers, err := Powers(ctx, d.conn, d.m.Contacts)
	switch {
	case err != nil:
		d.broken("role", err)
	case triggers != "origin":
		d.bad("role", "ALTER ROLE "+d.user+" RESET session_replication_role", "session_replication_role is %s for %s: foreign keys and triggers do not hold", triggers, name)
	case len(powers) > 0:
		d.findings = append(d.findings, Finding{OK: true, Title: "role", Detail: strings.Join(powers, "; "), Fix: "contactmerge roles prints roles with the rights that are needed, and no others"})
	default:
		d.good("role", "%s", name)
	}
	if verbosity == "terse" {
		d.good("server's log", "rows that a constraint refuses stay out of it")
		return
	}
	d.findings = append(d.findings, Finding{
		OK: true, Title: "server's log", Detail: "the server writes the row into its log when a constraint refuses a merge",
		Fix: "let a superuser run ALTER ROLE " + d.user + " SET log_error_verbosity = terse",
	})
}

// pooler finds out whether session settings last, which session locks need. Where they do not, the lease alone keeps two runs apart.
func (d *doctor) pooler(ctx context.Context) {
	first, lost := 0, false
	if err := d.conn.QueryRow(ctx, "SELECT pg_backend_pid() FROM set_config('contactmerge.probe', 'set', false)").Scan(&first); err != nil {
		d.broken("session", err)
		return
	}
	for range 5 {
		var pid int
		var probe *string
		if err := d.conn.QueryRow(ctx, "SELECT pg_backend_pid(), current_setting('contactmerge.probe', true)").Scan(&pid, &probe); err != nil {
			d.broken("session", err)
			return
		}
		lost = lost || pid != first || probe == nil || *probe != "set"
	}
	if lost {
		d.bad("session", "connect to the server directly, or to a pooler in session mode", "a pooler hands our statements to changing sessions")
		return
	}
	d.good("session", "statements stay in one session")
}

// ourSchema checks whether our tables are there and ours, or could be made.
func (d *doctor) ourSchema(ctx context.Context) {
	var exists, mayCreate, mayUse, granted bool
	var owner *string
	err := d.conn.QueryRow(ctx, `SELECT n.oid IS NOT NULL, has_database_privilege(current_database(), 'CREATE'), coalesce(has_schema_privilege(n.oid, 'USAGE') AND has_schema_privilege(n.oid, 'CREATE'), false),
		(SELECT quote_ident(min(pg_get_userbyid(c.relowner))) FROM pg_class AS c WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p') AND NOT pg_has_role(c.relowner, 'USAGE')),
		coalesce(has_schema_privilege(n.oid, 'USAGE') AND (SELECT has_table_privilege(c.oid, 'INSERT') FROM pg_class AS c WHERE c.relnamespace = n.oid AND c.relname = 'runs'), false)
		FROM (SELECT) AS one LEFT JOIN pg_namespace AS n ON n.nspname = $1`, d.m.Schema).Scan(&exists, &mayCreate, &mayUse, &owner, &granted)
	title := "schema " + d.m.Schema
	quoted := pgx.Identifier{d.m.Schema}.Sanitize()
	switch {
	case err != nil:
		d.broken(title, err)
	case owner != nil && granted:
		d.good(title, "belongs to %s, and we may use it", *owner)
	case exists && !mayUse:
		d.bad(title, fmt.Sprintf("GRANT USAGE, CREATE ON SCHEMA %s TO %s", quoted, d.user), "exists, but we may not create tables in it")
	case owner != nil:
		d.bad(title, fmt.Sprintf("connect as %s, or GRANT %s TO %s", *owner, *owner, d.user), "its tables belong to %s, who ran contactmerge before", *owner)
	case exists:
		d.good(title, "exists, and we may use it")
	case mayCreate:
		d.good(title, "will be created by the first run")
	default:
		d.bad(title, fmt.Sprintf("CREATE SCHEMA %s AUTHORIZATION %s", quoted, d.user), "does not exist, and we may not create it")
	}
}

func (d *doctor) texts(ctx context.Context, sql string, args ...any) ([]string, error) {
	return collect(ctx, d.conn, pgx.RowTo[string], sql, args...)
}
