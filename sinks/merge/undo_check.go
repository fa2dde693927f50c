package merge

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// lock keeps the application off the contacts of the group until the transaction ends.
func (u *unmerge) lock(ctx context.Context) error {
	// Rows are found by their keys, however many the group has: reading a large table whole for every group would take hours.
	if _, err := u.tx.Exec(ctx, `SELECT pg_catalog.set_config(name, 'off', true) FROM unnest(ARRAY['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin', 'enable_material', 'jit']) AS name`); err != nil {
		return err
	}
	if u.dry {
		return nil
	}
	if err := u.cat.hold(ctx, u.tx); err != nil {
		return err
	}
	id := "t." + quote(u.cat.id.name)
	if _, err := u.tx.Exec(ctx, `SELECT FROM `+u.cat.contacts.sql()+` AS t WHERE `+u.cat.oneOf(id, u.cat.idEqual, 1)+` ORDER BY `+id+` FOR UPDATE OF t`, u.members()); err != nil {
		return err
	}
	u.cfg.Fault("undo_locked")
	return nil
}

// members are all contacts of the group.
func (u *unmerge) members() []string {
	var out []string
	for i := range u.group {
		out = append(out, u.group[i].members()...)
	}
	return out
}

// check finds the merges that cannot be taken back.
func (u *unmerge) check(ctx context.Context) error {
	now, err := u.cat.fingerprintNow(ctx, u.tx)
	if err != nil {
		return err
	}
	if now != u.cat.fingerprint {
		return ErrSchemaChanged
	}
	if err := u.checkLedger(ctx); err != nil {
		return fmt.Errorf("reading the ledger: %w", err)
	}
	if !u.dry { // a dry run has not undone the newer ones; what was built on what is known by the selection
		if err := u.checkNewest(ctx); err != nil {
			return fmt.Errorf("reading the redirects: %w", err)
		}
	}
	if err := u.checkContacts(ctx); err != nil {
		return fmt.Errorf("reading the contacts: %w", err)
	}
	return nil
}

// checkLedger asks again, under the locks, whether the merges stand, and whether their journal is whole.
func (u *unmerge) checkLedger(ctx context.Context) error {
	n := len(u.group)
	u.wrong, u.contents, u.digests, u.xids = make([]error, n), make([]string, n), make([]string, n), make([]string, n)
	for i := range u.wrong {
		u.wrong[i] = refuse("it was not applied")
	}
	ledger := quote(u.cfg.Schema, "ledger")
	told := func(action string) string {
		return `EXISTS (SELECT FROM ` + ledger + ` AS o WHERE o.plan_id = l.plan_id AND o.cluster_id = l.cluster_id AND o.action = '` + action + `')`
	}
	rows, err := u.tx.Query(ctx, `SELECT n, l.content_hash, l.digest, l.format, l.xid, `+told("undo")+`, `+told("forget")+`, l.seq <= `+purgedThroughSQL(u.cfg.Schema)+`,
			CASE WHEN l.format > $3 THEN false ELSE l.digest <> (`+digestOf(u.cfg.Schema)+`) OR `+alteredSQL(u.cfg.Schema)+` END
				OR EXISTS (SELECT FROM `+ledger+` AS l WHERE l.action = 'sweep' AND l.content_hash = u.p AND l.cluster_id = u.c
					AND (l.digest <> (`+digestOf(u.cfg.Schema)+`) OR `+alteredSQL(u.cfg.Schema)+`))
		FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS u(p, c, n) CROSS JOIN LATERAL (
			SELECT * FROM `+ledger+` AS x WHERE x.plan_id = u.p AND x.cluster_id = u.c AND x.action = 'merge' OFFSET 0) AS l`, // one look-up each, whatever the statistics say
		plansOf(u.group), clustersOf(u.group), ledgerFormat)
	if err != nil {
		return err
	}
	var (
		at, format                        int
		content, digest, xid              string
		undone, forgotten, purged, broken bool
	)
	_, err = pgx.ForEachRow(rows, []any{&at, &content, &digest, &format, &xid, &undone, &forgotten, &purged, &broken}, func() error {
		i := at - 1
		u.contents[i], u.xids[i], u.wrong[i] = content, xid, nil
		if format == ledgerFormat {
			u.digests[i] = digest
		}
		switch {
		case undone:
			u.wrong[i] = &verdict{AlreadyApplied, "it is undone"}
		case forgotten:
			u.wrong[i] = refuse("one of its contacts was forgotten: what it was is not kept any more")
		case purged:
			u.wrong[i] = refuse("its journal was purged: what its contacts were is not kept any more")
		case format > ledgerFormat:
			u.wrong[i] = refuse("its journal has format %d, this program reads %d", format, ledgerFormat)
		case broken:
			u.wrong[i] = refuse("its journal was altered or purged")
		}
		return nil
	})
	return err
}

