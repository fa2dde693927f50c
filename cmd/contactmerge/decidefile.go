package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/contactmerge/contactmerge/internal/config"
	"github.com/contactmerge/contactmerge/sinks/postgres"
)

// maxBadLines bounds the bad lines of a file that are listed.
const maxBadLines = 50

func newDecide(a *app) *cobra.Command {
	var f answerFlags
	var file string
	var partly bool
	cmd := &cobra.Command{
		Use:   "decide --config FILE --file DECISIONS",
		Short: "Answer many questions from a file, all or none",
		Long: `decide reads answers from a file, CSV with a header or JSON Lines, and stores all of them, or none if one line cannot be used; --partial
stores the others. contactmerge decisions --open --csv writes such a file to fill in. Lines whose decision is empty stay open.

  cluster_id     whole id of the cluster (required)
  version        whole version of the cluster, to which the answer is bound (required)
  decision       merge_all, merge_selected, do_not_merge, defer, or empty (required)
  members        the contacts that are meant, parted by semicolons; in JSON a list
  why            in a few words
  by             who decided; without the column, --by is needed
  as             supervisor, for a question that only a supervisor may answer
  override_veto  pairs A,B to merge although they rule each other out, parted by semicolons; in JSON a list`,
		Example: `  contactmerge decisions --config contactmerge.yaml --open --csv > decisions.csv
  contactmerge decide --config contactmerge.yaml --file decisions.csv --by ann`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.in.needed(cmd.Name()); err != nil {
				return err
			}
			if file == "" {
				return usagef("decide needs --file DECISIONS")
			}
			return a.decideFile(cmd.Context(), &f, file, partly)
		},
	}
	fl := cmd.Flags()
	f.in.registerConfigured(cmd)
	fl.StringVar(&f.by, "by", "", "who decided, where the file does not say")
	fl.StringVar(&file, "file", "", "the decisions, .csv or .jsonl")
	fl.BoolVar(&partly, "partial", false, "store what can be stored")
	_ = cmd.MarkFlagFilename("file", "csv", "jsonl")
	return cmd
}

func (a *app) decideFile(ctx context.Context, f *answerFlags, file string, partly bool) error {
	c, err := f.in.load()
	if err != nil {
		return err
	}
	lines, err := readDecisions(file, f.by)
	if err != nil {
		return err
	}
	if len(lines.bad) > 0 && !partly {
		a.sayBad(lines.bad)
		return usagef("%d of %d lines cannot be used; nothing was stored (--partial stores the others)", len(lines.bad), len(lines.bad)+len(lines.asks)+lines.open)
	}
	return a.decideLines(ctx, &f.in, c, lines, partly)
}

func (a *app) decideLines(ctx context.Context, in *inputFlags, c *config.Config, lines *decisionsFile, partly bool) error {
	d, err := a.connect(ctx, in, c, writes)
	if err != nil {
		return err
	}
	defer d.store.Close()
	_, done, failed, err := a.give(ctx, d, c, lines.asks, partly)
	if err != nil {
		return err
	}
	bad := slices.Clone(lines.bad)
	var first error
	for i := range lines.asks {
		if failed[i] != nil {
			bad = append(bad, &lineError{lines.asks[i].where, failed[i]})
			if first == nil {
				first = failed[i]
			}
		}
	}
	a.sayBad(bad)
	if len(failed) > 0 && !partly {
		return nothingStored(len(failed), len(lines.asks)+lines.open, first)
	}
	a.sayDecided(in, lines, done, failed)
	return partial(len(bad) > 0)
}

// nothingStored ends a file with lines that could not be stored; what was wrong with the first decides how.
func nothingStored(bad, lines int, first error) error {
	err := fmt.Errorf("%d of %d lines could not be stored, and nothing was (--partial stores the others)", bad, lines)
	var changed *postgres.ChangedError
	if errors.As(first, &changed) {
		return changedError{err, changed}
	}
	return err
}

// changedError has words of its own, and the exit code of what changed.
type changedError struct {
	error
	changed *postgres.ChangedError
}

func (e changedError) Unwrap() error { return e.changed }

// sayBad lists lines, one each.
func (a *app) sayBad(bad []*lineError) {
	for i, e := range bad {
		if i == maxBadLines {
			say(a.err, fmt.Errorf("and %d lines more", len(bad)-i))
			return
		}
		say(a.err, e)
	}
}

func (a *app) sayDecided(in *inputFlags, lines *decisionsFile, done []postgres.Answered, failed map[int]error) {
	counts := map[string]int{}
	waits, approved := 0, 0
	for i, x := range lines.asks {
		if failed[i] != nil {
			continue
		}
		counts[x.decision]++
		switch done[i].State {
		case postgres.ApprovalPlanned:
			waits++
		case postgres.ApprovalApproved:
			approved++
		}
	}
	a.printf("decided   %d to merge, %d not to merge, %d deferred; %d left open\n",
		counts[postgres.MergeAll]+counts[postgres.MergeSelected], counts[postgres.DoNotMerge], counts[postgres.Defer], lines.open)
	if waits > 0 {
		a.printf("waits     %s for a second person\n", many(waits, "merge"))
	}
	if approved > 0 {
		a.printf("next      contactmerge apply --config %s --approved\n", in.configPath)
	}
}
