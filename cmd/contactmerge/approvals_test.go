package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/internal/pgtest"
)

const approvalsConfig = `version: 1
contacts: {table: contacts, id: id}
report: {dir: out}
`

// questions is a help desk whose run leaves a suggestion {1, 2}, a suggestion {3, 4}, a pair {5, 6} for a supervisor, who lie in no cluster,
// and exact identities {7, 8}.
func questions(t *testing.T, config string) *world {
	t.Helper()
	db := pgtest.DB(t)
	db.Exec(t, `CREATE TABLE contacts (id int PRIMARY KEY, first_name text, last_name text, email text, city text, nick text, updated_at timestamptz DEFAULT '2026-01-01');
		CREATE TABLE tickets (id int PRIMARY KEY, contact_id int NOT NULL REFERENCES contacts);
		CREATE INDEX ON tickets (contact_id);
		INSERT INTO contacts (id, first_name, last_name, email, nick) VALUES
			(1, 'Robert', 'Marsh', 'bob@example.com', NULL), (2, 'Bob', 'Marsh', 'bob@example.com', 'bobby'),
			(3, 'Ann', 'Okafor', 'ann@example.com', NULL), (4, 'Ann', 'Lindqvist', 'ann@example.com', NULL),
			(5, 'Cem', 'Aydin', 'aydin@example.com', NULL), (6, 'Leyla', 'Aydin', 'aydin@example.com', NULL),
			(7, 'Dora', 'Klein', 'dora@example.com', NULL), (8, 'Dora', 'Klein', 'dora@example.com', NULL);
		INSERT INTO tickets SELECT n, n FROM generate_series(1, 8) AS n`)
	w := newWorld(t, db, config)
	w.ends(t, exitDone, "run", "--config", "c.yaml")
	return w
}

// clusterOf is the id and the version of the cluster of a contact.
func (w *world) clusterOf(t *testing.T, contact string) (id, version string) {
	t.Helper()
	got := w.texts(t, `SELECT cluster_id || ' ' || version FROM contactmerge.current_clusters JOIN contactmerge.current_cluster_members USING (run_id, cluster_id) WHERE contact_id = $1`, contact)
	if len(got) != 1 {
		t.Fatalf("contact %s is in %d clusters", contact, len(got))
	}
	id, version, _ = strings.Cut(got[0], " ")
	return id, version
}

// states are the contacts and the state of each approval, oldest first.
func (w *world) states(t *testing.T) []string {
	t.Helper()
	return w.texts(t, `SELECT array_to_string(contact_ids, '+') || ' ' || state FROM contactmerge.approvals ORDER BY approval_id`)
}

func wantStates(t *testing.T, w *world, want ...string) {
	t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), append([]string{}, w.states(t)...)); diff != "" {
		t.Errorf("approvals (-want +got):\n%s", diff)
	}
}

// says fails unless the output has the words.
func says(t *testing.T, o *output, words ...string) {
	t.Helper()
	for _, want := range words {
		if got := o.out.String() + o.err.String(); !strings.Contains(got, want) {
			t.Errorf("it does not say %q:\n%s", want, got)
		}
	}
}

func TestApproveAndApply(t *testing.T) {
	t.Parallel()
	w := questions(t, approvalsConfig)
	bob, version := w.clusterOf(t, "1")
	o := w.ends(t, exitDone, "approve", "--config", "c.yaml", bob[:8], "--by", "ann", "--why", "same voice", "--version", version[:8])
	says(t, o, "approved  cluster "+bob[:12]+": contacts 1, 2 into ", "1 field changed (approval 1)", "apply --config c.yaml --approved")
	wantStates(t, w, "1+2 approved")
	if n := w.texts(t, `SELECT loser_id FROM contactmerge.redirects`); len(n) != 0 {
		t.Errorf("approving merged %v", n)
	}

	dry := w.ends(t, exitDone, "apply", "--config", "c.yaml")
	says(t, dry, "approved by people: 1 merge")
	wet := w.ends(t, exitDone, "apply", "--config", "c.yaml", "--confirm")
	for _, o := range []*output{dry, wet} {
		says(t, o, "1 merge: 1 applied; 1 contact merged away")
		if n := strings.Count(o.out.String(), "1 rows moved"); n != 2 {
			t.Errorf("%d tables of moved rows, want one for the approved and one for the exact merge:\n%s", n, &o.out)
		}
	}
	wantStates(t, w, "1+2 applied")
	if diff := cmp.Diff([]string{"1+2", "7+8"}, w.texts(t, `SELECT concat_ws('+', least(loser_id, survivor_id), greatest(loser_id, survivor_id)) FROM contactmerge.redirects ORDER BY 1`)); diff != "" {
		t.Errorf("merges (-want +got):\n%s", diff)
	}
	says(t, w.ends(t, exitDone, "apply", "--config", "c.yaml", "--approved", "--confirm"), "nothing approved waits")
	log := w.ends(t, exitDone, "decisions", "--config", "c.yaml")
	says(t, log, "ann", "merge all", "applied", "1, 2", "same voice")
	w.none(t, "personal data of a merge that is over", `SELECT step::text FROM contactmerge.approvals WHERE step <> '{}'`)
}

func TestApproveOnlyWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	w := questions(t, approvalsConfig)
	bob, _ := w.clusterOf(t, "1")
	w.ends(t, exitDone, "approve", "--config", "c.yaml", bob, "--by", "ann")
	o := w.ends(t, exitDone, "apply", "--config", "c.yaml", "--auto", "--confirm")
	says(t, o, "1 applied")
	wantStates(t, w, "1+2 approved")
	o = w.ends(t, exitDone, "apply", "--config", "c.yaml", "--approved", "--confirm")
	says(t, o, "1 applied")
	wantStates(t, w, "1+2 applied")
}

// TestApprovalIsBoundToContent: an approval is void once a contact of it was edited, or another one joined the cluster, and is asked again.
func TestApprovalIsBoundToContent(t *testing.T) {
	t.Parallel()
	planned := questions(t, approvalsConfig)
	tests := []struct {
		name, change string
		run          bool // another night passes before apply
		void         string
		unapproved   bool // the change comes before the approval
	}{
		{name: "edited before apply", change: `UPDATE contacts SET last_name = 'March' WHERE id = 2`, void: "contact 2 changed since the plan was made"},
		{name: "deleted before apply", change: `DELETE FROM tickets WHERE contact_id = 2; DELETE FROM contacts WHERE id = 2`, void: "does not exist any more"},
		{name: "edited and found so by a run", change: `UPDATE contacts SET city = 'Bergen' WHERE id = 2`, run: true, void: "a contact of the cluster was edited"},
		{name: "gained a contact", change: `INSERT INTO contacts VALUES (9, 'Rob', 'Marsh', 'bob@example.com')`, run: true, void: "the cluster gained or lost a contact"},
		{name: "lost a contact", change: `UPDATE contacts SET email = 'else@example.org', first_name = 'Zoe', last_name = 'Quist' WHERE id = 2`, run: true, void: "the last run does not bring its contacts together any more"},
		{name: "edited before it was approved", change: `UPDATE contacts SET city = 'Bergen' WHERE id = 2`, unapproved: true, void: "changed since: contact 2 was edited or deleted after the last run"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := planned.clone(t, approvalsConfig)
			bob, _ := w.clusterOf(t, "1")
			if tc.unapproved {
				w.Exec(t, tc.change)
				says(t, w.ends(t, exitChanged, "approve", "--config", "c.yaml", bob, "--by", "ann"), tc.void)
				wantStates(t, w)
				return
			}
			w.ends(t, exitDone, "approve", "--config", "c.yaml", bob, "--by", "ann")
			w.Exec(t, tc.change)
			if tc.run {
				w.ends(t, exitDone, "run", "--config", "c.yaml")
			}
			o := w.ends(t, exitPartial, "apply", "--config", "c.yaml", "--approved", "--confirm")
			if tc.run {
				says(t, o, "void    approval 1 of contacts 1, 2, by ann: "+tc.void)
			}
			says(t, w.ends(t, exitDone, "decisions", "--config", "c.yaml"), "stale", tc.void)
			wantStates(t, w, "1+2 stale")
			w.none(t, "merges of a void approval", `SELECT loser_id FROM contactmerge.redirects`)
			w.none(t, "contacts that are still taken", `SELECT contact_id FROM contactmerge.approved_contacts`)
			if tc.name == "edited before apply" { // asked again, and approved again
				w.ends(t, exitDone, "run", "--config", "c.yaml")
				again, _ := w.clusterOf(t, "1")
				w.ends(t, exitDone, "approve", "--config", "c.yaml", again, "--by", "ann")
				w.ends(t, exitDone, "apply", "--config", "c.yaml", "--approved", "--confirm")
				wantStates(t, w, "1+2 stale", "1+2 applied")
			}
		})
	}
}

