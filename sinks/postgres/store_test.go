package postgres

import (
	"context"
	"errors"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/blocking"
	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/pgtest"
	"github.com/contactmerge/contactmerge/internal/run"
	"github.com/contactmerge/contactmerge/scoring"
)

func openStore(t testing.TB, db *pgtest.Database, opt Options) *Store {
	t.Helper()
	cfg, err := pgx.ParseConfig(db.DSN)
	if err != nil {
		t.Fatal(err)
	}
	if opt.Host == "" {
		opt.Host, opt.PID = "desk", 42
	}
	s, err := Open(t.Context(), cfg, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func migrated(t testing.TB) (*Store, *pgtest.Database) {
	t.Helper()
	db := pgtest.DB(t)
	s := openStore(t, db, Options{})
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s, db
}

// outcome is a run's findings over contacts 1, 2, 3: an auto_merge pair and a review pair.
func outcome(t testing.TB) *cluster.Outcome {
	t.Helper()
	return outcomeOf(t, 3)
}

// outcomeOf is the same over more contacts.
func outcomeOf(t testing.TB, contacts int) *cluster.Outcome {
	t.Helper()
	layout := contact.Layout{Name: "test", Contacts: []contact.Column{{Name: "id", Field: contact.FieldID}, {Name: "first", Field: contact.FieldFirstName}}, Parts: 1}
	bb := contact.NewBatchBuilder(contact.Contacts, "test", layout.Contacts, nil)
	for i := range contacts {
		bb.Set(0, strconv.Itoa(i+1))
		bb.Set(1, "Ann")
		bb.FinishRow(int64(i + 1))
	}
	batch := bb.Flush()
	chunk, b := contact.NewChunk(layout), contact.NewBuilder(layout)
	for i := range contacts {
		chunk.Add(batch, i, &contact.Normal{}, nil)
	}
	b.Absorb(chunk)
	batch.Release()
	if err := b.Seal(); err != nil {
		t.Fatal(err)
	}
	table, err := b.Freeze(make([]contact.ParsedIdentity, b.Distinct()), func(n int, do func(i int) error) error {
		for i := range n {
			if err := do(i); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(table.Release)
	o := &cluster.Outcome{
		Table: table,
		Edges: []scoring.Edge{
			{A: 0, B: 1, Rules: 0b10, Weight: 12, Decision: scoring.AutoMerge, Reasons: scoring.ExactEmail | scoring.NamesEqual},
			{A: 1, B: 2, Rules: 0b01, Weight: 1, Decision: scoring.Review, Reasons: scoring.FirstNameMismatch},
		},
		Rules:    []blocking.Stats{{Rule: "phone"}, {Rule: "email"}},
		Clusters: []cluster.Cluster{{ID: "c1", Members: []contact.Row{0, 1}, Survivor: 0, Decision: scoring.AutoMerge, Auto: [][]contact.Row{{0, 1}}, Edges: []int{0}, Weakest: -1}},
		Golden:   []cluster.Golden{{Cluster: "c1", Values: []cluster.Value{{Column: 1, Text: "An\x00n", From: 1, Rule: "fill_empty"}}}},
		Plan: &cluster.Plan{Format: cluster.PlanFormat, Steps: []cluster.Step{
			{Cluster: cluster.IDOf([]string{"1", "2"}), Survivor: "1", Losers: []string{"2"}, Guards: []cluster.Guard{{ID: "1", Hash: "a"}, {ID: "2", Hash: "b"}}},
		}},
		Explain: func(a, b contact.Row) scoring.Explanation {
			return scoring.Explanation{A: "1", Probability: 0.5, Comparisons: []scoring.ComparisonResult{{Comparison: "name", A: "\x00bad", B: `"q"`}}}
		},
	}
	o.Plan.ID = o.Plan.Hash()
	return o
}

func TestMigrateUpDownUp(t *testing.T) {
	db := pgtest.DB(t)
	s := openStore(t, db, Options{Schema: "cm_other"})
	dump := func() string {
		var out string
		err := db.Pool(t).QueryRow(t.Context(), `SELECT coalesce(string_agg(line, E'\n' ORDER BY line), '') FROM (
			SELECT format('%s.%s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod)) AS line FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
			WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'cm_other') AND c.relname <> $1 AND a.attnum > 0
			UNION ALL SELECT pg_get_constraintdef(k.oid) FROM pg_constraint AS k LEFT JOIN pg_class AS c ON c.oid = k.conrelid
				WHERE k.connamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'cm_other') AND c.relname IS DISTINCT FROM $1) AS d`, versionTable).Scan(&out)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	up := dump()
	if !strings.Contains(up, "redirects.loser_id text") || !strings.Contains(up, "runs.state text") {
		t.Fatalf("after up the tables are not there:\n%s", up)
	}
	for target := int32(1); target >= 0; target-- {
		if err := s.migrateTo(t.Context(), target); err != nil {
			t.Fatal(err)
		}
	}
	if down := dump(); down != "" {
		t.Errorf("down left:\n%s", down)
	}
	for range 2 { // the second time there is nothing to do
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(up, dump()); diff != "" {
			t.Errorf("up again differs (-first +second):\n%s", diff)
		}
	}
	db.Exec(t, "UPDATE cm_other.schema_version SET version = 99")
	if err := s.Migrate(t.Context()); err == nil || !strings.Contains(err.Error(), "newer contactmerge") {
		t.Errorf("a schema from the future: %v", err)
	}
}

func TestMigrationsHaveNoGaps(t *testing.T) {
	files, err := fs.Glob(migrations, "migrations/*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no migrations: %v", err)
	}
	for i, f := range files {
		m := regexp.MustCompile(`^migrations/(\d{3})_[a-z_]+\.sql$`).FindStringSubmatch(f)
		if m == nil {
			t.Errorf("%s is not called NNN_words.sql", f)
			continue
		}
		if n, _ := strconv.Atoi(m[1]); n != i+1 {
			t.Errorf("%s is number %d in order", f, i+1)
		}
	}
}

func TestSchemaNames(t *testing.T) {
	cfg, err := pgx.ParseConfig("host=/nowhere")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Upper", `a"b`, "a.b", "a b", strings.Repeat("x", 64), "1a"} {
		if _, err := Open(t.Context(), cfg, Options{Schema: name}); err == nil || !strings.Contains(err.Error(), "schema name") {
			t.Errorf("schema %q: %v", name, err)
		}
	}
}

func TestLock(t *testing.T) {
	s, db := migrated(t)
	ctx := t.Context()
	dead := &run.Record{ID: "run-dead"}
	if err := s.BeginRun(ctx, dead); err != nil {
		t.Fatal(err)
	}
	first, err := s.Lock(ctx, &run.Record{ID: "run-1"})
	if err != nil {
		t.Fatal(err)
	}
	runs, err := s.Runs(ctx, 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(runs) != 1 || runs[0].State != run.Abandoned || runs[0].Ended.IsZero() {
		t.Errorf("a run that died is not abandoned: %+v", runs)
	}
	if err := s.FinishRun(ctx, dead); err == nil {
		t.Error("an abandoned run could be finished")
	}

	other := openStore(t, db, Options{Host: "laptop", PID: 7})
	_, err = other.Lock(ctx, &run.Record{ID: "run-2"})
	var locked *LockedError
	if !errors.As(err, &locked) {
		t.Fatalf("the second lock: %v", err)
	}
	if locked.RunID != "run-1" || locked.Host != "desk" || locked.PID != 42 || locked.Since.IsZero() || !strings.Contains(err.Error(), "run run-1 by desk/42") {
		t.Errorf("holder = %+v, %q", locked, err)
	}

	// The connection breaks; nobody else came.
	var pid int
	if err := first.Conn().QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&pid); err != nil {
		t.Fatal(err)
	}
	db.Exec(t, "SELECT pg_terminate_backend($1, 5000)", pid)
	if err := first.Reopen(ctx); err != nil {
		t.Fatalf("taking the lock again: %v", err)
	}
	// It breaks again, and somebody takes over.
	if err := first.Conn().Close(ctx); err != nil {
		t.Fatal(err)
	}
	second := lockSoon(t, other, "run-2")
	if second.Epoch() <= first.Epoch() {
		t.Errorf("epochs %d then %d", first.Epoch(), second.Epoch())
	}
	if err := first.Reopen(ctx); !errors.Is(err, ErrLockLost) {
		t.Errorf("the first holder came back: %v", err)
	}
	if err := second.Release(ctx); err != nil {
		t.Fatal(err)
	}
	if err := lockSoon(t, s, "run-3").Release(ctx); err != nil {
		t.Fatal(err)
	}
}

// TestWriteAfterTakeover lets a run that slept through its takeover wake up and store what it found.
func TestWriteAfterTakeover(t *testing.T) {
	s, db := migrated(t)
	ctx := t.Context()
	rec := &run.Record{ID: "slept"}
	if err := s.BeginRun(ctx, rec); err != nil {
		t.Fatal(err)
	}
	if err := lockSoon(t, s, "run-2").Release(ctx); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(ctx, outcome(t), rec); err == nil || !strings.Contains(err.Error(), "another run took over") {
		t.Errorf("writing: %v", err)
	}
	if n := count(t, db, "SELECT count(*) FROM contactmerge.published"); n != 0 {
		t.Error("the findings of an abandoned run were published")
	}
}

// TestBeforeTheFirstRun asks for what is not there yet.
func TestBeforeTheFirstRun(t *testing.T) {
	s := openStore(t, pgtest.DB(t), Options{})
	if _, err := s.LatestPlan(t.Context()); !errors.Is(err, ErrNoPlan) {
		t.Errorf("the newest plan: %v", err)
	}
	if _, err := s.Plan(t.Context(), "3f2a"); !errors.Is(err, ErrNoPlan) {
		t.Errorf("a plan: %v", err)
	}
	if there, err := s.Exists(t.Context()); there || err != nil {
		t.Errorf("exists = %v, %v", there, err)
	}
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if there, err := s.Exists(t.Context()); !there || err != nil {
		t.Errorf("after Migrate, exists = %v, %v", there, err)
	}
}

// TestUnreachable looks at the message for a host with several addresses, of which the driver makes a paragraph.
func TestUnreachable(t *testing.T) {
	cfg, err := pgx.ParseConfig("host=127.0.0.1,127.0.0.1 port=1 user=x password=secret database=d sslmode=prefer")
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), cfg, Options{})
	if err == nil || strings.ContainsAny(err.Error(), "\n\t") || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "refused") {
		t.Errorf("opening: %q", err)
	}
}

// lockSoon waits for the server to notice that the last holder is gone.
func lockSoon(t *testing.T, s *Store, id string) *Lock {
	t.Helper()
	for {
		l, err := s.Lock(t.Context(), &run.Record{ID: id})
		var locked *LockedError
		if errors.As(err, &locked) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
}

func TestTwoSchemasTwoLocks(t *testing.T) {
	s, db := migrated(t)
	other := openStore(t, db, Options{Schema: "second"})
	if err := other.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, store := range []*Store{s, other} {
		l, err := store.Lock(t.Context(), &run.Record{ID: "r"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Release(context.Background()) })
	}
}

func count(t *testing.T, db *pgtest.Database, sql string, args ...any) int {
	t.Helper()
	var n int
	if err := db.Pool(t).QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWriteAndRead(t *testing.T) {
	s, db := migrated(t)
	ctx := t.Context()
	o := outcome(t)
	rec := &run.Record{ID: `run'1\`, Version: "v1"}
	if err := s.Write(ctx, o, rec); err == nil {
		t.Fatal("findings of a run that was not opened were stored")
	}
	if err := s.BeginRun(ctx, rec); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(ctx, o, rec); err != nil {
		t.Fatal(err)
	}
	rec.State, rec.Counts.Pairs = run.Done, 2
	if err := s.FinishRun(ctx, rec); err != nil {
		t.Fatal(err)
	}

	rows, err := db.Pool(t).Query(ctx, `SELECT contact_id_a || '-' || contact_id_b || ' ' || coalesce(cluster_id, '') || ' ' || decision || ' ' || match_key || ' ' || array_to_string(reasons, ',')
		|| ' ' || match_probability || ' ' || (evidence->'comparisons'->0->>'a') FROM contactmerge.current_suggestions ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"1-2 c1 auto_merge email exact_email,names_equal 0.5 \uFFFDbad", "2-3  review phone first_name_mismatch 0.5 \uFFFDbad"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("suggestions (-want +got):\n%s", diff)
	}
	if n := count(t, db, "SELECT count(*) FROM contactmerge.current_cluster_members WHERE cluster_id = 'c1' AND auto_group = 0 AND survivor = (contact_id = '1')"); n != 2 {
		t.Errorf("%d members, want 2", n)
	}
	plan, err := s.LatestPlan(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(o.Plan, plan); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	if same, err := s.Plan(ctx, plan.ID[:8]); err != nil || same.ID != plan.ID {
		t.Errorf("plan by the start of its id: %v", err)
	}
	if _, err := s.Plan(ctx, "zz"); !errors.Is(err, ErrNoPlan) {
		t.Errorf("a plan that does not exist: %v", err)
	}
	if prev, err := s.PreviousRun(ctx); err != nil || prev == nil || prev.Counts.Pairs != 2 {
		t.Errorf("previous run = %+v, %v", prev, err)
	}
}

func TestReadersSeeOldOrNew(t *testing.T) {
	s, db := migrated(t)
	ctx := t.Context()
	o := outcome(t)
	if err := s.BeginRun(ctx, &run.Record{ID: "old"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(ctx, o, &run.Record{ID: "old"}); err != nil {
		t.Fatal(err)
	}
	if err := s.BeginRun(ctx, &run.Record{ID: "new"}); err != nil {
		t.Fatal(err)
	}
	// The new run's findings fail in the middle: its clusters are taken twice.
	o.Clusters = append(o.Clusters, o.Clusters[0])
	if err := s.Write(ctx, o, &run.Record{ID: "new"}); err == nil {
		t.Fatal("two clusters with one id were stored")
	}
	if n := count(t, db, "SELECT count(*) FROM contactmerge.current_suggestions WHERE run_id = 'old'"); n != 2 {
		t.Errorf("%d suggestions of the old run, want 2", n)
	}
	if n := count(t, db, "SELECT count(*) FROM contactmerge.suggestions WHERE run_id = 'new'"); n != 0 {
		t.Errorf("%d suggestions of the failed run, want 0", n)
	}
	o.Clusters = o.Clusters[:1]
	if err := s.Write(ctx, o, &run.Record{ID: "new"}); err != nil {
		t.Fatal(err)
	}
	if n := count(t, db, "SELECT count(*) FROM contactmerge.current_suggestions WHERE run_id = 'new'"); n != 2 {
		t.Errorf("%d current suggestions, want 2", n)
	}
}

func TestPrune(t *testing.T) {
	db := pgtest.DB(t)
	s := openStore(t, db, Options{KeepRuns: 2})
	ctx := t.Context()
	if err := s.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	o := outcome(t)
	for _, id := range []string{"r1", "r2", "r3", "r4"} {
		o.Plan.ID = "plan-" + id
		if err := s.BeginRun(ctx, &run.Record{ID: id}); err != nil {
			t.Fatal(err)
		}
		if err := s.Write(ctx, o, &run.Record{ID: id}); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []int{2, 0} {
		if n, err := s.Prune(ctx); err != nil || n != want {
			t.Errorf("pruned %d, %v; want %d", n, err, want)
		}
	}
	if n := count(t, db, "SELECT count(DISTINCT run_id) FROM contactmerge.suggestions"); n != 2 {
		t.Errorf("%d runs' suggestions left, want 2", n)
	}
	if n := count(t, db, "SELECT count(*) FROM contactmerge.plans WHERE plan_id IN ('plan-r1', 'plan-r2')"); n != 0 {
		t.Errorf("%d old plans left", n)
	}
}

func TestNotDuplicates(t *testing.T) {
	s, db := migrated(t)
	ctx := t.Context()
	for _, d := range []Decision{
		{Decision: DoNotMerge, Contacts: []string{"2", "1"}, By: "ann"},
		{Decision: DoNotMerge, Contacts: []string{"3", "4", "5"}, By: "ann"},
		{Decision: MergeAll, Contacts: []string{"5", "4"}, By: "ben"},                 // a later answer
		{Decision: DoNotMerge, Contacts: []string{"7", "8"}, By: "ann"},               // 7 is merged into 6 below
		{Decision: DoNotMerge, Contacts: []string{"9", "6"}, By: "ann", Why: "twins"}, // 9 too: nothing is left to keep apart
	} {
		if err := s.Decide(ctx, d); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Decide(ctx, Decision{Decision: DoNotMerge, Contacts: []string{"1"}, By: "ann"}); err == nil {
		t.Error("a decision about one contact was stored")
	}
	db.Exec(t, "INSERT INTO contactmerge.redirects (loser_id, survivor_id, plan_id, cluster_id) VALUES ('7', '6', 'p', 'c'), ('9', '6', 'p', 'd')")
	got, err := s.NotDuplicates(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][2]string{{"1", "2"}, {"3", "4"}, {"3", "5"}, {"6", "8"}}, got); diff != "" {
		t.Errorf("pairs (-want +got):\n%s", diff)
	}
}
