package merge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/pgerr"
)

// Selection says which merges to undo. What is set must all hold; ids may be cut short as long as they mean one thing.
type Selection struct {
	Cluster string // id of a group
	Run     string // id of the run that made the plan
	Plan    string
	Since   time.Time // merged at this time or later
	Until   time.Time // merged before this time
	Nested  bool      // also merges that were built on these
}

// Selected are merges to undo, newest first.
type Selected struct {
	Merges []Merged
	Undone int // that the selection also means, but are undone already
}

// Select finds merges in the ledger that stand, newest first, and what was built on them.
func Select(ctx context.Context, conn *pgx.Conn, schema string, sel Selection) (*Selected, error) {
	schema = cmp.Or(schema, defaultSchema)
	s := &Selected{}
	err := pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if err := pin(ctx, tx, maxLockTimeout, verifyTimeout); err != nil {
			return err
		}
		f, err := sel.filter(ctx, tx, schema)
		if err != nil {
			return err
		}
		if s.Undone, err = f.undone(ctx, tx); err != nil {
			return err
		}
		if s.Merges, err = f.standing(ctx, tx, f.where, f.args...); err != nil || len(s.Merges) == 0 {
			return err
		}
		return s.complete(ctx, tx, f, sel.Nested)
	})
	if err != nil {
		return nil, fmt.Errorf("selecting merges to undo: %w", pgerr.Clean(err))
	}
	return s, nil
}

// filter is a selection in SQL, over ledger rows l.
type filter struct {
	schema string
	where  string
	args   []any
}

// ErrAmbiguous says that an id was cut too short.
var ErrAmbiguous = errors.New("more than one begins so: give more characters")

// filter resolves ids that were cut short.
func (sel *Selection) filter(ctx context.Context, tx pgx.Tx, schema string) (*filter, error) {
	f := &filter{schema: schema}
	conds := []string{"l.action = 'merge'"}
	add := func(cond string, arg any) {
		f.args = append(f.args, arg)
		conds = append(conds, fmt.Sprintf(cond, len(f.args)))
	}
	if sel.Plan != "" {
		plan, err := one(ctx, tx, `SELECT DISTINCT plan_id FROM `+quote(schema, "ledger")+` WHERE action = 'merge' AND starts_with(plan_id, $1) LIMIT 2`, sel.Plan)
		if err != nil {
			return nil, fmt.Errorf("plan %s: %w", sel.Plan, err)
		}
		add("l.plan_id = $%d", plan)
	}
	if sel.Run != "" {
		run, err := one(ctx, tx, `SELECT run_id FROM `+quote(schema, "runs")+` WHERE starts_with(run_id, $1) LIMIT 2`, sel.Run)
		if err != nil {
			return nil, fmt.Errorf("run %s: %w", sel.Run, err)
		}
		// A plan belongs to the last run that made it; an earlier one that made the same has it in its record.
		add(`l.plan_id IN (SELECT p.plan_id FROM `+quote(schema, "plans")+` AS p WHERE p.run_id = $%[1]d
			UNION SELECT r.record->>'plan' FROM `+quote(schema, "runs")+` AS r WHERE r.run_id = $%[1]d)`, run)
	}
	if sel.Cluster != "" {
		cluster, err := one(ctx, tx, `SELECT DISTINCT cluster_id FROM `+quote(schema, "ledger")+` WHERE action = 'merge' AND starts_with(cluster_id, $1) LIMIT 2`, sel.Cluster)
		if err != nil {
			return nil, fmt.Errorf("cluster %s: %w", sel.Cluster, err)
		}
		add("l.cluster_id = $%d", cluster)
	}
	if !sel.Since.IsZero() {
		add("l.applied_at >= $%d", sel.Since)
	}
	if !sel.Until.IsZero() {
		add("l.applied_at < $%d", sel.Until)
	}
	f.where = strings.Join(conds, " AND ")
	return f, nil
}