func TestPolicyOfApprovals(t *testing.T) {
	t.Parallel()
	planned := questions(t, approvalsConfig+"approve: {two_person_above: 2}\n")
	t.Run("a question for a supervisor", func(t *testing.T) {
		t.Parallel()
		w := planned.clone(t, approvalsConfig)
		says(t, w.ends(t, exitFailed, "approve", "--config", "c.yaml", "--members", "5,6", "--by", "ann"), "is a question for a supervisor: approve it with --as supervisor")
		w.ends(t, exitDone, "approve", "--config", "c.yaml", "--members", "5,6", "--by", "ann", "--as", "supervisor")
		w.ends(t, exitDone, "apply", "--config", "c.yaml", "--approved", "--confirm")
		wantStates(t, w, "5+6 applied")
		if diff := cmp.Diff([]string{"supervisor"}, w.texts(t, `SELECT decided_as FROM contactmerge.decisions`)); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
	})
	t.Run("two people above a size", func(t *testing.T) {
		t.Parallel()
		w := planned.clone(t, approvalsConfig+"approve: {two_person_above: 1}\n")
		bob, _ := w.clusterOf(t, "1")
		says(t, w.ends(t, exitDone, "approve", "--config", "c.yaml", bob, "--by", "ann"), "waits     for a second person")
		says(t, w.ends(t, exitDone, "apply", "--config", "c.yaml", "--approved", "--confirm"), "nothing approved waits")
		says(t, w.ends(t, exitFailed, "approve", "--config", "c.yaml", bob, "--by", "ann"), "a second person must")
		wantStates(t, w, "1+2 planned")
		w.ends(t, exitDone, "approve", "--config", "c.yaml", bob, "--by", "ben")
		wantStates(t, w, "1+2 approved")
		w.ends(t, exitDone, "apply", "--config", "c.yaml", "--approved", "--confirm")
		wantStates(t, w, "1+2 applied")
		if diff := cmp.Diff([]string{"ann", "ben"}, w.texts(t, `SELECT decided_by FROM contactmerge.decisions ORDER BY decision_id`)); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
	})
	t.Run("an approval is taken back", func(t *testing.T) {
		t.Parallel()
		w := planned.clone(t, approvalsConfig)
		bob, _ := w.clusterOf(t, "1")
		w.ends(t, exitDone, "approve", "--config", "c.yaml", bob, "--by", "ann")
		says(t, w.ends(t, exitChanged, "reject", "--config", "c.yaml", bob, "--by", "ben"), "changed since: ann approved to merge contacts 1, 2")
		says(t, w.ends(t, exitDone, "reject", "--config", "c.yaml", bob, "--by", "ben", "--revoke"), "revoked   approval 1")
		wantStates(t, w, "1+2 revoked")
		says(t, w.ends(t, exitChanged, "approve", "--config", "c.yaml", bob, "--by", "ann"), "ben said at", "name every such pair with --override-veto")
		w.ends(t, exitDone, "approve", "--config", "c.yaml", bob, "--by", "ann", "--override-veto", "2,1")
		wantStates(t, w, "1+2 revoked", "1+2 approved")
		if diff := cmp.Diff([]string{"2,1"}, w.texts(t, `SELECT array_to_string(overridden, ',') FROM contactmerge.decisions WHERE overridden <> '{}'`)); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
	})
	t.Run("not now is no answer", func(t *testing.T) {
		t.Parallel()
		w := planned.clone(t, approvalsConfig)
		bob, _ := w.clusterOf(t, "1")
		w.ends(t, exitDone, "defer", "--config", "c.yaml", bob, "--by", "ann", "--why", "asked her")
		says(t, w.ends(t, exitDone, "decisions", "--config", "c.yaml", "--open"), "the data team, deferred")
		w.ends(t, exitDone, "approve", "--config", "c.yaml", bob, "--by", "ben")
		wantStates(t, w, "1+2 approved")
	})
	t.Run("the log is kept", func(t *testing.T) {
		t.Parallel()
		w := planned.clone(t, approvalsConfig)
		bob, _ := w.clusterOf(t, "1")
		w.ends(t, exitDone, "reject", "--config", "c.yaml", bob, "--by", "ann", "--why", "Ann's sister")
		for _, change := range []string{`UPDATE contactmerge.decisions SET decided_by = 'ben'`, `DELETE FROM contactmerge.decisions`, `TRUNCATE contactmerge.decisions CASCADE`} {
			if _, err := w.Pool(t).Exec(t.Context(), change); err == nil || !strings.Contains(err.Error(), "decisions are kept as they were made") {
				t.Errorf("%s: %v", change, err)
			}
		}
		w.Exec(t, `UPDATE contactmerge.decisions SET why = ''`) // somebody wants to be forgotten
	})
}

