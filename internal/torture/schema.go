package torture

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Column is a column of a generated table.
type Column struct {
	Name, Type string
	Rest       string // of its definition
	Generated  bool   // the server computes it, also when a row changes
	Given      bool   // the server gives it once: an identity, a default
	Volatile   bool   // a trigger maintains it, so it is left out of comparisons
	Loose      bool   // filled from the corpus of hostile values
}

// Reference is a column that says which contact a row belongs to.
type Reference struct {
	Column string
	Key    string // column of the contacts it holds the value of: the id, or another unique one
	Bare   bool   // no foreign key says so; the configuration does
	List   bool   // it holds a list of ids
	Type   string // the column that says what the id is an id of, "" when all are of contacts
}

// typeOfContacts is what such a column says when the id is a contact's.
const typeOfContacts = "Contact"

// Table is a generated table.
type Table struct {
	Name       string // without schema, which all share
	Kind       string // for people
	Columns    []Column
	Constraint []string // of its definition
	Suffix     string
	After      []string // statements once it is there; %s is its quoted name
	Refs       []Reference
	Once       string   // name of the constraint by which a contact has a thing once; "" for none
	Same       []string // columns in which rows are then the same thing; none when a contact has one row
	Policy     string   // what is done about a clash; "" refuses the merge
	Identities bool
	Log        bool // written by a trigger: not compared
}

// Spec is a generated database.
type Spec struct {
	Seed     uint64
	Schema   string
	IDType   string
	Contacts *Table
	Tables   []*Table // children, the identities table first
	Mode     string   // archive or delete
	Mark     string   // archive column, "" for none
	Groups   int      // of duplicates
	Peaceful bool     // no group has a clash
	Singles  int
	names    map[string]string // role of a contacts column or table: its name
}

// n is the name that a role has in this schema.
func (s *Spec) n(role string) string { return s.names[role] }

func quoted(parts ...string) string { return pgx.Identifier(parts).Sanitize() }

// sql is a table's quoted name.
func (s *Spec) sql(t *Table) string { return quoted(s.Schema, t.Name) }

// odd are names that nobody should choose; %s keeps them apart.
var odd = []string{"%s", "%s", "%s", "%s Table", `%s"x`, "%s; --", "Üb%s", "select_%s", "%s'", `%s\`, "$1%s", strings.Repeat("é", 29) + "%.4s"}

// newSpec draws a schema.
func newSpec(seed uint64, groups int) *Spec {
	d := newDice(seed, "schema")
	s := &Spec{Seed: seed, Schema: "public", Mode: "archive", Groups: groups, Singles: groups / 2, names: map[string]string{}}
	hostileNames := d.chance(2)
	for _, role := range roles {
		s.names[role] = role
		if hostileNames && len(role) > 2 {
			s.names[role] = fmt.Sprintf(pick(d, odd), role)
		}
	}
	if hostileNames && d.chance(2) {
		s.Schema = `CRM "7`
	}
	s.IDType = pick(d, []string{"bigint", "integer", "uuid", "text"})
	if d.chance(3) {
		s.Mode = "delete"
	}
	s.Contacts = s.contactsTable(d)
	s.Tables = append(s.Tables, s.identitiesTable(d))
	kinds := childKinds()
	d.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	for _, make := range kinds[:3+d.IntN(len(kinds)-2)] {
		t := make(s, d)
		t.Name = s.n(t.Kind)
		if t.Once != "" {
			t.Policy = pick(d, []string{"", "keep_survivor", "keep_loser", "union"})
		}
		s.Tables = append(s.Tables, t)
	}
	return s
}

// roles are the names that may be made odd; two letters are too short to stay apart.
var roles = []string{
	"contacts", "id", "first_name", "last_name", "email", "city", "company", "code", "org_no", "boss", "merged_into", "lowered", "serial_no", "touched",
	"identities", "contact_id", "payer_id", "channel", "value", "title", "tickets", "tags", "notes", "events", "memberships", "orders", "deferred", "stray", "zoo", "profile", "audit",
	"amount", "tag", "body", "happened", "lists", "members", "targets", "whom", "kind_of", "utag_once", "upro_once", "utar_once",
}

// col is a column definition by role.
func (s *Spec) col(role, typ, rest string) Column {
	return Column{Name: s.n(role), Type: typ, Rest: rest}
}

// loose are some columns of random types, named so that they cannot meet the others.
func (s *Spec) loose(d dice, n int) []Column {
	var out []Column
	for i := range n {
		c := corpus[d.IntN(len(corpus))]
		out = append(out, Column{Name: fmt.Sprintf("x%d", i), Type: c.typ, Loose: true})
	}
	return out
}

