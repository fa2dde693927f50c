package merge

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/internal/cluster"
)

func (b *bench) sweep(t testing.TB) Report {
	t.Helper()
	m, err := New(b.lock, b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	rep, err := m.Sweep(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func (b *bench) sweepDryRun(t testing.TB) Report {
	t.Helper()
	d, err := NewDryRun(b.conn(t), b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	rep, err := d.Sweep(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

// moved counts by reference.
func moved(rep Report) map[string][2]int64 {
	out := make(map[string][2]int64)
	for _, c := range rep.Tables {
		if c.Repointed > 0 || c.Removed > 0 {
			out[c.Table+"."+c.Column] = [2]int64{c.Repointed, c.Removed}
		}
	}
	return out
}

const latecomers = `
	INSERT INTO tickets (contact_id, payer_id, title) VALUES (2, 2, 'late'), (5, 3, 'late');
	INSERT INTO contact_identities (contact_id, channel, value) VALUES (2, 'email', 'late@example.com'), (3, 'email', 'ann@example.com');
	INSERT INTO loose VALUES (2), (3);
	INSERT INTO contacts (id, first, manager_id) VALUES (6, 'New', 3);`

// TestSweep moves rows that came late, of foreign keys and declared references, into the survivor of two merges; a duplicate identity is kept
// in the journal. Afterwards nothing refers to a loser, and undoing the merges brings every row back to where it was written.
func TestSweep(t *testing.T) {
	base := prepare(t, crm+`CREATE TABLE loose (contact_id bigint); CREATE INDEX ON loose (contact_id)`)
	for _, mode := range []Mode{Archive, Delete} {
		t.Run(string(mode), func(t *testing.T) {
			b := attach(t, base.Clone(t))
			b.cfg.Mode, b.cfg.Columns = mode, []string{"id", "first"}
			b.cfg.References = []Reference{{Table: "loose", Column: "contact_id"}}
			late := latecomers
			if mode == Delete { // the foreign keys keep the others off
				late = `INSERT INTO loose VALUES (2), (3)`
			}
			original := b.dump(t)
			first := planOf(b.step(t, "1", "2"))
			wantOnly(t, b.apply(t, first), Applied)
			second := planOf(b.step(t, "5", "1", "3"))
			wantOnly(t, b.apply(t, second), Applied)
			if rep := b.sweep(t); rep.Steps != 0 {
				t.Errorf("there is nothing to sweep, but %+v", rep)
			}
			b.db.Exec(t, late)
			before := b.dump(t)
			if got := strings.Join(problems(b.verify(t, VerifyOptions{})), "\n"); !strings.Contains(got, "I3") || !strings.Contains(got, "public.loose.contact_id, contact 2") {
				t.Errorf("verify: %s", got)
			}
			dry := b.sweepDryRun(t)
			if d := diff(before, b.dump(t)); d != "" {
				t.Errorf("the dry run wrote:\n%s", d)
			}
			rep := b.sweep(t)
			wantOnly(t, rep, Applied)
			if d := cmp.Diff(moved(dry), moved(rep)); d != "" {
				t.Errorf("(-dry run +real):\n%s", d)
			}
			want := map[string][2]int64{"public.loose.contact_id": {2, 0}}
			if mode == Archive {
				want = map[string][2]int64{
					"public.loose.contact_id": {2, 0}, "public.tickets.contact_id": {1, 0}, "public.tickets.payer_id": {2, 0},
					"public.contact_identities.contact_id": {1, 1}, "public.contacts.manager_id": {1, 0},
				}
			}
			if d := cmp.Diff(want, moved(rep)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			b.wantVerified(t)
			b.wantInvariants(t)
			if rep := b.sweep(t); rep.Steps != 0 {
				t.Errorf("the second time there was still %+v", rep)
			}
			for _, p := range []*cluster.Plan{second, first} {
				if r := b.undo(t, p, 0); r.Outcome != Applied || r.Reason != "" {
					t.Fatalf("undo: %+v", r)
				}
				if p == second { // what came late for a contact that is still merged away is late again
					b.wantSwept(t, mode)
				}
			}
			b.wantVerified(t)
			b.db.Exec(t, `DELETE FROM tickets WHERE title = 'late'; DELETE FROM contact_identities WHERE id > 5; DELETE FROM loose; DELETE FROM contacts WHERE id = 6`)
			if d := diff(original, b.dump(t)); d != "" {
				t.Errorf("without the late rows, all is not as it was:\n%s", d)
			}
		})
	}
}

// wantSwept sweeps what the undo of the newer merge left late for the older one, which stands.
func (b *bench) wantSwept(t testing.TB, mode Mode) {
	t.Helper()
	if got := b.query(t, `SELECT contact_id::text FROM loose ORDER BY 1`); cmp.Diff([]string{"2", "3"}, got) != "" {
		t.Errorf("undoing did not bring the late rows back: %v", got)
	}
	wantOnly(t, b.sweep(t), Applied)
	if got := b.query(t, `SELECT contact_id::text FROM loose ORDER BY 1`); cmp.Diff([]string{"1", "3"}, got) != "" {
		t.Errorf("swept to %v", got)
	}
	b.wantVerified(t)
}

// TestSweepRefuses: a row that would clash with one of the survivor's stays where it is, and is told.
func TestSweepRefuses(t *testing.T) {
	b := setUp(t, crm)
	b.cfg.Columns = []string{"id", "first"}
	wantOnly(t, b.apply(t, planOf(b.step(t, "1", "2"), b.step(t, "3", "4"))), Applied)
	b.db.Exec(t, `INSERT INTO tags VALUES (2, 'vip'), (4, 'late')`)
	for _, rep := range []Report{b.sweepDryRun(t), b.sweep(t)} {
		if rep.Count(Applied) != 1 || rep.Count(Refused) != 1 || !strings.Contains(rep.Unfinished[0].Reason, "tags_pkey") {
			t.Errorf("got %+v", rep)
		}
	}
	if got := b.query(t, `SELECT contact_id || tag FROM tags WHERE tag = 'vip' OR tag = 'late' ORDER BY 1`); cmp.Diff([]string{"1vip", "2vip", "3late", "3vip"}, got) != "" {
		t.Errorf("tags %v", got)
	}
	if got := problems(b.verify(t, VerifyOptions{})); len(got) != 1 || !strings.HasPrefix(got[0], "I3 ") {
		t.Errorf("verify: %q", got)
	}
}

// TestGuardSQL installs the printed triggers: an old id is followed at once, and merging and undoing work as without them.
func TestGuardSQL(t *testing.T) {
	b := setUp(t, crm+`CREATE TABLE "Odd ""name" ("contact'id" bigint, kind text); CREATE INDEX ON "Odd ""name" ("contact'id")`)
	b.cfg.Columns = []string{"id", "first"}
	b.cfg.References = []Reference{{Table: `Odd "name`, Column: "contact'id"}}
	original := b.dump(t)
	sql, err := GuardSQL(t.Context(), b.conn(t), b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	b.db.Exec(t, sql)
	first := planOf(b.step(t, "1", "2"))
	wantOnly(t, b.apply(t, first), Applied)
	second := planOf(b.step(t, "5", "1"))
	wantOnly(t, b.apply(t, second), Applied)
	merged := b.dump(t)
	b.db.Exec(t, `INSERT INTO tickets (id, contact_id, payer_id) VALUES (90, 2, 1), (91, 3, NULL); INSERT INTO "Odd ""name" VALUES (2, 'x'), (4, 'x'); UPDATE tickets SET payer_id = 1 WHERE id = 91`)
	for sql, want := range map[string]string{
		`SELECT contact_id || ' ' || payer_id FROM tickets WHERE id = 90`:         "5 5",
		`SELECT contact_id || ' ' || payer_id FROM tickets WHERE id = 91`:         "3 5",
		`SELECT string_agg("contact'id"::text, ' ' ORDER BY 1) FROM "Odd ""name"`: "5 4",
	} {
		if got := b.query(t, sql); got[0] != want {
			t.Errorf("%s: %s, want %s", sql, got[0], want)
		}
	}
	if rep := b.sweep(t); rep.Steps != 0 {
		t.Errorf("there is something to sweep: %+v", rep)
	}
	b.db.Exec(t, `DELETE FROM tickets WHERE id >= 90; DELETE FROM "Odd ""name"`)
	if d := diff(merged, b.dump(t)); d != "" {
		t.Fatal(d)
	}
	for _, p := range []*cluster.Plan{second, first} {
		if r := b.undo(t, p, 0); r.Outcome != Applied || r.Reason != "" {
			t.Fatalf("undo: %+v", r)
		}
	}
	if d := diff(original, b.dump(t)); d != "" {
		t.Errorf("undone under the guards:\n%s", d)
	}
}

// TestSweepKinds: late rows are found and moved by every kind of reference, and nothing else is.
func TestSweepKinds(t *testing.T) {
	b := setUp(t, crm+`ALTER TABLE contacts ADD code text UNIQUE; UPDATE contacts SET code = 'C' || id;
		CREATE TABLE comments (id int PRIMARY KEY, kind text, subject_id bigint); CREATE INDEX ON comments (subject_id);
		CREATE TABLE mailings (id int PRIMARY KEY, ids bigint[]); CREATE INDEX ON mailings USING gin (ids);
		CREATE TABLE imports (id int PRIMARY KEY, ref text); CREATE INDEX ON imports (ref);
		CREATE TABLE coded (id int PRIMARY KEY, code text REFERENCES contacts (code)); CREATE INDEX ON coded (code)`)
	b.cfg.Columns = []string{"id", "first"}
	b.cfg.References = []Reference{
		{Table: "comments", Column: "subject_id", TypeColumn: "kind", TypeValue: "Contact"}, {Table: "mailings", Column: "ids"}, {Table: "imports", Column: "ref"},
	}
	p := planOf(b.step(t, "1", "2"))
	wantOnly(t, b.apply(t, p), Applied)
	b.db.Exec(t, `INSERT INTO comments VALUES (1, 'Contact', 2), (2, 'Ticket', 2); INSERT INTO mailings VALUES (1, '{3,2,1,2}'), (2, '{3}'); INSERT INTO imports VALUES (1, '2'), (2, 'x'); INSERT INTO coded VALUES (1, 'C2'), (2, 'C3')`)
	v := b.verify(t, VerifyOptions{})
	for _, table := range []string{"comments.subject_id", "mailings.ids", "imports.ref", "coded.code"} {
		if got := strings.Join(problems(v), "\n"); !strings.Contains(got, "1 rows refer to a contact that was merged away, table public."+table+", contact 2") {
			t.Errorf("verify says nothing of %s:\n%s", table, got)
		}
	}
	late := b.dump(t)
	dry, rep := b.sweepDryRun(t), b.sweep(t)
	want := map[string][2]int64{"public.comments.subject_id": {1, 0}, "public.mailings.ids": {1, 0}, "public.imports.ref": {1, 0}, "public.coded.code": {1, 0}}
	if d := cmp.Diff(want, moved(rep)) + cmp.Diff(want, moved(dry)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	got := b.query(t, `SELECT string_agg(x, ' ' ORDER BY n) FROM (SELECT 1 AS n, string_agg(subject_id::text, ',' ORDER BY id) AS x FROM comments UNION ALL SELECT 2, string_agg(ids::text, ',' ORDER BY id) FROM mailings
		UNION ALL SELECT 3, string_agg(ref, ',' ORDER BY id) FROM imports UNION ALL SELECT 4, string_agg(code, ',' ORDER BY id) FROM coded) AS q`)
	if got[0] != "1,2 {3,1},{3} 1,x C1,C3" {
		t.Errorf("after the sweep: %s", got[0])
	}
	b.wantVerified(t)
	if r := b.undo(t, p, 0); r.Outcome != Applied || r.Reason != "" {
		t.Fatalf("undo: %+v", r)
	}
	for _, row := range late { // what came late is as it was written
		if strings.HasPrefix(row, "public.comments") || strings.HasPrefix(row, "public.mailings") || strings.HasPrefix(row, "public.imports") || strings.HasPrefix(row, "public.coded") {
			if !slices.Contains(b.dump(t), row) {
				t.Errorf("%s is not there any more", row)
			}
		}
	}
}
