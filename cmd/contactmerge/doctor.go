package main

import (
	"context"
	"fmt"
	"path/filepath"
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
	"github.com/contactmerge/contactmerge/sinks/report"
)

func newDoctor(a *app) *cobra.Command {
	var in inputFlags
	cmd := &cobra.Command{
		Use:   "doctor --config FILE",
		Short: "Check connection, rights, mapping, foreign keys and report folder, and say how to mend them",
		Long: `doctor looks at everything a run and a merge need: the connection, the rights of the role, what the columns mean, foreign keys and their
indexes, triggers, references that no foreign key declares, and the report folder. It changes nothing. Each finding is ok, warn or FAIL, with
what to do about it. It ends with 0 when nothing failed and with 1 otherwise.`,
		Example: "  contactmerge doctor --config contactmerge.yaml\n  contactmerge doctor --config contactmerge.yaml --dsn 'host=staging dbname=crm'",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := in.loadNeeded(cmd.Name())
			if err != nil {
				return err
			}
			return a.doctor(cmd.Context(), &in, c)
		},
	}
	in.registerConfigured(cmd)
	return cmd
}

func (a *app) doctor(ctx context.Context, in *inputFlags, c *config.Config) error {
	if err := mapped(in, c); err != nil {
		return err
	}
	conn, err := connConfig(in, c)
	if err != nil {
		return err
	}
	found := append(examine(ctx, conn, c), reportFolder(c))
	ill := 0
	for _, f := range found {
		mark := "ok  "
		switch {
		case !f.OK:
			mark = "FAIL"
			ill++
		case f.Fix != "":
			mark = "warn"
		}
		a.printf("%s  %s", mark, f.Title)
		if f.Detail != "" {
			a.printf(": %s", f.Detail)
		}
		a.printf("\n")
		if f.Fix != "" {
			a.printf("      %s\n", f.Fix)
		}
	}
	if ill > 0 {
		return fmt.Errorf("%d of %d checks found something to mend", ill, len(found))
	}
	a.printf("all is well; next: contactmerge run --config %s\n", in.configPath)
	return nil
}

// examine looks at the database.
func examine(ctx context.Context, cfg *pgx.ConnConfig, c *config.Config) []postgres.Finding {
	conn, err := extract.Connect(ctx, cfg)
	if err != nil {
		return []postgres.Finding{{Title: "connection", Detail: err.Error(), Fix: "check host, port, database, user and password, and the server's pg_hba.conf"}}
	}
	defer conn.Close(context.WithoutCancel(ctx)) // only read from
	layout, m, found := mapping(ctx, c, extract.Postgres(tables(cfg, c, c.Contacts.Where)))
	names, err := tableNames(ctx, cfg, c)
	if err != nil {
		// The mapping has told it already, unless it is about a reference.
		if layout != nil {
			found = append(found, postgres.Finding{Title: "tables", Detail: err.Error(), Fix: "correct merge.references"})
		}
		return append(found, postgres.Examine(ctx, conn, m)...)
	}
	m.Contacts, m.Identities = names[m.Contacts], names[m.Identities]
	found = append(found, postgres.Examine(ctx, conn, m)...)
	if slices.ContainsFunc(found, func(f postgres.Finding) bool { return !f.OK }) {
		return found // a merge would stumble over the same
	}
	d := &database{conn: cfg, names: names}
	rec := &run.Record{Columns: layout.Contacts, IdentityColumns: layout.Identities}
	if err := merge.Check(ctx, conn, d.mergeConfig(c, rec)); err != nil {
		return append(found, postgres.Finding{Title: "merge", Detail: strings.ReplaceAll(err.Error(), "\n", "; "), Fix: "nothing can be merged before this is mended; suggestions can be written"})
	}
	found = append(found, postgres.Finding{OK: true, Title: "merge", Detail: "tables and references can be merged in"})
	found = append(found, companions(ctx, conn, d.mergeConfig(c, rec))...)
	found = append(found, triggers(ctx, conn, d.mergeConfig(c, rec))...)
	return append(found, undeclared(ctx, conn, d.mergeConfig(c, rec))...)
}

// mapping is what the run would read. The layout is nil when the source cannot be opened.
func mapping(ctx context.Context, c *config.Config, src *extract.PostgresSource) (*contact.Layout, postgres.Mapping, []postgres.Finding) {
	m := postgres.Mapping{Schema: c.Database.Schema, Contacts: c.Contacts.Table, ID: c.Contacts.ID, Merge: true, DeleteLosers: c.Merge.Mode == "delete"}
	if c.Identities != nil {
		m.Identities = c.Identities.Table
	}
	l, err := src.Open(ctx)
	defer src.Close() // a reading transaction that ends
	if err != nil {
		return nil, m, []postgres.Finding{{Title: "mapping", Detail: err.Error(), Fix: "mend this first; the checks below may follow from it"}}
	}
	recognised := 0
	for _, col := range l.Contacts {
		m.Columns = append(m.Columns, col.Name)
		if col.Field != contact.FieldCustom && col.Field != contact.FieldIgnore {
			recognised++
		}
	}
	for _, col := range l.Identities {
		if col.Field == contact.FieldContactID {
			m.IdentityContact = col.Name
		} else {
			m.IdentityColumns = append(m.IdentityColumns, col.Name)
		}
	}
	found := []postgres.Finding{{OK: true, Title: "mapping", Detail: fmt.Sprintf("%d of %d columns of %s mean something", recognised, len(l.Contacts), l.Name)}}
	for _, note := range src.Notes() {
		found = append(found, postgres.Finding{OK: true, Title: "left out", Detail: note})
	}
	return &l, m, found
}

// enoughDisk is what a report of some million contacts takes, with room to spare.
const enoughDisk = 2 << 30

func reportFolder(c *config.Config) postgres.Finding {
	dir := c.Report.Dir
	if dir == "" {
		dir = defaultOut
	}
	f := postgres.Finding{Title: "report folder " + dir}
	if err := report.New(report.Config{Dir: dir}).Check(); err != nil {
		f.Detail, f.Fix = err.Error(), "set report.dir in the configuration"
		return f
	}
	free, err := freeDisk(filepath.Dir(dir))
	switch {
	case err != nil:
		f.OK, f.Detail = true, "free space unknown"
	case free < enoughDisk:
		f.Detail, f.Fix = fmt.Sprintf("only %d MiB free", free>>20), "make room, or set report.dir to another volume"
	default:
		f.OK, f.Detail = true, fmt.Sprintf("%d GiB free", free>>30)
	}
	return f
}
