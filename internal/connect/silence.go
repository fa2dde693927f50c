package connect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A connection can die without a word: a firewall forgets it, a machine loses its power, a proxy hangs. What the network itself can find
// out, it is told to (see network.go). What looks alive to it is asked for here: a long statement says nothing for hours either, so another
// connection finds out whether the server is still at work on it.

// patience is how long an answer may take, a minute unless the address says otherwise, before the server is asked what became of it.
func patience(cfg *pgx.ConnConfig) time.Duration {
	return 4 * cmp.Or(cfg.ConnectTimeout, connectTimeout)
}

// doubts is how often in a row asking must find nothing good, so that an answer on its way or a server that is just restarting is no end.
const doubts = 3

// line is a connection that does not wait for ever.
type line struct {
	net.Conn

	mu      sync.Mutex
	wait    time.Duration                   // until the server is asked
	working func(ctx context.Context) error // asks the server; nil until it is known whom to ask for
	timer   *time.Timer
	since   time.Time // when the read at work began; zero when none is
	failed  int       // questions in a row that found nothing good
	silent  error     // why the line was given up
}

// Read implements net.Conn.
func (l *line) Read(p []byte) (int, error) {
	l.begin()
	n, err := l.Conn.Read(p)
	if silent := l.end(); silent != nil && err != nil {
		return n, silent
	}
	return n, err
}

func (l *line) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.working == nil {
		return
	}
	l.since, l.failed = time.Now(), 0
	if l.timer == nil {
		l.timer = time.AfterFunc(l.wait, l.doubt)
		return
	}
	l.timer.Reset(l.wait)
}

func (l *line) end() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.since = time.Time{}
	if l.timer != nil {
		l.timer.Stop()
	}
	return l.silent
}

// doubt asks what became of the answer, and gives the line up when nobody works on it.
func (l *line) doubt() {
	l.mu.Lock()
	since, working, wait := l.since, l.working, l.wait
	l.mu.Unlock()
	if since.IsZero() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	err := working(ctx)

	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.since.Equal(since) {
		return // the answer came
	}
	if err == nil {
		l.failed = 0
	} else {
		l.failed++
	}
	if l.failed < doubts {
		l.timer.Reset(l.wait)
		return
	}
	l.silent = fmt.Errorf("the server fell silent for %s, and %w", time.Since(since).Round(time.Second), err)
	_ = l.Close() // ends the read, which reports why
}

// What asking finds.
var (
	errNoAnswer = errors.New("does not answer a new connection")
	errNotThere = errors.New("has ended this one")
	errIdle     = errors.New("is not at work for us any more")
)

// lineOf is the line below a connection, nil when somebody else's dialler opened it.
func lineOf(conn *pgx.Conn) *line {
	raw := conn.PgConn().Conn()
	if encrypted, ok := raw.(interface{ NetConn() net.Conn }); ok {
		raw = encrypted.NetConn()
	}
	l, _ := raw.(*line)
	return l
}

// attend has a connection ask what became of its answers. backend is the process that serves it, also behind a pooler.
func attend(conn *pgx.Conn, backend uint32) {
	l := lineOf(conn)
	if l == nil {
		return
	}
	cfg := conn.Config()
	cfg.ValidateConnect = nil // whichever it is, we ask the server that we have
	cfg.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, l.RemoteAddr().Network(), l.RemoteAddr().String())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wait = patience(cfg)
	l.working = func(ctx context.Context) error { return atWork(ctx, cfg, backend, backend != conn.PgConn().PID()) }
}

// atWork asks by another connection whether a server process is at work. A server that says anything, were it that it has no connections
// left, is there; what it does not tell is taken for good. So is a pooler that has us wait for a free session.
func atWork(ctx context.Context, cfg *pgx.ConnConfig, backend uint32, pooled bool) error {
	conn, err := pgx.ConnectConfig(ctx, cfg)
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return nil
	}
	if err != nil {
		return errNoAnswer
	}
	defer func() { _ = conn.Close(ctx) }() // only read from
	row, err := ask(ctx, conn, fmt.Sprintf("SELECT coalesce(max(coalesce(state, 'hidden')), '') FROM pg_catalog.pg_stat_activity WHERE pid = %d", backend))
	switch {
	case errors.As(err, &refused), err != nil && pooled:
		return nil
	case err != nil:
		return errNoAnswer
	case row[0] == "":
		return errNotThere
	case row[0] == "idle", row[0] == "idle in transaction", row[0] == "idle in transaction (aborted)":
		return errIdle
	}
	return nil
}
