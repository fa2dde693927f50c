package merge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// loaded is the journal of a group, with the rows that it speaks of.
type loaded struct {
	images []*image // the last that was written first
	parts  []int    // for each merge the number of its part: merges of one part changed the same rows
	built  []built
	tables []*table // in the order they are locked
	wrong  []error  // why a merge cannot be taken back, nil for those that can
	aside  []bool   // merges that have to wait for another transaction
}

// load reads the journal of a group, and the rows as they are now.
func (u *unmerge) load(ctx context.Context) (*loaded, error) {
	n := len(u.group)
	l := &loaded{parts: make([]int, n), wrong: make([]error, n), aside: make([]bool, n)}
	copy(l.wrong, u.wrong)
	if err := u.journal(ctx, l); err != nil {
		return nil, fmt.Errorf("reading the journal: %w", err)
	}
	operators, err := keyOperators(ctx, u.tx, u.cat)
	if err != nil {
		return nil, err
	}
	lock := " FOR UPDATE OF t"
	if u.dry {
		lock = ""
	}
	for _, r := range u.cat.involved() {
		t := &table{cat: u.cat, relation: r, at: make(map[string]int)}
		images := t.claim(l, operators[r.oid])
		if len(images) == 0 {
			continue
		}
		if err := t.fetch(ctx, u.tx, images, lock); err != nil {
			return nil, fmt.Errorf("reading rows of %s: %w", r, err)
		}
		if err := u.vacate(ctx, t, images); err != nil {
			return nil, fmt.Errorf("reading the journal of newer merges: %w", err)
		}
		l.tables = append(l.tables, t)
	}
	l.link()
	return l, nil
}

// journal reads the images of every merge that may be taken back, and of the sweeps that moved what reached its losers late: they belong to it,
// and their ledger rows have its plan as their content.
func (u *unmerge) journal(ctx context.Context, l *loaded) error {
	rows, err := u.tx.Query(ctx, `SELECT u.n, m.tx, coalesce(j.stage, j.seq), j.action, j.constraint_name, j.table_schema, j.table_name, j.key_columns, j.columns, j.key_values, j.before, j.after
		FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS u(p, c, n) CROSS JOIN LATERAL (
			SELECT u.p AS plan_id, 0 AS tx UNION ALL
			SELECT s.plan_id, s.seq FROM `+quote(u.cfg.Schema, "ledger")+` AS s WHERE s.action = 'sweep' AND s.content_hash = u.p AND s.cluster_id = u.c
		) AS m CROSS JOIN LATERAL (SELECT * FROM `+quote(u.cfg.Schema, "journal")+` AS x WHERE x.plan_id = m.plan_id AND x.cluster_id = u.c OFFSET 0) AS j ORDER BY u.n, m.tx, j.seq`,
		plansOf(u.group), clustersOf(u.group))
	if err != nil {
		return err
	}
	var (
		im           image
		schema, name string
	)
	into := []any{&im.of, &im.tx, &im.stage, &im.action, &im.constraint, &schema, &name, &im.keys, &im.columns, &im.key, &im.before, &im.after}
	_, err = pgx.ForEachRow(rows, into, func() error {
		got := im
		im = image{}
		got.of--
		var v *verdict
		if errors.As(l.wrong[got.of], &v) && v.outcome == AlreadyApplied {
			return nil // nobody has built on what does not stand
		}
		if len(got.key) == 0 && len(got.keys) > 0 {
			return nil // forgotten
		}
		if got.tx == 0 {
			got.tx = u.group[got.of].tx
		}
		if err := got.resolve(u.cat, schema, name); err == nil {
			l.images = append(l.images, &got)
		} else if l.wrong[got.of] == nil {
			l.wrong[got.of] = err
		}
		return nil
	})
	slices.Reverse(l.images) // for rows of one merge and stage
	slices.SortStableFunc(l.images, func(x, y *image) int { return cmp.Or(cmp.Compare(y.tx, x.tx), cmp.Compare(y.stage, x.stage)) })
	return err
}

