package merge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/pgerr"
)

// Merger carries plans out for real.
type Merger struct {
	cfg     Config
	session Session
	cat     *catalog
	plan    string
	lock    time.Duration
	carry   func(context.Context, *batch) error // what is done with a batch: merge, or sweep
	unsure  map[string]StepResult               // by cluster: committed, or not, by a transaction whose answer was lost
}

var _ Applier = (*Merger)(nil)

// New makes a Merger that writes through the session.
func New(session Session, cfg Config) (*Merger, error) {
	cfg = cfg.WithDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("merge configuration: %w", err)
	}
	m := &Merger{cfg: cfg, session: session, unsure: make(map[string]StepResult)}
	m.carry = m.merge
	return m, nil
}

// Start reads the catalogue, checks rights, and notes that the plan is being applied.
func (m *Merger) Start(ctx context.Context, p *cluster.Plan) error {
	m.plan = p.ID
	err := m.prepare(ctx, writing, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO `+quote(m.cfg.Schema, "plans")+` (plan_id, format, state, steps, body) VALUES ($1, $2, 'applying', $3, $4)
			ON CONFLICT (plan_id) DO UPDATE SET state = 'applying'`, p.ID, p.Format, len(p.Steps), p.JSON())
		return err
	})
	return pgerr.Clean(err)
}

// prepare reads the catalogue in a transaction of its own, and does more in it.
func (m *Merger) prepare(ctx context.Context, need access, more func(tx pgx.Tx) error) error {
	var err error
	if m.lock, err = lockTimeout(ctx, m.session.Conn(), &m.cfg); err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, m.session.Conn(), func(tx pgx.Tx) error {
		if err := m.begin(ctx, tx); err != nil {
			return err
		}
		if m.cat, err = readCatalog(ctx, tx, &m.cfg); err != nil {
			return err
		}
		if err := preflight(ctx, tx, &m.cfg, m.cat, need); err != nil {
			return err
		}
		return more(tx)
	})
}

// begin is how every transaction that writes starts: settings, then the proof that nobody took over. Whoever takes over waits for this
// transaction, because it holds the lease's row.
func (m *Merger) begin(ctx context.Context, tx pgx.Tx) error {
	if err := pin(ctx, tx, m.lock, m.cfg.StepTimeout); err != nil {
		return err
	}
	var epoch int64
	if err := tx.QueryRow(ctx, `SELECT epoch FROM `+quote(m.cfg.Schema, "lease")+` FOR SHARE`).Scan(&epoch); err != nil {
		return fmt.Errorf("reading the lease: %w", err)
	}
	if epoch != m.session.Epoch() && !m.cfg.Seeded.bug("no_epoch") {
		return ErrFenced
	}
	return direct(ctx, tx)
}

// direct makes the planner use the indexes of the tables, whatever it thinks of their size: our own grow while a plan that was made for
// an empty one is still in use. Compiling statements of this size takes longer than they do.
func direct(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, "SELECT pg_catalog.set_config('enable_seqscan', 'off', true), pg_catalog.set_config('jit', 'off', true)")
	return err
}

// Finish notes how far the plan came. A plan with steps left stays "applying", so that it is applied again.
func (m *Merger) Finish(ctx context.Context, r *Report) error {
	if r.Left() > 0 || r.Count(Deferred) > 0 || r.Count(Failed) > 0 {
		return nil
	}
	if m.session.Conn().IsClosed() || m.session.Conn().Ping(ctx) != nil {
		if err := m.reopen(ctx, ""); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, m.cfg.StepTimeout)
	defer cancel()
	err := pgx.BeginFunc(ctx, m.session.Conn(), func(tx pgx.Tx) error {
		if err := m.begin(ctx, tx); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE `+quote(m.cfg.Schema, "plans")+` SET state = 'applied' WHERE plan_id = $1 AND state = 'applying'`, r.Plan)
		return err
	})
	return pgerr.Clean(err)
}

// Size is how many losers a group may have.
func (m *Merger) Size() int { return m.cfg.GroupLosers }

