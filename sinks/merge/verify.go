package merge

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/pgerr"
)

// VerifyJournal recomputes the hash of every ledger row, and of the journal rows it stands for. It returns what is wrong with the first
// step that does not fit, "" when all is well.
func VerifyJournal(ctx context.Context, conn *pgx.Conn, schema string) (string, error) {
	ledger := quote(schema, "ledger")
	var wrong string
	err := pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if err := pin(ctx, tx, maxLockTimeout, verifyTimeout); err != nil {
			return err
		}
		var plan, step, what string
		err := tx.QueryRow(ctx, `SELECT plan_id, cluster_id, what FROM (
				SELECT l.seq, l.plan_id, l.cluster_id, CASE
					WHEN l.prev_hash <> coalesce(lag(l.hash) OVER (ORDER BY l.seq), '') OR l.seq <> row_number() OVER (ORDER BY l.seq) THEN 'a ledger row before it is missing'
					WHEN l.hash <> `+chainSQL+` THEN 'its ledger row was altered'
					WHEN l.digest <> (`+digestOf(schema)+`) OR `+alteredSQL(schema)+` THEN 'its journal was altered or purged'
				END AS what FROM `+ledger+` AS l
			) AS checked WHERE what IS NOT NULL ORDER BY seq LIMIT 1`).Scan(&plan, &step, &what)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		wrong = fmt.Sprintf("step %s of plan %s: %s", step, plan, what)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("verifying the journal: %w", pgerr.Clean(err))
	}
	return wrong, nil
}
