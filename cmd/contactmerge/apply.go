package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"text/tabwriter"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/config"
	"github.com/contactmerge/contactmerge/internal/run"
	"github.com/contactmerge/contactmerge/sinks/merge"
	"github.com/contactmerge/contactmerge/sinks/postgres"
)

func newApply(a *app) *cobra.Command {
	var in inputFlags
	var want applying
	cmd := &cobra.Command{
		Use:   "apply --config FILE",
		Short: "Merge what was approved, and the exact identities; a dry run unless --confirm is given",
		Long: `apply merges what people approved, and the exact identities that the last run found: every child row of a loser moves to the survivor,
the survivor's fields are filled, the loser is archived with a redirect, and all of it is journalled. A contact that changed since is left
alone, and its question is asked again. --approved merges only what was approved, --auto only the exact identities. Exact identities
that share a contact with an approved merge are left to the next run. Merging keeps to merge.window and waits while replicas are behind or the
server is busy, as merge.kindness says. Without --confirm nothing is written.`,
		Example: `  contactmerge apply --config contactmerge.yaml
  contactmerge apply --config contactmerge.yaml --confirm
  contactmerge apply --config contactmerge.yaml --approved --confirm`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := in.needed(cmd.Name()); err != nil {
				return err
			}
			if want.plan != "" && want.approved {
				return usagef("--plan names a plan of exact identities: it does not go with --approved")
			}
			c, err := in.load()
			if err != nil {
				return err
			}
			if !want.auto && !want.approved {
				want.auto, want.approved = true, want.plan == ""
			}
			return a.apply(cmd.Context(), &in, c, want)
		},
	}
	f := cmd.Flags()
	in.registerConfigured(cmd)
	f.StringVar(&want.plan, "plan", "", "first characters of the id of a plan of exact identities (default: the newest, and what was approved)")
	f.BoolVar(&want.auto, "auto", false, "only the exact identities")
	f.BoolVar(&want.approved, "approved", false, "only what was approved")
	f.BoolVar(&want.confirm, "confirm", false, "write: without it apply only counts what it would do")
	f.BoolVar(&want.anyTime, "any-time", false, "write also outside of merge.window")
	return cmd
}

// applying is what apply was asked for.
type applying struct {
	plan             string // first characters of its id
	auto, approved   bool
	confirm, anyTime bool
}

func (a *app) apply(ctx context.Context, in *inputFlags, c *config.Config, want applying) error {
	d, err := a.connect(ctx, in, c, dryOr(migrates, want.confirm))
	if err != nil {
		return err
	}
	defer d.store.Close()
	if !want.confirm {
		return a.dryRun(ctx, in, d, c, want)
	}
	return d.locked(ctx, newRecord(), func(lock *postgres.Lock) error {
		todo, err := d.work(ctx, c, want)
		if err != nil {
			return err
		}
		gate, err := a.gate(ctx, c, lock, want.anyTime)
		if err != nil {
			return err
		}
		if err := a.introduce(ctx, in, lock.Conn(), todo); err != nil {
			return err
		}
		left := len(todo.void) > 0
		for i := range todo.jobs {
			more, err := a.carryOutJob(ctx, d, lock, &todo.jobs[i], gate.Between)
			left = left || more
			if err != nil {
				return err
			}
		}
		return partial(left)
	})
}

// carryOutJob applies one plan, and reports whether something of it is left.
func (a *app) carryOutJob(ctx context.Context, d *database, lock *postgres.Lock, j *job, between func(context.Context) error) (left bool, err error) {
	m, err := merge.New(lock, j.cfg)
	if err != nil {
		return false, err
	}
	if err := d.claim(ctx, j); err != nil {
		return false, err
	}
	a.sayJob(j)
	rep, err := a.carryOut(ctx, m, j.plan, between)
	return rep.Left() > 0 || len(rep.Unfinished) > 0, errors.Join(err, d.settle(ctx, j, &rep))
}

// dryRun counts what apply would do.
func (a *app) dryRun(ctx context.Context, in *inputFlags, d *database, c *config.Config, want applying) error {
	todo, err := d.work(ctx, c, want)
	if err != nil {
		return err
	}
	left := len(todo.void) > 0
	err = d.reading(ctx, func(conn *pgx.Conn) error {
		a.printf("apply: dry run, nothing is written\n")
		if err := a.introduce(ctx, in, conn, todo); err != nil {
			return err
		}
		for i := range todo.jobs {
			j := &todo.jobs[i]
			m, err := merge.NewDryRun(conn, j.cfg)
			if err != nil {
				return err
			}
			a.sayJob(j)
			rep, err := a.carryOut(ctx, m, j.plan, nil)
			if err != nil {
				return err
			}
			left = left || len(rep.Unfinished) > 0
		}
		return nil
	})
	if err != nil {
		return err
	}
	a.printf("next    contactmerge apply --config %s%s --confirm\n", in.configPath, todo.flags)
	return partial(left)
}