// resolve finds the table and the columns of an image in the catalogue.
func (im *image) resolve(c *catalog, schema, name string) error {
	for _, r := range c.involved() {
		if r.schema == schema && r.name == name {
			im.relation = r
		}
	}
	if im.relation == nil {
		return refuse("table %s.%s does not refer to contacts any more", schema, name)
	}
	for _, column := range slices.Concat(im.keys, im.columns) {
		if im.relation.column(column) == nil {
			return refuse("%s has no column %q any more", im.relation, column)
		}
	}
	// A contact is known by its id, whatever else its key may be.
	if at := slices.Index(im.keys, c.id.name); im.relation == c.contacts && at >= 0 {
		im.keys, im.key = []string{c.id.name}, im.key[at:at+1]
	}
	im.keysAt = make([]int, len(im.keys))
	for i, k := range im.keys {
		im.keysAt[i] = slices.Index(im.columns, k)
	}
	return nil
}

// claim finds the images of the table, and with them the columns to read.
func (t *table) claim(l *loaded, operators []string) (images []*image) {
	for _, im := range l.images {
		if im.relation != t.relation {
			continue
		}
		switch {
		case t.keys == nil:
			t.keys = im.keys
		case !slices.Equal(t.keys, im.keys):
			l.aside[im.of] = true // its journal knows the rows by another key: one transaction for each
			continue
		}
		images = append(images, im)
		t.want(im.keys)
		t.want(im.columns)
	}
	if t.keys == nil {
		return nil
	}
	switch {
	case t.relation == t.cat.contacts && len(t.keys) == 1 && t.keys[0] == t.cat.id.name:
		t.operators = []string{t.cat.idEqual}
	case operators != nil && slices.Equal(t.keys, t.relation.key):
		t.operators = operators
	case operators != nil:
		for _, im := range images {
			l.wrong[im.of] = refuse("%s has another key than when the merge was journalled", t.relation)
		}
		return nil
	}
	return images
}

// want has columns read.
func (t *table) want(columns []string) {
	for _, c := range columns {
		if _, known := t.at[c]; !known {
			t.at[c] = len(t.columns)
			t.columns = append(t.columns, c)
		}
	}
}

// keyOperators finds, for every table with a primary key, the operators by which its index finds rows: those of citext, say, are not in
// pg_catalog.
func keyOperators(ctx context.Context, tx pgx.Tx, c *catalog) (map[uint32][]string, error) {
	if c.keyEquals != nil {
		return c.keyEquals, nil // the fingerprint says that the keys are still the same
	}
	oids := make([]uint32, 0, len(c.relations))
	for _, r := range c.involved() {
		oids = append(oids, r.oid)
	}
	rows, err := tx.Query(ctx, `SELECT i.indrelid, array_agg(`+operatorSQL("o")+` ORDER BY k.n) FROM pg_index AS i
		CROSS JOIN LATERAL generate_series(1, i.indnkeyatts) AS k(n)
		JOIN pg_opclass AS oc ON oc.oid = i.indclass[k.n - 1]
		JOIN pg_amop AS am ON am.amopfamily = oc.opcfamily AND am.amoplefttype = oc.opcintype AND am.amoprighttype = oc.opcintype AND am.amopstrategy = 3
		JOIN pg_operator AS o ON o.oid = am.amopopr JOIN pg_namespace AS n ON n.oid = o.oprnamespace
		WHERE i.indisprimary AND i.indrelid = ANY ($1::oid[]) GROUP BY i.indrelid`, oids)
	if err != nil {
		return nil, fmt.Errorf("reading the keys: %w", err)
	}
	out := make(map[uint32][]string)
	var (
		oid       uint32
		operators []string
	)
	_, err = pgx.ForEachRow(rows, []any{&oid, &operators}, func() error {
		out[oid] = operators
		operators = nil
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the keys: %w", err)
	}
	c.keyEquals = out
	return out, nil
}
