package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/contactmerge/contactmerge/internal/config"
	"github.com/contactmerge/contactmerge/sinks/merge"
	"github.com/contactmerge/contactmerge/sinks/postgres"
)

// undoing is what undo was asked for.
type undoing struct {
	cluster, run, plan  string
	since, until        string
	nested              bool
	onConflict, newRows string
	keepChanges         bool
	by, why             string
	askAgain            bool
	confirm, anyTime    bool
}

func newUndo(a *app) *cobra.Command {
	var in inputFlags
	var want undoing
	cmd := &cobra.Command{
		Use:   "undo --config FILE (--cluster ID | --run ID | --plan ID | --since TIME)",
		Short: "Take merges back: every row as it was before; a dry run unless --confirm is given",
		Long: `undo takes merges back, newest first: child rows go back to the contact they came from, fields get their old values, rows that were
removed return. What somebody changed after the merge is left alone and reported, unless --on-conflict says otherwise. A merge that a later
one was built on is refused, or undone together with it when --nested is given. The contacts are remembered as different people, so that
the next run does not suggest them again until their content changes. Without --confirm nothing is written.`,
		Example: `  contactmerge undo --config contactmerge.yaml --cluster 8c1f0e
  contactmerge undo --config contactmerge.yaml --run 5b0e --confirm --by ann --why "wrong phone list"
  contactmerge undo --config contactmerge.yaml --since "2026-11-20 22:00" --until 2026-11-21 --nested`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := in.loadNeeded(cmd.Name())
			if err != nil {
				return err
			}
			if err := want.check(); err != nil {
				return err
			}
			return a.undo(cmd.Context(), &in, c, &want)
		},
	}
	f := cmd.Flags()
	in.registerConfigured(cmd)
	f.StringVar(&want.cluster, "cluster", "", "first characters of the id of a merge: its cluster, or the step that redirects names")
	f.StringVar(&want.run, "run", "", "first characters of the id of a run: all merges of its plan")
	f.StringVar(&want.plan, "plan", "", "first characters of the id of a plan")
	f.StringVar(&want.since, "since", "", "merges carried out at this time or later: 2026-11-20, \"2026-11-20 22:00\" (UTC), 2026-11-20T22:00:00+01:00, or 36h for 36 hours ago")
	f.StringVar(&want.until, "until", "", "merges carried out before this time, in the same forms")
	f.BoolVar(&want.nested, "nested", false, "undo also the merges that were built on these")
	f.StringVar(&want.onConflict, "on-conflict", "", "what to do with what changed after the merge: keep (default), restore, or refuse the merges concerned")
	f.BoolVar(&want.keepChanges, "keep-changes", false, "the same as --on-conflict keep")
	f.StringVar(&want.newRows, "new-rows", string(merge.StayWithSurvivor), "rows born after the merge: stay, or follow_identity to the contact their identity goes back to")
	f.StringVar(&want.by, "by", "", "who says that these are different people (default: the user of the operating system)")
	f.StringVar(&want.why, "why", "", "why, for the log of decisions")
	f.BoolVar(&want.askAgain, "ask-again", false, "do not remember the contacts as different people: the next run may merge them again")
	f.BoolVar(&want.confirm, "confirm", false, "write: without it undo only counts what it would do")
	f.BoolVar(&want.anyTime, "any-time", false, "write also outside of merge.window")
	return cmd
}

// check refuses flags that make no sense.
func (u *undoing) check() error {
	switch {
	case u.cluster == "" && u.run == "" && u.plan == "" && u.since == "":
		return usagef("undo needs to know which merges: --cluster, --run, --plan or --since")
	case u.keepChanges && u.onConflict != "" && u.onConflict != string(merge.KeepChanges):
		return usagef("--keep-changes and --on-conflict %s contradict each other", u.onConflict)
	}
	switch merge.ConflictPolicy(u.onConflict) {
	case "", merge.KeepChanges, merge.RestoreValues, merge.RefuseChanged:
	default:
		return usagef("--on-conflict %q: say keep, restore or refuse", u.onConflict)
	}
	switch merge.NewRowPolicy(u.newRows) {
	case merge.StayWithSurvivor, merge.FollowIdentity:
	default:
		return usagef("--new-rows %q: say stay or follow_identity", u.newRows)
	}
	for _, t := range [][2]string{{"--since", u.since}, {"--until", u.until}} {
		if _, err := moment(t[1], time.Now()); err != nil {
			return usagef("%s %q: give a day, a time or a duration, such as 2026-11-20, \"2026-11-20 22:00\" or 36h", t[0], t[1])
		}
	}
	return nil
}

