package merge

import (
	"strings"
	"testing"

	"github.com/contactmerge/contactmerge/internal/cluster"
)

// TestCollisions merges two contacts of which both have the same slot, by every policy. The dry run must foresee it, and undo must bring
// everything back.
func TestCollisions(t *testing.T) {
	base := prepare(t, crm+`CREATE TABLE slots (id int PRIMARY KEY, contact_id bigint NOT NULL REFERENCES contacts, slot text, note text, colour text, CONSTRAINT one_slot UNIQUE (contact_id, slot));
		INSERT INTO slots VALUES (1, 1, 'a', 'mine', NULL), (2, 2, 'a', 'theirs', 'red'), (3, 2, 'b', 'other', NULL), (4, 3, 'a', NULL, 'blue');`)
	for _, tt := range []struct {
		policy Policy
		want   []string // what is at the survivor
	}{
		{KeepSurvivor, []string{"1 a mine -", "3 b other -"}},
		{KeepLoser, []string{"2 a theirs red", "3 b other -"}},
		{Union, []string{"1 a mine red", "3 b other -"}},
	} {
		t.Run(string(tt.policy), func(t *testing.T) {
			b := attach(t, base.Clone(t))
			b.cfg.Collisions = map[string]Policy{"one_slot": tt.policy}
			before := b.dump(t)
			p := planOf(b.step(t, "1", "2", "3"))
			dry, rep := b.dryRun(t, p), b.apply(t, p)
			wantOnly(t, rep, Applied)
			if d := diff(dry, rep); d != "" {
				t.Errorf("the dry run foresaw something else (-dry +real):\n%s", d)
			}
			if d := diff(tt.want, b.query(t, `SELECT concat_ws(' ', id, slot, note, coalesce(colour, '-')) FROM slots WHERE contact_id = 1 ORDER BY id`)); d != "" {
				t.Errorf("slots (-want +got):\n%s", d)
			}
			b.wantJournalSound(t)
			if r := b.undo(t, p, 0); r.Outcome != Applied {
				t.Fatalf("undo: %+v", r)
			}
			if d := diff(before, b.dump(t)); d != "" {
				t.Errorf("undo left (-before +after):\n%s", d)
			}
		})
	}
	t.Run("refuse", func(t *testing.T) {
		b := attach(t, base.Clone(t))
		b.wantRefused(t, planOf(b.step(t, "1", "2")), `"one_slot" of public.slots`)
	})
	t.Run("unknown name", func(t *testing.T) {
		b := attach(t, base.Clone(t))
		b.cfg.Collisions = map[string]Policy{"one_slto": Union}
		m, err := New(b.lock, b.cfg)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Apply(t.Context(), m, planOf(b.step(t, "1", "2")), Options{}); err == nil || !strings.Contains(err.Error(), `did you mean "one_slot"?`) {
			t.Errorf("err = %v", err)
		}
	})
}

// TestDeclaredReferences moves lists of ids, ids with a type, ids kept as text, and foreign keys to another column.
func TestDeclaredReferences(t *testing.T) {
	b := setUp(t, crm+`ALTER TABLE contacts ADD code text UNIQUE; UPDATE contacts SET code = 'c' || id;
		CREATE TABLE cards (n int PRIMARY KEY, code text REFERENCES contacts (code)); INSERT INTO cards VALUES (1, 'c2'), (2, 'c4');
		CREATE TABLE lists (n int PRIMARY KEY, ids bigint[]); INSERT INTO lists VALUES (1, '{4,2,1,NULL,3,2}'), (2, '{4}'), (3, '{3,5,5}');
		CREATE TABLE acts (n int PRIMARY KEY, target text, target_type text); INSERT INTO acts VALUES (1, '2', 'Contact'), (2, '2', 'Deal'), (3, '3', 'Contact');`)
	b.cfg.References = []Reference{{Table: "lists", Column: "ids"}, {Table: "acts", Column: "target", TypeColumn: "target_type", TypeValue: "Contact"}}
	before := b.dump(t)
	p := planOf(b.step(t, "1", "2", "3"))
	dry, rep := b.dryRun(t, p), b.apply(t, p)
	wantOnly(t, rep, Applied)
	if d := diff(dry, rep); d != "" {
		t.Errorf("the dry run foresaw something else (-dry +real):\n%s", d)
	}
	for sql, want := range map[string][]string{
		`SELECT code FROM cards ORDER BY n`:      {"c1", "c4"},
		`SELECT ids::text FROM lists ORDER BY n`: {"{4,1,NULL}", "{4}", "{1,5,5}"},
		`SELECT target FROM acts ORDER BY n`:     {"1", "2", "1"},
	} {
		if d := diff(want, b.query(t, sql)); d != "" {
			t.Errorf("%s (-want +got):\n%s", sql, d)
		}
	}
	if r := b.undo(t, p, 0); r.Outcome != Applied {
		t.Fatalf("undo: %+v", r)
	}
	if d := diff(before, b.dump(t)); d != "" {
		t.Errorf("undo left (-before +after):\n%s", d)
	}
}

// TestUniqueValueHandedOver gives the survivor an email that must be unique and is a loser's.
func TestUniqueValueHandedOver(t *testing.T) {
	base := prepare(t, crm+`UPDATE contacts SET email = 'e' || id; CREATE UNIQUE INDEX one_email ON contacts (lower(email))`)
	for _, tt := range []struct {
		name, script, words string
		mode                Mode
	}{
		{name: "archive", mode: Archive},
		{name: "delete", mode: Delete},
		{name: "must not be empty", mode: Archive, script: `ALTER TABLE contacts ALTER email SET NOT NULL`, words: `"one_email"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := attach(t, base.Clone(t))
			b.db.Exec(t, tt.script+`;SELECT 1`)
			b.cfg.Mode = tt.mode
			before := b.dump(t)
			s := b.step(t, "1", "2")
			s.Changes = []cluster.Change{{Column: "email", Value: text("E2"), From: "2"}}
			p := planOf(s)
			if tt.words != "" {
				b.wantRefused(t, p, tt.words)
				return
			}
			wantOnly(t, b.apply(t, p), Applied)
			if got := b.query(t, `SELECT id::text FROM contacts WHERE email = 'E2'`); diff([]string{"1"}, got) != "" {
				t.Errorf("the email is at %v", got)
			}
			if r := b.undo(t, p, 0); r.Outcome != Applied {
				t.Fatalf("undo: %+v", r)
			}
			if d := diff(before, b.dump(t)); d != "" {
				t.Errorf("undo left (-before +after):\n%s", d)
			}
		})
	}
}
