package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/contactmerge/contactmerge/internal/pgtest"
)

// canary is in every value of the fixture below, and in nothing else.
var canary = regexp.MustCompile(`(?i)canary`)

// nest has a canary in every text column, and a constraint, a unique index and a trigger that refuse merges and quote the row when they do.
// The trigger's message reaches us only: what an application writes into its own server's log is its own decision, so it quotes nothing there.
const nest = `
CREATE TABLE contacts (id int PRIMARY KEY, first_name text, last_name text, email text, city text, memo text CHECK (memo IS NULL OR length(memo) < 40), born text);
CREATE TABLE contact_identities (id int PRIMARY KEY, contact_id int NOT NULL REFERENCES contacts, channel text, value text, UNIQUE (contact_id, channel, value));
CREATE TABLE tickets (id int PRIMARY KEY, contact_id int NOT NULL REFERENCES contacts, title text, CHECK (contact_id <> 11));
CREATE TABLE tags (contact_id int NOT NULL REFERENCES contacts, tag text NOT NULL, CONSTRAINT one_tag UNIQUE (contact_id, tag));
CREATE TABLE notes (id int PRIMARY KEY, contact_id int NOT NULL REFERENCES contacts, body text);
CREATE INDEX ON contact_identities (contact_id); CREATE INDEX ON tickets (contact_id); CREATE INDEX ON tags (contact_id); CREATE INDEX ON notes (contact_id);
INSERT INTO contacts SELECT n, 'Canary' || (ARRAY['ann', 'bob', 'cem', 'dan', 'eve', 'fay', 'gus', 'hal'])[1 + n / 2 % 8], 'Canary' || (ARRAY['okafor', 'marsh', 'aydin', 'rossi', 'tanaka', 'lopez', 'novak', 'olsen'])[1 + n / 2 % 8],
	'canary' || n / 2 || '@canary.example', CASE WHEN n % 2 = 0 THEN NULL ELSE 'Canaryville' END, 'canary memo ' || n, 'canary' FROM generate_series(2, 17) AS n;
INSERT INTO contact_identities SELECT n, n, 'email', 'canary' || n / 2 || '@canary.example' FROM generate_series(2, 17) AS n;
INSERT INTO tickets SELECT n, n, 'canary ticket' FROM generate_series(2, 17) AS n WHERE n <> 11;
INSERT INTO tags VALUES (4, 'canary tag'), (5, 'canary tag');
INSERT INTO notes SELECT n, n, 'canary note' FROM generate_series(2, 17) AS n;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'a note is kept' USING DETAIL = 'it says ' || NEW.body, HINT = NEW.body; END $$;
CREATE TRIGGER refuse BEFORE UPDATE ON notes FOR EACH ROW WHEN (OLD.id IN (12, 13)) EXECUTE FUNCTION refuse();
`

// TestPanicSaysNoValue: what a panic was about may be a value.
func TestPanicSaysNoValue(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	func() {
		defer func() {
			if got := panicked(&b, recover()); got != exitFailed {
				t.Errorf("exit code %d", got)
			}
		}()
		panic(fmt.Errorf("cannot parse %q", "canary@example.com"))
	}()
	if got := b.String(); canary.MatchString(strings.ReplaceAll(got, "canary_test.go", "")) || !strings.Contains(got, "*fmt.wrapError") && !strings.Contains(got, "*errors.errorString") && !strings.Contains(got, "*fmt.fmtError") {
		t.Errorf("it said %s", got)
	}
}

// TestCanaries plants values in every column and looks for them everywhere but in the reports, which are for people to read, and in the
// customer's database: in what the verbs say, in logs at their loudest, in the records of runs, and in the server's own log.
func TestCanaries(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, pgtest.Options{ExtraConf: []string{"log_parameter_max_length_on_error = -1", "log_min_duration_statement = -1"}})
	w := newWorld(t, server.DB(t), smallConfig)
	w.Exec(t, nest)
	silent := func(what, text string) {
		t.Helper()
		for line := range strings.Lines(text) {
			if canary.MatchString(line) {
				t.Errorf("%s: %s", what, line)
			}
		}
	}
	verb := func(codes []int, args ...string) *output {
		t.Helper()
		args = append(args, "--config", "c.yaml", "--log-level", "debug")
		cmd, o := w.start(t, args...)
		got := code(t, cmd)
		if !slices.Contains(codes, got) {
			t.Fatalf("%v: exit code %d, want one of %v\n%s%s", args, got, codes, &o.out, &o.err)
		}
		silent(fmt.Sprintf("%v", args), o.out.String()+o.err.String())
		return o
	}
	any3 := []int{exitDone, exitPartial}
	verb(any3, "run")
	verb(any3, "doctor")
	verb(any3, "apply")
	applied := verb([]int{exitPartial}, "apply", "--confirm")
	for _, want := range []string{"refused", "one_tag", "tickets_contact_id_check", "a trigger refused it"} {
		if !strings.Contains(applied.out.String(), want) {
			t.Errorf("no %q among the refusals, so the test proves less than it says:\n%s", want, &applied.out)
		}
	}
	if n := w.merged(t); n == 0 {
		t.Error("nothing was merged")
	}
	verb([]int{exitDone, exitFailed}, "verify")
	for _, loser := range w.texts(t, "SELECT cluster_id FROM contactmerge.ledger ORDER BY seq LIMIT 1") {
		// An identity that was given to somebody else keeps the merge from being taken back.
		w.Exec(t, `INSERT INTO contact_identities SELECT (key_values)[1]::int, 17, 'email', 'canary-new@canary.example' FROM contactmerge.journal WHERE cluster_id = $1 AND action = 'remove'`, loser)
		verb([]int{exitDone, exitFailed, exitPartial, exitUsage}, "undo", "--cluster", loser, "--confirm")
	}
	verb([]int{exitDone, exitFailed, exitPartial}, "run", "--country", "DE")

	w.none(t, "values in the records of runs", `SELECT record::text FROM contactmerge.runs WHERE record::text ~* 'canary' OR error ~* 'canary'`)
	record, err := os.ReadFile(filepath.Join(w.dir, defaultOut, "run.json"))
	if err != nil {
		t.Fatal(err)
	}
	silent("run.json", string(record))
	log, err := server.Log()
	if err != nil || !strings.Contains(log, "violates") && !strings.Contains(log, "a note is kept") {
		t.Errorf("the server logged no refusal, so the test proves less than it says: %v", err)
	}
	for line := range strings.Lines(log) {
		if canary.MatchString(line) && !strings.Contains(line, "CREATE ") { // the fixture itself
			t.Errorf("the server's log: %s", line)
		}
	}
}
