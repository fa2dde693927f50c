package merge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/cluster"
)

// work is one step inside one transaction.
type work struct {
	tx     pgx.Tx
	cfg    *Config
	cat    *catalog
	plan   string
	step   *cluster.Step
	counts []int64 // rows that refer to a loser, in the order of catalog.refs
	tables []TableCount
	seq    int    // journal rows written
	stage  int    // statements that wrote them
	xid    string // of the transaction, once the ledger is written
}

func newWork(tx pgx.Tx, cfg *Config, cat *catalog, plan string, s *cluster.Step) *work {
	w := &work{tx: tx, cfg: cfg, cat: cat, plan: plan, step: s, tables: make([]TableCount, len(cat.refs))}
	for i := range cat.refs {
		w.tables[i] = TableCount{Table: cat.refs[i].child.String(), Column: cat.refs[i].column.name}
	}
	return w
}

// ours is one of our tables.
func (w *work) ours(name string) string { return quote(w.cfg.Schema, name) }

// survivor is the survivor's id in the form of an array parameter.
func (w *work) survivor() []string { return []string{w.step.Survivor} }

// pin fixes, for one transaction, every setting that the form of values or the meaning of names depends on, and the time limits. It works
// behind poolers, which keep nothing else.
func pin(ctx context.Context, tx pgx.Tx, lock, statement time.Duration) error {
	settings := [][2]string{
		{"search_path", "pg_catalog"},
		{"row_security", "off"},
		{"TimeZone", "UTC"},
		{"DateStyle", "ISO"},
		{"IntervalStyle", "postgres"},
		{"bytea_output", "hex"},
		{"extra_float_digits", "1"},
		{"xmloption", "content"},
		{"lock_timeout", milliseconds(lock)},
		{MergingSetting, "on"},
	}
	var calls []string
	for _, s := range settings {
		// The names and values are the ones above: nothing to quote.
		calls = append(calls, fmt.Sprintf("pg_catalog.set_config('%s', '%s', true)", s[0], s[1]))
	}
	// A stricter limit of the role or the database is the administrator's decision, and so is a commit that waits for more than our own disk.
	for _, name := range []string{"statement_timeout", "idle_in_transaction_session_timeout"} {
		calls = append(calls, fmt.Sprintf(`(SELECT pg_catalog.set_config(name, CASE WHEN setting::bigint BETWEEN 1 AND %[2]s THEN setting ELSE '%[2]s' END, true)
			FROM pg_catalog.pg_settings WHERE name = '%[1]s')`, name, milliseconds(statement)))
	}
	calls = append(calls, `(SELECT pg_catalog.set_config(name, CASE WHEN setting IN ('off', 'local') THEN 'on' ELSE setting END, true)
			FROM pg_catalog.pg_settings WHERE name = 'synchronous_commit')`)
	_, err := tx.Exec(ctx, "SELECT "+strings.Join(calls, ", "))
	return err
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(max(d.Milliseconds(), 1), 10) }

// rows reads the members, in id order, and locks them when lock says so. It returns what is missing and each member's mapped columns.
func (w *work) rows(ctx context.Context, lock string) (found map[string][]*string, err error) {
	id := "t." + quote(w.cat.id.name)
	rows, err := w.tx.Query(ctx, `SELECT `+id+`::text, `+textArray(w.cfg.Columns)+` FROM `+w.cat.contacts.sql()+` AS t
		WHERE `+w.cat.oneOf(id, w.cat.idEqual, 1)+` ORDER BY `+id+lock, members(w.step))
	if err != nil {
		return nil, err
	}
	found = make(map[string][]*string)
	var (
		key    string
		values []*string
	)
	_, err = pgx.ForEachRow(rows, []any{&key, &values}, func() error {
		found[key] = values
		values = nil
		return nil
	})
	return found, err
}

