package merge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// ledgerFormat is raised when the meaning of journal rows changes. In format 1 the digest was made of the journal rows themselves, without
// salt, and left out the archive; such rows can still be verified and undone.
const ledgerFormat = 2

// journalHash is the hash of a journal row j, archiveHash that of a row a of the archive. The salt keeps somebody who has only the hash,
// because the content was forgotten, from trying names.
const (
	journalHash = `sha256(convert_to(j.salt::text || ROW(j.plan_id, j.cluster_id, j.seq, j.stage, j.action, j.table_schema, j.table_name, j.constraint_name, ` +
		`j.key_columns, j.key_values, j.columns, j.before, j.after)::text, 'UTF8'))`
	archiveHash = `sha256(convert_to(a.salt::text || ROW(a.plan_id, a.cluster_id, a.contact_id, a.survivor_id, a.table_schema, a.table_name, a.columns, a.image)::text, 'UTF8'))`
)

// digestSQL is a hash over the journal and archive rows of a ledger row l of our format, given as an expression.
func digestSQL(schema string) string {
	return `encode(sha256(coalesce((SELECT string_agg(j.row_hash, ''::bytea ORDER BY j.seq) FROM ` + quote(schema, "journal") + ` AS j
			WHERE j.plan_id = l.plan_id AND j.cluster_id = l.cluster_id), ''::bytea)
		|| coalesce((SELECT string_agg(a.row_hash, ''::bytea ORDER BY a.contact_id COLLATE "C") FROM ` + quote(schema, "archived_contacts") + ` AS a
			WHERE a.plan_id = l.plan_id AND a.cluster_id = l.cluster_id), ''::bytea)), 'hex')`
}

// digestOldSQL is the same for ledger rows of format 1.
func digestOldSQL(schema string) string {
	return `(SELECT encode(sha256(convert_to(coalesce(string_agg(encode(sha256(convert_to(ROW(j.seq, j.action, j.table_schema, j.table_name, j.constraint_name,
		j.key_columns, j.key_values, j.columns, j.before, j.after)::text, 'UTF8')), 'hex'), '' ORDER BY j.seq), ''), 'UTF8')), 'hex')
		FROM ` + quote(schema, "journal") + ` AS j WHERE j.plan_id = l.plan_id AND j.cluster_id = l.cluster_id)`
}

// digestOf is the digest that ledger row l should have, whatever its format.
func digestOf(schema string) string {
	return `CASE WHEN l.format = 1 THEN ` + digestOldSQL(schema) + ` ELSE ` + digestSQL(schema) + ` END`
}

// alteredSQL is the condition that a journal or archive row of ledger row l does not have the hash its content should have.
func alteredSQL(schema string) string {
	return `(l.format > 1 AND (EXISTS (SELECT FROM ` + quote(schema, "journal") + ` AS j WHERE j.plan_id = l.plan_id AND j.cluster_id = l.cluster_id AND j.row_hash IS DISTINCT FROM ` + journalHash + `)
		OR EXISTS (SELECT FROM ` + quote(schema, "archived_contacts") + ` AS a WHERE a.plan_id = l.plan_id AND a.cluster_id = l.cluster_id AND a.row_hash IS DISTINCT FROM ` + archiveHash + `)))`
}

// contentSQL is the hash of what ledger row l says, apart from its place in the chain.
const contentSQL = `encode(sha256(convert_to(ROW(l.seq, l.plan_id, l.cluster_id, l.action, l.format, l.content_hash, l.survivor_id, l.loser_ids, l.entries, l.digest, ` +
	`l.epoch, l.xid, extract(epoch FROM l.applied_at)::numeric(20,6))::text, 'UTF8')), 'hex')`

// chainSQL is the hash that ledger row l should have. From format 2 on it is the SHA-256 of two hashes in hex, one after the other: that
// of the row before, and that of the content.
const chainSQL = `CASE WHEN l.format = 1
	THEN encode(sha256(convert_to(ROW(l.prev_hash, l.seq, l.plan_id, l.cluster_id, l.action, l.format, l.content_hash, l.survivor_id, l.loser_ids, l.entries, l.digest, l.epoch)::text, 'UTF8')), 'hex')
	ELSE encode(sha256(convert_to(l.prev_hash || ` + contentSQL + `, 'UTF8')), 'hex') END`

// chain is chainSQL in Go.
func chain(previous, content string) string {
	sum := sha256.Sum256([]byte(previous + content))
	return hex.EncodeToString(sum[:])
}

// deed is one row to add to the ledger.
type deed struct {
	plan, cluster, content, survivor string
	losers                           []string
	entries                          int    // journal rows
	digest                           string // of its journal and archive rows, "" when it is not known
}