func (s *Spec) contactsTable(d dice) *Table {
	t := &Table{Name: s.n("contacts"), Kind: "contacts"}
	id := s.IDType
	t.Columns = []Column{
		s.col("id", id, "PRIMARY KEY"), s.col("first_name", "text", ""), s.col("last_name", "text", ""), s.col("email", "text", ""),
		s.col("city", "text", ""), s.col("company", "text", ""),
		s.col("code", "text", "NOT NULL UNIQUE"), s.col("org_no", "integer", "NOT NULL"),
		s.col("boss", id, "REFERENCES "+quoted(s.Schema, t.Name)+pick(d, []string{"", " ON DELETE SET NULL", " DEFERRABLE INITIALLY DEFERRED"})),
	}
	t.Constraint = []string{"UNIQUE (" + quoted(s.n("id")) + ", " + quoted(s.n("org_no")) + ")"}
	t.Refs = []Reference{{Column: s.n("boss"), Key: s.n("id")}}
	if s.Mode == "archive" && d.chance(2) {
		s.Mark = s.n("merged_into")
		t.Columns = append(t.Columns, s.col("merged_into", id, ""))
	}
	if d.chance(2) {
		c := s.col("lowered", "text", "GENERATED ALWAYS AS (lower("+quoted(s.n("last_name"))+")) STORED")
		c.Generated = true
		t.Columns = append(t.Columns, c)
	}
	if d.chance(2) {
		c := s.col("serial_no", "bigint", "GENERATED ALWAYS AS IDENTITY")
		c.Given = true
		t.Columns = append(t.Columns, c)
	}
	t.Columns = append(t.Columns, s.loose(d, 1+d.IntN(6))...)
	if d.chance(3) {
		s.touch(t)
	}
	t.After = append(t.After, indexOn(s.n("boss")))
	return t
}

// touch adds a column that a trigger sets on every update: the one exception from identity after an undo.
func (s *Spec) touch(t *Table) {
	c := s.col("touched", "bigint", "NOT NULL DEFAULT 0")
	c.Volatile, c.Given = true, true
	t.Columns = append(t.Columns, c)
	f := quoted(s.Schema, "touch_"+t.Kind)
	t.After = append(t.After,
		`CREATE FUNCTION `+f+`() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN NEW.`+quoted(s.n("touched"))+` := OLD.`+quoted(s.n("touched"))+` + 1; RETURN NEW; END $f$`,
		`CREATE TRIGGER touch BEFORE UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION `+f+`()`)
}

func indexOn(column string) string {
	return "CREATE INDEX ON %s (" + quoted(column) + ")"
}

// fk is a column with a foreign key to a column of the contacts.
func (s *Spec) fk(role, rest string) Column {
	return s.col(role, s.IDType, rest+" REFERENCES "+quoted(s.Schema, s.Contacts.Name))
}

func (s *Spec) toID(role string) []Reference { return []Reference{{Column: s.n(role), Key: s.n("id")}} }

func (s *Spec) identitiesTable(d dice) *Table {
	key := s.col("serial_no", "bigint", "GENERATED ALWAYS AS IDENTITY PRIMARY KEY")
	key.Given = true
	cols := []Column{key, s.fk("contact_id", "NOT NULL"), s.col("channel", "text", "NOT NULL"), s.col("value", "text", "")}
	return &Table{
		Name: s.n("identities"), Kind: "identities", Identities: true, Refs: s.toID("contact_id"),
		Columns:    append(cols, s.loose(d, d.IntN(4))...),
		Constraint: []string{fmt.Sprintf("UNIQUE (%s, %s, %s)", quoted(s.n("contact_id")), quoted(s.n("channel")), quoted(s.n("value")))},
	}
}

// sqlOf is the statements that make a table.
func (s *Spec) sqlOf(t *Table) []string {
	var parts []string
	for _, c := range t.Columns {
		parts = append(parts, strings.TrimSpace(quoted(c.Name)+" "+c.Type+" "+c.Rest))
	}
	parts = append(parts, t.Constraint...)
	out := []string{"CREATE TABLE " + s.sql(t) + " (\n\t" + strings.Join(parts, ",\n\t") + ")" + t.Suffix}
	for _, a := range t.After {
		out = append(out, strings.ReplaceAll(a, "%s", s.sql(t)))
	}
	return out
}

// SQL is the whole schema.
func (s *Spec) SQL() []string {
	var out []string
	if s.Schema != "public" {
		out = append(out, "CREATE SCHEMA "+quoted(s.Schema))
	}
	out = append(out, s.sqlOf(s.Contacts)...)
	for _, t := range s.Tables {
		out = append(out, s.sqlOf(t)...)
	}
	return out
}

// String says what was drawn.
func (s *Spec) String() string {
	var kinds []string
	for _, t := range s.Tables {
		kinds = append(kinds, t.Kind)
	}
	return fmt.Sprintf("seed %d: %s ids, mode %s, schema %q, tables %s", s.Seed, s.IDType, s.Mode, s.Schema, strings.Join(kinds, " "))
}
