package main

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/contactmerge/contactmerge/internal/config"
	"github.com/contactmerge/contactmerge/sinks/merge"
	"github.com/contactmerge/contactmerge/sinks/postgres"
)

func newSweep(a *app) *cobra.Command {
	var x aftercare
	var printGuard, anyTime bool
	cmd := &cobra.Command{
		Use:   "sweep --config FILE",
		Short: "Move rows that reached a merged contact late; a dry run unless --confirm is given",
		Long: `sweep finds rows that refer to a contact that was merged away, because they were written after the merge, and moves them to the contact that
stands for it. It goes through every foreign key and every reference of the configuration. What it moves is journalled, and goes back when the
merge is undone. Without --confirm nothing is written.

--print-guard prints triggers that do the same at the moment a row is written. Read them, and install them if you like.`,
		Example: "  contactmerge sweep --config contactmerge.yaml\n  contactmerge sweep --config contactmerge.yaml --confirm\n  contactmerge sweep --config contactmerge.yaml --print-guard",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if printGuard && x.confirm {
				return usagef("--print-guard prints only, and --confirm writes: give one of them")
			}
			return a.sweep(cmd.Context(), &x, printGuard, anyTime)
		},
	}
	x.register(cmd)
	x.registerConfirm(cmd)
	cmd.Flags().BoolVar(&printGuard, "print-guard", false, "print triggers that follow redirects when a row is written")
	cmd.Flags().BoolVar(&anyTime, "any-time", false, "write also outside of merge.window")
	return cmd
}

func (a *app) sweep(ctx context.Context, x *aftercare, printGuard, anyTime bool) error {
	c, err := x.load()
	if err != nil {
		return err
	}
	d, cfg, err := x.begin(ctx, a, c)
	if err != nil {
		return err
	}
	defer d.store.Close()
	switch {
	case printGuard:
		return d.reading(ctx, func(conn *pgx.Conn) error {
			sql, err := merge.GuardSQL(ctx, conn, cfg)
			a.printf("%s", sql)
			return err
		})
	case x.confirm:
		return a.sweepNow(ctx, d, c, cfg, anyTime)
	}
	a.printf("sweep: dry run, nothing is written\n")
	return d.reading(ctx, func(conn *pgx.Conn) error {
		m, err := merge.NewDryRun(conn, cfg)
		if err != nil {
			return err
		}
		rep, err := m.Sweep(ctx, merge.Options{})
		if err != nil {
			return err
		}
		a.swept(&rep)
		if rep.Steps > 0 {
			a.printf("next    contactmerge sweep --config %s --confirm\n", x.in.configPath)
		}
		return partial(len(rep.Unfinished) > 0)
	})
}

// sweepNow moves the rows, in the window and with the regard that merging has.
func (a *app) sweepNow(ctx context.Context, d *database, c *config.Config, cfg merge.Config, anyTime bool) error {
	return d.locked(ctx, newRecord(), func(lock *postgres.Lock) error {
		gate, err := a.gate(ctx, c, lock, anyTime)
		if err != nil {
			return err
		}
		m, err := merge.New(lock, cfg)
		if err != nil {
			return err
		}
		rep, err := m.Sweep(ctx, merge.Options{Between: gate.Between})
		if interrupted(ctx, err) {
			rep.Stopped, err = "it was interrupted", nil
		}
		if err != nil {
			return err
		}
		a.swept(&rep)
		if rep.Stopped != "" {
			a.printf("stopped %s; run it again to go on\n", rep.Stopped)
			return errIncomplete
		}
		return partial(len(rep.Unfinished) > 0)
	})
}

// swept says what was moved, leaving out the tables in which nothing was.
func (a *app) swept(rep *merge.Report) {
	if rep.Steps == 0 {
		a.printf("nothing refers to a contact that was merged away\n")
		return
	}
	a.printf("sweep   late rows of %s: %s\n", many(rep.Steps, "merge"), outcomes(rep.Counts, rep.Left(), nil))
	rep.Tables = slices.DeleteFunc(rep.Tables, func(t merge.TableCount) bool { return t.Repointed == 0 && t.Removed == 0 })
	a.moved(rep)
}
