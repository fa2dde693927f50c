package connect

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrPooled says that a pooler gives the session to others between two transactions.
var ErrPooled = errors.New("a connection pooler hands our transactions to changing sessions (transaction pooling): " +
	"connect to the server itself, or to a database of the pooler with pool_mode=session")

// probes is how often the two sessions of the probe are compared; a pooler gives itself away at the first nearly always, because it hands
// out the session that was used last.
const probes = 3

// probeTimeout is how long a session waits for one of its own. A pool of a single session makes the second of ours wait for the first.
const probeTimeout = 3 * time.Second

// refusePooler returns ErrPooled behind a pooler that does not keep sessions. Without a pooler it costs one round trip: the process that
// the server named when the connection was made is then the one that answers. It returns the process that does.
func refusePooler(ctx context.Context, conn *pgx.Conn) (uint32, error) {
	pid, err := backend(ctx, conn)
	if err != nil {
		return 0, fmt.Errorf("preparing the connection: %w", explain(conn.Config(), err))
	}
	if pid == conn.PgConn().PID() {
		return pid, nil
	}
	pooled, err := changesSessions(ctx, conn)
	if err != nil {
		return 0, fmt.Errorf("finding out how the connection pooler works: %w", explain(conn.Config(), err))
	}
	if pooled {
		return 0, ErrPooled
	}
	return pid, nil
}

// ask runs a statement of ours by the simple protocol, which leaves no prepared statement behind in a session of somebody else, and returns
// its only row.
func ask(ctx context.Context, conn *pgx.Conn, sql string) ([]string, error) {
	results, err := conn.PgConn().Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, err
	}
	var out []string
	for _, v := range results[0].Rows[0] {
		out = append(out, string(v)) // null is empty
	}
	return out, nil
}

// backend is the server process that answers.
func backend(ctx context.Context, conn *pgx.Conn) (uint32, error) {
	row, err := ask(ctx, conn, "SELECT pg_catalog.pg_backend_pid()")
	if err != nil {
		return 0, err
	}
	pid, err := strconv.ParseUint(row[0], 10, 32)
	return uint32(pid), err
}

// changesSessions opens a second connection and sees whether one of them gets the session of the other. The setting it leaves in the
// first session means nothing to anybody.
func changesSessions(ctx context.Context, first *pgx.Conn) (bool, error) {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	mark := hex.EncodeToString(random[:])
	if _, err := ask(ctx, first, "SELECT pg_catalog.set_config('contactmerge.probe', '"+mark+"', false)"); err != nil {
		return false, err
	}
	second, err := pgx.ConnectConfig(ctx, first.Config())
	if err != nil {
		return false, err
	}
	defer func() { _ = second.Close(context.WithoutCancel(ctx)) }() // only read from
	for range probes {
		changes, err := compare(ctx, first, second, mark)
		if changes || err != nil {
			return changes, err
		}
	}
	return false, nil
}

// compare asks both connections for their sessions, the second inside a transaction, which keeps a session for itself.
func compare(ctx context.Context, first, second *pgx.Conn, mark string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	before, err := backend(ctx, first)
	if err != nil {
		return false, err
	}
	if err := second.PgConn().Exec(ctx, "BEGIN").Close(); err != nil {
		return true, nil // one statement at a time is the strictest pooling there is
	}
	defer func() { _ = second.PgConn().Exec(context.WithoutCancel(ctx), "ROLLBACK").Close() }() // or it ends with the connection
	row, err := ask(ctx, second, "SELECT pg_catalog.pg_backend_pid(), pg_catalog.current_setting('contactmerge.probe', true)")
	if err != nil {
		return false, err
	}
	if row[0] == strconv.FormatUint(uint64(before), 10) || row[1] == mark {
		return true, nil
	}
	after, err := backend(ctx, first)
	if err != nil && ctx.Err() != nil {
		return true, nil // it waits for the session that the second one holds
	}
	return err == nil && after != before, err
}
