package merge

import (
	"context"
	"errors"
	"fmt"
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
}

var _ Applier = (*Merger)(nil)

// New makes a Merger that writes through the session.
func New(session Session, cfg Config) (*Merger, error) {
	cfg = cfg.WithDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("merge configuration: %w", err)
	}
	return &Merger{cfg: cfg, session: session}, nil
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
	if epoch != m.session.Epoch() {
		return ErrFenced
	}
	return nil
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

// Step carries out one step, and tries again when somebody else was in the way.
func (m *Merger) Step(ctx context.Context, s *cluster.Step) (StepResult, error) {
	r := StepResult{Cluster: s.Cluster, Survivor: s.Survivor, Losers: len(s.Losers)}
	content, err := contentHash(s)
	if err != nil {
		return r, err
	}
	err = m.retrying(ctx, &r, func(ctx context.Context, tx pgx.Tx) (*work, error) {
		w := newWork(tx, &m.cfg, m.cat, m.plan, s)
		r.Tables = w.tables
		return w, m.merge(ctx, w, content)
	})
	return r, err
}

// attempt is the work of one transaction, without its beginning and its end.
type attempt func(ctx context.Context, tx pgx.Tx) (*work, error)

// retrying runs an attempt until it is decided what became of the step.
func (m *Merger) retrying(ctx context.Context, r *StepResult, do attempt) error {
	unsure := false // the last attempt may have been committed
	for r.Attempts = 1; ; r.Attempts++ {
		xid, sent, err := m.once(ctx, do)
		var v *verdict
		switch {
		case err == nil:
			r.Outcome, r.Reason = Applied, ""
			return nil
		case errors.As(err, &v):
			r.Outcome, r.Reason = v.outcome, v.reason
			if unsure && v.outcome == AlreadyApplied {
				r.Outcome = Applied // by the attempt whose answer was lost
			}
			return nil
		}
		r.Reason = reasonOf(err)
		unsure = unsure || sent
		class := classOf(err)
		if m.session.Conn().IsClosed() && !errors.Is(err, ErrFenced) {
			class = classBroken
		}
		switch class {
		case classRefuse:
			r.Outcome = Refused
			return nil
		case classFail:
			r.Outcome = Failed
			return nil
		case classStop:
			return pgerr.Clean(err)
		case classBroken:
			if err := m.reopen(ctx, xid); err != nil {
				return fmt.Errorf("after losing the connection (%s): %w", r.Reason, err)
			}
		}
		if r.Attempts >= m.cfg.Retries {
			r.Outcome = Deferred
			return nil
		}
		if err := m.pause(ctx, r.Attempts); err != nil {
			r.Outcome = Deferred
			return nil
		}
	}
}

// once runs one transaction. A step is short and bounded, so it is finished even when ctx ends meanwhile. sent says that COMMIT was on its
// way when it failed.
func (m *Merger) once(ctx context.Context, do attempt) (xid string, sent bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), m.cfg.StepTimeout)
	defer cancel()
	m.cfg.Fault("begin")
	tx, err := m.session.Conn().BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted, AccessMode: pgx.ReadWrite})
	if err != nil {
		return "", false, err
	}
	// Without effect after Commit. Where the connection is gone, so is the transaction.
	defer func() { _ = tx.Rollback(ctx) }()
	if err := m.begin(ctx, tx); err != nil {
		return "", false, err
	}
	w, err := do(ctx, tx)
	if err != nil {
		return "", false, err
	}
	// A deferred constraint must speak now, while the answer is still an ordinary error.
	if _, err := tx.Exec(ctx, "SET CONSTRAINTS ALL IMMEDIATE"); err != nil {
		return "", false, err
	}
	m.cfg.Fault("commit")
	if err := tx.Commit(ctx); err != nil {
		return w.xid, true, err
	}
	m.cfg.Fault("committed")
	return w.xid, false, nil
}

// merge does a step. The order matters: locks first, then everything is read again, then the journal before each change.
func (m *Merger) merge(ctx context.Context, w *work, content string) error {
	// Locked in this mode, the table can get no new foreign key, trigger or column before we are done; readers and writers do not mind.
	if _, err := w.tx.Exec(ctx, `LOCK TABLE `+w.cat.contacts.sql()+` IN ROW EXCLUSIVE MODE`); err != nil {
		return err
	}
	// FOR UPDATE, not FOR NO KEY UPDATE: it also keeps new children off, which would otherwise be lost with a deleted loser.
	found, err := w.rows(ctx, " FOR UPDATE OF t")
	if err != nil {
		return err
	}
	m.cfg.Fault("locked")
	done, err := w.applied(ctx, content)
	if err != nil {
		return err
	}
	if done {
		return &verdict{AlreadyApplied, ""}
	}
	now, err := w.cat.fingerprintNow(ctx, w.tx)
	if err != nil {
		return err
	}
	if now != w.cat.fingerprint {
		return ErrSchemaChanged
	}
	if err := w.lockIdentities(ctx); err != nil {
		return err
	}
	if err := w.check(ctx, found); err != nil {
		return err
	}
	if err := w.feasible(ctx); err != nil {
		return err
	}
	return m.change(ctx, w, content)
}

// change writes. Everything was read and locked.
func (m *Merger) change(ctx context.Context, w *work, content string) error {
	if err := w.archive(ctx); err != nil {
		return fmt.Errorf("archiving the losers: %w", err)
	}
	m.cfg.Fault("archived")
	if err := w.dropDuplicates(ctx); err != nil {
		return err
	}
	for i := range w.cat.refs {
		if w.counts[i] == 0 {
			continue
		}
		if err := w.repoint(ctx, i); err != nil {
			return err
		}
		m.cfg.Fault("repointed")
	}
	if err := w.fill(ctx); err != nil {
		return err
	}
	m.cfg.Fault("filled")
	if err := w.retire(ctx); err != nil {
		return err
	}
	if err := w.redirect(ctx); err != nil {
		return err
	}
	m.cfg.Fault("redirected")
	return w.record(ctx, "merge", content, m.session.Epoch())
}

// lockIdentities keeps the identities that the guards are about to read as they are.
func (w *work) lockIdentities(ctx context.Context) error {
	if w.cat.identities == nil {
		return nil
	}
	ref := w.cat.identityRef
	_, err := w.tx.Exec(ctx, `SELECT FROM `+w.cat.identities.sql()+` AS t WHERE `+w.cat.oneOf("t."+quote(ref.column.name), ref.toID, 1)+` FOR UPDATE OF t`, members(w.step))
	return err
}
