package merge

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/pgerr"
)

// The checks that go through the journal row by row, by their place in the list: all three are made in one pass.
type rowChecks struct{ conserved, content, images int }

// conserved is I1, I2 and the part of I6 that is about images: what the journal says is there, and can be read back.
func (v *verifier) conserved(ctx context.Context) error {
	var at rowChecks
	for _, c := range []struct {
		at                *int
		invariant, titles string
	}{
		{&at.conserved, "I1", "every journal is complete, and the rows it moved are there"},
		{&at.content, "I2", "moved and filled rows have the values the merge gave them"},
		{&at.images, "I6", "every image can be read back exactly"},
	} {
		v.begin(c.invariant, c.titles)
		*c.at = len(v.out.Checks) - 1
	}
	return v.pages("rows", func(from, to int64) error {
		if err := v.complete(ctx, &v.out.Checks[at.conserved], from, to); err != nil {
			return fmt.Errorf("counting journal rows: %w", err)
		}
		groups, err := v.imageGroups(ctx, from, to)
		if err != nil {
			return fmt.Errorf("listing journal rows: %w", err)
		}
		for i := range groups {
			if err := v.imageGroup(ctx, &groups[i], at, from, to); err != nil {
				return fmt.Errorf("verifying rows of %s.%s: %w", groups[i].schema, groups[i].table, err)
			}
		}
		return nil
	})
}

// complete compares the number of journal rows with the ledger's.
func (v *verifier) complete(ctx context.Context, c *Invariant, from, to int64) error {
	return v.collect(ctx, c, "", `SELECT l.plan_id, l.cluster_id, NULL::text[] AS contacts, 'its journal has ' || n.rows || ' rows instead of ' || l.entries AS what
		FROM `+v.ours("ledger")+` AS l CROSS JOIN LATERAL (SELECT count(*) AS rows, coalesce(max(j.seq), 0) AS last FROM `+v.ours("journal")+` AS j
			WHERE j.plan_id = l.plan_id AND j.cluster_id = l.cluster_id) AS n
		WHERE l.seq BETWEEN $1 AND $2 AND l.seq > $3 AND `+journals("l")+` AND (n.rows <> l.entries OR n.last <> l.entries)`, from, to, v.purged)
}

// imageGroup is the images of a page that are read with one statement: those of one action on one table.
type imageGroup struct {
	archive       bool // images of archived contacts, else of journal rows
	action        string
	schema, table string
	keys, columns []string
	rows          int64
	relation      *relation
}

// imageGroups lists what a page of the ledger has images of.
func (v *verifier) imageGroups(ctx context.Context, from, to int64) ([]imageGroup, error) {
	rows, err := v.tx.Query(ctx, `SELECT false, j.action, j.table_schema, j.table_name, j.key_columns, j.columns, count(*) FROM `+v.ours("ledger")+` AS l
			JOIN `+v.ours("journal")+` AS j ON j.plan_id = l.plan_id AND j.cluster_id = l.cluster_id
			WHERE l.seq BETWEEN $1 AND $2 AND `+journals("l")+` AND NOT `+tombstone("j")+` GROUP BY 2, 3, 4, 5, 6
		UNION ALL SELECT true, '', a.table_schema, a.table_name, '{}', a.columns, count(*) FROM `+v.ours("ledger")+` AS l
			JOIN `+v.ours("archived_contacts")+` AS a ON a.plan_id = l.plan_id AND a.cluster_id = l.cluster_id
			WHERE l.seq BETWEEN $1 AND $2 AND l.action = 'merge' AND NOT `+archiveTombstone("a")+` GROUP BY 3, 4, 6
		ORDER BY 1, 3, 4, 2, 5, 6`, from, to)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (g imageGroup, err error) {
		err = row.Scan(&g.archive, &g.action, &g.schema, &g.table, &g.keys, &g.columns, &g.rows)
		return g, err
	})
}

// imageGroup verifies one group of a page.
func (v *verifier) imageGroup(ctx context.Context, g *imageGroup, at rowChecks, from, to int64) error {
	images, table := &v.out.Checks[at.images], g.schema+"."+g.table
	images.Rows += g.rows
	var err error
	if g.relation, err = v.table(ctx, g.schema, g.table); err != nil {
		return err
	}
	if g.relation == nil {
		images.since(Change{Table: table, What: "journalled rows of a table that is not there any more", Rows: g.rows})
		return nil
	}
	for _, name := range slices.Concat(g.keys, g.columns) {
		if g.relation.column(name) == nil {
			images.since(Change{Table: table, What: fmt.Sprintf("journalled rows with column %q, which is not there any more", name), Rows: g.rows})
			return nil
		}
	}
	if err := v.readable(ctx, g, images, from, to); err != nil {
		return err
	}
	if g.archive {
		return nil
	}
	v.out.Checks[at.conserved].Rows += g.rows
	return v.present(ctx, g, at, from, to)
}

