package merge

import (
	"fmt"
	"strings"
	"testing"

	"github.com/contactmerge/contactmerge/internal/cluster"
)

// columnTypes are the built-in types with values that lesser journals change.
var columnTypes = []struct{ typ, loser, survivor string }{
	{"smallint", "-32768", "1"},
	{"integer", "2147483647", "1"},
	{"bigint", "-9223372036854775808", "1"},
	{"numeric", "1.2300", "NaN"},
	{"numeric(30,10)", "123456789012345678.0123456789", "0"},
	{"real", "1.17549435e-38", "-0"},
	{"double precision", "-0", "0.1"},
	{"double precision", "Infinity", "5e-324"},
	{"money", "12.34", "0"},
	{"text", " tab\there\nline \u202e e\u0301 'quote\" \\ ", ""},
	{"varchar(5)", "ab   ", "x"},
	{"char(6)", "ab", ""},
	{`"char"`, "x", ""},
	{"name", "n", "m"},
	{"bytea", `\x00ff00`, `\x`},
	{"boolean", "true", "false"},
	{"date", "infinity", "0044-03-15 BC"},
	{"time", "24:00:00", "00:00:00.000001"},
	{"timetz", "23:59:60+05:30", "00:00+00"},
	{"timestamp", "294276-12-31 23:59:59.999999", "4713-01-01 00:00:00 BC"},
	{"timestamptz", "2026-03-29 02:30:00.123456+01", "-infinity"},
	{"interval", "1 mon -1 day +00:00:00.000001", "P1Y2M"},
	{"interval day to second(2)", "3 days 04:05:06.78", "0"},
	{"uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "00000000-0000-0000-0000-000000000000"},
	{"json", `{"b": 1, "a":2,  "b": 3}`, "null"},
	{"jsonb", `{"b": 1.00, "a": "\u00e9"}`, "{}"},
	{"jsonpath", `$.a[*] ? (@ > 2)`, "$"},
	{"xml", "<a  b='1'/>", "<c/>"},
	{"inet", "192.168.1.5/24", "::1"},
	{"inet", "192.168.1.5", "10.0.0.0/8"},
	{"cidr", "10.0.0.0/8", "::/0"},
	{"macaddr", "08:00:2b:01:02:03", "00:00:00:00:00:00"},
	{"macaddr8", "08:00:2b:01:02:03:04:05", "00:00:00:00:00:00:00:00"},
	{"bit(3)", "101", "000"},
	{"bit varying(5)", "10", ""},
	{"tsvector", "'a':1A 'b':2", ""},
	{"tsquery", "'a' & !'b':*", "'c'"},
	{"point", "(1e-300,-0)", "(0,0)"},
	{"line", "{1,2,3}", "{0,1,0}"},
	{"lseg", "[(0,0),(1,1)]", "[(0,0),(0,0)]"},
	{"box", "(2,2),(1,1)", "(0,0),(0,0)"},
	{"path", "[(0,0),(1,1)]", "((0,0),(1,1))"},
	{"polygon", "((0,0),(1,1),(1,0))", "((0,0))"},
	{"circle", "<(1,1),2>", "<(0,0),0>"},
	{"int4range", "[1,5)", "empty"},
	{"numrange", "(1.50,)", "(,)"},
	{"tstzrange", `["2026-01-01 00:00:00+00",infinity]`, "empty"},
	{"int4multirange", "{[1,3),[7,9)}", "{}"},
	{"int[]", "[0:2]={1,NULL,3}", "{}"},
	{"text[]", `{"a,b","\"",NULL,"NULL",""}`, "{{a,b},{c,d}}"},
	{"jsonb[]", `{"{\"a\": 1}"}`, "{}"},
	{"numeric[]", "{1.0,1.00}", "{NaN}"},
	{"oid", "4294967295", "0"},
	{"regclass", "pg_class", "pg_type"},
	{"pg_lsn", "16/B374D848", "0/0"},
	{"xid8", "18446744073709551615", "0"},
	{"tid", "(1,2)", "(0,0)"},
	{"mood", "very happy", "sad"},
	{"pair", "(1,\"a,b\")", "(,)"},
	{"short", "abc", "x"},
}

// TestTypesRoundTrip merges contacts with a column of every type, and takes it back: every value is the same to the last bit.
func TestTypesRoundTrip(t *testing.T) {
	var columns, losers, survivors []string
	for i, c := range columnTypes {
		columns = append(columns, fmt.Sprintf("c%d %s", i, c.typ))
		losers = append(losers, literalOf(c.loser)+"::"+c.typ)
		survivors = append(survivors, literalOf(c.survivor)+"::"+c.typ)
	}
	all := strings.Join(columns, ", ")
	base := prepare(t, `CREATE TYPE mood AS ENUM ('sad', 'very happy'); CREATE TYPE pair AS (a int, b text); CREATE DOMAIN short AS varchar(3) CHECK (value <> '');
		CREATE TABLE contacts (id int PRIMARY KEY, `+all+`);
		CREATE TABLE ids (contact_id int REFERENCES contacts, value text, gone int, `+all+`, UNIQUE (contact_id, value));
		ALTER TABLE ids DROP COLUMN gone;
		INSERT INTO contacts VALUES (1, `+strings.Join(survivors, ", ")+`), (2, `+strings.Join(losers, ", ")+`);
		INSERT INTO contacts (id) VALUES (3); INSERT INTO ids (contact_id, value) VALUES (1, 'x');
		INSERT INTO ids VALUES (2, 'x', `+strings.Join(losers, ", ")+`), (3, 'x', `+strings.Join(survivors, ", ")+`);`)
	for _, mode := range []Mode{Archive, Delete} {
		t.Run(string(mode), func(t *testing.T) {
			b := attach(t, base.Clone(t))
			b.cfg = Config{Contacts: "contacts", ID: "id", Identities: "ids", IdentityContact: "contact_id", IdentityValue: "value", Mode: mode}
			for i := range columnTypes {
				b.cfg.Columns = append(b.cfg.Columns, fmt.Sprintf("c%d", i))
			}
			b.backUp(t)
			s := b.step(t, "1", "2", "3")
			for i := range columnTypes {
				value := b.query(t, fmt.Sprintf(`SELECT c%d::text FROM contacts WHERE id = 2`, i))[0]
				s.Changes = append(s.Changes, cluster.Change{Column: fmt.Sprintf("c%d", i), Value: &value, From: "2"})
			}
			p := planOf(s)
			wantOnly(t, b.apply(t, p), Applied)
			for i, c := range columnTypes {
				if got := b.query(t, fmt.Sprintf(`SELECT record_image_eq(ROW(a.c%[1]d), ROW(b.c%[1]d))::text FROM contacts AS a, backup.contacts AS b WHERE a.id = 1 AND b.id = 2`, i)); got[0] != "true" {
					t.Errorf("%s %q was not handed to the survivor exactly", c.typ, c.loser)
				}
			}
			if n := b.query(t, `SELECT count(*)::text FROM ids`); n[0] != "1" {
				t.Errorf("%s identities left, want 1", n[0])
			}
			if r := b.undo(t, p, 0); r.Outcome != Applied || r.Reason != "" {
				t.Fatalf("undo: %+v", r)
			}
			b.wantIdentical(t)
		})
	}
}

func literalOf(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// TestKeys merges by ids of other types, in tables with names that nobody should choose.
func TestKeys(t *testing.T) {
	long := strings.Repeat("ü", 31) + "x" // 63 bytes
	uuid := func(i int) string { return fmt.Sprintf("00000000-0000-4000-8000-00000000000%d", i) }
	for _, tt := range []struct {
		name, typ, child string // column type of the id, and of the reference
		ids              [3]string
		prelude          string
		childIDs         [3]string // how the children spell the ids
	}{
		{name: "uuid", typ: "uuid", child: "uuid", ids: [3]string{uuid(1), uuid(2), uuid(3)}},
		{name: "text", typ: "text", child: "varchar(99)", ids: [3]string{"a'\"\\b", "ünï \n", " 0042"}},
		{name: "varchar", typ: "varchar(20)", child: "text", ids: [3]string{"x", "X", "y "}},
		{name: "char", typ: "char(5)", child: "char(5)", ids: [3]string{"a", "b", "c"}},
		{name: "citext", typ: "citext", child: "citext", ids: [3]string{"Ann", "Ben", "Cy"}, childIDs: [3]string{"ANN", "bEN", "cy"}, prelude: "CREATE EXTENSION citext;"},
		{name: "numeric", typ: "numeric", child: "numeric", ids: [3]string{"1", "2.50", "3"}, childIDs: [3]string{"1.0", "2.5", "3.00"}},
		{name: "smallint in bigint", typ: "bigint", child: "smallint", ids: [3]string{"1", "2", "3"}},
		{name: "enum", typ: "who", child: "who", ids: [3]string{"a", "b", "c"}, prelude: "CREATE TYPE who AS ENUM ('c', 'b', 'a');"},
		{name: "domain", typ: "contact_no", child: "contact_no", ids: [3]string{"1", "2", "3"}, prelude: "CREATE DOMAIN contact_no AS integer CHECK (value > 0);"},
		{
			name: "nondeterministic", typ: `text COLLATE nocase`, child: "text COLLATE nocase", ids: [3]string{"Ann", "Ben", "Cy"}, childIDs: [3]string{"ANN", "ben", "cY"},
			prelude: `CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.childIDs[0] == "" {
				tt.childIDs = tt.ids
			}
			table, id, fk := `CRM."people; --`, `"`, long
			q := strings.NewReplacer("<table>", quote("CRM", `"people; --`), "<child>", quote("CRM", long), "<id>", quote(id), "<fk>", quote(fk), "<type>", tt.typ, "<ctype>", tt.child)
			db := prepare(t, q.Replace(`CREATE SCHEMA "CRM"; `+tt.prelude+`
				CREATE TABLE <table> (<id> <type> PRIMARY KEY, cm_active_loser text, loser_id text, active text, boss <ctype> REFERENCES <table>);
				CREATE TABLE <child> (<fk> <ctype> REFERENCES <table> ON UPDATE CASCADE ON DELETE CASCADE, k int, "t" int, UNIQUE (k, <fk>));`))
			b := attach(t, db)
			for i, v := range tt.ids {
				db.Exec(t, q.Replace(`INSERT INTO <table> (<id>, cm_active_loser, loser_id, active) VALUES ($1::text::<type>, 'x', 'y', 'z')`), v)
				db.Exec(t, q.Replace(`INSERT INTO <child> VALUES ($1::text::<ctype>, $2, 1)`), tt.childIDs[i], i)
			}
			db.Exec(t, q.Replace(`UPDATE <table> SET boss = $1::text::<ctype> WHERE <id> = $2::text::<type>`), tt.childIDs[1], tt.ids[2])
			b.cfg = Config{Contacts: table, ID: id, Columns: []string{id, "boss"}, Mode: Delete}
			ids := b.query(t, q.Replace(`SELECT <id>::text FROM <table> ORDER BY <id>::text = $1::text::<type>::text DESC, <id>::text = $2::text::<type>::text DESC`), tt.ids[0], tt.ids[1])
			before := b.dump(t)
			p := planOf(b.step(t, ids[0], ids[1]))
			dry := b.dryRun(t, p)
			rep := b.apply(t, p)
			wantOnly(t, rep, Applied)
			if d := diff(dry, rep); d != "" {
				t.Errorf("dry run (-dry +real):\n%s", d)
			}
			if got := b.query(t, q.Replace(`SELECT count(*)::text FROM <child> AS c JOIN <table> AS p ON p.<id> = c.<fk> WHERE p.<id>::text = $1`), ids[0]); got[0] != "2" {
				t.Errorf("%s children at the survivor, want 2", got[0])
			}
			if got := b.query(t, q.Replace(`SELECT count(*)::text FROM <table> WHERE boss IS NOT NULL AND `+RedirectFilterSQL("", id))); got[0] != "1" {
				t.Errorf("%s contacts have a boss, want 1", got[0])
			}
			if r := b.undo(t, p, 0); r.Outcome != Applied || r.Reason != "" {
				t.Fatalf("undo: %+v", r)
			}
			if d := diff(before, b.dump(t)); d != "" {
				t.Errorf("undo left (-before +after):\n%s", d)
			}
		})
	}
}

// TestPartitions moves rows of a partitioned table, whose key decides where they lie.
func TestPartitions(t *testing.T) {
	b := setUp(t, crm+`
		CREATE TABLE events (contact_id bigint REFERENCES contacts, at date, what text, PRIMARY KEY (contact_id, at)) PARTITION BY RANGE (contact_id);
		CREATE TABLE events_low PARTITION OF events FOR VALUES FROM (0) TO (2);
		CREATE TABLE events_high PARTITION OF events FOR VALUES FROM (2) TO (100);
		INSERT INTO events VALUES (1, '2026-01-01', 'a'), (2, '2026-01-02', 'b'), (2, '2026-01-03', 'c'), (4, '2026-01-01', 'd');
		CREATE TABLE loose (ref bigint);
		INSERT INTO loose VALUES (2), (2), (99);`)
	b.cfg.References = []Reference{{Table: "loose", Column: "ref"}}
	b.backUp(t)
	p := planOf(b.step(t, "1", "2"))
	dry := b.dryRun(t, p)
	rep := b.apply(t, p)
	wantOnly(t, rep, Applied)
	if d := diff(dry, rep); d != "" {
		t.Errorf("dry run (-dry +real):\n%s", d)
	}
	if got := b.query(t, `SELECT count(*)::text FROM events_low`); got[0] != "3" {
		t.Errorf("%s rows in the survivor's partition, want 3", got[0])
	}
	if got := b.query(t, `SELECT count(*)::text FROM loose WHERE ref = 1`); got[0] != "2" {
		t.Errorf("%s rows of the undeclared reference, want 2", got[0])
	}
	if r := b.undo(t, p, 0); r.Outcome != Applied || r.Reason != "" {
		t.Fatalf("undo: %+v", r)
	}
	b.wantIdentical(t)
}

// TestCompositeReference moves rows that name their contact's tenant too.
func TestCompositeReference(t *testing.T) {
	b := setUp(t, crm+`
		ALTER TABLE contacts ADD tenant int NOT NULL DEFAULT 1, ADD UNIQUE (tenant, id);
		CREATE TABLE deals (contact_id bigint, tenant int, FOREIGN KEY (tenant, contact_id) REFERENCES contacts (tenant, id));
		INSERT INTO deals VALUES (2, 1), (2, NULL), (4, 1);`)
	b.backUp(t)
	p := planOf(b.step(t, "1", "2"))
	wantOnly(t, b.apply(t, p), Applied)
	if got := b.query(t, `SELECT count(*)::text FROM deals WHERE contact_id = 1`); got[0] != "2" {
		t.Errorf("%s deals at the survivor, want 2", got[0])
	}
	if r := b.undo(t, p, 0); r.Outcome != Applied || r.Reason != "" {
		t.Fatalf("undo: %+v", r)
	}
	b.wantIdentical(t)
}
