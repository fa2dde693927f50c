package merge

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/cluster"
)

// TestUndoPolicies edits a field, moves a ticket and deletes a tag after a merge.
func TestUndoPolicies(t *testing.T) {
	base := prepare(t, crm)
	const state = `SELECT first || coalesce(last, '-') FROM contacts WHERE id = 1 UNION ALL SELECT contact_id::text FROM tickets WHERE title = 'b'
		UNION ALL SELECT count(*)::text FROM tags WHERE tag = 'new' UNION ALL SELECT count(*)::text FROM contactmerge.redirects WHERE active`
	conflict := func(table, column string, kind ConflictKind) ConflictSum {
		return ConflictSum{Conflict: Conflict{Table: table, Column: column, Kind: kind, Rows: 1}, Survivors: []string{"1"}}
	}
	tags := conflict("public.tags", "contact_id", Missing)
	for _, tt := range []struct {
		policy    ConflictPolicy
		outcome   Outcome
		conflicts []ConflictSum
		state     []string
		journal   []string // what was written over
	}{
		{KeepChanges, Applied, []ConflictSum{conflict("public.contacts", "last", Changed), tags, conflict("public.tickets", "contact_id", Changed)}, []string{"AnnEdited", "4", "0", "0"}, nil},
		{
			RestoreValues, Applied,
			[]ConflictSum{conflict("public.contacts", "last", Overwritten), tags, conflict("public.tickets", "contact_id", Overwritten)},
			[]string{"AnnOkafor", "2", "0", "0"},
			[]string{"contacts last=Edited", "tickets contact_id=4"},
		},
		{RefuseChanged, Refused, nil, []string{"AEdited", "4", "0", "1"}, nil},
	} {
		t.Run(string(tt.policy), func(t *testing.T) {
			b := attach(t, base.Clone(t))
			s := b.step(t, "1", "2")
			s.Changes = []cluster.Change{{Column: "first", Value: text("A")}, {Column: "last", Value: text("L")}}
			p := planOf(s)
			wantOnly(t, b.apply(t, p), Applied)
			b.db.Exec(t, `UPDATE contacts SET last = 'Edited' WHERE id = 1; UPDATE tickets SET contact_id = 4 WHERE title = 'b'; DELETE FROM tags WHERE tag = 'new'`)
			rep := b.undoAll(t, Selection{Plan: p.ID}, UndoOptions{OnConflict: tt.policy})
			if rep.Count(tt.outcome) != 1 {
				t.Fatalf("want %s, got %+v", tt.outcome, rep)
			}
			if d := diff(tt.conflicts, rep.Conflicts); d != "" {
				t.Errorf("conflicts (-want +got):\n%s", d)
			}
			if d := diff(tt.state, b.query(t, state)); d != "" {
				t.Errorf("rows (-want +got):\n%s", d)
			}
			journal := b.query(t, `SELECT table_name || ' ' || c || '=' || v FROM contactmerge.journal, unnest(columns, before, after) AS u(c, v, a) WHERE plan_id LIKE 'undo:%' AND v NOT IN ('A') ORDER BY 1`)
			if d := diff(strings.Join(tt.journal, "\n"), strings.Join(journal, "\n")); d != "" {
				t.Errorf("journal of what was written over (-want +got):\n%s", d)
			}
			b.wantJournalSound(t)
		})
	}
}

// TestUndoWhenContactsChanged deletes a contact of a merge, or gives its id away.
func TestUndoWhenContactsChanged(t *testing.T) {
	base := prepare(t, crm)
	const free = `UPDATE contacts SET manager_id = NULL; DELETE FROM tickets; DELETE FROM messages; DELETE FROM notes; DELETE FROM tags; DELETE FROM contact_identities; `
	for _, tt := range []struct {
		name, script, words string
		mode                Mode
	}{
		{"survivor deleted", free + `DELETE FROM contacts WHERE id = 1`, "contact 1, which the others were merged into, does not exist any more", Archive},
		{"loser deleted", free + `DELETE FROM contacts WHERE id = 2`, "contact 2 was deleted after it was merged", Archive},
		{"id used again", `INSERT INTO contacts (id, first) VALUES (2, 'New')`, "contact 2 exists again: its id was given to somebody else", Delete},
		{"a row in its place", `INSERT INTO tags VALUES (2, 'new')`, "a row of public.tags cannot go back: another has its key by now", Archive},
		{"a unique value used again", `ALTER TABLE tickets ADD UNIQUE (contact_id, title); INSERT INTO tickets (contact_id, title) VALUES (2, 'b')`, `it would violate the unique constraint "tickets_contact_id_title_key"`, Archive},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := attach(t, base.Clone(t))
			b.cfg.Mode = tt.mode
			p := planOf(b.step(t, "1", "2"))
			wantOnly(t, b.apply(t, p), Applied)
			b.db.Exec(t, tt.script)
			before := b.dump(t)
			rep := b.undoAll(t, Selection{Plan: p.ID}, UndoOptions{})
			if len(rep.Left) != 1 || rep.Left[0].Outcome != Refused || !strings.Contains(rep.Left[0].Reason, tt.words) {
				t.Fatalf("want a refusal with %q, got %+v", tt.words, rep)
			}
			if d := diff(before, b.dump(t)); d != "" {
				t.Errorf("rows changed:\n%s", d)
			}
		})
	}
}

