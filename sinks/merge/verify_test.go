package merge

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/cluster"
)

func (b *bench) verify(t testing.TB, opt VerifyOptions) *Verification {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), b.db.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	v, err := Verify(t.Context(), conn, b.cfg, opt)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// problems lists what is violated, as "I5 ...".
func problems(v *Verification) []string {
	var out []string
	for i := range v.Checks {
		for j := range v.Checks[i].Found {
			out = append(out, v.Checks[i].Number+" "+v.Checks[i].Found[j].String())
		}
	}
	return out
}

func (b *bench) wantVerified(t testing.TB) *Verification {
	t.Helper()
	v := b.verify(t, VerifyOptions{})
	for _, p := range problems(v) {
		t.Error(p)
	}
	return v
}

// since lists what others changed, as "I1 public.tickets 2 ...".
func since(v *Verification) string {
	var out []string
	for i := range v.Checks {
		for _, s := range v.Checks[i].Since {
			out = append(out, fmt.Sprintf("%s %s %d %s", v.Checks[i].Number, s.Table, s.Rows, s.What))
		}
	}
	return strings.Join(out, "\n")
}

// TestVerifyHealthy: what the program does itself violates nothing, in any mode, nested or undone.
func TestVerifyHealthy(t *testing.T) {
	base := prepare(t, crm+`ALTER TABLE contacts ADD merged_into bigint REFERENCES contacts`)
	for _, tt := range []struct {
		name   string
		config func(*Config)
	}{
		{"archive", func(*Config) {}},
		{"archive with a mark", func(c *Config) { c.ArchiveColumn = "merged_into" }},
		{"delete", func(c *Config) { c.Mode = Delete }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := attach(t, base.Clone(t))
			tt.config(&b.cfg)
			b.cfg.Columns = []string{"id", "first", "last"}
			if v := b.wantVerified(t); v.Head != "" || v.Asked() < 8 || len(v.Checks) < 12 {
				t.Errorf("of an empty ledger: %+v", v)
			}
			s := b.step(t, "1", "2")
			value := "ann@other.example"
			s.Changes = []cluster.Change{{Column: "email", Value: &value}}
			first := planOf(s)
			wantOnly(t, b.apply(t, first), Applied)
			v := b.wantVerified(t)
			if got := since(v); strings.Contains(got, "changed since") || strings.Contains(got, "deleted since") {
				t.Errorf("nobody else was here:\n%s", got)
			}
			second := planOf(b.step(t, "3", "1"))
			wantOnly(t, b.apply(t, second), Applied)
			b.wantVerified(t)
			head := v.Head
			b.undo(t, second, 0)
			b.wantVerified(t)
			b.undo(t, first, 0)
			b.wantVerified(t)
			if got := problems(b.verify(t, VerifyOptions{Head: head})); len(got) > 0 {
				t.Errorf("the head of before: %q", got)
			}
			text, err := json.Marshal(v)
			if err != nil || !strings.Contains(string(text), `"number":"I5"`) || strings.Contains(string(text), "example") && strings.Contains(string(text), "@") {
				t.Errorf("as JSON: %s, %v", text, err)
			}
		})
	}
}