// applied reports whether the ledger has the step.
func (w *work) applied(ctx context.Context, content string) (bool, error) {
	var (
		hash   string
		undone bool
	)
	err := w.tx.QueryRow(ctx, `SELECT content_hash, EXISTS (SELECT FROM `+w.ours("ledger")+` AS u WHERE u.plan_id = l.plan_id AND u.cluster_id = l.cluster_id AND u.action = 'undo')
		FROM `+w.ours("ledger")+` AS l WHERE plan_id = $1 AND cluster_id = $2 AND action = 'merge'`, w.plan, w.step.Cluster).Scan(&hash, &undone)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return false, nil
	case err != nil:
		return false, err
	case hash != content:
		return false, &verdict{Failed, "the ledger has this step of the plan with other content: the plan was altered"}
	case undone:
		return false, refuse("it was applied and undone: make a new plan")
	}
	return true, nil
}

// check compares the members with what they were when the plan was made.
func (w *work) check(ctx context.Context, found map[string][]*string) error {
	for _, id := range members(w.step) {
		if found[id] == nil {
			return &verdict{Gone, "contact " + id + " does not exist any more"}
		}
	}
	var loser, into string
	err := w.tx.QueryRow(ctx, `SELECT loser_id, survivor_id FROM `+w.ours("redirects")+` WHERE active AND loser_id = ANY ($1) ORDER BY loser_id LIMIT 1`,
		members(w.step)).Scan(&loser, &into)
	if err == nil {
		return &verdict{Gone, "contact " + loser + " was merged into " + into}
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	if err := w.chosen(ctx); err != nil {
		return err
	}
	identities, err := w.identityValues(ctx)
	if err != nil {
		return err
	}
	for _, g := range w.step.Guards {
		if cluster.GuardHash(found[g.ID], identities[g.ID]) != g.Hash {
			return &verdict{Stale, "contact " + g.ID + " changed since the plan was made"}
		}
	}
	return nil
}

// chosen finds members that a run would leave out by now, such as contacts the application has marked as deleted in a column that no guard
// covers.
func (w *work) chosen(ctx context.Context) error {
	if w.cfg.Where == "" {
		return nil
	}
	id := "t." + quote(w.cat.id.name)
	var out string
	err := w.tx.QueryRow(ctx, `SELECT `+id+`::text FROM `+w.cat.contacts.sql()+` AS t WHERE `+w.cat.oneOf(id, w.cat.idEqual, 1)+`
		AND (`+w.cfg.Where+`
		) IS NOT TRUE ORDER BY `+id+` LIMIT 1`, members(w.step)).Scan(&out) // the line end closes a comment
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("asking for the contacts' condition: %w", err)
	}
	return &verdict{Stale, "contact " + out + " does not meet the condition of the contacts any more"}
}

// identityValues are the values of the members' rows in the identities table, as far as a run takes them for identities: a row without a
// value or a channel is none.
func (w *work) identityValues(ctx context.Context) (map[string][]string, error) {
	if w.cat.identities == nil {
		return nil, nil
	}
	ref := w.cat.identityRef
	fk, channel, where := "t."+quote(ref.column.name), "'-'", ""
	if w.cfg.IdentityChannel != "" {
		channel = "t." + quote(w.cfg.IdentityChannel) + "::text"
	}
	if w.cfg.IdentityWhere != "" {
		where = " AND (" + w.cfg.IdentityWhere + "\n)" // the line end closes a comment
	}
	rows, err := w.tx.Query(ctx, `SELECT `+fk+`::text, coalesce(t.`+w.cat.value+`::text, ''), coalesce(`+channel+`, '') FROM `+w.cat.identities.sql()+` AS t
		WHERE `+w.cat.oneOf(fk, ref.toID, 1)+where, members(w.step))
	if err != nil {
		return nil, err
	}
	out := make(map[string][]string)
	var id, value, kind string
	_, err = pgx.ForEachRow(rows, []any{&id, &value, &kind}, func() error {
		if strings.TrimSpace(value) != "" && strings.TrimSpace(kind) != "" {
			out[id] = append(out[id], value)
		}
		return nil
	})
	return out, err
}

