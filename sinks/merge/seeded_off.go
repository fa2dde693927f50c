//go:build !seededbugs

package merge

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Seeded is a bug to have, for the torture harness to find: see seeded_on.go. In builds for users there is none to choose.
type Seeded struct{}

func (Seeded) bug(string) bool { return false }

func (Seeded) isolation() pgx.TxIsoLevel { return pgx.ReadCommitted }

func (Seeded) tx(tx pgx.Tx) pgx.Tx { return tx }

func (Seeded) policies([]unique) {}

func (b *batch) seededStart(context.Context, int64) error { return nil }

func (b *batch) seededRecord(ctx context.Context, epoch int64) error { return b.record(ctx, epoch) }

func (m *Merger) seededLost(context.Context, *batch) bool { return false }
