package merge

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/cluster"
)

// canaries plants a value of contact 2 wherever our tables can name a person. The contact's own columns have it, too.
const canaries = `
	UPDATE contacts SET last = 'Canary' WHERE id = 2;
	INSERT INTO contact_identities (contact_id, channel, value) VALUES (2, 'email', 'canary@example.com'), (1, 'email', 'canary@example.com');
	INSERT INTO contactmerge.runs (run_id, state, host, pid) VALUES ('r', 'done', 'h', 1);
	CREATE TABLE contactmerge.suggestions_1 PARTITION OF contactmerge.suggestions FOR VALUES IN ('r');
	CREATE TABLE contactmerge.clusters_1 PARTITION OF contactmerge.clusters FOR VALUES IN ('r');
	CREATE TABLE contactmerge.cluster_members_1 PARTITION OF contactmerge.cluster_members FOR VALUES IN ('r');
	INSERT INTO contactmerge.suggestions (run_id, contact_id_a, contact_id_b, decision, match_weight, match_probability, match_key, reasons, evidence) VALUES
		('r', '1', '2', 'suggest', 1, 1, 'email', '{}', '{"a": "Canary"}'), ('r', '3', '4', 'suggest', 1, 1, 'email', '{}', '{"a": "Ben"}');
	INSERT INTO contactmerge.clusters (run_id, cluster_id, decision, survivor_id, members, golden) VALUES ('r', 'c', 'suggest', '1', 2, '[{"value": "Canary"}]'), ('r', 'd', 'suggest', '3', 2, '[{"value": "Ben"}]');
	INSERT INTO contactmerge.cluster_members (run_id, cluster_id, contact_id, survivor, decision) VALUES ('r', 'c', '1', true, 'suggest'), ('r', 'c', '2', false, 'suggest'), ('r', 'd', '3', true, 'suggest'), ('r', 'd', '4', false, 'suggest');
	INSERT INTO contactmerge.decisions (decision, contact_ids, decided_by, why) VALUES ('do_not_merge', '{2,5}', 'me', 'Canary called'), ('do_not_merge', '{3,4}', 'me', 'Ben called');
	INSERT INTO contactmerge.approvals (decision_id, cluster_id, version, step_id, run_id, contact_ids, step) SELECT decision_id, 'c', 'v', 's', 'r', contact_ids, '{"name": "Canary"}' FROM contactmerge.decisions WHERE '2' = ANY (contact_ids);
	INSERT INTO contactmerge.approved_contacts SELECT '2', approval_id FROM contactmerge.approvals;
	INSERT INTO contactmerge.declined_content SELECT '2', '5', decision_id, 'x', 'y' FROM contactmerge.decisions WHERE '2' = ANY (contact_ids)`

// ours is every row of our tables as text.
func (b *bench) ours(t testing.TB) string {
	t.Helper()
	var out []string
	for _, table := range b.query(t, `SELECT c.oid::regclass::text FROM pg_class AS c WHERE c.relnamespace = 'contactmerge'::regnamespace AND c.relkind = 'r' ORDER BY 1`) {
		out = append(out, b.query(t, `SELECT '`+table+` ' || to_jsonb(t)::text FROM `+table+` AS t`)...)
	}
	for _, body := range b.query(t, `SELECT convert_from(body, 'UTF8') FROM contactmerge.plans`) {
		out = append(out, "plan "+body)
	}
	return strings.Join(out, "\n")
}

func (b *bench) forget(t testing.TB, contact string) *Forgotten {
	t.Helper()
	m, err := New(b.lock, b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	f, err := m.Forget(t.Context(), contact)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (b *bench) conn(t testing.TB) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), b.db.DSN)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func counts(list []Erasure) map[string]int64 {
	out := make(map[string]int64)
	for _, e := range list {
		if e.Rows > 0 {
			out[e.What] = e.Rows
		}
	}
	return out
}

