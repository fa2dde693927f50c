package main

import (
	"cmp"
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/config"
	"github.com/contactmerge/contactmerge/internal/connect"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/run"
	"github.com/contactmerge/contactmerge/pipeline"
	"github.com/contactmerge/contactmerge/pipeline/extract"
	"github.com/contactmerge/contactmerge/sinks/merge"
	"github.com/contactmerge/contactmerge/sinks/postgres"
)

// closeTimeout bounds what still has to be written when a run was interrupted.
const closeTimeout = 10 * time.Second

// database is the customer's database and our schema in it.
type database struct {
	conn  *pgx.ConnConfig
	store *postgres.Store
	names map[string]string // of the configuration's tables, as the catalogue spells them
}

// access is what a verb does with the database.
type access int

const (
	reads    access = iota // any host will do
	writes                 // of several hosts the primary
	migrates               // likewise, and our schema is brought up to date first
)

// dryOr is the access of a verb that only counts what it would do, unless it was confirmed.
func dryOr(confirmed access, confirm bool) access {
	if confirm {
		return confirmed
	}
	return reads
}

// connect finds the database and our schema.
func (a *app) connect(ctx context.Context, in *inputFlags, c *config.Config, to access) (*database, error) {
	if err := mapped(in, c); err != nil {
		return nil, err
	}
	conn, err := connConfig(in, c)
	if err != nil {
		return nil, err
	}
	if to != reads {
		conn = connect.Writing(conn)
	}
	names, err := tableNames(ctx, conn, c)
	if err != nil {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	store, err := postgres.Open(ctx, conn, postgres.Options{Schema: c.Database.Schema, Host: host, PID: os.Getpid()})
	if err != nil {
		return nil, err
	}
	if to == migrates {
		if err := store.Migrate(ctx); err != nil {
			store.Close()
			return nil, err
		}
	}
	return &database{conn: conn, store: store, names: names}, nil
}

// mapped checks that the configuration says what to read.
func mapped(in *inputFlags, c *config.Config) error {
	switch {
	case c.Contacts.Table == "":
		return usagef("contacts.table is not set in %s", in.configPath)
	case c.Contacts.ID == "":
		return usagef("contacts.id is not set in %s: name the key column of %s", in.configPath, c.Contacts.Table)
	}
	return nil
}

// tableNames looks the configured tables up. The source takes "Contacts" for public.contacts, a merge wants to be told exactly.
func tableNames(ctx context.Context, cfg *pgx.ConnConfig, c *config.Config) (map[string]string, error) {
	names := make(map[string]string)
	err := connected(ctx, cfg, func(conn *pgx.Conn) (err error) {
		for _, name := range configured(c) {
			if names[name], err = extract.TableName(ctx, conn, name); err != nil {
				return err
			}
		}
		return nil
	})
	return names, err
}

// configured lists the tables that a configuration names.
func configured(c *config.Config) []string {
	out := []string{c.Contacts.Table}
	if c.Identities != nil {
		out = append(out, c.Identities.Table)
	}
	for _, r := range c.Merge.References {
		if ref, ok := config.ParseReference(r); ok {
			out = append(out, ref.Table)
		}
	}
	for _, r := range c.Merge.Acknowledged {
		if table, _ := reference(r); !strings.HasSuffix(table, ".*") { // all of a schema
			out = append(out, table)
		}
	}
	return out
}

// reference parts table and column.
func reference(r string) (table, column string) {
	dot := strings.LastIndexByte(r, '.')
	return r[:dot], r[dot+1:]
}

func connConfig(in *inputFlags, c *config.Config) (*pgx.ConnConfig, error) {
	dsn, err := in.connectionString(c)
	if err != nil {
		return nil, err
	}
	opt := connect.Options{PlaintextTo: append(slices.Clone(c.Database.AllowPlaintextTo), in.plaintextTo...), RequireAuth: c.Database.RequireAuth, Env: os.Getenv}
	conn, err := opt.Config(dsn)
	if err != nil {
		return nil, usageError{err}
	}
	if in.database != "" {
		conn.Database = in.database
	}
	return conn, nil
}

// source reads the tables of the configuration. Contacts that were merged away are left out, because in archive mode their rows stay;
// before the first run nothing says which they are.
func (d *database) source(c *config.Config, redirects bool) *extract.PostgresSource {
	if !redirects {
		return extract.Postgres(tables(d.conn, c, c.Contacts.Where))
	}
	where := merge.RedirectFilterSQL(c.Database.Schema, c.Contacts.ID)
	if c.Contacts.Where != "" {
		where = "(" + c.Contacts.Where + "\n) AND " + where // the line end closes a comment
	}
	return extract.Postgres(tables(d.conn, c, where))
}

// tables says what to read.
func tables(conn *pgx.ConnConfig, c *config.Config, where string) extract.PostgresConfig {
	cfg := extract.PostgresConfig{
		Conn:        conn,
		Contacts:    extract.TableMap{Table: c.Contacts.Table, ID: c.Contacts.ID, Columns: c.Contacts.Columns, Where: where},
		Connections: c.Database.Connections,
	}
	if t := c.Identities; t != nil {
		cfg.Identities = &extract.TableMap{Table: t.Table, Columns: t.Columns, Where: t.Where}
	}
	return cfg
}

// locked runs f with the run lock, which it gives back also when f was interrupted.
func (d *database) locked(ctx context.Context, rec *run.Record, f func(lock *postgres.Lock) error) (err error) {
	lock, err := d.store.Lock(ctx, rec)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		err = errors.Join(err, lock.Release(ctx))
	}()
	return f(lock)
}