// table finds a table of the journal. Those of the catalogue are known already.
func (v *verifier) table(ctx context.Context, schema, name string) (*relation, error) {
	for _, r := range v.cat.relations {
		if r.schema == schema && r.name == name {
			return r, nil
		}
	}
	var oid *uint32
	if err := v.tx.QueryRow(ctx, `SELECT to_regclass(quote_ident($1) || '.' || quote_ident($2))::oid`, schema, name).Scan(&oid); err != nil || oid == nil {
		return nil, err
	}
	return v.cat.relation(ctx, v.tx, *oid)
}

// source is the rows of a group on a page, with the parameters $1 to $7: as i, with k, b, a, and whether they are in effect.
func (v *verifier) source(g *imageGroup) (sql string, args func(from, to int64) []any) {
	// A sweep is taken back with its merge, whose plan it names. What an undo wrote over is nobody's present state.
	live := `l.action <> 'undo' AND NOT EXISTS (SELECT FROM ` + v.ours("ledger") + ` AS u WHERE u.plan_id = CASE l.action WHEN 'sweep' THEN l.content_hash ELSE l.plan_id END
		AND u.cluster_id = l.cluster_id AND u.action = 'undo') AS live`
	if g.archive {
		return `SELECT l.plan_id, l.cluster_id, '{}'::text[] AS k, i.image AS b, NULL::text[] AS a, ` + live + ` FROM ` + v.ours("ledger") + ` AS l
				JOIN ` + v.ours("archived_contacts") + ` AS i ON i.plan_id = l.plan_id AND i.cluster_id = l.cluster_id
				WHERE l.seq BETWEEN $1 AND $2 AND l.action = 'merge' AND NOT ` + archiveTombstone("i") + ` AND i.table_schema = $3 AND i.table_name = $4 AND i.columns = $5::text[]`,
			func(from, to int64) []any { return []any{from, to, g.schema, g.table, g.columns} }
	}
	return `SELECT l.plan_id, l.cluster_id, i.key_values AS k, i.before AS b, i.after AS a, ` + live + ` FROM ` + v.ours("ledger") + ` AS l
			JOIN ` + v.ours("journal") + ` AS i ON i.plan_id = l.plan_id AND i.cluster_id = l.cluster_id
			WHERE l.seq BETWEEN $1 AND $2 AND ` + journals("l") + ` AND NOT ` + tombstone("i") + ` AND i.table_schema = $3 AND i.table_name = $4 AND i.columns = $5::text[]
			AND i.key_columns = $6::text[] AND i.action = $7`,
		func(from, to int64) []any {
			return []any{from, to, g.schema, g.table, g.columns, g.keys, g.action}
		}
}

// readable finds images that cannot be read back. A text that its type refuses fails the statement, so the page is halved until the step
// with the text is found.
func (v *verifier) readable(ctx context.Context, g *imageGroup, c *Invariant, from, to int64) error {
	source, args := v.source(g)
	same := append(sameText(g.relation, g.columns, "b"), sameText(g.relation, g.columns, "a")...)
	same = append(same, sameText(g.relation, g.keys, "k")...)
	sql := `SELECT plan_id, cluster_id, NULL::text[] AS contacts, 'an image in its journal does not reproduce the row' AS what FROM (` + source + `) AS i
		WHERE NOT (` + strings.Join(same, " AND ") + `) GROUP BY 1, 2`
	err := pgx.BeginFunc(ctx, v.tx, func(tx pgx.Tx) error {
		w := *v
		w.tx = tx
		return w.collect(ctx, c, g.schema+"."+g.table, sql, args(from, to)...)
	})
	code := pgerr.Code(err)
	if err == nil || !strings.HasPrefix(code, "22") && !strings.HasPrefix(code, "23") {
		return err
	}
	if from < to {
		middle := from + (to-from)/2
		if err := v.readable(ctx, g, c, from, middle); err != nil {
			return err
		}
		return v.readable(ctx, g, c, middle+1, to)
	}
	p := Problem{Table: g.schema + "." + g.table, What: "an image in its journal cannot be read back (SQLSTATE " + code + ")"}
	err = v.tx.QueryRow(ctx, `SELECT plan_id, cluster_id FROM `+v.ours("ledger")+` WHERE seq = $1`, from).Scan(&p.Plan, &p.Cluster)
	c.violate(p)
	return err
}

// sameText are the conditions that the texts of an image, read as values of their columns, are the same texts again.
func sameText(r *relation, columns []string, image string) []string {
	var out []string
	for i, name := range columns {
		at := fmt.Sprintf("i.%s[%d]", image, i+1)
		out = append(out, at+"::"+r.column(name).full+"::text IS NOT DISTINCT FROM "+at)
	}
	if len(out) == 0 {
		out = append(out, "true")
	}
	return out
}

