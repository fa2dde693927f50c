package merge

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/pgerr"
)

// eraseTimeout bounds one transaction of forget and purge, which read our largest tables whole.
const eraseTimeout = 15 * time.Minute

// Forgotten says what was erased of a person, or would be.
type Forgotten struct {
	Contact  string   // that was asked for
	Contacts []string // the person: the survivor, and everybody merged into it
	Receipt  string   // its number in the ledger's row; "" for a dry run
	When     time.Time
	Erased   []Erasure // by place, in a fixed order
	Merges   int       // that cannot be undone any more
	Standing []string  // contacts whose rows are still in the customer's table
}

// Erasure counts what was erased in one place.
type Erasure struct {
	What string
	Rows int64
}

// Empty says that nothing of the person was found in our tables.
func (f *Forgotten) Empty() bool {
	for _, e := range f.Erased {
		if e.Rows > 0 {
			return false
		}
	}
	return true
}

// forgetting is one request, in one transaction.
type forgetting struct {
	tx    pgx.Tx
	cfg   *Config
	out   *Forgotten
	steps []deed // with the person in them
}

// ForgetDryRun counts what Forget would erase.
func ForgetDryRun(ctx context.Context, conn *pgx.Conn, cfg Config, contact string) (*Forgotten, error) {
	cfg = cfg.WithDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("merge configuration: %w", err)
	}
	f := &forgetting{cfg: &cfg, out: &Forgotten{Contact: contact}}
	err := pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if err := pin(ctx, tx, maxLockTimeout, eraseTimeout); err != nil {
			return err
		}
		f.tx = tx
		if err := f.find(ctx); err != nil {
			return err
		}
		return f.each(ctx, func(e *erasing) string { return `SELECT count(*) FROM ` + e.from })
	})
	if err != nil {
		return nil, fmt.Errorf("looking for contact %s: %w", contact, pgerr.Clean(err))
	}
	return f.out, nil
}

// Forget erases a person from our tables: the one a contact id stands for, with all contacts merged into it. Ids and hashes stay, so that
// old ids lead on and the ledger's chain holds; what the contacts said goes. The merges of the person cannot be undone any more. The
// customer's own rows are not touched.
func (m *Merger) Forget(ctx context.Context, contact string) (*Forgotten, error) {
	f := &forgetting{cfg: &m.cfg, out: &Forgotten{Contact: contact}}
	err := m.erasing(ctx, func(tx pgx.Tx) error {
		f.tx = tx
		f.out = &Forgotten{Contact: contact}
		if err := f.find(ctx); err != nil {
			return err
		}
		if err := f.journal(ctx, m.session.Epoch()); err != nil {
			return err
		}
		return f.each(ctx, func(e *erasing) string {
			return `WITH cm_gone AS (` + e.write + ` RETURNING 1) SELECT count(*) FROM cm_gone`
		})
	})
	if err != nil {
		return nil, fmt.Errorf("forgetting contact %s: %w", contact, pgerr.Clean(err))
	}
	return f.out, nil
}

// erasing runs one transaction that erases. It is not tried again: whoever asked does it again, and what is erased already stays so.
func (m *Merger) erasing(ctx context.Context, do func(tx pgx.Tx) error) (err error) {
	if m.lock, err = lockTimeout(ctx, m.session.Conn(), &m.cfg); err != nil {
		return err
	}
	return pgx.BeginTxFunc(ctx, m.session.Conn(), pgx.TxOptions{IsoLevel: pgx.ReadCommitted, AccessMode: pgx.ReadWrite}, func(tx pgx.Tx) error {
		if err := m.begin(ctx, tx); err != nil {
			return err
		}
		if err := setTimeout(ctx, tx, milliseconds(eraseTimeout)); err != nil {
			return err
		}
		return do(tx)
	})
}

func (f *forgetting) ours(name string) string { return quote(f.cfg.Schema, name) }

