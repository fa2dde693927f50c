package merge

import (
	"strings"
	"testing"
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
