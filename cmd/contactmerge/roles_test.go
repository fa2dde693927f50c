package main

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/contactmerge/contactmerge/internal/pgtest"
)

// guarded is a customer with more columns and tables than a merge has to do with.
const guarded = `
CREATE TABLE contacts (id int PRIMARY KEY, first_name text, last_name text, city text, email text, secret text);
CREATE TABLE contact_identities (id int PRIMARY KEY, contact_id int NOT NULL REFERENCES contacts, channel text, value text, note text, UNIQUE (contact_id, channel, value));
CREATE TABLE tickets (id int PRIMARY KEY, contact_id int NOT NULL REFERENCES contacts, subject text);
CREATE TABLE payroll (id int PRIMARY KEY, salary int);
CREATE SCHEMA hr; CREATE TABLE hr.sickness (id int, days int);
CREATE INDEX ON contact_identities (contact_id); CREATE INDEX ON tickets (contact_id);
INSERT INTO contacts SELECT n, (ARRAY['Ann', 'Bob', 'Cem'])[1 + n % 3], (ARRAY['Okafor', 'Marsh', 'Aydin'])[1 + n % 3], CASE WHEN n > 3 THEN 'Oslo' END, 'p' || n % 3 || '@example.com', 'x' FROM generate_series(1, 6) AS n;
INSERT INTO contacts VALUES (7, 'Dora', 'Novak', NULL, 'dora@example.com', 'x'), (8, 'Dora', 'Kovacs', NULL, 'dora@example.com', 'x');
INSERT INTO contact_identities SELECT n, n, 'email', 'p' || n % 3 || '@example.com' FROM generate_series(1, 6) AS n;
INSERT INTO tickets SELECT n, n, 'secret' FROM generate_series(1, 8) AS n;
INSERT INTO payroll VALUES (1, 1000);
`

const guardedConfig = `version: 1
contacts: {table: contacts, id: id, columns: {first_name: first_name, last_name: last_name, city: city, email: email}}
identities: {table: contact_identities, columns: {contact_id: contact_id, channel: channel, value: value}}
`

// duties are the roles of one database.
type duties struct {
	*world
	owner, reader, reviewer, applier *world
	names                            map[string]string
}

// withRoles makes a database with the roles that contactmerge roles prints.
func withRoles(t *testing.T, schema, config string) *duties {
	t.Helper()
	w := newWorld(t, pgtest.DB(t), config)
	w.Exec(t, schema)
	d := &duties{world: w, names: map[string]string{}}
	args := []string{"roles", "--config", "c.yaml"}
	for _, duty := range []string{"owner", "reader", "reviewer", "applier"} {
		d.names[duty] = duty + "_of_" + w.Name
		args = append(args, "--"+duty, d.names[duty])
	}
	t.Cleanup(func() {
		for _, duty := range []string{"applier", "reviewer", "reader", "owner"} {
			if _, err := w.Pool(t).Exec(context.Background(), `DROP OWNED BY `+d.names[duty]+` CASCADE; DROP ROLE `+d.names[duty]); err != nil {
				t.Errorf("dropping a role: %v", err)
			}
		}
	})
	first := w.ends(t, exitDone, args...).out.String()
	if n := w.texts(t, "SELECT rolname FROM pg_roles WHERE rolname = $1", d.names["owner"]); len(n) > 0 {
		t.Fatal("the program made the roles itself")
	}
	if !strings.Contains(first, "contactmerge migrate") {
		t.Errorf("nothing says how to go on:\n%s", first)
	}
	w.Exec(t, first)
	d.owner, d.reader, d.reviewer, d.applier = w.as(t, d.names["owner"]), w.as(t, d.names["reader"]), w.as(t, d.names["reviewer"]), w.as(t, d.names["applier"])
	d.owner.ends(t, exitDone, "migrate", "--config", "c.yaml")
	second := w.ends(t, exitDone, args...).out.String()
	w.Exec(t, second)
	w.Exec(t, second) // it may be run again
	return d
}

