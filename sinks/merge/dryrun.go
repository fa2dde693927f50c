package merge

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/pgerr"
)

// DryRun finds out what a Merger would do, by reading only. What triggers would say, and rows that somebody else has locked, it cannot know.
type DryRun struct {
	cfg  Config
	conn *pgx.Conn
	cat  *catalog
	plan string

	look   func(context.Context, *batch) error // how a batch is foreseen: as a merge, or as a sweep
	merged map[string]bool                     // losers of the steps so far
	filled map[int]*filled                     // survivors of the steps so far that got another reference to a contact, by the place of the reference
	reads  bool                                // earlier steps may change which contacts refer to a loser of a later one
	back   map[string]bool                     // contacts that merges looked at before would have brought back
	queue  []Merged                            // the merges to take back, newest first
}

var _ Applier = (*DryRun)(nil)

// NewDryRun makes a DryRun that reads through conn.
func NewDryRun(conn *pgx.Conn, cfg Config) (*DryRun, error) {
	cfg = cfg.WithDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("merge configuration: %w", err)
	}
	d := &DryRun{cfg: cfg, conn: conn}
	d.look = d.foresee
	return d, nil
}

// Start reads the catalogue.
func (d *DryRun) Start(ctx context.Context, p *cluster.Plan) error {
	d.plan, d.merged, d.filled = p.ID, make(map[string]bool), make(map[int]*filled)
	return pgerr.Clean(d.read(ctx, func(tx pgx.Tx) (err error) {
		if d.cat, err = readCatalog(ctx, tx, &d.cfg); err != nil {
			return err
		}
		d.reads = d.cfg.Mode == Delete || slices.ContainsFunc(p.Steps, func(s cluster.Step) bool { return len(d.leads(&s)) > 0 })
		return preflight(ctx, tx, &d.cfg, d.cat, reading)
	}))
}

// read runs f in a transaction that cannot write. Each step has its own, so that no snapshot grows old.
func (d *DryRun) read(ctx context.Context, f func(tx pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, d.conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if err := pin(ctx, tx, maxLockTimeout, d.cfg.StepTimeout); err != nil {
			return err
		}
		return f(tx)
	})
}

// Size is how many losers a group may have.
func (d *DryRun) Size() int { return d.cfg.GroupLosers }

// Group says how steps would end.
func (d *DryRun) Group(ctx context.Context, steps []*cluster.Step) (GroupResult, error) {
	var res GroupResult
	items, err := newItems(steps, 1)
	if err != nil {
		return res, err
	}
	b := newBatch(nil, &d.cfg, d.cat, d.plan, items)
	err = d.read(ctx, func(tx pgx.Tx) error {
		b.tx = tx
		return d.look(ctx, b)
	})
	switch {
	case err == nil:
		d.settle(b, Applied, "")
	case classOf(err) != classRefuse && classOf(err) != classFail:
		return res, pgerr.Clean(err)
	case len(steps) > 1: // one of them has a value that cannot be compared
		for _, s := range steps {
			res.Again = append(res.Again, []*cluster.Step{s})
		}
		return res, nil
	case classOf(err) == classRefuse:
		d.settle(b, Refused, reasonOf(err))
	default:
		d.settle(b, Failed, reasonOf(err))
	}
	for _, it := range items {
		res.Results = append(res.Results, it.result)
	}
	return res, nil
}

// settle decides the steps that are still in. Later steps of the plan will find their losers merged.
func (d *DryRun) settle(b *batch, o Outcome, reason string) {
	for _, it := range b.items {
		if id := d.disturbed(it); id != "" && o == Applied {
			b.drop(it, Stale, changed(id))
			continue
		}
		it.result.Outcome, it.result.Reason = o, reason
		if o == Applied {
			d.adjust(it)
			for _, id := range it.step.Losers {
				d.merged[id] = true
			}
			for i, value := range d.leads(it.step) {
				d.filled[i] = d.filled[i].with(it.step.Survivor, value)
			}
		}
	}
}

// leads is what a step fills its survivor with in columns that refer to contacts, by the place of the reference.
func (d *DryRun) leads(s *cluster.Step) map[int]*string {
	out := make(map[int]*string)
	for i := range d.cat.refs {
		r := &d.cat.refs[i]
		for _, ch := range s.Changes {
			if r.self && r.kind == byID && ch.Column == r.column.name {
				out[i] = ch.Value
			}
		}
	}
	return out
}

// adjust counts the contacts that refer to a loser of the step as they are when it is its turn: earlier steps delete some, and give others
// another reference.
func (d *DryRun) adjust(it *item) {
	for i := range d.cat.refs {
		n := &it.result.Tables[i].Repointed
		for _, id := range it.referring[i] {
			if d.filled[i] != nil && d.filled[i].who[id] || d.cfg.Mode == Delete && d.merged[id] {
				*n--
			}
		}
		for _, id := range it.step.Losers {
			if d.filled[i] != nil {
				*n += d.filled[i].to[id]
			}
		}
	}
}

// filled is contacts that were given another reference.
type filled struct {
	who map[string]bool  // they
	to  map[string]int64 // how many refer to whom now
}

// with adds one to f, which may be nil.
func (f *filled) with(who string, to *string) *filled {
	if f == nil {
		f = &filled{make(map[string]bool), make(map[string]int64)}
	}
	f.who[who] = true
	if to != nil {
		f.to[*to]++
	}
	return f
}

// Finish has nothing to do.
func (d *DryRun) Finish(context.Context, *Report) error { return nil }

// foresee goes through steps without writing.
func (d *DryRun) foresee(ctx context.Context, b *batch) error {
	if err := b.read(ctx, ""); err != nil {
		return err
	}
	if err := b.applied(ctx); err != nil || len(b.items) == 0 {
		return err
	}
	if err := b.check(ctx); err != nil {
		return err
	}
	if err := b.feasible(ctx); err != nil {
		return err
	}
	f, err := b.foresee(ctx)
	if err != nil {
		return err
	}
	if _, err := b.handovers(ctx); err != nil {
		return err
	}
	for _, it := range b.items {
		for i := range it.result.Tables {
			it.result.Tables[i].Repointed, it.result.Tables[i].Removed = f.moved[it][i], f.removed[it][i]
		}
	}
	if d.reads {
		return b.selfReferences(ctx)
	}
	return nil
}

// selfReferences notes which contacts refer to losers.
func (b *batch) selfReferences(ctx context.Context) error {
	for _, it := range b.items {
		it.referring = make(map[int][]string)
	}
	for i := range b.cat.refs {
		r := &b.cat.refs[i]
		if !r.self || !b.moves(i) {
			continue
		}
		err := b.referring(ctx, r, "", func(id string, n int) {
			it := b.items[n]
			it.referring[i] = append(it.referring[i], id)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// disturbed is the member of a step that an earlier step of the plan is going to change, "" for none: it refers to a loser of that step, in
// a column that a guard covers.
func (d *DryRun) disturbed(it *item) string {
	for i := range d.cat.refs {
		r := &d.cat.refs[i]
		at := slices.Index(d.cfg.Columns, r.column.name)
		if !r.self || r.kind != byID || at < 0 {
			continue
		}
		for _, id := range members(it.step) {
			if m, ok := it.members[id]; ok && m.values[at] != nil && d.merged[*m.values[at]] {
				return id
			}
		}
	}
	return ""
}
