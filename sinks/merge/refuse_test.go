package merge

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/pgtest"
)

// TestRefusals merges contact 2 into 1 in databases that do not allow it. Nothing may be written, and the dry run must say the same where
// reading can tell.
func TestRefusals(t *testing.T) {
	base := prepare(t, crm)
	tests := []struct {
		name, script, words string
		since               int  // server version
		unforeseen          bool // the dry run cannot know
		config              func(*Config)
		change              func(*cluster.Step)
	}{
		{name: "unique collision with the survivor", script: `INSERT INTO tags VALUES (2, 'vip')`, words: `"tags_pkey" of public.tags`},
		{name: "unique on the reference alone", script: `CREATE TABLE profile (contact_id bigint UNIQUE REFERENCES contacts); INSERT INTO profile VALUES (1), (2)`, words: `"profile_contact_id_key"`},
		{
			name:   "unique on an expression, in part of the table",
			script: `CREATE TABLE slots (contact_id bigint REFERENCES contacts, slot text, live boolean); CREATE UNIQUE INDEX one_slot ON slots (lower(slot), contact_id) WHERE live; INSERT INTO slots VALUES (1, 'A', true), (2, 'a', true), (1, 'b', false), (2, 'b', false)`,
			words:  `"one_slot"`,
		},
		{
			name: "unique with nulls that are equal", since: 15,
			script: `CREATE TABLE slots (contact_id bigint REFERENCES contacts, slot text, UNIQUE NULLS NOT DISTINCT (contact_id, slot)); INSERT INTO slots VALUES (1, NULL), (2, NULL)`,
			words:  `"slots_contact_id_slot_key"`,
		},
		{
			name:   "deferred unique",
			script: `CREATE TABLE seats (contact_id bigint REFERENCES contacts, seat int, UNIQUE (contact_id, seat) DEFERRABLE INITIALLY DEFERRED); INSERT INTO seats VALUES (1, 1), (2, 1)`,
			words:  `"seats_contact_id_seat_key"`,
		},
		{
			name:       "exclusion",
			script:     `CREATE TABLE stays (contact_id bigint REFERENCES contacts, room int4range, EXCLUDE USING gist (room WITH &&, int8range(contact_id, contact_id, '[]') WITH &&)); INSERT INTO stays VALUES (1, '[1,5)'), (2, '[3,9)')`,
			words:      `"stays_room_int8range_excl"`,
			unforeseen: true,
		},
		{name: "duplicate identities when they are not dropped", words: `"contact_identities_contact_id_channel_value_key"`, config: func(c *Config) { c.RefuseDuplicates = true }},
		{
			name:       "trigger that swallows an update",
			script:     `CREATE FUNCTION nope() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE TRIGGER nope BEFORE UPDATE ON messages FOR EACH ROW EXECUTE FUNCTION nope()`,
			words:      "0 of 2 rows of public.messages.contact_id could be moved",
			unforeseen: true,
		},
		{
			name:       "trigger that turns an update back",
			script:     `CREATE FUNCTION back() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.contact_id := OLD.contact_id; RETURN NEW; END'; CREATE TRIGGER back BEFORE UPDATE ON messages FOR EACH ROW EXECUTE FUNCTION back()`,
			words:      "0 of 2 rows of public.messages.contact_id could be moved",
			unforeseen: true,
		},
		{
			name:       "trigger that raises with a name in the message",
			script:     `CREATE FUNCTION boom() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''Okafor must stay''; END'; CREATE TRIGGER boom BEFORE UPDATE ON tags FOR EACH ROW EXECUTE FUNCTION boom()`,
			words:      "a trigger refused it (SQLSTATE P0001)",
			unforeseen: true,
		},
		{
			name:       "trigger that keeps an identity",
			script:     `CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE TRIGGER keep BEFORE DELETE ON contact_identities FOR EACH ROW EXECUTE FUNCTION keep()`,
			words:      "0 of 1 rows of public.contact_identities were removed",
			unforeseen: true,
		},
		{
			name:   "removed identity that others hang on",
			script: `CREATE TABLE consents (identity_id bigint REFERENCES contact_identities ON DELETE CASCADE); INSERT INTO consents VALUES (2)`,
			words:  `through the foreign key "consents_identity_id_fkey"`,
		},
		{
			name:   "cascade of an update",
			script: `CREATE TABLE accounts (contact_id bigint PRIMARY KEY REFERENCES contacts); CREATE TABLE logins (account bigint REFERENCES accounts ON UPDATE CASCADE); INSERT INTO accounts VALUES (2); INSERT INTO logins VALUES (2)`,
			words:  `through the foreign key "logins_account_fkey"`,
		},
		{
			name:   "composite reference across tenants",
			script: `ALTER TABLE contacts ADD tenant int DEFAULT 1, ADD UNIQUE (id, tenant); UPDATE contacts SET tenant = 2 WHERE id = 2; CREATE TABLE deals (contact_id bigint, tenant int, FOREIGN KEY (tenant, contact_id) REFERENCES contacts (tenant, id)); INSERT INTO deals VALUES (2, 2)`,
			words:  `"deals_tenant_contact_id_fkey"), in which the members differ`,
		},
		{
			name:   "reference by another column",
			script: `ALTER TABLE contacts ADD code text UNIQUE; UPDATE contacts SET code = 'x' WHERE id = 2; CREATE TABLE cards (code text REFERENCES contacts (code)); INSERT INTO cards VALUES ('x')`,
			words:  `rows of public.cards refer to a loser by code`,
		},
		{
			name:   "survivor as its own ancestor",
			script: `UPDATE contacts SET manager_id = 4 WHERE id = 1`, // 1 under 4, 4 under 2
			words:  `its own ancestor by column "manager_id"`, unforeseen: true,
		},
		{name: "too many rows", words: "11 rows would move, over the limit of 8 (merge.max_children)", config: func(c *Config) { c.MaxChildren = 8 }},
		{name: "too large contacts", words: "over the limit of 100 (merge.max_megabytes)", config: func(c *Config) { c.MaxImageBytes = 100 }},
		{name: "change of an unknown column", words: `no column "gone"`, change: func(s *cluster.Step) { s.Changes = []cluster.Change{{Column: "gone"}} }},
		{name: "change of the id", words: `refer to contacts by column "id"`, change: func(s *cluster.Step) { s.Changes = []cluster.Change{{Column: "id", Value: text("9")}} }},
		{
			name:   "change that does not fit",
			script: `ALTER TABLE contacts ADD grade varchar(3)`, words: "a value does not fit its column (SQLSTATE 22001)", unforeseen: true,
			change: func(s *cluster.Step) { s.Changes = []cluster.Change{{Column: "grade", Value: text("Okafor")}} },
		},
		{
			name:   "change that breaks a check",
			script: `ALTER TABLE contacts ADD age int CONSTRAINT adult CHECK (age > 17)`, words: `"adult"`, unforeseen: true,
			change: func(s *cluster.Step) { s.Changes = []cluster.Change{{Column: "age", Value: text("7")}} },
		},
		{
			name:   "change of a generated column",
			script: `ALTER TABLE contacts ADD full_name text GENERATED ALWAYS AS (first || ' ' || last) STORED`, words: `"full_name" of public.contacts is generated`,
			change: func(s *cluster.Step) { s.Changes = []cluster.Change{{Column: "full_name", Value: text("x")}} },
		},
		{
			name:       "change that refers to a loser",
			words:      "still refer to a loser",
			unforeseen: true,
			change:     func(s *cluster.Step) { s.Changes = []cluster.Change{{Column: "manager_id", Value: text("2")}} },
		},
		{
			name: "value whose text does not bring it back",
			script: `CREATE TYPE pair AS (a int, b int); CREATE FUNCTION pair_text(pair) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''(1,1)'''; CREATE CAST (pair AS text) WITH FUNCTION pair_text(pair);
				ALTER TABLE contacts ADD p pair; UPDATE contacts SET p = ROW(1, 2)::pair WHERE id = 2`,
			words: "1 rows of public.contacts hold a value that its text does not reproduce", unforeseen: true,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if base.Server.Version < tt.since {
				t.Skipf("PostgreSQL %d has no such thing", base.Server.Version)
			}
			b := attach(t, base.Clone(t))
			if tt.script != "" {
				b.db.Exec(t, tt.script)
			}
			if tt.config != nil {
				tt.config(&b.cfg)
			}
			s := b.step(t, "1", "2")
			if tt.change != nil {
				tt.change(&s)
			}
			p := planOf(s)
			dry := b.dryRun(t, p)
			b.wantRefused(t, p, tt.words)
			switch {
			case tt.unforeseen && dry.Count(Applied) != 1:
				t.Errorf("the dry run says %+v: this case is foreseen after all", dry)
			case !tt.unforeseen && (len(dry.Unfinished) != 1 || !strings.Contains(dry.Unfinished[0].Reason, tt.words)):
				t.Errorf("the dry run says %+v", dry)
			}
		})
	}
}

