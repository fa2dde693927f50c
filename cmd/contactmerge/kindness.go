package main

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/contactmerge/contactmerge/internal/config"
	"github.com/contactmerge/contactmerge/sinks/merge"
	"github.com/contactmerge/contactmerge/sinks/postgres"
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
func (a *app) gate(ctx context.Context, c *config.Config, lock *postgres.Lock, anyTime bool) (*merge.Gate, error) {
	log, err := a.logs.logger(a.err)
	if err != nil {
		return nil, err
	}
	k, err := kindness(c)
	if err != nil {
		return nil, err
	}
	if anyTime {
		k.Window = merge.Window{}
	}
	k.Waiting = func(reason string) { log.Warn("waiting", "because", reason) }
	g := merge.NewGate(lock.Conn, c.Database.Schema, k)
	if err := g.Check(ctx); err != nil {
		return nil, err
	}
	return g, nil
}

// errIncomplete ends a command that stopped in good order before it was done, which it has told already.
var errIncomplete = errors.New("stopped before the end")

// interrupted says that a signal ended the work between two groups.
func interrupted(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, context.Canceled)
}
