package merge

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Policy says what to do when rows of one table cannot all belong to the survivor, because a unique index allows only one of them.
type Policy string

// The policies. Every row that goes is kept whole in the journal.
const (
	RefuseCollision Policy = "refuse"        // leave the contacts alone
	KeepSurvivor    Policy = "keep_survivor" // the survivor's row stays, or else the first loser's
	KeepLoser       Policy = "keep_loser"    // the first loser's row stays
	Union           Policy = "union"         // the survivor's row stays, and its empty columns get the losers' values
)

// policies is what the configuration may say.
var policies = []Policy{RefuseCollision, KeepSurvivor, KeepLoser, Union}

// unique is a unique index that a change of a reference can violate.
type unique struct {
	name   string
	at     int // place of the reference in the catalogue's list
	ref    *reference
	others []indexed // its other columns
	where  string    // of a partial index, "" for all rows
	nulls  bool      // two nulls are equal
	policy Policy
}

// indexed is a column of an index.
type indexed struct {
	expr string     // over the table's own column names
	ref  *reference // the reference by id that it is, which a merge changes too; nil for none

	companion *companion // that it is, of the index's reference; nil for none
}

// has says whether the index is on a column by itself.
func (u *unique) has(column string) bool {
	return u.ref.refers(column) || slices.ContainsFunc(u.others, func(o indexed) bool { return o.expr == quote(column) || o.expr == column })
}

// colliding is a query over the rows of all members that the index would not allow under one contact. Each group of equal rows has one
// keeper; the query lists the others with their keeper. Parameter 5 is the members' ids. without is the queries whose rows are gone by then.
func (u *unique) colliding(c *catalog, without []string) string {
	r, t := u.ref, u.ref.child
	var raw, exprs, present []string
	for i, o := range u.others {
		raw = append(raw, fmt.Sprintf("%s AS cm_%d", o.expr, i))
		e := fmt.Sprintf("r.cm_%d", i)
		switch { // what it will be
		case o.companion != nil:
			e = c.foreseenValue(o.companion, e)
		case o.ref != nil:
			e = "coalesce((SELECT q.st::" + o.ref.column.base + " FROM cm_m AS q WHERE q.n = m.n AND " + e + " " + o.ref.toID + " q.l), " + e + ")"
		}
		exprs = append(exprs, fmt.Sprintf("%s AS e_%d", e, i))
		if !u.nulls {
			present = append(present, fmt.Sprintf("e_%d IS NOT NULL", i))
		}
	}
	for i, col := range r.columns() {
		raw = append(raw, fmt.Sprintf("t.%s AS cm_key_%d", quote(col.name), i))
	}
	// In the innermost query only the table's own columns have names that the expressions of an index can mean.
	inner := `SELECT ` + strings.Join(append(raw, "t.ctid AS cm_ctid", "t.tableoid AS cm_table", textArray(t.key)+" AS cm_text"), ", ") + ` FROM ` + t.sql() + ` AS t WHERE ` + c.ofMembers(r)
	if u.where != "" {
		inner += ` AND (` + u.where + `)`
	}
	for _, w := range without {
		inner += ` AND NOT EXISTS (SELECT FROM ` + w + ` AS cm_gone WHERE cm_gone.cm_ctid = t.ctid AND cm_gone.cm_table = t.tableoid)`
	}
	outer := `SELECT ` + strings.Join(append(exprs, "m.n", "m.o", "r.cm_ctid", "r.cm_table", "r.cm_text"), ", ") + ` FROM (` + inner + `) AS r JOIN cm_a AS m ON ` + c.belongs(r)
	by := []string{"n"}
	for i := range u.others {
		by = append(by, fmt.Sprintf("e_%d", i))
	}
	first := "o"
	if u.policy == KeepLoser {
		first = "o = 0, o"
	}
	// A window compares with the type's own operators, whatever the search path.
	ranked := `SELECT n, cm_ctid, cm_table, cm_text, row_number() OVER w AS nth, first_value(cm_ctid) OVER w AS keeper, first_value(cm_table) OVER w AS keeper_table FROM (` + outer + `) AS r`
	if len(present) > 0 {
		ranked += ` WHERE ` + strings.Join(present, " AND ")
	}
	ranked += ` WINDOW w AS (PARTITION BY ` + strings.Join(by, ", ") + ` ORDER BY ` + first + `, cm_text COLLATE "C")`
	return `SELECT n, cm_ctid, cm_table, cm_text, nth, keeper, keeper_table FROM (` + ranked + `) AS r WHERE nth > 1`
}