// TestStartRefuses covers what makes every step impossible.
func TestStartRefuses(t *testing.T) {
	base := prepare(t, crm)
	tests := []struct {
		name, script, words string
		config              func(*Config)
	}{
		{name: "no table", words: `there is no table "people"`, config: func(c *Config) { c.Contacts = "people" }},
		{name: "two tables", script: `CREATE SCHEMA "public.contacts"; CREATE SCHEMA public2; CREATE TABLE "public.contacts" (id int)`, words: "can be read in 2 ways", config: func(c *Config) { c.Contacts = "public.contacts" }},
		{name: "no column", words: `has no column "phone"`, config: func(c *Config) { c.Columns = append(c.Columns, "phone") }},
		{name: "no id", words: `has no column "key"`, config: func(c *Config) { c.ID = "key" }},
		{name: "id that is not unique", words: "must be unique and not null", config: func(c *Config) { c.ID = "first" }},
		{name: "view", script: `CREATE VIEW people AS SELECT * FROM contacts`, words: "must be unique", config: func(c *Config) { c.Contacts = "people" }},
		{name: "inheritance", script: `CREATE TABLE old_notes () INHERITS (notes)`, words: "public.notes takes part in table inheritance"},
		{name: "rules", script: `CREATE RULE r AS ON UPDATE TO notes DO ALSO NOTIFY x`, words: "public.notes has rules"},
		{
			name: "large table without index", script: `CREATE TABLE logs (contact_id bigint REFERENCES contacts); INSERT INTO logs SELECT 4 FROM generate_series(1, 10001); ANALYZE logs`,
			words: `CREATE INDEX CONCURRENTLY ON "public"."logs" ("contact_id")`,
		},
		{name: "reference of another type", script: `CREATE TABLE calls (contact date)`, words: "its type is", config: func(c *Config) { c.References = []Reference{{Table: "calls", Column: "contact"}} }},
		{name: "archive column", words: `no column "merged_into"`, config: func(c *Config) { c.ArchiveColumn = "merged_into" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := attach(t, base.Clone(t))
			p := planOf(b.step(t, "1", "2"))
			before := b.dump(t)
			if tt.script != "" {
				b.db.Exec(t, tt.script)
				before = b.dump(t)
			}
			if tt.config != nil {
				tt.config(&b.cfg)
			}
			m, err := New(b.lock, b.cfg)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Apply(t.Context(), m, p, Options{}); err == nil || !strings.Contains(err.Error(), tt.words) {
				t.Errorf("want %q, got %v", tt.words, err)
			}
			b.wantUntouched(t, before)
		})
	}
}

