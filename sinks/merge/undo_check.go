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
	u.deleted = make(map[string]bool)
	for i := range u.wrong {
		u.wrong[i] = refuse("it was not applied")
	}
	rows, err := u.tx.Query(ctx, checkLedgerSQL(u.cfg.Schema), plansOf(u.group), clustersOf(u.group), ledgerFormat, u.cat.id.name)
	if err != nil {
		return err
	}
	var (
		at, format                        int
		content, digest, xid              string
		undone, forgotten, purged, broken bool
		deleted                           []string
	)
	_, err = pgx.ForEachRow(rows, []any{&at, &content, &digest, &format, &xid, &undone, &forgotten, &purged, &broken, &deleted}, func() error {
		i := at - 1
		u.contents[i], u.xids[i], u.wrong[i] = content, xid, nil
		if format == ledgerFormat {
			u.digests[i] = digest
		}
		for _, id := range deleted {
			u.deleted[id] = true
		}
		deleted = nil
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

// checkLedgerSQL asks for each plan ($1) and cluster ($2) what the ledger says of it, whether the journal is as the ledger has it, and which
// contacts the merge deleted. Every look-up is one by the key, whatever the statistics say: OFFSET 0 keeps the planner from reading a whole table
// once for the group.
func checkLedgerSQL(schema string) string {
	ledger, journal, archive := quote(schema, "ledger"), quote(schema, "journal"), quote(schema, "archived_contacts")
	told := func(action string) string {
		return `EXISTS (SELECT FROM ` + ledger + ` AS o WHERE o.plan_id = u.p AND o.cluster_id = u.c AND o.action = '` + action + `' OFFSET 0)`
	}
	return `SELECT n, l.content_hash, l.digest, l.format, l.xid, ` + told("undo") + `, ` + told("forget") + `, l.seq <= ` + purgedThroughSQL(schema) + `,
			CASE WHEN l.format > $3 THEN false WHEN l.format = 1 THEN l.digest <> ` + digestOldSQL(schema) + `
				ELSE j.altered OR a.altered OR l.digest <> encode(sha256(j.hashes || a.hashes), 'hex') END
				OR EXISTS (SELECT FROM ` + ledger + ` AS l WHERE l.action = 'sweep' AND l.content_hash = u.p AND l.cluster_id = u.c
					AND (l.digest <> (` + digestOf(schema) + `) OR ` + alteredSQL(schema) + `) OFFSET 0),
			j.deleted
		FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS u(p, c, n)
		CROSS JOIN LATERAL (SELECT * FROM ` + ledger + ` AS x WHERE x.plan_id = u.p AND x.cluster_id = u.c AND x.action = 'merge' OFFSET 0) AS l
		CROSS JOIN LATERAL (SELECT coalesce(string_agg(j.row_hash, ''::bytea ORDER BY j.seq), '') AS hashes, coalesce(bool_or(j.row_hash IS DISTINCT FROM ` + journalHash + `), false) AS altered,
				array_agg(j.key_values[array_position(j.key_columns, $4)]) FILTER (WHERE j.action = 'delete' AND j.key_values[array_position(j.key_columns, $4)] IS NOT NULL) AS deleted
			FROM ` + journal + ` AS j WHERE j.plan_id = u.p AND j.cluster_id = u.c OFFSET 0) AS j
		CROSS JOIN LATERAL (SELECT coalesce(string_agg(a.row_hash, ''::bytea ORDER BY a.contact_id COLLATE "C"), '') AS hashes, coalesce(bool_or(a.row_hash IS DISTINCT FROM ` + archiveHash + `), false) AS altered
			FROM ` + archive + ` AS a WHERE a.plan_id = u.p AND a.cluster_id = u.c OFFSET 0) AS a`
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
	gone := u.deleted // by newer merges of the group
	if !u.dry {
		gone = nil
	}
	for i := range u.group {
		if s := u.group[i].Survivor; u.wrong[i] == nil && !there[s] && !gone[s] && !u.back[s] {
			u.wrong[i] = refuse("contact %s, which the others were merged into, does not exist any more", s)
		}
	}
	u.checkLosers(there)
	return nil
}

// checkLosers refuses merges with losers that stayed when they were merged and have been deleted since.
func (u *unmerge) checkLosers(there map[string]bool) {
	for i := range u.group {
		for _, id := range u.group[i].Losers {
			if u.wrong[i] == nil && !there[id] && !u.deleted[id] && !u.back[id] {
				u.wrong[i] = refuse("contact %s was deleted after it was merged", id)
			}
		}
	}
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
