package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/internal/pgtest"
)

// The stateful cases, in which what happened before decides what is right now, are in this file as far as answers of people are concerned; those about
// data are in stateful_data_test.go, those about changes in stateful_changes_test.go. Two operators who approve overlapping clusters are in
// approvals_test.go, and a crash between two clusters is TestApplyKilled.

// pairs are the pairs of the last run, as a+b decision.
func (w *world) pairs(t *testing.T) []string {
	t.Helper()
	return append([]string{}, w.texts(t, `SELECT contact_id_a || '+' || contact_id_b || ' ' || decision FROM contactmerge.current_suggestions ORDER BY 1`)...)
}

func (w *world) run(t *testing.T) {
	t.Helper()
	w.ends(t, exitDone, "run", "--config", "c.yaml")
}

// TestDoNotMergeFollowsALaterMergeOfEitherSide: contacts 2 and 5 are two people. 2 is merged into 1, then 5 into 4, then all is undone: the answer holds
// for whoever the two are part of, and is asked again only when what one of them says of itself changes.
func TestDoNotMergeFollowsALaterMergeOfEitherSide(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	db.Exec(t, `CREATE TABLE contacts (id int PRIMARY KEY, first_name text, last_name text, email text, mobile text, points int, updated_at timestamptz DEFAULT '2026-01-01');
		INSERT INTO contacts (id, first_name, last_name, email) VALUES (2, 'Ann', 'Okafor', 'ann@example.com'), (5, 'Ann', 'Okafor', 'ann@example.com')`)
	w := newWorld(t, db, approvalsConfig)
	declined := func(when string, want ...string) {
		t.Helper()
		w.run(t)
		if diff := cmp.Diff(append([]string{}, want...), w.pairs(t)); diff != "" {
			t.Errorf("%s, pairs (-want +got):\n%s", when, diff)
		}
	}
	declined("before anybody answered", "2+5 auto_merge")
	w.ends(t, exitDone, "reject", "--config", "c.yaml", "--members", "2,5", "--by", "ann", "--why", "mother and daughter")
	declined("after the answer")

	w.Exec(t, `INSERT INTO contacts (id, first_name, last_name, mobile, email) VALUES (1, 'Ann', 'Okafor', '+1 202 456 1111', NULL); UPDATE contacts SET mobile = '+1 202 456 1111' WHERE id = 2`)
	declined("when 2 got a mobile number it was another content, and is asked again", "1+2 auto_merge", "2+5 auto_merge")
	w.ends(t, exitDone, "reject", "--config", "c.yaml", "--members", "2,5", "--by", "ann")
	declined("after it was answered again", "1+2 auto_merge")
	w.ends(t, exitDone, "apply", "--config", "c.yaml", "--confirm")
	if w.survivor(t, "1") != w.survivor(t, "2") {
		t.Fatal("1 and 2 were not merged")
	}
	declined("after one side was merged")
	w.Exec(t, `UPDATE contacts SET points = 7, updated_at = now(), first_name = ' ANN '`)
	declined("after changes that say nothing about who they are")

	// The other side is merged, too.
	w.Exec(t, `INSERT INTO contacts (id, first_name, last_name, email, mobile) VALUES (6, 'Ann', 'Okafor', 'annie@example.com', '+1 202 456 1414'); UPDATE contacts SET mobile = '+1 202 456 1414' WHERE id = 5`)
	w.run(t)
	w.ends(t, exitDone, "reject", "--config", "c.yaml", "--members", "5,"+w.survivor(t, "2"), "--by", "ann")
	w.run(t)
	w.ends(t, exitDone, "apply", "--config", "c.yaml", "--confirm")
	if w.survivor(t, "5") != w.survivor(t, "6") || w.survivor(t, "5") == w.survivor(t, "2") {
		t.Errorf("2 is part of %s, 5 of %s, 6 of %s", w.survivor(t, "2"), w.survivor(t, "5"), w.survivor(t, "6"))
	}
	w.run(t)
	w.none(t, "pairs across, after both sides were merged", `SELECT contact_id_a FROM contactmerge.current_suggestions WHERE decision = 'auto_merge'`)

	// Undone, it holds for 2 and 5 themselves.
	w.ends(t, exitDone, "undo", "--config", "c.yaml", "--since", "2000-01-01", "--by", "ann", "--confirm")
	w.run(t)
	w.none(t, "pair of 2 and 5 after the merges were undone", `SELECT 'x' FROM contactmerge.current_suggestions WHERE contact_id_a = '2' AND contact_id_b = '5'`)

	// The evidence changes, and changes back.
	w.Exec(t, `UPDATE contacts SET last_name = 'Lindqvist' WHERE id = 5`)
	w.run(t)
	if got := w.texts(t, `SELECT decision FROM contactmerge.current_suggestions WHERE contact_id_a = '2' AND contact_id_b = '5'`); len(got) != 1 {
		t.Errorf("after 5 got another name it is not asked again: %v", got)
	}
	w.Exec(t, `UPDATE contacts SET last_name = 'Okafor' WHERE id = 5`)
	w.run(t)
	w.none(t, "pair of 2 and 5 after the name changed back", `SELECT 'x' FROM contactmerge.current_suggestions WHERE contact_id_a = '2' AND contact_id_b = '5'`)
}

