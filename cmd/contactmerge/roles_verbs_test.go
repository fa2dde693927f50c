package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// everyDuty is the roles that contactmerge roles makes.
var everyDuty = []string{"owner", "reader", "reviewer", "applier"}

// may has each duty run a command: those that may end well, the others are refused in one line that says what to do about it. Those that may
// go last, so that there is something left to be refused.
func (d *duties) may(t *testing.T, who []string, args ...string) {
	t.Helper()
	as := map[string]*world{"owner": d.owner, "reader": d.reader, "reviewer": d.reviewer, "applier": d.applier}
	args = append(args, "--config", "c.yaml", "--log-level", "error")
	for _, duty := range everyDuty {
		if slices.Contains(who, duty) {
			continue
		}
		before := d.life(t)
		said := as[duty].ends(t, exitFailed, args...).err.String()
		if strings.Count(said, "\n") != 1 || !strings.Contains(said, "GRANT ") && !strings.Contains(said, "`contactmerge roles` prints") && !strings.Contains(said, "takes the role that owns") {
			t.Errorf("%v as %s says %q, want one line that says what to do", args, duty, said)
		}
		if diff := cmp.Diff(before, d.life(t)); diff != "" {
			t.Errorf("%v as %s was refused and changed something (-before +after):\n%s", args, duty, diff)
		}
	}
	for _, duty := range who {
		as[duty].ends(t, exitDone, args...)
	}
}

// life is everything that a verb could change.
func (d *duties) life(t *testing.T) []string {
	t.Helper()
	return d.texts(t, `SELECT line FROM (SELECT to_jsonb(x)::text AS line FROM contacts AS x UNION ALL SELECT to_jsonb(x)::text FROM contact_identities AS x UNION ALL SELECT to_jsonb(x)::text FROM tickets AS x
		UNION ALL SELECT to_jsonb(x)::text FROM contactmerge.redirects AS x UNION ALL SELECT to_jsonb(x)::text FROM contactmerge.ledger AS x UNION ALL SELECT to_jsonb(x)::text FROM contactmerge.journal AS x
		UNION ALL SELECT to_jsonb(x)::text FROM contactmerge.decisions AS x UNION ALL SELECT to_jsonb(x)::text FROM contactmerge.plans AS x) AS y ORDER BY line COLLATE "C"`)
}

// TestVerbsByRole runs every verb as every role.
func TestVerbsByRole(t *testing.T) {
	t.Parallel()
	d := withRoles(t, guarded, guardedConfig)
	finders, merger, eraser := []string{"reader", "applier"}, []string{"applier"}, []string{"owner"}
	d.may(t, finders, "run")
	asked := d.texts(t, "SELECT cluster_id FROM contactmerge.current_clusters WHERE decision = 'suggest'")
	if len(asked) != 1 {
		t.Fatalf("%d suggestions, want 1", len(asked))
	}
	d.may(t, everyDuty, "decisions")
	d.may(t, []string{"owner", "reviewer", "applier"}, "defer", asked[0], "--by", "rita")
	d.may(t, []string{"reader", "reviewer", "applier"}, "explain", "7", "8")
	d.may(t, []string{"reviewer"}, "approve", asked[0], "--by", "rita", "--why", "married")
	d.may(t, merger, "apply")
	d.may(t, merger, "apply", "--confirm")
	if n := d.merged(t); n != 4 {
		t.Errorf("%d merges, want 4", n)
	}
	d.may(t, everyDuty, "redirects", "1")
	d.may(t, merger, "verify")

	d.Exec(t, `INSERT INTO tickets SELECT 100 + loser_id::int, loser_id::int, 'late' FROM contactmerge.redirects`)
	d.may(t, merger, "sweep")
	d.may(t, merger, "sweep", "--confirm")
	d.none(t, "tickets that stayed behind", `SELECT t.id::text FROM tickets AS t JOIN contactmerge.redirects AS r ON r.active AND r.loser_id = t.contact_id::text`)
	d.may(t, merger, "verify")
	d.may(t, merger, "undo", "--since", "1h")
	d.may(t, merger, "undo", "--since", "1h", "--confirm")
	d.may(t, merger, "verify")

	// Who sees the journal may count what would go; only the owner makes it go.
	d.may(t, []string{"owner", "applier"}, "forget", "--contact", "8")
	d.may(t, eraser, "forget", "--contact", "8", "--confirm")
	d.none(t, "archived rows of somebody who was forgotten", `SELECT contact_id FROM contactmerge.archived_contacts WHERE image::text LIKE '%Dora%'`)
	d.may(t, merger, "verify")
	// As if hours had passed; verify would find the tampering.
	d.Exec(t, `SET session_replication_role = replica; UPDATE contactmerge.ledger SET applied_at = applied_at - interval '2 hours'; RESET session_replication_role`)
	d.may(t, []string{"owner", "applier"}, "purge", "--older-than", "1h")
	d.may(t, eraser, "purge", "--older-than", "1h", "--confirm")
	d.none(t, "journal rows of old merges", `SELECT cluster_id FROM contactmerge.journal WHERE plan_id IN (SELECT plan_id FROM contactmerge.plans)`)
}

