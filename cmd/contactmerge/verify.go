package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/contactmerge/contactmerge/sinks/merge"
)

func newVerify(a *app) *cobra.Command {
	var x aftercare
	var asJSON bool
	var head string
	cmd := &cobra.Command{
		Use:   "verify --config FILE",
		Short: "Check that every merge happened as a whole, and that its journal is whole and unaltered",
		Long: `verify checks the invariants of merging on the live database, in one snapshot, reading only: nothing refers to a contact that
was merged away, every old id leads to one survivor, ledger, journal, archive and redirects agree, hashes and images are whole,
findings are complete. It names merges, contacts and tables, never values.

It ends with 0 when nothing is violated and with 1 otherwise. Rows that others changed after a merge are counted; they are no violation.`,
		Example: "  contactmerge verify --config contactmerge.yaml\n  contactmerge verify --config contactmerge.yaml --head 1234:9f86d0… --json",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.verify(cmd.Context(), &x, head, asJSON)
		},
	}
	x.register(cmd)
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "print the result as JSON")
	f.StringVar(&head, "head", "", "head that an earlier verification printed: the ledger must still hold it")
	return cmd
}

func (a *app) verify(ctx context.Context, x *aftercare, head string, asJSON bool) error {
	c, err := x.load()
	if err != nil {
		return err
	}
	if err := merge.CheckHead(head); err != nil {
		return usagef("--head %q: %w", head, err)
	}
	d, cfg, err := x.begin(ctx, a, c)
	if err != nil {
		return err
	}
	defer d.store.Close()
	progress, err := a.progress()
	if err != nil {
		return err
	}
	stage, done := "", int64(0)
	opt := merge.VerifyOptions{Head: head, Progress: func(what string, n, of int64) {
		if what != stage {
			stage, done = what, 0
			progress.Stage("verify "+what, of, "merges")
		}
		progress.Add(n - done)
		done = n
	}}
	var v *merge.Verification
	err = d.reading(ctx, func(conn *pgx.Conn) error {
		v, err = merge.Verify(ctx, conn, cfg, opt)
		return err
	})
	progress.Stop()
	if err != nil {
		return err
	}
	if err := a.verified(v, asJSON); err != nil {
		return err
	}
	if n := v.Violated(); n > 0 {
		return fmt.Errorf("%d of %d checks are violated", n, v.Asked())
	}
	return nil
}

// verified prints what was found.
func (a *app) verified(v *merge.Verification, asJSON bool) error {
	if asJSON {
		text, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			return fmt.Errorf("encoding the result: %w", err)
		}
		a.printf("%s\n", text)
		return nil
	}
	for i := range v.Checks {
		a.invariant(&v.Checks[i])
	}
	if v.Head != "" {
		a.printf("head    %s\n        keep it elsewhere: `verify --head` tells whether rows were taken off the end of the ledger\n", v.Head)
	}
	return nil
}

func (a *app) invariant(c *merge.Invariant) {
	switch {
	case !c.Asked:
		a.printf("%-4s not asked  %s: %s\n", c.Number, c.Title, c.Note)
		return
	case c.Violations > 0:
		a.printf("%-4s VIOLATED   %s: %d of %s\n", c.Number, c.Title, c.Violations, many(int(c.Rows), "row"))
	default:
		a.printf("%-4s ok         %s: %s\n", c.Number, c.Title, many(int(c.Rows), "row"))
	}
	if c.Note != "" {
		a.printf("       %s\n", c.Note)
	}
	for i := range c.Found {
		a.printf("       %s\n", &c.Found[i])
	}
	if more := c.Violations - int64(len(c.Found)); more > 0 {
		a.printf("       and %d more\n", more)
	}
	for _, s := range c.Since {
		a.printf("       %s: %d %s", s.Table, s.Rows, s.What)
		if s.Example != "" {
			a.printf(" (such as in step %s)", short(s.Example))
		}
		a.printf("\n")
	}
}