// find follows the redirects both ways, and lists the steps with the person in them.
func (f *forgetting) find(ctx context.Context) error {
	rows, err := f.tx.Query(ctx, `WITH s AS (SELECT coalesce((SELECT survivor_id FROM `+f.ours("redirects")+` WHERE active AND loser_id = $1), $1) AS id)
		SELECT id FROM (SELECT id FROM s UNION SELECT $1 UNION SELECT r.loser_id FROM `+f.ours("redirects")+` AS r JOIN s ON r.survivor_id = s.id WHERE r.active) AS x
		ORDER BY id COLLATE "C"`, f.out.Contact)
	if err != nil {
		return fmt.Errorf("reading the redirects: %w", err)
	}
	if f.out.Contacts, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
		return fmt.Errorf("reading the redirects: %w", err)
	}
	rows, err = f.tx.Query(ctx, `SELECT l.plan_id, l.cluster_id, l.content_hash, l.survivor_id, l.loser_ids FROM `+f.ours("ledger")+` AS l
		WHERE `+journals("l")+` AND (l.survivor_id = ANY ($1) OR l.loser_ids && $1)
			AND NOT EXISTS (SELECT FROM `+f.ours("ledger")+` AS o WHERE o.plan_id = l.plan_id AND o.cluster_id = l.cluster_id AND o.action = 'forget') ORDER BY l.seq`, f.out.Contacts)
	if err != nil {
		return fmt.Errorf("reading the ledger: %w", err)
	}
	f.steps, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (d deed, err error) {
		err = row.Scan(&d.plan, &d.cluster, &d.content, &d.survivor, &d.losers)
		return d, err
	})
	if err != nil {
		return fmt.Errorf("reading the ledger: %w", err)
	}
	for _, s := range f.steps {
		if !strings.HasPrefix(s.plan, undoPlan("")) {
			f.out.Merges++
		}
	}
	contacts, err := findTable(ctx, f.tx, f.cfg.Contacts)
	if err != nil {
		return err
	}
	rows, err = f.tx.Query(ctx, `SELECT x.id FROM unnest($1::text[]) AS x(id) WHERE EXISTS (SELECT FROM `+contacts+` AS t WHERE t.`+quote(f.cfg.ID)+`::text = x.id) ORDER BY x.id COLLATE "C"`, f.out.Contacts)
	if err != nil {
		return fmt.Errorf("looking for the contacts' rows: %w", err)
	}
	f.out.Standing, err = pgx.CollectRows(rows, pgx.RowTo[string])
	return err
}

// findTable is the quoted name of a table.
func findTable(ctx context.Context, tx pgx.Tx, name string) (string, error) {
	c := &catalog{relations: make(map[uint32]*relation)}
	r, err := c.find(ctx, tx, name)
	if err != nil {
		return "", fmt.Errorf("contacts table: %w", err)
	}
	return r.sql(), nil
}

// journal erases the images of the steps, and writes that into the ledger: a row for each step, so that undo and verify know, and one for the
// request, which is its receipt.
func (f *forgetting) journal(ctx context.Context, epoch int64) error {
	plans, clusters := make([]string, len(f.steps)), make([]string, len(f.steps))
	for i, s := range f.steps {
		plans[i], clusters[i] = s.plan, s.cluster
	}
	var rows []int64
	if err := f.tx.QueryRow(ctx, `SELECT `+quote(f.cfg.Schema, "forget_journal")+`($1::text[], $2::text[])`, plans, clusters).Scan(&rows); err != nil {
		return fmt.Errorf("erasing the journal: %w", err)
	}
	f.out.Erased = append(f.out.Erased, Erasure{"journal rows", rows[0]}, Erasure{"archived contacts", rows[1]})
	if err := f.tx.QueryRow(ctx, `SELECT gen_random_uuid()::text, transaction_timestamp()`).Scan(&f.out.Receipt, &f.out.When); err != nil {
		return err
	}
	deeds := append(slices.Clone(f.steps), deed{plan: "forget", cluster: f.out.Receipt, survivor: f.out.Contact, losers: f.out.Contacts})
	if _, err := record(ctx, f.tx, f.cfg.Schema, "forget", epoch, deeds); err != nil {
		return err
	}
	return nil
}

// erasing is one place where a person may be named.
type erasing struct {
	what  string
	from  string // the rows: a table, and a condition
	write string
}

