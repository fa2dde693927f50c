package main

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/config"
	"github.com/contactmerge/contactmerge/internal/run"
	"github.com/contactmerge/contactmerge/sinks/merge"
	"github.com/contactmerge/contactmerge/sinks/postgres"
)

// job is one plan to apply.
type job struct {
	plan      *cluster.Plan
	cfg       merge.Config
	approvals []postgres.Approval // that became its steps; none in a plan of exact identities
	yielded   int                 // steps that were left out, because an approved merge has one of their contacts
}

// work is all that one call of apply does, in order.
type work struct {
	jobs  []job
	void  []postgres.Approval // approved, and changed since
	flags string              // by which the same is asked for again
}

// work finds what there is to apply. Approved merges come first, and exact identities that share a contact with one are left out: what a
// person decided about a contact is carried out before what follows from it is looked at again.
func (d *database) work(ctx context.Context, c *config.Config, want applying) (*work, error) {
	w := &work{}
	taken := map[string]bool{}
	if want.approved {
		if err := d.approvedWork(ctx, c, want.confirm, w, taken); err != nil {
			return nil, err
		}
		w.flags = " --approved"
	}
	if !want.auto {
		return w, nil
	}
	p, rec, err := d.plan(ctx, want.plan)
	if err != nil {
		return nil, err
	}
	if len(w.jobs)+len(w.void) == 0 {
		w.flags = " --plan " + short(p.ID)
	} else {
		w.flags = ""
	}
	p, yielded := p.Without(func(id string) bool { return taken[id] })
	w.jobs = append(w.jobs, job{plan: p, cfg: d.mergeConfig(c, rec), yielded: yielded})
	return w, nil
}

// approvedWork makes plans of what was approved, one for each set of columns that guards were made of: as a rule there is one.
func (d *database) approvedWork(ctx context.Context, c *config.Config, note bool, w *work, taken map[string]bool) error {
	ready, void, err := d.store.Approved(ctx, note)
	if err != nil {
		return outdated(err)
	}
	w.void = void
	type group struct {
		rec       *run.Record
		approvals []postgres.Approval
	}
	var groups []group
	records := map[string]*run.Record{}
	for _, a := range ready {
		rec := records[a.Run]
		if rec == nil {
			if rec, err = d.store.Record(ctx, a.Run); err != nil {
				return err
			}
			records[a.Run] = rec
		}
		i := slices.IndexFunc(groups, func(g group) bool {
			return slices.Equal(g.rec.Columns, rec.Columns) && slices.Equal(g.rec.IdentityColumns, rec.IdentityColumns)
		})
		if i < 0 {
			i, groups = len(groups), append(groups, group{rec: rec})
		}
		groups[i].approvals = append(groups[i].approvals, a)
		for _, id := range a.Contacts {
			taken[id] = true
		}
	}
	for _, g := range groups {
		j := job{cfg: d.mergeConfig(c, g.rec), approvals: g.approvals}
		j.plan = planOf(g.approvals, g.rec)
		w.jobs = append(w.jobs, j)
	}
	return nil
}

// planOf makes a plan of approved steps.
func planOf(approvals []postgres.Approval, rec *run.Record) *cluster.Plan {
	steps := make([]cluster.Step, len(approvals))
	for i := range approvals {
		steps[i] = *approvals[i].Step
	}
	return cluster.PlanOf(steps, rec.Source, rec.Config)
}

// claim takes the approvals of a plan, so that nobody takes them back while it is applied. What was taken back just now is left out.
func (d *database) claim(ctx context.Context, j *job) error {
	if len(j.approvals) == 0 {
		return nil
	}
	var ids []int64
	for _, a := range j.approvals {
		ids = append(ids, a.ID)
	}
	got, err := d.store.Claim(ctx, ids)
	if err != nil {
		return err
	}
	source := &run.Record{Source: j.plan.Source, Config: j.plan.Config}
	j.approvals = slices.DeleteFunc(j.approvals, func(a postgres.Approval) bool { return !got[a.ID] })
	ids = ids[:0]
	for _, a := range j.approvals {
		ids = append(ids, a.ID)
	}
	j.plan = planOf(j.approvals, source)
	return d.store.Planned(ctx, ids, j.plan.ID)
}

// settle notes what became of the approvals of a plan, also when applying it was interrupted.
func (d *database) settle(ctx context.Context, j *job, rep *merge.Report) error {
	if len(j.approvals) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	var ended []postgres.Ended
	for _, s := range rep.Unfinished {
		e := postgres.Ended{StepID: s.Cluster, State: postgres.ApprovalFailed, Reason: s.Reason}
		switch s.Outcome {
		case merge.Stale, merge.Gone:
			e.State = postgres.ApprovalStale
		case merge.Deferred:
			e.State = postgres.ApprovalDeferred
		}
		ended = append(ended, e)
	}
	return d.store.EndApplying(ctx, j.plan.ID, ended)
}

// introduce says what there is to know before anything is applied. That nothing waits is no error: a job may ask every night.
func (a *app) introduce(ctx context.Context, in *inputFlags, conn *pgx.Conn, w *work) error {
	if len(w.jobs) == 0 && len(w.void) == 0 {
		a.printf("nothing approved waits; see what is open with `contactmerge decisions --config %s --open`\n", in.configPath)
	}
	for _, v := range w.void {
		a.printf("void    approval %d of contacts %s, by %s: %s; it is asked again\n", v.ID, listed(v.Contacts), legible(v.By), v.Reason)
	}
	if len(w.jobs) == 0 {
		return nil
	}
	if err := a.warnUndeclared(ctx, conn, w.jobs[0].cfg); err != nil {
		return err
	}
	for i := range w.jobs {
		if err := a.space(ctx, conn, w.jobs[i].cfg, w.jobs[i].plan); err != nil {
			return err
		}
	}
	return nil
}

// sayJob introduces a plan where there may be two.
func (a *app) sayJob(j *job) {
	switch {
	case len(j.approvals) > 0:
		a.printf("approved by people: %s\n", many(len(j.approvals), "merge"))
	case j.yielded > 0:
		a.printf("exact identities: %s left to the next run, because an approved merge has one of their contacts\n", many(j.yielded, "merge"))
	}
}