// TestForget erases a person who was merged twice over, asked for by the id of the first loser: nothing of what the contacts said is left in
// our tables, the chain holds, the merges of others can be undone, those of the person cannot.
func TestForget(t *testing.T) {
	base := prepare(t, crm)
	for _, asked := range []string{"2", "1", "5"} { // the first loser, the loser in between, the survivor
		t.Run(asked, func(t *testing.T) {
			b := attach(t, base.Clone(t))
			b.db.Exec(t, canaries)
			b.cfg.Columns = []string{"id", "first"}
			s := b.step(t, "1", "2")
			value := "Canary"
			s.Changes = []cluster.Change{{Column: "last", Value: &value}}
			first, other := planOf(s), planOf(b.step(t, "3", "4"))
			wantOnly(t, b.apply(t, first), Applied)
			wantOnly(t, b.apply(t, other), Applied)
			second := planOf(b.step(t, "5", "1"))
			wantOnly(t, b.apply(t, second), Applied)
			if text := b.ours(t); strings.Count(text, "Canary") < 8 || !strings.Contains(text, "canary@") {
				t.Fatalf("the canaries are not there:\n%s", text)
			}
			head := b.wantVerified(t).Head

			dry, err := ForgetDryRun(t.Context(), b.conn(t), b.cfg, asked)
			if err != nil {
				t.Fatal(err)
			}
			before := b.ours(t)
			if d := cmp.Diff([]string{"1", "2", "5"}, dry.Contacts); d != "" || dry.Receipt != "" || dry.Merges != 2 {
				t.Errorf("the dry run found %+v", dry)
			}
			if d := cmp.Diff(before, b.ours(t)); d != "" {
				t.Errorf("the dry run wrote:\n%s", d)
			}
			rows := b.dump(t)
			f := b.forget(t, asked)
			if d := cmp.Diff(counts(dry.Erased), counts(f.Erased)); d != "" {
				t.Errorf("(-dry run +real):\n%s", d)
			}
			if d := cmp.Diff([]string{"1", "2", "5"}, f.Standing); d != "" {
				t.Errorf("rows still standing: %s", d)
			}
			text := b.ours(t)
			for _, secret := range []string{"Canary", "canary@", "Ann"} {
				if strings.Contains(text, secret) {
					t.Errorf("%q is left in\n%s", secret, text)
				}
			}
			for _, kept := range []string{"Ben", "Ben called", f.Receipt} {
				if !strings.Contains(text, kept) {
					t.Errorf("%q went, too", kept)
				}
			}
			if d := diff(rows, b.dump(t)); d != "" {
				t.Errorf("the customer's rows changed:\n%s", d)
			}
			if got := problems(b.verify(t, VerifyOptions{Head: head})); len(got) > 0 {
				t.Errorf("afterwards: %q", got)
			}
			for _, p := range []*cluster.Plan{second, first} {
				// The older one also waits for the newer one, which cannot be undone any more.
				if r := b.undo(t, p, 0); r.Outcome != Refused || p == second && !strings.Contains(r.Reason, "forg") {
					t.Errorf("undo of a forgotten merge: %+v", r)
				}
			}
			if r := b.undo(t, other, 0); r.Outcome != Applied {
				t.Errorf("undo of somebody else's merge: %+v", r)
			}
			again := b.forget(t, asked)
			if !again.Empty() || again.Merges != 0 {
				t.Errorf("the second time there was still %+v", again)
			}
			b.wantVerified(t)
			b.tamper(t, `UPDATE contactmerge.journal SET before = '{Canary}' WHERE cluster_id = '`+first.Steps[0].Cluster+`' AND seq = 1`)
			if got := strings.Join(problems(b.verify(t, VerifyOptions{})), "\n"); !strings.Contains(got, "was forgotten, and yet some of it can be read") {
				t.Errorf("an image put back: %s", got)
			}
		})
	}
}

// TestForgetUndone erases somebody who was merged by mistake and taken back: the other contact's merges stay undoable.
func TestForgetUndone(t *testing.T) {
	b := setUp(t, crm)
	b.cfg.Columns = []string{"id", "first"}
	wrong := planOf(b.step(t, "1", "2"))
	wantOnly(t, b.apply(t, wrong), Applied)
	if r := b.undo(t, wrong, 0); r.Outcome != Applied {
		t.Fatalf("undo: %+v", r)
	}
	right := planOf(b.step(t, "1", "3"))
	wantOnly(t, b.apply(t, right), Applied)
	f := b.forget(t, "2")
	if d := cmp.Diff([]string{"2"}, f.Contacts); d != "" || f.Merges != 1 {
		t.Errorf("forgotten: %+v", f)
	}
	b.wantVerified(t)
	if r := b.undo(t, right, 0); r.Outcome != Applied || r.Reason != "" {
		t.Errorf("undo of the other merge: %+v", r)
	}
	if f := b.forget(t, "77"); !f.Empty() || len(f.Standing) != 0 {
		t.Errorf("somebody unknown: %+v", f)
	}
	b.wantVerified(t)
}

