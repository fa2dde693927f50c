package merge

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/pgtest"
	"github.com/contactmerge/contactmerge/sinks/postgres"
)

// crm is a small customer database: children of every kind the merge has to know.
const crm = `
CREATE TABLE contacts (id bigint PRIMARY KEY, first text, last text, email text, manager_id bigint REFERENCES contacts, updated_at timestamptz NOT NULL DEFAULT '2026-01-01 00:00:00+00');
CREATE TABLE contact_identities (id bigserial PRIMARY KEY, contact_id bigint NOT NULL REFERENCES contacts, channel text NOT NULL, value text, verified boolean NOT NULL DEFAULT false, UNIQUE (contact_id, channel, value));
CREATE TABLE tickets (id bigserial PRIMARY KEY, contact_id bigint NOT NULL REFERENCES contacts, payer_id bigint REFERENCES contacts ON DELETE SET NULL, title text);
CREATE TABLE messages (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), contact_id bigint REFERENCES contacts ON DELETE CASCADE, body text);
CREATE TABLE notes (contact_id int8 REFERENCES contacts, body text);
CREATE TABLE tags (contact_id bigint NOT NULL REFERENCES contacts, tag text NOT NULL, PRIMARY KEY (contact_id, tag));
CREATE INDEX ON contacts (manager_id);
CREATE INDEX ON tickets (contact_id);
CREATE INDEX ON tickets (payer_id);
CREATE INDEX ON messages (contact_id);
CREATE INDEX ON notes (contact_id);
INSERT INTO contacts (id, first, last, email) VALUES (1, 'Ann', 'Okafor', 'ann@example.com'), (2, 'Ann', NULL, 'ann@example.com'), (3, 'Anne', 'Okafor', NULL), (4, 'Ben', 'Okafor', NULL), (5, 'Boss', NULL, NULL);
UPDATE contacts SET manager_id = 2 WHERE id = 4;
UPDATE contacts SET manager_id = 5 WHERE id IN (1, 2);
INSERT INTO contact_identities (contact_id, channel, value, verified) VALUES (1, 'email', 'ann@example.com', true), (2, 'email', 'ann@example.com', false), (2, 'phone', '+1 202 555 0143', false), (3, 'phone', '+1 202 555 0143', true), (4, 'phone', NULL, false);
INSERT INTO tickets (contact_id, payer_id, title) VALUES (1, 2, 'a'), (2, 2, 'b'), (3, 4, 'c'), (4, 3, 'd');
INSERT INTO messages (contact_id, body) VALUES (2, 'hello'), (2, 'hello'), (NULL, 'lost'), (4, 'other');
INSERT INTO notes VALUES (2, 'same'), (2, 'same'), (3, NULL), (4, 'same');
INSERT INTO tags VALUES (1, 'vip'), (2, 'new'), (4, 'vip');
`

// bench is a customer database with our schema beside it.
type bench struct {
	db    *pgtest.Database
	store *postgres.Store
	cfg   Config
	lock  *postgres.Lock
}

func testConfig() Config {
	return Config{
		Contacts: "contacts", ID: "id", Columns: []string{"id", "first", "last", "email", "manager_id"},
		Identities: "contact_identities", IdentityContact: "contact_id", IdentityValue: "value", IdentityChannel: "channel",
	}
}

// prepare makes a customer database of the given script with our schema beside it, for others to clone.
func prepare(t testing.TB, sql string) *pgtest.Database {
	t.Helper()
	db := pgtest.DB(t)
	script(t, db, sql)
	return db
}

