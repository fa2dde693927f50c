//go:build seededbugs

package merge

import (
	"context"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Seeded is a bug to have: one of the mistakes that tools of this kind were seen to make. The torture harness must find each of them, or it
// would not find ours either. This file is in no build but the harness's own.
type Seeded struct{ Bug string }

func (s Seeded) bug(name string) bool { return s.Bug == name }

func (s Seeded) isolation() pgx.TxIsoLevel {
	if s.bug("repeatable_read") {
		return pgx.RepeatableRead
	}
	return pgx.ReadCommitted
}

// policies resolves every clash by dropping a row.
func (s Seeded) policies(uniques []unique) {
	for i := range uniques {
		if s.bug("delete_on_collision") && !uniques[i].ref.self {
			uniques[i].policy = KeepSurvivor
		}
	}
}

// tx rewrites statements on their way.
func (s Seeded) tx(tx pgx.Tx) pgx.Tx {
	switch s.Bug {
	case "no_for_update", "no_key_update", "early_commit", "jsonb_journal":
		return &rewriting{Tx: tx, bug: s.Bug}
	}
	return tx
}

type rewriting struct {
	pgx.Tx
	bug       string
	committed bool
}

// imaged is a column in the text of a journal statement; what is read back at once is the proof of the round trip.
var imaged = regexp.MustCompile(`t\.("(?:[^"]|"")+")::text(::)?`)

func (r *rewriting) rewrite(ctx context.Context, sql string) string {
	locking := strings.Contains(sql, "pg_column_size(")
	switch {
	case r.bug == "no_for_update" && locking:
		return strings.NewReplacer(" FOR UPDATE OF t SKIP LOCKED", "", " FOR UPDATE OF t", "").Replace(sql)
	case r.bug == "no_key_update" && locking:
		return strings.Replace(sql, " FOR UPDATE OF t", " FOR NO KEY UPDATE OF t", 1)
	case r.bug == "early_commit" && !r.committed && strings.Contains(sql, "cm_u AS (UPDATE"):
		r.committed = true
		_, _ = r.Tx.Exec(ctx, "COMMIT")
		_, _ = r.Tx.Exec(ctx, "BEGIN")
	case r.bug == "jsonb_journal" && strings.Contains(sql, "row_hash"):
		sql = imaged.ReplaceAllStringFunc(sql, func(text string) string {
			if column, ok := strings.CutSuffix(text, "::text"); ok {
				return "(to_jsonb(" + column + ") #>> '{}')"
			}
			return text
		})
		return strings.ReplaceAll(sql, "FILTER (WHERE same)", "")
	}
	return sql
}

func (r *rewriting) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	return r.Tx.Exec(ctx, r.rewrite(ctx, sql), args...)
}

func (r *rewriting) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return r.Tx.Query(ctx, r.rewrite(ctx, sql), args...)
}

func (r *rewriting) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return r.Tx.QueryRow(ctx, r.rewrite(ctx, sql), args...)
}

// all executes statements of a bug, past the triggers that guard the journal.
func (b *batch) all(ctx context.Context, statements ...string) error {
	for _, sql := range append([]string{"SET LOCAL session_replication_role = replica"}, statements...) {
		if _, err := b.tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// seededStart writes the mark of progress, and commits it, before anything is done.
func (b *batch) seededStart(ctx context.Context, epoch int64) error {
	if !b.cfg.Seeded.bug("mark_first") {
		return nil
	}
	if err := b.record(ctx, epoch); err != nil {
		return err
	}
	return b.all(ctx, "COMMIT", "BEGIN")
}

// seededRecord writes the ledger, and does before or after it what the bug is.
func (b *batch) seededRecord(ctx context.Context, epoch int64) error {
	ledger, journal := b.ours("ledger"), b.ours("journal")
	own := " WHERE plan_id = '" + b.plan + "' AND cluster_id IN ('" + strings.Join(b.clusters(), "', '") + "')"
	var before, after []string
	switch b.cfg.Seeded.Bug {
	case "mark_first": // which is right in the end, when nothing happens in between
		before = []string{"DELETE FROM " + ledger + own}
	case "delete_on_collision":
		before = []string{"DELETE FROM " + journal + own + " AND action = 'remove' AND table_name <> 'identities'"}
	case "journal_apart":
		after = []string{
			"CREATE TEMP TABLE cm_apart AS SELECT * FROM " + journal + own, "DELETE FROM " + journal + own, "COMMIT", "BEGIN",
			"SET LOCAL session_replication_role = replica", "INSERT INTO " + journal + " SELECT * FROM cm_apart", "DROP TABLE cm_apart",
		}
	default:
		return b.record(ctx, epoch)
	}
	if err := b.all(ctx, before...); err != nil {
		return err
	}
	if err := b.record(ctx, epoch); err != nil {
		return err
	}
	return b.all(ctx, after...)
}

// seededLost believes what a plain read of the ledger says after the answer to COMMIT was lost.
func (m *Merger) seededLost(ctx context.Context, b *batch) bool {
	if !m.cfg.Seeded.bug("plain_read") {
		return false
	}
	conn, err := pgx.ConnectConfig(context.WithoutCancel(ctx), m.session.Conn().Config())
	if err != nil {
		return false
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var n int
	err = conn.QueryRow(ctx, "SELECT count(*) FROM "+b.ours("ledger")+" WHERE plan_id = $1 AND cluster_id = ANY ($2)", b.plan, b.clusters()).Scan(&n)
	return err == nil && n == 0
}