// Group carries out steps in one transaction. What is wrong with a step, as far as reading can tell, takes it out before anything is
// written. When writing meets an obstacle nothing is kept, and the steps are to be tried again in smaller groups, down to each by itself.
func (m *Merger) Group(ctx context.Context, steps []*cluster.Step) (GroupResult, error) {
	var res GroupResult
	for attempts := 1; ; attempts++ {
		items, err := newItems(steps, attempts)
		if err != nil {
			return res, err
		}
		b, sent, err := m.try(ctx, items)
		if sent {
			m.remember(b)
		}
		if err == nil {
			m.settle(&res, b, Applied, "")
			return res, nil
		}
		var wrong *conflict
		if errors.As(err, &wrong) {
			m.settleConflict(&res, b, wrong)
			return res, nil
		}
		class, reason := m.classify(err), reasonOf(err)
		switch {
		case class == classStop:
			return res, pgerr.Clean(err)
		case class == classBroken && sent && m.seededLost(ctx, b):
			m.settle(&res, b, Failed, reason)
			return res, nil
		case class == classBroken:
			if err := m.reopen(ctx, b.xid); err != nil {
				return res, fmt.Errorf("after losing the connection (%s): %w", reason, err)
			}
		case len(steps) > 1:
			m.halve(&res, b)
			return res, nil
		case class == classRefuse:
			m.settle(&res, b, Refused, reason)
			return res, nil
		case class == classFail:
			m.settle(&res, b, Failed, reason)
			return res, nil
		}
		if attempts >= m.cfg.Retries || m.pause(ctx, attempts) != nil {
			m.settle(&res, b, Deferred, reason)
			return res, nil
		}
	}
}

// classify sorts an error of a transaction.
func (m *Merger) classify(err error) class {
	if m.session.Conn().IsClosed() && !errors.Is(err, ErrFenced) {
		return classBroken
	}
	return classOf(err)
}

// remember keeps what became of steps whose COMMIT was sent: if the answer was lost, the next attempt finds them in the ledger, or not.
func (m *Merger) remember(b *batch) {
	for _, it := range b.items {
		m.unsure[it.step.Cluster] = it.result
	}
}

// settle decides every step that is still in, and passes on those that are not.
func (m *Merger) settle(res *GroupResult, b *batch, o Outcome, reason string) {
	for _, it := range b.items {
		it.result.Outcome, it.result.Reason = o, reason
	}
	m.settled(res, b, b.items)
	m.putOff(res, b, nil)
}

// settled reports the steps that are decided.
func (m *Merger) settled(res *GroupResult, b *batch, in []*item) {
	for _, it := range slices.Concat(b.out, in) {
		if sent, ok := m.unsure[it.step.Cluster]; ok {
			if it.result.Outcome == AlreadyApplied { // by the attempt whose answer was lost
				it.result.Tables, it.result.Outcome = sent.Tables, Applied
			}
			delete(m.unsure, it.step.Cluster)
		}
		res.Results = append(res.Results, it.result)
	}
}

// putOff hands the steps that are not decided to smaller groups, in plan order: parts, what was left out, and each busy one by itself.
func (m *Merger) putOff(res *GroupResult, b *batch, parts [][]*item) {
	if len(b.later) > 0 {
		parts = append(parts, b.later)
	}
	for _, it := range b.busy {
		parts = append(parts, []*item{it})
	}
	for _, p := range parts {
		if len(p) == 0 {
			continue
		}
		steps := make([]*cluster.Step, len(p))
		for i, it := range p {
			steps[i] = it.step
		}
		res.Again = append(res.Again, steps)
	}
}

// settleConflict lets the others go on without the steps that the data does not allow. These are tried by themselves, because what spoke
// against them may have been another step.
func (m *Merger) settleConflict(res *GroupResult, b *batch, wrong *conflict) {
	if len(b.items) == 1 {
		v := wrong.verdicts[b.items[0]]
		m.settle(res, b, v.outcome, v.reason)
		return
	}
	var good []*item
	parts := [][]*item{nil}
	for _, it := range b.items {
		if wrong.verdicts[it] == nil {
			good = append(good, it)
		} else {
			parts = append(parts, []*item{it})
		}
	}
	parts[0] = good
	m.settled(res, b, nil)
	m.putOff(res, b, parts)
}

// halve tries two halves, since the database does not say which of the steps it was.
func (m *Merger) halve(res *GroupResult, b *batch) {
	m.settled(res, b, nil)
	half := (len(b.items) + 1) / 2
	m.putOff(res, b, [][]*item{b.items[:half], b.items[half:]})
}

