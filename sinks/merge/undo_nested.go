package merge

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// builtOnThem finds which of the older merges were built on newer ones, and names one of those for each. A merge is built on another when
// it merged the other's survivor away, changed the same field, removed a row that the other had changed or gave it another key, or merged
// a contact away that a row refers to which the other would bring back. Merges that only share their survivor are not: either can be undone
// without the other.
func builtOnThem(ctx context.Context, tx pgx.Tx, schema string, newer, older []Merged) (map[stepID]stepID, error) {
	if len(newer) == 0 || len(older) == 0 {
		return nil, nil
	}
	on := make(map[stepID]stepID)
	away := make(map[string]*Merged, len(newer))
	for i := range newer {
		for _, id := range newer[i].Losers {
			away[id] = &newer[i]
		}
	}
	for i := range older {
		if m := away[older[i].Survivor]; m != nil && m.Seq > older[i].Seq {
			on[older[i].id()] = m.id()
		}
	}
	args := []any{plansOf(newer), clustersOf(newer), transactionsOf(newer), plansOf(older), clustersOf(older), transactionsOf(older)}
	if err := findBuilt(ctx, tx, on, builtOnSQL(schema), args...); err != nil {
		return nil, err
	}
	var losers []string
	var merges []int
	for i := range newer {
		for _, id := range newer[i].Losers {
			losers, merges = append(losers, id), append(merges, i+1)
		}
	}
	return on, findBuilt(ctx, tx, on, strandedSQL(schema), append(args, losers, merges)...)
}

// findBuilt adds what a query finds: plan and cluster of a merge, and those of one that was built on it.
func findBuilt(ctx context.Context, tx pgx.Tx, on map[stepID]stepID, sql string, args ...any) error {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	var x, y stepID
	_, err = pgx.ForEachRow(rows, []any{&x.plan, &x.cluster, &y.plan, &y.cluster}, func() error {
		if _, known := on[x]; !known {
			on[x] = y
		}
		return nil
	})
	return err
}

// strandedSQL finds the older merges whose journal would bring a reference to a contact back that a newer one has merged away: $7 has the losers of
// the newer ones, $8 the number of each one's merge. It takes foreign keys to the primary key of the table that the contacts were archived from.
func strandedSQL(schema string) string {
	journal, archive := quote(schema, "journal"), quote(schema, "archived_contacts")
	return `WITH y AS MATERIALIZED (
			SELECT l.id, n.p, n.c, n.tx FROM unnest($7::text[], $8::integer[]) AS l(id, n) JOIN unnest($1::text[], $2::text[], $3::bigint[]) WITH ORDINALITY AS n(p, c, tx, n) ON n.n = l.n
		), contacts AS MATERIALIZED (
			SELECT a.table_schema AS s, a.table_name AS t FROM unnest($1::text[], $2::text[]) AS n(p, c) JOIN ` + archive + ` AS a ON a.plan_id = n.p AND a.cluster_id = n.c LIMIT 1
		), refs AS MATERIALIZED (
			SELECT DISTINCT n.nspname AS s, r.relname AS t, a.attname AS col FROM contacts AS c JOIN pg_constraint AS f ON f.contype = 'f' AND f.confrelid = to_regclass(format('%I.%I', c.s, c.t))
				JOIN pg_class AS r ON r.oid = f.conrelid JOIN pg_namespace AS n ON n.oid = r.relnamespace CROSS JOIN LATERAL unnest(f.conkey, f.confkey) AS k(ours, theirs)
				JOIN pg_attribute AS a ON a.attrelid = f.conrelid AND a.attnum = k.ours
			WHERE EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = f.confrelid AND i.indisprimary AND k.theirs = ANY (i.indkey))
		)
		SELECT DISTINCT ON (j.plan_id, j.cluster_id) j.plan_id, j.cluster_id, y.p, y.c
		FROM unnest($4::text[], $5::text[], $6::bigint[]) AS x(p, c, tx) JOIN ` + journal + ` AS j ON j.plan_id = x.p AND j.cluster_id = x.c
			CROSS JOIN LATERAL unnest(j.columns, j.before, j.after) AS d(c, b, e) JOIN refs AS r ON r.s = j.table_schema AND r.t = j.table_name AND r.col = d.c
			JOIN y ON y.id = d.b AND y.tx >= x.tx AND (y.p, y.c) <> (x.p, x.c)
		WHERE d.b IS DISTINCT FROM d.e
		ORDER BY j.plan_id, j.cluster_id, y.tx DESC`
}

