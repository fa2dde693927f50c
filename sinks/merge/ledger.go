package merge

import (
	"context"
	"fmt"
)

// ledgerFormat is raised when the meaning of journal rows changes.
const ledgerFormat = 1

// redirect makes the losers, and everybody who was merged into them earlier, lead to the survivor in one hop.
func (w *work) redirect(ctx context.Context) error {
	_, err := w.tx.Exec(ctx, `WITH ended AS (
			UPDATE `+w.ours("redirects")+` SET active = false, ended_at = clock_timestamp(), ended_plan = $2, ended_cluster = $3
			WHERE active AND survivor_id = ANY ($1) RETURNING loser_id
		), earlier AS MATERIALIZED (SELECT loser_id FROM ended)
		INSERT INTO `+w.ours("redirects")+` (loser_id, survivor_id, plan_id, cluster_id, compressed)
		SELECT loser_id, $4, $2, $3, true FROM earlier UNION ALL SELECT unnest($1::text[]), $4, $2, $3, false`,
		w.step.Losers, w.plan, w.step.Cluster, w.step.Survivor)
	if err != nil {
		return fmt.Errorf("writing the redirects: %w", err)
	}
	return nil
}

// digestSQL is a hash over the journal rows of a step ($1, $2).
func digestSQL(journal string) string { return digest(journal, "$1", "$2") }

// digestOf is the same for the step of a ledger row l.
func digestOf(journal string) string { return digest(journal, "l.plan_id", "l.cluster_id") }

func digest(journal, plan, step string) string {
	return `SELECT encode(sha256(convert_to(coalesce(string_agg(encode(sha256(convert_to(ROW(j.seq, j.action, j.table_schema, j.table_name, j.constraint_name,
		j.key_columns, j.key_values, j.columns, j.before, j.after)::text, 'UTF8')), 'hex'), '' ORDER BY j.seq), ''), 'UTF8')), 'hex')
		FROM ` + journal + ` AS j WHERE j.plan_id = ` + plan + ` AND j.cluster_id = ` + step
}

// chainSQL is the hash of a ledger row l that follows the row with hash prev.
const chainSQL = `encode(sha256(convert_to(ROW(l.prev_hash, l.seq, l.plan_id, l.cluster_id, l.action, l.format, l.content_hash, l.survivor_id, l.loser_ids, l.entries, l.digest, l.epoch)::text, 'UTF8')), 'hex')`

// record writes that the step was carried out, in its own transaction. Undo calls it too, with the entries it has undone.
func (w *work) record(ctx context.Context, action, content string, epoch int64) error {
	err := w.tx.QueryRow(ctx, `WITH digest AS (`+digestSQL(w.ours("journal"))+`), last AS (
			SELECT seq, hash FROM `+w.ours("ledger")+` ORDER BY seq DESC LIMIT 1
		), l AS (
			SELECT coalesce((SELECT seq FROM last), 0) + 1 AS seq, $1::text AS plan_id, $2::text AS cluster_id, $3::text AS action, $4::integer AS format,
				$5::text AS content_hash, $6::text AS survivor_id, $7::text[] AS loser_ids, $8::integer AS entries, (TABLE digest) AS digest, $9::bigint AS epoch,
				coalesce((SELECT hash FROM last), '') AS prev_hash
		)
		INSERT INTO `+w.ours("ledger")+` (seq, plan_id, cluster_id, action, format, content_hash, survivor_id, loser_ids, entries, digest, epoch, xid, prev_hash, hash)
		SELECT l.seq, l.plan_id, l.cluster_id, l.action, l.format, l.content_hash, l.survivor_id, l.loser_ids, l.entries, l.digest, l.epoch,
			pg_current_xact_id()::text, l.prev_hash, `+chainSQL+` FROM l RETURNING xid`,
		w.plan, w.step.Cluster, action, ledgerFormat, content, w.step.Survivor, w.step.Losers, w.seq, epoch).Scan(&w.xid)
	if err != nil {
		return fmt.Errorf("writing the ledger: %w", err)
	}
	return nil
}
