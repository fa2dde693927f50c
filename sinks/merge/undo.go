package merge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/pgerr"
)

// Undo takes a step of a plan back: every row of the journal gets its values again. A row or field that somebody changed since is left
// alone and counted in the result's reason. Steps that were built on this one, by merging its survivor away, must be undone first.
func (m *Merger) Undo(ctx context.Context, planID, clusterID string) (StepResult, error) {
	r := StepResult{Cluster: clusterID}
	if err := m.prepare(ctx, writing, func(pgx.Tx) error { return nil }); err != nil {
		return r, fmt.Errorf("preparing to undo step %s: %w", short(clusterID), pgerr.Clean(err))
	}
	m.plan = planID
	kept := int64(0)
	err := m.retrying(ctx, &r, func(ctx context.Context, tx pgx.Tx) (*work, error) {
		s := &cluster.Step{Cluster: clusterID}
		w := newWork(tx, &m.cfg, m.cat, planID, s)
		r.Tables = w.tables
		n, err := m.undo(ctx, w)
		kept, r.Survivor, r.Losers = n, s.Survivor, len(s.Losers)
		return w, err
	})
	if err != nil {
		return r, fmt.Errorf("undoing step %s: %w", short(clusterID), err)
	}
	if r.Outcome == Applied && kept > 0 {
		r.Reason = fmt.Sprintf("%d rows or fields changed since and were left alone", kept)
	}
	return r, nil
}

// undo does it in one transaction. kept counts what was changed since.
func (m *Merger) undo(ctx context.Context, w *work) (kept int64, err error) {
	if _, err := w.tx.Exec(ctx, `LOCK TABLE `+w.cat.contacts.sql()+` IN ROW EXCLUSIVE MODE`); err != nil {
		return 0, err
	}
	// Says which contacts to lock.
	if _, err := w.ledgerRow(ctx); err != nil {
		return 0, err
	}
	if _, err := w.rows(ctx, " FOR UPDATE OF t"); err != nil {
		return 0, err
	}
	// Asked again under the locks: another run may have been faster.
	content, err := w.ledgerRow(ctx)
	if err != nil {
		return 0, err
	}
	now, err := w.cat.fingerprintNow(ctx, w.tx)
	if err != nil {
		return 0, err
	}
	if now != w.cat.fingerprint {
		return 0, ErrSchemaChanged
	}
	if err := w.newest(ctx); err != nil {
		return 0, err
	}
	groups, err := w.journalled(ctx)
	if err != nil {
		return 0, err
	}
	for _, g := range slices.Backward(groups) {
		n, err := w.restore(ctx, &g)
		if err != nil {
			return 0, err
		}
		kept += n
	}
	if err := w.endRedirects(ctx); err != nil {
		return 0, err
	}
	return kept, w.record(ctx, "undo", content, m.session.Epoch())
}

// ledgerRow reads what was merged, and refuses what cannot be undone.
func (w *work) ledgerRow(ctx context.Context) (content string, err error) {
	var (
		undone bool
		digest string
		format int
	)
	err = w.tx.QueryRow(ctx, `SELECT survivor_id, loser_ids, content_hash, digest, entries, format,
			EXISTS (SELECT FROM `+w.ours("ledger")+` AS u WHERE u.plan_id = l.plan_id AND u.cluster_id = l.cluster_id AND u.action = 'undo')
		FROM `+w.ours("ledger")+` AS l WHERE plan_id = $1 AND cluster_id = $2 AND action = 'merge'`, w.plan, w.step.Cluster).
		Scan(&w.step.Survivor, &w.step.Losers, &content, &digest, &w.seq, &format, &undone)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return "", refuse("it was not applied")
	case err != nil:
		return "", err
	case undone:
		return "", &verdict{AlreadyApplied, "it is undone"}
	case format > ledgerFormat:
		return "", refuse("its journal has format %d, this program reads %d", format, ledgerFormat)
	}
	var (
		have    string
		altered bool
	)
	if err := w.tx.QueryRow(ctx, `SELECT `+digestOf(w.cfg.Schema)+`, `+alteredSQL(w.cfg.Schema)+` FROM `+w.ours("ledger")+` AS l WHERE plan_id = $1 AND cluster_id = $2 AND action = 'merge'`,
		w.plan, w.step.Cluster).Scan(&have, &altered); err != nil {
		return "", err
	}
	if have != digest || altered {
		return "", refuse("its journal was altered or purged")
	}
	return content, nil
}