func TestConfigLists(t *testing.T) {
	err := Config{Mode: "shred", Identities: "x", Schema: `a"b`}.WithDefaults().Validate()
	for _, words := range []string{"no contacts table", "no id column", "no columns", "identities table without", `"shred"`, "schema name"} {
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("want %q in %v", words, err)
		}
	}
}

func TestPlansThatMakeNoSense(t *testing.T) {
	step := func(ids ...string) cluster.Step {
		s := cluster.Step{Cluster: cluster.IDOf(ids), Survivor: ids[0], Losers: ids[1:]}
		for _, id := range ids {
			s.Guards = append(s.Guards, cluster.Guard{ID: id, Hash: "h"})
		}
		return s
	}
	unguarded := step("1", "2")
	unguarded.Guards[1].ID = "3"
	altered := planOf(step("1", "2"))
	altered.Steps = append(altered.Steps, step("3", "4"))
	tests := []struct {
		name, words string
		plan        *cluster.Plan
	}{
		{"another format", "format 99", &cluster.Plan{ID: "x", Format: 99}},
		{"no id", "was altered", &cluster.Plan{Format: cluster.PlanFormat}},
		{"altered", "was altered", altered},
		{"loser twice", `contact "2" is loser, and already`, planOf(step("1", "2"), step("3", "2"))},
		{"survivor that is a loser", `contact "1" is loser, and already`, planOf(step("1", "2"), step("3", "1"))},
		{"its own loser", `contact "1" is loser, and already`, planOf(step("1", "1"))},
		{"no losers", "nobody is merged", planOf(step("1"))},
		{"no guard", "its guards are not those", planOf(unguarded)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Apply(t.Context(), nil, tt.plan, Options{})
			if err == nil || !strings.Contains(err.Error(), tt.words) {
				t.Errorf("want %q, got %v", tt.words, err)
			}
		})
	}
}

