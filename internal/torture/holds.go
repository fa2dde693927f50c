package torture

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// holds stops a merge before its first statement, its second, its third …, lets the application write to a contact that is being merged,
// and goes on. Whatever the server promised the application must be there in the end.
func holds(ctx context.Context, a *Arena, seed uint64, sc Scale) ([]Count, error) {
	c, err := a.counted(func() (Count, error) {
		c := Count{Name: "writes of the application at every statement of a merge"}
		for _, mode := range []string{"delete", "archive"} {
			s, err := a.Build(ctx, newDesk(seed, 3, mode))
			if err != nil {
				return c, err
			}
			n, err := s.holdAll(ctx, sc.Holds)
			if err != nil {
				return c, err
			}
			c.Done += n
			s.Drop(ctx)
		}
		return c, nil
	})
	return []Count{c}, err
}

// holdAll holds a merge at some statements after it took the lease, or at all of them when some is 0.
func (s *Site) holdAll(ctx context.Context, some int) (done int, err error) {
	total, err := s.turns(ctx)
	if err != nil {
		return 0, err
	}
	step := 1
	if some > 0 {
		step = max(1, total/some)
	}
	type moment struct{ n, kind int }
	var moments []moment
	for n := 0; n < total; n += step {
		for kind := range intrusions {
			if some == 0 || (n/step)%len(intrusions) == kind {
				moments = append(moments, moment{n, kind})
			}
		}
	}
	return len(moments), s.arena.each(ctx, len(moments), func(i int) error {
		m := moments[i]
		c, err := s.Clone(ctx)
		if err != nil {
			return err
		}
		defer c.Drop(ctx)
		if err := c.hold(ctx, m.n, intrusions[m.kind]); err != nil {
			return fmt.Errorf("holding at statement %d: %w", m.n, err)
		}
		return nil
	})
}

// turns counts the statements of an apply after it took the lease.
func (s *Site) turns(ctx context.Context) (n int, err error) {
	c, err := s.Clone(ctx)
	if err != nil {
		return 0, err
	}
	defer c.Drop(ctx)
	first, last := 0, 0
	hook := func(f *Frame) Verdict {
		if first == 0 && f.takesLease() {
			first = f.Turn
		}
		last = f.Turn
		return Pass
	}
	_, err = c.through(ctx, &strike{proc: make(chan *process, 1)}, hook, applyArgs...)
	return last - first, err
}

// intrusion is a write of the application that may meet a merge.
type intrusion func(ctx context.Context, tx pgx.Tx, s *Site, step Step) (write, error)

// intrusions are the writes that lesser merges lose.
var intrusions = []intrusion{
	func(ctx context.Context, tx pgx.Tx, s *Site, step Step) (write, error) {
		w := write{table: s.Spec.table("notes"), key: "99999999", contact: step.Losers[0], column: "body", token: "held", late: s.Spec.Mode == "archive"}
		_, err := tx.Exec(ctx, "INSERT INTO notes (id, contact_id, body) VALUES (99999999, $1::text::bigint, 'held')", w.contact)
		return w, err
	},
	func(ctx context.Context, tx pgx.Tx, s *Site, step Step) (write, error) {
		w := write{table: s.Spec.Contacts, key: step.Survivor, contact: step.Survivor, column: "city", token: "held"}
		_, err := tx.Exec(ctx, "UPDATE contacts SET city = 'held' WHERE id = $1::text::bigint", w.contact)
		return w, err
	},
	func(ctx context.Context, tx pgx.Tx, s *Site, step Step) (write, error) {
		w := write{table: s.Spec.Contacts, key: step.Losers[0], contact: step.Losers[0], column: "remark", token: "held"}
		tag, err := tx.Exec(ctx, "UPDATE contacts SET remark = 'held' WHERE id = $1::text::bigint", w.contact)
		if err == nil && tag.RowsAffected() == 0 {
			err = &pgconn.PgError{Code: "gone"}
		}
		return w, err
	},
}

// patience is how long a held merge waits for the application, which may be waiting for the merge.
const patience = 60 * time.Millisecond

// hold stops an apply before the n-th statement after it took the lease, and intrudes.
func (s *Site) hold(ctx context.Context, n int, intrude intrusion) error {
	h := newHistory()
	ended := make(chan error, 1)
	at, held := -1, false
	step := s.plan.Steps[len(s.plan.Steps)/2]
	hook := func(f *Frame) Verdict {
		if at < 0 && f.takesLease() {
			at = f.Turn
		}
		if !f.ToServer || at < 0 || held || f.Turn < at+n {
			return Pass
		}
		held = true
		go func() { ended <- s.intrude(ctx, h, step, intrude) }()
		select {
		case err := <-ended:
			ended <- err
		case <-time.After(patience):
		}
		return Pass
	}
	if _, err := s.through(ctx, &strike{proc: make(chan *process, 1)}, hook, applyArgs...); err != nil {
		return err
	}
	if held {
		if err := <-ended; err != nil {
			return err
		}
	}
	if err := s.settle(ctx); err != nil {
		return err
	}
	h.check(ctx, s, fmt.Sprintf("held at statement %d", n))
	return nil
}

// intrude is one transaction of the application.
func (s *Site) intrude(ctx context.Context, h *history, step Step, do intrusion) error {
	return withConn(ctx, s.DSN(), func(conn *pgx.Conn) error {
		var w write
		err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) (err error) {
			w, err = do(ctx, tx, s, step)
			return err
		})
		var pg *pgconn.PgError
		if errors.As(err, &pg) {
			h.fail(pg.Code)
			return nil
		}
		if err == nil {
			h.ack(w)
		}
		return err
	})
}
