package merge

import "testing"

// TestUndoTakesSweepsBack has a note reach a loser late, and a sweep move it: undoing the merge moves it back with the rest.
func TestUndoTakesSweepsBack(t *testing.T) {
	b := setUp(t, crm)
	b.backUp(t)
	s := b.step(t, "1", "2")
	p := planOf(s)
	wantOnly(t, b.apply(t, p), Applied)
	b.db.Exec(t, `INSERT INTO tickets (id, contact_id, title) VALUES (99, 1, 'late')`) // as a sweep leaves it
	b.db.Exec(t, `INSERT INTO backup.tickets (id, contact_id, title) VALUES (99, 2, 'late')`)
	tx, err := b.db.Pool(t).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = tx.Exec(t.Context(), `INSERT INTO contactmerge.journal (plan_id, cluster_id, seq, stage, action, table_schema, table_name, constraint_name, key_columns, columns, key_values, before, after, salt, row_hash)
		SELECT j.*, `+journalHash+` FROM (SELECT 'sweep:1' AS plan_id, $1 AS cluster_id, 1 AS seq, 1 AS stage, 'repoint' AS action, 'public' AS table_schema, 'tickets' AS table_name, '' AS constraint_name,
			'{id}'::text[] AS key_columns, '{contact_id}'::text[] AS columns, '{99}'::text[] AS key_values, '{2}'::text[] AS before, '{1}'::text[] AS after, gen_random_uuid() AS salt) AS j`, s.Cluster)
	if err == nil {
		_, err = record(t.Context(), tx, "contactmerge", "sweep", b.lock.Epoch(), []deed{{plan: "sweep:1", cluster: s.Cluster, content: p.ID, survivor: "1", losers: []string{"2"}, entries: 1}})
	}
	if err == nil {
		err = tx.Commit(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	if rep := b.undoAll(t, Selection{Plan: p.ID}, UndoOptions{}); rep.Count(Applied) != 1 || rep.Kept() != 0 {
		t.Fatalf("undo: %+v", rep)
	}
	b.wantIdentical(t)
	b.wantJournalSound(t)
}