// TestUndoOfManyGoesOn undoes a run in which one merge cannot be taken back: the others are.
func TestUndoOfManyGoesOn(t *testing.T) {
	b := setUp(t, crm)
	b.cfg.Columns = []string{"id"}
	p := planOf(b.step(t, "1", "2"), b.step(t, "3", "4"))
	wantOnly(t, b.apply(t, p), Applied)
	b.db.Exec(t, `CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''never''; END';
		CREATE TRIGGER no BEFORE UPDATE ON tickets FOR EACH ROW WHEN (OLD.title = 'd') EXECUTE FUNCTION no()`)
	rep := b.undoAll(t, Selection{Plan: p.ID}, UndoOptions{})
	if rep.Count(Applied) != 1 || rep.Count(Refused) != 1 || rep.Left[0].Survivor != "3" || !strings.Contains(rep.Left[0].Reason, "a trigger refused it") {
		t.Fatalf("want 3 refused and 1 undone, got %+v", rep)
	}
	if got := b.query(t, `SELECT title || contact_id FROM tickets ORDER BY 1`); diff([]string{"a1", "b2", "c3", "d3"}, got) != "" {
		t.Errorf("tickets %v", got)
	}
	b.db.Exec(t, `DROP TRIGGER no ON tickets`)
	if rep := b.undoAll(t, Selection{Plan: p.ID}, UndoOptions{}); rep.Count(Applied) != 1 {
		t.Errorf("the rest: %+v", rep)
	}
	b.wantJournalSound(t)
}

// TestNewRowsFollow has chats, born after the merge, that know their contact and the identity they came by.
func TestNewRowsFollow(t *testing.T) {
	base := prepare(t, crm+`
		CREATE TABLE chats (id int PRIMARY KEY, contact_id bigint REFERENCES contacts, identity_id bigint REFERENCES contact_identities);
		CREATE INDEX ON chats (contact_id); CREATE INDEX ON chats (identity_id);
		INSERT INTO chats VALUES (1, 2, 3), (2, 1, 1), (3, 1, 3)`)
	for _, tt := range []struct {
		policy NewRowPolicy
		want   []string
		n      int64
	}{
		{StayWithSurvivor, []string{"1>2", "2>1", "3>1", "4>1", "5>1"}, 0},
		{FollowIdentity, []string{"1>2", "2>1", "3>1", "4>2", "5>1"}, 1},
	} {
		t.Run(string(tt.policy), func(t *testing.T) {
			b := attach(t, base.Clone(t))
			p := planOf(b.step(t, "1", "2"))
			wantOnly(t, b.apply(t, p), Applied)
			b.db.Exec(t, `INSERT INTO chats VALUES (4, 1, 3), (5, 1, 1)`) // 3 is the phone of contact 2, 1 the address of contact 1
			opt := UndoOptions{NewRows: tt.policy}
			rep := b.undoAll(t, Selection{Plan: p.ID}, opt)
			if rep.Count(Applied) != 1 {
				t.Fatalf("%+v", rep)
			}
			followed := int64(0)
			for _, c := range rep.Tables {
				followed += c.Followed
			}
			if followed != tt.n {
				t.Errorf("%d rows followed, want %d: %+v", followed, tt.n, rep.Tables)
			}
			if d := diff(tt.want, b.query(t, `SELECT id || '>' || contact_id FROM chats ORDER BY 1`)); d != "" {
				t.Errorf("chats (-want +got):\n%s", d)
			}
			b.wantJournalSound(t)
		})
	}
}

