package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/pgtest"
)

const clinic = `
CREATE TABLE contacts (id bigint PRIMARY KEY, first text, code text UNIQUE);
CREATE TABLE ids (contact_id bigint REFERENCES contacts, value text, UNIQUE (contact_id, value));
CREATE TABLE "Notes" (contact_id bigint REFERENCES contacts, by_code text REFERENCES contacts (code));
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touch BEFORE UPDATE ON "Notes" FOR EACH ROW EXECUTE FUNCTION touch();
`

func mapping() Mapping {
	return Mapping{Contacts: "contacts", ID: "id", Columns: []string{"first"}, Identities: "public.ids", IdentityContact: "contact_id", IdentityColumns: []string{"value"}, Merge: true}
}

func diagnose(t *testing.T, db *pgtest.Database, role string, m Mapping) []Finding {
	t.Helper()
	cfg, err := pgx.ParseConfig(db.DSN)
	if err != nil {
		t.Fatal(err)
	}
	if role != "" {
		cfg.User = role
	}
	return Doctor(t.Context(), cfg, m)
}

// ills lists what is not right, as "title: fix or detail".
func ills(findings []Finding) (out []string) {
	for _, f := range findings {
		switch {
		case f.OK:
		case f.Fix != "":
			out = append(out, f.Title+": "+f.Fix)
		default:
			out = append(out, f.Title+": "+f.Detail)
		}
	}
	return out
}