// one completes an id that was cut short; one that nothing begins with stays as it is, and finds nothing.
func one(ctx context.Context, tx pgx.Tx, query, prefix string) (string, error) {
	rows, err := tx.Query(ctx, query, prefix)
	if err != nil {
		return "", err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	switch {
	case err != nil:
		return "", err
	case len(ids) == 0:
		return prefix, nil
	case len(ids) > 1 && !slices.Contains(ids, prefix):
		return "", ErrAmbiguous
	case len(ids) > 1:
		return prefix, nil
	}
	return ids[0], nil
}

// merges are the ledger's merges and undos, as l, with the first of their transaction and whether they are undone. Windows, not joins of the ledger
// with itself: their cost does not hang on statistics, which a table that has just grown does not have.
func (f *filter) merges() string {
	// Two servers may have counted to one transaction id, if their databases were brought together; hence the time, which is the transaction's.
	return `(SELECT *, min(seq) OVER (PARTITION BY action, xid COLLATE "C", applied_at) AS tx, bool_or(action = 'undo') OVER (PARTITION BY plan_id COLLATE "C", cluster_id COLLATE "C") AS undone
		FROM ` + quote(f.schema, "ledger") + ` WHERE action IN ('merge', 'undo')) AS l`
}

func (f *filter) undone(ctx context.Context, tx pgx.Tx) (n int, err error) {
	err = tx.QueryRow(ctx, `SELECT count(*) FROM `+f.merges()+` WHERE `+f.where+` AND l.undone`, f.args...).Scan(&n)
	return n, err
}

// standing lists merges that were not undone, newest first.
func (f *filter) standing(ctx context.Context, tx pgx.Tx, where string, args ...any) ([]Merged, error) {
	rows, err := tx.Query(ctx, `SELECT l.seq, l.plan_id, l.cluster_id, l.survivor_id, l.loser_ids, coalesce(p.run_id, ''), l.applied_at, l.entries, l.tx
		FROM `+f.merges()+` LEFT JOIN `+quote(f.schema, "plans")+` AS p ON p.plan_id = l.plan_id
		WHERE `+where+` AND NOT l.undone ORDER BY l.seq DESC`, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (m Merged, err error) {
		err = row.Scan(&m.Seq, &m.Plan, &m.Cluster, &m.Survivor, &m.Losers, &m.Run, &m.At, &m.Entries, &m.tx)
		return m, err
	})
}

// complete finds the merges that were built on selected ones, and adds them when nested is set.
func (s *Selected) complete(ctx context.Context, tx pgx.Tx, f *filter, nested bool) error {
	oldest := s.Merges[len(s.Merges)-1].tx
	all, err := f.standing(ctx, tx, "l.action = 'merge' AND l.seq >= $1", oldest)
	if err != nil {
		return err
	}
	selected := make(map[stepID]bool, len(s.Merges))
	for i := range s.Merges {
		selected[s.Merges[i].id()] = true
	}
	var others []Merged
	for _, m := range all {
		if !selected[m.id()] {
			others = append(others, m)
		}
	}
	for {
		on, err := builtOnThem(ctx, tx, f.schema, others, s.Merges)
		if err != nil || len(on) == 0 {
			return err
		}
		if !nested {
			for i := range s.Merges {
				if newer, held := on[s.Merges[i].id()]; held {
					s.Merges[i].blocked = &newer
				}
			}
			return nil
		}
		others = s.adopt(on, others)
	}
}

// adopt selects what was built on the selection, and returns the merges that are still outside of it.
func (s *Selected) adopt(on map[stepID]stepID, others []Merged) (left []Merged) {
	wanted := make(map[stepID]bool)
	for _, newer := range on {
		wanted[newer] = true
	}
	for _, m := range others {
		if wanted[m.id()] {
			m.Added = true
			s.Merges = append(s.Merges, m)
		} else {
			left = append(left, m)
		}
	}
	slices.SortFunc(s.Merges, func(x, y Merged) int { return int(y.Seq - x.Seq) })
	return left
}

// free lists the merges that nothing keeps from being undone, and tells of the others.
func (s *Selected) free(tell func(*UndoResult)) []Merged {
	held := make(map[stepID]bool)
	survivors := make(map[string]stepID) // of merges that stay, by their losers: what was merged on
	var out []Merged
	for _, m := range s.Merges {
		newer := m.blocked
		if on, nested := survivors[m.Survivor]; newer == nil && nested {
			newer = &on
		}
		if newer == nil {
			out = append(out, m)
			continue
		}
		held[m.id()] = true
		for _, id := range m.Losers {
			survivors[id] = m.id()
		}
		tell(&UndoResult{Merged: m, Outcome: Refused, Reason: builtOn(*newer)})
	}
	return out
}

func builtOn(newer stepID) string {
	return newer.String() + " was built on it: undo that first, or both with --nested"
}
