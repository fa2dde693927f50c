package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/pgtest"
)

const smallConfig = `version: 1
contacts: {table: contacts, id: id}
identities: {table: contact_identities, columns: {contact_id: contact_id, channel: channel, value: value}}
`

// small is a database with three people in six contacts and what hangs on them.
func small(t *testing.T, config string) *world {
	t.Helper()
	db := pgtest.DB(t)
	db.Exec(t, `CREATE TABLE contacts (id int PRIMARY KEY, first_name text, last_name text, city text, secret text);
		CREATE TABLE contact_identities (contact_id int NOT NULL REFERENCES contacts, channel text, value text, note text, UNIQUE (contact_id, channel, value));
		CREATE TABLE tickets (id int PRIMARY KEY, contact_id int NOT NULL REFERENCES contacts);
		CREATE INDEX ON tickets (contact_id);
		INSERT INTO contacts SELECT n, (ARRAY['Ann', 'Bob', 'Cem'])[1 + n % 3], (ARRAY['Okafor', 'Marsh', 'Aydin'])[1 + n % 3], CASE WHEN n > 3 THEN 'Oslo' END FROM generate_series(1, 6) AS n;
		INSERT INTO contact_identities SELECT n, 'email', 'p' || n % 3 || '@example.com' FROM generate_series(1, 6) AS n;
		INSERT INTO tickets SELECT n, n FROM generate_series(1, 6) AS n`)
	return newWorld(t, db, config)
}

// as is the same database for another role.
func (w *world) as(t *testing.T, role string) *world {
	t.Helper()
	cfg, err := pgx.ParseConfig(w.DSN)
	if err != nil {
		t.Fatal(err)
	}
	dsn := fmt.Sprintf("host=%s port=%d dbname=%s user=%s", cfg.Host, cfg.Port, w.Name, role)
	return &world{&pgtest.Database{DSN: dsn, Name: w.Name, Server: w.Server}, w.dir}
}

// TestReaderGone pipes a run into a reader that does not read.
func TestReaderGone(t *testing.T) {
	t.Parallel()
	w := small(t, smallConfig+"merge: {auto: true}\n")
	r, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	for _, args := range [][]string{{"explain", "1", "4", "--config", "c.yaml"}, {"run", "--config", "c.yaml"}} {
		cmd, o := w.command(t, args...)
		cmd.Stdout = out
		if err := cmd.Run(); err != nil {
			t.Errorf("%v: %v\n%s", args, err, &o.err)
		}
	}
	if got := w.texts(t, "SELECT state FROM contactmerge.runs"); len(got) != 1 || got[0] != "done" {
		t.Errorf("runs %q", got)
	}
	if n := w.merged(t); n != 3 {
		t.Errorf("%d merges, want 3", n)
	}
}

// documented are the statements of docs/merging.md for a role that finds duplicates, and those for one that merges, too.
func documented(t *testing.T, role string) (find, merge []string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/merging.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(strings.ReplaceAll(string(text), " merger;", " "+role+";"), "```sql\n")
	if len(blocks) != 3 {
		t.Fatalf("docs/merging.md has %d blocks of SQL, want 2", len(blocks)-1)
	}
	lines := func(block string) []string {
		sql, _, _ := strings.Cut(block, "\n```")
		return strings.Split(sql, "\n")
	}
	return lines(blocks[1]), lines(blocks[2])
}