// TestRoles goes through the whole life of merges under roles that may do nothing else.
func TestRoles(t *testing.T) {
	t.Parallel()
	d := withRoles(t, guarded, guardedConfig)
	before := d.texts(t, `SELECT to_jsonb(x)::text FROM contacts AS x UNION ALL SELECT to_jsonb(x)::text FROM contact_identities AS x UNION ALL SELECT to_jsonb(x)::text FROM tickets AS x ORDER BY 1`)
	d.reader.ends(t, exitDone, "run", "--config", "c.yaml")
	d.reader.ends(t, exitDone, "run", "--config", "c.yaml") // and once more, with a run before it
	clusters := d.texts(t, "SELECT cluster_id FROM contactmerge.current_clusters WHERE decision = 'suggest'")
	if len(clusters) != 1 {
		t.Fatalf("%d suggestions, want 1", len(clusters))
	}
	d.reviewer.ends(t, exitDone, "approve", clusters[0], "--config", "c.yaml", "--by", "rita", "--why", "married")
	d.applier.ends(t, exitDone, "doctor", "--config", "c.yaml")
	d.applier.ends(t, exitDone, "apply", "--config", "c.yaml")
	o := d.applier.ends(t, exitDone, "apply", "--config", "c.yaml", "--confirm")
	if strings.Contains(o.out.String(), "warning role") {
		t.Errorf("the applier may do too much:\n%s", &o.out)
	}
	if n := d.merged(t); n != 4 {
		t.Errorf("%d merges, want 4\n%s", n, &o.out)
	}
	d.applier.ends(t, exitDone, "verify", "--config", "c.yaml")
	d.applier.ends(t, exitDone, "undo", "--since", "1h", "--confirm", "--config", "c.yaml")
	after := d.texts(t, `SELECT to_jsonb(x)::text FROM contacts AS x UNION ALL SELECT to_jsonb(x)::text FROM contact_identities AS x UNION ALL SELECT to_jsonb(x)::text FROM tickets AS x ORDER BY 1`)
	if strings.Join(before, "\n") != strings.Join(after, "\n") {
		t.Errorf("after taking all back:\n%s\nwant\n%s", strings.Join(after, "\n"), strings.Join(before, "\n"))
	}
	d.reader.ends(t, exitDone, "run", "--config", "c.yaml")
	t.Run("forbidden", func(t *testing.T) { d.forbidden(t) })
}