func (b *bench) purge(t testing.TB, keep time.Duration) *Purged {
	t.Helper()
	m, err := New(b.lock, b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Purge(t.Context(), keep)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// aged makes the ledger rows up to seq two hours older, hashes and all, as if time had passed.
func (b *bench) aged(t testing.TB, seq string) {
	t.Helper()
	b.tamper(t, `UPDATE contactmerge.ledger SET applied_at = applied_at - interval '2 hours' WHERE seq <= `+seq+`;
		DO $$ DECLARE n bigint; BEGIN FOR n IN SELECT seq FROM contactmerge.ledger ORDER BY seq LOOP
			UPDATE contactmerge.ledger AS l SET prev_hash = coalesce((SELECT p.hash FROM contactmerge.ledger AS p WHERE p.seq = l.seq - 1), '') WHERE l.seq = n;
			UPDATE contactmerge.ledger AS l SET hash = `+chainSQL+` WHERE l.seq = n; END LOOP; END $$`)
}

// TestPurge removes the journal of the older of two merges: it cannot be undone any more, the younger can, and the chain holds.
func TestPurge(t *testing.T) {
	b := setUp(t, crm)
	b.cfg.Columns = []string{"id", "first"}
	old, young := planOf(b.step(t, "1", "2")), planOf(b.step(t, "3", "4"))
	wantOnly(t, b.apply(t, old), Applied)
	wantOnly(t, b.apply(t, young), Applied)
	if p := b.purge(t, time.Hour); p.Merges != 0 || len(counts(p.Erased)) != 0 {
		t.Errorf("nothing is old yet, but %+v", p)
	}
	b.aged(t, "1")
	head := b.wantVerified(t).Head
	dry, err := PurgeDryRun(t.Context(), b.conn(t), b.cfg, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	p := b.purge(t, time.Hour)
	if d := cmp.Diff(counts(dry.Erased), counts(p.Erased)); d != "" || p.Merges != 1 || dry.Merges != 1 || p.Through != 1 || len(counts(p.Erased)) != 2 {
		t.Errorf("dry run %+v, purge %+v", dry, p)
	}
	if got := problems(b.verify(t, VerifyOptions{Head: head})); len(got) > 0 {
		t.Errorf("afterwards: %q", got)
	}
	if n := b.query(t, `SELECT count(*)::text FROM contactmerge.journal WHERE cluster_id = $1`, old.Steps[0].Cluster); n[0] != "0" {
		t.Errorf("%s journal rows are left", n[0])
	}
	if r := b.undo(t, old, 0); r.Outcome != Refused || !strings.Contains(r.Reason, "purged") {
		t.Errorf("undo of a purged merge: %+v", r)
	}
	if r := b.undo(t, young, 0); r.Outcome != Applied || r.Reason != "" {
		t.Errorf("undo of the younger: %+v", r)
	}
	b.wantVerified(t)
	if p := b.purge(t, time.Hour); p.Merges != 0 || len(counts(p.Erased)) != 0 {
		t.Errorf("the second time: %+v", p)
	}
	b.tamper(t, `INSERT INTO contactmerge.journal (plan_id, cluster_id, seq, action, table_schema, table_name, key_columns, key_values, columns, before) VALUES ('`+old.ID+`', '`+old.Steps[0].Cluster+`', 1, 'remove', 'public', 'x', '{}', '{}', '{}', '{x}')`)
	if got := strings.Join(problems(b.verify(t, VerifyOptions{})), "\n"); !strings.Contains(got, "was purged, and yet there are rows in it") {
		t.Errorf("a row put back: %s", got)
	}
}

// TestPurgeTampered: whoever deletes a journal cannot pass it off as purged.
func TestPurgeTampered(t *testing.T) {
	b := setUp(t, crm)
	wantOnly(t, b.apply(t, planOf(b.step(t, "1", "2"))), Applied)
	b.tamper(t, `DELETE FROM contactmerge.journal; INSERT INTO contactmerge.ledger SELECT (jsonb_populate_record(l, '{"seq": 2, "plan_id": "purge", "cluster_id": "1", "action": "purge"}')).* FROM contactmerge.ledger AS l`)
	if got := strings.Join(problems(b.verify(t, VerifyOptions{})), "\n"); !strings.Contains(got, "does not follow") {
		t.Errorf("got %s", got)
	}
}

// TestForgetOverwritten: what an undo wrote over is a copy of somebody's data, too.
func TestForgetOverwritten(t *testing.T) {
	for _, how := range []string{"forget", "purge"} {
		t.Run(how, func(t *testing.T) {
			b := setUp(t, crm)
			s := b.step(t, "1", "2")
			value := "Okafor-Marsh"
			s.Changes = []cluster.Change{{Column: "last", Value: &value}}
			p := planOf(s)
			wantOnly(t, b.apply(t, p), Applied)
			b.db.Exec(t, `UPDATE contacts SET last = 'Canary' WHERE id = 1`)
			sel, err := Select(t.Context(), b.conn(t), "", Selection{Plan: p.ID})
			if err != nil {
				t.Fatal(err)
			}
			m, err := New(b.lock, b.cfg)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Undo(t.Context(), m, sel, UndoOptions{OnConflict: RestoreValues}); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(b.ours(t), "Canary") {
				t.Fatal("what was written over is not journalled")
			}
			b.wantVerified(t)
			if how == "forget" {
				if f := b.forget(t, "1"); f.Merges != 1 {
					t.Errorf("forgotten: %+v", f)
				}
			} else {
				b.aged(t, "99")
				if p := b.purge(t, time.Hour); len(counts(p.Erased)) != 2 {
					t.Errorf("purged: %+v", p)
				}
			}
			if text := b.ours(t); strings.Contains(text, "Canary") {
				t.Errorf("it is left in\n%s", text)
			}
			b.wantVerified(t)
		})
	}
}