// TestLeastRights gives a role one right of the documentation after the other. Before the last, every verb refuses in one line that says what
// to grant; after it all work.
func TestLeastRights(t *testing.T) {
	t.Parallel()
	w := small(t, smallConfig)
	role := "least_" + w.Name
	w.Exec(t, `CREATE ROLE `+role+` LOGIN; REVOKE USAGE ON SCHEMA public FROM PUBLIC`)
	t.Cleanup(func() {
		if _, err := w.Pool(t).Exec(context.Background(), `DROP OWNED BY `+role+` CASCADE; DROP ROLE `+role); err != nil {
			t.Errorf("dropping the role: %v", err)
		}
	})
	user := w.as(t, role)
	find, merge := documented(t, role)

	for _, right := range find {
		o := user.ends(t, exitFailed, "run", "--config", "c.yaml", "--log-level", "error")
		if got := o.err.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, " TO ") && !strings.Contains(got, "AUTHORIZATION") {
			t.Errorf("before %s, the run says %s", right, got)
		}
		w.Exec(t, right)
	}
	user.ends(t, exitDone, "run", "--config", "c.yaml")
	for _, right := range merge {
		o := user.ends(t, exitFailed, "apply", "--config", "c.yaml", "--confirm")
		if got := o.err.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "GRANT ") {
			t.Errorf("before %s, apply says %s", right, got)
		}
		o = user.ends(t, exitFailed, "doctor", "--config", "c.yaml")
		if got := o.out.String(); !strings.Contains(got, "GRANT ") {
			t.Errorf("before %s, doctor says\n%s", right, got)
		}
		w.Exec(t, right)
	}
	user.ends(t, exitDone, "doctor", "--config", "c.yaml")
	user.ends(t, exitDone, "apply", "--config", "c.yaml", "--confirm")
	if n := w.merged(t); n != 3 {
		t.Errorf("%d merges, want 3", n)
	}
}

// TestApplyInterrupted ends apply from outside, in every way but kill -9.
func TestApplyInterrupted(t *testing.T) {
	t.Parallel()
	planned := demo(t, true)
	before := planned.sums(t)
	backends := func(w *world) {
		w.Exec(t, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'contactmerge%'`)
	}
	for _, tt := range []struct {
		name string
		do   func(w *world, pid int)
		code int
		says string
		done bool // everything was merged in the end
	}{
		{"SIGTERM", func(_ *world, pid int) { _ = syscall.Kill(pid, syscall.SIGTERM) }, exitStopped, "", false},
		{"the connection is ended", func(w *world, _ int) { backends(w) }, exitPartial, "", true},
		{"the connection is ended twice", func(w *world, _ int) { backends(w); time.Sleep(200 * time.Millisecond); backends(w) }, exitPartial, "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := planned.clone(t, demoConfig)
			cmd, o := w.start(t, "apply", "--config", "c.yaml", "--confirm", "--log-level", "warn")
			for w.merged(t) < 20 {
				time.Sleep(time.Millisecond)
			}
			tt.do(w, cmd.Process.Pid)
			if got := code(t, cmd); got != tt.code || o.err.String() != tt.says {
				t.Errorf("exit code %d, want %d; it said %q, want %q", got, tt.code, &o.err, tt.says)
			}
			w.sound(t, before)
			merged := w.merged(t)
			if want := fmt.Sprintf(" %d applied,", merged); !strings.Contains(o.out.String(), want) {
				t.Errorf("no %q in\n%s", want, &o.out)
			}
			if left := strings.Contains(o.out.String(), "not reached"); left == tt.done {
				t.Errorf("everything merged: %v, want %v\n%s", !left, tt.done, &o.out)
			}
			w.ends(t, exitPartial, "apply", "--config", "c.yaml", "--confirm")
			w.sound(t, before)
		})
	}
}

// TestServerRestarts goes on with a plan after the server crashed.
func TestServerRestarts(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, pgtest.Options{})
	w := newWorld(t, server.DB(t), "version: 1\ncontacts: {table: contacts, id: id}\n")
	w.Exec(t, `CREATE TABLE contacts (id int PRIMARY KEY, first_name text, email text); INSERT INTO contacts VALUES (1, 'Ann', 'ann@example.com'), (2, 'Ann', 'ann@example.com')`)
	w.ends(t, exitDone, "run", "--config", "c.yaml")
	if err := server.Stop(pgtest.Immediate); err != nil {
		t.Fatal(err)
	}
	if o := w.ends(t, exitFailed, "apply", "--config", "c.yaml", "--confirm"); strings.Count(o.err.String(), "\n") != 1 {
		t.Errorf("without a server it says %q", &o.err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	w.ends(t, exitDone, "apply", "--config", "c.yaml", "--confirm")
	w.ends(t, exitDone, "run", "--config", "c.yaml")
}

// TestRunInterrupted ends a run from outside while it reads: its record is closed, and the findings of the last run stay.
func TestRunInterrupted(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		do   func(t *testing.T, w *world, pid int)
		says string
	}{
		{"SIGTERM", func(_ *testing.T, _ *world, pid int) { _ = syscall.Kill(pid, syscall.SIGTERM) }, "interrupted: nothing half done was left behind"},
		{"the connections are ended", func(t *testing.T, w *world, _ int) {
			w.Exec(t, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'contactmerge%'`)
		}, "terminating connection due to administrator command"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := small(t, smallConfig)
			w.ends(t, exitDone, "run", "--config", "c.yaml")
			held, err := pgx.Connect(t.Context(), w.DSN)
			if err != nil {
				t.Fatal(err)
			}
			defer held.Close(t.Context())
			if _, err := held.Exec(t.Context(), "BEGIN; LOCK TABLE contact_identities IN ACCESS EXCLUSIVE MODE"); err != nil {
				t.Fatal(err)
			}
			cmd, o := w.start(t, "run", "--config", "c.yaml", "--out", "second", "--log-level", "error")
			for len(w.texts(t, "SELECT pid::text FROM pg_locks WHERE NOT granted AND relation = 'contact_identities'::regclass")) == 0 {
				time.Sleep(time.Millisecond)
			}
			tt.do(t, w, cmd.Process.Pid)
			if got := code(t, cmd); got != exitFailed || strings.Count(o.err.String(), "\n") != 1 || !strings.Contains(o.err.String(), tt.says) {
				t.Errorf("exit code %d, want %d; it said %q, want one line with %q", got, exitFailed, &o.err, tt.says)
			}
			if got := strings.Join(w.texts(t, "SELECT state || ' ' || (error <> '') FROM contactmerge.runs ORDER BY run_no"), ", "); got != "done false, failed true" {
				t.Errorf("runs: %s", got)
			}
			if n := len(w.texts(t, "SELECT run_id FROM contactmerge.current_suggestions")); n != 3 {
				t.Errorf("%d current suggestions, want the first run's 3", n)
			}
			if _, err := os.Stat(filepath.Join(w.dir, "second")); !os.IsNotExist(err) {
				t.Errorf("a report was left: %v", err)
			}
		})
	}
}

// TestReportFolderFails takes the report's folder away once the findings are stored.
func TestReportFolderFails(t *testing.T) {
	t.Parallel()
	w := small(t, smallConfig)
	if err := os.Mkdir(filepath.Join(w.dir, "reports"), 0o700); err != nil {
		t.Fatal(err)
	}
	held, err := pgx.Connect(t.Context(), w.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close(t.Context())
	if _, err := held.Exec(t.Context(), "BEGIN; LOCK TABLE contact_identities IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	cmd, o := w.start(t, "run", "--config", "c.yaml", "--out", "reports/night", "--log-level", "error")
	for len(w.texts(t, "SELECT pid::text FROM pg_locks WHERE NOT granted AND relation = 'contact_identities'::regclass")) == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := os.RemoveAll(filepath.Join(w.dir, "reports")); err != nil {
		t.Fatal(err)
	}
	// A file where the folder was: also root cannot write into it.
	if err := os.WriteFile(filepath.Join(w.dir, "reports"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := held.Exec(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if got := code(t, cmd); got != exitFailed || strings.Count(o.err.String(), "\n") != 1 || !strings.Contains(o.err.String(), "reports") {
		t.Errorf("exit code %d, want %d; it said %q", got, exitFailed, &o.err)
	}
	if got := w.texts(t, "SELECT state || ' ' || (error <> '') || ' ' || (record ->> 'state') FROM contactmerge.runs"); len(got) != 1 || got[0] != "failed true failed" {
		t.Errorf("runs: %q", got)
	}
	// What was found is stored as a whole; the next run writes the report.
	if n := len(w.texts(t, "SELECT run_id FROM contactmerge.current_suggestions")); n != 3 {
		t.Errorf("%d current suggestions, want 3", n)
	}
	w.ends(t, exitDone, "run", "--config", "c.yaml", "--out", "elsewhere")
}