// survivor is the contact that stands for another one now.
func (w *world) survivor(t *testing.T, id string) string {
	t.Helper()
	return w.texts(t, `SELECT coalesce((SELECT survivor_id FROM contactmerge.redirects WHERE active AND loser_id = $1), $1)`, id)[0]
}

// TestABAndBCWithACVetoed: A is B and B is C by exact identities, but somebody said that A is not C. Nothing merges by itself; a supervisor may merge a part
// of the three, and all of them only by naming the pair.
func TestABAndBCWithACVetoed(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	db.Exec(t, `CREATE TABLE contacts (id int PRIMARY KEY, first_name text, last_name text, email text, mobile text);
		INSERT INTO contacts VALUES (1, 'Ann', 'Okafor', 'ann@example.com', NULL), (2, 'Ann', 'Okafor', 'ann@example.com', '+1 202 456 1111'), (3, 'Ann', 'Okafor', NULL, '+1 202 456 1111')`)
	planned := newWorld(t, db, approvalsConfig)
	planned.run(t)
	planned.ends(t, exitDone, "reject", "--config", "c.yaml", "--members", "1,3", "--by", "ann")
	planned.run(t)
	id, _ := planned.clusterOf(t, "2")
	says(t, planned.ends(t, exitDone, "apply", "--config", "c.yaml", "--confirm"), "nothing to merge")

	t.Run("not without a supervisor", func(t *testing.T) {
		t.Parallel()
		w := planned.clone(t, approvalsConfig)
		says(t, w.ends(t, exitFailed, "approve", "--config", "c.yaml", id, "--by", "ben"), "is a question for a supervisor")
	})
	t.Run("not without naming the pair", func(t *testing.T) {
		t.Parallel()
		w := planned.clone(t, approvalsConfig)
		for _, args := range [][]string{{}, {"--override-veto", "1,2"}} {
			o := w.ends(t, exitFailed, append([]string{"approve", "--config", "c.yaml", id, "--by", "ben", "--as", "supervisor"}, args...)...)
			says(t, o, "contacts 1 and 3 rule each other out: leave one of them out with --members, or name the pair with --override-veto 1,3")
		}
		w.ends(t, exitDone, "approve", "--config", "c.yaml", id, "--by", "ben", "--as", "supervisor", "--override-veto", "3,1")
		w.ends(t, exitDone, "apply", "--config", "c.yaml", "--approved", "--confirm")
		wantStates(t, w, "1+2+3 applied")
	})
	t.Run("a part of them", func(t *testing.T) {
		t.Parallel()
		w := planned.clone(t, approvalsConfig)
		w.ends(t, exitDone, "approve", "--config", "c.yaml", id, "--members", "1,2", "--by", "ben", "--as", "supervisor")
		w.ends(t, exitDone, "apply", "--config", "c.yaml", "--approved", "--confirm")
		wantStates(t, w, "1+2 applied")
		w.run(t)
		if got := w.pairs(t); len(got) != 0 {
			t.Errorf("3 is asked about again with whoever 1 is part of: %v", got)
		}
	})
}
