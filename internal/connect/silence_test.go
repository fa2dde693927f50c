package connect_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/connect"
	"github.com/contactmerge/contactmerge/internal/pgtest"
)

// within runs something and fails when it takes longer.
func within(t *testing.T, most time.Duration, do func() error) error {
	t.Helper()
	began := time.Now()
	err := do()
	if took := time.Since(began); took > most {
		t.Errorf("it took %v, want at most %v", took.Round(time.Millisecond), most)
	}
	return err
}

// oneLineWith fails unless an error is one line with a text.
func oneLineWith(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("err = %v, want one line with %q", err, want)
	}
}

// TestNoAnswer: a server that takes the connection and says nothing, before the login or after it, is given up.
func TestNoAnswer(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	for name, from := range map[string]string{"from the beginning": "", "once the login is done": "pg_backend_pid"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			relay := db.Server.Relay(t)
			if from == "" {
				relay.Silence()
			} else {
				relay.SilenceAt(from)
			}
			cfg, err := connect.Config(relay.Through(db.DSN) + "&connect_timeout=1")
			if err != nil {
				t.Fatal(err)
			}
			err = within(t, 15*time.Second, func() error {
				_, err := connect.Open(t.Context(), cfg)
				return err
			})
			oneLineWith(t, err, "no answer in time")
		})
	}
}

// TestSilence: a server that falls silent in the middle of a statement is found out, whatever became of it, and one that is at work is not
// disturbed.
func TestSilence(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	tests := map[string]struct {
		harm func(relay *pgtest.Relay, backend uint32)
		want string
	}{
		"nobody is there any more": {func(r *pgtest.Relay, _ uint32) { r.Silence() }, "does not answer a new connection"},
		"the answer was lost":      {func(r *pgtest.Relay, _ uint32) { r.Forget() }, "is not at work for us any more"},
		"the session has ended": {func(r *pgtest.Relay, pid uint32) {
			r.Forget()
			_, _ = db.Pool(t).Exec(context.Background(), `SELECT pg_terminate_backend($1::int)`, pid) // judged by what comes of it
		}, "has ended this one"},
		"it works for a long time": {func(*pgtest.Relay, uint32) {}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			relay := db.Server.Relay(t)
			conn, err := open(t, relay.Through(db.DSN))
			if err != nil {
				t.Fatal(err)
			}
			if !connect.AskAfter(conn, time.Second) {
				t.Fatal("nobody attends to the connection")
			}
			time.AfterFunc(500*time.Millisecond, func() { tt.harm(relay, conn.PgConn().PID()) })
			seconds := 3
			if tt.want == "" {
				seconds = 6 // more than it takes to give up
			}
			err = within(t, 15*time.Second, func() error {
				_, err := conn.Exec(context.Background(), "SELECT pg_catalog.pg_sleep($1)", seconds)
				return err
			})
			if tt.want == "" {
				if err != nil {
					t.Errorf("given up: %v", err)
				}
				return
			}
			oneLineWith(t, err, tt.want)
			oneLineWith(t, err, "the server fell silent for ")
			if !conn.IsClosed() {
				t.Error("the connection is still used")
			}
		})
	}
}

// TestPatienceWithPooler: behind a pooler that has no session left to ask by, a long statement is left alone.
func TestPatienceWithPooler(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DB(t).Bouncer(t, "session", 2)
	conn, err := open(t, dsn)
	if err != nil {
		t.Fatal(err)
	}
	connect.AskAfter(conn, time.Second)
	other, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(context.Background())
	if err := other.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "SELECT pg_catalog.pg_sleep(6)"); err != nil {
		t.Errorf("given up: %v", err)
	}
}

// TestKeepalives: both ends look for each other.
func TestKeepalives(t *testing.T) {
	t.Parallel()
	f := newFar(t)
	if err := f.Install("pg_hba.conf", []byte("local all all trust\nhost all all all trust\n")); err != nil {
		t.Fatal(err)
	}
	if err := f.Restart(pgtest.Fast); err != nil {
		t.Fatal(err)
	}
	for rest, want := range map[string]string{"sslmode=disable": "30 10 3 60000", "sslmode=disable tcp_user_timeout=5000": "30 10 3 5000"} {
		conn, err := f.open(t, allowed, "user=alice "+rest)
		if err != nil {
			t.Fatal(err)
		}
		var got string
		err = conn.QueryRow(t.Context(), `SELECT string_agg(setting, ' ' ORDER BY array_position('{tcp_keepalives_idle,tcp_keepalives_interval,tcp_keepalives_count,tcp_user_timeout}', name))
			FROM pg_settings WHERE name ~ '^tcp_'`).Scan(&got)
		if err != nil || got != want {
			t.Errorf("the server's are %q, %v, want %q", got, err, want)
		}
	}
}
