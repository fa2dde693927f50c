package torture

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// appWorkers is how many sessions the application has.
const appWorkers = 4

// firstKey is the first key of rows that the application makes; the generator's are far below.
const firstKey = 10_000_000

// application lets a simulated application write while a plan is applied, and then looks for every write it was promised.
func application(ctx context.Context, a *Arena, seed uint64, sc Scale) ([]Count, error) {
	c, err := a.counted(func() (Count, error) {
		c := Count{Name: "concurrent writes of the application"}
		during, stranded, swept := 0, 0, false
		for i, mode := range []string{"archive", "delete"} {
			s, err := a.Build(ctx, newDesk(seed+uint64(i), sc.Writes/40, mode))
			if err != nil {
				return c, err
			}
			h := newHistory()
			n, err := s.busy(ctx, h, sc.Writes/2, newDice(seed, mode))
			if err != nil {
				return c, err
			}
			during += n
			stranded += h.check(ctx, s, "while the application wrote ("+mode+")")
			swept = s.sweep(ctx, h) || swept
			c.Done += h.acked
			if i == 0 {
				c.Detail = "failed by themselves"
			}
			c.Detail += fmt.Sprintf(" %s %v;", mode, h.failed)
			s.Drop(ctx)
		}
		c.Detail = fmt.Sprintf("%d during apply; %d reached an archived contact later, swept: %v; transactions that %s none killed by us", during, stranded, swept, c.Detail)
		return c, nil
	})
	return []Count{c}, err
}

// sweep moves what reached an archived contact, where the program can, and looks again.
func (s *Site) sweep(ctx context.Context, h *history) bool {
	if s.Spec.Mode == "delete" || !s.arena.has(ctx, s, "sweep") {
		return false
	}
	if r := s.Run(ctx, "sweep", "--config", "c.yaml", "--confirm"); r.Code != exitDone {
		s.arena.violation("%s: sweep ended with %s", s.Spec, r)
	}
	if left := h.check(ctx, s, "after the sweep"); left > 0 {
		s.arena.violation("%s: %d rows of the application are still with merged contacts after the sweep", s.Spec, left)
	}
	return true
}

// busy applies the plan while the application writes, at least so often and until apply has ended. It returns how many writes were acknowledged before apply ended.
func (s *Site) busy(ctx context.Context, h *history, writes int, d dice) (during int, err error) {
	var all sync.WaitGroup
	var applied atomic.Bool
	fails := make([]error, appWorkers)
	for w := range appWorkers {
		u := &user{site: s, h: h, n: w, d: newDice(d.Uint64(), "user"), next: firstKey * (w + 1), applied: &applied}
		all.Add(1)
		go func() {
			defer all.Done()
			fails[w] = withConn(ctx, s.DSN(), func(conn *pgx.Conn) error { return u.work(ctx, conn, writes/appWorkers) })
		}()
	}
	r := s.finish(ctx, applyArgs...)
	applied.Store(true)
	h.mu.Lock()
	during = h.acked
	h.mu.Unlock()
	if r.Code != exitDone && r.Code != exitPartial {
		s.arena.violation("%s: applying beside the application ended with %s", s.Spec, r)
	}
	all.Wait()
	// Once more, now that nobody is in the way: what was deferred.
	s.finish(ctx, applyArgs...)
	return during, errors.Join(fails...)
}

// user is one session of the application. Rows that it makes are its own; of contacts it edits only its share, so that it knows what the
// last value must be.
type user struct {
	site    *Site
	h       *history
	n       int
	d       dice
	next    int
	applied *atomic.Bool // set when apply has ended
	mine    []write      // rows it made and has not deleted
}

func (u *user) work(ctx context.Context, conn *pgx.Conn, writes int) error {
	ids := u.site.ids()
	// Some come after apply has ended: those that meet a merged contact are the sweep's.
	late := 50
	for n := 0; n < writes || late > 0; n++ {
		if u.applied.Load() {
			late--
		}
		var did []write
		contact := pick(u.d, ids)
		err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			var err error
			did, err = u.act(ctx, tx, contact, ids)
			return err
		})
		var pg *pgconn.PgError
		switch {
		case err == nil:
			u.h.ack(did...)
			u.remember(did)
		case errors.As(err, &pg):
			u.h.fail(pg.Code)
		default:
			return fmt.Errorf("the application's session %d: %w", u.n, err)
		}
	}
	return nil
}

