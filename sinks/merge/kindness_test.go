package merge

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/cluster"
)

func TestParseWindow(t *testing.T) {
	tests := []struct {
		in       string
		in0, in1 string // a time inside and one outside
		wrong    string
	}{
		{in: "01:00-05:00 Europe/Berlin", in0: "01:00", in1: "05:00"},
		{in: "22:30-04:00 UTC", in0: "23:59", in1: "12:00"},
		{in: "22:30 - 24:00 UTC", in0: "23:59", in1: "00:00"},
		{in: "1:00-5:00 UTC", in0: "04:59", in1: "00:59"},
		{in: "01:00-05:00", wrong: "time zone"},
		{in: "01:00-01:00 UTC", wrong: "empty"},
		{in: "25:00-05:00 UTC", wrong: "does not exist"},
		{in: "01:60-05:00 UTC", wrong: "does not exist"},
		{in: "nights", wrong: "as in"},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			w, err := ParseWindow(tt.in)
			if tt.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wrong) {
					t.Fatalf("err = %v, want one with %q", err, tt.wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			minute := func(s string) int { return minuteOf(s[:2], s[3:]) }
			if !w.Contains(minute(tt.in0)) || w.Contains(minute(tt.in1)) {
				t.Errorf("%s: %v at %s, %v at %s", w, w.Contains(minute(tt.in0)), tt.in0, w.Contains(minute(tt.in1)), tt.in1)
			}
			if again, err := ParseWindow(w.String()); err != nil || again != w {
				t.Errorf("%q reads as %v, %v", w.String(), again, err)
			}
		})
	}
	if w, err := ParseWindow(""); err != nil || !w.Always() || !w.Contains(0) {
		t.Errorf("no window: %v, %v", w, err)
	}
}

func TestBusy(t *testing.T) {
	all := Kindness{MaxReplicaLag: 10 * time.Second, MaxReplicaBytes: 64 << 20, MaxActiveSessions: 5}
	tests := []struct {
		name string
		cfg  Kindness
		now  load
		says string // "" for going on
	}{
		{"idle", all, load{}, ""},
		{"at the limits", all, load{lag: 10, behind: 64 << 20, active: 5}, ""},
		{"late replica", all, load{lag: 11, behind: 1}, "11s behind"},
		{"a lag of the past", all, load{lag: 11}, ""},
		{"paused replica", all, load{behind: 65 << 20}, "65 MB behind"},
		{"many sessions", all, load{active: 6}, "6 sessions"},
		{"no limits", Kindness{}, load{lag: 1e6, behind: 1 << 40, active: 1000}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wait, reason := NewGate(nil, "", tt.cfg).busy(tt.now)
			if (wait > 0) != (tt.says != "") || !strings.Contains(reason, tt.says) {
				t.Errorf("waits %s because %q, want %q", wait, reason, tt.says)
			}
		})
	}
}

func TestPace(t *testing.T) {
	tests := []struct {
		bytes int64
		in    time.Duration
		want  time.Duration
	}{
		{10 << 20, time.Second, 0},
		{15 << 20, time.Second, 500 * time.Millisecond},
		{100 << 20, time.Second, time.Second}, // in pieces, so that a stop file is seen
		{0, 0, 0},
	}
	for _, tt := range tests {
		if got, _ := pace(tt.bytes, tt.in, 10<<20); got != tt.want {
			t.Errorf("%d bytes in %s: rest %s, want %s", tt.bytes, tt.in, got, tt.want)
		}
	}
}

// pairs makes n pairs of contacts and the steps that merge them.
func (b *bench) pairs(t *testing.T, n int) *planned {
	t.Helper()
	b.db.Exec(t, `INSERT INTO contacts (id, first) SELECT g, 'Twin' FROM generate_series(1000, $1::integer) AS g`, 1000+2*n-1)
	p := &planned{bench: b}
	for i := range n {
		p.steps = append(p.steps, b.step(t, fmt.Sprint(1000+2*i), fmt.Sprint(1001+2*i)))
	}
	return p
}

// TestStopEndsInGoodOrder stops in the middle of a plan and goes on later.
func TestStopEndsInGoodOrder(t *testing.T) {
	t.Parallel()
	b := setUp(t, crm)
	b.cfg.GroupLosers = 1
	p := b.pairs(t, 4)
	file := filepath.Join(t.TempDir(), "stop")
	gate := NewGate(b.lock.Conn, "", Kindness{StopFile: file})
	asked := 0
	between := func(ctx context.Context) error {
		if asked++; asked == 3 {
			if err := os.WriteFile(file, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return gate.Between(ctx)
	}
	rep := p.apply(t, Options{Between: between})
	if rep.Stopped == "" || !strings.Contains(rep.Stopped, file) || rep.Left() == 0 || rep.Count(Applied)+rep.Left() != 4 {
		t.Fatalf("stopped %q with %d of 4 applied and %d left", rep.Stopped, rep.Count(Applied), rep.Left())
	}
	b.wantInvariants(t)
	if got := b.query(t, `SELECT state FROM contactmerge.plans`); got[0] != "applying" {
		t.Errorf("the plan is %s", got[0])
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	done := rep.Count(Applied)
	rep = p.apply(t, Options{Between: gate.Between})
	if rep.Stopped != "" || rep.Left() != 0 || rep.Count(Applied) != 4-done || rep.Count(AlreadyApplied) != done {
		t.Errorf("going on: %+v", rep)
	}
	b.wantInvariants(t)
}

// TestGateAsksTheServer holds the gate's questions against a real server.
func TestGateAsksTheServer(t *testing.T) {
	t.Parallel()
	b := setUp(t, crm)
	var hour int
	if err := b.db.Pool(t).QueryRow(t.Context(), `SELECT extract(hour FROM clock_timestamp() AT TIME ZONE 'Asia/Kathmandu')::integer`).Scan(&hour); err != nil {
		t.Fatal(err)
	}
	window := func(from, to int) Window {
		w, err := ParseWindow(fmt.Sprintf("%02d:00-%02d:00 Asia/Kathmandu", (from+24)%24, (to+24)%24))
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	busy, err := pgx.Connect(t.Context(), b.db.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close(context.Background())
	asleep := make(chan error, 1)
	go func() { _, err := busy.Exec(context.Background(), "SELECT pg_sleep(3600)"); asleep <- err }()
	for b.query(t, `SELECT count(*)::text FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(3600)' AND state = 'active' AND datname = current_database()`)[0] == "0" {
		time.Sleep(time.Millisecond)
	}
	pause := func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	tests := []struct {
		name string
		cfg  Kindness
		says string
	}{
		{"inside of the window", Kindness{Window: window(hour-1, hour+2)}, ""},
		{"outside of the window", Kindness{Window: window(hour+2, hour+3)}, "outside of the window"},
		{"no such zone", Kindness{Window: Window{from: 1, to: 2, Zone: "Mars/Olympus"}}, "no time zone"},
		{"sessions at work for long", Kindness{MaxActiveSessions: 1, MaxPause: 5 * time.Second, Sleep: pause}, ""},
		{"no replica is not a late one", Kindness{MaxReplicaLag: time.Nanosecond, MaxReplicaBytes: 1}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := NewGate(b.lock.Conn, "", tt.cfg).Between(t.Context())
			if (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("err = %v, want %q", err, tt.says)
			}
		})
	}
	t.Run("asked to stop", func(t *testing.T) {
		b.db.Exec(t, `INSERT INTO contactmerge.stop_requests (why) VALUES ('a sale is on')`)
		err := NewGate(b.lock.Conn, "", Kindness{}).Between(t.Context())
		var stop *Stop
		if !errors.As(err, &stop) || !strings.Contains(stop.Reason, "by postgres: a sale is on") {
			t.Errorf("err = %v", err)
		}
		b.db.Exec(t, `DELETE FROM contactmerge.stop_requests`)
		if err := NewGate(b.lock.Conn, "", Kindness{}).Between(t.Context()); err != nil {
			t.Errorf("err = %v once nobody asks any more", err)
		}
	})
	t.Run("waits, and gives up", func(t *testing.T) {
		second, err := pgx.Connect(t.Context(), b.db.DSN)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			_, err := second.Exec(context.Background(), "SELECT pg_sleep(3601)")
			_ = second.Close(context.Background())
			asleep <- err
		}()
		for b.query(t, `SELECT count(*)::text FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(360%' AND state = 'active' AND datname = current_database()`)[0] != "2" {
			time.Sleep(time.Millisecond)
		}
		told, naps := "", 0
		cfg := Kindness{MaxActiveSessions: 1, MaxPause: 5 * time.Second, Waiting: func(r string) { told = r }}
		cfg.Sleep = func(context.Context, time.Duration) error { naps++; return nil }
		err = NewGate(b.lock.Conn, "", cfg).Between(t.Context())
		var stop *Stop
		if !errors.As(err, &stop) || naps != 5 || !strings.Contains(told, "2 sessions are at work") {
			t.Errorf("err = %v after %d naps, told %q", err, naps, told)
		}
	})
	b.db.Exec(t, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(360%' AND datname = current_database()`)
	for range 2 {
		if err := <-asleep; err == nil {
			t.Error("a session slept through its end")
		}
	}
}

// planned is a bench with steps to apply, as one plan.
type planned struct {
	*bench
	steps []cluster.Step
}

func (p *planned) apply(t *testing.T, opt Options) Report {
	t.Helper()
	m, err := New(p.lock, p.cfg)
	if err != nil {
		t.Fatal(err)
	}
	rep, err := Apply(t.Context(), m, planOf(p.steps...), opt)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}
