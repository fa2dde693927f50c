package postgres

import (
	"fmt"
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
		role := strings.ReplaceAll(db.Name, "cmtest", "cm_doctor")
		db.Exec(t, `CREATE ROLE `+role+` LOGIN`)
		defer db.Exec(t, `DROP OWNED BY `+role+`; DROP ROLE `+role)
		db.Exec(t, `GRANT SELECT ON contacts TO `+role+`; ALTER TABLE contacts ENABLE ROW LEVEL SECURITY`)
		want := []string{
			`schema contactmerge: CREATE SCHEMA "contactmerge" AUTHORIZATION our role`,
			`rights on public.contacts: GRANT UPDATE ON public.contacts TO our role`,
			`row security: use the table's owner, or a role with BYPASSRLS`,
			`rights on public.ids: GRANT SELECT, UPDATE, DELETE ON public.ids TO our role`,
			`foreign key ids_contact_id_fkey: GRANT SELECT, UPDATE (contact_id) ON public.ids TO our role`,
		}
		got := ills(diagnose(t, db, role, mapping()))
		for _, w := range want {
			if !strings.Contains(strings.Join(got, "\n"), w) {
				t.Errorf("no %q in\n%s", w, strings.Join(got, "\n"))
			}
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
