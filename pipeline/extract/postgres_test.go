package extract_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/contactmerge/contactmerge/internal/connect"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/pgtest"
	"github.com/contactmerge/contactmerge/pipeline/extract"
)

const schemaSQL = `
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE DOMAIN mail AS text;
CREATE TABLE contacts (
	contact_id bigint PRIMARY KEY, first_name text, last_name varchar(50), email mail, phone text,
	birthdate date, vip boolean, created_at timestamptz, updated_at timestamptz, mood mood, balance numeric(10,2), ratio float8, code uuid,
	photo bytea, tags text[], extra jsonb);
CREATE TABLE contact_identities (
	id serial PRIMARY KEY, contact_id bigint REFERENCES contacts, channel text, value text, verified boolean, first_seen timestamptz);
INSERT INTO contacts VALUES
	(1, 'José', 'Roe', 'a@b.example', '+49 30 901820', '1980-02-03', true, '2020-01-02 03:04:05+02', NULL, 'good', 12.50, 0.1, '00000000-0000-0000-0000-00000000000a', '\x00', '{a}', '{}'),
	(2, NULL, ' Doe ', '', NULL, NULL, false, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO contact_identities (contact_id, channel, value, verified) VALUES (1, 'email', 'x@y.example', true), (2, 'phone', '+1', NULL);
ANALYZE`

func postgres(cfg extract.PostgresConfig, db *pgtest.Database) *extract.PostgresSource {
	cfg.DSN = db.DSN
	return extract.Postgres(cfg)
}

