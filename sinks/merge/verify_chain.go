package merge

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// chain is I6: the ledger's hashes follow from each other, and the journal and archive rows have those of their content. Where a journal
// was erased, by forget or purge, the ledger must say so.
func (v *verifier) chain(ctx context.Context) error {
	c := v.begin("I6", "the ledger's chain is whole, and every journal and archive row has its hash")
	previous, want := "", int64(1)
	err := v.pages("chain", func(from, to int64) error {
		rows, err := v.tx.Query(ctx, v.chainPageSQL(), from, to, v.purged)
		if err != nil {
			return err
		}
		var (
			p            Problem
			seq, entries int64
			before, hash string
			what         *string
		)
		_, err = pgx.ForEachRow(rows, []any{&seq, &p.Plan, &p.Cluster, &before, &hash, &what, &entries}, func() error {
			c.Rows += 1 + entries
			switch {
			case seq != want || before != previous:
				v.missing(c, p, seq, want)
			case what != nil:
				p.What = *what
				c.violate(p)
			}
			previous, want, what = hash, seq+1, nil
			return nil
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("verifying the ledger: %w", err)
	}
	return v.anchored(ctx, c)
}

// missing says what is wrong with a link of the chain.
func (v *verifier) missing(c *Invariant, p Problem, seq, want int64) {
	switch {
	case seq == want+1:
		p.What = fmt.Sprintf("the ledger row before it, number %d, is missing", want)
	case seq > want:
		p.What = fmt.Sprintf("%d ledger rows before it, from number %d on, are missing", seq-want, want)
	default:
		p.What = "its ledger row does not follow from the one before it: one of them was altered, or they were exchanged"
	}
	c.violate(p)
}

// chainPageSQL lists a page of the ledger ($1 to $2) with what is wrong with each row by itself. $3 is how far journals were purged.
func (v *verifier) chainPageSQL() string {
	journal, archive, ledger := v.ours("journal"), v.ours("archived_contacts"), v.ours("ledger")
	mine := func(alias string) string {
		return alias + ".plan_id = l.plan_id AND " + alias + ".cluster_id = l.cluster_id"
	}
	// A step is purged or forgotten with all that was done to it.
	return `SELECT l.seq, l.plan_id, l.cluster_id, l.prev_hash, l.hash, CASE
			WHEN l.hash <> ` + chainSQL + ` THEN 'its ledger row was altered'
			WHEN s.purged THEN CASE WHEN s.journalled > 0 THEN 'its journal was purged, and yet there are rows in it' END
			WHEN s.forgotten THEN CASE
				WHEN s.readable > 0 THEN 'its journal was forgotten, and yet some of it can be read'
				WHEN l.format > 1 AND l.digest <> ` + digestSQL(v.cfg.Schema) + ` THEN 'its journal was altered or purged' END
			WHEN l.digest <> (` + digestOf(v.cfg.Schema) + `) OR ` + alteredSQL(v.cfg.Schema) + ` THEN 'its journal was altered or purged'
			WHEN ` + journals("l") + ` AND s.entries <> l.entries THEN 'its journal does not have as many rows as its ledger row says'
			END, s.journalled
		FROM (SELECT * FROM ` + ledger + ` WHERE seq BETWEEN $1 AND $2) AS l
		CROSS JOIN LATERAL (SELECT
			(SELECT count(*) FROM ` + journal + ` AS j WHERE ` + mine("j") + `) AS entries,
			(SELECT count(*) FROM ` + journal + ` AS j WHERE ` + mine("j") + `) + (SELECT count(*) FROM ` + archive + ` AS a WHERE ` + mine("a") + `) AS journalled,
			(SELECT count(*) FROM ` + journal + ` AS j WHERE ` + mine("j") + ` AND NOT ` + tombstone("j") + `)
				+ (SELECT count(*) FROM ` + archive + ` AS a WHERE ` + mine("a") + ` AND NOT ` + archiveTombstone("a") + `) AS readable,
			EXISTS (SELECT FROM ` + ledger + ` AS f WHERE ` + mine("f") + ` AND f.action = 'forget') AS forgotten,
			EXISTS (SELECT FROM ` + ledger + ` AS f WHERE ` + mine("f") + ` AND ` + journals("f") + ` AND f.seq <= $3) AS purged
		) AS s ORDER BY l.seq`
}

// anchored looks for the head of an earlier verification: whoever takes rows off the end of the ledger, with all that belongs to them,
// leaves a whole chain behind.
func (v *verifier) anchored(ctx context.Context, c *Invariant) error {
	if v.opt.Head == "" {
		return nil
	}
	seq, want, err := parseHead(v.opt.Head)
	if err != nil {
		return err
	}
	var have string
	err = v.tx.QueryRow(ctx, `SELECT hash FROM `+v.ours("ledger")+` WHERE seq = $1`, seq).Scan(&have)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		c.violate(Problem{What: fmt.Sprintf("the ledger has no row %d any more, to which the given head belongs: rows were taken off its end", seq)})
	case err != nil:
		return fmt.Errorf("looking for the head: %w", err)
	case have != want:
		c.violate(Problem{What: fmt.Sprintf("row %d of the ledger is not the one the given head belongs to: the ledger was written anew", seq)})
	}
	return nil
}