// digests fills in the digests that are not known. All journal and archive rows must be written.
func digests(ctx context.Context, tx pgx.Tx, schema string, deeds []deed) error {
	var plans, clusters []string
	var unknown []*deed
	for i := range deeds {
		if d := &deeds[i]; d.digest == "" {
			plans, clusters, unknown = append(plans, d.plan), append(clusters, d.cluster), append(unknown, d)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, `SELECT l.n, `+digestSQL(schema)+` FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS l(plan_id, cluster_id, n)`, plans, clusters)
	if err != nil {
		return err
	}
	var n int
	var digest string
	_, err = pgx.ForEachRow(rows, []any{&n, &digest}, func() error {
		unknown[n-1].digest = digest
		return nil
	})
	return err
}

// deedSQL is ledger rows, without their place in the chain, of parameters 1 to 10. The lists of further parameters become further columns.
func deedSQL(parameters, columns string) string {
	return `SELECT d.*, $1::text AS action, $2::integer AS format, $3::bigint AS epoch, d.losers::text[] AS loser_ids,
		pg_current_xact_id()::text AS xid, transaction_timestamp() AS applied_at
	FROM unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::integer[], $10::text[]` + parameters + `)
			WITH ORDINALITY AS d(plan_id, cluster_id, content_hash, survivor_id, losers, entries, digest` + columns + `, n)`
}

// record adds deeds to the ledger, in their order, in the transaction that did them.
func record(ctx context.Context, tx pgx.Tx, schema, action string, epoch int64, deeds []deed) (xid string, err error) {
	if err := digests(ctx, tx, schema, deeds); err != nil {
		return "", fmt.Errorf("hashing the journal: %w", err)
	}
	ledger := quote(schema, "ledger")
	args := deedArgs(action, epoch, deeds)
	rows, err := tx.Query(ctx, `WITH last AS MATERIALIZED (SELECT seq, hash FROM `+ledger+` ORDER BY seq DESC LIMIT 1),
		l AS (SELECT coalesce((SELECT seq FROM last), 0) + l.n AS seq, l.* FROM (`+deedSQL("", "")+`) AS l)
		SELECT l.seq, l.xid, `+contentSQL+`, coalesce((SELECT hash FROM last), '') FROM l ORDER BY l.n`, args...)
	if err != nil {
		return "", fmt.Errorf("reading the ledger: %w", err)
	}
	var (
		seqs            []int64
		befores, hashes []string
		seq             int64
		content, last   string
	)
	_, err = pgx.ForEachRow(rows, []any{&seq, &xid, &content, &last}, func() error {
		if n := len(hashes); n > 0 {
			last = hashes[n-1]
		}
		seqs, befores, hashes = append(seqs, seq), append(befores, last), append(hashes, chain(last, content))
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("reading the ledger: %w", err)
	}
	// The chain is what only the statement before could tell.
	tag, err := tx.Exec(ctx, `INSERT INTO `+ledger+` (seq, plan_id, cluster_id, action, format, content_hash, survivor_id, loser_ids, entries, digest, epoch, xid, applied_at, prev_hash, hash)
		SELECT l.seq, l.plan_id, l.cluster_id, l.action, l.format, l.content_hash, l.survivor_id, l.loser_ids, l.entries, l.digest, l.epoch, l.xid, l.applied_at, l.prev_hash, l.hash
		FROM (`+deedSQL(", $11::bigint[], $12::text[], $13::text[]", ", seq, prev_hash, hash")+`) AS l ORDER BY l.n`,
		append(args, seqs, befores, hashes)...)
	if err != nil {
		return "", fmt.Errorf("writing the ledger: %w", err)
	}
	if tag.RowsAffected() != int64(len(deeds)) {
		return "", fmt.Errorf("writing the ledger: %d of %d rows", tag.RowsAffected(), len(deeds))
	}
	return xid, nil
}

// deedArgs are parameters 1 to 10 of deedSQL.
func deedArgs(action string, epoch int64, deeds []deed) []any {
	var (
		plans, clusters, contents, survivors, losers, digests []string
		entries                                               []int
	)
	for _, d := range deeds {
		plans, clusters, contents, survivors = append(plans, d.plan), append(clusters, d.cluster), append(contents, d.content), append(survivors, d.survivor)
		losers, entries, digests = append(losers, arrayLiteral(d.losers)), append(entries, d.entries), append(digests, d.digest)
	}
	return []any{action, ledgerFormat, epoch, plans, clusters, contents, survivors, losers, entries, digests}
}

// arrayLiteral is a list as PostgreSQL reads a text[]: parameters cannot be lists of lists of different lengths.
func arrayLiteral(list []string) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, s := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		for at := range len(s) {
			if s[at] == '\\' || s[at] == '"' {
				b.WriteByte('\\')
			}
			b.WriteByte(s[at])
		}
		b.WriteByte('"')
	}
	b.WriteByte('}')
	return b.String()
}