func TestPostgresRecognised(t *testing.T) {
	db := pgtest.DB(t)
	db.Exec(t, schemaSQL)
	s := postgres(extract.PostgresConfig{
		Contacts:   extract.TableMap{Table: "contacts"},
		Identities: &extract.TableMap{Table: "public.contact_identities"},
	}, db)
	got := collect(t, s)
	want := "contact_id=id | first_name=first_name | last_name=last_name | email=identity:email | phone=identity:phone | birthdate=birthdate | " +
		"vip=vip | created_at=created_at | updated_at=updated_at | mood=custom | balance=custom | ratio=custom | code=custom"
	if brief(got.layout.Contacts) != want {
		t.Errorf("contacts: %s", brief(got.layout.Contacts))
	}
	if want := "contact_id=contact_id | channel=channel | value=value | verified=verified | first_seen=first_seen"; brief(got.layout.Identities) != want {
		t.Errorf("identities: %s", brief(got.layout.Identities))
	}
	if got.layout.Name != db.Name+".public.contacts" || got.layout.Rows != 2 || got.layout.Parts != 2 {
		t.Errorf("layout %+v", got.layout)
	}
	null := "<null>"
	if diff := cmp.Diff([][]string{
		{"1", "José", "Roe", "a@b.example", "+49 30 901820", "1980-02-03", "true", "2020-01-02 01:04:05+00", null, "good", "12.50", "0.1", "00000000-0000-0000-0000-00000000000a"},
		{"2", null, " Doe ", "", null, null, "false", null, null, null, null, null, null},
	}, got.contacts); diff != "" {
		t.Errorf("contacts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([][]string{{"1", "email", "x@y.example", "true", null}, {"2", "phone", "+1", null, null}}, got.identities); diff != "" {
		t.Errorf("identities (-want +got):\n%s", diff)
	}
	if notes := strings.Join(s.Notes(), "\n"); strings.Count(notes, "\n") != 2 || !strings.Contains(notes, `column "photo" of public.contacts was left out: its type is bytea`) {
		t.Errorf("notes %q", notes)
	}
}

func TestPostgresMapped(t *testing.T) {
	db := pgtest.DB(t)
	db.Exec(t, `CREATE SCHEMA "My CRM"; CREATE TABLE "My CRM"."Kontakte ""x""" (nr int, "na""me" text, mail text, other text, x text);
		INSERT INTO "My CRM"."Kontakte ""x""" SELECT i, 'n' || i, NULL, 'o', 'x' FROM generate_series(1, 5) i;
		CREATE VIEW crm_view AS SELECT * FROM "My CRM"."Kontakte ""x""";
		CREATE TABLE idents (who int, sort text, what text)`)
	got := collect(t, postgres(extract.PostgresConfig{
		Contacts: extract.TableMap{
			Table: "crm_view", ID: "nr", Where: "nr % 2 = 1 -- odd ones",
			Columns: map[string]string{`na"me`: "full_name", "mail": "email", "x": "ignore"},
		},
		Identities: &extract.TableMap{Table: "idents", Columns: map[string]string{"who": "contact_id", "sort": "channel", "what": "value"}},
	}, db))
	if want := `nr=id | na"me=full_name | mail=identity:email | x=ignore`; brief(got.layout.Contacts) != want {
		t.Errorf("contacts: %s", brief(got.layout.Contacts))
	}
	if diff := cmp.Diff([][]string{{"1", "n1", "<null>", "x"}, {"3", "n3", "<null>", "x"}, {"5", "n5", "<null>", "x"}}, got.contacts); diff != "" {
		t.Errorf("contacts (-want +got):\n%s", diff)
	}
	for _, c := range got.layout.Contacts {
		if c.How != "config" {
			t.Errorf("%s decided by %s", c.Name, c.How)
		}
	}
}

func TestPostgresPartsInOneSnapshot(t *testing.T) {
	db := pgtest.DB(t)
	const n = 20_000
	db.Exec(t, fmt.Sprintf(`CREATE TABLE people (id int PRIMARY KEY, first_name text, pad text);
		INSERT INTO people SELECT i, 'n' || i, repeat('x', 300) FROM generate_series(1, %d) i`, n))
	ctx := context.Background()
	s := postgres(extract.PostgresConfig{Contacts: extract.TableMap{Table: "people"}, Connections: 3}, db)
	layout, err := s.Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if layout.Parts != 6 {
		t.Errorf("%d parts, want 6", layout.Parts)
	}
	// What happens now is not part of the snapshot, whichever connection reads.
	db.Exec(t, `DELETE FROM people WHERE id % 2 = 0; UPDATE people SET first_name = 'later'; INSERT INTO people VALUES (-1, 'new', '')`)

	var mu sync.Mutex
	seen := map[string]int{}
	later := 0
	var wg sync.WaitGroup
	for part := layout.Parts - 1; part >= 0; part-- {
		wg.Go(func() {
			err := s.Read(ctx, part, func(b *contact.Batch) error {
				defer b.Release()
				mu.Lock()
				defer mu.Unlock()
				if b.Len() > 65_536 {
					t.Errorf("a batch of %d rows", b.Len())
				}
				for i := range b.Len() {
					id, _ := b.Value(0, i)
					seen[strings.Clone(id)]++
					if name, _ := b.Value(1, i); name == "later" {
						later++
					}
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for id, times := range seen {
		if times != 1 {
			t.Fatalf("contact %s was delivered %d times", id, times)
		}
	}
	if len(seen) != n || later != 0 {
		t.Errorf("%d contacts, %d of them changed later; want %d and 0", len(seen), later, n)
	}
	noneOpen(t, db)
}

// noneOpen checks that the source's sessions have ended; the server needs a moment to notice that a client has gone.
func noneOpen(t *testing.T, db *pgtest.Database) {
	t.Helper()
	open := -1
	for range 100 {
		err := db.Pool(t).QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity
			WHERE application_name = 'contactmerge' AND datname = current_database()`).Scan(&open)
		if err != nil {
			t.Fatal(err)
		}
		if open == 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("%d connections stay open", open)
}

func TestPostgresWholeTables(t *testing.T) {
	db := pgtest.DB(t)
	db.Exec(t, `CREATE TABLE p (id int, email text) PARTITION BY RANGE (id);
		CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100); CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (100) TO (200);
		INSERT INTO p SELECT i, 'e' FROM generate_series(0, 199) i;
		CREATE MATERIALIZED VIEW m AS SELECT * FROM p; CREATE TABLE empty (id int)`)
	for table, want := range map[string]int{"p": 200, "m": 200, "empty": 0, "p2": -1} {
		got, err := tryCollect(postgres(extract.PostgresConfig{Contacts: extract.TableMap{Table: table}}, db))
		if want < 0 {
			if err == nil {
				t.Errorf("%s: a partition alone was accepted", table)
			}
			continue
		}
		if err != nil || len(got.contacts) != want {
			t.Errorf("%s: %d contacts, %v", table, len(got.contacts), err)
		}
	}
}

func TestPostgresBadRows(t *testing.T) {
	db := pgtest.DB(t)
	db.Exec(t, `CREATE TABLE c (id text, name text); INSERT INTO c VALUES (NULL, 'x'), ('  ', 'y'), ('3', repeat('z', 70000))`)
	got := collect(t, postgres(extract.PostgresConfig{Contacts: extract.TableMap{Table: "c"}}, db))
	if diff := cmp.Diff([]string{"1::id:row:missing_id", "2::id:row:missing_id", "3:3:name:value:value_too_long"}, briefRejects(got.rejects)); diff != "" {
		t.Errorf("rejects (-want +got):\n%s", diff)
	}
	if len(got.contacts) != 1 || len(got.contacts[0][1]) != 70000 {
		t.Error("the long value was not delivered whole")
	}
}

func TestPostgresSQLASCII(t *testing.T) {
	db := pgtest.DB(t)
	name := db.Name + "_ascii"
	db.Exec(t, `CREATE DATABASE `+name+` TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'`)
	defer db.Exec(t, `DROP DATABASE `+name+` WITH (FORCE)`)
	cfg, err := connect.Config(db.DSN)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Database = name
	conn, err := pgconn.ConnectConfig(context.Background(), &cfg.Config)
	if err != nil {
		t.Fatal(err)
	}
	sql := `SET client_encoding = 'SQL_ASCII'; CREATE TABLE c (id int PRIMARY KEY, name text); INSERT INTO c VALUES (1, 'José'), (2, E'Jos\xe9'), (3, 'Ann')`
	if err := errors.Join(conn.Exec(context.Background(), sql).Close(), conn.Close(context.Background())); err != nil {
		t.Fatal(err)
	}
	got := collect(t, extract.Postgres(extract.PostgresConfig{Conn: cfg, Contacts: extract.TableMap{Table: "c"}}))
	if diff := cmp.Diff([]string{"2:2::row:bad_utf8"}, briefRejects(got.rejects)); diff != "" {
		t.Errorf("rejects (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([][]string{{"1", "José"}, {"3", "Ann"}}, got.contacts); diff != "" {
		t.Errorf("contacts (-want +got):\n%s", diff)
	}
}

func TestPostgresMistakes(t *testing.T) {
	db := pgtest.DB(t)
	db.Exec(t, schemaSQL)
	db.Exec(t, `CREATE SCHEMA a; CREATE SCHEMA b; CREATE TABLE a.twin (id int); CREATE TABLE b.twin (id int);
		CREATE TABLE nokey (a text, b text); INSERT INTO nokey VALUES ('x', 'y'), ('x', 'y')`)
	type mapping = map[string]string
	contacts := extract.TableMap{Table: "contacts"}
	tests := map[string]struct {
		cfg  extract.PostgresConfig
		want string
	}{
		"table":            {extract.PostgresConfig{Contacts: extract.TableMap{Table: "contcats"}}, `contacts: there is no table "contcats" in this database (did you mean "public.contacts"?)`},
		"ambiguous":        {extract.PostgresConfig{Contacts: extract.TableMap{Table: "twin"}}, `could be any of a.twin, b.twin; give its schema`},
		"name":             {extract.PostgresConfig{Contacts: extract.TableMap{Table: "a.b.c"}}, `want schema.table or table`},
		"injection":        {extract.PostgresConfig{Contacts: extract.TableMap{Table: `contacts; DROP TABLE contacts`}}, `there is no table`},
		"no id":            {extract.PostgresConfig{Contacts: extract.TableMap{Table: "nokey"}}, `no id column was recognised among: a, b; name it with id`},
		"column":           {extract.PostgresConfig{Contacts: extract.TableMap{Table: "contacts", Columns: mapping{"emial": "email"}}}, `has no column "emial" (did you mean "email"?)`},
		"field":            {extract.PostgresConfig{Contacts: extract.TableMap{Table: "contacts", Columns: mapping{"email": "e_post"}}}, `there is no field "e_post"`},
		"type":             {extract.PostgresConfig{Contacts: extract.TableMap{Table: "contacts", Columns: mapping{"photo": "custom"}}}, `column "photo" of public.contacts has type bytea`},
		"twice":            {extract.PostgresConfig{Contacts: extract.TableMap{Table: "contacts", Columns: mapping{"email": "city", "phone": "city"}}}, `city is already column "email"`},
		"where":            {extract.PostgresConfig{Contacts: extract.TableMap{Table: "contacts", Where: "nonsense > 1"}}, `where of public.contacts: column "nonsense" does not exist (SQLSTATE 42703)`},
		"where statements": {extract.PostgresConfig{Contacts: extract.TableMap{Table: "contacts", Where: "true) LIMIT 1; DELETE FROM public.contacts WHERE (true"}}, `SQLSTATE 42601`},
		"where writes":     {extract.PostgresConfig{Contacts: extract.TableMap{Table: "contacts", Where: "nextval('public.contact_identities_id_seq') > 0"}}, `SQLSTATE 25006`},
		"value in error":   {extract.PostgresConfig{Contacts: extract.TableMap{Table: "contacts", Where: "first_name::int > 0"}}, `the server refused a value (SQLSTATE 22P02)`},
		"identities":       {extract.PostgresConfig{Contacts: contacts, Identities: &extract.TableMap{Table: "nokey"}}, `identities: table public.nokey has no column for contact_id among: a, b`},
		"identity field":   {extract.PostgresConfig{Contacts: contacts, Identities: &extract.TableMap{Table: "nokey", Columns: mapping{"a": "chanel"}}}, `there is no field "chanel" of an identity (did you mean "channel"?)`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := postgres(tt.cfg, db)
			_, err := s.Open(context.Background())
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.ContainsAny(err.Error(), "\n") || strings.Contains(err.Error(), "José") {
				t.Errorf("error %v, want one line with %q", err, tt.want)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestPostgresRights(t *testing.T) {
	db := pgtest.DB(t)
	role := "r_" + db.Name
	db.Exec(t, schemaSQL)
	db.Exec(t, `CREATE ROLE `+role+` LOGIN; CREATE SCHEMA hidden; CREATE TABLE hidden.t (id int); GRANT SELECT ON hidden.t TO `+role+`;
		CREATE TABLE part (id int PRIMARY KEY, name text, secret text); GRANT SELECT (id, name) ON part TO `+role+`;
		CREATE TABLE rls (id int PRIMARY KEY); ALTER TABLE rls ENABLE ROW LEVEL SECURITY; GRANT SELECT ON rls TO `+role)
	defer db.Exec(t, `DROP OWNED BY `+role+`; DROP ROLE `+role)
	cfg, err := connect.Config(db.DSN)
	if err != nil {
		t.Fatal(err)
	}
	cfg.User, cfg.Password = role, ""
	open := func(table string) (contact.Layout, error) {
		s := extract.Postgres(extract.PostgresConfig{Conn: cfg, Contacts: extract.TableMap{Table: table}})
		layout, err := s.Open(context.Background())
		return layout, errors.Join(err, s.Close())
	}
	for table, want := range map[string]string{
		"contacts": `GRANT SELECT ON "public"."contacts" TO "` + role + `"`,
		"hidden.t": `GRANT USAGE ON SCHEMA "hidden" TO "` + role + `"`,
		"rls":      "row-level security hides rows of public.rls",
	} {
		_, err := open(table)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "42501") {
			t.Errorf("%s: error %v, want %q", table, err, want)
		}
	}
	// A large table is read in ranges of blocks, by a column that has to be granted like any other.
	db.Exec(t, `CREATE TABLE large (id int PRIMARY KEY, name text, secret text); INSERT INTO large SELECT i, 'n' || i, repeat('x', 900) FROM generate_series(1, 4000) AS i; GRANT SELECT (id, name) ON large TO `+role)
	s := extract.Postgres(extract.PostgresConfig{Conn: cfg, Contacts: extract.TableMap{Table: "large"}, Connections: 2})
	l, err := s.Open(context.Background())
	rows := 0
	for part := 0; part < l.Parts && err == nil; part++ {
		err = s.Read(context.Background(), part, func(b *contact.Batch) error { rows += b.Len(); b.Release(); return nil })
	}
	if err = errors.Join(err, s.Close()); err != nil || rows != 4000 {
		t.Errorf("large: %d rows, %v", rows, err)
	}
	layout, err := open("part")
	if err != nil || brief(layout.Contacts) != "id=id | name=full_name" {
		t.Errorf("part: %s, %v", brief(layout.Contacts), err)
	}
}

func TestPostgresUnreachable(t *testing.T) {
	db := pgtest.DB(t)
	for name, tt := range map[string]struct{ dsn, want string }{
		"database": {strings.Replace(db.DSN, db.Name, "nothing_here", 1), `there is no such database (SQLSTATE 3D000)`},
		"port":     {"postgres://u:s3cret@127.0.0.1:1/d?sslmode=disable", `connecting to database "d" at 127.0.0.1:1 as user "u": connection refused`},
		"socket":   {"host=/nowhere/at/all user=u password=s3cret dbname=d", `no server has its socket there`},
		"host":     {"postgres://u:s3cret@nowhere.invalid/d", `there is no such host`},
	} {
		t.Run(name, func(t *testing.T) {
			s := extract.Postgres(extract.PostgresConfig{DSN: tt.dsn, Contacts: extract.TableMap{Table: "c"}})
			_, err := s.Open(context.Background())
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one line with %q", err, tt.want)
			}
		})
	}
}

func TestPostgresReceiverFails(t *testing.T) {
	db := pgtest.DB(t)
	db.Exec(t, `CREATE TABLE c AS SELECT i AS id, repeat('x', 100) AS name FROM generate_series(1, 50000) i`)
	s := postgres(extract.PostgresConfig{Contacts: extract.TableMap{Table: "c"}, Connections: 2}, db)
	layout, err := s.Open(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stop")
	batches := 0
	err = s.Read(context.Background(), 0, func(b *contact.Batch) error { b.Release(); batches++; return stop })
	if !errors.Is(err, stop) || batches != 1 {
		t.Errorf("error %v after %d batches", err, batches)
	}
	ctx, cancel := context.WithCancel(context.Background())
	err = s.Read(ctx, layout.Parts-1, func(b *contact.Batch) error { b.Release(); cancel(); return nil })
	if err == nil {
		t.Error("a cancelled reading ended well")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	noneOpen(t, db)
}

func TestPostgresSnapshotAge(t *testing.T) {
	db := pgtest.DB(t)
	db.Exec(t, `CREATE TABLE c (id int)`)
	s := postgres(extract.PostgresConfig{Contacts: extract.TableMap{Table: "c"}, SnapshotMaxAge: 50 * time.Millisecond}, db)
	if _, err := s.Open(context.Background()); err != nil {
		t.Skipf("opening took longer than the snapshot may: %v", err)
	}
	time.Sleep(60 * time.Millisecond)
	err := s.Read(context.Background(), 0, func(b *contact.Batch) error { b.Release(); return nil })
	if err == nil || !strings.Contains(err.Error(), "the snapshot was open for more than 50ms") {
		t.Errorf("got %v", err)
	}
	_ = s.Close() // the server has ended the session by now
}
