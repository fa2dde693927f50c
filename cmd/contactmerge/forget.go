package main

import (
	"context"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/contactmerge/contactmerge/internal/config"
	"github.com/contactmerge/contactmerge/sinks/merge"
)

func newForget(a *app) *cobra.Command {
	var x aftercare
	var contact string
	cmd := &cobra.Command{
		Use:   "forget --config FILE --contact ID",
		Short: "Erase a person from the journal, the archive, suggestions, decisions and plans; a dry run unless --confirm is given",
		Long: `forget erases what our tables hold of a person: the one the contact id stands for, with every contact that was merged into it. It follows
redirects both ways. Ids and hashes stay, so that old ids lead on and the ledger's chain can be verified; merges of the person cannot be
undone any more. Your own tables are not touched, and neither are files and backups: it says what is left there. A receipt is printed.`,
		Example: "  contactmerge forget --config contactmerge.yaml --contact 4711\n  contactmerge forget --config contactmerge.yaml --contact 4711 --confirm",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if contact == "" {
				return usagef("forget needs --contact ID")
			}
			return a.forget(cmd.Context(), &x, contact)
		},
	}
	x.register(cmd)
	x.registerConfirm(cmd)
	cmd.Flags().StringVar(&contact, "contact", "", "id of a contact of the person")
	return cmd
}

func (a *app) forget(ctx context.Context, x *aftercare, contact string) error {
	c, err := x.load()
	if err != nil {
		return err
	}
	d, cfg, err := x.begin(ctx, a, c)
	if err != nil {
		return err
	}
	defer d.store.Close()
	var f *merge.Forgotten
	if x.confirm {
		err = d.erasing(ctx, cfg, func(m *merge.Merger) error {
			f, err = m.Forget(ctx, contact)
			return err
		})
	} else {
		a.printf("forget: dry run, nothing is erased\n")
		err = d.reading(ctx, func(conn *pgx.Conn) error {
			f, err = merge.ForgetDryRun(ctx, conn, cfg, contact)
			return err
		})
	}
	if err != nil {
		return err
	}
	a.forgotten(f, c)
	if !x.confirm && !f.Empty() {
		a.printf("next    contactmerge forget --config %s --contact %s --confirm\n", x.in.configPath, contact)
	}
	return nil
}

// forgotten prints the receipt.
func (a *app) forgotten(f *merge.Forgotten, c *config.Config) {
	if f.Receipt != "" {
		a.printf("receipt %s of %s\n", f.Receipt, f.When.UTC().Format(time.RFC3339))
	}
	a.printf("person  %s: %s\n", many(len(f.Contacts), "contact"), strings.Join(f.Contacts, ", "))
	a.erasures(f.Erased)
	if f.Merges > 0 {
		a.printf("  %s cannot be undone any more\n", many(f.Merges, "merge"))
	}
	if f.Empty() {
		a.printf("  our tables hold nothing of this person but ids and hashes\n")
	}
	a.printf("not reached:\n")
	if len(f.Standing) > 0 {
		a.printf("  your table %s still has the rows of %s, with what refers to them: delete those yourself, or the next run finds the person again\n",
			c.Contacts.Table, strings.Join(f.Standing, ", "))
	}
	for _, dir := range []string{reportDir(c), c.Link.Dir} {
		if files := filesIn(dir); files != "" {
			a.printf("  files in %s made before: %s\n", dir, files)
		}
	}
	a.printf("  copies of reports elsewhere, and backups: after restoring one, forget the person again\n")
}

// erasures prints what was erased, place by place.
func (a *app) erasures(list []merge.Erasure) {
	for _, e := range list {
		if e.Rows > 0 {
			a.printf("  %d %s\n", e.Rows, e.What)
		}
	}
}

func reportDir(c *config.Config) string {
	if c.Report.Dir == "" {
		return defaultOut
	}
	return c.Report.Dir
}

// filesIn lists the files of a folder in words, "" when there are none.
func filesIn(dir string) string {
	entries, err := os.ReadDir(dir)
	if dir == "" || err != nil {
		return "" // not there, or not ours to read
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return listed(names)
}