// each erases, or counts, place by place. $1 is the ids; $2 what plans are searched for.
func (f *forgetting) each(ctx context.Context, sql func(*erasing) string) error {
	needles, err := jsonTexts(f.out.Contacts)
	if err != nil {
		return err
	}
	for _, e := range f.places() {
		args := []any{f.out.Contacts}
		switch e.what {
		case "journal rows", "archived contacts":
			if f.out.Receipt != "" {
				continue // erased already
			}
		case "plans":
			args = []any{needles}
		}
		var n int64
		if err := f.tx.QueryRow(ctx, sql(&e), args...).Scan(&n); err != nil {
			return fmt.Errorf("%s: %w", e.what, err)
		}
		f.out.Erased = append(f.out.Erased, Erasure{e.what, n})
	}
	return nil
}

// places are where our tables name people, besides ids and hashes.
func (f *forgetting) places() []erasing {
	ofStep := func(a string) string {
		return a + ` JOIN ` + f.ours("ledger") + ` AS l ON l.plan_id = x.plan_id AND l.cluster_id = x.cluster_id AND ` + journals("l") + ` AND (l.survivor_id = ANY ($1) OR l.loser_ids && $1)`
	}
	place := func(what, table, where, set string) erasing {
		return erasing{what, f.ours(table) + ` AS x WHERE ` + where, `UPDATE ` + f.ours(table) + ` AS x SET ` + set + ` WHERE ` + where}
	}
	const pair = `(x.contact_id_a = ANY ($1) OR x.contact_id_b = ANY ($1))`
	return []erasing{
		{what: "journal rows", from: ofStep(f.ours("journal")+` AS x`) + ` WHERE NOT ` + tombstone("x")},
		{what: "archived contacts", from: ofStep(f.ours("archived_contacts")+` AS x`) + ` WHERE NOT ` + archiveTombstone("x")},
		place("evidence of suggestions", "suggestions", pair+` AND x.evidence IS NOT NULL`, `evidence = NULL`),
		place("golden records of suggested clusters", "clusters", `x.golden IS NOT NULL AND EXISTS (SELECT FROM `+f.ours("cluster_members")+` AS m
			WHERE m.run_id = x.run_id AND m.cluster_id = x.cluster_id AND m.contact_id = ANY ($1))`, `golden = NULL`),
		place("reasons given for decisions", "decisions", `x.contact_ids && $1 AND x.why <> ''`, `why = ''`),
		place("approved merges", "approvals", `x.contact_ids && $1 AND x.step <> '{}'`,
			`step = '{}', reason = 'a contact in it was forgotten', state = CASE WHEN x.state IN ('applied', 'undone') THEN x.state ELSE 'revoked' END, changed_at = clock_timestamp()`),
		{
			"contacts waiting for an approved merge", f.ours("approved_contacts") + ` AS x WHERE x.approval_id IN (SELECT a.approval_id FROM ` + f.ours("approvals") + ` AS a WHERE a.contact_ids && $1)`,
			`DELETE FROM ` + f.ours("approved_contacts") + ` AS x WHERE x.approval_id IN (SELECT a.approval_id FROM ` + f.ours("approvals") + ` AS a WHERE a.contact_ids && $1)`,
		},
		{
			"content behind a do-not-merge", f.ours("declined_content") + ` AS x WHERE x.contact_a = ANY ($1) OR x.contact_b = ANY ($1)`,
			`DELETE FROM ` + f.ours("declined_content") + ` AS x WHERE x.contact_a = ANY ($1) OR x.contact_b = ANY ($1)`,
		},
		// A plan's id is the hash of its content, so a plan cannot lose one step: it goes as a whole. Ids are searched as they stand in its JSON.
		place("plans", "plans", `x.body <> '' AND EXISTS (SELECT FROM unnest($1::text[]) AS n(text) WHERE position(convert_to(n.text, 'UTF8') IN x.body) > 0)`,
			`body = '', erased_at = clock_timestamp()`),
	}
}

// jsonTexts are ids as a plan holds them.
func jsonTexts(ids []string) ([]string, error) {
	out := make([]string, len(ids))
	for i, id := range ids {
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(id); err != nil {
			return nil, fmt.Errorf("encoding an id: %w", err)
		}
		out[i] = strings.TrimSuffix(b.String(), "\n")
	}
	return out, nil
}
