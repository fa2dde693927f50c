package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/internal/pgtest"
)

// TestOnePhoneOnFortyContacts: a switchboard's number says nothing about who somebody is, tonight or after some of the forty were merged.
func TestOnePhoneOnFortyContacts(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	first := []string{"Ann", "Bob", "Cem", "Dora", "Emil", "Fatma", "Gita", "Hugo"}
	last := []string{"Okafor", "Marsh", "Aydin", "Klein", "Sorensen"}
	db.Exec(t, `CREATE TABLE contacts (id int PRIMARY KEY, first_name text, last_name text, phone text, email text)`)
	for i := range 40 {
		db.Exec(t, fmt.Sprintf(`INSERT INTO contacts VALUES (%d, '%s', '%s', '+1 202 456 1111', 'p%d@example.com')`, i+1, first[i%8], last[i/8], i+1))
	}
	// One of them is there twice, by an address of her own; with that number among what they share, a person has to say so.
	db.Exec(t, `INSERT INTO contacts VALUES (41, 'Ann', 'Okafor', '+1 202 456 1111', 'p1@example.com')`)
	w := newWorld(t, db, approvalsConfig)
	for night := range 2 {
		w.run(t)
		if diff := cmp.Diff([]string{"1+41 suggest"}[night:], w.texts(t, `SELECT contact_id_a || '+' || contact_id_b || ' ' || decision FROM contactmerge.current_suggestions WHERE decision <> 'review'`), cmpEmpty); diff != "" {
			t.Errorf("night %d, pairs (-want +got):\n%s", night, diff)
		}
		if night == 0 {
			w.ends(t, exitDone, "approve", "--config", "c.yaml", "--members", "1,41", "--by", "ann")
		}
		w.ends(t, exitDone, "apply", "--config", "c.yaml", "--confirm")
	}
	if got := w.texts(t, `SELECT loser_id FROM contactmerge.redirects`); len(got) != 1 {
		t.Errorf("%d contacts were merged away, want 1", len(got))
	}
}

// TestSameTagOrUniqueInboxOnBoth: where both sides have what only one may have, nothing is merged and nothing is lost, whether the merge follows
// from an exact identity or was approved; a merge beside it goes on.
func TestSameTagOrUniqueInboxOnBoth(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, table, rows string }{
		{"same tag", `CREATE TABLE held (contact_id int NOT NULL REFERENCES contacts, tag text, CONSTRAINT one_of_a_kind PRIMARY KEY (contact_id, tag))`, `(1, 'vip'), (2, 'vip'), (3, 'a'), (4, 'b')`},
		{"unique inbox", `CREATE TABLE held (contact_id int NOT NULL REFERENCES contacts, tag text, CONSTRAINT one_of_a_kind UNIQUE (contact_id))`, `(1, 'in1'), (2, 'in2'), (4, 'b')`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.DB(t)
			db.Exec(t, `CREATE TABLE contacts (id int PRIMARY KEY, first_name text, last_name text, email text); `+tc.table+`;
				INSERT INTO contacts VALUES (1, 'Ann', 'Okafor', 'ann@example.com'), (2, 'Ann', 'Okafor', 'ann@example.com'), (3, 'Bob', 'Marsh', 'bob@example.com'), (4, 'Bob', 'Marsh', 'bob@example.com');
				INSERT INTO held VALUES `+tc.rows)
			w := newWorld(t, db, approvalsConfig)
			w.run(t)
			before := w.texts(t, `SELECT contact_id || ' ' || tag FROM held WHERE contact_id < 3 ORDER BY 1`)
			says(t, w.ends(t, exitDone, "approve", "--config", "c.yaml", "--members", "1,2", "--by", "ann"), "approved")
			dry := w.ends(t, exitPartial, "apply", "--config", "c.yaml")
			wet := w.ends(t, exitPartial, "apply", "--config", "c.yaml", "--confirm")
			for _, o := range []*output{dry, wet} {
				says(t, o, "1 merge: 1 refused", "one_of_a_kind", "1 merge: 1 applied")
			}
			wantStates(t, w, "1+2 failed")
			if diff := cmp.Diff(before, w.texts(t, `SELECT contact_id || ' ' || tag FROM held WHERE contact_id < 3 ORDER BY 1`)); diff != "" {
				t.Errorf("rows (-before +after):\n%s", diff)
			}
			if got := w.texts(t, `SELECT 'x' FROM held`); len(got) != strings.Count(tc.rows, "(") {
				t.Errorf("%d rows are left", len(got))
			}
		})
	}
}