// builtOnSQL compares the journals of older merges ($4 to $6) with those of newer ones ($1 to $3), row by row: the key that an older merge
// left the row with is the one under which the newer found it. Merges of one transaction were written stage by stage, so that each can be newer
// than the other, in different rows.
func builtOnSQL(schema string) string {
	journal := quote(schema, "journal")
	return `WITH y AS MATERIALIZED (
			SELECT n.tx AS tx, coalesce(j.stage, j.seq) AS at, j.* FROM unnest($1::text[], $2::text[], $3::bigint[]) AS n(p, c, tx) JOIN ` + journal + ` AS j ON j.plan_id = n.p AND j.cluster_id = n.c
		), x AS MATERIALIZED (
			SELECT n.tx AS tx, coalesce(j.stage, j.seq) AS at, j.*, CASE WHEN j.after IS NULL THEN NULL ELSE ARRAY(
				SELECT CASE WHEN a.at IS NULL THEN k.v ELSE j.after[a.at] END
				FROM unnest(j.key_columns, j.key_values) WITH ORDINALITY AS k(c, v, n) LEFT JOIN LATERAL (SELECT array_position(j.columns, k.c) AS at) AS a ON true ORDER BY k.n) END AS now
			FROM unnest($4::text[], $5::text[], $6::bigint[]) AS n(p, c, tx) JOIN ` + journal + ` AS j ON j.plan_id = n.p AND j.cluster_id = n.c
		)
		SELECT DISTINCT ON (x.plan_id, x.cluster_id) x.plan_id, x.cluster_id, y.plan_id, y.cluster_id FROM x JOIN y
			ON y.table_schema = x.table_schema AND y.table_name = x.table_name AND y.key_columns = x.key_columns AND y.key_values = x.now AND (y.tx, y.at) > (x.tx, x.at)
			AND (y.plan_id, y.cluster_id) <> (x.plan_id, x.cluster_id)
		WHERE y.after IS NULL OR EXISTS ( -- the key by which the older one knows the row
			SELECT FROM unnest(y.columns, y.before, y.after) AS d(c, b, e) WHERE d.c = ANY (y.key_columns) AND d.b IS DISTINCT FROM d.e
		) OR EXISTS (
			SELECT FROM unnest(x.columns, x.before, x.after) AS a(c, b, e) JOIN unnest(y.columns, y.before, y.after) AS d(c, b, e) ON d.c = a.c
			WHERE a.b IS DISTINCT FROM a.e AND d.b IS DISTINCT FROM d.e)
		ORDER BY x.plan_id, x.cluster_id, y.tx DESC, y.at DESC`
}

// built is the same in a transaction of its own.
func (m *Merger) built(ctx context.Context, newer, older []Merged) (on map[stepID]stepID, err error) {
	err = pgx.BeginFunc(ctx, m.session.Conn(), func(tx pgx.Tx) error {
		if err := m.begin(ctx, tx); err != nil {
			return err
		}
		on, err = builtOnThem(ctx, tx, m.cfg.Schema, newer, older)
		return err
	})
	return on, err
}

// built is the same for a dry run.
func (d *DryRun) built(ctx context.Context, newer, older []Merged) (on map[stepID]stepID, err error) {
	err = d.read(ctx, func(tx pgx.Tx) error {
		on, err = builtOnThem(ctx, tx, d.cfg.Schema, newer, older)
		return err
	})
	return on, err
}

func plansOf(ms []Merged) []string {
	out := make([]string, len(ms))
	for i := range ms {
		out[i] = ms[i].Plan
	}
	return out
}

func clustersOf(ms []Merged) []string {
	out := make([]string, len(ms))
	for i := range ms {
		out[i] = ms[i].Cluster
	}
	return out
}

func transactionsOf(ms []Merged) []int64 {
	out := make([]int64, len(ms))
	for i := range ms {
		out[i] = ms[i].tx
	}
	return out
}