// plan finds a plan and the record of the run that made it, which knows the columns its guards cover.
func (d *database) plan(ctx context.Context, prefix string) (*cluster.Plan, *run.Record, error) {
	find := d.store.LatestPlan
	if prefix != "" {
		find = func(ctx context.Context) (*cluster.Plan, error) { return d.store.Plan(ctx, prefix) }
	}
	p, err := find(ctx)
	if errors.Is(err, postgres.ErrNoPlan) {
		return nil, nil, errors.New("there is no such plan: run `contactmerge run --config …` first")
	}
	if err != nil {
		return nil, nil, err
	}
	runs, err := d.store.Runs(ctx, maxRuns)
	if err != nil {
		return nil, nil, err
	}
	for i := range runs {
		if runs[i].Record.Plan == p.ID {
			return p, &runs[i].Record, nil
		}
	}
	return nil, nil, fmt.Errorf("the run that made plan %s was killed, or is long ago: make a new plan with `contactmerge run`", short(p.ID))
}

// maxRuns is how far back apply looks for the run of a plan.
const maxRuns = 1000

func short(id string) string { return id[:min(12, len(id))] }

// carryOut applies a plan, shows progress, and prints what became of it. It returns errIncomplete when it was stopped in good order.
func (a *app) carryOut(ctx context.Context, m merge.Applier, p *cluster.Plan, between func(context.Context) error) (merge.Report, error) {
	progress, err := a.progress()
	if err != nil {
		return merge.Report{}, err
	}
	progress.Stage("apply", int64(len(p.Steps)), "merges")
	rep, err := merge.Apply(ctx, m, p, merge.Options{Between: between, Progress: func(int, int, *merge.StepResult) { progress.Add(1) }})
	progress.Stop()
	if interrupted(ctx, err) {
		rep.Stopped, err = "it was interrupted", nil
	}
	if err == nil || len(rep.Counts) > 0 { // not when it never began
		a.applied(&rep)
	}
	if err == nil && rep.Stopped != "" {
		a.printf("stopped %s; the merge at work was finished, run it again to go on\n", rep.Stopped)
		return rep, errIncomplete
	}
	return rep, err
}

// applied says what became of a plan.
func (a *app) applied(rep *merge.Report) {
	a.printf("plan    %s  %s: %s; %s merged away\n", short(rep.Plan), many(rep.Steps, "merge"), outcomes(rep.Counts, rep.Left(), nil), many(rep.Losers, "contact"))
	a.moved(rep)
}

// moved says in which tables rows were moved, and what was not finished.
func (a *app) moved(rep *merge.Report) {
	w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	for _, t := range rep.Tables {
		_, _ = fmt.Fprintf(w, "  %s.%s\t%d rows moved\t%d already there\n", t.Table, t.Column, t.Repointed, t.Removed)
	}
	_ = w.Flush()
	a.unfinished(rep.Unfinished)
}

// outcomes counts in words what became of merges. Their own words are used but for those in called.
func outcomes(list []merge.OutcomeCount, left int, called map[merge.Outcome]string) string {
	var counts []string
	for _, c := range list {
		if c.Steps > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", c.Steps, cmp.Or(called[c.Outcome], strings.ReplaceAll(string(c.Outcome), "_", " "))))
		}
	}
	if left > 0 {
		counts = append(counts, fmt.Sprintf("%d not reached", left))
	}
	if len(counts) == 0 {
		return "nothing to merge"
	}
	return strings.Join(counts, ", ")
}

// many is a count with its noun.
func many(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// maxListed bounds the contacts that are named behind one reason.
const maxListed = 8

// listed names the first of some contacts, or other things, and counts the rest.
func listed(ids []string) string {
	if len(ids) > maxListed {
		return fmt.Sprintf("%s and %d more", strings.Join(ids[:maxListed], ", "), len(ids)-maxListed)
	}
	return strings.Join(ids, ", ")
}

// unfinished groups what was not merged by reason, because a clash on one constraint stops many merges in the same words.
func (a *app) unfinished(steps []merge.StepResult) {
	type why struct {
		outcome merge.Outcome
		reason  string
	}
	var order []why
	by := map[why][]string{}
	for _, s := range steps {
		// The reason may name the contact it is about; the survivor says as much.
		k := why{s.Outcome, contactInReason.ReplaceAllString(s.Reason, "a contact")}
		if by[k] == nil {
			order = append(order, k)
		}
		by[k] = append(by[k], s.Survivor)
	}
	for _, k := range order {
		a.printf("  %d %s: %s\n      survivors %s\n", len(by[k]), k.outcome, k.reason, listed(by[k]))
	}
}

// contactInReason finds the id in reasons such as "contact 2534 changed since the plan was made".
var contactInReason = regexp.MustCompile(`^contact \S+`)