// present looks up the rows of merges in effect: whether they are there, and as the merge left them. Others may change and delete them, so
// what differs is counted, not condemned: what refers to a loser is found by the check of the references.
func (v *verifier) present(ctx context.Context, g *imageGroup, at rowChecks, from, to int64) error {
	conserved, content, table := &v.out.Checks[at.conserved], &v.out.Checks[at.content], g.schema+"."+g.table
	removed := g.action == "remove" || g.action == "delete"
	on, keyed := v.lookup(g, removed)
	if !keyed {
		conserved.since(Change{Table: table, What: "rows without a primary key, which cannot be looked up", Rows: g.rows})
		return nil
	}
	source, args := v.source(g)
	now := "true"
	if !removed {
		now = strings.Join(v.unchanged(g), " AND ")
	}
	var rows, there, same int64
	var gone, changed, again *string
	sql := `SELECT count(*), count(*) FILTER (WHERE there), count(*) FILTER (WHERE there AND same), min(cluster_id) FILTER (WHERE NOT there), min(cluster_id) FILTER (WHERE there AND NOT same),
			min(cluster_id) FILTER (WHERE there)
		FROM (SELECT i.cluster_id, t.cm_there IS NOT NULL AS there, t.cm_same AS same FROM (` + source + `) AS i
			LEFT JOIN LATERAL (SELECT true AS cm_there, ` + now + ` AS cm_same FROM ` + g.relation.sql() + ` AS t WHERE ` + on + ` LIMIT 1) AS t ON true WHERE i.live) AS s`
	err := pgx.BeginFunc(ctx, v.tx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, sql, args(from, to)...).Scan(&rows, &there, &same, &gone, &changed, &again)
	})
	if strings.HasPrefix(pgerr.Code(err), "22") || strings.HasPrefix(pgerr.Code(err), "23") {
		return nil // an image that cannot be read, which has been told
	}
	if err != nil {
		return err
	}
	if removed {
		conserved.since(Change{Table: table, What: "rows that a merge removed and that are there again", Rows: there, Example: deref(again)})
		return nil
	}
	conserved.since(Change{Table: table, What: "rows that were deleted since", Rows: rows - there, Example: deref(gone)})
	content.Rows += there
	content.since(Change{Table: table, What: "rows that were changed since", Rows: there - same, Example: deref(changed)})
	return nil
}

// lookup is the condition that row t is the one image i is of. keyed is false when the table has no key to look up by.
func (v *verifier) lookup(g *imageGroup, removed bool) (on string, keyed bool) {
	var conditions []string
	for n, name := range g.keys {
		col := g.relation.column(name)
		if !col.notNull {
			return "", false
		}
		value := fmt.Sprintf("i.k[%d]", n+1)
		if at := slices.Index(g.columns, name); at >= 0 && !removed {
			value = v.led(fmt.Sprintf("i.a[%d]", at+1), g)
		}
		conditions = append(conditions, "t."+quote(name)+" = "+value+"::"+col.full)
	}
	return strings.Join(conditions, " AND "), true
}

// unchanged are the conditions that the columns of row t are as image i left them, or moved on by a later merge.
func (v *verifier) unchanged(g *imageGroup) []string {
	var out []string
	for n, name := range g.columns {
		value := fmt.Sprintf("i.a[%d]", n+1)
		now := "t." + quote(name) + "::text"
		out = append(out, "("+now+" IS NOT DISTINCT FROM "+value+" OR "+now+" IS NOT DISTINCT FROM "+v.led(value, g)+")")
	}
	return out
}

// led is where a contact id leads by now, for the columns of references, or what the survivor has by now in the column that a companion goes with.
func (v *verifier) led(value string, g *imageGroup) string {
	if g.action != "repoint" {
		return value
	}
	leads := `SELECT %s FROM ` + v.ours("redirects") + ` AS r%s WHERE r.active AND r.loser_id = %s`
	if o, at := v.companion(value, g); o != nil {
		id := "p." + quote(v.cat.id.name)
		return "CASE WHEN " + value + " IS NULL THEN NULL ELSE coalesce((" + fmt.Sprintf(leads, "p."+quote(o.theirs.name)+"::text::"+o.ours.full+"::text",
			" JOIN "+v.cat.contacts.sql()+" AS p ON "+id+" "+v.cat.idEqual+" r.survivor_id::"+v.cat.id.base, fmt.Sprintf("i.a[%d]", at+1)) + "), " + value + ") END"
	}
	return `coalesce((` + fmt.Sprintf(leads, "r.survivor_id", "", value) + `), ` + value + `)`
}

// companion is the one that a column of a group, given as the value of its image, is, with the place of the id's column.
func (v *verifier) companion(value string, g *imageGroup) (*companion, int) {
	for i := range v.cat.refs {
		r := &v.cat.refs[i]
		at := slices.Index(g.columns, r.column.name)
		if r.child != g.relation || at < 0 {
			continue
		}
		for k := range r.others {
			if n := slices.Index(g.columns, r.others[k].ours.name); n >= 0 && value == fmt.Sprintf("i.a[%d]", n+1) {
				return &r.others[k], at
			}
		}
	}
	return nil, 0
}