// try runs one transaction. It is short and bounded, so it is finished even when ctx ends meanwhile. sent says that COMMIT was on its
// way when it failed, or not.
func (m *Merger) try(ctx context.Context, items []*item) (b *batch, sent bool, err error) {
	b = newBatch(nil, &m.cfg, m.cat, m.plan, items)
	_, sent, err = m.once(ctx, func(ctx context.Context, tx pgx.Tx) (string, error) {
		b.tx = m.cfg.Seeded.tx(tx)
		if err := m.carry(ctx, b); err != nil {
			return "", err
		}
		if len(b.items) == 0 {
			return "", errNothing
		}
		return b.xid, nil
	})
	if errors.Is(err, errNothing) {
		err = nil
	}
	return b, sent, err
}

// errNothing ends a transaction in which there is nothing to write.
var errNothing = errors.New("nothing to do")

// once runs one transaction.
func (m *Merger) once(ctx context.Context, do attempt) (xid string, sent bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), m.cfg.StepTimeout)
	defer cancel()
	m.cfg.Fault("begin")
	tx, err := m.session.Conn().BeginTx(ctx, pgx.TxOptions{IsoLevel: m.cfg.Seeded.isolation(), AccessMode: pgx.ReadWrite})
	if err != nil {
		return "", false, err
	}
	// Without effect after Commit. Where the connection is gone, so is the transaction.
	defer func() { _ = tx.Rollback(ctx) }()
	tx = faulty{tx, m.cfg.Fault}
	if err := m.begin(ctx, tx); err != nil {
		return "", false, err
	}
	if xid, err = do(ctx, tx); err != nil {
		return "", false, err
	}
	// A deferred constraint must speak now, while the answer is still an ordinary error.
	if _, err := tx.Exec(ctx, "SET CONSTRAINTS ALL IMMEDIATE"); err != nil {
		return "", false, err
	}
	m.cfg.Fault("commit")
	if err := tx.Commit(ctx); err != nil {
		return xid, true, err
	}
	m.cfg.Fault("committed")
	return xid, true, nil
}

// merge does the steps of a batch. The order matters: locks first, then everything is read again, then the journal before each change.
func (m *Merger) merge(ctx context.Context, b *batch) error {
	// Locked in this mode, the table can get no new foreign key, trigger or column before we are done; readers and writers do not mind.
	if err := b.cat.hold(ctx, b.tx); err != nil {
		return err
	}
	if err := b.lock(ctx); err != nil {
		return err
	}
	m.cfg.Fault("locked")
	if err := b.applied(ctx); err != nil || len(b.items) == 0 {
		return err
	}
	now, err := b.cat.fingerprintNow(ctx, b.tx)
	if err != nil {
		return err
	}
	if now != b.cat.fingerprint {
		return ErrSchemaChanged
	}
	for _, check := range []func(context.Context) error{b.lockIdentities, b.check, b.feasible, b.untangle} {
		if err := check(ctx); err != nil {
			return err
		}
	}
	b.trim()
	if _, err := b.foresee(ctx); err != nil {
		return err
	}
	given, err := b.handovers(ctx)
	if err != nil || len(b.items) == 0 {
		return err
	}
	m.cfg.Fault("checked")
	return m.change(ctx, b, given)
}

// change writes. Everything was read and locked.
func (m *Merger) change(ctx context.Context, b *batch, given []handover) error {
	if err := b.seededStart(ctx, m.session.Epoch()); err != nil {
		return err
	}
	m.cfg.Fault("archive")
	if err := b.archive(ctx); err != nil {
		return fmt.Errorf("archiving the losers: %w", err)
	}
	m.cfg.Fault("archived")
	if err := b.dropColliding(ctx); err != nil {
		return err
	}
	for i := range b.cat.refs {
		if err := b.repoint(ctx, i); err != nil {
			return err
		}
	}
	if m.cfg.Mode == Delete {
		// Before the survivors are filled, so that they can take what must be unique.
		if err := b.unreferenced(ctx); err != nil {
			return err
		}
		if err := b.remove(ctx); err != nil {
			return err
		}
	}
	if err := b.release(ctx, given); err != nil {
		return err
	}
	if err := b.fill(ctx); err != nil {
		return err
	}
	if err := b.unreferenced(ctx); err != nil {
		return err
	}
	if m.cfg.ArchiveColumn != "" {
		if err := b.mark(ctx); err != nil {
			return err
		}
	}
	m.cfg.Fault("redirect")
	if err := b.redirect(ctx); err != nil {
		return err
	}
	m.cfg.Fault("redirected")
	if err := b.seededRecord(ctx, m.session.Epoch()); err != nil {
		return err
	}
	m.cfg.Fault("recorded")
	return nil
}