// checkNewest refuses to take a merge back under one that was built on it.
func (u *unmerge) checkNewest(ctx context.Context) error {
	redirects := quote(u.cfg.Schema, "redirects")
	rows, err := u.tx.Query(ctx, `SELECT DISTINCT ON (n) n, r.loser_id, r.ended_plan, r.ended_cluster
		FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS u(p, c, n) JOIN `+redirects+` AS r ON r.plan_id = u.p AND r.cluster_id = u.c
		WHERE NOT r.active AND NOT EXISTS (SELECT FROM `+redirects+` AS a WHERE a.active AND a.loser_id = r.loser_id AND a.survivor_id = r.survivor_id)
		ORDER BY n, r.redirect_id DESC`, plansOf(u.group), clustersOf(u.group))
	if err != nil {
		return err
	}
	var (
		n             int
		loser         string
		plan, cluster *string
	)
	_, err = pgx.ForEachRow(rows, []any{&n, &loser, &plan, &cluster}, func() error {
		switch i := n - 1; {
		case u.wrong[i] != nil:
		case plan == nil || cluster == nil:
			u.wrong[i] = refuse("the redirect of contact %s was ended by hand", loser)
		default:
			u.wrong[i] = refuse("contact %s was merged on by step %s of plan %s: undo that first, or both with --nested", loser, *cluster, *plan)
		}
		return nil
	})
	return err
}

// checkContacts refuses merges whose contacts are not there any more. Losers that the merge deleted are looked for later.
func (u *unmerge) checkContacts(ctx context.Context) error {
	id := "t." + quote(u.cat.id.name)
	rows, err := u.tx.Query(ctx, `SELECT `+id+`::text FROM `+u.cat.contacts.sql()+` AS t WHERE `+u.cat.oneOf(id, u.cat.idEqual, 1), u.members())
	if err != nil {
		return err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	there := make(map[string]bool, len(ids))
	for _, id := range ids {
		there[id] = true
	}
	gone := make(map[string]bool) // deleted by newer merges of the group
	if u.dry {
		if gone, err = u.deleted(ctx); err != nil {
			return err
		}
	}
	for i := range u.group {
		if s := u.group[i].Survivor; u.wrong[i] == nil && !there[s] && !gone[s] && !u.back[s] {
			u.wrong[i] = refuse("contact %s, which the others were merged into, does not exist any more", s)
		}
	}
	return u.checkLosers(ctx, there)
}

// checkLosers refuses merges with losers that stayed when they were merged and have been deleted since.
func (u *unmerge) checkLosers(ctx context.Context, there map[string]bool) error {
	deleted, err := u.deleted(ctx)
	if err != nil {
		return err
	}
	for i := range u.group {
		for _, id := range u.group[i].Losers {
			if u.wrong[i] == nil && !there[id] && !deleted[id] && !u.back[id] {
				u.wrong[i] = refuse("contact %s was deleted after it was merged", id)
			}
		}
	}
	return nil
}

// deleted are the contacts that merges of the group have deleted.
func (u *unmerge) deleted(ctx context.Context) (map[string]bool, error) {
	rows, err := u.tx.Query(ctx, `SELECT j.key_values[array_position(j.key_columns, $3)] FROM unnest($1::text[], $2::text[]) AS u(p, c)
		CROSS JOIN LATERAL (SELECT * FROM `+quote(u.cfg.Schema, "journal")+` AS x WHERE x.plan_id = u.p AND x.cluster_id = u.c OFFSET 0) AS j WHERE j.action = 'delete' AND $3 = ANY (j.key_columns)`,
		plansOf(u.group), clustersOf(u.group), u.cat.id.name)
	if err != nil {
		return nil, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	out := make(map[string]bool, len(ids))
	for _, id := range ids {
		out[id] = true
	}
	return out, nil
}

// endRedirects makes the losers stand for themselves again, and the earlier losers of a loser lead to it again.
func (u *unmerge) endRedirects(ctx context.Context, merges []Merged) error {
	redirects := quote(u.cfg.Schema, "redirects")
	args := []any{plansOf(merges), clustersOf(merges)}
	var earlier bool
	err := u.tx.QueryRow(ctx, `WITH ended AS (
			UPDATE `+redirects+` AS r SET active = false, ended_at = clock_timestamp(), ended_plan = u.p, ended_cluster = u.c FROM unnest($1::text[], $2::text[]) AS u(p, c)
			WHERE r.active AND r.plan_id = u.p AND r.cluster_id = u.c RETURNING r.compressed
		) SELECT coalesce(bool_or(compressed), false) FROM ended`, args...).Scan(&earlier)
	if err != nil {
		return fmt.Errorf("ending the redirects: %w", err)
	}
	if !earlier {
		return nil
	}
	_, err = u.tx.Exec(ctx, `INSERT INTO `+redirects+` (loser_id, survivor_id, plan_id, cluster_id, compressed)
		SELECT r.loser_id, r.survivor_id, r.plan_id, r.cluster_id, r.compressed FROM `+redirects+` AS r JOIN unnest($1::text[], $2::text[]) AS u(p, c)
			ON r.ended_plan = u.p AND r.ended_cluster = u.c AND NOT (r.plan_id = u.p AND r.cluster_id = u.c)`, args...)
	if err != nil {
		return fmt.Errorf("restoring the earlier redirects: %w", err)
	}
	return nil
}
