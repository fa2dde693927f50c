package merge

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/cluster"
)

// lock reads the members of all steps, in id order, and locks them in one statement. A step alone waits for its rows; in company it is put
// off when somebody else has one of them.
//
// FOR UPDATE, not FOR NO KEY UPDATE: it also keeps new children off, which would otherwise be lost with a deleted loser.
func (b *batch) lock(ctx context.Context) error {
	how := " FOR UPDATE OF t"
	if len(b.items) > 1 {
		how += " SKIP LOCKED"
	}
	if err := b.read(ctx, how); err != nil {
		return err
	}
	var missing []string
	for _, it := range b.items {
		for _, id := range members(it.step) {
			if _, ok := it.members[id]; !ok {
				missing = append(missing, id)
			}
		}
	}
	if len(b.items) == 1 || len(missing) == 0 {
		return nil
	}
	id := "t." + quote(b.cat.id.name)
	rows, err := b.tx.Query(ctx, `SELECT `+id+`::text FROM `+b.cat.contacts.sql()+` AS t WHERE `+b.cat.oneOf(id, b.cat.idEqual, 1), missing)
	if err != nil {
		return err
	}
	locked, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	there := make(map[string]bool)
	for _, id := range locked {
		there[id] = true
	}
	for _, it := range b.items {
		for _, id := range members(it.step) {
			if _, ok := it.members[id]; !ok && there[id] {
				b.leave(&b.busy, it)
				break
			}
		}
	}
	return nil
}

// read reads the members.
func (b *batch) read(ctx context.Context, how string) error {
	id := "t." + quote(b.cat.id.name)
	rows, err := b.tx.Query(ctx, `SELECT `+id+`::text, `+textArray(b.cfg.Columns)+`, pg_column_size(`+textArray(b.cat.contacts.names())+`) FROM `+b.cat.contacts.sql()+` AS t
		WHERE `+b.cat.oneOf(id, b.cat.idEqual, 1)+` ORDER BY `+id+how, b.members())
	if err != nil {
		return err
	}
	found := make(map[string]memberRow)
	var (
		key string
		r   memberRow
	)
	_, err = pgx.ForEachRow(rows, []any{&key, &r.values, &r.bytes}, func() error {
		found[key] = r
		r.values = nil
		return nil
	})
	for _, it := range b.items {
		it.members, it.bytes = make(map[string]memberRow), 0
		for _, id := range members(it.step) {
			if r, ok := found[id]; ok {
				it.members[id] = r
				it.bytes += r.bytes
			}
		}
	}
	return err
}

// applied takes the steps out that the ledger has.
func (b *batch) applied(ctx context.Context) error {
	rows, err := b.tx.Query(ctx, `SELECT l.cluster_id, l.action, l.content_hash FROM unnest($2::text[]) AS c(id)
		CROSS JOIN LATERAL (SELECT * FROM `+b.ours("ledger")+` AS l WHERE l.plan_id = $1 AND l.cluster_id = c.id AND l.action IN ('merge', 'undo') OFFSET 0) AS l`, b.plan, b.clusters())
	if err != nil {
		return err
	}
	type entry struct {
		hash           string
		merged, undone bool
	}
	have := make(map[string]entry)
	var key, action, hash string
	_, err = pgx.ForEachRow(rows, []any{&key, &action, &hash}, func() error {
		e := have[key]
		if action == "merge" {
			e.merged, e.hash = true, hash
		} else {
			e.undone = true
		}
		have[key] = e
		return nil
	})
	if err != nil {
		return err
	}
	for _, it := range b.items {
		e := have[it.step.Cluster]
		switch {
		case !e.merged:
		case e.hash != it.content:
			b.drop(it, Failed, "the ledger has this step of the plan with other content: the plan was altered")
		case e.undone:
			b.drop(it, Refused, "it was applied and undone: make a new plan")
		default:
			b.drop(it, AlreadyApplied, "")
		}
	}
	return nil
}