// TestTwoOperatorsApproveOverlappingClusters is one of the stateful cases: of many who answer at once one wins, and the others learn it.
func TestTwoOperatorsApproveOverlappingClusters(t *testing.T) {
	t.Parallel()
	w := questions(t, approvalsConfig)
	w.Exec(t, `INSERT INTO contacts VALUES (9, 'Rob', 'Marsh', 'bob@example.com')`)
	w.ends(t, exitDone, "run", "--config", "c.yaml")
	bob, _ := w.clusterOf(t, "1")
	answers := [][]string{
		{"approve", bob, "--members", "1,2"},
		{"approve", bob, "--members", "2,9"},
		{"approve", bob},
		{"approve", bob, "--members", "1,9"},
		{"reject", bob, "--members", "1,2"},
		{"reject", bob},
	}
	codes := make([]int, len(answers))
	outs := make([]*output, len(answers))
	var wg sync.WaitGroup
	for i, args := range answers {
		cmd, o := w.start(t, append(args, "--config", "c.yaml", "--by", fmt.Sprint("operator", i))...)
		outs[i] = o
		wg.Go(func() {
			_ = cmd.Wait() // the code says it
			codes[i] = cmd.ProcessState.ExitCode()
		})
	}
	wg.Wait()
	won := 0
	for i, c := range codes {
		switch c {
		case exitDone:
			won++
		case exitChanged:
			says(t, outs[i], "changed since: ")
		default:
			t.Errorf("%v ended with %d\n%s", answers[i], c, &outs[i].err)
		}
	}
	// One merge at most, or rejections that do not contradict each other.
	merges := len(w.texts(t, `SELECT 'x' FROM contactmerge.approvals`))
	switch {
	case merges > 1, won == 0, merges == 1 && won > 1 && len(w.texts(t, `SELECT 'x' FROM contactmerge.decisions AS d, contactmerge.approvals AS a
		WHERE d.decision = 'do_not_merge' AND (SELECT count(*) FROM unnest(d.contact_ids) AS c WHERE c = ANY (a.contact_ids)) > 1`)) > 0:
		t.Errorf("%d answers won, %d merges: %v", won, merges, codes)
	}

	// Two who overlap one after the other: the second waits until the first was applied, and then finds another question.
	v := questions(t, approvalsConfig)
	v.Exec(t, `INSERT INTO contacts VALUES (9, 'Rob', 'Marsh', 'bob@example.com')`)
	v.ends(t, exitDone, "run", "--config", "c.yaml")
	v.ends(t, exitDone, "approve", "--config", "c.yaml", "--members", "1,2", "--by", "ann")
	says(t, v.ends(t, exitChanged, "approve", "--config", "c.yaml", "--members", "2,9", "--by", "ben"), "changed since: ann approved to merge contacts 1, 2")
	v.ends(t, exitDone, "apply", "--config", "c.yaml", "--approved", "--confirm")
	says(t, v.ends(t, exitChanged, "approve", "--config", "c.yaml", "--members", "2,9", "--by", "ben"), "changed since: contact")
	v.ends(t, exitDone, "run", "--config", "c.yaml")
	rest, _ := v.clusterOf(t, "9")
	v.ends(t, exitDone, "approve", "--config", "c.yaml", rest, "--by", "ben")
	v.ends(t, exitDone, "apply", "--config", "c.yaml", "--approved", "--confirm")
	v.none(t, "tickets that do not belong to the one survivor", `SELECT id::text FROM tickets WHERE id IN (1, 2, 9) AND contact_id IN (SELECT loser_id::int FROM contactmerge.redirects WHERE active)`)
	if got := len(v.texts(t, `SELECT loser_id FROM contactmerge.redirects WHERE active`)); got != 2 {
		t.Errorf("%d redirects, want 2", got)
	}
}

