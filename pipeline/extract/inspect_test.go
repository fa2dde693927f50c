package extract_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/connect"
	"github.com/contactmerge/contactmerge/internal/pgtest"
	"github.com/contactmerge/contactmerge/pipeline/extract"
)

func inspect(t *testing.T, db *pgtest.Database) *extract.Inspection {
	t.Helper()
	cfg, err := connect.Config(db.DSN)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.ConnectConfig(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := conn.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	got, err := extract.Inspect(context.Background(), conn)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestInspect(t *testing.T) {
	db := pgtest.DB(t)
	db.Exec(t, schemaSQL)
	db.Exec(t, `CREATE INDEX ON contact_identities (contact_id);
		CREATE TABLE companies (id int PRIMARY KEY, name text, city text, main_contact bigint REFERENCES contacts ON DELETE SET NULL);
		CREATE TABLE tickets (id int PRIMARY KEY, contact_id bigint NOT NULL REFERENCES contacts ON DELETE CASCADE, subject text);
		CREATE TABLE settings (key text PRIMARY KEY, setting text);
		CREATE TABLE event_log (id int, kind text, value text);
		CREATE SCHEMA contactmerge; CREATE TABLE contactmerge.suggestion (id int PRIMARY KEY, first_name text, email text);
		CREATE TABLE staff (nr int PRIMARY KEY, who text); INSERT INTO staff VALUES (1, 'x'); ALTER TABLE staff ADD reach text;
		ALTER TABLE contacts ADD misc text; UPDATE contacts SET misc = 'x@y.example'`)
	got := inspect(t, db)
	if got.Database != db.Name {
		t.Errorf("database %q", got.Database)
	}
	var names []string
	for _, c := range got.Contacts {
		names = append(names, c.Name)
	}
	if diff := cmp.Diff([]string{"public.contacts", "public.companies"}, names); diff != "" {
		t.Fatalf("candidates (-want +got):\n%s", diff)
	}
	best := got.Contacts[0]
	if best.ID != "contact_id" || best.Kind != "table" || best.Rows != 2 {
		t.Errorf("best %+v", best)
	}
	columns := map[string]string{}
	for _, c := range best.Columns {
		columns[c.Name] = fmt.Sprintf("%s %s %s pk=%t usable=%t", c.Type, c.Field, c.Channel, c.PrimaryKey, c.Usable)
	}
	for name, want := range map[string]string{
		"contact_id": "bigint id  pk=true usable=true",
		"email":      "mail identity email pk=false usable=true",
		"last_name":  "character varying(50) last_name  pk=false usable=true",
		"photo":      "bytea ignore  pk=false usable=false",
		"misc":       "text identity email pk=false usable=true", // by its values
	} {
		if columns[name] != want {
			t.Errorf("%s is %q, want %q", name, columns[name], want)
		}
	}
	if diff := cmp.Diff([]extract.Reference{
		{Constraint: "companies_main_contact_fkey", Table: "public.companies", Columns: []string{"main_contact"}, Target: []string{"contact_id"}, OnDelete: "SET NULL"},
		{Constraint: "contact_identities_contact_id_fkey", Table: "public.contact_identities", Columns: []string{"contact_id"}, Target: []string{"contact_id"}, OnDelete: "NO ACTION", Indexed: true},
		{Constraint: "tickets_contact_id_fkey", Table: "public.tickets", Columns: []string{"contact_id"}, Target: []string{"contact_id"}, OnDelete: "CASCADE"},
	}, best.References); diff != "" {
		t.Errorf("references (-want +got):\n%s", diff)
	}
	if len(best.Identities) != 1 || best.Identities[0].Name != "public.contact_identities" || best.Identities[0].ContactID != "contact_id" {
		t.Errorf("identities %+v", best.Identities)
	}
}

func TestInspectEmpty(t *testing.T) {
	if got := inspect(t, pgtest.DB(t)); len(got.Contacts) != 0 {
		t.Errorf("got %+v", got)
	}
}

// TestInspectBrokenView: a candidate that cannot be read keeps what its names say and does not end the look at the others.
func TestInspectBrokenView(t *testing.T) {
	db := pgtest.DB(t)
	db.Exec(t, `CREATE TABLE contacts (id int PRIMARY KEY, email text, misc text); INSERT INTO contacts VALUES (1, '', 'a@b.example');
		CREATE VIEW a_contacts AS SELECT id, email, 1 / (id - 1) AS x FROM contacts`)
	got := inspect(t, db)
	if len(got.Contacts) != 2 || got.Contacts[0].Name != "public.contacts" || got.Contacts[1].Kind != "view" || got.Contacts[1].ID != "id" {
		t.Fatalf("got %+v", got)
	}
	if c := got.Contacts[0].Columns[2]; c.Channel != "email" || c.How != "content" {
		t.Errorf("misc is %+v", c)
	}
}
