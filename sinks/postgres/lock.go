package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/run"
)

// ErrLockLost says that another run took over; this one must not write any more.
var ErrLockLost error = lockLost{}

type lockLost struct{}

func (lockLost) Error() string { return "another run took the lock over" }

// Fenced tells packages that cannot see this one that the lock is lost for good.
func (lockLost) Fenced() bool { return true }

// LockedError says that another run holds the lock, and which.
type LockedError struct {
	RunID string
	Host  string
	PID   int
	Since time.Time
}

// Error names the holder.
func (e *LockedError) Error() string {
	if e.RunID == "" {
		return "another run is just starting"
	}
	return fmt.Sprintf("run %s by %s/%d is at work since %s", e.RunID, e.Host, e.PID, e.Since.UTC().Format(time.RFC3339))
}

// Lock is the right to write, held by a connection of its own: it dies with the connection. The epoch tells its holder from later ones,
// also where a pooler gives session locks to the wrong session.
type Lock struct {
	store *Store
	conn  *pgx.Conn
	run   string
	epoch int64
}

// Lock takes the lock for a run, or returns a *LockedError at once. Runs that died are marked abandoned.
func (s *Store) Lock(ctx context.Context, rec *run.Record) (*Lock, error) {
	conn, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	l := &Lock{store: s, conn: conn, run: rec.ID}
	got, err := l.try(ctx)
	if err != nil {
		return nil, fmt.Errorf("taking the run lock: %w", closing(ctx, conn, err))
	}
	if !got {
		return nil, closing(ctx, conn, l.holder(ctx))
	}
	if err := l.takeOver(ctx); err != nil {
		return nil, fmt.Errorf("taking the lease: %w", closing(ctx, conn, err))
	}
	return l, nil
}

// Conn is the connection that holds the lock. Everything the lock protects must be written through it.
func (l *Lock) Conn() *pgx.Conn { return l.conn }

// Epoch is the number of this holder in the lease.
func (l *Lock) Epoch() int64 { return l.epoch }

// Reopen takes the lock again after the connection broke, and fails with ErrLockLost when somebody else had it meanwhile. Until the server
// has noticed that the old connection is gone this fails with a *LockedError that names this run; try again a little later.
func (l *Lock) Reopen(ctx context.Context) error {
	_ = l.conn.Close(context.WithoutCancel(ctx)) // it is broken
	conn, err := l.store.connect(ctx)
	if err != nil {
		return err
	}
	l.conn = conn
	got, err := l.try(ctx)
	if err != nil {
		return fmt.Errorf("taking the run lock again: %w", closing(ctx, conn, err))
	}
	var epoch int64
	if err := conn.QueryRow(ctx, "SELECT epoch FROM "+l.store.table("lease")).Scan(&epoch); err != nil {
		return fmt.Errorf("reading the lease: %w", closing(ctx, conn, err))
	}
	if epoch != l.epoch {
		return closing(ctx, conn, ErrLockLost)
	}
	if !got {
		return closing(ctx, conn, l.holder(ctx))
	}
	return nil
}

// Release gives the lock back.
func (l *Lock) Release(ctx context.Context) error {
	// Closing is enough, and the only way that works when the connection is in an unknown state.
	if err := l.conn.Close(ctx); err != nil {
		return fmt.Errorf("releasing the run lock: %w", clean(err))
	}
	return nil
}

// try takes the advisory lock, which is one per database and schema.
func (l *Lock) try(ctx context.Context) (got bool, err error) {
	err = l.conn.QueryRow(ctx, "SELECT pg_try_advisory_lock(hashtextextended($1, 0))", "contactmerge:"+l.store.opt.Schema).Scan(&got)
	return got, err
}

// holder describes who has the lock.
func (l *Lock) holder(ctx context.Context) error {
	// A holder that has the lock but not yet the lease is just starting; the lease then still names a backend that is gone.
	const q = `SELECT e.run_id, e.host, e.pid, e.since FROM %s AS e JOIN pg_stat_activity AS a ON a.pid = e.backend_pid`
	e := &LockedError{}
	err := l.conn.QueryRow(ctx, fmt.Sprintf(q, l.store.table("lease"))).Scan(&e.RunID, &e.Host, &e.PID, &e.Since)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("reading who holds the run lock: %w", err)
	}
	return e
}

// takeOver raises the epoch, which waits for a transaction of the last holder that is still open, and closes the runs it left behind.
func (l *Lock) takeOver(ctx context.Context) error {
	return pgx.BeginFunc(ctx, l.conn, func(tx pgx.Tx) error {
		s := l.store
		err := tx.QueryRow(ctx, `UPDATE `+s.table("lease")+` SET epoch = epoch + 1, run_id = $1, host = $2, pid = $3,
			backend_pid = pg_backend_pid(), since = clock_timestamp() RETURNING epoch`, l.run, s.opt.Host, s.opt.PID).Scan(&l.epoch)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE `+s.table("runs")+` SET state = $2, ended_at = clock_timestamp(), error = 'the process ended without closing its run'
			WHERE state = $3 AND run_id <> $1`, l.run, string(run.Abandoned), string(run.Running))
		return err
	})
}