func TestDoctor(t *testing.T) {
	db := pgtest.DB(t)
	db.Exec(t, clinic)
	t.Run("healthy but for two indexes", func(t *testing.T) {
		found := diagnose(t, db, "", mapping())
		want := []string{
			`foreign key Notes_by_code_fkey: CREATE INDEX CONCURRENTLY ON public."Notes" (by_code)`,
			`foreign key Notes_by_code_fkey: public."Notes" (by_code) refers to contacts by another column than the id: contacts with such rows will not be merged`,
			`foreign key Notes_contact_id_fkey: CREATE INDEX CONCURRENTLY ON public."Notes" (contact_id)`,
		}
		if diff := cmp.Diff(want, ills(found)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		all := fmt.Sprint(found)
		for _, words := range []string{"PostgreSQL " + fmt.Sprint(db.Server.Version), "accepts writing", "is a superuser", "UTF8", "one session", "will be created", `column "id" is unique`, "ids_contact_id_fkey", "will fire when rows are moved: touch"} {
			if !strings.Contains(all, words) {
				t.Errorf("no %q in %s", words, all)
			}
		}
	})
	t.Run("wrong mapping", func(t *testing.T) {
		m := mapping()
		m.Columns, m.Identities = []string{"first", "last", "phone"}, "identities"
		found := diagnose(t, db, "", m)
		all := fmt.Sprint(found)
		for _, words := range []string{"public.contacts has no column last, phone", `there is no table "identities"`} {
			if !strings.Contains(all, words) {
				t.Errorf("no %q in %s", words, all)
			}
		}
	})
	t.Run("id that is not unique", func(t *testing.T) {
		m := mapping()
		m.ID = "first"
		if all := fmt.Sprint(ills(diagnose(t, db, "", m))); !strings.Contains(all, "contact id: declare it as the primary key") {
			t.Errorf("got %s", all)
		}
	})
	t.Run("a role without rights", func(t *testing.T) {
		role := newRole(t, db, "rights")
		db.Exec(t, `ALTER TABLE contacts ENABLE ROW LEVEL SECURITY; REVOKE USAGE ON SCHEMA public FROM PUBLIC`)
		defer db.Exec(t, `ALTER TABLE contacts DISABLE ROW LEVEL SECURITY; GRANT USAGE ON SCHEMA public TO PUBLIC`)
		to := ` TO "` + role + `"`
		want := []string{
			`schema contactmerge: CREATE SCHEMA "contactmerge" AUTHORIZATION "` + role + `"`,
			`rights on schema public: GRANT USAGE ON SCHEMA public` + to,
			`rights on public.contacts: GRANT SELECT, UPDATE ON public.contacts` + to,
			`row security: use the table's owner, or a role with BYPASSRLS`,
			`rights on public.ids: GRANT SELECT, UPDATE ("contact_id"), DELETE ON public.ids` + to,
			`foreign key Notes_by_code_fkey: GRANT SELECT, UPDATE (by_code) ON public."Notes"` + to,
			`foreign key Notes_contact_id_fkey: GRANT SELECT, UPDATE (contact_id) ON public."Notes"` + to,
		}
		if diff := cmp.Diff(want, rights(diagnose(t, db, role, mapping()))); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		// What it says is what it takes.
		db.Exec(t, `ALTER TABLE contacts DISABLE ROW LEVEL SECURITY`)
		for _, f := range diagnose(t, db, role, mapping()) {
			if !f.OK && !strings.HasPrefix(f.Fix, "CREATE INDEX") && f.Fix != "" {
				db.Exec(t, f.Fix)
			}
		}
		if got := rights(diagnose(t, db, role, mapping())); len(got) > 0 {
			t.Errorf("after all of it was granted: %q", got)
		}
	})
	t.Run("a role that may read the mapped columns only", func(t *testing.T) {
		role := newRole(t, db, "columns")
		db.Exec(t, `GRANT SELECT (id, first), UPDATE ON contacts TO `+role+`; GRANT SELECT (contact_id, value) ON ids TO `+role+`; GRANT CREATE ON DATABASE `+db.Name+` TO `+role)
		m := mapping()
		m.Merge = false
		if got := rights(diagnose(t, db, role, m)); len(got) > 0 {
			t.Errorf("to find duplicates it lacks %q", got)
		}
		got := rights(diagnose(t, db, role, mapping()))
		if want := `rights on public.contacts: GRANT SELECT ON public.contacts TO "` + role + `"`; len(got) == 0 || got[0] != want {
			t.Errorf("to merge it lacks %q, want first %q", got, want)
		}
	})
	t.Run("tables of another role", func(t *testing.T) {
		role := newRole(t, db, "stranger")
		db.Exec(t, `CREATE SCHEMA contactmerge; CREATE TABLE contactmerge.runs (); GRANT ALL ON SCHEMA contactmerge TO `+role)
		defer db.Exec(t, `DROP SCHEMA contactmerge CASCADE`)
		if got := strings.Join(rights(diagnose(t, db, role, mapping())), "\n"); !strings.Contains(got, "schema contactmerge: connect as postgres, or GRANT postgres TO") {
			t.Errorf("got\n%s", got)
		}
	})
	t.Run("no server", func(t *testing.T) {
		cfg, err := pgx.ParseConfig("host=/nowhere user=x password=secret database=d")
		if err != nil {
			t.Fatal(err)
		}
		found := Doctor(t.Context(), cfg, mapping())
		if len(found) != 1 || found[0].OK || found[0].Fix == "" || strings.Contains(found[0].Detail, "secret") {
			t.Errorf("findings %+v", found)
		}
	})
}

// newRole makes a role without any right.
func newRole(t *testing.T, db *pgtest.Database, name string) string {
	t.Helper()
	role := name + "_" + db.Name
	db.Exec(t, `CREATE ROLE `+role+` LOGIN`)
	t.Cleanup(func() {
		if _, err := db.Pool(t).Exec(context.Background(), `DROP OWNED BY `+role+`; DROP ROLE `+role); err != nil {
			t.Errorf("dropping a role: %v", err)
		}
	})
	return role
}

// rights are the ills that are not the database's own.
func rights(findings []Finding) []string {
	return slices.DeleteFunc(ills(findings), func(s string) bool {
		return strings.Contains(s, "CREATE INDEX") || strings.Contains(s, "by another column")
	})
}

// TestDoctorChangesNothing looks at the catalogue before and after.
func TestDoctorChangesNothing(t *testing.T) {
	db := pgtest.DB(t)
	db.Exec(t, clinic)
	before := count(t, db, "SELECT count(*) FROM pg_class") + count(t, db, "SELECT count(*) FROM pg_namespace")
	diagnose(t, db, "", mapping())
	if after := count(t, db, "SELECT count(*) FROM pg_class") + count(t, db, "SELECT count(*) FROM pg_namespace"); after != before {
		t.Errorf("%d catalogue rows became %d", before, after)
	}
}