// ofMembers is the condition that row t refers to a member, whose ids are parameter 5.
func (c *catalog) ofMembers(r *reference) string {
	fk := "t." + quote(r.column.name)
	switch {
	case r.kind == byKey:
		on := []string{c.oneOf("p."+quote(c.id.name), c.idEqual, mapParameters+1)}
		for _, k := range r.keys {
			on = append(on, "t."+quote(k.ours.name)+" "+k.toTheirs+" p."+quote(k.theirs.name))
		}
		return "EXISTS (SELECT FROM " + c.contacts.sql() + " AS p WHERE " + strings.Join(on, " AND ") + ")"
	case r.textual:
		return c.typed(r) + fmt.Sprintf("%s::text = ANY ($%d::text[])", fk, mapParameters+1)
	}
	return c.typed(r) + c.oneOf(fk, r.toID, mapParameters+1)
}

// belongs is the condition that row r of colliding refers to member m.
func (c *catalog) belongs(r *reference) string {
	switch {
	case r.kind == byKey:
		on := make([]string, len(r.keys))
		for i, k := range r.keys {
			on[i] = fmt.Sprintf("r.cm_key_%d %s p.%s", i, k.toTheirs, quote(k.theirs.name))
		}
		return "EXISTS (SELECT FROM " + c.contacts.sql() + " AS p WHERE p." + quote(c.id.name) + " " + c.idEqual + " m.id AND " + strings.Join(on, " AND ") + ")"
	case r.textual:
		return "r.cm_key_0::text = m.idt"
	}
	return "r.cm_key_0 " + r.toID + " m.id"
}

// foreseen is what moving the rows of a table does, by step and place of the reference.
type foreseen struct{ moved, removed map[*item][]int64 }

// foresee takes the steps out whose rows would collide, and counts the rows that the policies would remove.
func (b *batch) foresee(ctx context.Context) (foreseen, error) {
	f := foreseen{moved: make(map[*item][]int64), removed: make(map[*item][]int64)}
	for _, it := range b.items {
		f.moved[it], f.removed[it] = slices.Clone(it.counts), make([]int64, len(b.cat.refs))
	}
	for _, t := range b.cat.involved() {
		if err := b.foreseeTable(ctx, t, &f); err != nil {
			return f, err
		}
	}
	return f, nil
}

// inPlay are the unique indexes of a table that the steps can violate: first those that remove rows.
func (b *batch) inPlay(t *relation) (removing, refusing []*unique) {
	for i := range b.cat.uniques {
		u := &b.cat.uniques[i]
		switch {
		case u.ref.child != t || !b.moves(u.at):
		case u.policy == RefuseCollision:
			refusing = append(refusing, u)
		default:
			removing = append(removing, u)
		}
	}
	return removing, refusing
}

