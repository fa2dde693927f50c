package merge

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// entry is the part of a journal statement that is the same for all rows it writes.
type entry struct {
	action     string
	relation   *relation
	constraint string
	columns    []string
}

// journalParameters is the number of parameters that journalSQL takes.
const journalParameters = 10

// journalSQL inserts into the journal from a query "cm_x" with columns n, k, b and a: the number of the step, from 1, key, before and after.
func (w *work) journalSQL() string {
	return `INSERT INTO ` + w.ours("journal") + ` (plan_id, cluster_id, seq, stage, action, table_schema, table_name, constraint_name, key_columns, columns, key_values, before, after, salt, row_hash)
		SELECT j.plan_id, j.cluster_id, j.seq, j.stage, j.action, j.table_schema, j.table_name, j.constraint_name, j.key_columns, j.columns, j.key_values, j.before, j.after, j.salt, ` + journalHash + `
		FROM (SELECT $1::text AS plan_id, ($2::text[])[n] AS cluster_id, ($3::integer[])[n] + row_number() OVER (PARTITION BY n ORDER BY k COLLATE "C")::integer AS seq,
			$4::integer AS stage, $5::text AS action, $6::text AS table_schema, $7::text AS table_name, $8::text AS constraint_name, $9::text[] AS key_columns, $10::text[] AS columns,
			k AS key_values, b AS before, a AS after, gen_random_uuid() AS salt FROM cm_x) AS j`
}

func (w *work) journalArgs(e *entry) []any {
	w.stage++
	return []any{w.plan, []string{w.step.Cluster}, []int{w.seq}, w.stage, e.action, e.relation.schema, e.relation.name, e.constraint, e.relation.key, e.columns}
}

// lossless refuses rows whose text would not restore them exactly.
func lossless(r *relation, rows, same int64) error {
	if rows != same {
		return refuse("%d rows of %s hold a value that its text does not reproduce, so the journal could not restore it", rows-same, r)
	}
	return nil
}

// archive keeps the complete rows of the losers.
func (w *work) archive(ctx context.Context) error {
	r := w.cat.contacts
	id := "t." + quote(w.cat.id.name)
	var rows, same int64
	err := w.tx.QueryRow(ctx, `WITH cm_x AS MATERIALIZED (
			SELECT `+id+`::text AS id, `+textArray(r.names())+` AS image, `+r.roundTrips(r.names())+` AS same FROM `+r.sql()+` AS t WHERE `+w.cat.oneOf(id, w.cat.idEqual, 1)+`
		), cm_in AS (
			INSERT INTO `+w.ours("archived_contacts")+` (plan_id, cluster_id, contact_id, survivor_id, table_schema, table_name, columns, image, salt, row_hash)
			SELECT a.plan_id, a.cluster_id, a.contact_id, a.survivor_id, a.table_schema, a.table_name, a.columns, a.image, a.salt, `+archiveHash+`
			FROM (SELECT $2::text AS plan_id, $3::text AS cluster_id, id AS contact_id, $4::text AS survivor_id, $5::text AS table_schema, $6::text AS table_name,
				$7::text[] AS columns, image, gen_random_uuid() AS salt FROM cm_x) AS a
		) SELECT count(*), count(*) FILTER (WHERE same) FROM cm_x`,
		w.step.Losers, w.plan, w.step.Cluster, w.step.Survivor, r.schema, r.name, r.names()).Scan(&rows, &same)
	if err != nil {
		return err
	}
	if rows != int64(len(w.step.Losers)) {
		return fmt.Errorf("archived %d of %d losers", rows, len(w.step.Losers))
	}
	return lossless(r, rows, same)
}

// dropDuplicates removes identities that the survivor has already, or that two losers share, and keeps them in the journal.
func (w *work) dropDuplicates(ctx context.Context) error {
	if w.cat.identities == nil || w.cfg.RefuseDuplicates {
		return nil
	}
	for i := range w.cat.uniques {
		u := &w.cat.uniques[i]
		if !u.ref.identities || !w.refersToLoser(u.ref) {
			continue
		}
		if err := w.dropColliding(ctx, u); err != nil {
			return err
		}
	}
	return nil
}

