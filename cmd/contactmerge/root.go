package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/contactmerge/contactmerge/internal/nearest"
)

// streams are the three files of a process.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// app is what every verb shares.
type app struct {
	streams
	logs logFlags
}

// execute runs a command line and returns its exit code.
func execute(ctx context.Context, args []string, s streams) (code int) {
	defer func() {
		if v := recover(); v != nil {
			code = panicked(s.err, v)
		}
	}()
	root := newRoot(&app{streams: s})
	root.SetArgs(args)
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	return exitCode(ctx, root.ExecuteContext(ctx), s.err)
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "contactmerge",
		Short: "Find duplicate contacts, explain every finding, merge exact identities in Postgres",
		Long: `contactmerge reads contacts from Postgres, or from CSV, Parquet and Arrow files with no database at all, finds the
records that are the same person, and explains every finding. It writes suggestions and a report, or merges in Postgres.

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 done with skips or a tripped circuit breaker,
4 another run holds the lock, 5 stopped in good order before the end: run it again to go on, 6 a question changed since it was seen.`,
		Example: `  contactmerge run contacts.csv --identities identities.csv --out report
  contactmerge init --dsn 'host=localhost dbname=crm user=contactmerge'
  contactmerge doctor --config contactmerge.yaml
  contactmerge run --config contactmerge.yaml
  contactmerge apply --config contactmerge.yaml`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usagef("%w%s; see %s --help", err, nearFlag(cmd, err), cmd.CommandPath())
	})
	a.logs.register(root)
	for _, g := range []struct {
		title string
		verbs []*cobra.Command
	}{
		{"Find duplicates:", []*cobra.Command{newRun(a), newLink(a), newExplain(a), newEvaluate(a), newTrain(a), newGenerate(a)}},
		{"Answer what was suggested:", []*cobra.Command{newDecisions(a), newApprove(a), newReject(a), newDefer(a), newDecide(a)}},
		{"Merge, and take merges back:", []*cobra.Command{newApply(a), newUndo(a), newRehearse(a)}},
		{"Look after past merges:", []*cobra.Command{newVerify(a), newSweep(a), newRedirects(a), newForget(a), newPurge(a)}},
		{"Set up a database:", []*cobra.Command{newInit(a), newDoctor(a), newMigrate(a), newRoles(a)}},
	} {
		root.AddGroup(&cobra.Group{ID: g.title, Title: g.title})
		for _, verb := range g.verbs {
			verb.GroupID = g.title
			root.AddCommand(verb)
		}
	}
	root.AddCommand(newVersion(a))
	return root
}

// noArgs refuses arguments with a suggestion when the first looks like a verb.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if !cmd.HasSubCommands() {
		return usagef("unknown argument %q; see %s --help", args[0], cmd.CommandPath())
	}
	var verbs []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			verbs = append(verbs, c.Name())
		}
	}
	return usagef("unknown command %q%s; see %s --help", args[0], nearest.Hint(args[0], verbs), cmd.CommandPath())
}

// nearFlag offers the nearest flag when err says that there is none of that name.
func nearFlag(cmd *cobra.Command, err error) string {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return ""
	}
	var flags []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { flags = append(flags, "--"+f.Name) })
	return nearest.Hint("--"+unknown.GetSpecifiedName(), flags)
}

// printf writes to standard output; a closed pipe is the reader's decision, not an error.
func (a *app) printf(format string, args ...any) { _, _ = fmt.Fprintf(a.out, format, args...) }
