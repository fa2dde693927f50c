package merge

import (
	"context"
	"fmt"
)

// inEffect is the condition that ledger row l is a merge that was not taken back.
func (v *verifier) inEffect() string {
	return `l.action = 'merge' AND NOT EXISTS (SELECT FROM ` + v.ours("ledger") + ` AS u WHERE u.plan_id = l.plan_id AND u.cluster_id = l.cluster_id AND u.action = 'undo')`
}

// references is I3: no row refers to an active loser.
func (v *verifier) references(ctx context.Context) error {
	c := v.begin("I3", "no row refers to a contact that was merged away (contactmerge sweep moves those that arrived late)")
	for i := range v.cat.refs {
		ref := &v.cat.refs[i]
		rows, err := v.late(ctx, c, ref)
		if err != nil {
			return fmt.Errorf("looking for late rows of %s: %w", ref, err)
		}
		c.Rows += rows
	}
	return nil
}

// redirects is I4: every loser leads to one survivor, in one hop.
func (v *verifier) redirects(ctx context.Context) error {
	c := v.begin("I4", "every contact that was merged away leads to one live survivor in one hop")
	if err := v.tx.QueryRow(ctx, `SELECT count(*) FROM `+v.ours("redirects")+` WHERE active`).Scan(&c.Rows); err != nil {
		return fmt.Errorf("counting the redirects: %w", err)
	}
	red, led := v.ours("redirects"), v.ours("ledger")
	for _, sql := range []string{
		`SELECT r.plan_id, r.cluster_id, ARRAY[r.loser_id, r.survivor_id] AS contacts, 'its redirect leads to a contact that was merged away itself' AS what
			FROM ` + red + ` AS r JOIN ` + red + ` AS s ON s.active AND s.loser_id = r.survivor_id WHERE r.active`,
		`SELECT min(r.plan_id) AS plan_id, min(r.cluster_id) AS cluster_id, ARRAY[r.loser_id] AS contacts, 'a contact has several redirects' AS what
			FROM ` + red + ` AS r WHERE r.active GROUP BY r.loser_id HAVING count(*) > 1`,
		`SELECT r.plan_id, r.cluster_id, ARRAY[r.loser_id, r.survivor_id] AS contacts, 'its redirect does not lead where its ledger row says' AS what
			FROM ` + red + ` AS r JOIN ` + led + ` AS l ON l.plan_id = r.plan_id AND l.cluster_id = r.cluster_id AND l.action = 'merge'
			WHERE l.survivor_id <> r.survivor_id OR NOT (r.compressed OR r.loser_id = ANY (l.loser_ids))`,
	} {
		if err := v.collect(ctx, c, "", sql); err != nil {
			return fmt.Errorf("verifying the redirects: %w", err)
		}
	}
	return v.survivors(ctx, c)
}

// survivors counts survivors that are not there any more. Their owner may delete them, so that alone is no violation.
func (v *verifier) survivors(ctx context.Context, c *Invariant) error {
	s := Change{Table: v.cat.contacts.String(), What: "survivors that were deleted since; their losers lead nowhere"}
	err := v.tx.QueryRow(ctx, `SELECT count(*), coalesce(min(r.cluster_id), '') FROM (SELECT DISTINCT ON (survivor_id) survivor_id, cluster_id FROM `+v.ours("redirects")+` WHERE active ORDER BY survivor_id, cluster_id) AS r
		WHERE NOT EXISTS (SELECT FROM `+v.cat.contacts.sql()+` AS t WHERE t.`+quote(v.cat.id.name)+`::text = r.survivor_id)`).Scan(&s.Rows, &s.Example)
	if err != nil {
		return fmt.Errorf("looking for the survivors: %w", err)
	}
	c.since(s)
	return nil
}