// index is the place of a reference in the catalogue's list.
func (w *work) index(ref *reference) int {
	return slices.IndexFunc(w.cat.refs, func(r reference) bool { return r.child == ref.child && r.column == ref.column })
}

func (w *work) tableOf(ref *reference) *TableCount { return &w.tables[w.index(ref)] }

// refersToLoser says whether the reference had rows to move when they were counted.
func (w *work) refersToLoser(ref *reference) bool { return w.counts[w.index(ref)] > 0 }

func (w *work) dropColliding(ctx context.Context, u *unique) error {
	r := u.ref.child
	var doomed, rows, same int64
	// The survivor's id is parameter 12, which the query calls 2; the members' are 11, which it calls 1.
	colliding := strings.NewReplacer("$1::", "$11::", "$2::", "$12::").Replace(u.colliding(w.cat))
	args := append(w.journalArgs(&entry{action: "remove", relation: r, constraint: u.name, columns: r.names()}), members(w.step), w.survivor())
	err := w.tx.QueryRow(ctx, `WITH cm_d AS MATERIALIZED (`+colliding+`), cm_x AS (
			DELETE FROM `+r.sql()+` AS t USING cm_d WHERE t.ctid = cm_d.cm_ctid AND t.tableoid = cm_d.cm_table
			RETURNING 1 AS n, `+textArray(r.key)+` AS k, `+textArray(r.names())+` AS b, NULL::text[] AS a, `+r.roundTrips(r.names())+` AS same
		), cm_j AS (`+w.journalSQL()+`)
		SELECT (SELECT count(*) FROM cm_d), count(*), count(*) FILTER (WHERE same) FROM cm_x`, args...).Scan(&doomed, &rows, &same)
	if err != nil {
		return err
	}
	if doomed > 0 && w.cat.cascadeGone != "" {
		return refuse("removing an identity the survivor has already would change another table through the foreign key %q", w.cat.cascadeGone)
	}
	if rows != doomed {
		return refuse("%d of %d rows of %s were removed: a trigger kept the others", rows, doomed, r)
	}
	w.seq += int(rows)
	w.tableOf(u.ref).Removed += rows
	w.counts[w.index(u.ref)] -= rows
	return lossless(r, rows, same)
}

// repoint makes the rows of one reference point to the survivor.
func (w *work) repoint(ctx context.Context, i int) error {
	ref := &w.cat.refs[i]
	journalled, err := w.journalReference(ctx, ref)
	if err != nil {
		return err
	}
	fk := "t." + quote(ref.column.name)
	to := `$2::text::` + ref.column.base
	right := w.cat.oneOf(fk, ref.toID, 3)
	if ref.self {
		// The survivor must not become its own parent.
		own := w.cat.oneOf("t."+quote(w.cat.id.name), w.cat.idEqual, 3)
		to = `CASE WHEN ` + own + ` THEN NULL ELSE ` + to + ` END`
		right = `CASE WHEN ` + own + ` THEN ` + fk + ` IS NULL ELSE ` + right + ` END`
	}
	var rows, ok int64
	err = w.tx.QueryRow(ctx, `WITH cm_u AS (UPDATE `+ref.child.sql()+` AS t SET `+quote(ref.column.name)+` = `+to+` WHERE `+w.cat.oneOf(fk, ref.toID, 1)+
		` RETURNING `+right+` AS ok) SELECT count(*), count(*) FILTER (WHERE ok) FROM cm_u`, w.step.Losers, w.step.Survivor, w.survivor()).Scan(&rows, &ok)
	if err != nil {
		return err
	}
	if rows != journalled || ok != journalled {
		return refuse("%d of %d rows of %s could be moved: a trigger kept the others", min(rows, ok), journalled, ref)
	}
	w.tables[i].Repointed += rows
	if ref.self {
		return w.acyclic(ctx, ref)
	}
	return nil
}

