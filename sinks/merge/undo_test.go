package merge

import (
	"fmt"
	"strings"
	"testing"

	"github.com/contactmerge/contactmerge/internal/cluster"
)

func (b *bench) undo(t testing.TB, p *cluster.Plan, step int) StepResult {
	t.Helper()
	m, err := New(b.lock, b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	r, err := m.Undo(t.Context(), p.ID, p.Steps[step].Cluster)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// backUp copies every table of schema public.
func (b *bench) backUp(t testing.TB) {
	t.Helper()
	b.db.Exec(t, `CREATE SCHEMA backup`)
	b.cfg.Acknowledged = append(b.cfg.Acknowledged, Reference{Table: "backup.*", Column: "*"})
	for _, table := range b.tables(t) {
		b.db.Exec(t, `CREATE TABLE backup.`+table+` AS TABLE public.`+table)
	}
}

func (b *bench) tables(t testing.TB) []string {
	t.Helper()
	return b.query(t, `SELECT quote_ident(relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY 1`)
}

// differences compares the tables with their backup to the last bit, whatever the order of the rows.
func (b *bench) differences(t testing.TB) (out []string) {
	t.Helper()
	for _, table := range b.tables(t) {
		const side = `(SELECT t AS r, row_number() OVER (ORDER BY t::text COLLATE "C") AS n FROM %s.%s AS t)`
		for _, row := range b.query(t, `SELECT coalesce(b.r::text, '-') || ' became ' || coalesce(a.r::text, '-') FROM `+fmt.Sprintf(side, "backup", table)+` AS b FULL JOIN `+fmt.Sprintf(side, "public", table)+` AS a USING (n) WHERE (b.r *= a.r) IS NOT TRUE`) {
			out = append(out, "table "+table+": "+row)
		}
	}
	return out
}

// wantIdentical fails when a row differs from its backup.
func (b *bench) wantIdentical(t testing.TB) {
	t.Helper()
	for _, d := range b.differences(t) {
		t.Error(d)
	}
}

func (b *bench) wantJournalSound(t testing.TB) {
	t.Helper()
	wrong, err := VerifyJournal(t.Context(), b.lock.Conn(), "contactmerge")
	if err != nil || wrong != "" {
		t.Errorf("journal: %q, %v", wrong, err)
	}
}

func TestUndo(t *testing.T) {
	base := prepare(t, crm+`ALTER TABLE contacts ADD merged_into bigint REFERENCES contacts, ADD status text DEFAULT 'live'`)
	for _, tt := range []struct {
		name   string
		config func(*Config)
		check  string // what is true between merge and undo
	}{
		{"archive", func(*Config) {}, `SELECT count(*) = 5 FROM contacts`},
		{"archive with the survivor as mark", func(c *Config) { c.ArchiveColumn = "merged_into" }, `SELECT count(*) = 2 FROM contacts WHERE merged_into = 1`},
		{"archive with a word as mark", func(c *Config) { c.ArchiveColumn, c.ArchiveValue = "status", "merged" }, `SELECT count(*) = 2 FROM contacts WHERE status = 'merged'`},
		{"delete", func(c *Config) { c.Mode = Delete }, `SELECT count(*) = 3 FROM contacts`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := attach(t, base.Clone(t))
			tt.config(&b.cfg)
			b.db.Exec(t, `UPDATE contacts SET manager_id = 3 WHERE id = 1; UPDATE contacts SET manager_id = 2 WHERE id = 3`) // the survivor under a loser, a loser under a loser
			b.db.Exec(t, `INSERT INTO notes VALUES (1, 'same')`)                                                             // equal to one that moves here
			b.backUp(t)
			s := b.step(t, "1", "2", "3")
			s.Changes = []cluster.Change{{Column: "last", Value: text("X")}, {Column: "email"}}
			p := planOf(s)
			wantOnly(t, b.apply(t, p), Applied)
			if got := b.query(t, `SELECT (`+tt.check+`)::text`); got[0] != "true" {
				t.Errorf("not so after the merge: %s", tt.check)
			}
			if got := b.query(t, `SELECT coalesce(manager_id::text, 'none') FROM contacts WHERE id = 1`); got[0] != "none" {
				t.Errorf("the survivor is under %s, want none", got[0])
			}
			b.wantJournalSound(t)
			if r := b.undo(t, p, 0); r.Outcome != Applied || r.Reason != "" || r.Losers != 2 {
				t.Fatalf("undo: %+v", r)
			}
			b.wantIdentical(t)
			b.wantInvariants(t)
			b.wantJournalSound(t)
			if got := b.query(t, `SELECT count(*)::text FROM contactmerge.redirects WHERE active`); got[0] != "0" {
				t.Errorf("%s redirects are left", got[0])
			}
			if r := b.undo(t, p, 0); r.Outcome != AlreadyApplied {
				t.Errorf("second undo: %+v", r)
			}
			if rep := b.apply(t, p); rep.Count(Refused) != 1 {
				t.Errorf("applying what was undone: %+v", rep)
			}
		})
	}
}

// TestUndoKeepsLaterWork changes and adds rows after a merge; only what the merge did goes back.
func TestUndoKeepsLaterWork(t *testing.T) {
	b := setUp(t, crm)
	s := b.step(t, "1", "2")
	s.Changes = []cluster.Change{{Column: "first", Value: text("A")}, {Column: "last", Value: text("L")}}
	p := planOf(s)
	wantOnly(t, b.apply(t, p), Applied)
	b.db.Exec(t, `UPDATE contacts SET last = 'Edited' WHERE id = 1; UPDATE tickets SET contact_id = 4 WHERE title = 'b'; DELETE FROM tags WHERE tag = 'new'; INSERT INTO messages (contact_id, body) VALUES (1, 'after')`)
	r := b.undo(t, p, 0)
	if r.Outcome != Applied || r.Reason != "3 rows or fields changed since and were left alone" {
		t.Errorf("undo: %+v", r)
	}
	for sql, want := range map[string]string{
		`SELECT first || last FROM contacts WHERE id = 1`:                      "AnnEdited",
		`SELECT contact_id::text FROM tickets WHERE title = 'b'`:               "4",
		`SELECT contact_id::text FROM messages WHERE body = 'after'`:           "1",
		`SELECT count(*)::text FROM messages WHERE contact_id = 2`:             "2",
		`SELECT count(*)::text FROM contact_identities WHERE contact_id = 2`:   "2",
		`SELECT string_agg(tag, ',') FROM tags WHERE contact_id IN (1, 2)`:     "vip",
		`SELECT count(*)::text FROM notes WHERE contact_id = 2`:                "2",
		`SELECT manager_id::text FROM contacts WHERE id = 4`:                   "2",
		`SELECT count(*)::text FROM contactmerge.redirects WHERE active`:       "0",
		`SELECT count(*)::text FROM contactmerge.ledger WHERE action = 'undo'`: "1",
	} {
		if got := b.query(t, sql); got[0] != want {
			t.Errorf("%s: %s, want %s", sql, got[0], want)
		}
	}
}

// TestChain merges A into B, then B into C: everybody leads to C in one hop, and undo goes back in the opposite order only.
func TestChain(t *testing.T) {
	b := setUp(t, crm)
	b.cfg.Columns = []string{"id", "first", "last", "email"}
	b.backUp(t)
	first := planOf(b.step(t, "2", "1"))
	wantOnly(t, b.apply(t, first), Applied)
	second := planOf(b.step(t, "3", "2"))
	wantOnly(t, b.apply(t, second), Applied)
	redirects := func() []string {
		return b.query(t, `SELECT loser_id || '>' || survivor_id FROM contactmerge.redirects WHERE active ORDER BY 1`)
	}
	if d := diff([]string{"1>3", "2>3"}, redirects()); d != "" {
		t.Errorf("redirects (-want +got):\n%s", d)
	}
	b.wantInvariants(t)
	if r := b.undo(t, first, 0); r.Outcome != Refused || !strings.Contains(r.Reason, "undo that first") || !strings.Contains(r.Reason, short(second.ID)) {
		t.Errorf("undoing the older first: %+v", r)
	}
	if r := b.undo(t, second, 0); r.Outcome != Applied {
		t.Errorf("undoing the newer: %+v", r)
	}
	if d := diff([]string{"1>2"}, redirects()); d != "" {
		t.Errorf("redirects (-want +got):\n%s", d)
	}
	if r := b.undo(t, first, 0); r.Outcome != Applied || r.Reason != "" {
		t.Errorf("undoing the older: %+v", r)
	}
	b.wantIdentical(t)
	b.wantJournalSound(t)
}

// TestOrderDoesNotMatter merges three contacts at once, and one after the other: the customer's rows are the same in the end.
func TestOrderDoesNotMatter(t *testing.T) {
	base := prepare(t, crm+`
		CREATE TABLE slots (contact_id bigint REFERENCES contacts, slot text, UNIQUE (contact_id, slot)); INSERT INTO slots VALUES (1, NULL), (2, NULL), (3, NULL), (3, 'a');
		UPDATE contacts SET manager_id = 3 WHERE id = 2;`)
	once, twice := attach(t, base.Clone(t)), attach(t, base.Clone(t))
	wantOnly(t, once.apply(t, planOf(once.step(t, "1", "2", "3"))), Applied)
	for _, loser := range []string{"2", "3"} {
		wantOnly(t, twice.apply(t, planOf(twice.step(t, "1", loser))), Applied)
	}
	if d := diff(once.dump(t), twice.dump(t)); d != "" {
		t.Errorf("(-once +twice):\n%s", d)
	}
	const redirects = `SELECT loser_id || '>' || survivor_id FROM contactmerge.redirects WHERE active ORDER BY 1`
	if d := diff(once.query(t, redirects), twice.query(t, redirects)); d != "" {
		t.Errorf("redirects (-once +twice):\n%s", d)
	}
}

func TestUndoRefuses(t *testing.T) {
	base := prepare(t, crm)
	for _, tt := range []struct{ name, script, words, wrong string }{
		{"altered journal", `UPDATE contactmerge.journal SET before = ARRAY['4'] WHERE action = 'repoint' AND table_name = 'notes'`, "journal was altered", "its journal was altered"},
		{"purged journal", `DELETE FROM contactmerge.journal WHERE seq = 2`, "journal was altered or purged", "its journal was altered"},
		{"identity given to another meanwhile", `INSERT INTO contact_identities (id, contact_id, channel, value) VALUES (2, 4, 'email', 'other@example.com')`, "its key was used since", ""},
		{"altered archive", `UPDATE contactmerge.archived_contacts SET survivor_id = '4'`, "journal was altered", "its journal was altered"},
		{"altered hash", `UPDATE contactmerge.journal SET row_hash = sha256('x') WHERE seq = 1`, "journal was altered", "its journal was altered"},
		{"altered time", `UPDATE contactmerge.ledger SET applied_at = applied_at - interval '1 day'`, "", "its ledger row was altered"},
		{"column gone", `ALTER TABLE notes DROP COLUMN body`, `public.notes has no column "body" any more`, ""},
		{"ledger of another step", `UPDATE contactmerge.ledger SET survivor_id = '4'`, "", "its ledger row was altered"},
		{"missing ledger row", `UPDATE contactmerge.ledger SET seq = 7`, "", "missing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := attach(t, base.Clone(t))
			p := planOf(b.step(t, "1", "2"))
			wantOnly(t, b.apply(t, p), Applied)
			if tt.words != "" {
				b.db.Exec(t, `DELETE FROM contact_identities WHERE id = 2`)
			}
			b.tamper(t, tt.script)
			before := b.dump(t)
			if tt.words != "" {
				if r := b.undo(t, p, 0); r.Outcome != Refused || !strings.Contains(r.Reason, tt.words) {
					t.Errorf("want %q, got %+v", tt.words, r)
				}
			}
			if d := diff(before, b.dump(t)); d != "" {
				t.Errorf("rows changed:\n%s", d)
			}
			wrong, err := VerifyJournal(t.Context(), b.lock.Conn(), "contactmerge")
			if err != nil || (tt.wrong == "") != (wrong == "") || !strings.Contains(wrong, tt.wrong) {
				t.Errorf("verify: %q, %v; want %q", wrong, err, tt.wrong)
			}
		})
	}
	t.Run("never applied", func(t *testing.T) {
		b := attach(t, base.Clone(t))
		if r := b.undo(t, planOf(b.step(t, "1", "2")), 0); r.Outcome != Refused || !strings.Contains(r.Reason, "not applied") {
			t.Errorf("undo: %+v", r)
		}
	})
}
