package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var cmpEmpty = cmpopts.EquateEmpty()

// TestContactEditedAfterTheSnapshot: of several merges one has a contact that was edited after the run had read it. It is left alone, and asked again; the
// others are carried out.
func TestContactEditedAfterTheSnapshot(t *testing.T) {
	t.Parallel()
	w := questions(t, approvalsConfig)
	w.ends(t, exitDone, "approve", "--config", "c.yaml", "--members", "1,2", "--by", "ann")
	w.Exec(t, `UPDATE contacts SET nick = 'dee' WHERE id = 8`)
	o := w.ends(t, exitPartial, "apply", "--config", "c.yaml", "--confirm")
	says(t, o, "1 merge: 1 applied", "1 merge: 1 stale")
	if diff := cmp.Diff([]string{"dee"}, w.texts(t, `SELECT nick FROM contacts WHERE id = 8`)); diff != "" {
		t.Errorf("the edit (-want +got):\n%s", diff)
	}
	w.run(t)
	says(t, w.ends(t, exitDone, "apply", "--config", "c.yaml", "--confirm"), "1 merge: 1 applied")
	w.none(t, "tickets of contacts that were merged away", `SELECT id::text FROM tickets WHERE contact_id::text IN (SELECT loser_id FROM contactmerge.redirects WHERE active)`)
}

// TestUnmergeAfterNewTicketsArrived: tickets that came to the survivor after the merge stay with it, those that it got from the loser go back, and the two
// are not suggested again.
func TestUnmergeAfterNewTicketsArrived(t *testing.T) {
	t.Parallel()
	w := questions(t, approvalsConfig)
	before := w.texts(t, `SELECT t::text FROM contacts AS t ORDER BY id`)
	w.ends(t, exitDone, "approve", "--config", "c.yaml", "--members", "1,2", "--by", "ann")
	w.ends(t, exitDone, "apply", "--config", "c.yaml", "--approved", "--confirm")
	survivor := w.survivor(t, "1")
	w.Exec(t, `INSERT INTO tickets VALUES (101, `+survivor+`), (102, `+survivor+`)`)
	w.ends(t, exitDone, "undo", "--config", "c.yaml", "--since", "1h", "--by", "ben", "--confirm")
	want := []string{"1 1", "2 2", "101 " + survivor, "102 " + survivor}
	if diff := cmp.Diff(want, w.texts(t, `SELECT id || ' ' || contact_id FROM tickets WHERE id IN (1, 2, 101, 102) ORDER BY id`)); diff != "" {
		t.Errorf("tickets (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, w.texts(t, `SELECT t::text FROM contacts AS t ORDER BY id`)); diff != "" {
		t.Errorf("contacts (-want +got):\n%s", diff)
	}
	says(t, w.ends(t, exitDone, "decisions", "--config", "c.yaml"), "undone")
	w.run(t)
	w.none(t, "suggestions to merge them again", `SELECT 'x' FROM contactmerge.current_suggestions WHERE contact_id_a = '1' AND contact_id_b = '2'`)
	w.Exec(t, `UPDATE contacts SET last_name = 'Marsch' WHERE id = 2`)
	w.run(t)
	id, _ := w.clusterOf(t, "1") // what they say of themselves changed, and it is asked again
	w.ends(t, exitDone, "approve", "--config", "c.yaml", id, "--by", "ann")
	wantStates(t, w, "1+2 undone", "1+2 approved")
}

// TestOldIDWrittenAfterTheMerge: an application that still knows the old id writes a ticket for it. The id leads to the survivor in one hop, a check of the
// merges names what came late, and no later run takes the merged contact for a person of its own.
func TestOldIDWrittenAfterTheMerge(t *testing.T) {
	t.Parallel()
	w := questions(t, approvalsConfig)
	w.ends(t, exitDone, "approve", "--config", "c.yaml", "--members", "1,2", "--by", "ann")
	w.ends(t, exitDone, "apply", "--config", "c.yaml", "--approved", "--confirm")
	loser, survivor := "1", w.survivor(t, "1")
	if survivor == "1" {
		loser, survivor = "2", "1"
	}
	w.Exec(t, `INSERT INTO tickets VALUES (101, `+loser+`)`)
	if diff := cmp.Diff([]string{survivor}, w.texts(t, `SELECT contactmerge.resolve($1)`, loser)); diff != "" {
		t.Errorf("where the old id leads (-want +got):\n%s", diff)
	}
	cmd, o := w.start(t, "verify", "--config", "c.yaml")
	_ = code(t, cmd)
	says(t, o, "1 rows refer to a contact that was merged away, table public.tickets.contact_id, contact "+loser)
	w.run(t)
	w.none(t, "findings about the merged contact", `SELECT contact_id_a FROM contactmerge.current_suggestions WHERE $1 IN (contact_id_a, contact_id_b)`, loser)
	says(t, w.ends(t, exitFailed, "approve", "--config", "c.yaml", "--members", loser+",7", "--by", "ann"), "neither put them into one cluster nor found pairs")
}
