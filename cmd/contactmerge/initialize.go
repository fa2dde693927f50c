package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/contactmerge/contactmerge/internal/config"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/pipeline/extract"
)

func newInit(a *app) *cobra.Command {
	var in inputFlags
	var path, table string
	var force bool
	cmd := &cobra.Command{
		Use:   "init [--dsn DSN]",
		Short: "Look at a database and write a commented configuration for it",
		Long: `init reads the catalogue and a sample of rows, chooses the table that most looks like contacts and the table of their identities,
and writes a configuration with a comment on every key, with its JSON Schema for editors beside it. It changes nothing in the database.`,
		Example: "  contactmerge init --dsn 'host=localhost dbname=crm user=contactmerge'\n  contactmerge init --table public.customers --config customers.yaml",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c := &config.Config{Version: config.Version}
			conn, err := connConfig(&in, c)
			if err != nil {
				return err
			}
			return a.initialize(cmd.Context(), conn, initial{dsn: in.dsn, path: path, table: table, force: force})
		},
	}
	f := cmd.Flags()
	in.registerDatabase(cmd)
	f.StringVar(&path, "config", "contactmerge.yaml", "file to write")
	f.StringVar(&table, "table", "", "contacts table, when the choice should not be left to init")
	f.BoolVar(&force, "force", false, "replace an existing file")
	return cmd
}

// initial is what init was asked for.
type initial struct {
	dsn, path, table string
	force            bool
}

func (a *app) initialize(ctx context.Context, cfg *pgx.ConnConfig, want initial) error {
	if _, err := os.Lstat(want.path); !want.force && !errors.Is(err, fs.ErrNotExist) {
		return usagef("%s exists; choose another --config, or replace it with --force", want.path)
	}
	var seen *extract.Inspection
	err := connected(ctx, cfg, func(conn *pgx.Conn) (err error) {
		seen, err = extract.Inspect(ctx, conn)
		return err
	})
	if err != nil {
		return err
	}
	c, err := choose(seen, want.table)
	if err != nil {
		return err
	}
	found := discovered(c)
	found.DSN = want.dsn
	schema := filepath.Join(filepath.Dir(want.path), config.SchemaFile)
	if err := errors.Join(writeNew(want.path, config.Template(found)), writeNew(schema, config.Schema())); err != nil {
		return err
	}
	a.printf("contacts    %s, about %d rows, key %s\n", c.Name, c.Rows, c.ID)
	if found.Identities != nil {
		a.printf("identities  %s\n", found.Identities.Table)
	} else {
		a.printf("identities  no table found; columns of the contacts table are used\n")
	}
	for _, other := range seen.Contacts {
		if other.Name != c.Name {
			a.printf("also there  %s looks like contacts, too; choose it with --table\n", other.Name)
		}
	}
	a.printf("wrote       %s and %s\nnext        contactmerge doctor --config %s\n", want.path, schema, want.path)
	return nil
}

// choose takes the most plausible table, or the one that was named.
func choose(seen *extract.Inspection, table string) (*extract.ContactsCandidate, error) {
	for i := range seen.Contacts {
		c := &seen.Contacts[i]
		_, bare, _ := strings.Cut(c.Name, ".")
		if table == "" || table == c.Name || table == bare {
			if c.ID == "" {
				return nil, fmt.Errorf("table %s has no key of one column: contacts need one to be told apart", c.Name)
			}
			return c, nil
		}
	}
	if table != "" {
		return nil, usagef("table %s is not there, may not be read, or does not look like contacts", table)
	}
	return nil, fmt.Errorf("no table of database %s looks like contacts; name one with --table, or ask for SELECT on it", seen.Database)
}

func discovered(c *extract.ContactsCandidate) config.Discovered {
	out := config.Discovered{Contacts: columnsOf(&c.TableInfo), ID: c.ID}
	if len(c.Identities) > 0 {
		t := columnsOf(&c.Identities[0].TableInfo)
		out.Identities = &t
	}
	for _, r := range c.References {
		for _, col := range r.Columns {
			out.Children = append(out.Children, r.Table+"."+col)
		}
	}
	return out
}

func columnsOf(t *extract.TableInfo) config.DiscoveredTable {
	out := config.DiscoveredTable{Table: t.Config}
	for _, c := range t.Columns {
		col := config.DiscoveredColumn{Name: c.Name, Field: string(c.Field)}
		switch {
		case c.Peer:
			col.Field, col.Note = "", "refers to another contact"
		case !c.Readable:
			col.Field, col.Note = "", "no right to read it"
		case !c.Usable:
			col.Field, col.Note = "", "type "+c.Type+" cannot be compared"
		case c.Field == contact.FieldIdentity:
			col.Field = string(c.Channel)
		}
		out.Columns = append(out.Columns, col)
	}
	return out
}

// writeNew writes a file under a temporary name and renames it.
func writeNew(path string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".contactmerge-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	_, err = tmp.Write(data)
	if err = errors.Join(err, tmp.Chmod(0o600), tmp.Sync(), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", path, err), os.Remove(tmp.Name()))
	}
	return nil
}
