package merge

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/pgerr"
)

// A sweep moves rows that reached a contact after it was merged away: in archive mode its row is still there to refer to, and a column
// without a foreign key can hold any id. It is carried out like a merge, in groups, journalled under an id of its own, and taken back
// together with the merge it belongs to. The step of a sweep has the cluster of that merge, and the losers that rows were late for.

// Sweep moves late rows to the survivors.
func (m *Merger) Sweep(ctx context.Context, opt Options) (Report, error) {
	var s sweep
	err := m.prepare(ctx, writing, func(tx pgx.Tx) (err error) {
		s, err = readSweep(ctx, tx, &m.cfg, m.cat)
		return err
	})
	if err != nil {
		return Report{}, fmt.Errorf("preparing to sweep: %w", pgerr.Clean(err))
	}
	m.plan = s.plan.ID
	m.carry = func(ctx context.Context, b *batch) error { return m.sweep(ctx, b, &s) }
	defer func() { m.carry = m.merge }()
	return s.run(ctx, m, opt)
}

// Sweep counts what a sweep would move.
func (d *DryRun) Sweep(ctx context.Context, opt Options) (Report, error) {
	var s sweep
	err := d.read(ctx, func(tx pgx.Tx) (err error) {
		if d.cat, err = readCatalog(ctx, tx, &d.cfg); err != nil {
			return err
		}
		if err := preflight(ctx, tx, &d.cfg, d.cat, reading); err != nil {
			return err
		}
		s, err = readSweep(ctx, tx, &d.cfg, d.cat)
		return err
	})
	if err != nil {
		return Report{}, fmt.Errorf("preparing to sweep: %w", pgerr.Clean(err))
	}
	d.plan, d.merged = s.plan.ID, make(map[string]bool)
	d.look = func(ctx context.Context, b *batch) error { return d.sweep(ctx, b) }
	defer func() { d.look = d.foresee }()
	return s.run(ctx, d, opt)
}

// sweep is the rows that are late.
type sweep struct {
	plan    *cluster.Plan     // its steps; no plan that anybody could apply
	parents map[string]string // plans of the merges they belong to, by cluster
}

// run carries the steps out.
func (s *sweep) run(ctx context.Context, a Applier, opt Options) (Report, error) {
	rep := Report{Plan: s.plan.ID, Steps: len(s.plan.Steps)}
	q := newQueue(a, s.plan, opt)
	err := q.run(ctx)
	for _, r := range q.results {
		if r != nil {
			rep.add(r)
		}
	}
	if reason, ok := stopping(err); ok {
		rep.Stopped, err = reason, nil
	}
	return rep, err
}

// readSweep finds the late rows of all references, and makes a step for each merge they belong to.
func readSweep(ctx context.Context, tx pgx.Tx, cfg *Config, c *catalog) (sweep, error) {
	s := sweep{plan: &cluster.Plan{Format: cluster.PlanFormat, Source: "sweep"}, parents: make(map[string]string)}
	// The tables are read whole, once.
	if _, err := tx.Exec(ctx, "SELECT set_config('enable_seqscan', 'on', true), set_config('statement_timeout', $1, true)", milliseconds(verifyTimeout)); err != nil {
		return s, err
	}
	if err := tx.QueryRow(ctx, "SELECT 'sweep-' || gen_random_uuid()").Scan(&s.plan.ID); err != nil {
		return s, err
	}
	var late []string
	for i := range c.refs {
		list, err := lateLosers(ctx, tx, cfg, c, &c.refs[i])
		if err != nil {
			return s, fmt.Errorf("looking for late rows of %s: %w", &c.refs[i], err)
		}
		late = append(late, list...)
	}
	slices.Sort(late)
	rows, err := tx.Query(ctx, `SELECT plan_id, cluster_id, survivor_id, array_agg(loser_id ORDER BY loser_id COLLATE "C") FROM `+quote(cfg.Schema, "redirects")+`
		WHERE active AND loser_id = ANY ($1) GROUP BY 1, 2, 3 ORDER BY plan_id, cluster_id`, slices.Compact(late))
	if err != nil {
		return s, fmt.Errorf("reading the redirects: %w", err)
	}
	var (
		plan string
		step cluster.Step
	)
	_, err = pgx.ForEachRow(rows, []any{&plan, &step.Cluster, &step.Survivor, &step.Losers}, func() error {
		s.parents[step.Cluster] = plan
		s.plan.Steps = append(s.plan.Steps, step)
		step = cluster.Step{}
		return nil
	})
	if err != nil {
		return s, fmt.Errorf("reading the redirects: %w", err)
	}
	return s, nil
}

