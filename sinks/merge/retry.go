package merge

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/pgerr"
)

// attempt is the work of one transaction, without its beginning and its end. It returns the transaction's id.
type attempt func(ctx context.Context, tx pgx.Tx) (xid string, err error)

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
		switch m.classify(err) {
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

// lockTimeout is how long we wait for a row: less than the server waits before it looks for deadlocks, so that in a deadlock with the
// application we give way before the server chooses a victim.
func lockTimeout(ctx context.Context, conn *pgx.Conn, cfg *Config) (time.Duration, error) {
	if cfg.LockTimeout > 0 {
		return cfg.LockTimeout, nil
	}
	var text string
	err := conn.QueryRow(ctx, "SELECT setting FROM pg_catalog.pg_settings WHERE name = 'deadlock_timeout'").Scan(&text)
	if err != nil {
		return 0, fmt.Errorf("reading the server's deadlock_timeout: %w", err)
	}
	ms, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		return 0, fmt.Errorf("reading the server's deadlock_timeout: %w", err)
	}
	return max(min(maxLockTimeout, time.Duration(ms)*time.Millisecond/2), time.Millisecond), nil
}

// pause waits before the next attempt: a random share of a time that doubles, so that two who met do not meet again.
func (m *Merger) pause(ctx context.Context, attempts int) error {
	d := min(backoffMost, backoffFirst<<min(attempts, 10))
	return m.wait(ctx, time.Duration(m.cfg.Rand()*float64(d)))
}

func (m *Merger) wait(ctx context.Context, d time.Duration) error {
	if m.cfg.Sleep != nil {
		m.cfg.Sleep(d)
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fenced is what an error of Session.Reopen says when the lock was lost for good.
type fenced interface{ Fenced() bool }

// reopen takes the lock again after the connection broke, and waits until the transaction that was at work is over, one way or the other:
// reading the ledger before that could show it without a step that is committed a moment later.
func (m *Merger) reopen(ctx context.Context, xid string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*m.cfg.StepTimeout)
	defer cancel()
	for attempts := 1; ; attempts++ {
		err := m.session.Reopen(ctx)
		if err == nil && xid != "" {
			err = m.finished(ctx, xid)
		}
		if err == nil {
			return nil
		}
		var f fenced
		if errors.As(err, &f) && f.Fenced() {
			return ErrFenced
		}
		if m.pause(ctx, attempts) != nil {
			return pgerr.Clean(err)
		}
	}
}

// errInProgress says that a transaction of ours outlived its connection.
var errInProgress = errors.New("the last transaction is still at work")

// finished asks whether a transaction is over.
func (m *Merger) finished(ctx context.Context, xid string) error {
	var status *string
	err := m.session.Conn().QueryRow(ctx, "SELECT pg_catalog.pg_xact_status($1::text::pg_catalog.xid8)", xid).Scan(&status)
	if err != nil {
		if m.session.Conn().IsClosed() {
			return err
		}
		return nil // a crashed server may never have heard of it; the ledger, read under lock, decides
	}
	if status != nil && *status == "in progress" {
		return errInProgress
	}
	return nil
}
