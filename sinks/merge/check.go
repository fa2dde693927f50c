package merge

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/pgerr"
)

// Check finds what would keep every step of any plan from being carried out: names that do not exist, shapes of tables that cannot be
// counted, missing rights. It writes nothing.
func Check(ctx context.Context, conn *pgx.Conn, cfg Config) error {
	d, err := NewDryRun(conn, cfg)
	if err != nil {
		return err
	}
	err = d.read(ctx, func(tx pgx.Tx) error {
		c, err := readCatalog(ctx, tx, &d.cfg)
		if err != nil {
			return err
		}
		return preflight(ctx, tx, &d.cfg, c, writing)
	})
	if err != nil {
		return fmt.Errorf("preparing to merge: %w", pgerr.Clean(err))
	}
	return nil
}
