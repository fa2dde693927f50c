package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/contactmerge/contactmerge/internal/config"
	"github.com/contactmerge/contactmerge/internal/connect"
	"github.com/contactmerge/contactmerge/sinks/postgres"
)

func newMigrate(a *app) *cobra.Command {
	var in inputFlags
	cmd := &cobra.Command{
		Use:   "migrate --config FILE",
		Short: "Make the schema of contactmerge's own tables, or bring it up to date",
		Long: `migrate makes the tables that contactmerge keeps its runs, suggestions, decisions and journal in, or brings them up to what this version
needs. It touches no other table. run and what writes with --confirm do the same by themselves where their role may; with roles that own
nothing, as contactmerge roles makes them, the owner of the schema runs migrate first, and again after every update of the program.`,
		Example: "  contactmerge migrate --config contactmerge.yaml\n  PGUSER=contactmerge_owner contactmerge migrate --config contactmerge.yaml",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := in.loadNeeded(cmd.Name())
			if err != nil {
				return err
			}
			return a.migrate(cmd.Context(), &in, c)
		},
	}
	in.registerConfigured(cmd)
	return cmd
}

func (a *app) migrate(ctx context.Context, in *inputFlags, c *config.Config) error {
	conn, err := connConfig(in, c)
	if err != nil {
		return err
	}
	store, err := postgres.Open(ctx, connect.Writing(conn), postgres.Options{Schema: c.Database.Schema, PID: os.Getpid()})
	if err != nil {
		return err
	}
	defer store.Close()
	if err := store.Migrate(ctx); err != nil {
		return err
	}
	a.printf("schema %s is up to date; next: contactmerge roles --config %s, for the rights of other roles on it\n", store.Schema(), in.configPath)
	return nil
}
