package postgres

import (
	"context"
	"fmt"

	"github.com/contactmerge/contactmerge/internal/cluster"
)

// Renew returns the plan as it is, unless a merge of it was undone: the ledger holds every merge of a plan once, so the same merges can only
// be carried out again as another plan. Its source then says after which ledger row that is.
func (s *Store) Renew(ctx context.Context, p *cluster.Plan) (*cluster.Plan, error) {
	source := p.Source
	for {
		var seq int64
		err := s.pool.QueryRow(ctx, `SELECT coalesce(max(seq), 0) FROM `+s.table("ledger")+` WHERE plan_id = $1 AND action = 'undo'`, p.ID).Scan(&seq)
		if err != nil {
			return nil, fmt.Errorf("looking for undone merges: %w", clean(err))
		}
		if seq == 0 {
			return p, nil
		}
		again := *p
		again.Source = fmt.Sprintf("%s, again after ledger row %d", source, seq)
		again.ID = again.Hash()
		p = &again
	}
}
