package merge

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/run"
	"github.com/contactmerge/contactmerge/sinks/postgres"
)

// app is a session of the customer's application.
func (b *bench) app(t *testing.T) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), b.db.DSN)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func appExec(t testing.TB, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(context.Background(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// at calls f the first time a point is reached.
func at(point string, f func()) func(string) {
	var done atomic.Bool
	return func(p string) {
		if p == point && done.CompareAndSwap(false, true) {
			f()
		}
	}
}

// waiting blocks until a session of the database waits for a lock, and says whether one did.
func (b *bench) waiting(t testing.TB) bool {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if b.query(t, `SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)[0] != "0" {
			return true
		}
	}
	t.Error("nobody waits for a lock")
	return false
}

// TestChildInsertedMeanwhile has the application add a note to a loser while the loser is locked. It waits, and then its note is there or
// it gets an error; it is never told that all is well while the note is lost.
func TestChildInsertedMeanwhile(t *testing.T) {
	for _, mode := range []Mode{Archive, Delete} {
		t.Run(string(mode), func(t *testing.T) {
			b := setUp(t, crm)
			b.cfg.Mode = mode
			p := planOf(b.step(t, "1", "2"))
			app, answer := b.app(t), make(chan error, 1)
			b.cfg.Fault = at("locked", func() {
				go func() {
					_, err := app.Exec(context.Background(), `INSERT INTO messages (contact_id, body) VALUES (2, 'late')`)
					answer <- err
				}()
				b.waiting(t)
			})
			wantOnly(t, b.apply(t, p), Applied)
			err := <-answer
			late := b.query(t, `SELECT contact_id::text FROM messages WHERE body = 'late'`)
			var pg *pgconn.PgError
			switch {
			case mode == Archive && (err != nil || diff([]string{"2"}, late) != ""):
				t.Errorf("the app got %v and its message is at %v", err, late)
			case mode == Delete && (!errors.As(err, &pg) || pg.Code != "23503" || len(late) != 0):
				t.Errorf("the app got %v and its message is at %v, want error 23503", err, late)
			}
		})
	}
}

// TestChildCommittedWhileWeWait has the application hold a loser with a new note when we come, and commit while we wait for the loser:
// the note is moved too, whether we get the lock at once or in a later attempt.
func TestChildCommittedWhileWeWait(t *testing.T) {
	for _, tt := range []struct {
		name     string
		patience time.Duration
		attempts int
	}{{"one attempt", 20 * time.Second, 1}, {"two attempts", 20 * time.Millisecond, 2}} {
		t.Run(tt.name, func(t *testing.T) {
			b := setUp(t, crm)
			p := planOf(b.step(t, "1", "2"))
			app, committed := b.app(t), make(chan error, 1)
			appExec(t, app, `BEGIN`)
			appExec(t, app, `INSERT INTO messages (contact_id, body) VALUES (2, 'late')`)
			commit := func() {
				_, err := app.Exec(context.Background(), `COMMIT`)
				committed <- err
			}
			b.cfg.LockTimeout = tt.patience
			if tt.attempts == 1 {
				b.cfg.Fault = at("begin", func() {
					go func() {
						b.waiting(t)
						commit()
					}()
				})
			} else {
				b.cfg.Sleep = func(time.Duration) { commit() }
			}
			var attempts int
			m, err := New(b.lock, b.cfg)
			if err != nil {
				t.Fatal(err)
			}
			rep, err := Apply(t.Context(), m, p, Options{Progress: func(_, _ int, r *StepResult) { attempts = r.Attempts }})
			if err != nil {
				t.Fatal(err)
			}
			if err := <-committed; err != nil {
				t.Fatal(err)
			}
			wantOnly(t, rep, Applied)
			if late := b.query(t, `SELECT contact_id::text FROM messages WHERE body = 'late'`); late[0] != "1" || attempts != tt.attempts {
				t.Errorf("the message is at contact %s after %d attempts, want 1 after %d", late[0], attempts, tt.attempts)
			}
		})
	}
}

// TestChildDeletedMeanwhile has the application delete a ticket after its contact was locked.
func TestChildDeletedMeanwhile(t *testing.T) {
	b := setUp(t, crm)
	p := planOf(b.step(t, "1", "2"))
	b.cfg.Fault = at("archived", func() { b.db.Exec(t, `DELETE FROM tickets WHERE title = 'b'`) })
	wantOnly(t, b.apply(t, p), Applied)
	if got := b.query(t, `SELECT title FROM tickets WHERE contact_id = 1`); diff([]string{"a"}, got) != "" {
		t.Errorf("tickets of the survivor: %v", got)
	}
}

// TestWeGiveWay is a deadlock with the application: it holds a ticket and wants its contact, we hold the contact and want the ticket.
func TestWeGiveWay(t *testing.T) {
	b := setUp(t, crm)
	p := planOf(b.step(t, "1", "2"))
	app, answer := b.app(t), make(chan error, 1)
	appExec(t, app, `BEGIN`)
	appExec(t, app, `UPDATE tickets SET title = title WHERE contact_id = 2`)
	b.cfg.Fault = at("locked", func() {
		go func() {
			_, err := app.Exec(context.Background(), `SELECT FROM contacts WHERE id = 2 FOR UPDATE`)
			if err == nil {
				_, err = app.Exec(context.Background(), `COMMIT`)
			}
			answer <- err
		}()
		b.waiting(t)
	})
	m, err := New(b.lock, b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	var attempts int
	rep, err := Apply(t.Context(), m, p, Options{Progress: func(_, _ int, r *StepResult) { attempts = r.Attempts }})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-answer; err != nil {
		t.Errorf("the app lost: %v", err)
	}
	if wantOnly(t, rep, Applied); attempts < 2 {
		t.Errorf("applied in %d attempt, want the first to give way", attempts)
	}
}

// TestBusyContact has the application keep a contact for good.
func TestBusyContact(t *testing.T) {
	b := setUp(t, crm)
	p := planOf(b.step(t, "1", "2"), b.step(t, "3", "4"))
	app := b.app(t)
	appExec(t, app, `BEGIN`)
	appExec(t, app, `SELECT FROM contacts WHERE id = 2 FOR KEY SHARE`)
	var slept []time.Duration
	b.cfg.Sleep = func(d time.Duration) { slept = append(slept, d) }
	b.cfg.Rand = func() float64 { return 1 }
	b.cfg.LockTimeout = 20 * time.Millisecond
	rep := b.apply(t, p)
	if rep.Count(Deferred) != 1 || rep.Count(Applied) != 1 || !strings.Contains(rep.Unfinished[0].Reason, "55P03") {
		t.Errorf("report %+v", rep)
	}
	ms := time.Millisecond
	want := []time.Duration{100 * ms, 200 * ms, 400 * ms, 800 * ms} // and again in the second round
	if d := diff(append(want, want...), slept); d != "" {
		t.Errorf("pauses (-want +got):\n%s", d)
	}
	if got := b.query(t, `SELECT state FROM contactmerge.plans`); got[0] != "applying" {
		t.Errorf("the plan is %s, want applying", got[0])
	}
	appExec(t, app, `ROLLBACK`)
	rep = b.apply(t, p)
	if rep.Count(Applied) != 1 || rep.Count(AlreadyApplied) != 1 {
		t.Errorf("second report %+v", rep)
	}
}

// TestBackendTerminated has an administrator end our session at every point of a step.
func TestBackendTerminated(t *testing.T) {
	base := prepare(t, crm)
	points := faultPoints(t, attach(t, base.Clone(t)))
	if len(points) < 8 {
		t.Fatalf("only %d fault points: %v", len(points), points)
	}
	for n, point := range points {
		t.Run(point, func(t *testing.T) {
			b := attach(t, base.Clone(t))
			p := planOf(b.step(t, "1", "2"))
			reached := 0
			b.cfg.Fault = func(string) {
				if reached == n {
					b.db.Exec(t, `SELECT pg_terminate_backend(backend_pid, 5000) FROM contactmerge.lease`)
				}
				reached++
			}
			wantOnly(t, b.apply(t, p), Applied)
			b.wantInvariants(t)
			if got := b.query(t, `SELECT count(*)::text FROM contactmerge.ledger`); got[0] != "1" {
				t.Errorf("%s ledger rows", got[0])
			}
		})
	}
}

// faultPoints lists the points a step of the example passes.
func faultPoints(t *testing.T, b *bench) []string {
	t.Helper()
	var points []string
	s := b.step(t, "1", "2")
	s.Changes = []cluster.Change{{Column: "last", Value: text("x")}}
	b.cfg.Fault = func(p string) { points = append(points, p) }
	wantOnly(t, b.apply(t, planOf(s)), Applied)
	return points
}

// lossyConn loses what the server says once it is told to.
type lossyConn struct {
	net.Conn
	lossy *atomic.Bool
}

func (c lossyConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p) // the server has done its work when it answers
	if c.lossy.CompareAndSwap(true, false) {
		_ = c.Close()
		return 0, errors.New("connection reset by peer")
	}
	return n, err
}

// TestAnswerToCommitLost is the ambiguous commit: the server committed, we were not told.
func TestAnswerToCommitLost(t *testing.T) {
	b := setUp(t, crm)
	p := planOf(b.step(t, "1", "2"))
	if err := b.lock.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	cfg, err := pgx.ParseConfig(b.db.DSN)
	if err != nil {
		t.Fatal(err)
	}
	lossy, dial := new(atomic.Bool), cfg.DialFunc
	cfg.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		return lossyConn{c, lossy}, err
	}
	store, err := postgres.Open(t.Context(), cfg, postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	b.lock = lockSoon(t, store)
	b.cfg.Fault = at("commit", func() { lossy.Store(true) })
	m, err := New(b.lock, b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	var last StepResult
	rep, err := Apply(t.Context(), m, p, Options{Progress: func(_, _ int, r *StepResult) { last = *r }})
	if err != nil {
		t.Fatal(err)
	}
	if wantOnly(t, rep, Applied); last.Attempts != 2 {
		t.Errorf("%d attempts, want 2", last.Attempts)
	}
	if got := b.query(t, `SELECT count(*)::text FROM contactmerge.ledger`); got[0] != "1" {
		t.Errorf("%s ledger rows, want 1", got[0])
	}
	b.wantInvariants(t)
}

// lockSoon waits for the server to notice that the last holder is gone.
func lockSoon(t testing.TB, s *postgres.Store) *postgres.Lock {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; {
		l, err := s.Lock(context.Background(), &run.Record{ID: "run-2"})
		var locked *postgres.LockedError
		if errors.As(err, &locked) && time.Now().Before(end) {
			time.Sleep(time.Millisecond)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
}

// TestTakenOverWhileAway has another run take over while our connection is broken.
func TestTakenOverWhileAway(t *testing.T) {
	b := setUp(t, crm)
	p := planOf(b.step(t, "1", "2"))
	before := b.dump(t)
	b.cfg.Fault = at("commit", func() {
		b.db.Exec(t, `SELECT pg_terminate_backend(backend_pid, 5000) FROM contactmerge.lease`)
		if err := lockSoon(t, b.store).Release(context.Background()); err != nil {
			t.Error(err)
		}
	})
	m, err := New(b.lock, b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Apply(t.Context(), m, p, Options{}); !errors.Is(err, ErrFenced) {
		t.Errorf("a run that was taken over: %v", err)
	}
	b.wantUntouched(t, before)
}

// TestCancelled stops between steps, and goes on later.
func TestCancelled(t *testing.T) {
	b := setUp(t, crm)
	b.cfg.Columns = []string{"id", "first"} // the first step changes the manager of contact 4
	p := planOf(b.step(t, "1", "2"), b.step(t, "3", "4"))
	ctx, cancel := context.WithCancel(t.Context())
	b.cfg.Fault = at("locked", cancel) // in the middle of the first step, which is finished
	m, err := New(b.lock, b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	rep, err := Apply(ctx, m, p, Options{})
	if !errors.Is(err, context.Canceled) || rep.Count(Applied) != 1 || rep.Left() != 1 {
		t.Errorf("report %+v, %v", rep, err)
	}
	b.cfg.Fault = nil
	if rep := b.apply(t, p); rep.Count(Applied) != 1 || rep.Count(AlreadyApplied) != 1 {
		t.Errorf("second report %+v", rep)
	}
	b.wantInvariants(t)
}

// TestReadOnlySession is a server that refuses to write, as a standby does.
func TestReadOnlySession(t *testing.T) {
	b := setUp(t, crm)
	p := planOf(b.step(t, "1", "2"))
	before := b.dump(t)
	appExec(t, b.lock.Conn(), `SET default_transaction_read_only = on`)
	m, err := New(b.lock, b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Apply(t.Context(), m, p, Options{}); err == nil || !strings.Contains(err.Error(), "25006") {
		t.Errorf("want SQLSTATE 25006, got %v", err)
	}
	b.wantUntouched(t, before)
}

// TestRole applies as a role that may do exactly what it must, and as roles that may not.
func TestRole(t *testing.T) {
	base := prepare(t, crm)
	for _, tt := range []struct{ name, script, words string }{
		{name: "exactly the rights", script: ``},
		{name: "no update of tags", script: `REVOKE UPDATE (contact_id) ON tags FROM cm_role`, words: `GRANT UPDATE ("contact_id") ON "public"."tags"`},
		{name: "no delete of identities", script: `REVOKE DELETE ON contact_identities FROM cm_role`, words: `GRANT DELETE ON "public"."contact_identities"`},
		{name: "no insert of identities, to undo", script: `REVOKE INSERT ON contact_identities FROM cm_role`, words: `GRANT INSERT ON "public"."contact_identities"`},
		{name: "no select on notes", script: `REVOKE SELECT ON notes FROM cm_role`, words: `GRANT SELECT ON "public"."notes"`},
		{name: "row security", script: `ALTER TABLE messages ENABLE ROW LEVEL SECURITY; CREATE POLICY half ON messages USING (body <> 'hello')`, words: "public.messages has row security"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			db := base.Clone(t)
			role := strings.ReplaceAll(db.Name, "cmtest", "cm_role")
			db.Exec(t, strings.ReplaceAll(`CREATE ROLE cm_role LOGIN;
				GRANT USAGE ON SCHEMA contactmerge TO cm_role; GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA contactmerge TO cm_role;
				GRANT SELECT ON contacts, contact_identities, tickets, messages, notes, tags TO cm_role;
				GRANT UPDATE ON contacts TO cm_role; GRANT UPDATE (contact_id), INSERT, DELETE ON contact_identities TO cm_role; GRANT UPDATE (contact_id, payer_id) ON tickets TO cm_role;
				GRANT UPDATE (contact_id) ON messages, notes, tags TO cm_role;`+tt.script, "cm_role", role))
			defer db.Exec(t, "DROP OWNED BY "+role+"; DROP ROLE "+role)
			cfg, err := pgx.ParseConfig(db.DSN)
			if err != nil {
				t.Fatal(err)
			}
			cfg.User = role
			store, err := postgres.Open(t.Context(), cfg, postgres.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer store.Close()
			b := &bench{db: db, cfg: testConfig(), lock: lockSoon(t, store)}
			defer func() { _ = b.lock.Release(context.Background()) }()
			p, before := planOf(b.step(t, "1", "2")), b.dump(t)
			m, err := New(b.lock, b.cfg)
			if err != nil {
				t.Fatal(err)
			}
			rep, err := Apply(t.Context(), m, p, Options{})
			if tt.words == "" {
				if err != nil {
					t.Fatal(err)
				}
				wantOnly(t, rep, Applied)
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.words) {
				t.Errorf("want %q, got %v", tt.words, err)
			}
			b.wantUntouched(t, before)
		})
	}
}