func TestStaleAndGone(t *testing.T) {
	base := prepare(t, crm)
	for _, tt := range []struct {
		name, script string
		want         Outcome
	}{
		{"loser changed", `UPDATE contacts SET first = 'Anna' WHERE id = 2`, Stale},
		{"survivor changed", `UPDATE contacts SET last = NULL WHERE id = 1`, Stale},
		{"identity added", `INSERT INTO contact_identities (contact_id, channel, value) VALUES (2, 'email', 'new@example.com')`, Stale},
		{"identity removed", `DELETE FROM contact_identities WHERE id = 3`, Stale},
		{"identity without value", `INSERT INTO contact_identities (contact_id, channel, value) VALUES (2, 'fax', NULL), (2, 'fax', E' \t'), (2, '', 'x')`, Applied},
		{"column nobody decided by", `UPDATE contacts SET updated_at = now() WHERE id = 2`, Applied},
		{"changed and changed back", `UPDATE contacts SET first = 'Anna' WHERE id = 2; UPDATE contacts SET first = 'Ann' WHERE id = 2`, Applied},
		{"loser deleted", `DELETE FROM contact_identities WHERE contact_id = 3; UPDATE tickets SET contact_id = 4 WHERE contact_id = 3; UPDATE tickets SET payer_id = NULL; DELETE FROM notes; DELETE FROM contacts WHERE id = 3`, Gone},
		{"loser merged elsewhere", `INSERT INTO contactmerge.redirects (loser_id, survivor_id, plan_id, cluster_id) VALUES ('2', '4', 'p', 'c')`, Gone},
		{"survivor merged elsewhere", `INSERT INTO contactmerge.redirects (loser_id, survivor_id, plan_id, cluster_id) VALUES ('1', '4', 'p', 'c')`, Gone},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := attach(t, base.Clone(t))
			p := planOf(b.step(t, "1", "2", "3"))
			b.db.Exec(t, tt.script)
			before := b.dump(t)
			wantOnly(t, b.dryRun(t, p), tt.want)
			rep := b.apply(t, p)
			wantOnly(t, rep, tt.want)
			if d := diff(before, b.dump(t)); tt.want != Applied && d != "" {
				t.Errorf("rows changed:\n%s", d)
			}
		})
	}
}

// TestIdentitiesOfTheRun compares only the identities that the run which made the plan has seen.
func TestIdentitiesOfTheRun(t *testing.T) {
	b := setUp(t, crm)
	p := planOf(b.step(t, "1", "2"))
	b.db.Exec(t, `INSERT INTO contact_identities (contact_id, channel, value) VALUES (2, 'cookie', 'x')`)
	wantOnly(t, b.dryRun(t, p), Stale)
	b.cfg.IdentityWhere = `channel <> 'cookie' -- not those`
	wantOnly(t, b.dryRun(t, p), Applied)
	wantOnly(t, b.apply(t, p), Applied)
	if got := b.query(t, `SELECT contact_id::text FROM contact_identities WHERE channel = 'cookie'`); got[0] != "1" {
		t.Errorf("the cookie is at contact %s, want 1", got[0])
	}
}

// TestContactsOfTheRun leaves a contact alone that the next run would not see, though nothing that a guard covers has changed.
func TestContactsOfTheRun(t *testing.T) {
	for _, tt := range []struct {
		name, script string
		want         Outcome
	}{
		{"as they were", `SELECT`, Applied},
		{"the loser left", `UPDATE contacts SET updated_at = '2027-01-01' WHERE id = 2`, Stale},
		{"the survivor left", `UPDATE contacts SET updated_at = '2027-01-01' WHERE id = 1`, Stale},
		{"a bystander left", `UPDATE contacts SET updated_at = '2027-01-01' WHERE id = 3`, Applied},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := setUp(t, crm)
			b.cfg.Where = `updated_at < '2026-06-01' -- those of long ago`
			p := planOf(b.step(t, "1", "2"))
			b.db.Exec(t, tt.script)
			wantOnly(t, b.dryRun(t, p), tt.want)
			wantOnly(t, b.apply(t, p), tt.want)
		})
	}
}