// TestRolesInEveryMode goes through merging, sweeping and taking back under the applier's rights where merges delete contacts, or rows that
// clash.
func TestRolesInEveryMode(t *testing.T) {
	t.Parallel()
	for name, merging := range map[string]string{
		"delete":              "merge: {mode: delete}\n",
		"keep the survivor's": "merge: {collisions: {labels_contact_id_label_key: keep_survivor}}\n",
		"keep the loser's":    "merge: {collisions: {labels_contact_id_label_key: keep_loser}}\n",
		"union":               "merge: {mode: delete, collisions: {labels_contact_id_label_key: union}}\n",
		"archive column":      "merge: {archive_column: merged, archive_value: \"true\"}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := withRoles(t, guarded+`
CREATE TABLE labels (id int PRIMARY KEY, contact_id int NOT NULL REFERENCES contacts, label text, by text, UNIQUE (contact_id, label));
INSERT INTO labels SELECT n, n, 'label' || n % 3, CASE WHEN n > 3 THEN 'me' END FROM generate_series(1, 6) AS n;
ALTER TABLE contacts ADD merged boolean NOT NULL DEFAULT false;
CREATE TABLE loose (id int PRIMARY KEY, customer int); INSERT INTO loose SELECT n, n FROM generate_series(1, 8) AS n; CREATE INDEX ON loose (customer)`,
				guardedConfig+strings.Replace(merging, "merge: {", "merge: {references: [loose.customer], ", 1))
			const all = `SELECT to_jsonb(x)::text FROM contacts AS x UNION ALL SELECT to_jsonb(x)::text FROM contact_identities AS x UNION ALL SELECT to_jsonb(x)::text FROM tickets AS x
				UNION ALL SELECT to_jsonb(x)::text FROM labels AS x UNION ALL SELECT to_jsonb(x)::text FROM loose AS x ORDER BY 1`
			before := d.texts(t, all)
			d.reader.ends(t, exitDone, "run", "--config", "c.yaml")
			if !strings.Contains(merging, "collisions") { // a clash is refused
				d.Exec(t, `DELETE FROM labels WHERE id > 3`)
				before = d.texts(t, all)
			}
			d.applier.ends(t, exitDone, "apply", "--config", "c.yaml", "--confirm")
			if n := d.merged(t); n != 3 {
				t.Fatalf("%d merges, want 3", n)
			}
			d.Exec(t, `INSERT INTO loose SELECT 100 + loser_id::int, loser_id::int FROM contactmerge.redirects`)
			d.applier.ends(t, exitDone, "sweep", "--config", "c.yaml", "--confirm")
			d.none(t, "rows that stayed behind", `SELECT t.id::text FROM loose AS t JOIN contactmerge.redirects AS r ON r.active AND r.loser_id = t.customer::text`)
			d.applier.ends(t, exitDone, "verify", "--config", "c.yaml")
			d.applier.ends(t, exitDone, "undo", "--since", "1h", "--confirm", "--config", "c.yaml")
			d.Exec(t, `DELETE FROM loose WHERE id > 100`)
			if diff := cmp.Diff(before, d.texts(t, all)); diff != "" {
				t.Errorf("before and after (-before +after):\n%s", diff)
			}
		})
	}
}
