package merge

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/contactmerge/contactmerge/internal/cluster"
)

// helpdesk is a large customer database: pairs of contacts, each loser with a ticket and a chat.
const helpdesk = `
CREATE TABLE contacts (id bigint PRIMARY KEY, first text, last text, email text, updated_at timestamptz NOT NULL DEFAULT '2026-01-01');
CREATE TABLE tickets (id bigint PRIMARY KEY, contact_id bigint NOT NULL REFERENCES contacts, title text);
CREATE TABLE chats (id bigint PRIMARY KEY, contact_id bigint NOT NULL REFERENCES contacts, body text);
INSERT INTO contacts SELECT i, 'First' || i / 2, CASE WHEN i %% 2 = 1 THEN 'Last' || i / 2 END, 'e' || i / 2 || '@example.com' FROM generate_series(0, 2 * %[1]d - 1) AS i;
INSERT INTO tickets SELECT i, i, 'ticket ' || i FROM generate_series(0, 2 * %[1]d - 1) AS i;
INSERT INTO chats SELECT i, i, 'chat ' || i FROM generate_series(0, 2 * %[1]d - 1) AS i;
CREATE INDEX ON tickets (contact_id);
CREATE INDEX ON chats (contact_id);
ANALYZE;
`

// BenchmarkUndo takes back merges of a loser with two children each. A server of tests does not wait for the disk, so the cost of a commit on a
// real one comes on top. On a busy machine the processor time of client and server together says more than the time that passed.
func BenchmarkUndo(b *testing.B) {
	const losers = 2000
	base := prepare(b, fmt.Sprintf(helpdesk, losers))
	for b.Loop() {
		b.StopTimer()
		t := attach(b, base.Clone(b))
		t.cfg = Config{Contacts: "contacts", ID: "id", Columns: []string{"id", "first", "last", "email"}}
		p := t.helpdeskPlan(b, losers)
		wantOnly(b, t.apply(b, p), Applied)
		pid := t.lock.Conn().PgConn().PID()
		b.StartTimer()
		start, cpu := time.Now(), processorTime(b, "self")+processorTime(b, fmt.Sprint(pid))
		rep := t.undoAll(b, Selection{Plan: p.ID}, UndoOptions{})
		b.ReportMetric(losers/time.Since(start).Seconds(), "losers/s")
		b.ReportMetric(float64((processorTime(b, "self")+processorTime(b, fmt.Sprint(pid))-cpu).Microseconds())/losers, "cpu-µs/loser")
		if rep.Count(Applied) != losers {
			b.Fatalf("%+v", rep)
		}
		b.StopTimer()
		_ = t.lock.Release(b.Context())
		b.StartTimer()
	}
}

// processorTime is how long a process of this machine has worked, 0 where that cannot be read.
func processorTime(b *testing.B, pid string) time.Duration {
	b.Helper()
	text, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	ticks := 0
	for _, f := range fields[11:13] { // user and system, in hundredths of a second
		n, err := strconv.Atoi(f)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// helpdeskPlan merges each pair, and fills the survivor's last name.
func (b *bench) helpdeskPlan(t testing.TB, losers int) *cluster.Plan {
	t.Helper()
	guards := make(map[string]cluster.Guard)
	rows, err := b.db.Pool(t).Query(t.Context(), `SELECT ARRAY[id::text, first, last, email] FROM contacts`)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var values []*string
		if err := rows.Scan(&values); err != nil {
			t.Fatal(err)
		}
		guards[*values[0]] = cluster.Guard{ID: *values[0], Hash: cluster.GuardHash(values, nil)}
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	steps := make([]cluster.Step, losers)
	for i := range steps {
		survivor, loser, last := fmt.Sprint(2*i), fmt.Sprint(2*i+1), fmt.Sprintf("Last%d", i)
		steps[i] = cluster.Step{
			Cluster: cluster.IDOf([]string{survivor, loser}), Survivor: survivor, Losers: []string{loser}, Guards: []cluster.Guard{guards[survivor], guards[loser]},
			Changes: []cluster.Change{{Column: "last", Value: &last, From: loser, Rule: "fill_empty"}},
		}
	}
	return planOf(steps...)
}

// undoAll takes a selection back.
func (b *bench) undoAll(t testing.TB, sel Selection, opt UndoOptions) UndoReport {
	t.Helper()
	m, err := New(b.lock, b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Select(t.Context(), b.lock.Conn(), "contactmerge", sel)
	if err != nil {
		t.Fatal(err)
	}
	rep, err := Undo(t.Context(), m, s, opt)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}