// connected runs f with a connection that is closed afterwards.
func connected(ctx context.Context, cfg *pgx.ConnConfig, f func(conn *pgx.Conn) error) (err error) {
	conn, err := extract.Connect(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	return f(conn)
}

// reading runs f with a connection of its own.
func (d *database) reading(ctx context.Context, f func(conn *pgx.Conn) error) error {
	return connected(ctx, d.conn, f)
}

// erasing runs f with the run lock, and what erases through it, as the owner of our tables.
func (d *database) erasing(ctx context.Context, cfg merge.Config, f func(m *merge.Merger) error) error {
	if err := d.store.RequireOwner(ctx); err != nil {
		return err
	}
	return d.locked(ctx, newRecord(), func(lock *postgres.Lock) error {
		m, err := merge.New(lock, cfg)
		if err != nil {
			return err
		}
		return f(m)
	})
}

// findInDatabase matches the contacts of the database and writes nothing.
func (a *app) findInDatabase(ctx context.Context, in *inputFlags, c *config.Config, opt pipeline.Options) (*pipeline.Result, error) {
	d, err := a.connect(ctx, in, c, reads)
	if err != nil {
		return nil, err
	}
	defer d.store.Close()
	exists, err := d.store.Exists(ctx)
	if err != nil {
		return nil, err
	}
	opt.Source = d.source(c, exists)
	if exists {
		opt.Declined = d.store.WouldDecline
	}
	return a.pipeline(ctx, c, opt)
}

// mergeConfig is how to merge in the tables that a run has read.
func (d *database) mergeConfig(c *config.Config, rec *run.Record) merge.Config {
	m := merge.Config{
		Contacts: d.names[c.Contacts.Table], ID: c.Contacts.ID, Where: c.Contacts.Where, Mode: merge.Mode(c.Merge.Mode), ArchiveColumn: c.Merge.ArchiveColumn,
		ArchiveValue: c.Merge.ArchiveValue, MaxChildren: c.Merge.MaxChildren, MaxImageBytes: int64(c.Merge.MaxMegabytes) << 20, GroupLosers: c.Merge.GroupLosers,
		GroupChildren: c.Merge.GroupRows, GroupBytes: int64(c.Merge.GroupMegabytes) << 20, Schema: c.Database.Schema, Fault: faultPoint(),
	}
	m.Seeded = seededBug()
	for _, col := range rec.Columns {
		m.Columns = append(m.Columns, col.Name)
		if col.Field == contact.FieldTenant {
			m.Tenant = col.Name
		}
	}
	if c.Identities != nil {
		m.Identities, m.IdentityWhere = d.names[c.Identities.Table], c.Identities.Where
		for _, col := range rec.IdentityColumns {
			switch col.Field {
			case contact.FieldContactID:
				m.IdentityContact = col.Name
			case contact.FieldValue:
				m.IdentityValue = col.Name
			case contact.FieldChannel:
				m.IdentityChannel = col.Name
			}
		}
	}
	for _, r := range c.Merge.References {
		if ref, ok := config.ParseReference(r); ok {
			m.References = append(m.References, merge.Reference{Table: d.names[ref.Table], Column: ref.Column, TypeColumn: ref.TypeColumn, TypeValue: ref.TypeValue})
		}
	}
	for name, policy := range c.Merge.Collisions {
		if m.Collisions == nil {
			m.Collisions = make(map[string]merge.Policy)
		}
		m.Collisions[name] = merge.Policy(policy)
	}
	for _, r := range c.Merge.Acknowledged {
		table, column := reference(r)
		m.Acknowledged = append(m.Acknowledged, merge.Reference{Table: cmp.Or(d.names[table], table), Column: column})
	}
	return m
}
