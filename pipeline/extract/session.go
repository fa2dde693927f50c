package extract

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/contactmerge/contactmerge/internal/connect"
)

// closeTimeout bounds saying goodbye to the server.
const closeTimeout = 5 * time.Second

// lockTimeout bounds the wait behind a session that changes the table's definition.
const lockTimeout = 30 * time.Second

// oldestServer has TID range scans and everything else the queries of this room use.
const oldestServer = 140000

// begin opens the connection whose transaction owns the snapshot.
func (s *PostgresSource) begin(ctx context.Context) (*pgx.Conn, error) {
	conn, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.export(ctx, conn); err != nil {
		return nil, errors.Join(err, closeConn(ctx, conn))
	}
	return conn, nil
}

func (s *PostgresSource) export(ctx context.Context, conn *pgx.Conn) error {
	s.ascii = conn.PgConn().ParameterStatus("server_encoding") == "SQL_ASCII"
	if err := s.startTransaction(ctx, conn, ""); err != nil {
		return explain("starting to read", err)
	}
	var version int
	if err := conn.QueryRow(ctx, "SELECT current_setting('server_version_num')::int").Scan(&version); err != nil {
		return explain("asking for the server's version", err)
	}
	if version < oldestServer {
		return fmt.Errorf("the server is PostgreSQL %d.%d; 14 or newer is needed", version/10000, version%10000)
	}
	if err := conn.QueryRow(ctx, "SELECT pg_catalog.pg_export_snapshot()").Scan(&s.snapshot); err != nil {
		return explain("exporting a snapshot", err)
	}
	s.opened = time.Now()
	return nil
}

func (s *PostgresSource) connect(ctx context.Context) (*pgx.Conn, error) {
	cfg := s.cfg.Conn.Copy()
	// Unnamed statements leave nothing behind in a pooled server session.
	cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
	return connect.Open(ctx, cfg)
}

// startTransaction begins a read-only transaction with everything pinned that the text of a value depends on. All settings are
// local to it, so that a connection pooler may hand the session on afterwards.
func (s *PostgresSource) startTransaction(ctx context.Context, conn *pgx.Conn, snapshot string) error {
	statements := []string{"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"}
	if snapshot != "" {
		statements = append(statements, "SET TRANSACTION SNAPSHOT '"+strings.ReplaceAll(snapshot, "'", "''")+"'")
	}
	encoding := "UTF8"
	if s.ascii {
		// The server would check the bytes it cannot convert and end the COPY at the first bad one; here only the row is rejected.
		encoding = "SQL_ASCII"
	}
	statements = append(statements,
		"SET LOCAL client_encoding = '"+encoding+"'",
		"SET LOCAL TimeZone = 'UTC'",
		"SET LOCAL DateStyle = 'ISO, MDY'",
		"SET LOCAL IntervalStyle = 'postgres'",
		"SET LOCAL bytea_output = 'hex'",
		"SET LOCAL extra_float_digits = 1",
		"SET LOCAL search_path = pg_catalog",
		"SET LOCAL row_security = off", // an error instead of missing rows
		fmt.Sprintf("SET LOCAL lock_timeout = '%dms'", lockTimeout.Milliseconds()),
		fmt.Sprintf("SET LOCAL idle_in_transaction_session_timeout = '%dms'", s.cfg.SnapshotMaxAge.Milliseconds()),
	)
	return conn.PgConn().Exec(ctx, strings.Join(statements, "; ")).Close()
}

// acquire waits for one of the allowed connections and opens it inside the snapshot when it is a new one.
func (s *PostgresSource) acquire(ctx context.Context) (*pgx.Conn, error) {
	if s.slots == nil {
		return nil, errors.New("reading a source that is not open")
	}
	if err := s.tooOld(); err != nil {
		return nil, err
	}
	var conn *pgx.Conn
	select {
	case conn = <-s.slots:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if conn != nil {
		return conn, nil
	}
	conn, err := s.join(ctx)
	if err != nil {
		s.slots <- nil
		return nil, err
	}
	return conn, nil
}

func (s *PostgresSource) join(ctx context.Context) (*pgx.Conn, error) {
	conn, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.startTransaction(ctx, conn, s.snapshot); err != nil {
		var pg *pgconn.PgError
		if errors.As(err, &pg) && (pg.Code == codeBadSnapshot || pg.Code == codeNoSnapshot) {
			err = &dbError{text: "the snapshot is gone, because the connection that owned it has ended; start again", cause: err}
		} else {
			err = explain("starting to read", err)
		}
		return nil, errors.Join(err, closeConn(ctx, conn))
	}
	return conn, nil
}

// release gives a connection back; after an error its transaction is of no use any more.
func (s *PostgresSource) release(conn *pgx.Conn, failed error) {
	if failed != nil {
		// The reading failed already, and that is the error to report.
		_ = closeConn(context.Background(), conn)
		conn = nil
	}
	s.slots <- conn
}

// Close ends the transactions and connections. All Reads must have returned.
func (s *PostgresSource) Close() error {
	if s.slots == nil {
		return nil
	}
	var err error
	for range s.cfg.Connections {
		if conn := <-s.slots; conn != nil {
			err = errors.Join(err, closeConn(context.Background(), conn))
		}
	}
	s.slots = nil
	return err
}

// closeConn says goodbye even when ctx has ended.
func closeConn(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	if err := conn.Close(ctx); err != nil {
		return explain("closing a connection", err)
	}
	return nil
}
