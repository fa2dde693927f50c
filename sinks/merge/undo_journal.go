package merge

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// undoPlan is the plan id under which undo journals what it writes over: the digest of a merge covers everything under its own.
func undoPlan(plan string) string { return "undo:" + plan }

// journalOverwritten keeps the values that undo wrote over although the merge had not written them, and the places of rows that followed
// their identity. It returns what is to be said of it in the ledger.
func (u *unmerge) journalOverwritten(ctx context.Context, w *walk, done []int) ([]deed, error) {
	journal := quote(u.cfg.Schema, "journal")
	entries := make(map[int]int)
	var batch pgx.Batch
	keep := func(o *op, action string) {
		entries[o.of]++
		g := &u.group[o.of]
		batch.Queue(`INSERT INTO `+journal+` (plan_id, cluster_id, seq, stage, action, table_schema, table_name, constraint_name, key_columns, columns, key_values, before, after, salt, row_hash)
			SELECT j.plan_id, j.cluster_id, j.seq, j.stage, j.action, j.table_schema, j.table_name, j.constraint_name, j.key_columns, j.columns, j.key_values, j.before, j.after, j.salt, `+journalHash+`
			FROM (SELECT $1::text AS plan_id, $2::text AS cluster_id, $3::integer AS seq, $3::integer AS stage, $4::text AS action, $5::text AS table_schema, $6::text AS table_name, ''::text AS constraint_name,
				$7::text[] AS key_columns, $8::text[] AS columns, $9::text[] AS key_values, $10::text[] AS before, $11::text[] AS after, gen_random_uuid() AS salt) AS j`,
			undoPlan(g.Plan), g.Cluster, entries[o.of], action, o.table.relation.schema, o.table.relation.name, o.table.keys, o.columns, o.key, o.before, o.values)
	}
	for _, o := range w.ops() {
		if o.before != nil && !o.insert {
			keep(o, "fill")
		}
	}
	for _, o := range w.followed {
		keep(o, "repoint")
	}
	if batch.Len() == 0 {
		return nil, nil
	}
	if err := u.tx.SendBatch(ctx, &batch).Close(); err != nil {
		return nil, fmt.Errorf("journalling what was written over: %w", err)
	}
	var out []deed
	for _, of := range done {
		if n := entries[of]; n > 0 {
			g := &u.group[of]
			out = append(out, deed{plan: undoPlan(g.Plan), cluster: g.Cluster, content: u.contents[of], survivor: g.Survivor, losers: g.Losers, entries: n})
		}
	}
	return out, nil
}
