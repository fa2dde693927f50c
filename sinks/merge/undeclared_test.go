package merge

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

// undeclaredIn lists what is found, as "kind table.column (evidence)".
func (b *bench) undeclaredIn(t testing.TB) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), b.db.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	found, err := Undeclared(t.Context(), conn, b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for i := range found {
		out = append(out, fmt.Sprintf("%s %s", found[i].Kind, &found[i]))
	}
	return out
}

// hideouts are the places where contact ids hide, and places that only look like it.
const hideouts = `
CREATE TABLE contacts (id %[1]s PRIMARY KEY, first text);
INSERT INTO contacts SELECT %[2]s, 'x' FROM generate_series(1, 300) AS n;
CREATE TABLE buyers (buyer_id %[1]s REFERENCES contacts);
CREATE TABLE bare (id bigserial PRIMARY KEY, contact_id %[1]s, quantity int, note text, tenant_id int);
INSERT INTO bare (contact_id, quantity, note, tenant_id) SELECT %[2]s, n, 'note', n %% 5 FROM generate_series(1, 50) AS n;
CREATE TABLE camel (id bigserial PRIMARY KEY, "customerID" %[1]s, buyer_id %[1]s, "primary" boolean);
INSERT INTO camel ("customerID", buyer_id) SELECT %[2]s, %[2]s FROM generate_series(1, 30) AS n;
CREATE TABLE comments (id bigserial PRIMARY KEY, commentable_type text, commentable_id %[1]s);
INSERT INTO comments (commentable_type, commentable_id) SELECT t, %[2]s FROM generate_series(1, 20) AS n, unnest(ARRAY['App\Models\Contact', 'Ticket']) AS t
	WHERE t <> 'Ticket' OR n < 3;
CREATE TABLE mailings (id bigserial PRIMARY KEY, contact_ids %[1]s[], sizes int[]);
INSERT INTO mailings (contact_ids, sizes) SELECT ARRAY(SELECT %[2]s FROM generate_series(1, 10) AS n), ARRAY[1, 2, 3];
CREATE TABLE events (id bigserial PRIMARY KEY, payload jsonb);
INSERT INTO events (payload) SELECT jsonb_build_object('kind', 'seen', 'who', jsonb_build_object('contactId', %[2]s)) FROM generate_series(1, 10) AS n;
CREATE TABLE empty (customer_id %[1]s);
CREATE TABLE other_crm (client_id %[1]s);
INSERT INTO other_crm SELECT %[3]s FROM generate_series(1, 10) AS n;
CREATE TABLE tenants (id int PRIMARY KEY); CREATE TABLE seats (id int PRIMARY KEY, contact_id int REFERENCES tenants);
CREATE VIEW seen AS SELECT contact_id FROM bare;
CREATE TABLE contact_names (contact_name text, customer_since date);
INSERT INTO contact_names SELECT 'x', '2026-01-01' FROM generate_series(1, 10);
`

func TestUndeclared(t *testing.T) {
	number := []string{
		`column public.bare.contact_id (by its name; 50 of 50 different values looked at are contact ids)`,
		`column public.camel.customerID (by its name; 30 of 30 different values looked at are contact ids)`,
		`column public.camel.buyer_id (by its name; 30 of 30 different values looked at are contact ids)`,
		`pair public.comments.commentable_id where commentable_type is "App\\Models\\Contact" (20 of 20 different values looked at are contact ids)`,
		`column public.empty.customer_id (by its name; it is empty)`,
		`json public.events.payload, key "contactId" in its documents (by its name; 10 of 10 different values looked at are contact ids)`,
		`array public.mailings.contact_ids, an array (by its name; 10 of 10 different values looked at are contact ids)`,
	}
	for _, tt := range []struct{ name, typ, id, other, more string }{
		{"numbers", "bigint", "n", "n + 1000", ""},
		{"uuids", "uuid", "md5('c' || n)::uuid", "md5('d' || n)::uuid", "CREATE TABLE nameless (x uuid); INSERT INTO nameless SELECT md5('c' || n)::uuid FROM generate_series(1, 40) AS n; INSERT INTO nameless SELECT md5('e' || n)::uuid FROM generate_series(1, 20) AS n"},
		{"words", "varchar(20)", "'C-' || n", "'D-' || n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			db := prepare(t, fmt.Sprintf(hideouts, tt.typ, tt.id, tt.other)+tt.more)
			b := &bench{db: db, cfg: Config{Contacts: "contacts", ID: "id", Columns: []string{"first"}}}
			want := number
			if tt.more != "" {
				want = append(slices.Clone(want), `column public.nameless.x (40 of 60 different values looked at are contact ids)`)
			}
			if d := cmp.Diff(want, b.undeclaredIn(t)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			// What is declared or acknowledged is not told again.
			b.cfg.References = []Reference{{Table: "bare", Column: "contact_id"}}
			b.cfg.Acknowledged = []Reference{{Table: "public.events", Column: "payload"}, {Table: "empty", Column: "customer_id"}}
			left := strings.Join(b.undeclaredIn(t), "\n")
			for _, gone := range []string{"public.bare", "public.events", "public.empty"} {
				if strings.Contains(left, gone) {
					t.Errorf("%s is told though it is known:\n%s", gone, left)
				}
			}
			if !strings.Contains(left, "public.camel.buyer_id") {
				t.Errorf("the others are not told:\n%s", left)
			}
		})
	}
}