// atomic is I5: a merge happened as a whole, or not at all.
func (v *verifier) atomic(ctx context.Context) error {
	c := v.begin("I5", "every merge happened as a whole: ledger, journal, archive and redirects agree")
	if err := v.tx.QueryRow(ctx, `SELECT count(*) FROM `+v.ours("ledger")).Scan(&c.Rows); err != nil {
		return fmt.Errorf("counting the ledger: %w", err)
	}
	led, red, jou, arc := v.ours("ledger"), v.ours("redirects"), v.ours("journal"), v.ours("archived_contacts")
	whole := func(a string) string { return a + ".plan_id = l.plan_id AND " + a + ".cluster_id = l.cluster_id" }
	orphan := func(table, from, what string) string {
		return `SELECT plan_id, cluster_id, NULL::text[] AS contacts, '` + what + `' AS what FROM (SELECT DISTINCT plan_id, cluster_id FROM ` + table + `) AS o
			WHERE NOT EXISTS (SELECT FROM ` + led + ` AS l WHERE l.plan_id = o.plan_id AND l.cluster_id = o.cluster_id AND l.action IN (` + from + `))`
	}
	losers := ` FROM ` + led + ` AS l CROSS JOIN LATERAL unnest(l.loser_ids) AS x(id) WHERE ` + v.inEffect()
	for _, sql := range []string{
		orphan(jou, `'merge', 'sweep', 'undo'`, "it has a journal, but no ledger row"),
		orphan(arc, `'merge'`, "it has archived contacts, but no ledger row"),
		orphan(red, `'merge'`, "it has redirects, but no ledger row"),
		`SELECT l.plan_id, l.cluster_id, ARRAY[x.id] AS contacts, 'its loser has no redirect' AS what` + losers + ` AND NOT EXISTS (SELECT FROM ` + red + ` AS r WHERE r.active AND r.loser_id = x.id)`,
		`SELECT l.plan_id, l.cluster_id, ARRAY[x.id] AS contacts, 'its loser never got a redirect by it' AS what` + losers + ` AND NOT EXISTS (SELECT FROM ` + red + ` AS r WHERE ` + whole("r") + ` AND r.loser_id = x.id)`,
		`SELECT l.plan_id, l.cluster_id, ARRAY[x.id] AS contacts, 'its loser was not archived' AS what` + losers + fmt.Sprintf(` AND l.seq > %d`, v.purged) +
			` AND NOT EXISTS (SELECT FROM ` + arc + ` AS a WHERE ` + whole("a") + ` AND a.contact_id = x.id)`,
		`SELECT r.plan_id, r.cluster_id, ARRAY[r.loser_id] AS contacts, 'it was undone, but its redirect still leads on' AS what FROM ` + red + ` AS r
			JOIN ` + led + ` AS l ON ` + whole("r") + ` AND l.action = 'undo' WHERE r.active`,
		`SELECT l.plan_id, l.cluster_id, NULL::text[] AS contacts, 'it was undone, but never done' AS what FROM ` + led + ` AS l WHERE l.action = 'undo'
			AND NOT EXISTS (SELECT FROM ` + led + ` AS m WHERE m.plan_id = CASE WHEN starts_with(l.plan_id, 'undo:') THEN substr(l.plan_id, 6) ELSE l.plan_id END
				AND m.cluster_id = l.cluster_id AND m.action = 'merge' AND m.seq < l.seq)`,
	} {
		if err := v.collect(ctx, c, "", sql); err != nil {
			return fmt.Errorf("comparing ledger, journal and redirects: %w", err)
		}
	}
	return v.retired(ctx, c)
}

// retired looks for losers that were deleted and are there again, and for those that should still be there.
func (v *verifier) retired(ctx context.Context, c *Invariant) error {
	deleted := `EXISTS (SELECT FROM ` + v.ours("journal") + ` AS j WHERE j.plan_id = l.plan_id AND j.cluster_id = l.cluster_id AND j.action = 'delete')`
	again := Change{Table: v.cat.contacts.String(), What: "losers that were deleted and whose id is in use again"}
	gone := Change{Table: v.cat.contacts.String(), What: "archived losers that were deleted since"}
	var one, two *string
	err := v.tx.QueryRow(ctx, `SELECT count(*) FILTER (WHERE deleted AND there), min(cluster_id) FILTER (WHERE deleted AND there),
			count(*) FILTER (WHERE NOT deleted AND NOT there), min(cluster_id) FILTER (WHERE NOT deleted AND NOT there)
		FROM (SELECT l.cluster_id, l.deleted, t.id IS NOT NULL AS there FROM (SELECT l.*, `+deleted+` AS deleted FROM `+v.ours("ledger")+` AS l WHERE `+v.inEffect()+` AND l.seq > $1) AS l
			CROSS JOIN LATERAL unnest(l.loser_ids) AS x(id)
			LEFT JOIN (SELECT t.`+quote(v.cat.id.name)+`::text AS id FROM `+v.cat.contacts.sql()+` AS t) AS t ON t.id = x.id) AS s`, v.purged).Scan(&again.Rows, &one, &gone.Rows, &two)
	if err != nil {
		return fmt.Errorf("looking for the losers: %w", err)
	}
	again.Example, gone.Example = deref(one), deref(two)
	c.since(again)
	c.since(gone)
	return nil
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
