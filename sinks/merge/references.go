package merge

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/nearest"
)

// readForeignKeys finds every foreign key to the contacts table. Those of partitions are their root's.
func (c *catalog) readForeignKeys(ctx context.Context, tx pgx.Tx) error {
	type key struct {
		name          string
		child         uint32
		ours, theirs  []string
		toID, fromIDs []string
	}
	const names = `ARRAY(SELECT a.attname::text FROM unnest(%s) WITH ORDINALITY AS k(num, n) JOIN pg_attribute AS a ON a.attrelid = %s AND a.attnum = k.num ORDER BY k.n)`
	const ops = `ARRAY(SELECT %s FROM unnest(f.conpfeqop) WITH ORDINALITY AS k(op, n2) JOIN pg_operator AS p ON p.oid = k.op
		JOIN pg_operator AS o ON o.oid = %s JOIN pg_namespace AS n ON n.oid = o.oprnamespace ORDER BY k.n2)`
	rows, err := tx.Query(ctx, `SELECT f.conname, f.conrelid, `+fmt.Sprintf(names, "f.conkey", "f.conrelid")+`, `+fmt.Sprintf(names, "f.confkey", "f.confrelid")+`,
		`+fmt.Sprintf(ops, operatorSQL("o"), "p.oprcom")+`, `+fmt.Sprintf(ops, operatorSQL("o"), "p.oid")+`
		FROM pg_constraint AS f WHERE f.contype = 'f' AND f.confrelid = $1 AND f.conparentid = 0 ORDER BY f.conrelid, f.conname`, c.contacts.oid)
	if err != nil {
		return fmt.Errorf("reading the foreign keys: %w", err)
	}
	keys, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (k key, err error) {
		err = row.Scan(&k.name, &k.child, &k.ours, &k.theirs, &k.toID, &k.fromIDs)
		return k, err
	})
	if err != nil {
		return fmt.Errorf("reading the foreign keys: %w", err)
	}
	for _, k := range keys {
		child, err := c.relation(ctx, tx, k.child)
		if err != nil {
			return err
		}
		if len(k.toID) != len(k.ours) || len(k.fromIDs) != len(k.ours) {
			return fmt.Errorf("foreign key %q of %s compares with an operator that cannot be turned round", k.name, child)
		}
		c.pinned = append(c.pinned, k.theirs...)
		at := slices.Index(k.theirs, c.id.name)
		if at < 0 {
			ref := reference{constraint: k.name, child: child, column: child.column(k.ours[0]), kind: byKey, self: k.child == c.contacts.oid}
			for i := range k.ours {
				ref.keys = append(ref.keys, pair{child.column(k.ours[i]), c.contacts.column(k.theirs[i]), k.toID[i]})
			}
			c.refs = append(c.refs, ref)
			continue
		}
		ref := reference{constraint: k.name, child: child, column: child.column(k.ours[at]), self: k.child == c.contacts.oid, toID: k.toID[at], fromID: k.fromIDs[at]}
		for i := range k.ours {
			if i != at {
				ref.others = append(ref.others, companion{ours: child.column(k.ours[i]), theirs: c.contacts.column(k.theirs[i]), toTheirs: k.toID[i], constraint: k.name})
			}
		}
		c.refs = mergeReference(c.refs, ref)
	}
	return nil
}

// mergeReference adds a reference; two constraints on one column are one reference, of which the composite one says more.
func mergeReference(refs []reference, r reference) []reference {
	for i := range refs {
		if refs[i].child == r.child && refs[i].kind == byID && refs[i].column == r.column {
			for _, o := range r.others {
				if !slices.ContainsFunc(refs[i].others, func(have companion) bool { return have.ours == o.ours && have.theirs == o.theirs }) {
					refs[i].others = append(refs[i].others, o)
				}
			}
			return refs
		}
	}
	return append(refs, r)
}

// addReference adds a column that no foreign key declares, a list of ids, or an id that another column says the type of. There is no
// constraint to say how to compare, so ids must have the contact id's type, or be text.
func (c *catalog) addReference(ctx context.Context, tx pgx.Tx, r Reference) error {
	child, err := c.find(ctx, tx, r.Table)
	if err != nil {
		return err
	}
	col := child.column(r.Column)
	if col == nil {
		return fmt.Errorf("%s has no column %q%s", child, r.Column, nearest.Hint(r.Column, child.names()))
	}
	ref := reference{child: child, column: col, self: child == c.contacts, toID: c.idEqual, fromID: c.idEqual}
	if r.TypeColumn != "" {
		if ref.typeColumn = child.column(r.TypeColumn); ref.typeColumn == nil {
			return fmt.Errorf("%s has no column %q%s", child, r.TypeColumn, nearest.Hint(r.TypeColumn, child.names()))
		}
		if ref.word = slices.Index(c.words, r.TypeValue) + 1; ref.word == 0 {
			c.words = append(c.words, r.TypeValue)
			ref.word = len(c.words)
		}
	}
	if slices.ContainsFunc(c.refs, func(have reference) bool {
		return have.child == child && have.kind != byKey && have.column == col && (have.typeColumn == nil || have.typeColumn == ref.typeColumn && have.word == ref.word)
	}) {
		return nil
	}
	base := col.base
	if col.element != "" {
		ref.kind, base = byList, col.element
	}
	switch {
	case base == c.id.base:
	case textTypes[base] && !ref.self:
		ref.textual = true
	default:
		return fmt.Errorf("its type is %s, that of the contact id is %s", base, c.id.base)
	}
	c.refs = append(c.refs, ref)
	return nil
}

// textTypes are the types that may hold ids of another type as text.
var textTypes = map[string]bool{"pg_catalog.text": true, "pg_catalog.\"varchar\"": true, "pg_catalog.varchar": true}