func TestDecisionsFile(t *testing.T) {
	t.Parallel()
	planned := questions(t, approvalsConfig)
	write := func(t *testing.T, w *world, name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	bob, bobVersion := planned.clusterOf(t, "1")
	ann, annVersion := planned.clusterOf(t, "3")
	t.Run("the form that is written can be filled in", func(t *testing.T) {
		t.Parallel()
		w := planned.clone(t, approvalsConfig)
		form := w.ends(t, exitDone, "decisions", "--config", "c.yaml", "--open", "--csv").out.String()
		write(t, w, "d.csv", form)
		says(t, w.ends(t, exitDone, "decide", "--config", "c.yaml", "--file", "d.csv"), "0 to merge, 0 not to merge, 0 deferred; 3 left open")
		write(t, w, "d.csv", strings.Replace(form, bobVersion+",,", bobVersion+",merge_all,", 1))
		says(t, w.ends(t, exitUsage, "decide", "--config", "c.yaml", "--file", "d.csv"), "nobody is named who decided", "1 of 3 lines cannot be used; nothing was stored")
		says(t, w.ends(t, exitDone, "decide", "--config", "c.yaml", "--file", "d.csv", "--by", "ann"), "1 to merge, 0 not to merge, 0 deferred; 2 left open")
		wantStates(t, w, "1+2 approved")
		// The pair that lies in no cluster is answered in the same way.
		form = w.ends(t, exitDone, "decisions", "--config", "c.yaml", "--open", "--csv").out.String()
		write(t, w, "d.csv", strings.Replace(form, `,," 5; 6",`, `,do_not_merge," 5; 6",`, 1))
		says(t, w.ends(t, exitDone, "decide", "--config", "c.yaml", "--file", "d.csv", "--by", "ann"), "0 to merge, 1 not to merge, 0 deferred; 1 left open")
		says(t, w.ends(t, exitDone, "decisions", "--config", "c.yaml", "--open"), ann[:12])
	})
	t.Run("json lines", func(t *testing.T) {
		t.Parallel()
		w := planned.clone(t, approvalsConfig)
		write(t, w, "d.jsonl", fmt.Sprintf(`{"cluster_id":%q,"version":%q,"decision":"merge_selected","members":["1","2"],"by":"ann","why":"so; it is"}
{"cluster_id":%q,"version":%q,"decision":"do_not_merge","by":"ben"}
`, bob, bobVersion, ann, annVersion))
		says(t, w.ends(t, exitDone, "decide", "--config", "c.yaml", "--file", "d.jsonl"), "1 to merge, 1 not to merge, 0 deferred; 0 left open")
		if diff := cmp.Diff([]string{"merge_selected 1+2 ann so; it is", "do_not_merge 3+4 ben "}, w.texts(t, `SELECT decision || ' ' || array_to_string(contact_ids, '+') || ' ' || decided_by || ' ' || why FROM contactmerge.decisions ORDER BY decision_id`)); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
	})
	t.Run("all or nothing, or partial", func(t *testing.T) {
		t.Parallel()
		w := planned.clone(t, approvalsConfig)
		w.Exec(t, `UPDATE contacts SET city = 'Bergen' WHERE id = 4`)
		write(t, w, "d.csv", fmt.Sprintf("cluster_id,version,decision,by\n%s,%s,merge_all,ann\n%s,%s,merge_all,ann\n%s,%s,defer,ann\n",
			bob, bobVersion, ann, annVersion, strings.Repeat("0", 32), annVersion))
		o := w.ends(t, exitChanged, "decide", "--config", "c.yaml", "--file", "d.csv")
		says(t, o, "d.csv: line 3: changed since: contact 4 was edited", "d.csv: line 4: cluster 00000000", "2 of 3 lines could not be stored, and nothing was")
		wantStates(t, w)
		o = w.ends(t, exitPartial, "decide", "--config", "c.yaml", "--file", "d.csv", "--partial")
		says(t, o, "d.csv: line 3: ", "d.csv: line 4: ", "1 to merge")
		wantStates(t, w, "1+2 approved")
	})
	t.Run("bad lines", func(t *testing.T) {
		t.Parallel()
		w := planned.clone(t, approvalsConfig)
		id := bob + "," + bobVersion
		for _, tc := range []struct{ name, file, text, want string }{
			{"no header", "d.csv", "", "the decisions have no header"},
			{"unknown column", "d.csv", "cluster_id,version,decison\n", `unknown column "decison" (did you mean "decision"?)`},
			{"missing column", "d.csv", "cluster_id,decision\n", "no column version"},
			{"column twice", "d.csv", "cluster_id,version,decision,Decision\n", "the column decision twice"},
			{"field count", "d.csv", "cluster_id,version,decision\n" + id + "\n", "line 2: it has 2 fields, the header 3"},
			{"short id", "d.csv", "cluster_id,version,decision\n12," + bobVersion + ",defer\n", "line 2: cluster_id is not the whole id"},
			{"unknown decision", "d.csv", "cluster_id,version,decision\n" + id + ",merge\n", `line 2: decision "merge" is not one of merge_all, merge_selected, do_not_merge, defer`},
			{"selected without members", "d.csv", "cluster_id,version,decision\n" + id + ",merge_selected\n", "merge_selected needs two members"},
			{"a stranger", "d.csv", "cluster_id,version,decision,members\n" + id + ",merge_selected,1;3\n", "line 2: contact 3 is not in cluster"},
			{"all that are not all", "d.jsonl", fmt.Sprintf(`{"cluster_id":%q,"version":%q,"decision":"merge_all","members":["1"," 2"]}`, bob, bobVersion), "line 1: contact  2 is not in cluster"},
			{"a pair with itself", "d.csv", "cluster_id,version,decision,members\n" + id + ",merge_selected,1;1\n", "line 2: an answer is about two contacts or more"},
			{"open quote", "d.csv", "cluster_id,version,decision,why\n" + id + ",defer,\"x\n", "reading the decisions"},
			{"not json", "d.jsonl", "{]\n", "line 1: not a decision in JSON"},
			{"unknown key", "d.jsonl", `{"cluster_id":"x","descision":"y"}`, `unknown field "descision"`},
			{"wrong type", "d.jsonl", `{"cluster_id":1}`, "cluster_id must be a string"},
			{"two objects", "d.jsonl", `{"cluster_id":"x"}{}`, "more than one object"},
			{"another kind of file", "d.txt", "", "is called .csv or .jsonl"},
		} {
			write(t, w, tc.file, tc.text)
			cmd, o := w.start(t, "decide", "--config", "c.yaml", "--file", tc.file, "--by", "ann")
			if got := code(t, cmd); got == exitDone || got == exitPartial {
				t.Errorf("%s: exit code %d", tc.name, got)
			}
			says(t, o, tc.want)
		}
		if n := w.texts(t, `SELECT 'x' FROM contactmerge.decisions`); len(n) != 0 {
			t.Errorf("%d decisions were stored", len(n))
		}
	})
}

// TestApplyKilledBetweenApprovals: a process that dies after a merge and before it could note so leaves nothing to repair by hand.
func TestApplyKilledBetweenApprovals(t *testing.T) {
	t.Parallel()
	w := questions(t, approvalsConfig)
	bob, _ := w.clusterOf(t, "1")
	ann, _ := w.clusterOf(t, "3")
	w.ends(t, exitDone, "approve", "--config", "c.yaml", bob, ann, "--by", "ann")
	w.ends(t, exitDone, "apply", "--config", "c.yaml", "--approved", "--confirm")
	// As if it had died after the first merge.
	w.Exec(t, `UPDATE contactmerge.approvals SET state = 'applying' WHERE contact_ids = '{1,2}';
		INSERT INTO contactmerge.approved_contacts SELECT unnest(contact_ids), approval_id FROM contactmerge.approvals WHERE state = 'applying'`)
	says(t, w.ends(t, exitDone, "decisions", "--config", "c.yaml"), "applied")
	says(t, w.ends(t, exitDone, "apply", "--config", "c.yaml", "--approved", "--confirm"), "nothing approved waits")
	wantStates(t, w, "1+2 applied", "3+4 applied")
	w.none(t, "contacts that are still taken", `SELECT contact_id FROM contactmerge.approved_contacts`)
}