// remember keeps the list of the user's own rows.
func (u *user) remember(did []write) {
	for _, w := range did {
		if w.table == u.site.Spec.Contacts {
			continue
		}
		for i := range u.mine {
			if u.mine[i].table == w.table && u.mine[i].key == w.key {
				u.mine[i] = u.mine[len(u.mine)-1]
				u.mine = u.mine[:len(u.mine)-1]
				break
			}
		}
		if w.contact != "" {
			u.mine = append(u.mine, w)
		}
	}
}

// act does one transaction: sometimes a child first and then the contact, the order in which deadlocks are made.
func (u *user) act(ctx context.Context, tx pgx.Tx, contact string, ids []string) ([]write, error) {
	switch n := u.d.IntN(10); {
	case n < 4 || len(u.mine) == 0:
		return one(u.add(ctx, tx, contact))
	case n < 6:
		return one(u.change(ctx, tx, pick(u.d, u.mine)))
	case n < 7:
		return one(u.remove(ctx, tx, pick(u.d, u.mine)))
	case n < 8:
		return one(u.edit(ctx, tx, u.own(ids)))
	}
	changed, err := u.change(ctx, tx, pick(u.d, u.mine))
	if err != nil {
		return nil, err
	}
	edited, err := u.edit(ctx, tx, u.own(ids))
	return []write{changed, edited}, err
}

func one(w write, err error) ([]write, error) { return []write{w}, err }

// own is a contact of the user's share.
func (u *user) own(ids []string) string {
	i := u.d.IntN(len(ids)/appWorkers)*appWorkers + u.n
	return ids[min(i, len(ids)-appWorkers+u.n)]
}

func (u *user) token() string {
	u.next++
	return fmt.Sprintf("%s %d.%d", Canary, u.n, u.next)
}

// add makes a ticket or a note for a contact.
func (u *user) add(ctx context.Context, tx pgx.Tx, contact string) (write, error) {
	t := u.site.Spec.table(pick(u.d, []string{"tickets", "notes"}))
	w := write{table: t, token: u.token(), key: strconv.Itoa(u.next), contact: contact, column: textColumn(t), late: true}
	_, err := tx.Exec(ctx, fmt.Sprintf("INSERT INTO %s (id, contact_id, %s) VALUES ($1::text::bigint, $2::text::bigint, $3)", u.site.Spec.sql(t), w.column), w.key, contact, w.token)
	return w, err
}

// textColumn is the column of a table that the application writes to.
func textColumn(t *Table) string {
	if t.Kind == "notes" {
		return "body"
	}
	return "title"
}

// change gives a row of its own another text. The row must be there: nobody else deletes it.
func (u *user) change(ctx context.Context, tx pgx.Tx, w write) (write, error) {
	w.token = u.token()
	return w, u.exactly(ctx, tx, w, fmt.Sprintf("UPDATE %s SET %s = $2 WHERE id = $1::text::bigint", u.site.Spec.sql(w.table), w.column), w.key, w.token)
}

func (u *user) remove(ctx context.Context, tx pgx.Tx, w write) (write, error) {
	w.contact, w.token = "", ""
	return w, u.exactly(ctx, tx, w, fmt.Sprintf("DELETE FROM %s WHERE id = $1::text::bigint", u.site.Spec.sql(w.table)), w.key)
}

// edit writes to a contact, mostly to a column that no decision rests on. A contact that was merged away may be gone.
func (u *user) edit(ctx context.Context, tx pgx.Tx, contact string) (write, error) {
	w := write{table: u.site.Spec.Contacts, key: contact, contact: contact, column: "remark", token: u.token()}
	if u.d.chance(20) {
		w.column = "city"
	}
	tag, err := tx.Exec(ctx, fmt.Sprintf("UPDATE %s SET %s = $2 WHERE id = $1::text::bigint", u.site.Spec.sql(w.table), w.column), w.key, w.token)
	if err == nil && tag.RowsAffected() == 0 {
		return w, &pgconn.PgError{Code: "gone"} // and rolled back
	}
	return w, err
}

// exactly executes a statement that must meet its one row.
func (u *user) exactly(ctx context.Context, tx pgx.Tx, w write, sql string, args ...any) error {
	tag, err := tx.Exec(ctx, sql, args...)
	if err == nil && tag.RowsAffected() != 1 {
		u.site.arena.violation("%s: I9 the application's own row %s %s was gone", u.site.Spec, w.table.Kind, w.key)
	}
	return err
}
