package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// DecideAll adds decisions inside a transaction of the caller, so that they are stored together with what made them, or not at all.
func (s *Store) DecideAll(ctx context.Context, tx pgx.Tx, decisions []Decision) error {
	var batch pgx.Batch
	for i := range decisions {
		d := &decisions[i]
		batch.Queue(`INSERT INTO `+s.table("decisions")+` (decision, contact_ids, cluster_id, run_id, decided_by, why)
			VALUES ($1, $2, nullif($3, ''), nullif($4, ''), $5, $6)`, d.Decision, d.Contacts, d.Cluster, d.Run, printable(d.By), printable(d.Why))
	}
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return fmt.Errorf("storing decisions: %w", clean(err))
	}
	return nil
}