// journalReference locks the rows of a reference and writes down their keys and what they refer to.
func (w *work) journalReference(ctx context.Context, ref *reference) (rows int64, err error) {
	fk := "t." + quote(ref.column.name)
	after := "$12::text"
	args := append(w.journalArgs(&entry{action: "repoint", relation: ref.child, constraint: ref.constraint, columns: []string{ref.column.name}}), w.step.Losers, w.step.Survivor)
	if ref.self {
		after = "CASE WHEN " + w.cat.oneOf("t."+quote(w.cat.id.name), w.cat.idEqual, 13) + " THEN NULL ELSE " + after + " END"
		args = append(args, w.survivor())
	}
	checked := append([]string{ref.column.name}, ref.child.key...)
	var same int64
	err = w.tx.QueryRow(ctx, `WITH cm_x AS MATERIALIZED (
			SELECT 1 AS n, `+textArray(ref.child.key)+` AS k, ARRAY[`+fk+`::text] AS b, ARRAY[`+after+`] AS a, `+ref.child.roundTrips(checked)+` AS same
			FROM `+ref.child.sql()+` AS t WHERE `+w.cat.oneOf(fk, ref.toID, 11)+` FOR UPDATE OF t
		), cm_j AS (`+w.journalSQL()+`)
		SELECT count(*), count(*) FILTER (WHERE same) FROM cm_x`, args...).Scan(&rows, &same)
	if err != nil {
		return 0, err
	}
	w.seq += int(rows)
	return rows, lossless(ref.child, rows, same)
}

// acyclic refuses a step that made the survivor its own ancestor.
func (w *work) acyclic(ctx context.Context, ref *reference) error {
	t, fk := w.cat.contacts.sql(), "t."+quote(ref.column.name)
	id := "t." + quote(w.cat.id.name)
	var cycle bool
	err := w.tx.QueryRow(ctx, `WITH RECURSIVE cm_up AS (
			SELECT `+fk+` AS up FROM `+t+` AS t WHERE `+w.cat.oneOf(id, w.cat.idEqual, 1)+`
			UNION SELECT `+fk+` FROM `+t+` AS t JOIN cm_up ON `+id+` `+ref.fromID+` cm_up.up
		) SELECT EXISTS (SELECT FROM cm_up WHERE `+w.cat.oneOf("cm_up.up", ref.toID, 1)+`)`, w.survivor()).Scan(&cycle)
	if err != nil {
		return err
	}
	if cycle {
		return refuse("the survivor would become its own ancestor by column %q", ref.column.name)
	}
	return nil
}

