package merge

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// silent is the trigger of docs/security.md: it tells the outside of every change but those of a merge.
const silent = `
CREATE TABLE told (what text);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('contactmerge.merging', true) = 'on' THEN
    RETURN NULL;
  END IF;
  INSERT INTO told VALUES (TG_TABLE_NAME || ' ' || TG_OP);
  PERFORM pg_notify('crm', TG_TABLE_NAME);
  RETURN NULL;
END $$;
CREATE TRIGGER tell_tickets AFTER UPDATE ON tickets FOR EACH ROW EXECUTE FUNCTION tell();
CREATE TRIGGER tell_contacts AFTER UPDATE ON contacts FOR EACH ROW EXECUTE FUNCTION tell();
`

// TestMergingSetting: a trigger can tell merges from other changes, also on a connection that merged before.
func TestMergingSetting(t *testing.T) {
	t.Parallel()
	b := setUp(t, crm+silent)
	wantOnly(t, b.apply(t, planOf(b.step(t, "1", "2"))), Applied)
	if got := b.query(t, `SELECT what FROM told`); len(got) > 0 {
		t.Errorf("the merge was told: %v", got)
	}
	if _, err := b.lock.Conn().Exec(t.Context(), `UPDATE public.tickets SET title = 'new'`); err != nil {
		// The trigger names a table without its schema, and the search path of our connections has only the server's own.
		if !strings.Contains(err.Error(), "told") {
			t.Fatal(err)
		}
	} else {
		t.Error("our connections find tables without their schema")
	}
	b.db.Exec(t, `UPDATE tickets SET title = 'new' WHERE contact_id = 1`)
	if got := b.query(t, `SELECT DISTINCT what FROM told`); strings.Join(got, ",") != "tickets UPDATE" {
		t.Errorf("a person's change was told as %v", got)
	}
}

// TestTriggers lists what a merge would set off, and what of it reaches outside.
func TestTriggers(t *testing.T) {
	t.Parallel()
	b := setUp(t, crm+silent+`
CREATE SCHEMA app;
CREATE FUNCTION app.send(what text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify('crm', what); END $$;
CREATE FUNCTION app.shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM app.send('x'); PERFORM dblink_exec('host=other', 'x'); RETURN NEW; END $$;
CREATE FUNCTION app.hook() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM net.http_post('http://x', '{}'); RETURN NEW; END $$;
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at = now(); RETURN NEW; END $$;
CREATE TRIGGER shout BEFORE UPDATE ON messages FOR EACH ROW EXECUTE FUNCTION app.shout();
CREATE TRIGGER hook AFTER DELETE ON contact_identities FOR EACH ROW EXECUTE FUNCTION app.hook();
CREATE TRIGGER touch BEFORE UPDATE OF first ON contacts FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE TRIGGER of_the_id BEFORE UPDATE OF contact_id ON notes FOR EACH ROW EXECUTE FUNCTION app.hook();
CREATE TRIGGER of_others BEFORE UPDATE OF body ON notes FOR EACH ROW EXECUTE FUNCTION app.hook();
CREATE TRIGGER only_new BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION app.hook();
CREATE TRIGGER off BEFORE UPDATE ON tags FOR EACH ROW EXECUTE FUNCTION app.hook();
ALTER TABLE tags DISABLE TRIGGER off;
ALTER TABLE contacts ADD region text, ADD UNIQUE (id, region);
CREATE TABLE visits (contact_id bigint, region text, FOREIGN KEY (contact_id, region) REFERENCES contacts (id, region));
CREATE TRIGGER of_the_region BEFORE UPDATE OF region ON visits FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE TABLE strangers (id int); CREATE TRIGGER stranger BEFORE UPDATE ON strangers FOR EACH ROW EXECUTE FUNCTION app.hook();
`)
	got, err := Triggers(t.Context(), b.lock.Conn(), b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	want := []Trigger{
		{Name: "hook", Table: "public.contact_identities", Function: "app.hook", Events: "delete", Reaches: "makes web requests"},
		{Name: "tell_contacts", Table: "public.contacts", Function: "public.tell", Events: "update", Reaches: "sends NOTIFY", Silent: true},
		{Name: "touch", Table: "public.contacts", Function: "app.touch", Events: "update"},
		{Name: "shout", Table: "public.messages", Function: "app.shout", Events: "update", Reaches: "calls another database by dblink and sends NOTIFY"},
		{Name: "of_the_id", Table: "public.notes", Function: "app.hook", Events: "update", Reaches: "makes web requests"},
		{Name: "tell_tickets", Table: "public.tickets", Function: "public.tell", Events: "update", Reaches: "sends NOTIFY", Silent: true},
		{Name: "of_the_region", Table: "public.visits", Function: "app.touch", Events: "update"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("triggers (-want +got):\n%s", d)
	}
	var loud []string
	for i := range got {
		if got[i].Loud() {
			loud = append(loud, got[i].Name)
		}
	}
	if d := cmp.Diff([]string{"hook", "shout", "of_the_id"}, loud); d != "" {
		t.Errorf("loud ones (-want +got):\n%s", d)
	}
}