// script runs SQL in a customer's database, and puts our schema beside it.
func script(t testing.TB, db *pgtest.Database, sql string) {
	t.Helper()
	db.Exec(t, sql)
	store := openStore(t, db.DSN)
	defer store.Close()
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func openStore(t testing.TB, dsn string) *postgres.Store {
	t.Helper()
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	store, err := postgres.Open(t.Context(), cfg, postgres.Options{Host: "test", PID: 1})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// setUp makes a customer database of the given script, and takes the run lock.
func setUp(t testing.TB, script string) *bench {
	t.Helper()
	return attach(t, prepare(t, script))
}

// attach takes the run lock in a prepared database.
func attach(t testing.TB, db *pgtest.Database) *bench {
	t.Helper()
	b := &bench{db: db, cfg: testConfig(), store: openStore(t, db.DSN)}
	t.Cleanup(b.store.Close)
	// The last holder may be a process that was killed a moment ago.
	b.lock = lockSoon(t, b.store)
	t.Cleanup(func() { _ = b.lock.Release(context.Background()) })
	return b
}

// step plans to merge losers into a survivor, guards and all.
func (b *bench) step(t testing.TB, survivor string, losers ...string) cluster.Step {
	t.Helper()
	ids := append([]string{survivor}, losers...)
	s := cluster.Step{Cluster: cluster.IDOf(ids), Survivor: survivor, Losers: losers}
	cols := make([]string, len(b.cfg.Columns))
	for i, c := range b.cfg.Columns {
		cols[i] = quote(c) + "::text"
	}
	err := pgx.BeginFunc(t.Context(), b.db.Pool(t), func(tx pgx.Tx) error {
		// Guards are made by another session, with settings of its own: the formats must be pinned on both sides.
		for _, set := range []string{"TimeZone = 'UTC'", "DateStyle = 'ISO'", "IntervalStyle = 'postgres'", "bytea_output = 'hex'", "extra_float_digits = 1"} {
			if _, err := tx.Exec(t.Context(), "SET LOCAL "+set); err != nil {
				return err
			}
		}
		for _, id := range ids {
			var values []*string
			var identities []string
			err := tx.QueryRow(t.Context(), "SELECT ARRAY["+strings.Join(cols, ", ")+"] FROM "+tableSQL(b.cfg.Contacts)+" WHERE "+quote(b.cfg.ID)+"::text = $1", id).Scan(&values)
			if err != nil {
				return fmt.Errorf("contact %s: %w", id, err)
			}
			if b.cfg.Identities != "" {
				rows, err := tx.Query(t.Context(), "SELECT "+quote(b.cfg.IdentityValue)+"::text FROM "+tableSQL(b.cfg.Identities)+" WHERE "+quote(b.cfg.IdentityContact)+"::text = $1 AND "+quote(b.cfg.IdentityValue)+" IS NOT NULL", id)
				if err != nil {
					return err
				}
				if identities, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
					return err
				}
			}
			s.Guards = append(s.Guards, cluster.Guard{ID: id, Hash: cluster.GuardHash(values, identities)})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func tableSQL(name string) string {
	schema, table, ok := strings.Cut(name, ".")
	if !ok {
		return quote(name)
	}
	return quote(schema, table)
}

func planOf(steps ...cluster.Step) *cluster.Plan {
	for _, s := range steps {
		for i := range s.Changes {
			s.Changes[i].From = cmp.Or(s.Changes[i].From, s.Losers[0])
		}
	}
	p := &cluster.Plan{Format: cluster.PlanFormat, Source: "test", Steps: steps}
	p.ID = p.Hash()
	return p
}

func (b *bench) apply(t testing.TB, p *cluster.Plan) Report {
	t.Helper()
	m, err := New(b.lock, b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	rep, err := Apply(t.Context(), m, p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func (b *bench) dryRun(t testing.TB, p *cluster.Plan) Report {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), b.db.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	d, err := NewDryRun(conn, b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	rep, err := Apply(t.Context(), d, p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

// tamper does what the guards of journal and ledger forbid, as a superuser can.
func (b *bench) tamper(t testing.TB, sql string) {
	t.Helper()
	b.db.Exec(t, `SET session_replication_role = replica; `+sql+`; SET session_replication_role = DEFAULT`)
}

// query collects one text column.
func (b *bench) query(t testing.TB, sql string, args ...any) []string {
	t.Helper()
	rows, err := b.db.Pool(t).Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// dump is every row of the customer's tables as text, sorted.
func (b *bench) dump(t testing.TB) []string {
	t.Helper()
	var out []string
	for _, table := range b.query(t, `SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'contactmerge', 'backup') ORDER BY 1`) {
		out = append(out, b.query(t, `SELECT '`+strings.ReplaceAll(table, "'", "''")+` ' || t::text FROM `+table+` AS t ORDER BY t::text COLLATE "C"`)...)
	}
	return out
}

// wantOnly fails unless every step ended as o.
func wantOnly(t testing.TB, rep Report, o Outcome) {
	t.Helper()
	if rep.Count(o) != rep.Steps {
		t.Fatalf("want every step %s, got %+v", o, rep)
	}
}

// wantRefused fails unless the only step was refused for a reason that has the words, and nothing was written.
func (b *bench) wantRefused(t *testing.T, p *cluster.Plan, words string) {
	t.Helper()
	before := b.dump(t)
	rep := b.apply(t, p)
	if len(rep.Unfinished) != 1 || rep.Unfinished[0].Outcome != Refused || !strings.Contains(rep.Unfinished[0].Reason, words) {
		t.Fatalf("want a refusal with %q, got %+v", words, rep)
	}
	for _, secret := range []string{"example.com", "Okafor", "555"} {
		if strings.Contains(rep.Unfinished[0].Reason, secret) {
			t.Errorf("the reason quotes a value: %q", rep.Unfinished[0].Reason)
		}
	}
	b.wantUntouched(t, before)
}

// wantUntouched fails when the customer's rows differ from a dump, or our tables say that something was merged.
func (b *bench) wantUntouched(t testing.TB, before []string) {
	t.Helper()
	if d := diff(before, b.dump(t)); d != "" {
		t.Errorf("rows changed (-before +after):\n%s", d)
	}
	if n := b.query(t, `SELECT ((SELECT count(*) FROM contactmerge.ledger) + (SELECT count(*) FROM contactmerge.journal) + (SELECT count(*) FROM contactmerge.redirects)
		+ (SELECT count(*) FROM contactmerge.archived_contacts))::text`); n[0] != "0" {
		t.Errorf("%s rows in our tables, want 0", n[0])
	}
}