// moment reads a time. One without a zone is in UTC, a duration counts back from now.
func moment(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Parse(time.RFC3339, text)
}

// selection asks the database what time it is, because the times in the ledger are its own.
func (u *undoing) selection(ctx context.Context, conn *pgx.Conn) (merge.Selection, error) {
	s := merge.Selection{Cluster: u.cluster, Run: u.run, Plan: u.plan, Nested: u.nested}
	var now time.Time
	if err := conn.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&now); err != nil {
		return s, fmt.Errorf("asking the database for the time: %w", err)
	}
	var err error
	if s.Since, err = moment(u.since, now); err != nil {
		return s, err
	}
	s.Until, err = moment(u.until, now)
	return s, err
}

func (a *app) undo(ctx context.Context, in *inputFlags, c *config.Config, want *undoing) error {
	d, err := a.connect(ctx, in, c, dryOr(migrates, want.confirm))
	if err != nil {
		return err
	}
	defer d.store.Close()
	exists, err := d.store.Exists(ctx)
	if err != nil {
		return err
	}
	if !exists {
		return errors.New("nothing was ever merged in this database")
	}
	cfg, err := d.pastConfig(ctx, c, leaveOut)
	if err != nil {
		return err
	}
	if !want.confirm {
		return a.foreseeUndo(ctx, d, cfg, want)
	}
	by, err := who(want.by)
	if err != nil {
		return err
	}
	return d.locked(ctx, newRecord(), func(lock *postgres.Lock) error {
		m, err := merge.New(lock, cfg)
		if err != nil {
			return err
		}
		gate, err := a.gate(ctx, c, lock, want.anyTime)
		if err != nil {
			return err
		}
		opt := want.options()
		opt.Between = gate.Between
		if !want.askAgain {
			opt.Remember = d.remember(by, want.why)
		}
		rep, err := a.takeBack(ctx, m, lock.Conn(), cfg.Schema, want, opt)
		if err != nil {
			return err
		}
		return partial(len(rep.Left) > 0 || rep.Kept() > 0)
	})
}

// foreseeUndo counts what undo would do.
func (a *app) foreseeUndo(ctx context.Context, d *database, cfg merge.Config, want *undoing) error {
	return d.reading(ctx, func(conn *pgx.Conn) error {
		m, err := merge.NewDryRun(conn, cfg)
		if err != nil {
			return err
		}
		a.printf("undo    dry run, nothing is written\n")
		rep, err := a.takeBack(ctx, m, conn, cfg.Schema, want, want.options())
		if err != nil {
			return err
		}
		if rep.Count(merge.Applied) > 0 {
			a.printf("next    the same with --confirm\n")
		}
		return partial(len(rep.Left) > 0 || rep.Kept() > 0)
	})
}

// options are the policies that were asked for.
func (u *undoing) options() merge.UndoOptions {
	return merge.UndoOptions{OnConflict: merge.ConflictPolicy(u.onConflict), NewRows: merge.NewRowPolicy(u.newRows)}
}

// remember stores that the contacts of a merge are different people.
func (d *database) remember(by, why string) func(context.Context, pgx.Tx, []merge.Merged) error {
	return func(ctx context.Context, tx pgx.Tx, undone []merge.Merged) error {
		decisions := make([]postgres.Decision, len(undone))
		for i, m := range undone {
			text := "undo of " + short(m.Cluster)
			if why != "" {
				text += ": " + why
			}
			decisions[i] = postgres.Decision{Decision: postgres.DoNotMerge, Contacts: append([]string{m.Survivor}, m.Losers...), Cluster: m.Cluster, Run: m.Run, By: by, Why: text}
		}
		return d.store.DecideAll(ctx, tx, decisions)
	}
}