func (b *batch) foreseeTable(ctx context.Context, t *relation, f *foreseen) error {
	removing, refusing := b.inPlay(t)
	all := slices.Concat(removing, refusing)
	if len(all) == 0 {
		return nil
	}
	var gone, ctes, selects []string
	for i, u := range all {
		name := fmt.Sprintf("cm_d%d", i)
		ctes = append(ctes, name+` AS MATERIALIZED (`+u.colliding(b.cat, gone)+`)`)
		selects = append(selects, fmt.Sprintf("SELECT n, %d AS i, count(*) AS rows FROM %s GROUP BY n", i, name))
		if i < len(removing) {
			gone = append(gone, name)
		}
	}
	if len(removing) > 0 { // what is left to move then
		for i := range b.cat.refs {
			if r := &b.cat.refs[i]; r.child == t && r.kind != byList && b.moves(i) {
				left := ""
				for _, w := range gone {
					left += ` AND NOT EXISTS (SELECT FROM ` + w + ` AS g WHERE g.cm_ctid = t.ctid AND g.cm_table = t.tableoid)`
				}
				selects = append(selects, fmt.Sprintf("SELECT m.n, %d, count(*) FROM ", len(all)+i)+t.sql()+` AS t JOIN `+b.cat.from(r)+` ON `+b.cat.refersTo(r)+left+` GROUP BY m.n`)
			}
		}
	}
	rows, err := b.tx.Query(ctx, b.cat.mapSQL()+strings.Join(ctes, ", ")+` SELECT n, i, rows FROM (`+strings.Join(selects, " UNION ALL ")+`) AS x ORDER BY i, n`, b.mapArgs(b.members())...)
	if err != nil {
		return err
	}
	if len(removing) > 0 {
		for _, it := range b.items {
			for i := range b.cat.refs {
				if r := &b.cat.refs[i]; r.child == t && r.kind != byList {
					f.moved[it][i] = 0
				}
			}
		}
	}
	var (
		n, i  int
		count int64
		wrong conflict
	)
	_, err = pgx.ForEachRow(rows, []any{&n, &i, &count}, func() error {
		it := b.items[n-1]
		switch {
		case i >= len(all):
			f.moved[it][i-len(all)] = count
		case i >= len(removing):
			wrong.refuse(it, &verdict{Refused, fmt.Sprintf("it would violate the unique constraint %q of %s", all[i].name, t)})
		case t.hangs != "":
			wrong.refuse(it, hanging(t))
		default:
			f.removed[it][all[i].at] += count
		}
		return nil
	})
	if err != nil {
		return err
	}
	b.dropAll(&wrong)
	return nil
}

func hanging(t *relation) *verdict {
	return &verdict{Refused, fmt.Sprintf("removing a row of %s that the survivor has already would change another table through the foreign key %q", t, t.hangs)}
}

