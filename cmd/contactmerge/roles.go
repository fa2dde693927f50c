package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/contactmerge/contactmerge/internal/config"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/run"
	"github.com/contactmerge/contactmerge/pipeline/extract"
	"github.com/contactmerge/contactmerge/sinks/merge"
	"github.com/contactmerge/contactmerge/sinks/postgres"
)

func newRoles(a *app) *cobra.Command {
	var in inputFlags
	var p postgres.RolePlan
	cmd := &cobra.Command{
		Use:   "roles --config FILE",
		Short: "Print the SQL of four roles with the least rights; it runs none of it",
		Long: `roles looks at the database and prints the statements that make four roles: the owner of contactmerge's own tables, a reader that
finds duplicates, a reviewer that answers them, and an applier that merges. Each gets the rights on tables and columns that it needs, and
no others. Nothing is executed: read the statements and run them as an administrator.

Rights on our tables can be given when there are any: run the statements, let the owner run migrate, and run those of a second call.`,
		Example: `  contactmerge roles --config contactmerge.yaml > roles.sql && psql -f roles.sql
  PGUSER=contactmerge_owner contactmerge migrate --config contactmerge.yaml
  contactmerge roles --config contactmerge.yaml > rights.sql && psql -f rights.sql`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := in.needed(cmd.Name()); err != nil {
				return err
			}
			names := []string{p.Owner, p.Reader, p.Reviewer, p.Applier}
			slices.Sort(names)
			if slices.Contains(names, "") || len(slices.Compact(names)) < 4 {
				return usagef("--owner, --reader, --reviewer and --applier must be four different names")
			}
			c, err := in.load()
			if err != nil {
				return err
			}
			return a.roles(cmd.Context(), &in, c, p)
		},
	}
	f := cmd.Flags()
	in.registerConfigured(cmd)
	f.StringVar(&p.Owner, "owner", "contactmerge_owner", "role that owns our tables")
	f.StringVar(&p.Reader, "reader", "contactmerge_reader", "role that finds duplicates")
	f.StringVar(&p.Reviewer, "reviewer", "contactmerge_reviewer", "role that answers suggestions")
	f.StringVar(&p.Applier, "applier", "contactmerge_applier", "role that merges")
	return cmd
}

func (a *app) roles(ctx context.Context, in *inputFlags, c *config.Config, p postgres.RolePlan) error {
	d, err := a.connect(ctx, in, c, reads)
	if err != nil {
		return err
	}
	defer d.store.Close()
	p.Schema = d.store.Schema()
	if p.Installed, err = d.store.Exists(ctx); err != nil {
		return err
	}
	src := extract.Postgres(tables(d.conn, c, c.Contacts.Where))
	layout, err := src.Open(ctx)
	if err := errors.Join(err, src.Close()); err != nil {
		return err
	}
	err = d.reading(ctx, func(conn *pgx.Conn) error {
		rights, err := merge.Rights(ctx, conn, d.mergeConfig(c, &run.Record{Columns: layout.Contacts, IdentityColumns: layout.Identities}))
		if err != nil {
			return err
		}
		for i := range rights {
			p.Merging = append(p.Merging, rights[i].String())
			p.Tables, p.Schemas = append(p.Tables, rights[i].Table), append(p.Schemas, rights[i].Schema)
		}
		if err := d.eraseRights(ctx, conn, c, &p); err != nil {
			return err
		}
		return d.readRights(ctx, conn, c, &layout, &p)
	})
	if err != nil {
		return err
	}
	slices.Sort(p.Tables)
	slices.Sort(p.Schemas)
	p.Tables, p.Schemas = slices.Compact(p.Tables), slices.Compact(p.Schemas)
	k := &c.Merge.Kindness
	p.Stats = k.MaxReplicaLag != "" || k.MaxReplicaMB > 0 || k.MaxActiveSessions > 0
	return p.Write(a.out)
}

// readRights adds what a run reads: the mapped columns, and those that a condition names.
func (d *database) readRights(ctx context.Context, conn *pgx.Conn, c *config.Config, l *contact.Layout, p *postgres.RolePlan) error {
	add := func(table, where string, key string, columns []contact.Column) error {
		schema, quoted, all, err := tableColumns(ctx, conn, d.names[table])
		if err != nil {
			return err
		}
		words := regexp.MustCompile(`[\pL\pN_$]+`).FindAllString(where, -1)
		names := []string{"ctid"} // large tables are read in ranges of it
		for _, name := range all {
			mapped := name == key || slices.ContainsFunc(columns, func(col contact.Column) bool { return col.Name == name })
			if mapped || slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, name) }) {
				names = append(names, pgx.Identifier{name}.Sanitize())
			}
		}
		p.Tables, p.Schemas = append(p.Tables, quoted), append(p.Schemas, schema)
		p.Reading = append(p.Reading, fmt.Sprintf("SELECT (%s) ON %s", strings.Join(names, ", "), quoted))
		return nil
	}
	if err := add(c.Contacts.Table, c.Contacts.Where, c.Contacts.ID, l.Contacts); err != nil {
		return err
	}
	if c.Identities == nil {
		return nil
	}
	return add(c.Identities.Table, c.Identities.Where, "", l.Identities)
}

// eraseRights adds what forget reads of the contacts table.
func (d *database) eraseRights(ctx context.Context, conn *pgx.Conn, c *config.Config, p *postgres.RolePlan) error {
	schema, quoted, _, err := tableColumns(ctx, conn, d.names[c.Contacts.Table])
	if err != nil {
		return err
	}
	p.Erasing = append(p.Erasing, "USAGE ON SCHEMA "+schema, fmt.Sprintf("SELECT (%s) ON %s", pgx.Identifier{c.Contacts.ID}.Sanitize(), quoted))
	return nil
}

// tableColumns are a table's schema and name, quoted, and the names of its columns.
func tableColumns(ctx context.Context, conn *pgx.Conn, name string) (schema, quoted string, columns []string, err error) {
	err = conn.QueryRow(ctx, `SELECT quote_ident(n.nspname), quote_ident(n.nspname) || '.' || quote_ident(c.relname),
		ARRAY(SELECT a.attname::text FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)
		FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname || '.' || c.relname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`, name).Scan(&schema, &quoted, &columns)
	if err != nil {
		return "", "", nil, fmt.Errorf("reading the columns of %s: %w", name, err)
	}
	return schema, quoted, columns, nil
}

// warnRole says before merging what the role may do that it should not.
func (a *app) warnRole(ctx context.Context, conn *pgx.Conn, table string) error {
	powers, err := postgres.Powers(ctx, conn, table)
	if err != nil {
		return err
	}
	for _, p := range powers {
		a.printf("warning %s: contactmerge roles prints roles that may do less\n", p)
	}
	return nil
}
