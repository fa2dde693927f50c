package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/connect"
	"github.com/contactmerge/contactmerge/sinks/merge"
)

// space tells about how much a plan will write, and refuses when the server's disk is this machine's and has less: a full disk of
// write-ahead log takes the whole server down.
func (a *app) space(ctx context.Context, conn *pgx.Conn, cfg merge.Config, p *cluster.Plan) error {
	s, err := merge.Estimate(ctx, conn, cfg, p)
	if err != nil {
		return err
	}
	a.printf("writes  %s\n", &s)
	if s.DataDirectory == "" || !connect.Local(conn.Config()) {
		return nil // nobody here can know
	}
	free, err := freeDisk(s.DataDirectory)
	if err != nil || int64(free) >= s.Needs() {
		return nil // not knowing is no reason to stop: the folder may be inside of a container
	}
	return fmt.Errorf("the server's disk has %d MB free, and the plan needs about %d: make room, or merge a part of it with breakers.max_merges", free>>20, s.Needs()>>20)
}
