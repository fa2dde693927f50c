package merge

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/pgerr"
)

// Space is about how much a plan will write, and where.
type Space struct {
	Losers        int
	Rows          int64  // that move
	Journal       int64  // bytes of journal and archive, for as long as they are kept
	WAL           int64  // bytes of write-ahead log, which the server recycles after checkpoints
	MaxWAL        int64  // max_wal_size, past which the server makes checkpoints more often
	DataDirectory string // of the server, "" when this role may not know it
}

// What rows cost besides their content, measured on PostgreSQL 15 with the demo and with two children a contact: a journal row has its
// plan, cluster and table names, a hash and a salt; every change writes about as much log as the row is long, and more for each index.
const (
	journalRow  = 420
	logOverhead = 90
	logPerIndex = 70
	pageBytes   = 8192
)

// Estimate says about how much a plan will write. It goes by the planner's statistics: a table that was never analysed counts as empty.
func Estimate(ctx context.Context, conn *pgx.Conn, cfg Config, p *cluster.Plan) (Space, error) {
	cfg = cfg.WithDefaults()
	var s Space
	for i := range p.Steps {
		s.Losers += len(p.Steps[i].Losers)
	}
	err := pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if err := pin(ctx, tx, maxLockTimeout, cfg.StepTimeout); err != nil {
			return err
		}
		cat, err := readCatalog(ctx, tx, &cfg)
		if err != nil {
			return err
		}
		err = tx.QueryRow(ctx, `SELECT pg_size_bytes(current_setting('max_wal_size')), coalesce((SELECT setting FROM pg_settings WHERE name = 'data_directory'), '')`).Scan(&s.MaxWAL, &s.DataDirectory)
		if err != nil {
			return err
		}
		return s.count(ctx, tx, cat)
	})
	if err != nil {
		return s, fmt.Errorf("estimating what will be written: %w", pgerr.Clean(err))
	}
	return s, nil
}

// weight is what a table costs to change.
type weight struct {
	rows, pages, width, indexes int64
}

func (s *Space) count(ctx context.Context, tx pgx.Tx, cat *catalog) error {
	weigh := func(r *relation) (w weight, err error) {
		err = tx.QueryRow(ctx, `SELECT coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint, coalesce(sum(c.relpages), 0)::bigint, coalesce(max((
				SELECT sum(a.avg_width) FROM pg_stats AS a WHERE a.schemaname = n.nspname AND a.tablename = c.relname)), 60)::bigint,
				coalesce(max((SELECT count(*) FROM pg_index AS i WHERE i.indrelid = c.oid)), 0)::bigint
			FROM (SELECT $1::oid AS oid UNION SELECT relid FROM pg_partition_tree($1::oid)) AS t JOIN pg_class AS c ON c.oid = t.oid JOIN pg_namespace AS n ON n.oid = c.relnamespace
			WHERE c.relkind = 'r'`, r.oid).Scan(&w.rows, &w.pages, &w.width, &w.indexes)
		return w, err
	}
	contacts, err := weigh(cat.contacts)
	if err != nil {
		return err
	}
	losers := int64(s.Losers)
	s.Journal += losers * (2*contacts.width + journalRow) // archived whole, and the survivor's fields before and after
	s.change(contacts, losers)
	for i := range cat.refs {
		child, err := weigh(cat.refs[i].child)
		if err != nil {
			return err
		}
		moved := losers * child.rows / max(contacts.rows, 1)
		s.Rows += moved
		s.Journal += moved * journalRow
		s.change(child, moved)
	}
	s.WAL += s.Journal + s.Journal/2 // it is written to the log, too, with its indexes
	return nil
}

// change adds the log of some rows that are changed: a new version each with its index entries, and a whole page the first time one is
// touched after a checkpoint.
func (s *Space) change(w weight, rows int64) {
	s.WAL += rows*(w.width+logOverhead+w.indexes*logPerIndex) + min(rows, w.pages)*pageBytes*(1+w.indexes)
}

// String is for people.
func (s *Space) String() string {
	return fmt.Sprintf("about %s of journal, to keep, and %s of write-ahead log, passing (max_wal_size %s)", megabytes(s.Journal), megabytes(s.WAL), megabytes(s.MaxWAL))
}

func megabytes(n int64) string {
	if n>>20 == 0 {
		return "less than 1 MB"
	}
	return fmt.Sprintf("%d MB", n>>20)
}

// Needs is what a volume should have free for both, with room for the estimate to be wrong by half.
func (s *Space) Needs() int64 { return (s.Journal + s.WAL) * 3 / 2 }
