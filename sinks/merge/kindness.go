package merge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/pgerr"
)

// Stop ends a call of Apply in good order: what was begun is finished, the report is complete, and the rest is left for the next time.
type Stop struct{ Reason string }

// Error is the reason.
func (s *Stop) Error() string { return "stopped: " + s.Reason }

// stopping is the reason when err is a Stop.
func stopping(err error) (reason string, ok bool) {
	var s *Stop
	if errors.As(err, &s) {
		return s.Reason, true
	}
	return "", false
}

// Kindness says what a run that writes waits for, and when it stops. The zero value waits for nothing.
type Kindness struct {
	MaxReplicaLag     time.Duration // a replica that replays later than this makes us wait
	MaxReplicaBytes   int64         // and so does one that has this much write-ahead log still to replay
	MaxWALRate        int64         // bytes a second of write-ahead log, by everybody; past it we wait until the mean is below
	MaxActiveSessions int           // sessions other than ours that are at work
	StopFile          string        // a run stops when this file exists, or a row in our table stop_requests
	Window            Window        // a run stops outside of it
	MaxPause          time.Duration // a run that waits longer in one go stops; 0 chooses half an hour
	InsistOnReplicas  bool          // the limits on replicas were asked for: it is an error not to see them

	Waiting func(reason string) // told once for every time we wait; nil for nobody
	// Sleep waits, or returns the context's error; nil waits really. Tests do not.
	Sleep func(ctx context.Context, d time.Duration) error
}

const (
	defaultMaxPause = 30 * time.Minute
	// lookAgain is how often the server is asked while we wait, and at most while we work: once a second costs nothing.
	lookAgain = time.Second
)

// Gate stands between groups: it lets the next one begin, waits, or ends the run.
type Gate struct {
	cfg    Kindness
	schema string
	conn   func() *pgx.Conn // the connection that writes, between two transactions
	asked  time.Time        // when the server was asked last
	wal    walMark
}

// NewGate makes a gate that asks through the connection that conn returns; schema is that of our tables.
func NewGate(conn func() *pgx.Conn, schema string, cfg Kindness) *Gate {
	cfg.MaxPause = cmp.Or(cfg.MaxPause, defaultMaxPause)
	if cfg.Sleep == nil {
		cfg.Sleep = sleep
	}
	return &Gate{cfg: cfg, schema: cmp.Or(schema, defaultSchema), conn: conn}
}

// Between is called between two transactions. It returns nil when the next one may begin, and a *Stop when the run should end here.
func (g *Gate) Between(ctx context.Context) error {
	waited := time.Duration(0)
	for {
		if err := g.stopFile(); err != nil {
			return err
		}
		// While we work, asking before every group would be a round trip each for figures that hardly move.
		if waited == 0 && time.Since(g.asked) < lookAgain && g.cfg.MaxWALRate == 0 {
			return nil
		}
		wait, reason, err := g.look(ctx)
		if err != nil || wait == 0 {
			return err
		}
		if waited == 0 && g.cfg.Waiting != nil {
			g.cfg.Waiting(reason)
		}
		if waited += wait; waited > g.cfg.MaxPause {
			return &Stop{fmt.Sprintf("%s, for more than %s", reason, g.cfg.MaxPause)}
		}
		if err := g.cfg.Sleep(ctx, wait); err != nil {
			return nil // the caller looks at its context itself, and says so better
		}
	}
}

// stopFile ends the run when somebody asked for it in the simplest way there is.
func (g *Gate) stopFile() error {
	if g.cfg.StopFile == "" {
		return nil
	}
	_, err := os.Lstat(g.cfg.StopFile)
	switch {
	case err == nil:
		return &Stop{fmt.Sprintf("the stop file %s exists; remove it to go on", g.cfg.StopFile)}
	case errors.Is(err, os.ErrNotExist):
		return nil
	}
	return fmt.Errorf("looking for the stop file: %w", err) // not knowing whether to stop is a reason to stop
}

// look asks the server how it fares, and says how long to wait and why.
func (g *Gate) look(ctx context.Context) (wait time.Duration, reason string, err error) {
	conn := g.conn()
	if conn.IsClosed() {
		return 0, "", nil // the next group opens it again
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), defaultStepTimeout)
	defer cancel()
	now, err := g.ask(ctx, conn)
	if err != nil {
		if conn.IsClosed() {
			return 0, "", nil
		}
		return 0, "", fmt.Errorf("asking how busy the server is: %w", pgerr.Clean(err))
	}
	g.asked = time.Now()
	if !g.cfg.Window.Contains(now.minute) {
		return 0, "", &Stop{fmt.Sprintf("it is outside of the window %s", g.cfg.Window)}
	}
	if now.stop != "" {
		return 0, "", &Stop{fmt.Sprintf("it was asked to %s; delete the row of %s.stop_requests to go on", now.stop, g.schema)}
	}
	wait, reason = g.busy(now)
	return wait, reason, nil
}

// sleep waits for a while.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
