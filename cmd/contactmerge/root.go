package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
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
func execute(ctx context.Context, args []string, s streams) int {
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
4 another run holds the lock.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usagef("%w; see %s --help", err, cmd.CommandPath())
	})
	a.logs.register(root)
	root.AddCommand(newRun(a), newApply(a), newExplain(a), newEvaluate(a), newGenerate(a), newInit(a), newDoctor(a), newVersion(a))
	return root
}

// noArgs refuses arguments with a suggestion when the first looks like a verb.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return usagef("unknown command %q; did you mean %q?", args[0], near[0])
	}
	return usagef("unknown argument %q; see %s --help", args[0], cmd.CommandPath())
}

// printf writes to standard output; a closed pipe is the reader's decision, not an error.
func (a *app) printf(format string, args ...any) { _, _ = fmt.Fprintf(a.out, format, args...) }
