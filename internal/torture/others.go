package torture

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// others merges one fixture the way widely used systems do, written here after their published code, and the way this program does: a
// loser with 1,000 tags, one of which the survivor has too. A row is lost when it is neither in its table nor in a journal.
func others(ctx context.Context, a *Arena, seed uint64, _ Scale) ([]Count, error) {
	ways := []struct {
		name   string
		policy string
		merge  func(ctx context.Context, s *Site, survivor, loser string) error
	}{
		{"update, delete all on any error (as Odoo)", "", likeOdoo},
		{"update what does not clash, delete the rest (as CiviCRM)", "", likeCiviCRM},
		{"contactmerge", "", ourWay},
		{"contactmerge, keep_survivor", "keep_survivor", ourWay},
	}
	var out []Count
	for _, w := range ways {
		spec := newDesk(seed, 1, "archive")
		t := tags(spec, newDice(seed, "tags"))
		t.Name, t.Policy = t.Kind, w.policy
		spec.Tables = append(spec.Tables, t)
		c, err := a.counted(func() (Count, error) {
			c := Count{Name: "tags lost of 1,001: " + w.name}
			err := a.withDesk(ctx, spec, func(s *Site) error {
				g := s.plan.Steps[0]
				before, err := s.clash(ctx, g.Survivor, g.Losers[0])
				if err != nil {
					return err
				}
				if err := w.merge(ctx, s, g.Survivor, g.Losers[0]); err != nil {
					return err
				}
				var kept, journalled, moved int
				err = withConn(ctx, s.DSN(), func(conn *pgx.Conn) error {
					return conn.QueryRow(ctx, `SELECT (SELECT count(*) FROM tags), (SELECT count(*) FROM contactmerge.journal WHERE table_name = 'tags' AND action = 'remove'),
						(SELECT count(*) FROM tags WHERE contact_id = $1::text::bigint)`, g.Survivor).Scan(&kept, &journalled, &moved)
				})
				c.Done = before - kept - journalled
				c.Detail = fmt.Sprintf("%d in the table, %d of them with the survivor, %d in the journal", kept, moved, journalled)
				if strings.HasPrefix(w.name, "contactmerge") && c.Done != 0 {
					a.violation("contactmerge lost %d rows of the fixture", c.Done)
				}
				return err
			})
			return c, err
		})
		if err != nil {
			return out, err
		}
		out = append(out, c)
	}
	return out, nil
}

// ourWay applies the plan.
func ourWay(ctx context.Context, s *Site, _, _ string) error {
	if r := s.Run(ctx, applyArgs...); r.Code != exitDone && r.Code != exitPartial {
		return fmt.Errorf("apply: %s", r)
	}
	return nil
}

// clash gives the loser its 1,000 tags and the survivor one of the same. It returns how many there are.
func (s *Site) clash(ctx context.Context, survivor, loser string) (n int, err error) {
	err = withConn(ctx, s.DSN(), func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `DELETE FROM tags`)
		if err == nil {
			_, err = conn.Exec(ctx, `INSERT INTO tags (contact_id, tag) SELECT $2::text::bigint, 'tag ' || n FROM generate_series(1, 1000) AS n UNION ALL SELECT $1::text::bigint, 'tag 500'`, survivor, loser)
		}
		if err == nil {
			err = conn.QueryRow(ctx, "SELECT count(*) FROM tags").Scan(&n)
		}
		return err
	})
	return n, err
}

// likeOdoo re-parents in a savepoint and, when anything goes wrong, deletes the loser's rows of the table.
func likeOdoo(ctx context.Context, s *Site, survivor, loser string) error {
	return withConn(ctx, s.DSN(), func(conn *pgx.Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			err := pgx.BeginFunc(ctx, tx, func(sp pgx.Tx) error {
				_, err := sp.Exec(ctx, "UPDATE tags SET contact_id = $1::text::bigint WHERE contact_id = $2::text::bigint", survivor, loser)
				return err
			})
			if err == nil {
				return errors.New("the fixture does not clash")
			}
			_, err = tx.Exec(ctx, "DELETE FROM tags WHERE contact_id = $1::text::bigint", loser)
			return err
		})
	})
}

// likeCiviCRM updates and ignores rows that clash, then deletes what is left with the loser.
func likeCiviCRM(ctx context.Context, s *Site, survivor, loser string) error {
	return withConn(ctx, s.DSN(), func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `UPDATE tags AS t SET contact_id = $1::text::bigint WHERE contact_id = $2::text::bigint
			AND NOT EXISTS (SELECT FROM tags AS o WHERE o.contact_id = $1::text::bigint AND o.tag = t.tag)`, survivor, loser)
		if err == nil {
			_, err = conn.Exec(ctx, "DELETE FROM tags WHERE contact_id = $1::text::bigint", loser)
		}
		return err
	})
}