// check takes the steps out whose members are not what they were when the plan was made.
func (b *batch) check(ctx context.Context) error {
	for _, it := range b.items {
		for _, id := range members(it.step) {
			if _, ok := it.members[id]; !ok {
				b.drop(it, Gone, "contact "+id+" does not exist any more")
				break
			}
		}
	}
	if err := b.unmerged(ctx); err != nil {
		return err
	}
	if err := b.chosen(ctx); err != nil {
		return err
	}
	identities, err := b.identityValues(ctx)
	if err != nil {
		return err
	}
	for _, it := range b.items {
		for _, g := range it.step.Guards {
			if cluster.GuardHash(it.members[g.ID].values, identities[g.ID]) != g.Hash && !b.cfg.Seeded.bug("no_guard") {
				b.drop(it, Stale, changed(g.ID))
				break
			}
		}
	}
	return nil
}

// changed is why a step is stale.
func changed(id string) string { return "contact " + id + " changed since the plan was made" }

// dropMembers takes out every step that has a contact of a query with the columns contact id and text: the first, with a reason made of both.
func (b *batch) dropMembers(ctx context.Context, o Outcome, reason func(id, text string) string, sql string, args ...any) error {
	if len(b.items) == 0 {
		return nil
	}
	rows, err := b.tx.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	owner := make(map[string]*item)
	for _, it := range b.items {
		for _, id := range members(it.step) {
			owner[id] = it
		}
	}
	var id, text string
	_, err = pgx.ForEachRow(rows, []any{&id, &text}, func() error {
		if it := owner[id]; it != nil && it.result.Outcome == "" {
			b.drop(it, o, reason(id, text))
		}
		return nil
	})
	return err
}

// unmerged takes the steps out of which a member was merged away by now.
func (b *batch) unmerged(ctx context.Context) error {
	return b.dropMembers(ctx, Gone, func(loser, into string) string { return "contact " + loser + " was merged into " + into },
		`SELECT loser_id, survivor_id FROM `+b.ours("redirects")+` WHERE active AND loser_id = ANY ($1) ORDER BY loser_id`, b.members())
}

// chosen takes the steps out with members that a run would leave out by now, such as contacts the application has marked as deleted in a
// column that no guard covers.
func (b *batch) chosen(ctx context.Context) error {
	if b.cfg.Where == "" {
		return nil
	}
	id := "t." + quote(b.cat.id.name)
	err := b.dropMembers(ctx, Stale, func(out, _ string) string {
		return "contact " + out + " does not meet the condition of the contacts any more"
	},
		`SELECT `+id+`::text, '' FROM `+b.cat.contacts.sql()+` AS t WHERE `+b.cat.oneOf(id, b.cat.idEqual, 1)+`
		AND (`+b.cfg.Where+`
		) IS NOT TRUE ORDER BY `+id, b.members()) // the line end closes a comment
	if err != nil {
		return fmt.Errorf("asking for the contacts' condition: %w", err)
	}
	return nil
}

// lockIdentities keeps the identities that the guards are about to read as they are.
func (b *batch) lockIdentities(ctx context.Context) error {
	if b.cat.identities == nil || len(b.items) == 0 {
		return nil
	}
	ref := b.cat.identityRef
	_, err := b.tx.Exec(ctx, `SELECT FROM `+b.cat.identities.sql()+` AS t WHERE `+b.cat.oneOf("t."+quote(ref.column.name), ref.toID, 1)+` FOR UPDATE OF t`, b.members())
	return err
}

// identityValues are the values of the members' rows in the identities table, as far as a run takes them for identities: a row without a
// value or a channel is none.
func (b *batch) identityValues(ctx context.Context) (map[string][]string, error) {
	if b.cat.identities == nil || len(b.items) == 0 {
		return nil, nil
	}
	ref := b.cat.identityRef
	fk, channel, where := "t."+quote(ref.column.name), "'-'", ""
	if b.cfg.IdentityChannel != "" {
		channel = "t." + quote(b.cfg.IdentityChannel) + "::text"
	}
	if b.cfg.IdentityWhere != "" {
		where = " AND (" + b.cfg.IdentityWhere + "\n)" // the line end closes a comment
	}
	rows, err := b.tx.Query(ctx, `SELECT `+fk+`::text, coalesce(t.`+b.cat.value+`::text, ''), coalesce(`+channel+`, '') FROM `+b.cat.identities.sql()+` AS t
		WHERE `+b.cat.oneOf(fk, ref.toID, 1)+where, b.members())
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