// TestVerifyFinds tampers with our tables and the customer's: each change is found, and told by its merge and its number.
func TestVerifyFinds(t *testing.T) {
	base := prepare(t, crm+`CREATE TABLE loose (contact_id bigint); INSERT INTO loose VALUES (1)`)
	const ours = `contactmerge.`
	for _, tt := range []struct{ name, script, number, words string }{
		{"a journal row altered", `UPDATE contactmerge.journal SET before = ARRAY['4'] WHERE table_name = 'notes' AND cluster_id = :1`, "I6", "its journal was altered"},
		{"a journal row deleted", `DELETE FROM contactmerge.journal WHERE seq = 2 AND cluster_id = :1`, "I1", "its journal has"},
		{"a journal row added", `INSERT INTO contactmerge.journal SELECT (jsonb_populate_record(j, '{"seq": 99}')).* FROM contactmerge.journal AS j WHERE seq = 1 AND cluster_id = :1`, "I1", "its journal has"},
		{"all journal rows deleted", `DELETE FROM contactmerge.journal WHERE cluster_id = :1`, "I6", "its journal was altered or purged"},
		{"a ledger row deleted", `DELETE FROM contactmerge.ledger WHERE cluster_id = :1`, "I6", "is missing"},
		{"a ledger row deleted leaves its journal", `DELETE FROM contactmerge.ledger WHERE cluster_id = :1`, "I5", "it has a journal, but no ledger row"},
		{"the last ledger row deleted", `DELETE FROM contactmerge.ledger WHERE cluster_id = :2`, "I5", "it has redirects, but no ledger row"},
		{"two ledger rows exchanged", `UPDATE contactmerge.ledger SET seq = -seq; UPDATE contactmerge.ledger SET seq = 3 + seq`, "I6", ""},
		{"a ledger row altered", `UPDATE contactmerge.ledger SET loser_ids = '{5}' WHERE cluster_id = :1`, "I6", "its ledger row was altered"},
		{"a ledger row altered, hash and all", `UPDATE contactmerge.ledger AS l SET survivor_id = '5' WHERE cluster_id = :1; UPDATE contactmerge.ledger AS l SET hash = ` + chainSQL + ` WHERE cluster_id = :1`, "I6", "does not follow"},
		{"a redirect removed", `DELETE FROM contactmerge.redirects WHERE loser_id = '2'`, "I5", "its loser has no redirect, contact 2"},
		{"a redirect switched off", `UPDATE contactmerge.redirects SET active = false WHERE loser_id = '2'`, "I5", "its loser has no redirect, contact 2"},
		{"a redirect bent", `UPDATE contactmerge.redirects SET survivor_id = '5' WHERE loser_id = '2'`, "I4", "does not lead where its ledger row says, contact 2, 5"},
		{"a redirect to a loser", `UPDATE contactmerge.redirects SET survivor_id = '4' WHERE loser_id = '2'`, "I4", "leads to a contact that was merged away itself"},
		{"a redirect made up", `INSERT INTO contactmerge.redirects (loser_id, survivor_id, plan_id, cluster_id) VALUES ('5', '1', 'x', 'y')`, "I5", "it has redirects, but no ledger row"},
		{"an archived contact deleted", `DELETE FROM contactmerge.archived_contacts WHERE contact_id = '2'`, "I5", "its loser was not archived, contact 2"},
		{"an archived contact altered", `UPDATE contactmerge.archived_contacts SET image[2] = 'Eve' WHERE contact_id = '2'`, "I6", "its journal was altered"},
		{"erased without a word", `UPDATE contactmerge.journal SET key_values = '{}', before = '{}', after = NULL, salt = NULL WHERE cluster_id = :1`, "I6", "its journal was altered"},
		{"a ticket of a loser", `UPDATE tickets SET contact_id = 2 WHERE id = 1`, "I3", "public.tickets.contact_id, contact 2"},
		{"a declared reference to a loser", `UPDATE loose SET contact_id = 2`, "I3", "public.loose.contact_id, contact 2"},
		{"an undo that never was", `INSERT INTO contactmerge.ledger SELECT (jsonb_populate_record(l, '{"seq": 3, "action": "undo"}')).* FROM contactmerge.ledger AS l WHERE cluster_id = :1`, "I5", "it was undone, but its redirect still leads on"},
		{"an image that cannot be read", `UPDATE contactmerge.journal SET after[1] = 'x' WHERE action = 'repoint' AND table_name = 'tickets' AND seq = (SELECT min(seq) FROM contactmerge.journal WHERE table_name = 'tickets' AND cluster_id = :1) AND cluster_id = :1`, "I6", "cannot be read back (SQLSTATE 22P02), table public.tickets"},
		{"an image that reads otherwise", `UPDATE contactmerge.journal SET before[1] = ' 2' WHERE action = 'repoint' AND table_name = 'notes' AND cluster_id = :1`, "I6", "does not reproduce the row, table public.notes"},
		{"the guard switched off", `ALTER TABLE contactmerge.journal DISABLE TRIGGER rows_are_only_added`, "I6", "table journal has lost its guard"},
		{"the guard dropped", `DROP TRIGGER rows_are_only_added ON contactmerge.ledger`, "I6", "table ledger has lost its guard"},
		{"a right to delete", `GRANT DELETE ON contactmerge.ledger TO pg_monitor`, "I6", "role pg_monitor may DELETE in table ledger"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := attach(t, base.Clone(t))
			b.cfg.References = []Reference{{Table: "loose", Column: "contact_id"}}
			b.cfg.Columns = []string{"id", "first", "last", "email"}
			p := planOf(b.step(t, "1", "2"), b.step(t, "3", "4"))
			wantOnly(t, b.apply(t, p), Applied)
			head := b.wantVerified(t).Head
			ids := strings.NewReplacer(":1", "'"+p.Steps[0].Cluster+"'", ":2", "'"+p.Steps[1].Cluster+"'")
			b.tamper(t, ids.Replace(tt.script))
			v := b.verify(t, VerifyOptions{Head: head})
			found := problems(v)
			hit := false
			for _, f := range found {
				hit = hit || strings.HasPrefix(f, tt.number+" ") && strings.Contains(f, tt.words)
				for _, secret := range []string{"example.com", "Okafor", "Eve", "555"} {
					if strings.Contains(f, secret) {
						t.Errorf("a value is told: %s", f)
					}
				}
			}
			if !hit {
				t.Errorf("want %s %q, got\n%s", tt.number, tt.words, strings.Join(found, "\n"))
			}
			if strings.Contains(tt.script, ours) && strings.Contains(tt.script, ":1") && !strings.Contains(strings.Join(found, "\n"), p.Steps[0].Cluster) {
				t.Errorf("the step is not named:\n%s", strings.Join(found, "\n"))
			}
			if v.OK() {
				t.Error("it says that all is well")
			}
		})
	}
}

