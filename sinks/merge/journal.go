package merge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
)

// entry is the part of a journal statement that is the same for all rows it writes.
type entry struct {
	action     string
	relation   *relation
	constraint string
	columns    []string
}

// journalParameters is the number of parameters of a statement that writes the journal, the map's included.
const journalParameters = mapParameters + 10

// journalSQL inserts into the journal from a query "cm_x" with columns n, k, b and a: the number of the step, key, before and after.
func (b *batch) journalSQL() string {
	return `INSERT INTO ` + b.ours("journal") + ` (plan_id, cluster_id, seq, stage, action, table_schema, table_name, constraint_name, key_columns, columns, key_values, before, after, salt, row_hash)
		SELECT j.plan_id, j.cluster_id, j.seq, j.stage, j.action, j.table_schema, j.table_name, j.constraint_name, j.key_columns, j.columns, j.key_values, j.before, j.after, j.salt, ` + journalHash + `
		FROM (SELECT $5::text AS plan_id, ($6::text[])[n] AS cluster_id, ($7::integer[])[n] + row_number() OVER (PARTITION BY n ORDER BY k COLLATE "C")::integer AS seq,
			$8::integer AS stage, $9::text AS action, $10::text AS table_schema, $11::text AS table_name, $12::text AS constraint_name, $13::text[] AS key_columns, $14::text[] AS columns,
			k AS key_values, b AS before, a AS after, gen_random_uuid() AS salt FROM cm_x) AS j
		RETURNING cluster_id, seq, row_hash`
}

// journalArgs are the parameters of a statement that writes the journal, and further ones.
func (b *batch) journalArgs(e *entry, more ...any) []any {
	b.stage++
	seqs := make([]int, len(b.items))
	for i, it := range b.items {
		seqs[i] = it.seq
	}
	args := b.mapArgs(b.plan, b.clusters(), seqs, b.stage, e.action, e.relation.schema, e.relation.name, e.constraint, e.relation.key, e.columns)
	return append(args, more...)
}

// journal runs a statement, the rest of which defines cm_x with a further column "same", which says that the text of the row brings it
// back. It returns the number of journal rows by step.
func (b *batch) journal(ctx context.Context, e *entry, rest string, more ...any) (map[*item]int64, error) {
	keep := func(it *item, hashes []byte) { it.hashes = append(it.hashes, hashes...) }
	counts, err := b.tallyHashes(ctx, keep, b.cat.mapSQL()+rest+`, cm_j AS (`+b.journalSQL()+`)
		SELECT n, '', ARRAY[count(*), count(*) FILTER (WHERE same)], NULL FROM cm_x GROUP BY n
		UNION ALL SELECT 0, cluster_id, NULL, string_agg(row_hash, ''::bytea ORDER BY seq) FROM cm_j GROUP BY cluster_id`, b.journalArgs(e, more...)...)
	if err != nil {
		return nil, err
	}
	rows := make(map[*item]int64)
	var wrong conflict
	for _, it := range b.items {
		n, same := nth(counts[it], 0), nth(counts[it], 1)
		rows[it] = n
		it.seq += int(n)
		if v := lossless(e.relation, n, same); v != nil {
			wrong.refuse(it, v)
		}
	}
	return rows, wrong.err()
}

// lossless refuses rows whose text would not restore them exactly.
func lossless(r *relation, rows, same int64) *verdict {
	if rows == same {
		return nil
	}
	return &verdict{Refused, fmt.Sprintf("%d rows of %s hold a value that its text does not reproduce, so the journal could not restore it", rows-same, r)}
}

// archive keeps the complete rows of the losers.
func (b *batch) archive(ctx context.Context) error {
	r := b.cat.contacts
	id := "t." + quote(b.cat.id.name)
	keep := func(it *item, hashes []byte) { it.archived = hashes }
	counts, err := b.tallyHashes(ctx, keep, b.cat.mapSQL()+`cm_x AS MATERIALIZED (
			SELECT m.n, m.st, `+id+`::text AS id, `+textArray(r.names())+` AS image, `+r.roundTrips(r.names())+` AS same FROM `+r.sql()+` AS t JOIN cm_m AS m ON `+b.cat.isLoser()+`
		), cm_in AS (
			INSERT INTO `+b.ours("archived_contacts")+` (plan_id, cluster_id, contact_id, survivor_id, table_schema, table_name, columns, image, salt, row_hash)
			SELECT a.plan_id, a.cluster_id, a.contact_id, a.survivor_id, a.table_schema, a.table_name, a.columns, a.image, a.salt, `+archiveHash+`
			FROM (SELECT $5::text AS plan_id, ($6::text[])[n] AS cluster_id, id AS contact_id, st AS survivor_id, $7::text AS table_schema, $8::text AS table_name,
				$9::text[] AS columns, image, gen_random_uuid() AS salt FROM cm_x) AS a
			RETURNING cluster_id, contact_id, row_hash
		) SELECT n, '', ARRAY[count(*), count(*) FILTER (WHERE same)], NULL FROM cm_x GROUP BY n
		UNION ALL SELECT 0, cluster_id, NULL, string_agg(row_hash, ''::bytea ORDER BY contact_id COLLATE "C") FROM cm_in GROUP BY cluster_id`,
		b.mapArgs(b.plan, b.clusters(), r.schema, r.name, r.names())...)
	if err != nil {
		return err
	}
	var wrong conflict
	for _, it := range b.items {
		if n := nth(counts[it], 0); n != int64(len(it.step.Losers)) {
			return fmt.Errorf("archived %d of %d losers", n, len(it.step.Losers))
		}
		if v := lossless(r, nth(counts[it], 0), nth(counts[it], 1)); v != nil {
			wrong.refuse(it, v)
		}
	}
	return wrong.err()
}

// isLoser is the condition that contact t is the loser of map row m.
func (c *catalog) isLoser() string {
	id := "t." + quote(c.id.name)
	return c.oneOf(id, c.idEqual, 2) + ` AND ` + id + ` ` + c.idEqual + ` m.l`
}

// record writes into the ledger that the steps were carried out.
func (b *batch) record(ctx context.Context, epoch int64) (err error) {
	deeds := make([]deed, len(b.items))
	for i, it := range b.items {
		sum := sha256.Sum256(slices.Concat(it.hashes, it.archived))
		deeds[i] = deed{plan: b.plan, cluster: it.step.Cluster, content: it.content, survivor: it.step.Survivor, losers: it.step.Losers, entries: it.seq, digest: hex.EncodeToString(sum[:])}
	}
	b.xid, err = record(ctx, b.tx, b.cfg.Schema, "merge", epoch, deeds)
	return err
}