// forbidden tries what each role must not be able to do.
func (d *duties) forbidden(t *testing.T) {
	t.Helper()
	everybody := []string{
		`SELECT salary FROM payroll`, `UPDATE payroll SET salary = 0`, `SELECT subject FROM tickets`, `SELECT * FROM tickets`, `UPDATE tickets SET subject = ''`,
		`INSERT INTO tickets VALUES (99, 1, '')`, `DELETE FROM tickets`, `TRUNCATE tickets`, `UPDATE contacts SET secret = ''`, `UPDATE contacts SET id = 99 WHERE id = 1`,
		`DELETE FROM contacts`, `INSERT INTO contacts (id) VALUES (99)`, `TRUNCATE contacts CASCADE`, `ALTER TABLE contacts DISABLE TRIGGER ALL`, `DROP TABLE tickets`,
		`CREATE TABLE public.mine (id int)`, `CREATE TABLE contactmerge.mine (id int)`, `CREATE SCHEMA mine`,
		`CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
		`UPDATE contactmerge.journal SET before = '{}'`, `DELETE FROM contactmerge.journal`, `TRUNCATE contactmerge.journal`,
		`UPDATE contactmerge.ledger SET hash = ''`, `DELETE FROM contactmerge.ledger`, `DELETE FROM contactmerge.archived_contacts`, `UPDATE contactmerge.archived_contacts SET image = '{}'`,
		`ALTER TABLE contactmerge.journal DISABLE TRIGGER ALL`, `DROP TABLE contactmerge.journal`, `DELETE FROM contactmerge.redirects`, `DELETE FROM contactmerge.runs`,
		`UPDATE contactmerge.decisions SET why = ''`, `DELETE FROM contactmerge.decisions`, `UPDATE contactmerge.suggestions SET decision = 'auto_merge'`, `DELETE FROM contactmerge.plans`,
		`SELECT id FROM hr.sickness`, `UPDATE hr.sickness SET days = 1`, `DROP TABLE contacts CASCADE`, `DROP SCHEMA contactmerge CASCADE`, `DROP TABLE contactmerge.ledger`,
		`TRUNCATE contactmerge.ledger`, `TRUNCATE contactmerge.archived_contacts`, `TRUNCATE contactmerge.redirects`, `TRUNCATE contactmerge.decisions`, `UPDATE contactmerge.redirects SET survivor_id = '1'`,
		`UPDATE contactmerge.ledger SET action = 'undo'`, `ALTER TABLE contactmerge.ledger ADD mine int`, `CREATE TRIGGER mine BEFORE INSERT ON contacts EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
		`CREATE TABLE hr.mine (id int)`, `SET ROLE ` + d.names["owner"], `ALTER TABLE contacts OWNER TO ` + d.names["applier"],
		`SELECT contactmerge.forget_journal('{}', '{}')`, `SELECT contactmerge.purge_journal(0, 100)`,
		`SET session_replication_role = replica`, `COPY contacts TO PROGRAM 'cat'`, `SELECT pg_read_file('/etc/passwd')`, `ALTER ROLE ` + d.names["owner"] + ` PASSWORD 'x'`,
	}
	reading := append([]string{
		`SELECT secret FROM contacts`, `SELECT note FROM contact_identities`, `UPDATE contacts SET city = ''`, `UPDATE tickets SET contact_id = 1`, `DELETE FROM contact_identities`,
		`SELECT before FROM contactmerge.journal`, `SELECT image FROM contactmerge.archived_contacts`, `INSERT INTO contactmerge.ledger DEFAULT VALUES`,
		`INSERT INTO contactmerge.decisions (decision, contact_ids, decided_by) VALUES ('merge_all', '{1,2}', 'me')`, `UPDATE contactmerge.redirects SET active = false`,
	}, everybody...)
	reviewing := append([]string{
		`SELECT secret FROM contacts`, `SELECT note FROM contact_identities`, `SELECT before FROM contactmerge.journal`, `UPDATE contacts SET city = ''`, `UPDATE tickets SET contact_id = 1`,
		`SELECT body FROM contactmerge.plans`, `UPDATE contactmerge.lease SET epoch = 99`, `UPDATE contactmerge.redirects SET active = false`, `SELECT contactmerge.drop_parts(1)`,
	}, everybody...)
	for duty, statements := range map[string][]string{"applier": everybody, "reader": reading, "reviewer": reviewing} {
		t.Run(duty, func(t *testing.T) {
			cfg, err := pgx.ParseConfig(d.DSN)
			if err != nil {
				t.Fatal(err)
			}
			cfg.User = d.names[duty]
			conn, err := pgx.ConnectConfig(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(context.Background())
			for _, sql := range statements {
				_, err := conn.Exec(t.Context(), "BEGIN READ WRITE; "+sql)
				var pg *pgconn.PgError
				if !errors.As(err, &pg) || pg.Code != "42501" {
					t.Errorf("%s may, or fails otherwise: %v", sql, err)
				}
				if _, err := conn.Exec(t.Context(), "ROLLBACK"); err != nil {
					t.Fatal(err)
				}
			}
			if duty != "reader" {
				return
			}
			// A person who forgets to say so changes nothing, even where the right is there.
			if _, err := conn.Exec(t.Context(), `UPDATE contactmerge.lease SET epoch = epoch`); err == nil || !strings.Contains(err.Error(), "25006") {
				t.Errorf("the reader writes by default: %v", err)
			}
		})
	}
}
