package postgres

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/pgtest"
)

// TestRolesKnowEveryTable: whoever adds a table or a view decides which roles may use it.
func TestRolesKnowEveryTable(t *testing.T) {
	t.Parallel()
	s, db := migrated(t)
	rows, err := s.pool.Query(t.Context(), `SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'contactmerge'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(names) < 15 {
		t.Fatalf("%d tables, %v", len(names), err)
	}
	for _, name := range names {
		if !known(name) {
			t.Errorf("nobody decided who may use %s: add it to rightsOnOurs, or to ownersOnly", name)
		}
	}
	// Every statement is one that the server takes.
	db.Exec(t, `CREATE ROLE everybody_of_`+db.Name)
	defer db.Exec(t, `DROP OWNED BY everybody_of_`+db.Name+`; DROP ROLE everybody_of_`+db.Name)
	for _, duty := range []Duty{Reads, Reviews, Applies} {
		for _, sql := range GrantsOnOurs("contactmerge", "everybody_of_"+db.Name, duty) {
			db.Exec(t, sql)
		}
	}
}

// TestNothingIsPublic: a role that was granted nothing can do nothing in our schema, not even call a function.
func TestNothingIsPublic(t *testing.T) {
	t.Parallel()
	s, _ := migrated(t)
	rows, err := s.pool.Query(t.Context(), `SELECT p.oid::regprocedure::text FROM pg_proc AS p WHERE p.pronamespace = 'contactmerge'::regnamespace AND p.prosecdef AND has_function_privilege('public', p.oid, 'EXECUTE')`)
	if err != nil {
		t.Fatal(err)
	}
	if public, err := pgx.CollectRows(rows, pgx.RowTo[string]); err != nil || len(public) > 0 {
		t.Errorf("everybody may call %v, %v", public, err)
	}
	rows, err = s.pool.Query(t.Context(), `SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'contactmerge'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND has_table_privilege('public', c.oid, 'SELECT, INSERT, UPDATE, DELETE')`)
	if err != nil {
		t.Fatal(err)
	}
	if public, err := pgx.CollectRows(rows, pgx.RowTo[string]); err != nil || len(public) > 0 {
		t.Errorf("everybody may use %v, %v", public, err)
	}
}

// TestMigrateForeign: a role that does not own our schema goes on when there is nothing to do, and is told whom to ask otherwise.
func TestMigrateForeign(t *testing.T) {
	t.Parallel()
	s, db := migrated(t)
	role := "guest_of_" + db.Name
	db.Exec(t, `CREATE ROLE `+role+` LOGIN; GRANT USAGE ON SCHEMA contactmerge TO `+role+`; GRANT SELECT ON contactmerge.schema_version TO `+role)
	defer db.Exec(t, `DROP OWNED BY `+role+`; DROP ROLE `+role)
	cfg, err := pgx.ParseConfig(db.DSN)
	if err != nil {
		t.Fatal(err)
	}
	cfg.User, cfg.Password = role, ""
	guest, err := Open(t.Context(), cfg, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer guest.Close()
	if err := guest.Migrate(t.Context()); err != nil {
		t.Errorf("nothing to do: %v", err)
	}
	if err := s.migrateTo(t.Context(), 5); err != nil {
		t.Fatal(err)
	}
	if err := guest.Migrate(t.Context()); err == nil || !strings.Contains(err.Error(), "let its owner run `contactmerge migrate`") {
		t.Errorf("err = %v", err)
	}
	if err := s.Migrate(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestPowers says what a role has too much of.
func TestPowers(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	few, much := "few_of_"+db.Name, "much_of_"+db.Name
	db.Exec(t, `CREATE TABLE contacts (id int); CREATE ROLE `+few+` LOGIN; CREATE ROLE `+much+` LOGIN BYPASSRLS CREATEROLE; ALTER TABLE contacts OWNER TO `+much)
	defer db.Exec(t, `DROP OWNED BY `+much+`; DROP ROLE `+few+`, `+much)
	for role, want := range map[string]string{
		few:        "",
		much:       "role " + much + " owns public.contacts; role " + much + " sees rows that row security hides from others (BYPASSRLS); role " + much + " may create roles",
		"postgres": "role postgres is a superuser",
	} {
		cfg, err := pgx.ParseConfig(db.DSN)
		if err != nil {
			t.Fatal(err)
		}
		cfg.User = role
		conn, err := pgx.ConnectConfig(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Powers(t.Context(), conn, "public.contacts")
		if err != nil || strings.Join(got, "; ") != want {
			t.Errorf("%s: %q, %v, want %q", role, got, err, want)
		}
		_ = conn.Close(t.Context())
	}
}