// TestUndeclaredUnreadable: what may not be read, or takes too long, is judged by its name.
func TestUndeclaredUnreadable(t *testing.T) {
	db := prepare(t, `CREATE TABLE contacts (id int PRIMARY KEY, first text); INSERT INTO contacts VALUES (1, 'x');
		CREATE TABLE secret (contact_id int, size int); INSERT INTO secret VALUES (1, 1);
		CREATE TABLE hidden (contact_id int, size int); ALTER TABLE hidden ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON hidden USING (false);
		CREATE TABLE broken (doc json); INSERT INTO broken VALUES ('{"contact_id": "\u0000"}')`)
	role := "finder_" + db.Name
	db.Exec(t, `CREATE ROLE `+role+` LOGIN; GRANT SELECT ON contacts, hidden, broken TO `+role)
	t.Cleanup(func() {
		if _, err := db.Pool(t).Exec(context.Background(), `DROP OWNED BY `+role+`; DROP ROLE `+role); err != nil {
			t.Error(err)
		}
	})
	cfg, err := pgx.ParseConfig(db.DSN)
	if err != nil {
		t.Fatal(err)
	}
	cfg.User = role
	conn, err := pgx.ConnectConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	found, err := Undeclared(t.Context(), conn, Config{Contacts: "contacts", ID: "id", Columns: []string{"first"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range found {
		got = append(got, found[i].Name()+": "+found[i].Evidence)
	}
	want := []string{"public.hidden.contact_id: by its name; its values could not be read", "public.secret.contact_id: by its name; its values could not be read"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestDeleteNeedsDeclaredReferences: losers are not deleted while something unknown may refer to them.
func TestDeleteNeedsDeclaredReferences(t *testing.T) {
	base := prepare(t, crm+`CREATE TABLE loose (contact_id bigint, payload jsonb); INSERT INTO loose VALUES (2, '{"customer_id": 3}')`)
	for _, tt := range []struct {
		name   string
		config func(*Config)
		words  string // of the refusal; "" when it is done
	}{
		{"archive", func(c *Config) { c.Mode = Archive }, ""},
		{"delete", func(*Config) {}, "public.loose.contact_id"},
		{"one of two known", func(c *Config) { c.References = []Reference{{Table: "loose", Column: "contact_id"}} }, "public.loose.payload"},
		{"both known", func(c *Config) {
			c.References, c.Acknowledged = []Reference{{Table: "loose", Column: "contact_id"}}, []Reference{{Table: "loose", Column: "payload"}}
		}, ""},
		{"all of a table known", func(c *Config) { c.Acknowledged = []Reference{{Table: "loose", Column: "*"}} }, ""},
		{"all of a schema known", func(c *Config) { c.Acknowledged = []Reference{{Table: "public.*", Column: "*"}} }, ""},
		{"all of another schema known", func(c *Config) { c.Acknowledged = []Reference{{Table: "backup.*", Column: "*"}} }, "public.loose.contact_id"},
		{"a slip of the pen", func(c *Config) { c.Acknowledged = []Reference{{Table: "loose", Column: "payloda"}} }, `has no column "payloda"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := attach(t, base.Clone(t))
			b.cfg.Mode = Delete
			tt.config(&b.cfg)
			p := planOf(b.step(t, "1", "2", "3"))
			if tt.words == "" {
				wantOnly(t, b.dryRun(t, p), Applied)
				wantOnly(t, b.apply(t, p), Applied)
				return
			}
			m, err := New(b.lock, b.cfg)
			if err != nil {
				t.Fatal(err)
			}
			before := b.dump(t)
			if _, err := Apply(t.Context(), m, p, Options{}); err == nil || !strings.Contains(err.Error(), tt.words) {
				t.Errorf("apply: %v, want %q", err, tt.words)
			}
			b.wantUntouched(t, before)
		})
	}
}

func TestEntityNames(t *testing.T) {
	n := entityNames{entities: append(slices.Clone(peopleWords), "patient"), known: [][]string{{"payer"}}}
	for name, want := range map[string]hint{
		"contact_id": hintEntity, "contactId": hintEntity, "CONTACT_ID": hintEntity, "ContactID": hintEntity, "contact": hintEntity, "primary_contact": hintEntity,
		"patient_uuid": hintEntity, "patients": hintEntity, "contact_id_old": hintEntity, "customer_ids": hintEntity, "payer_id": hintEntity, "bill_to_customer_ref": hintEntity,
		"payer": hintNone, "id": hintID, "ticket_id": hintID, "created_by": hintID, "contact_name": hintNone, "contact_count": hintNone, "email": hintNone, "": hintNone, "_": hintNone,
		"clientele": hintNone, "addresses": hintNone,
	} {
		if got := n.column(name); got != want {
			t.Errorf("%q says %d, want %d", name, got, want)
		}
	}
	for value, want := range map[string]bool{`App\Models\Contact`: true, "contacts": true, "civicrm_contact": true, "res.person": true, "Ticket": false, "": false, "contact_group": false} {
		if got := n.typeValue(value); got != want {
			t.Errorf("type %q: %v, want %v", value, got, want)
		}
	}
}