// TestContactPairedWithItself: a contact that holds one identity several times is one contact, and no answer, explanation or merge joins it with itself.
func TestContactPairedWithItself(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	db.Exec(t, `CREATE TABLE contacts (id int PRIMARY KEY, first_name text, last_name text, email text, email2 text);
		CREATE TABLE contact_identities (contact_id int REFERENCES contacts, channel text, value text);
		INSERT INTO contacts VALUES (1, 'Ann', 'Okafor', 'ann@example.com', 'ANN@example.com'), (2, 'Ann', 'Okafor', 'ann@example.com', NULL);
		INSERT INTO contact_identities VALUES (1, 'email', 'ann@example.com'), (1, 'email', 'Ann@Example.com'), (1, 'email', 'ann@example.com')`)
	w := newWorld(t, db, `version: 1
contacts: {table: contacts, id: id}
identities: {table: contact_identities, columns: {contact_id: contact_id, channel: channel, value: value}}
report: {dir: out}
`)
	w.run(t)
	if diff := cmp.Diff([]string{"1+2 auto_merge"}, w.pairs(t)); diff != "" {
		t.Errorf("pairs (-want +got):\n%s", diff)
	}
	for _, verb := range []string{"approve", "reject", "defer"} {
		says(t, w.ends(t, exitUsage, verb, "--config", "c.yaml", "--members", "1,1", "--by", "ann"), "no contact is another than itself")
	}
	says(t, w.ends(t, exitUsage, "explain", "1", "1", "--config", "c.yaml"), "the same contact twice")
	w.ends(t, exitDone, "apply", "--config", "c.yaml", "--confirm")
	w.run(t) // the survivor holds all of it now, and is still one
	if got := w.pairs(t); len(got) != 0 {
		t.Errorf("after the merge: %v", got)
	}
	w.none(t, "redirects to oneself", `SELECT loser_id FROM contactmerge.redirects WHERE loser_id = survivor_id`)
}

// TestSameEmailInTwoTenants: customers of two tenants are two people, whatever they share; one tenant's duplicates are merged beside them.
func TestSameEmailInTwoTenants(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	db.Exec(t, `CREATE TABLE contacts (id int PRIMARY KEY, tenant_id int, first_name text, last_name text, email text);
		INSERT INTO contacts VALUES (1, 1, 'Ann', 'Okafor', 'ann@example.com'), (2, 2, 'Ann', 'Okafor', 'ann@example.com'), (3, 1, 'Ann', 'Okafor', 'ann@example.com')`)
	w := newWorld(t, db, approvalsConfig)
	w.run(t)
	if diff := cmp.Diff([]string{"1+3 auto_merge"}, w.pairs(t)); diff != "" {
		t.Errorf("pairs (-want +got):\n%s", diff)
	}
	w.ends(t, exitFailed, "approve", "--config", "c.yaml", "--members", "1,2", "--by", "ann", "--as", "supervisor", "--override-veto", "1,2")
	w.ends(t, exitDone, "apply", "--config", "c.yaml", "--confirm")
	if diff := cmp.Diff([]string{"1", "2"}, []string{w.survivor(t, "3"), w.survivor(t, "2")}); diff != "" {
		t.Errorf("survivors of 3 and 2 (-want +got):\n%s", diff)
	}
	w.run(t)
	if got := w.pairs(t); len(got) != 0 {
		t.Errorf("after the merge: %v", got)
	}
}

// TestGmailDotsOnlyOnConfiguredDomains: dots are ignored where the configuration says so and nowhere else, and they are never proof.
func TestGmailDotsOnlyOnConfiguredDomains(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	db.Exec(t, `CREATE TABLE contacts (id int PRIMARY KEY, first_name text, last_name text, email text);
		INSERT INTO contacts VALUES (1, NULL, NULL, 'al.ma@gmail.com'), (2, NULL, NULL, 'alma@gmail.com'), (3, NULL, NULL, 'be.a@corp.example'), (4, NULL, NULL, 'bea@corp.example')`)
	planned := newWorld(t, db, approvalsConfig)
	for config, want := range map[string][]string{
		"": {"1+2 suggest"},
		"normalize: {email: {gmail_dot_domains: [corp.example]}}\n": {"3+4 suggest"},
		"normalize: {email: {gmail_dot_domains: []}}\n":             nil,
	} {
		w := planned.clone(t, approvalsConfig+config)
		w.run(t)
		if diff := cmp.Diff(want, w.pairs(t), cmpEmpty); diff != "" {
			t.Errorf("%q, pairs (-want +got):\n%s", config, diff)
		}
		says(t, w.ends(t, exitDone, "apply", "--config", "c.yaml", "--confirm"), "nothing to merge")
	}
}
