package merge

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// owned is an identity that goes back to a loser.
type owned struct {
	of    int
	loser *string
	key   []*string
}

// through is a foreign key from a table that refers to contacts to the identities table.
type through struct {
	child     *relation
	columns   []string // ours
	operators []string // ours = the identity's
}

// follow hands rows that were born after the merge over to the loser their identity goes back to.
func (u *unmerge) follow(ctx context.Context, w *walk) error {
	if u.opt.NewRows != FollowIdentity || u.cat.identities == nil {
		return nil
	}
	identities := w.byTable[u.cat.identities]
	if identities == nil || identities.content() {
		return nil
	}
	var back []owned
	for _, o := range w.ops() {
		if at := slices.Index(o.columns, u.cat.identityRef.column.name); o.table == identities && !o.insert && at >= 0 {
			back = append(back, owned{o.of, o.values[at], o.key})
		}
	}
	if len(back) == 0 {
		return nil
	}
	keys, err := u.throughs(ctx, identities)
	if err != nil {
		return fmt.Errorf("reading the foreign keys to %s: %w", u.cat.identities, err)
	}
	operators, err := keyOperators(ctx, u.tx, u.cat)
	if err != nil {
		return err
	}
	for i := range u.cat.refs {
		for _, k := range keys {
			if ref := &u.cat.refs[i]; ref.child == k.child && ref.child != u.cat.identities && operators[k.child.oid] != nil {
				if err := u.followOne(ctx, w, ref, k, back, operators[k.child.oid]); err != nil {
					return fmt.Errorf("reading rows of %s: %w", ref.child, err)
				}
			}
		}
	}
	return nil
}

// throughs finds the foreign keys to the identities table.
func (u *unmerge) throughs(ctx context.Context, identities *table) ([]through, error) {
	rows, err := u.tx.Query(ctx, `SELECT f.conrelid, array_agg(a.attname::text ORDER BY k.n), array_agg(b.attname::text ORDER BY k.n), array_agg(`+operatorSQL("o")+` ORDER BY k.n)
		FROM pg_constraint AS f CROSS JOIN LATERAL unnest(f.conkey, f.confkey, f.conpfeqop) WITH ORDINALITY AS k(ours, theirs, op, n)
		JOIN pg_attribute AS a ON a.attrelid = f.conrelid AND a.attnum = k.ours JOIN pg_attribute AS b ON b.attrelid = f.confrelid AND b.attnum = k.theirs
		JOIN pg_operator AS p ON p.oid = k.op JOIN pg_operator AS o ON o.oid = p.oprcom JOIN pg_namespace AS n ON n.oid = o.oprnamespace
		WHERE f.contype = 'f' AND f.confrelid = $1 AND f.conparentid = 0 GROUP BY f.oid, f.conrelid ORDER BY f.oid`, identities.relation.oid)
	if err != nil {
		return nil, err
	}
	var (
		out    []through
		oid    uint32
		k      through
		theirs []string
	)
	_, err = pgx.ForEachRow(rows, []any{&oid, &k.columns, &theirs, &k.operators}, func() error {
		// The key of identities, in its order: nothing else is known of them here.
		if k.child = u.cat.relations[oid]; k.child != nil && slices.Equal(theirs, identities.keys) {
			out = append(out, k)
		}
		k, theirs = through{}, nil
		return nil
	})
	return out, err
}

// followOne finds the rows of one reference that were written after the merge, belong to the survivor, and have an identity that goes back. The
// transaction that wrote a row last tells its age: a row from before the merge that the merge did not move was the survivor's already.
func (u *unmerge) followOne(ctx context.Context, w *walk, ref *reference, k through, back []owned, operators []string) error {
	t := w.byTable[ref.child]
	if t == nil {
		t = &table{cat: u.cat, relation: ref.child, keys: ref.child.key, operators: operators, at: make(map[string]int)}
		t.want(t.keys)
		t.want([]string{ref.column.name})
		w.byTable[ref.child] = t
	}
	var l lists
	on := make([]string, len(k.columns))
	for i, c := range k.columns {
		values := make([]*string, len(back))
		for n := range back {
			values[n] = back[n].key[i]
		}
		l.add(fmt.Sprintf("k%d", i), values)
		on[i] = fmt.Sprintf("t.%s %s u.k%d::%s", quote(c), k.operators[i], i, ref.child.column(c).base)
	}
	survivors, xids, losers, plans, clusters := make([]*string, len(back)), make([]*string, len(back)), make([]*string, len(back)), make([]*string, len(back)), make([]*string, len(back))
	for n := range back {
		g := &u.group[back[n].of]
		survivors[n], xids[n], losers[n], plans[n], clusters[n] = &g.Survivor, &u.xids[back[n].of], back[n].loser, &g.Plan, &g.Cluster
	}
	l.add("s", survivors)
	l.add("x", xids)
	l.add("l", losers)
	l.add("p", plans)
	l.add("c", clusters)
	columns := []string{ref.column.name}
	values := []string{"u.l"}
	for _, o := range ref.companions() { // as the loser had it
		l.args = append(l.args, o.theirs.name)
		columns = append(columns, o.ours.name)
		values = append(values, `CASE WHEN t.`+quote(o.ours.name)+` IS NOT NULL THEN (SELECT a.image[array_position(a.columns, `+fmt.Sprintf("$%d::text", len(l.args))+`)] FROM `+quote(u.cfg.Schema, "archived_contacts")+` AS a
			WHERE a.plan_id = u.p AND a.cluster_id = u.c AND a.contact_id = u.l) END`)
	}
	lock := " FOR UPDATE OF t"
	if u.dry {
		lock = ""
	}
	rows, err := u.tx.Query(ctx, `SELECT u.n, `+textArray(t.keys)+`, `+textArray(columns)+`, ARRAY[`+strings.Join(values, ", ")+`] FROM `+l.sql()+` JOIN `+ref.child.sql()+` AS t ON `+strings.Join(on, " AND ")+`
		AND t.`+quote(ref.column.name)+` `+ref.toID+` u.s::`+u.cat.id.base+` WHERE age(t.xmin) < age(u.x::xid8::xid) ORDER BY u.n, 2`+lock, l.args...)
	if err != nil {
		return err
	}
	var (
		n             int
		key, now, own []*string
	)
	_, err = pgx.ForEachRow(rows, []any{&n, &key, &now, &own}, func() error {
		b := &back[n-1]
		if r := t.find(key, b.of); r == nil || r.owner < 0 {
			w.followed = append(w.followed, &op{
				of: b.of, table: t, row: &row{owner: b.of}, key: key, columns: columns, values: own, before: now,
			})
			w.counted(b.of, ref.child).Followed++
		}
		key, now, own = nil, nil, nil
		return nil
	})
	return err
}