// lateLosers lists the active losers that rows of a reference refer to.
func lateLosers(ctx context.Context, tx pgx.Tx, cfg *Config, c *catalog, r *reference) ([]string, error) {
	rows, err := tx.Query(ctx, `SELECT DISTINCT lt FROM (`+c.lateSQL(cfg.Schema, r)+`) AS q ORDER BY lt`, c.words)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// lateSQL is a query for the rows of a reference that refer to an active loser: the loser's id, and which row it is. Its only parameter is
// the words of the references.
func (c *catalog) lateSQL(schema string, r *reference) string {
	red := `(SELECT loser_id AS lt, loser_id::` + c.id.base + ` AS l FROM ` + quote(schema, "redirects") + ` WHERE active) AS m`
	fk := "t." + quote(r.column.name)
	typed := "coalesce(cardinality($1::text[]), 0) >= 0" // the parameter has to be there
	if r.typeColumn != nil {
		typed = fmt.Sprintf("t.%s::text = ($1::text[])[%d]", quote(r.typeColumn.name), r.word)
	}
	var from, on string
	switch {
	case r.kind == byKey:
		keys := make([]string, len(r.keys))
		for i, k := range r.keys {
			keys[i] = "t." + quote(k.ours.name) + " " + k.toTheirs + " p." + quote(k.theirs.name)
		}
		from = ` JOIN ` + c.contacts.sql() + ` AS p ON ` + strings.Join(keys, " AND ") + ` JOIN ` + red
		on = "p." + quote(c.id.name) + " " + c.idEqual + " m.l"
	case r.kind == byList && r.textual:
		from, on = ` CROSS JOIN LATERAL unnest(`+fk+`::text[]) AS e(id) JOIN `+red, "e.id = m.lt"
	case r.kind == byList:
		from, on = ` CROSS JOIN LATERAL unnest(`+fk+`) AS e(id) JOIN `+red, "e.id "+c.idEqual+" m.l"
	case r.textual:
		from, on = ` JOIN `+red, fk+"::text = m.lt"
	default:
		from, on = ` JOIN `+red, fk+" "+r.toID+" m.l"
	}
	return `SELECT m.lt, t.tableoid AS cm_table, t.ctid AS cm_ctid FROM ` + r.child.sql() + ` AS t` + from + ` ON ` + on + ` WHERE ` + typed
}

// sweep carries out the steps of a batch.
func (m *Merger) sweep(ctx context.Context, b *batch, s *sweep) error {
	if err := b.cat.hold(ctx, b.tx); err != nil {
		return err
	}
	if err := b.lock(ctx); err != nil {
		return err
	}
	m.cfg.Fault("locked")
	now, err := b.cat.fingerprintNow(ctx, b.tx)
	if err != nil {
		return err
	}
	if now != b.cat.fingerprint {
		return ErrSchemaChanged
	}
	if err := b.late(ctx); err != nil || len(b.items) == 0 {
		return err
	}
	if err := b.untangle(ctx); err != nil {
		return err
	}
	b.trim()
	if _, err := b.foresee(ctx); err != nil || len(b.items) == 0 {
		return err
	}
	m.cfg.Fault("checked")
	if err := b.dropColliding(ctx); err != nil {
		return err
	}
	for i := range b.cat.refs {
		if err := b.repoint(ctx, i); err != nil {
			return err
		}
	}
	if err := b.unreferenced(ctx); err != nil {
		return err
	}
	deeds := make([]deed, len(b.items))
	for i, it := range b.items {
		deeds[i] = deed{plan: b.plan, cluster: it.step.Cluster, content: s.parents[it.step.Cluster], survivor: it.step.Survivor, losers: it.step.Losers, entries: it.seq}
	}
	b.xid, err = record(ctx, b.tx, b.cfg.Schema, "sweep", m.session.Epoch(), deeds)
	m.cfg.Fault("recorded")
	return err
}

// late takes the steps out whose losers lead elsewhere by now, or that no row is late for any more.
func (b *batch) late(ctx context.Context) error {
	for _, it := range b.items {
		if _, there := it.members[it.step.Survivor]; !there {
			b.drop(it, Gone, "contact "+it.step.Survivor+", to whom its rows should go, does not exist any more")
		}
	}
	rows, err := b.tx.Query(ctx, `SELECT loser_id, survivor_id FROM `+b.ours("redirects")+` WHERE active AND loser_id = ANY ($1)`, b.losers())
	if err != nil {
		return err
	}
	leads := make(map[string]string)
	var loser, survivor string
	if _, err = pgx.ForEachRow(rows, []any{&loser, &survivor}, func() error { leads[loser] = survivor; return nil }); err != nil {
		return err
	}
	for _, it := range b.items {
		for _, id := range it.step.Losers {
			if leads[id] != it.step.Survivor {
				b.drop(it, Gone, "contact "+id+" leads to another one by now")
				break
			}
		}
	}
	if err := b.feasible(ctx); err != nil {
		return err
	}
	for _, it := range b.items {
		if !slices.ContainsFunc(it.counts, func(n int64) bool { return n > 0 }) {
			b.drop(it, AlreadyApplied, "")
		}
	}
	return nil
}

// sweep counts what the steps of a batch would move.
func (d *DryRun) sweep(ctx context.Context, b *batch) error {
	if err := b.read(ctx, ""); err != nil {
		return err
	}
	if err := b.late(ctx); err != nil || len(b.items) == 0 {
		return err
	}
	f, err := b.foresee(ctx)
	if err != nil {
		return err
	}
	for _, it := range b.items {
		for i := range it.result.Tables {
			it.result.Tables[i].Repointed, it.result.Tables[i].Removed = f.moved[it][i], f.removed[it][i]
		}
	}
	return nil
}