// TestSelect finds merges by what a person knows of them, and remembers in the transaction that undoes.
func TestSelect(t *testing.T) {
	b := setUp(t, crm)
	b.cfg.Columns = []string{"id"}
	first := planOf(b.step(t, "2", "1"))
	wantOnly(t, b.apply(t, first), Applied)
	between := b.query(t, `SELECT clock_timestamp()::text`)[0]
	second := planOf(b.step(t, "3", "2"), b.step(t, "4", "5"))
	wantOnly(t, b.apply(t, second), Applied)
	mid := parseTime(t, between)
	for _, tt := range []struct {
		name  string
		sel   Selection
		want  []string // survivors, newest first
		added int
	}{
		{"plan", Selection{Plan: second.ID[:10]}, []string{"4", "3"}, 0},
		{"cluster", Selection{Cluster: first.Steps[0].Cluster[:8]}, []string{"2"}, 0},
		{"nested", Selection{Cluster: first.Steps[0].Cluster, Nested: true}, []string{"3", "2"}, 1},
		{"since", Selection{Since: mid}, []string{"4", "3"}, 0},
		{"until", Selection{Until: mid}, []string{"2"}, 0},
		{"both", Selection{Since: mid, Plan: first.ID}, nil, 0},
		{"unknown", Selection{Plan: "zz"}, nil, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Select(t.Context(), b.lock.Conn(), "contactmerge", tt.sel)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			added := 0
			for _, m := range s.Merges {
				if got = append(got, m.Survivor); m.Added {
					added++
				}
			}
			if d := diff(tt.want, got); d != "" || added != tt.added {
				t.Errorf("%d were added, want %d; survivors (-want +got):\n%s", added, tt.added, d)
			}
		})
	}
	if rep := b.undoAll(t, Selection{Cluster: first.Steps[0].Cluster}, UndoOptions{}); rep.Count(Refused) != 1 || !strings.Contains(rep.Left[0].Reason, "--nested") {
		t.Errorf("the older alone: %+v", rep)
	}
	var remembered [][]string
	rep := b.undoAll(t, Selection{Cluster: first.Steps[0].Cluster, Nested: true}, UndoOptions{Remember: remember(&remembered)})
	if rep.Count(Applied) != 2 {
		t.Errorf("nested: %+v", rep)
	}
	if d := diff([][]string{{"3", "2"}, {"2", "1"}}, remembered); d != "" {
		t.Errorf("remembered (-want +got):\n%s", d)
	}
}

func remember(into *[][]string) func(ctx context.Context, tx pgx.Tx, undone []Merged) error {
	return func(_ context.Context, _ pgx.Tx, undone []Merged) error {
		for i := range undone {
			*into = append(*into, undone[i].members())
		}
		return nil
	}
}

func parseTime(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04:05.999999-07", s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestUndoBringsNoStrandedReferenceBack deletes a contact whose manager is merged away by a later plan: its row cannot come back before the manager.
func TestUndoBringsNoStrandedReferenceBack(t *testing.T) {
	b := setUp(t, crm+`INSERT INTO contacts (id, first, manager_id) VALUES (6, 'Fay', 5), (7, 'Fay', NULL), (8, 'Boss', NULL);`)
	b.cfg.Mode = Delete
	b.backUp(t)
	first := planOf(b.step(t, "7", "6"))
	wantOnly(t, b.apply(t, first), Applied)
	wantOnly(t, b.apply(t, planOf(b.step(t, "8", "5"))), Applied)

	one := Selection{Cluster: first.Steps[0].Cluster}
	for name, rep := range map[string]UndoReport{"foreseen": b.foresee(t, one), "undone": b.undoAll(t, one, UndoOptions{})} {
		if len(rep.Left) != 1 || rep.Left[0].Outcome != Refused || !strings.Contains(rep.Left[0].Reason, "was built on it: undo that first, or both with --nested") {
			t.Errorf("%s: %+v, want a refusal that names the later merge", name, rep)
		}
	}
	one.Nested = true
	if rep := b.undoAll(t, one, UndoOptions{}); rep.Count(Applied) != 2 {
		t.Errorf("both: %+v", rep)
	}
	if d := b.differences(t); len(d) > 0 {
		t.Errorf("undone, but\n%s", strings.Join(d, "\n"))
	}
}