// TestVerifyTail: whoever takes the last merge off the ledger with all that belongs to it leaves no trace but the head of before.
func TestVerifyTail(t *testing.T) {
	b := setUp(t, crm)
	wantOnly(t, b.apply(t, planOf(b.step(t, "1", "2"))), Applied)
	first := b.wantVerified(t).Head
	wantOnly(t, b.apply(t, planOf(b.step(t, "3", "4"))), Applied)
	second := b.wantVerified(t).Head
	b.tamper(t, `DELETE FROM contactmerge.ledger WHERE seq = 2; DELETE FROM contactmerge.journal AS j WHERE NOT EXISTS (SELECT FROM contactmerge.ledger AS l WHERE l.cluster_id = j.cluster_id);
		DELETE FROM contactmerge.redirects WHERE loser_id = '4'; DELETE FROM contactmerge.archived_contacts WHERE contact_id = '4'`)
	b.wantVerified(t)
	if got := problems(b.verify(t, VerifyOptions{Head: first})); len(got) > 0 {
		t.Errorf("the older head: %q", got)
	}
	if got := problems(b.verify(t, VerifyOptions{Head: second})); len(got) != 1 || !strings.Contains(got[0], "taken off its end") {
		t.Errorf("the newer head: %q", got)
	}
	other := "1:" + strings.Repeat("0", 64)
	if got := problems(b.verify(t, VerifyOptions{Head: other})); len(got) != 1 || !strings.Contains(got[0], "written anew") {
		t.Errorf("another head: %q", got)
	}
	for _, bad := range []string{"x", "1:", ":", "0:" + strings.Repeat("0", 64), "1:12"} {
		if CheckHead(bad) == nil {
			t.Errorf("%q passes for a head", bad)
		}
	}
}

// TestVerifyLaterEdits: what others do to merged rows is counted, and no violation.
func TestVerifyLaterEdits(t *testing.T) {
	b := setUp(t, crm)
	s := b.step(t, "1", "2")
	value := "new@example.com"
	s.Changes = []cluster.Change{{Column: "email", Value: &value}}
	wantOnly(t, b.apply(t, planOf(s)), Applied)
	b.db.Exec(t, `UPDATE contacts SET email = 'later@example.com' WHERE id = 1; UPDATE tickets SET payer_id = 5 WHERE id = 2; DELETE FROM tickets WHERE id = 1;
		DELETE FROM contact_identities WHERE contact_id = 2; INSERT INTO contact_identities (id, contact_id, channel, value) VALUES (2, 1, 'email', 'back@example.com')`)
	got := since(b.wantVerified(t))
	for _, want := range []string{
		"I1 public.tickets 1 rows that were deleted since",
		"I1 public.contact_identities 1 rows that a merge removed and that are there again",
		"I1 public.notes 2 rows without a primary key, which cannot be looked up",
		"I2 public.contacts 1 rows that were changed since",
		"I2 public.tickets 1 rows that were changed since",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("want %q in\n%s", want, got)
		}
	}
	b.db.Exec(t, `ALTER TABLE notes RENAME TO remarks; ALTER TABLE contacts DROP COLUMN email`)
	b.cfg.Columns = []string{"id"}
	got = since(b.wantVerified(t))
	for _, want := range []string{"public.notes 2 journalled rows of a table that is not there any more", `journalled rows with column "email", which is not there any more`} {
		if !strings.Contains(got, want) {
			t.Errorf("want %q in\n%s", want, got)
		}
	}
}

// TestGuards: nobody changes what was journalled, not even the owner by mistake.
func TestGuards(t *testing.T) {
	b := setUp(t, crm)
	wantOnly(t, b.apply(t, planOf(b.step(t, "1", "2"))), Applied)
	for _, sql := range []string{
		`UPDATE contactmerge.journal SET before = '{}'`, `DELETE FROM contactmerge.journal`, `TRUNCATE contactmerge.journal`,
		`UPDATE contactmerge.archived_contacts SET image = '{}'`, `DELETE FROM contactmerge.archived_contacts`, `TRUNCATE contactmerge.archived_contacts`,
		`UPDATE contactmerge.ledger SET survivor_id = '5'`, `DELETE FROM contactmerge.ledger`, `TRUNCATE contactmerge.ledger`,
		`SET contactmerge.erasing = 'on'; UPDATE contactmerge.ledger SET survivor_id = '5'`, `SET contactmerge.erasing = 'on'; TRUNCATE contactmerge.journal`,
	} {
		if _, err := b.db.Pool(t).Exec(t.Context(), sql); err == nil || !strings.Contains(err.Error(), "added and never changed") {
			t.Errorf("%s: %v", sql, err)
		}
	}
	b.wantVerified(t)
}
