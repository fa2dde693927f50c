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
	trigger := quote("contactmerge_follow_" + hex.EncodeToString(sum[:6]))
	fmt.Fprintf(b, `
-- %[1]s
CREATE OR REPLACE FUNCTION %[2]s() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $guard$
BEGIN
  IF %[3]s THEN
    NEW.%[4]s := %[5]s(NEW.%[4]s::text)::%[6]s;
  END IF;
  RETURN NEW;
END $guard$;
CREATE TRIGGER %[7]s BEFORE INSERT OR UPDATE OF %[4]s ON %[8]s FOR EACH ROW EXECUTE FUNCTION %[2]s();
-- to remove it: DROP FUNCTION %[2]s() CASCADE;
`, commentText(r.String()), function, condition, col, quote(cfg.Schema, "resolve"), r.column.base, trigger, r.child.sql())
}

// literal quotes a text for SQL that is printed. A backslash would mean something where standard_conforming_strings is off.
func literal(s string) string {
	return "E'" + strings.NewReplacer(`'`, `''`, `\`, `\\`).Replace(s) + "'"
}

// commentText keeps a name in its comment.
func commentText(s string) string { return strings.Join(strings.Fields(s), " ") }
