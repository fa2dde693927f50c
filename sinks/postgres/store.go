// Package postgres keeps runs, suggestions, plans and decisions in a schema of our own in the customer's database.
package postgres

import (
	"cmp"
	"context"
	"fmt"
	"regexp"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/contactmerge/contactmerge/internal/connect"
)

// DefaultSchema is the name of our schema.
const DefaultSchema = "contactmerge"

// DefaultKeepRuns is how many runs' suggestions stay: two weeks of nights.
const DefaultKeepRuns = 14

// maxConns keeps us a modest guest: one connection works, a second one lets a reader in beside it.
const maxConns = 2

// schemaName is what a schema may be called. Names that need no quoting are enough, and the migrations then need none.
var schemaName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// Options tune a Store. The zero value is right but for Host and PID, which say to others who holds the lock.
type Options struct {
	Schema   string // of our tables, DefaultSchema when empty
	Host     string // this machine, for people
	PID      int    // this process, for people
	KeepRuns int    // runs whose suggestions Prune leaves, DefaultKeepRuns when 0
}

// Store is our schema in a customer's database. It is safe for concurrent use.
type Store struct {
	cfg    *pgx.ConnConfig
	pool   *pgxpool.Pool
	opt    Options
	schema string
}

// Open connects to the database. It creates nothing: call Migrate.
func Open(ctx context.Context, cfg *pgx.ConnConfig, opt Options) (*Store, error) {
	opt.Schema = cmp.Or(opt.Schema, DefaultSchema)
	opt.KeepRuns = cmp.Or(opt.KeepRuns, DefaultKeepRuns)
	if !schemaName.MatchString(opt.Schema) {
		return nil, fmt.Errorf("schema name %q: use lower-case letters, digits and _ only", opt.Schema)
	}
	// Parsed once more only because a pool's configuration cannot be made otherwise; what counts is the one we were given.
	pc, err := pgxpool.ParseConfig(cfg.ConnString())
	if err != nil {
		return nil, fmt.Errorf("preparing the connection pool: %w", err)
	}
	pc.ConnConfig = cfg.Copy()
	if pc.ConnConfig.RuntimeParams["application_name"] == "" {
		pc.ConnConfig.RuntimeParams["application_name"] = "contactmerge"
	}
	pc.MaxConns, pc.MinConns = maxConns, 0
	pc.AfterConnect = connect.Prepare
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, fmt.Errorf("opening the connection pool: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, connect.Explain(pc.ConnConfig, err)
	}
	return &Store{cfg: pc.ConnConfig, pool: pool, opt: opt, schema: pgx.Identifier{opt.Schema}.Sanitize()}, nil
}

// Close closes the connections.
func (s *Store) Close() { s.pool.Close() }

// Schema is the unquoted name of our schema.
func (s *Store) Schema() string { return s.opt.Schema }

// Exists says whether our tables are there: before the first run they are not.
func (s *Store) Exists(ctx context.Context) (bool, error) {
	var exists bool
	if err := s.pool.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", s.table("redirects")).Scan(&exists); err != nil {
		return false, fmt.Errorf("looking for schema %s: %w", s.opt.Schema, clean(err))
	}
	return exists, nil
}

// table is a quoted, qualified name of one of our tables.
func (s *Store) table(name string) string { return s.schema + "." + pgx.Identifier{name}.Sanitize() }

// connect opens a connection of its own, outside of the pool.
func (s *Store) connect(ctx context.Context) (*pgx.Conn, error) {
	return connect.Open(ctx, s.cfg)
}

// closing closes a connection after err.
func closing(ctx context.Context, conn *pgx.Conn, err error) error {
	// The first error is the one that counts; a connection that failed often cannot be closed politely.
	_ = conn.Close(context.WithoutCancel(ctx))
	return clean(err)
}

// querier is what a pool, a connection and a transaction have in common.
type querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// collect reads all rows of a query.
func collect[T any](ctx context.Context, q querier, scan pgx.RowToFunc[T], sql string, args ...any) ([]T, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}