// newest refuses to take a merge back under one that was built on it.
func (w *work) newest(ctx context.Context) error {
	var loser string
	var plan, step *string
	err := w.tx.QueryRow(ctx, `SELECT r.loser_id, r.ended_plan, r.ended_cluster FROM `+w.ours("redirects")+` AS r
		WHERE r.plan_id = $1 AND r.cluster_id = $2 AND NOT r.active AND NOT EXISTS (
			SELECT FROM `+w.ours("redirects")+` AS n WHERE n.active AND n.loser_id = r.loser_id AND n.survivor_id = r.survivor_id)
		ORDER BY r.redirect_id DESC LIMIT 1`, w.plan, w.step.Cluster).Scan(&loser, &plan, &step)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	if plan == nil || step == nil {
		return refuse("the redirect of contact %s was ended by hand", loser)
	}
	return refuse("contact %s was merged on by step %s of plan %s: undo that first", loser, *step, *plan)
}

// endRedirects makes the losers stand for themselves again, and the earlier losers of a loser lead to it again.
func (w *work) endRedirects(ctx context.Context) error {
	if _, err := w.tx.Exec(ctx, `UPDATE `+w.ours("redirects")+` SET active = false, ended_at = clock_timestamp(), ended_plan = $1, ended_cluster = $2
		WHERE active AND plan_id = $1 AND cluster_id = $2`, w.plan, w.step.Cluster); err != nil {
		return fmt.Errorf("ending the redirects: %w", err)
	}
	_, err := w.tx.Exec(ctx, `INSERT INTO `+w.ours("redirects")+` (loser_id, survivor_id, plan_id, cluster_id, compressed)
		SELECT loser_id, survivor_id, plan_id, cluster_id, compressed FROM `+w.ours("redirects")+`
		WHERE ended_plan = $1 AND ended_cluster = $2 AND NOT (plan_id = $1 AND cluster_id = $2)`, w.plan, w.step.Cluster)
	if err != nil {
		return fmt.Errorf("restoring the earlier redirects: %w", err)
	}
	return nil
}

// group is the journal rows of one action on one table.
type group struct {
	action, schema, table string
	keys, columns         []string
	rows                  int64
	relation              *relation
}

// journalled lists the groups in the order they were written.
func (w *work) journalled(ctx context.Context) ([]group, error) {
	rows, err := w.tx.Query(ctx, `SELECT action, table_schema, table_name, key_columns, columns, count(*) FROM `+w.ours("journal")+`
		WHERE plan_id = $1 AND cluster_id = $2 GROUP BY 1, 2, 3, 4, 5 ORDER BY min(seq)`, w.plan, w.step.Cluster)
	if err != nil {
		return nil, err
	}
	groups, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (g group, err error) {
		err = row.Scan(&g.action, &g.schema, &g.table, &g.keys, &g.columns, &g.rows)
		return g, err
	})
	if err != nil {
		return nil, err
	}
	for i := range groups {
		g := &groups[i]
		for _, r := range w.cat.involved() {
			if r.schema == g.schema && r.name == g.table {
				g.relation = r
			}
		}
		if g.relation == nil {
			return nil, refuse("table %s.%s does not refer to contacts any more", g.schema, g.table)
		}
		for _, c := range slices.Concat(g.keys, g.columns) {
			if g.relation.column(c) == nil {
				return nil, refuse("%s has no column %q any more", g.relation, c)
			}
		}
	}
	return groups, nil
}

// restore brings the rows of a group back, and counts those that changed since.
func (w *work) restore(ctx context.Context, g *group) (kept int64, err error) {
	switch g.action {
	case "repoint":
		return w.pointBack(ctx, g)
	case "remove", "delete":
		return 0, w.insertBack(ctx, g)
	default:
		return w.fillBack(ctx, g)
	}
}

// from is the journal rows of a group, as j. Parameters 1 to 6 are taken.
func (w *work) from() string {
	return w.ours("journal") + ` AS j WHERE j.plan_id = $1 AND j.cluster_id = $2 AND j.action = $3 AND j.table_schema = $4 AND j.table_name = $5 AND j.columns = $6::text[]`
}

func (w *work) fromArgs(g *group) []any {
	return []any{w.plan, w.step.Cluster, g.action, g.schema, g.table, g.columns}
}