// count counts the rows that refer to a loser, per reference. Once the losers are locked, the count of a declared reference can only fall.
func (w *work) count(ctx context.Context) ([]int64, error) {
	if len(w.cat.refs) == 0 {
		return nil, nil
	}
	selects := make([]string, len(w.cat.refs))
	for i := range w.cat.refs {
		r := &w.cat.refs[i]
		selects[i] = `(SELECT count(*) FROM ` + r.child.sql() + ` AS t WHERE ` + w.cat.oneOf("t."+quote(r.column.name), r.toID, 1) + `)`
	}
	var counts []int64
	err := w.tx.QueryRow(ctx, `SELECT ARRAY[`+strings.Join(selects, ", ")+`]`, w.step.Losers).Scan(&counts)
	return counts, err
}

// feasible refuses what this package does not do. It reads only.
func (w *work) feasible(ctx context.Context) error {
	counts, err := w.count(ctx)
	if err != nil {
		return err
	}
	w.counts = counts
	total := int64(0)
	for i, n := range counts {
		total += n
		r := &w.cat.refs[i]
		if n > 0 && r.cascades != "" {
			return refuse("moving rows of %s would change another table through the foreign key %q", r, r.cascades)
		}
		if n > 0 && len(r.others) > 0 {
			if err := w.sameKey(ctx, r); err != nil {
				return err
			}
		}
	}
	if total > int64(w.cfg.MaxChildren) {
		return refuse("%d rows would move, over the limit of %d", total, w.cfg.MaxChildren)
	}
	for i := range w.cat.outsides {
		if err := w.unreferenced(ctx, &w.cat.outsides[i]); err != nil {
			return err
		}
	}
	return w.checkChanges()
}

// sameKey refuses a composite reference unless the members agree in its other columns: then only the id has to change.
func (w *work) sameKey(ctx context.Context, r *reference) error {
	for _, pair := range r.others {
		var differ bool
		// Grouping compares with the type's own operators.
		err := w.tx.QueryRow(ctx, `SELECT count(*) > 1 FROM (SELECT FROM `+w.cat.contacts.sql()+` AS t WHERE `+w.cat.oneOf("t."+quote(w.cat.id.name), w.cat.idEqual, 1)+
			` GROUP BY t.`+quote(pair[1])+`) AS g`, members(w.step)).Scan(&differ)
		if err != nil {
			return err
		}
		if differ {
			return refuse("rows of %s refer to contacts by %s too (constraint %q), in which the members differ", r, pair[1], r.constraint)
		}
	}
	return nil
}

// unreferenced refuses losers that other tables know by another column than the id.
func (w *work) unreferenced(ctx context.Context, o *outside) error {
	on := make([]string, len(o.columns))
	for i := range o.columns {
		on[i] = "t." + quote(o.columns[i]) + " " + o.operators[i] + " p." + quote(o.contacts[i])
	}
	var used bool
	err := w.tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM `+o.child.sql()+` AS t JOIN `+w.cat.contacts.sql()+` AS p ON `+strings.Join(on, " AND ")+
		` WHERE `+w.cat.oneOf("p."+quote(w.cat.id.name), w.cat.idEqual, 1)+`)`, w.step.Losers).Scan(&used)
	if err != nil {
		return err
	}
	if used {
		return refuse("rows of %s refer to a loser by %s instead of its id (constraint %q)", o.child, strings.Join(o.contacts, ", "), o.constraint)
	}
	return nil
}

// checkChanges refuses new values for columns that must not be written.
func (w *work) checkChanges() error {
	for _, ch := range w.step.Changes {
		col := w.cat.contacts.column(ch.Column)
		switch {
		case col == nil:
			return refuse("%s has no column %q any more", w.cat.contacts, ch.Column)
		case col.generated:
			return refuse("column %q of %s is generated", ch.Column, w.cat.contacts)
		case col == w.cat.id, slices.Contains(w.cat.pinned, ch.Column):
			return refuse("other tables refer to contacts by column %q", ch.Column)
		}
	}
	return nil
}

// contentHash fingerprints a step.
func contentHash(s *cluster.Step) (string, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("encoding the step: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}
