package merge

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/pgtest"
)

// The environment that turns a copy of this test binary into an apply of its own, to be killed.
const (
	envCrashDSN  = "CONTACTMERGE_CRASH_DSN"
	envCrashMode = "CONTACTMERGE_CRASH_MODE"
)

// TestCrashHelper is not a test: it is the process that TestKilled kills.
func TestCrashHelper(t *testing.T) {
	dsn := os.Getenv(envCrashDSN)
	if dsn == "" {
		t.Skip("only run by TestKilled")
	}
	store := openStore(t, dsn)
	defer store.Close()
	p, err := store.Plan(t.Context(), "") // there is only one
	if err != nil {
		t.Fatal(err)
	}
	lock := lockSoon(t, store)
	cfg := testConfig()
	cfg.Mode, cfg.Columns = Mode(os.Getenv(envCrashMode)), crowdColumns
	cfg.GroupLosers = 6 // three steps
	m, err := New(lock, cfg)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("CRASH ready")
	_, err = Apply(t.Context(), m, p, Options{Progress: func(_, _ int, r *StepResult) {
		if r.Outcome == Applied {
			fmt.Println("CRASH step")
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("CRASH done")
}

// crowd is many contacts in groups of three, with children everywhere.
const crowd = `
INSERT INTO contacts (id, first, last, email) SELECT 1000 + i, 'N' || i / 3, 'L', 'e' || i / 3 || '@example.com' FROM generate_series(0, %[1]d * 3 - 1) AS i;
UPDATE contacts SET manager_id = 1000 + ((id * 7) %% (%[1]d * 3)) WHERE id >= 1000 AND id %% 5 = 0 AND id <> 1000 + ((id * 7) %% (%[1]d * 3)) AND (id - 1000) / 3 > ((id * 7) %% (%[1]d * 3)) / 3;
INSERT INTO contact_identities (contact_id, channel, value) SELECT id, 'email', email FROM contacts WHERE id >= 1000;
INSERT INTO tickets (contact_id, payer_id, title) SELECT id, 1000 + (id * 13) %% (%[1]d * 3), 't' || id FROM contacts WHERE id >= 1000;
INSERT INTO messages (contact_id, body) SELECT id, 'm' || id || '-' || n FROM contacts, generate_series(1, 3) AS n WHERE id >= 1000;
INSERT INTO notes SELECT id, 'n' FROM contacts, generate_series(1, 2) WHERE id >= 1000;
INSERT INTO tags SELECT id, 'tag' || id FROM contacts WHERE id >= 1000;
`

// crowdColumns leave the manager out, which merging another group changes.
var crowdColumns = []string{"id", "first", "last", "email"}

// crowdPlan merges each group of three into its first.
func (b *bench) crowdPlan(t testing.TB, groups int) *cluster.Plan {
	t.Helper()
	var steps []cluster.Step
	for g := range groups {
		id := func(i int) string { return strconv.Itoa(1000 + 3*g + i) }
		s := b.step(t, id(0), id(1), id(2))
		s.Changes = []cluster.Change{{Column: "last", Value: text("merged"), From: id(1), Rule: "fill_empty"}}
		steps = append(steps, s)
	}
	return planOf(steps...)
}

func (b *bench) storePlan(t *testing.T, p *cluster.Plan) {
	t.Helper()
	m, err := New(b.lock, b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Start(t.Context(), p); err != nil { // which stores the plan
		t.Fatal(err)
	}
}

// TestKilled kills an apply twenty times at random, and lets it finish. Then every merge must have happened once and as a whole, no row
// may be lost, and the database must be as an apply that nobody disturbed leaves it.
func TestKilled(t *testing.T) {
	kills, groups := 20, 150
	if testing.Short() {
		kills, groups = 5, 60
	}
	for _, mode := range []Mode{Archive, Delete} {
		t.Run(string(mode), func(t *testing.T) { killed(t, mode, kills, groups) })
	}
}

func killed(t *testing.T, mode Mode, kills, groups int) {
	db := prepare(t, crm+fmt.Sprintf(crowd, groups))
	b := attach(t, db)
	b.cfg.Mode = mode
	b.cfg.Columns = crowdColumns
	p := b.crowdPlan(t, groups)
	b.storePlan(t, p)
	children := b.query(t, childCounts)
	if err := b.lock.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.store.Close()
	quiet := db.Clone(t)

	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	for range kills {
		// After a number of steps that leaves some for the last kill, and then anywhere in the next ones.
		runAndKill(t, db.DSN, mode, dice.IntN(groups/kills-1), time.Duration(dice.Int64N(int64(5*time.Millisecond))))
	}
	b = attach(t, db)
	b.cfg.Mode = mode
	b.cfg.Columns = crowdColumns
	b.wantInvariants(t)
	before := b.query(t, `SELECT count(*)::text FROM contactmerge.ledger`)[0]
	t.Logf("%d kills, %s of %d steps applied by then", kills, before, groups)
	if before == "0" {
		t.Error("no kill came after a step")
	}
	rep := b.apply(t, p)
	if rep.Count(Applied)+rep.Count(AlreadyApplied) != groups {
		t.Errorf("report %+v", rep)
	}
	b.wantInvariants(t)
	if d := diff(children, b.query(t, childCounts)); d != "" {
		t.Errorf("rows were lost (-before +after):\n%s", d)
	}
	if n := b.query(t, `SELECT count(*)::text FROM contactmerge.redirects WHERE active`); n[0] != strconv.Itoa(2*groups) {
		t.Errorf("%s redirects, want %d", n[0], 2*groups)
	}

	undisturbed := attach(t, quiet)
	undisturbed.cfg = b.cfg
	wantOnly(t, undisturbed.apply(t, p), Applied)
	if d := diff(undisturbed.dump(t), b.dump(t)); d != "" {
		t.Errorf("the database differs from one that was merged in one go (-quiet +killed):\n%s", d)
	}
}

// childCounts counts the rows of each table that refer to contacts, those in the journal as removed included.
const childCounts = `SELECT format('%s %s', t, n) FROM (
	SELECT 'contact_identities' AS t, (SELECT count(*) FROM contact_identities) + (SELECT count(*) FROM contactmerge.journal WHERE action = 'remove') AS n
	UNION ALL SELECT 'tickets', count(*) FROM tickets WHERE contact_id IS NOT NULL UNION ALL SELECT 'payers', count(payer_id) FROM tickets
	UNION ALL SELECT 'messages', count(contact_id) FROM messages UNION ALL SELECT 'notes', count(contact_id) FROM notes UNION ALL SELECT 'tags', count(*) FROM tags) AS x ORDER BY 1`

// runAndKill starts an apply, and kills it some steps and a moment later.
func runAndKill(t *testing.T, dsn string, mode Mode, steps int, moment time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestCrashHelper$")
	cmd.Env = append(os.Environ(), envCrashDSN+"="+dsn, envCrashMode+"="+string(mode))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := -1; n < steps && lines.Scan(); {
		switch lines.Text() {
		case "CRASH ready", "CRASH step":
			n++
		case "CRASH done":
			t.Error("the apply was done before it could be killed")
		case "FAIL":
			t.Fatal("the apply failed by itself")
		}
	}
	time.Sleep(moment)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatalf("the apply ended by itself: %v", err)
	}
	rest, err := io.ReadAll(out)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(rest), "FAIL") {
		t.Fatalf("the apply failed by itself: %s", rest)
	}
	_ = cmd.Wait() // reports the kill
}

// TestServerCrash stops the server without ceremony in the middle of steps, and starts it again.
func TestServerCrash(t *testing.T) {
	server := pgtest.NewServer(t, pgtest.Options{})
	db := server.DB(t)
	script(t, db, crm+fmt.Sprintf(crowd, 12))
	b := attach(t, db)
	b.cfg.Columns = crowdColumns
	b.cfg.GroupLosers = 4 // two steps
	p := b.crowdPlan(t, 12)
	children := b.query(t, childCounts)
	points := []string{"locked", "repointed", "commit", "committed"}
	seen := 0
	b.cfg.Fault = func(point string) {
		if len(points) == 0 || point != points[0] {
			return
		}
		if seen++; seen%2 == 0 { // a step in between goes undisturbed
			points = points[1:]
			if err := server.Restart(pgtest.Immediate); err != nil {
				t.Fatal(err)
			}
		}
	}
	m, err := New(b.lock, b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	rep, err := Apply(t.Context(), m, p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	wantOnly(t, rep, Applied)
	if len(points) > 0 {
		t.Errorf("no crash at %v", points)
	}
	b.db.Pool(t).Reset()
	b.wantInvariants(t)
	if d := diff(children, b.query(t, childCounts)); d != "" {
		t.Errorf("rows were lost (-before +after):\n%s", d)
	}
}
