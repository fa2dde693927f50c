package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/tern/v2/migrate"
)

//go:embed migrations/*.sql
var migrations embed.FS

// versionTable holds the number of the last migration that ran.
const versionTable = "schema_version"

// latest means the newest migration.
const latest = -1

// Migrate creates our schema, or brings it up to what this program needs. Where there is nothing to do, it takes no right to do it: the
// schema may belong to another role.
func (s *Store) Migrate(ctx context.Context) error {
	have, foreign, err := s.version(ctx)
	if err != nil {
		return err
	}
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	switch {
	case have == len(files):
		return nil
	case have > 0 && have < len(files) && foreign:
		return fmt.Errorf("schema %s is at version %d and this program needs %d: let its owner run `contactmerge migrate`", s.opt.Schema, have, len(files))
	}
	return s.migrateTo(ctx, latest)
}

// version is that of our schema, 0 when it is not known, and says whether its tables belong to somebody else.
func (s *Store) version(ctx context.Context) (have int, foreign bool, err error) {
	err = s.pool.QueryRow(ctx, `SELECT NOT pg_has_role(c.relowner, 'USAGE') FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relname = $2 AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')`, s.opt.Schema, versionTable).Scan(&foreign)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, false, nil
	}
	if err == nil {
		err = s.pool.QueryRow(ctx, "SELECT version FROM "+s.table(versionTable)).Scan(&have)
	}
	if err != nil {
		return 0, false, fmt.Errorf("reading the version of schema %s: %w", s.opt.Schema, clean(err))
	}
	return have, foreign, nil
}

// migrateTo goes up or down to a migration, 0 being none.
func (s *Store) migrateTo(ctx context.Context, target int32) error {
	conn, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // every migration has been committed or not by then
	if err := s.ensureSchema(ctx, conn); err != nil {
		return err
	}
	m, err := migrate.NewMigrator(ctx, conn, s.opt.Schema+"."+versionTable)
	if err != nil {
		return fmt.Errorf("reading the version of schema %s: %w", s.opt.Schema, clean(err))
	}
	m.Data["schema"] = s.schema
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	if err := m.LoadMigrations(files); err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	if target == latest {
		target = int32(len(m.Migrations))
	}
	err = m.MigrateTo(ctx, target)
	var bad migrate.BadVersionError
	if errors.As(err, &bad) {
		return fmt.Errorf("schema %s was made by a newer contactmerge; update this one: %w", s.opt.Schema, err)
	}
	if err != nil {
		return fmt.Errorf("updating schema %s: %w", s.opt.Schema, clean(err))
	}
	return nil
}

// ensureSchema asks first: CREATE SCHEMA IF NOT EXISTS wants the right to create schemas even when there is nothing to do.
func (s *Store) ensureSchema(ctx context.Context, conn *pgx.Conn) error {
	var exists bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", s.opt.Schema).Scan(&exists); err != nil {
		return fmt.Errorf("looking for schema %s: %w", s.opt.Schema, clean(err))
	}
	if exists {
		return nil
	}
	if _, err := conn.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+s.schema); err != nil {
		return fmt.Errorf("creating schema %s (an administrator can: CREATE SCHEMA %s AUTHORIZATION our role): %w", s.opt.Schema, s.schema, clean(err))
	}
	return nil
}