func TestOneBadStepDoesNotStopTheOthers(t *testing.T) {
	b := setUp(t, crm)
	b.db.Exec(t, `INSERT INTO tags VALUES (2, 'vip')`)
	p := planOf(b.step(t, "1", "2"), b.step(t, "3", "4"))
	var seen []int
	m, err := New(b.lock, b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	rep, err := Apply(t.Context(), m, p, Options{Progress: func(done, steps int, _ *StepResult) { seen = append(seen, done*10+steps) }})
	if err != nil {
		t.Fatal(err)
	}
	if rep.Count(Refused) != 1 || rep.Count(Applied) != 1 || rep.Left() != 0 || rep.Losers != 1 {
		t.Errorf("report %+v", rep)
	}
	if d := diff([]int{12, 22}, seen); d != "" {
		t.Errorf("progress (-want +got):\n%s", d)
	}
}

func TestFenced(t *testing.T) {
	b := setUp(t, crm)
	p := planOf(b.step(t, "1", "2"))
	before := b.dump(t)
	b.db.Exec(t, `UPDATE contactmerge.lease SET epoch = epoch + 1`)
	m, err := New(b.lock, b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Apply(t.Context(), m, p, Options{}); !errors.Is(err, ErrFenced) {
		t.Errorf("a run that was taken over: %v", err)
	}
	b.wantUntouched(t, before)

	// Taken over between the start and the first step.
	b.db.Exec(t, `UPDATE contactmerge.lease SET epoch = epoch - 1`)
	b.cfg.Fault = func(point string) {
		if point == "begin" {
			b.db.Exec(t, `UPDATE contactmerge.lease SET epoch = epoch + 1`)
		}
	}
	if m, err = New(b.lock, b.cfg); err != nil {
		t.Fatal(err)
	}
	if _, err := Apply(t.Context(), m, p, Options{}); !errors.Is(err, ErrFenced) {
		t.Errorf("a run that was taken over: %v", err)
	}
	b.wantUntouched(t, before)
}

func TestSchemaChangesDuringApply(t *testing.T) {
	b := setUp(t, crm)
	p := planOf(b.step(t, "1", "2"))
	// After the plan, before the start: found, and moved.
	b.db.Exec(t, `CREATE TABLE invoices (contact_id bigint REFERENCES contacts); INSERT INTO invoices VALUES (2)`)
	before := b.dump(t)
	// After the start: refused.
	b.cfg.Fault = func(point string) {
		if point == "begin" {
			b.db.Exec(t, `CREATE TABLE IF NOT EXISTS late (contact_id bigint REFERENCES contacts)`)
		}
	}
	m, err := New(b.lock, b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Apply(t.Context(), m, p, Options{}); !errors.Is(err, ErrSchemaChanged) {
		t.Errorf("a foreign key that came meanwhile: %v", err)
	}
	b.wantUntouched(t, before)
	b.cfg.Fault = nil
	wantOnly(t, b.apply(t, p), Applied)
	if got := b.query(t, `SELECT contact_id::text FROM invoices`); got[0] != "1" {
		t.Errorf("invoice of contact %s, want 1", got[0])
	}
}

func TestCheck(t *testing.T) {
	db := pgtest.DB(t)
	db.Exec(t, crm)
	for _, tt := range []struct {
		name   string
		change func(*Config)
		says   string // "" for nothing
	}{
		{"all is well", func(*Config) {}, ""},
		{"no such table", func(c *Config) { c.References = []Reference{{Table: "invoices", Column: "contact_id"}} }, `there is no table "invoices"`},
		{"no such column", func(c *Config) { c.References = []Reference{{Table: "notes", Column: "author"}} }, `public.notes has no column "author"`},
		{"another type", func(c *Config) { c.References = []Reference{{Table: "contact_identities", Column: "verified"}} }, "its type is pg_catalog.bool"},
		{"no archive column", func(c *Config) { c.ArchiveColumn = "gone" }, `public.contacts has no column "gone"`},
		{"an id that is none", func(c *Config) { c.ID = "first" }, "must be unique and not null"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := testConfig()
			tt.change(&cfg)
			conn, err := pgx.Connect(t.Context(), db.DSN)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(context.WithoutCancel(t.Context())) // only read from
			err = Check(t.Context(), conn, cfg)
			if (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Check = %v, want %q", err, tt.says)
			}
		})
	}
}