// dropColliding removes the rows that a policy gives up, table by table, and keeps them in the journal.
func (b *batch) dropColliding(ctx context.Context) error {
	for _, t := range b.cat.involved() {
		removing, _ := b.inPlay(t)
		for _, u := range removing {
			if err := b.removeRows(ctx, u); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeRows removes the rows that an index would not allow.
func (b *batch) removeRows(ctx context.Context, u *unique) error {
	t, c := u.ref.child, b.cat
	b.cfg.Fault("remove")
	// Locked first, so that the next statements see the rows as they stay.
	if _, err := b.tx.Exec(ctx, c.mapSQL()+`cm_l AS (SELECT FROM `+t.sql()+` AS t WHERE `+c.ofMembers(u.ref)+` FOR UPDATE OF t) SELECT count(*) FROM cm_l`, b.mapArgs(b.members())...); err != nil {
		return err
	}
	var fills []filling
	if u.policy == Union {
		var err error
		if fills, err = b.fillings(ctx, u); err != nil {
			return err
		}
	}
	doomed, err := b.tally(ctx, c.mapSQL()+`cm_d AS MATERIALIZED (`+u.colliding(c, nil)+`) SELECT n, ARRAY[count(*)] FROM cm_d GROUP BY n`, b.mapArgs(b.members())...)
	if err != nil || len(doomed) == 0 {
		return err
	}
	// The members are parameter 15 of a statement that writes the journal.
	colliding := strings.ReplaceAll(u.colliding(c, nil), fmt.Sprintf("($%d::text[]", mapParameters+1), fmt.Sprintf("($%d::text[]", journalParameters+1))
	rows, err := b.journal(ctx, &entry{action: "remove", relation: t, constraint: u.name, columns: t.names()}, `cm_d AS MATERIALIZED (`+colliding+`), cm_x AS (
			DELETE FROM `+t.sql()+` AS t USING cm_d AS d WHERE t.ctid = d.cm_ctid AND t.tableoid = d.cm_table
			RETURNING d.n, `+textArray(t.key)+` AS k, `+textArray(t.names())+` AS b, NULL::text[] AS a, `+t.roundTrips(t.names())+` AS same
		)`, b.members())
	if err != nil {
		return err
	}
	var wrong conflict
	for _, it := range b.items {
		switch n := nth(doomed[it], 0); {
		case n > 0 && t.hangs != "":
			wrong.refuse(it, hanging(t))
		case rows[it] != n:
			wrong.refuse(it, &verdict{Refused, fmt.Sprintf("%d of %d rows of %s were removed: a trigger kept the others", rows[it], n, t)})
		}
		it.result.Tables[u.at].Removed += rows[it]
	}
	b.cfg.Fault("removed")
	if err := wrong.err(); err != nil {
		return err
	}
	return b.unite(ctx, u, fills)
}

// filling is the values that a row which stays takes from rows that go.
type filling struct {
	n           int    // of the step
	ctid, table string // where the row is
	columns     []string
	values      []*string
}

// fillings finds what the rows that stay can take from those that go: a value for every empty column that has one, from the first row that does.
func (b *batch) fillings(ctx context.Context, u *unique) ([]filling, error) {
	t := u.ref.child
	rows, err := b.tx.Query(ctx, b.cat.mapSQL()+`cm_d AS MATERIALIZED (`+u.colliding(b.cat, nil)+`)
		SELECT d.n, d.keeper::text, d.keeper_table::oid::text, k.image, g.image FROM cm_d AS d
		JOIN (SELECT t.ctid AS c, t.tableoid AS o, `+textArray(t.names())+` AS image FROM `+t.sql()+` AS t) AS k ON k.c = d.keeper AND k.o = d.keeper_table
		JOIN (SELECT t.ctid AS c, t.tableoid AS o, `+textArray(t.names())+` AS image FROM `+t.sql()+` AS t) AS g ON g.c = d.cm_ctid AND g.o = d.cm_table
		ORDER BY d.n, d.keeper_table, d.keeper, d.nth`, b.mapArgs(b.members())...)
	if err != nil {
		return nil, err
	}
	var (
		out         []filling
		f           filling
		keeps, goes []*string
		taken       map[string]bool
	)
	_, err = pgx.ForEachRow(rows, []any{&f.n, &f.ctid, &f.table, &keeps, &goes}, func() error {
		if len(out) == 0 || out[len(out)-1].ctid != f.ctid || out[len(out)-1].table != f.table {
			out, taken = append(out, filling{n: f.n, ctid: f.ctid, table: f.table}), make(map[string]bool)
		}
		last := &out[len(out)-1]
		for i := range t.columns {
			col := &t.columns[i]
			if taken[col.name] || !empty(keeps[i]) || empty(goes[i]) || col.generated || u.has(col.name) || b.cat.accompanies(t, col.name) || !t.keyless && slices.Contains(t.key, col.name) {
				continue
			}
			taken[col.name] = true
			last.columns, last.values = append(last.columns, col.name), append(last.values, goes[i])
		}
		keeps, goes = nil, nil
		return nil
	})
	return out, err
}

// empty is null or nothing.
func empty(v *string) bool { return v == nil || *v == "" }

// unite fills the rows that stay. There is one statement a row: they take different columns.
func (b *batch) unite(ctx context.Context, u *unique, fills []filling) error {
	t := u.ref.child
	for _, f := range fills {
		if len(f.columns) == 0 {
			continue
		}
		const first = journalParameters + 1
		where := fmt.Sprintf("t.ctid = $%d::text::tid AND t.tableoid = $%d::text::oid", first, first+1)
		args := []any{f.ctid, f.table, f.n}
		sets := make([]string, len(f.columns))
		for i, col := range f.columns {
			args = append(args, f.values[i])
			sets[i] = quote(col) + fmt.Sprintf(" = $%d::text::", journalParameters+len(args)) + t.column(col).base
		}
		b.cfg.Fault("unite")
		rows, err := b.journal(ctx, &entry{action: "union", relation: t, constraint: u.name, columns: t.names()}, `cm_old AS MATERIALIZED (
				SELECT `+textArray(t.key)+` AS k, `+textArray(t.names())+` AS b, `+t.roundTrips(t.names())+` AS same FROM `+t.sql()+` AS t WHERE `+where+`
			), cm_new AS (
				UPDATE `+t.sql()+` AS t SET `+strings.Join(sets, ", ")+` WHERE `+where+` RETURNING `+textArray(t.names())+` AS a
			), cm_x AS (SELECT `+fmt.Sprintf("$%d::integer", first+2)+` AS n, k, b, a, same FROM cm_old CROSS JOIN cm_new)`, args...)
		if err != nil {
			return err
		}
		b.cfg.Fault("united")
		if it := b.items[f.n-1]; rows[it] != 1 {
			var wrong conflict
			wrong.refuse(it, &verdict{Refused, fmt.Sprintf("a row of %s could not take the values of another: a trigger kept it", t)})
			return &wrong
		}
	}
	return nil
}