// pointBack makes moved rows refer to their loser again. They are found among the rows of the survivor by their key, or by their whole
// content where there is no key: equal rows can stand for each other, so they are paired by number.
func (w *work) pointBack(ctx context.Context, g *group) (kept int64, err error) {
	at := slices.IndexFunc(w.cat.refs, func(r reference) bool { return r.child == g.relation && r.column.name == g.columns[0] })
	if at < 0 {
		return 0, refuse("%s.%s does not refer to contacts any more", g.relation, g.columns[0])
	}
	ref := &w.cat.refs[at]
	fk := "t." + quote(ref.column.name)
	moved := w.cat.oneOf(fk, ref.toID, 7)
	if ref.self {
		moved = "(" + moved + " OR (" + fk + " IS NULL AND " + w.cat.oneOf("t."+quote(w.cat.id.name), w.cat.idEqual, 7) + "))"
	}
	// The key as it is now: moving the row changed the part of it that is the reference.
	now := make([]string, len(g.keys))
	for i, k := range g.keys {
		if now[i] = fmt.Sprintf("(j.key_values)[%d]", i+1); k == ref.column.name {
			now[i] = "(j.after)[1]"
		}
	}
	var rows int64
	err = w.tx.QueryRow(ctx, `WITH cm_j AS MATERIALIZED (
			SELECT k, v, a, row_number() OVER (PARTITION BY k, a ORDER BY seq) AS n FROM (
				SELECT ARRAY[`+strings.Join(now, ", ")+`] AS k, (j.before)[1] AS v, (j.after)[1] AS a, j.seq FROM `+w.from()+`) AS x
		), cm_t AS MATERIALIZED (
			SELECT c, o, k, a, row_number() OVER (PARTITION BY k, a ORDER BY o, c) AS n FROM (
				SELECT t.ctid AS c, t.tableoid AS o, `+textArray(g.keys)+` AS k, `+fk+`::text AS a FROM `+ref.child.sql()+` AS t WHERE `+moved+` FOR UPDATE OF t) AS x
		), cm_m AS MATERIALIZED (
			SELECT c, o, v FROM cm_j JOIN cm_t ON cm_j.k = cm_t.k AND cm_j.n = cm_t.n AND cm_j.a IS NOT DISTINCT FROM cm_t.a
		), cm_u AS (
			UPDATE `+ref.child.sql()+` AS t SET `+quote(ref.column.name)+` = cm_m.v::`+ref.column.full+` FROM cm_m WHERE t.ctid = cm_m.c AND t.tableoid = cm_m.o RETURNING 1
		) SELECT count(*) FROM cm_u`, append(w.fromArgs(g), w.survivor())...).Scan(&rows)
	if err != nil {
		return 0, err
	}
	w.tables[at].Repointed += rows
	return g.rows - rows, nil
}

// insertBack inserts rows that were removed, as they were.
func (w *work) insertBack(ctx context.Context, g *group) error {
	var names, values []string
	for i, name := range g.columns {
		if c := g.relation.column(name); !c.generated {
			names = append(names, quote(name))
			values = append(values, fmt.Sprintf("(j.before)[%d]::%s", i+1, c.full))
		}
	}
	tag, err := w.tx.Exec(ctx, `INSERT INTO `+g.relation.sql()+` (`+strings.Join(names, ", ")+`) OVERRIDING SYSTEM VALUE
		SELECT `+strings.Join(values, ", ")+` FROM `+w.from()+` ORDER BY j.seq`, w.fromArgs(g)...)
	if err != nil {
		return err
	}
	if tag.RowsAffected() != g.rows {
		return refuse("%d of %d rows of %s could be put back: a trigger kept the others", tag.RowsAffected(), g.rows, g.relation)
	}
	for i := range w.cat.refs {
		if g.action == "remove" && w.cat.refs[i].identities {
			w.tables[i].Removed += g.rows
		}
	}
	return nil
}

// fillBack gives contacts their old values again, field by field: one that is not what the merge made it is left alone.
func (w *work) fillBack(ctx context.Context, g *group) (kept int64, err error) {
	rows, err := w.tx.Query(ctx, `SELECT j.key_values, j.before, j.after, `+textArray(g.columns)+` FROM `+g.relation.sql()+` AS t, `+w.from()+`
		AND j.key_values = `+textArray(g.keys)+` AND `+w.cat.oneOf("t."+quote(w.cat.id.name), w.cat.idEqual, 7)+` ORDER BY j.seq`, append(w.fromArgs(g), members(w.step))...)
	if err != nil {
		return 0, err
	}
	type change struct{ key, before, after, now []*string }
	changes, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c change, err error) {
		err = row.Scan(&c.key, &c.before, &c.after, &c.now)
		return c, err
	})
	if err != nil {
		return 0, err
	}
	kept = g.rows - int64(len(changes)) // contacts that are gone
	for _, c := range changes {
		var sets []string
		args := []any{c.key}
		for i, name := range g.columns {
			col := g.relation.column(name)
			switch {
			case col.generated || same(c.before[i], c.after[i]):
			case !same(c.now[i], c.after[i]):
				kept++
			default:
				args = append(args, c.before[i])
				sets = append(sets, fmt.Sprintf("%s = $%d::text::%s", quote(name), len(args), col.full))
			}
		}
		if len(sets) == 0 {
			continue
		}
		args = append(args, members(w.step))
		tag, err := w.tx.Exec(ctx, `UPDATE `+g.relation.sql()+` AS t SET `+strings.Join(sets, ", ")+` WHERE `+textArray(g.keys)+` = $1::text[]
			AND `+w.cat.oneOf("t."+quote(w.cat.id.name), w.cat.idEqual, len(args)), args...)
		if err != nil {
			return 0, err
		}
		if tag.RowsAffected() != 1 {
			return 0, refuse("a row of %s could not be given its values again: a trigger kept it", g.relation)
		}
	}
	return kept, nil
}

// same compares two texts, null being one of them.
func same(a, b *string) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }
