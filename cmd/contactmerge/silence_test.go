package main

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/internal/pgtest"
)

// behind is the same database behind a relay, asked after four seconds what became of an answer.
func (w *world) behind(relay *pgtest.Relay) *world {
	return &world{&pgtest.Database{DSN: relay.Through(w.DSN) + "&connect_timeout=1", Name: w.Name, Server: w.Server}, w.dir}
}

// silent is how the program says that nobody answered.
var silent = regexp.MustCompile(`fell silent for|no answer in time|the connection to the server was lost`)

// TestServerFallsSilent has the network lose everything at some moment of each verb. It ends by itself, with one line, leaves nothing half
// done, and the same command does the whole when the network is back.
func TestServerFallsSilent(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes two minutes")
	}
	planned := small(t, smallConfig)
	planned.ends(t, exitDone, "run", "--config", "c.yaml")
	merged := planned.clone(t, smallConfig)
	merged.ends(t, exitDone, "apply", "--config", "c.yaml", "--confirm")
	// A group that is lost is tried again for a minute, in which the network may come back.
	const giveUp, tryAgain = 45 * time.Second, 130 * time.Second
	cases := []*silencing{
		{name: "connecting", from: planned, args: []string{"apply", "--confirm"}, most: giveUp},
		{name: "reading contacts", at: []string{"COPY"}, from: planned, args: []string{"run"}, most: giveUp},
		{name: "storing findings", at: []string{"suggestions"}, from: planned, args: []string{"run"}, most: giveUp},
		{name: "taking the lock", at: []string{"pg_try_advisory_lock", "commit"}, from: planned, args: []string{"apply", "--confirm"}, most: giveUp},
		{name: "counting", at: []string{`"public"."tickets"`}, from: planned, args: []string{"apply"}, most: giveUp},
		{name: "verifying", at: []string{`"ledger"`}, from: merged, args: []string{"verify"}, most: giveUp},
		{name: "merging", at: []string{`INSERT INTO "contactmerge"."redirects"`}, from: planned, args: []string{"apply", "--confirm"}, most: tryAgain},
		{name: "committing", at: []string{`INSERT INTO "contactmerge"."ledger"`, "commit"}, from: planned, args: []string{"apply", "--confirm"}, most: tryAgain},
		{name: "taking back", at: []string{`INSERT INTO "contactmerge"."ledger"`, "commit"}, from: merged, args: []string{"undo", "--since", "1h", "--confirm"}, most: tryAgain},
	}
	for _, c := range cases {
		c.start(t) // all at once: they mostly wait
	}
	for _, c := range cases {
		t.Run(c.name, c.judge)
	}
}

// silencing is a moment at which the network loses everything.
type silencing struct {
	name string
	at   []string // texts that are sent, none for the first word
	from *world
	args []string
	most time.Duration // that it may take to end

	*world
	relay *pgtest.Relay
	fell  <-chan bool
	cmd   *exec.Cmd
	said  *output
	began time.Time
}

func (s *silencing) start(t *testing.T) {
	t.Helper()
	s.world, s.relay = s.from.clone(t, smallConfig), s.from.Server.Relay(t)
	if s.at == nil {
		s.relay.Silence()
	}
	s.fell, s.args = s.relay.SilenceAt(s.at...), append(s.args, "--config", "c.yaml")
	s.began = time.Now()
	s.cmd, s.said = s.behind(s.relay).start(t, append(s.args, "--log-level", "error")...)
}

func (s *silencing) judge(t *testing.T) {
	got := code(t, s.cmd)
	took, line := time.Since(s.began).Round(time.Second), s.said.err.String()
	t.Logf("%v: %s", took, line)
	if s.at != nil {
		select {
		case <-s.fell:
		default:
			t.Fatalf("it never sent %q: exit code %d, %s", s.at, got, line)
		}
	}
	if got != exitFailed || took > s.most {
		t.Errorf("exit code %d after %v, want %d within %v", got, took, exitFailed, s.most)
	}
	if strings.Count(line, "\n") != 1 || !silent.MatchString(line) {
		t.Errorf("it says %q, want one line that says that there was no answer", line)
	}
	s.relay.Heal()
	s.free(t)
	again := s.behind(s.relay).ends(t, exitDone, s.args...)
	whole := s.from.clone(t, smallConfig)
	whole.ends(t, exitDone, s.args...)
	if diff := cmp.Diff(whole.contents(t), s.contents(t)); diff != "" {
		t.Errorf("interrupted and not (-uninterrupted +interrupted):\n%s\n%s", diff, &again.out)
	}
	s.ends(t, exitDone, "verify", "--config", "c.yaml")
}

// contents is what a customer sees of the tables, and of the merges in force.
func (w *world) contents(t *testing.T) []string {
	t.Helper()
	return w.texts(t, `SELECT line FROM (SELECT to_jsonb(x)::text AS line FROM contacts AS x UNION ALL SELECT to_jsonb(x)::text FROM contact_identities AS x UNION ALL SELECT to_jsonb(x)::text FROM tickets AS x
		UNION ALL SELECT concat_ws(' ', loser_id, survivor_id) FROM contactmerge.redirects WHERE active) AS y ORDER BY line COLLATE "C"`)
}

// free waits until the server has noticed that the last process is gone.
func (w *world) free(t *testing.T) {
	t.Helper()
	for range 250 {
		if len(w.texts(t, `SELECT pid::text FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)) == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("the run lock stays taken")
}
