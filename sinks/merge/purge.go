package merge

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/pgerr"
)

// Purged says what was purged, or would be.
type Purged struct {
	Before  time.Time // by the database's clock
	Through int64     // the ledger's row up to which journals are gone
	Merges  int64     // that cannot be undone any more
	Erased  []Erasure
	steps   int64 // with a journal
}

// purgePage is how many ledger rows one transaction purges.
const purgePage = 2000

// PurgeDryRun counts what Purge would remove.
func PurgeDryRun(ctx context.Context, conn *pgx.Conn, cfg Config, keep time.Duration) (*Purged, error) {
	cfg = cfg.WithDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("merge configuration: %w", err)
	}
	out := new(Purged)
	err := pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if err := pin(ctx, tx, maxLockTimeout, eraseTimeout); err != nil {
			return err
		}
		from, err := out.bounds(ctx, tx, &cfg, keep)
		if err != nil {
			return err
		}
		steps := ` AS x JOIN ` + quote(cfg.Schema, "ledger") + ` AS l ON l.plan_id = x.plan_id AND l.cluster_id = x.cluster_id AND l.seq > $1 AND l.seq <= $2 AND `
		for _, e := range []struct{ what, sql string }{
			{"journal rows", quote(cfg.Schema, "journal") + steps + journals("l")},
			{"archived contacts", quote(cfg.Schema, "archived_contacts") + steps + `l.action = 'merge'`},
		} {
			var n int64
			if err := tx.QueryRow(ctx, `SELECT count(*) FROM `+e.sql, from, out.Through).Scan(&n); err != nil {
				return fmt.Errorf("counting %s: %w", e.what, err)
			}
			out.Erased = append(out.Erased, Erasure{e.what, n})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking for old journals: %w", pgerr.Clean(err))
	}
	return out, nil
}

// Purge removes the journals and archived contacts of merges older than keep: they cannot be undone any more. The ledger stays, with a row
// that says how far the journals were purged and what the ledger's hash was there, so that its chain can be verified as before. It is done
// in transactions of some thousand merges; when it is interrupted, the next call goes on.
func (m *Merger) Purge(ctx context.Context, keep time.Duration) (*Purged, error) {
	out := &Purged{Erased: []Erasure{{What: "journal rows"}, {What: "archived contacts"}}}
	var from int64
	err := m.erasing(ctx, func(tx pgx.Tx) (err error) {
		from, err = out.bounds(ctx, tx, &m.cfg, keep)
		return err
	})
	for err == nil && from < out.Through && out.steps > 0 {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
			break
		}
		to := min(from+purgePage, out.Through)
		err = m.purgePage(ctx, out, from, to)
		from = to
	}
	if err != nil {
		return out, fmt.Errorf("purging old journals: %w", pgerr.Clean(err))
	}
	return out, nil
}

// bounds finds what is old: the beginning of the ledger up to the first row that is not. from is what was purged already.
func (p *Purged) bounds(ctx context.Context, tx pgx.Tx, cfg *Config, keep time.Duration) (from int64, err error) {
	ledger := quote(cfg.Schema, "ledger")
	err = tx.QueryRow(ctx, `WITH cut AS (SELECT transaction_timestamp() - make_interval(secs => $1) AS before, `+purgedThroughSQL(cfg.Schema)+` AS purged),
			old AS (SELECT before, purged, coalesce((SELECT min(seq) FROM `+ledger+` WHERE applied_at >= before) - 1, (SELECT max(seq) FROM `+ledger+`), 0) AS through FROM cut)
		SELECT before, purged, greatest(purged, through), (SELECT count(*) FROM `+ledger+` AS l WHERE seq > purged AND seq <= through AND action = 'merge'),
			(SELECT count(*) FROM `+ledger+` AS l WHERE seq > purged AND seq <= through AND `+journals("l")+`) FROM old`, keep.Seconds()).
		Scan(&p.Before, &from, &p.Through, &p.Merges, &p.steps)
	if err != nil {
		return 0, fmt.Errorf("reading the ledger: %w", err)
	}
	return from, nil
}

// purgePage purges a part of the ledger's journals.
func (m *Merger) purgePage(ctx context.Context, out *Purged, from, to int64) error {
	var rows []int64
	err := m.erasing(ctx, func(tx pgx.Tx) error {
		var hash string
		if err := tx.QueryRow(ctx, `SELECT hash FROM `+quote(m.cfg.Schema, "ledger")+` WHERE seq = $1`, to).Scan(&hash); err != nil {
			return fmt.Errorf("reading the ledger: %w", err)
		}
		if err := tx.QueryRow(ctx, `SELECT `+quote(m.cfg.Schema, "purge_journal")+`($1, $2)`, from, to).Scan(&rows); err != nil {
			return fmt.Errorf("removing journals: %w", err)
		}
		// The checkpoint: how far, and what the hash was there.
		_, err := record(ctx, tx, m.cfg.Schema, "purge", m.session.Epoch(), []deed{{plan: "purge", cluster: strconv.FormatInt(to, 10), content: hash, entries: int(rows[0])}})
		return err
	})
	if err != nil {
		return err
	}
	out.Erased[0].Rows += rows[0]
	out.Erased[1].Rows += rows[1]
	return nil
}
