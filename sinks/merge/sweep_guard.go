package merge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/pgerr"
)

// GuardSQL writes triggers that follow the redirect when the application writes the id of a contact that was merged away: what a sweep
// would move at night goes to the survivor at once. Nobody has to install them; they are printed for an administrator to read.
func GuardSQL(ctx context.Context, conn *pgx.Conn, cfg Config) (string, error) {
	d, err := NewDryRun(conn, cfg)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = d.read(ctx, func(tx pgx.Tx) error {
		c, err := readCatalog(ctx, tx, &d.cfg)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "-- Rows written with the id of a contact that was merged away get the survivor's instead.\n-- Our own merges and undos set %s and are left alone.\n", MergingSetting)
		for i := range c.refs {
			c.guard(&b, &d.cfg, &c.refs[i])
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("reading the references: %w", pgerr.Clean(err))
	}
	return b.String(), nil
}

// guard writes the trigger of one reference.
func (c *catalog) guard(b *strings.Builder, cfg *Config, r *reference) {
	if r.self && r.column.name == cfg.ArchiveColumn {
		return // merges set it themselves
	}
	if r.kind != byID {
		fmt.Fprintf(b, "\n-- %s holds more than one plain id: only a sweep moves its rows.\n", r)
		return
	}
	sum := sha256.Sum256([]byte(r.String()))
	function := quote(cfg.Schema, "follow_"+hex.EncodeToString(sum[:6]))
	col := quote(r.column.name)
	condition := "current_setting('" + MergingSetting + "', true) IS DISTINCT FROM 'on' AND NEW." + col + " IS NOT NULL"
	if r.typeColumn != nil {
		condition += " AND NEW." + quote(r.typeColumn.name) + "::text = " + literal(c.words[r.word-1])
	}
	follow := fmt.Sprintf("NEW.%[1]s := %[2]s(NEW.%[1]s::text)::%[3]s;", col, quote(cfg.Schema, "resolve"), r.column.base)
	if len(r.companions()) > 0 {
		follow = c.followTogether(cfg, r)
	}
	trigger := quote("contactmerge_follow_" + hex.EncodeToString(sum[:6]))
	fmt.Fprintf(b, `
-- %[1]s
CREATE OR REPLACE FUNCTION %[2]s() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $guard$
BEGIN
  IF %[3]s THEN
    %[5]s
  END IF;
  RETURN NEW;
END $guard$;
CREATE TRIGGER %[6]s BEFORE INSERT OR UPDATE OF %[4]s ON %[7]s FOR EACH ROW EXECUTE FUNCTION %[2]s();
-- to remove it: DROP FUNCTION %[2]s() CASCADE;
`, commentText(r.String()), function, condition, col, follow, trigger, r.child.sql())
}

// followTogether is the assignment for a reference with companions, which go along as far as they are the loser's.
func (c *catalog) followTogether(cfg *Config, r *reference) string {
	id, col := quote(c.id.name), "NEW."+quote(r.column.name)
	values, into := []string{"s." + id + "::text::" + r.column.base}, []string{col}
	for _, o := range r.companions() {
		into = append(into, "NEW."+quote(o.ours.name))
		values = append(values, o.becomes("NEW."+quote(o.ours.name)))
	}
	return fmt.Sprintf(`IF %[1]s(%[2]s::text) <> %[2]s::text THEN
      SELECT %[3]s INTO %[4]s
        FROM %[5]s AS s LEFT JOIN %[5]s AS l ON l.%[6]s %[7]s %[2]s::text::%[8]s WHERE s.%[6]s %[7]s %[1]s(%[2]s::text)::%[8]s;
    END IF;`, quote(cfg.Schema, "resolve"), col, strings.Join(values, ", "), strings.Join(into, ", "), c.contacts.sql(), id, c.idEqual, c.id.base)
}

// literal quotes a text for SQL that is printed. A backslash would mean something where standard_conforming_strings is off.
func literal(s string) string {
	return "E'" + strings.NewReplacer(`'`, `''`, `\`, `\\`).Replace(s) + "'"
}

// commentText keeps a name in its comment.
func commentText(s string) string { return strings.Join(strings.Fields(s), " ") }