// fill gives the survivor the values of the plan.
func (w *work) fill(ctx context.Context) error {
	if len(w.step.Changes) == 0 {
		return nil
	}
	r := w.cat.contacts
	e := &entry{action: "fill", relation: r, columns: r.names()}
	args := append(w.journalArgs(e), w.survivor())
	sets := make([]string, len(w.step.Changes))
	for i, ch := range w.step.Changes {
		args = append(args, ch.Value)
		sets[i] = fmt.Sprintf("%s = $%d::text::%s", quote(ch.Column), len(args), r.column(ch.Column).base)
	}
	mine := w.cat.oneOf("t."+quote(w.cat.id.name), w.cat.idEqual, 11)
	key := textArray(r.key)
	var rows, same int64
	// The first query sees the row as it was before this statement, the update returns it as it is after its triggers.
	err := w.tx.QueryRow(ctx, `WITH cm_old AS MATERIALIZED (
			SELECT `+key+` AS k, `+textArray(r.names())+` AS b, `+r.roundTrips(r.names())+` AS same FROM `+r.sql()+` AS t WHERE `+mine+`
		), cm_new AS (
			UPDATE `+r.sql()+` AS t SET `+strings.Join(sets, ", ")+` WHERE `+mine+` RETURNING `+textArray(r.names())+` AS a
		), cm_x AS (SELECT 1 AS n, k, b, a, same FROM cm_old CROSS JOIN cm_new), cm_j AS (`+w.journalSQL()+`)
		SELECT count(*), count(*) FILTER (WHERE same) FROM cm_x`, args...).Scan(&rows, &same)
	if err != nil {
		return err
	}
	if rows != 1 {
		return refuse("the survivor could not be filled: a trigger kept its row")
	}
	w.seq++
	if err := lossless(r, rows, same); err != nil {
		return err
	}
	for i := range w.cat.refs {
		if ref := &w.cat.refs[i]; ref.self && w.changes(ref.column.name) {
			if err := w.acyclic(ctx, ref); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *work) changes(column string) bool {
	for _, ch := range w.step.Changes {
		if ch.Column == column {
			return true
		}
	}
	return false
}

// retire does with the losers what the mode says, after nothing refers to them any more.
func (w *work) retire(ctx context.Context) error {
	left, err := w.count(ctx)
	if err != nil {
		return err
	}
	for i, n := range left {
		if n != 0 {
			return refuse("%d rows of %s still refer to a loser", n, &w.cat.refs[i])
		}
	}
	switch {
	case w.cfg.Mode == Delete:
		return w.remove(ctx)
	case w.cfg.ArchiveColumn != "":
		return w.mark(ctx)
	}
	return nil
}

// mark sets the archive column of the losers.
func (w *work) mark(ctx context.Context) error {
	r, col := w.cat.contacts, w.cat.contacts.column(w.cfg.ArchiveColumn)
	value := w.cfg.ArchiveValue
	if value == "" {
		value = w.step.Survivor
	}
	losers := w.cat.oneOf("t."+quote(w.cat.id.name), w.cat.idEqual, 11)
	args := append(w.journalArgs(&entry{action: "mark", relation: r, columns: []string{col.name}}), w.step.Losers, value)
	return w.losers(ctx, `WITH cm_old AS MATERIALIZED (
			SELECT `+textArray(r.key)+` AS k, `+textArray([]string{col.name})+` AS b, `+r.roundTrips(append([]string{col.name}, r.key...))+` AS same FROM `+r.sql()+` AS t WHERE `+losers+`
		), cm_new AS (
			UPDATE `+r.sql()+` AS t SET `+quote(col.name)+` = $12::text::`+col.base+` WHERE `+losers+` RETURNING `+textArray(r.key)+` AS k, `+textArray([]string{col.name})+` AS a
		), cm_x AS (SELECT 1 AS n, k, b, a, same FROM cm_old JOIN cm_new USING (k)), cm_j AS (`+w.journalSQL()+`)
		SELECT count(*), count(*) FILTER (WHERE same) FROM cm_x`, args)
}

// remove deletes the losers.
func (w *work) remove(ctx context.Context) error {
	r := w.cat.contacts
	args := append(w.journalArgs(&entry{action: "delete", relation: r, columns: r.names()}), w.step.Losers)
	return w.losers(ctx, `WITH cm_x AS (
			DELETE FROM `+r.sql()+` AS t WHERE `+w.cat.oneOf("t."+quote(w.cat.id.name), w.cat.idEqual, 11)+`
			RETURNING 1 AS n, `+textArray(r.key)+` AS k, `+textArray(r.names())+` AS b, NULL::text[] AS a, `+r.roundTrips(r.names())+` AS same
		), cm_j AS (`+w.journalSQL()+`)
		SELECT count(*), count(*) FILTER (WHERE same) FROM cm_x`, args)
}

// losers runs a statement that must have written every loser.
func (w *work) losers(ctx context.Context, sql string, args []any) error {
	var rows, same int64
	if err := w.tx.QueryRow(ctx, sql, args...).Scan(&rows, &same); err != nil {
		return err
	}
	if rows != int64(len(w.step.Losers)) {
		return refuse("%d of %d losers could be retired: a trigger kept the others", rows, len(w.step.Losers))
	}
	w.seq += int(rows)
	return lossless(w.cat.contacts, rows, same)
}
