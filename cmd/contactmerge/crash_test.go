package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/pgtest"
	"github.com/contactmerge/contactmerge/sinks/merge"
)

// program is the real binary, built once.
var program struct {
	once sync.Once
	dir  string
	err  error
}

// tidy deletes the binary when the tests are over.
type tidy struct{ *testing.M }

// Run implements testscript.TestingM.
func (m tidy) Run() int {
	code := m.M.Run()
	if program.dir != "" {
		_ = os.RemoveAll(program.dir)
	}
	return code
}

func built(t *testing.T) string {
	t.Helper()
	program.once.Do(func() {
		if program.dir, program.err = os.MkdirTemp("", "contactmerge-test-"); program.err != nil {
			return
		}
		out, err := exec.Command("go", "build", "-o", program.dir, ".").CombinedOutput()
		if err != nil {
			program.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if program.err != nil {
		t.Fatalf("building the program: %v", program.err)
	}
	return filepath.Join(program.dir, "contactmerge")
}

const demoConfig = `version: 1
contacts: {table: contacts, id: id}
identities: {table: contact_identities, columns: {contact_id: contact_id, channel: channel, value: value}}
merge: {group_losers: 6}
`

// world is a database and a folder with c.yaml that the program works in.
type world struct {
	*pgtest.Database
	dir string
}

// newWorld writes c.yaml for a database.
func newWorld(t *testing.T, db *pgtest.Database, config string) *world {
	t.Helper()
	w := &world{db, t.TempDir()}
	if err := os.WriteFile(filepath.Join(w.dir, "c.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return w
}

// demo is the demo's help desk, with a plan when planned says so.
func demo(t *testing.T, planned bool) *world {
	t.Helper()
	if testing.Short() {
		t.Skip("takes a minute")
	}
	w := newWorld(t, pgtest.DB(t), demoConfig)
	conn, err := pgx.Connect(t.Context(), w.DSN)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"schema.sql", "load.sql"} {
		if err := sqlFile(t.Context(), conn, "../../testdata/demo/"+f); err != nil {
			t.Fatal(err)
		}
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if planned {
		w.ends(t, exitDone, "run", "--config", "c.yaml")
	}
	return w
}

func (w *world) clone(t *testing.T, config string) *world {
	t.Helper()
	return newWorld(t, w.Clone(t), config)
}

// output is what the program said.
type output struct{ out, err bytes.Buffer }

// command is the program, about to start.
func (w *world) command(t *testing.T, args ...string) (*exec.Cmd, *output) {
	t.Helper()
	cmd, o := exec.Command(built(t), args...), &output{}
	cmd.Dir, cmd.Stdout, cmd.Stderr = w.dir, &o.out, &o.err
	cmd.Env = append(os.Environ(), "CONTACTMERGE_DSN="+w.DSN)
	return cmd, o
}

// start starts the program.
func (w *world) start(t *testing.T, args ...string) (*exec.Cmd, *output) {
	t.Helper()
	cmd, o := w.command(t, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, o
}

// code waits for the program and returns its exit code, -1 when a signal ended it.
func code(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode()
}

// ends runs the program and compares its exit code.
func (w *world) ends(t *testing.T, want int, args ...string) *output {
	t.Helper()
	cmd, o := w.start(t, args...)
	if got := code(t, cmd); got != want {
		t.Fatalf("%v: exit code %d, want %d\n%s%s", args, got, want, &o.out, &o.err)
	}
	return o
}

// texts is the only column of a query, of one snapshot.
func (w *world) texts(t *testing.T, query string, args ...any) []string {
	t.Helper()
	rows, err := w.Pool(t).Query(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return out
}

// none fails when a query has rows: they are what is wrong.
func (w *world) none(t *testing.T, what, query string, args ...any) {
	t.Helper()
	if rows := w.texts(t, query, args...); len(rows) > 0 {
		t.Errorf("%s: %d, first %s", what, len(rows), rows[0])
	}
}

// children are the demo's tables that refer to a contact by contact_id.
var children = []string{"contact_identities", "tickets", "messages", "notes", "contact_tags"}

// sums has a line per table with the number of its rows and a hash of all they hold but the references to contacts. Identities that a merge
// removed count as long as the journal has them.
func (w *world) sums(t *testing.T) []string {
	t.Helper()
	removed := ""
	if w.texts(t, "SELECT coalesce(to_regclass('contactmerge.journal')::text, '')")[0] != "" {
		removed = ` UNION ALL SELECT jsonb_populate_record(NULL::%[1]s, jsonb_object(columns, before)) FROM contactmerge.journal WHERE action = 'remove' AND table_name = '%[1]s'`
	}
	var parts []string
	for _, table := range children {
		parts = append(parts, fmt.Sprintf(`SELECT '%[1]s ' || count(*) || ' ' || md5(string_agg(r, ',' ORDER BY r)) FROM (SELECT (to_jsonb(t) - 'contact_id')::text AS r FROM (SELECT t FROM %[1]s AS t`+removed+`) AS x) AS y`, table))
	}
	parts = append(parts, `SELECT 'contacts ' || count(*) || ' ' || md5(string_agg(id::text, ',' ORDER BY id)) FROM contacts`)
	return w.texts(t, strings.Join(parts, " UNION ALL ")+" ORDER BY 1")
}

// dump is every row of the demo's tables, and what we know about the merges.
func (w *world) dump(t *testing.T) []string {
	t.Helper()
	var parts []string
	for _, table := range append([]string{"contacts"}, children...) {
		parts = append(parts, fmt.Sprintf("SELECT '%[1]s ' || to_jsonb(t)::text AS line FROM %[1]s AS t", table))
	}
	parts = append(parts,
		"SELECT concat_ws(' ', 'redirect', loser_id, survivor_id, plan_id, cluster_id) FROM contactmerge.redirects WHERE active",
		"SELECT concat_ws(' ', 'ledger', plan_id, cluster_id, content_hash, survivor_id, loser_ids, entries) FROM contactmerge.ledger",
		"SELECT 'archived ' || (to_jsonb(a) - '{archived_at,salt,row_hash}'::text[])::text FROM contactmerge.archived_contacts AS a",
		"SELECT 'journal ' || (to_jsonb(j) - '{stage,salt,row_hash}'::text[])::text FROM contactmerge.journal AS j")
	return w.texts(t, "SELECT line FROM ("+strings.Join(parts, " UNION ALL ")+") AS x ORDER BY line COLLATE \"C\"")
}

// sound checks that every merge of the demo happened as a whole or not at all, and lost nothing.
func (w *world) sound(t *testing.T, before []string) {
	t.Helper()
	if diff := cmp.Diff(before, w.sums(t)); diff != "" {
		t.Errorf("rows were lost or changed (-before +after):\n%s", diff)
	}
	for _, table := range children {
		w.none(t, table+" of merged contacts", `SELECT loser_id FROM contactmerge.redirects JOIN `+table+` ON contact_id::text = loser_id WHERE active`)
	}
	w.none(t, "contacts referred by merged contacts", `SELECT id::text FROM contacts JOIN contactmerge.redirects ON referred_by::text = loser_id AND active`)
	w.none(t, "losers without a living survivor", `SELECT loser_id FROM contactmerge.redirects AS r WHERE active AND (NOT EXISTS (SELECT FROM contacts WHERE id::text = survivor_id)
		OR EXISTS (SELECT FROM contactmerge.redirects AS n WHERE n.active AND n.loser_id = r.survivor_id))`)
	w.none(t, "losers of the ledger without one redirect, or the other way round", `SELECT coalesce(a.id, b.loser_id) FROM (SELECT plan_id, cluster_id, unnest(loser_ids) AS id FROM contactmerge.ledger) AS a
		FULL JOIN (SELECT * FROM contactmerge.redirects WHERE NOT compressed) AS b ON a.id = b.loser_id AND a.plan_id = b.plan_id AND a.cluster_id = b.cluster_id WHERE a.id IS NULL OR b.loser_id IS NULL`)
	w.none(t, "losers of the ledger that are not archived, or the other way round", `SELECT coalesce(a.id, b.contact_id) FROM (SELECT plan_id, cluster_id, unnest(loser_ids) AS id FROM contactmerge.ledger) AS a
		FULL JOIN contactmerge.archived_contacts AS b ON a.id = b.contact_id AND a.plan_id = b.plan_id AND a.cluster_id = b.cluster_id WHERE a.id IS NULL OR b.contact_id IS NULL`)
	w.none(t, "merges without their whole journal, or the other way round", `SELECT coalesce(l.cluster_id, j.cluster_id) FROM contactmerge.ledger AS l
		FULL JOIN (SELECT plan_id, cluster_id, count(*) AS n FROM contactmerge.journal GROUP BY 1, 2) AS j USING (plan_id, cluster_id) WHERE l.cluster_id IS NULL OR l.entries <> coalesce(j.n, 0)`)
	conn, err := pgx.Connect(t.Context(), w.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context())) // only read from
	if wrong, err := merge.VerifyJournal(t.Context(), conn, "contactmerge"); wrong != "" || err != nil {
		t.Errorf("the journal does not hold together: %s %v", wrong, err)
	}
}

// merged is the number of merges in the ledger.
func (w *world) merged(t *testing.T) int {
	t.Helper()
	return len(w.texts(t, "SELECT cluster_id FROM contactmerge.ledger"))
}

// apply starts applying the plan, again and again while the server has not noticed yet that the last process is gone.
func (w *world) apply(t *testing.T) (*exec.Cmd, *output) {
	t.Helper()
	for range 100 {
		if len(w.texts(t, `SELECT pid::text FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)) == 0 {
			return w.start(t, "apply", "--config", "c.yaml", "--confirm")
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("the run lock stays taken")
	return nil, nil
}

// TestApplyKilled kills the program twenty times while it merges, at moments spread over the whole plan, and compares what is there in the
// end with what an uninterrupted run makes.
func TestApplyKilled(t *testing.T) {
	t.Parallel()
	const kills = 20
	planned := demo(t, true)
	whole, w := planned.clone(t, demoConfig), planned.clone(t, demoConfig)
	before := w.sums(t)

	began := time.Now()
	whole.ends(t, exitPartial, "apply", "--config", "c.yaml", "--confirm") // a clash on a tag refuses some merges
	steps := whole.merged(t)
	step := time.Since(began) / time.Duration(steps)
	whole.sound(t, before)

	dice := rand.New(rand.NewPCG(7, 11))
	seen := map[int]bool{}
	for k := range kills {
		target := (k*steps + dice.IntN(steps)) / kills
		pause := time.Duration(dice.Int64N(int64(3 * step)))
		cmd, o := w.apply(t)
		for w.merged(t) < target && cmd.ProcessState == nil && syscall.Kill(cmd.Process.Pid, 0) == nil {
			time.Sleep(step / 4)
		}
		time.Sleep(pause)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if got := code(t, cmd); got != -1 {
			t.Fatalf("kill %d came too late: the program ended with %d\n%s%s", k, got, &o.out, &o.err)
		}
		w.sound(t, before)
		if t.Failed() {
			t.Fatalf("kill %d, after %d merges", k, w.merged(t))
		}
		seen[w.merged(t)] = true
	}
	if len(seen) < kills/2 {
		t.Errorf("%d kills hit only %d moments", kills, len(seen))
	}

	cmd, o := w.apply(t)
	if got := code(t, cmd); got != exitPartial {
		t.Fatalf("the last run ended with %d\n%s%s", got, &o.out, &o.err)
	}
	w.sound(t, before)
	want := whole.dump(t)
	if diff := cmp.Diff(want, w.dump(t)); diff != "" {
		t.Errorf("interrupted and not (-uninterrupted +interrupted):\n%s", diff)
	}
	again := w.ends(t, exitPartial, "apply", "--config", "c.yaml", "--confirm")
	if got := again.out.String(); !strings.Contains(got, fmt.Sprintf(" %d already applied,", steps)) || !strings.Contains(got, "; 0 contacts merged away") {
		t.Errorf("applying once more said\n%s", got)
	}
	if diff := cmp.Diff(want, w.dump(t)); diff != "" {
		t.Errorf("applying once more changed something:\n%s", diff)
	}
}
