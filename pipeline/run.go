package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/run"
	"github.com/contactmerge/contactmerge/scoring"
)

// Options are what a run needs beside its configuration. Source is required; the rest may be left out.
type Options struct {
	Config   Config
	Source   Source
	Sinks    []Sink
	Progress Progress
	Log      *slog.Logger
	// OnLayout is told how the columns were recognised, before any row is read.
	OnLayout func(contact.Layout)
	// CheckLayout may refuse what it is told, at the same moment: what the user asked for names no column, for instance.
	CheckLayout func(contact.Layout) error
	// Model weighs the pairs, instead of one that is fitted to them. Default: none.
	Model *scoring.ModelFile
	// Below, when given, is filled with the pairs that a lower threshold would suggest.
	Below *run.Below
	// NotDuplicates delivers the pairs of contact ids that a person has declined.
	NotDuplicates func(ctx context.Context) ([][2]string, error)
	// Declined does the same for whoever must see the contacts to say whether an answer still stands. Default: none.
	Declined func(ctx context.Context, t *contact.Table) ([][2]contact.Row, error)
	// Renew is given the plan, and returns it or one with the same steps and another id: a plan that was undone cannot be applied again.
	Renew func(ctx context.Context, p *cluster.Plan) (*cluster.Plan, error)
	// Merging says that the plan is to be applied without a person looking at it: then the circuit breakers judge it.
	Merging bool
	// Previous is what the last run with a plan made; a circuit breaker compares.
	Previous cluster.Previous
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// Record is opened by the caller, with id and version; Run fills it.
	Record *run.Record
}

// Result is what a run found.
type Result struct {
	Outcome *cluster.Outcome
	Record  *run.Record
	Tripped bool // a circuit breaker says that nothing may be merged automatically
}

// Release gives the table's memory back.
func (r *Result) Release() { r.Outcome.Table.Release() }

// runner is a run under way.
type runner struct {
	opt      Options
	cfg      Config
	rec      *run.Record
	progress Progress
	log      *slog.Logger
	clock    stopwatch
}

// Run loads the contacts, matches them, acts, and hands the outcome to the sinks. The record is closed on success and on failure. The caller
// releases the result.
func Run(ctx context.Context, opt Options) (*Result, error) {
	r := newRunner(opt)
	res, err := r.run(ctx)
	if r.end(err); err != nil {
		return nil, err
	}
	return res, nil
}

// end closes the record.
func (r *runner) end(err error) {
	r.progress.Stop()
	r.refresh()
	r.rec.State = run.Done
	if err != nil {
		r.rec.State, r.rec.Error = run.Failed, err.Error()
	}
}

func newRunner(opt Options) *runner {
	if opt.Progress == nil {
		opt.Progress = silent{}
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.OnLayout == nil {
		opt.OnLayout = func(contact.Layout) {}
	}
	if opt.CheckLayout == nil {
		opt.CheckLayout = func(contact.Layout) error { return nil }
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Record == nil {
		opt.Record = &run.Record{}
	}
	r := &runner{opt: opt, cfg: opt.Config.WithDefaults(), rec: opt.Record, progress: opt.Progress, log: opt.Log}
	r.rec.State, r.rec.Started, r.rec.Go, r.rec.Workers = run.Running, opt.Now(), runtime.Version(), r.cfg.Workers
	r.rec.Config = r.cfg.Fingerprint()
	r.rec.Refresh = r.refresh
	return r
}

func (r *runner) run(ctx context.Context) (*Result, error) {
	if err := r.cfg.Validate(); err != nil {
		return nil, err
	}
	t, rejects, err := r.contacts(ctx)
	if err != nil {
		return nil, err
	}
	res, err := r.found(ctx, t, rejects)
	if err != nil {
		t.Release()
		return nil, err
	}
	return res, nil
}

// found is everything after the first barrier.
func (r *runner) found(ctx context.Context, t *contact.Table, rejects []contact.Reject) (*Result, error) {
	r.rec.Input = t.Fingerprint()
	m, err := r.match(ctx, t)
	if err != nil {
		return nil, err
	}
	o := r.act(ctx, t, m, rejects)
	if r.opt.Renew != nil {
		if o.Plan, err = r.opt.Renew(ctx, o.Plan); err != nil {
			return nil, err
		}
	}
	r.count(o)
	res := &Result{Outcome: o, Record: r.rec, Tripped: r.breakers(o)}
	r.warn(o)
	// Sinks write the record too; only a run whose sinks all succeed leaves one that anybody sees.
	r.rec.State = run.Done
	if len(r.opt.Sinks) == 0 {
		return res, nil
	}
	r.stage("write", int64(len(o.Edges)), "pairs")
	for _, s := range r.opt.Sinks {
		if err := s.Write(ctx, o, r.rec); err != nil {
			return nil, err
		}
	}
	r.endStage(int64(len(o.Edges)))
	return res, nil
}

func (r *runner) breakers(o *cluster.Outcome) bool {
	if !r.opt.Merging {
		return false
	}
	tripped := false
	for _, b := range cluster.Breakers(o.Plan, o.Table.Len(), r.cfg.Breakers, r.opt.Previous) {
		r.rec.Breakers = append(r.rec.Breakers, run.Breaker{Name: b.Name, Limit: b.Limit, Value: b.Value, Tripped: b.Tripped})
		tripped = tripped || b.Tripped
	}
	return tripped
}

// warn notes what a person should know about the input.
func (r *runner) warn(o *cluster.Outcome) {
	named, reachable := false, o.Table.IdentityCount() > 0
	for _, c := range o.Table.Columns() {
		switch c.Field {
		case contact.FieldFirstName, contact.FieldLastName, contact.FieldFullName:
			named = true
		}
	}
	add := func(format string, args ...any) {
		r.rec.Warnings = append(r.rec.Warnings, fmt.Sprintf(format, args...))
	}
	if o.Table.Len() == 0 {
		add("the source holds no usable contacts")
		return
	}
	if !named {
		add("no name column was recognised: map one with --map COLUMN=first_name, last_name or full_name")
	}
	if !reachable {
		add("no identities were found: without emails, phones or channel ids nothing can be merged automatically")
	}
	r.rec.Warnings = append(r.rec.Warnings, oneCluster(o, r.cfg.Clusters.MaxMembers)...)
	r.rec.Warnings = append(r.rec.Warnings, weaknesses(o.Table, o.Model.Comparisons, r.opt.Model == nil)...)
	for _, s := range o.Rules {
		if s.OverBudget {
			add("blocking rule %s did not fit into the pair budget; raise blocking.pairs_per_contact to compare more", s.Rule)
		}
	}
}
