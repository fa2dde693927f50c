package merge

import (
	"context"
	"fmt"
)

// late counts the rows of a reference that refer to an active loser, and names some. It returns how many rows the reference has.
func (v *verifier) late(ctx context.Context, c *Invariant, ref *reference) (rows int64, err error) {
	if err := v.tx.QueryRow(ctx, `SELECT count(*) FROM `+ref.child.sql()+` AS t WHERE t.`+quote(ref.column.name)+` IS NOT NULL`).Scan(&rows); err != nil {
		return 0, err
	}
	return rows, v.collect(ctx, c, ref.String(), `SELECT r.plan_id, r.cluster_id, ARRAY[q.lt] AS contacts, q.rows || ' rows refer to a contact that was merged away' AS what
		FROM (SELECT lt, count(DISTINCT (cm_table, cm_ctid)) AS rows FROM (`+v.cat.lateSQL(v.cfg.Schema, ref)+`) AS x GROUP BY lt) AS q
		JOIN `+v.ours("redirects")+` AS r ON r.active AND r.loser_id = q.lt`, v.cat.words)
}

// guarded is the part of I6 about the future: journal, ledger and archive can only be added to.
func (v *verifier) guarded(ctx context.Context) error {
	c := v.begin("I6", "journal, archive and ledger are guarded: rows are added, never changed")
	tables := []string{"journal", "ledger", "archived_contacts"}
	c.Rows = int64(len(tables))
	for _, sql := range []string{
		`SELECT NULL::text AS plan_id, NULL::text AS cluster_id, NULL::text[] AS contacts, 'table ' || w.name || ' has lost its guard against changes, or it is switched off' AS what
			FROM unnest($2::text[]) AS w(name) WHERE (SELECT count(*) FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
				JOIN pg_proc AS p ON p.oid = t.tgfoid WHERE n.nspname = $1 AND c.relname = w.name AND t.tgenabled IN ('O', 'A') AND p.proname = 'rows_are_only_added'
				AND p.pronamespace = n.oid AND t.tgtype & 58 = 58) = 0`, // before, for delete, update and truncate
		`SELECT NULL::text AS plan_id, NULL::text AS cluster_id, NULL::text[] AS contacts, 'role ' || x.grantee::regrole::text || ' may ' || x.privilege_type || ' in table ' || c.relname AS what
			FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace CROSS JOIN LATERAL aclexplode(c.relacl) AS x
			WHERE n.nspname = $1 AND c.relname = ANY ($2::text[]) AND x.grantee <> c.relowner AND x.privilege_type IN ('UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER')`,
	} {
		if err := v.collect(ctx, c, "", sql, v.cfg.Schema, tables); err != nil {
			return fmt.Errorf("looking at the guards of the journal: %w", err)
		}
	}
	return nil
}
