package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/config"
	"github.com/contactmerge/contactmerge/sinks/merge"
)

// The limits that hold when the configuration does not say otherwise and the role may see how replicas fare: what a read replica behind a
// web application is expected to catch up with unnoticed.
const (
	defaultReplicaLag = 30 * time.Second
	defaultReplicaMB  = 256
)

// kindness reads the limits of the configuration.
func kindness(c *config.Config) (merge.Kindness, error) {
	k := &c.Merge.Kindness
	window, err := merge.ParseWindow(c.Merge.Window)
	if err != nil {
		return merge.Kindness{}, usagef("merge.window: %w", err)
	}
	return merge.Kindness{
		MaxReplicaLag:     cmp.Or(duration(k.MaxReplicaLag), defaultReplicaLag),
		MaxReplicaBytes:   int64(cmp.Or(k.MaxReplicaMB, defaultReplicaMB)) << 20,
		MaxWALRate:        int64(k.MaxWALMB) << 20,
		MaxActiveSessions: k.MaxActiveSessions,
		StopFile:          k.StopFile,
		Window:            window,
		MaxPause:          duration(k.MaxPause),
		InsistOnReplicas:  k.MaxReplicaLag != "" || k.MaxReplicaMB != 0,
	}, nil
}

// duration reads a time that the configuration has checked.
func duration(s string) time.Duration {
	d, _ := time.ParseDuration(s)
	return d
}

// gate makes what stands between the groups of a merge. anyTime ignores the window.
func (d *database) gate(ctx context.Context, c *config.Config, conn func() *pgx.Conn, opt gateOptions) (*merge.Gate, error) {
	k, err := kindness(c)
	if err != nil {
		return nil, err
	}
	if opt.anyTime {
		k.Window = merge.Window{}
	}
	k.Waiting = func(reason string) { opt.log.Warn("waiting", "because", reason) }
	g := merge.NewGate(conn, c.Database.Schema, k)
	if err := g.Check(ctx); err != nil {
		return nil, err
	}
	return g, nil
}

// gateOptions are what a gate needs besides the configuration.
type gateOptions struct {
	log     *slog.Logger
	anyTime bool
}

// errIncomplete ends a command that stopped in good order before it was done, which it has told already.
var errIncomplete = errors.New("stopped before the end")

// interrupted says that a signal ended the work between two groups.
func interrupted(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, context.Canceled)
}
