// Package pgtest gives every test a real, throw-away PostgreSQL database.
//
// One server is started per test process, on the first call of DB, from the
// server binaries found on the machine; it listens on a private Unix socket
// only and dies with the process, however the process dies. Each test gets a
// database of its own in it. CONTACTMERGE_TEST_DSN points the package at a
// running server instead; databases are then created and dropped there.
//
// Where no server can be found a test is skipped with the reason, unless
// CONTACTMERGE_REQUIRE_POSTGRES=1 says that this is a run that must have one.
package pgtest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// The environment this package reads. It is test machinery, so it may.
const (
	// EnvDSN names a running server to use instead of starting one. Its user
	// needs the right to create databases.
	EnvDSN = "CONTACTMERGE_TEST_DSN"
	// EnvRequire turns a missing server from a skip into a failure when "1".
	EnvRequire = "CONTACTMERGE_REQUIRE_POSTGRES"
	// EnvBinDir is a folder that holds server binaries, see FindBinaries.
	EnvBinDir = "PGTEST_BINDIR"
	// EnvVersion is the wanted major version, such as "17".
	EnvVersion = "PG"
)

// adminTimeout bounds CREATE and DROP DATABASE; both take about 0.1 s on an
// idle machine, so a minute only ever passes when something hangs.
const adminTimeout = time.Minute

// Database is one test's own database. It is dropped when the test ends.
type Database struct {
	DSN    string // usable by pgx and by psql
	Name   string
	Server *Server

	mu   sync.Mutex
	pool *pgxpool.Pool
}

// shared is the one server of this test process. It is package state because
// a process has no other place to keep what all its tests share.
var shared struct {
	once   sync.Once
	server *Server
	err    error
}

// DB creates an empty UTF-8 database for tb on the server this test process
// shares, and drops it when tb ends, also while sessions are still open in it.
func DB(tb testing.TB) *Database {
	tb.Helper()
	shared.once.Do(func() {
		if dsn := os.Getenv(EnvDSN); dsn != "" {
			shared.server, shared.err = Connect(dsn)
			return
		}
		shared.server, shared.err = Start(Options{})
	})
	if shared.err != nil {
		giveUp(tb, shared.err)
	}
	return shared.server.DB(tb)
}

// NewServer starts a server for tb alone, for tests that stop, crash or tune
// it. It is stopped and removed when tb ends.
func NewServer(tb testing.TB, opt Options) *Server {
	tb.Helper()
	s, err := Start(opt)
	if err != nil {
		giveUp(tb, err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("closing the test server: %v", err)
		}
	})
	return s
}

// giveUp skips tb when there is no server to be had and nobody insisted, and
// fails it otherwise: a server that is there but does not start is a defect.
func giveUp(tb testing.TB, err error) {
	tb.Helper()
	if errors.Is(err, ErrUnavailable) && os.Getenv(EnvRequire) != "1" {
		tb.Skipf("pgtest: %v", err)
	}
	tb.Fatalf("pgtest: %v", err)
}

// DB creates an empty database for tb on this server and drops it when tb ends.
func (s *Server) DB(tb testing.TB) *Database {
	tb.Helper()
	// template0 is never connected to and never edited, so concurrent tests
	// do not wait for each other and a customised template1 does no harm.
	return s.create(tb, "template0", " ENCODING 'UTF8'")
}

// Clone creates a copy of db for tb: the quick way to many equal starting
// points. db's own pool is closed first, since the server refuses to copy a
// database that somebody is connected to.
func (db *Database) Clone(tb testing.TB) *Database {
	tb.Helper()
	db.closePool()
	return db.Server.create(tb, db.Name, "")
}

func (s *Server) create(tb testing.TB, template, extra string) *Database {
	tb.Helper()
	db := &Database{Name: databaseName(), Server: s}
	db.DSN = s.DSN(db.Name)
	sql := "CREATE DATABASE " + quote(db.Name) + " TEMPLATE " + quote(template) + extra
	if err := s.admin(sql); err != nil {
		tb.Fatalf("pgtest: creating a database: %v", err)
	}
	tb.Cleanup(func() {
		db.closePool()
		if !s.running() {
			return // a crash test left its server down: the databases go with it
		}
		if err := s.admin("DROP DATABASE IF EXISTS " + quote(db.Name) + " WITH (FORCE)"); err != nil {
			tb.Errorf("pgtest: dropping a database: %v", err)
		}
	})
	return db
}

// Pool returns the database's connection pool, opened on the first call and
// closed when the test that created the database ends.
func (db *Database) Pool(tb testing.TB) *pgxpool.Pool {
	tb.Helper()
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.pool == nil {
		pool, err := pgxpool.New(context.Background(), db.DSN)
		if err != nil {
			tb.Fatalf("pgtest: opening a pool: %v", err)
		}
		db.pool = pool
	}
	return db.pool
}

// Exec runs sql and fails tb on an error. Without args it may hold several
// statements.
func (db *Database) Exec(tb testing.TB, sql string, args ...any) {
	tb.Helper()
	if _, err := db.Pool(tb).Exec(tb.Context(), sql, args...); err != nil {
		tb.Fatalf("pgtest: executing SQL: %v", err)
	}
}

func (db *Database) closePool() {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.pool != nil {
		db.pool.Close()
		db.pool = nil
	}
}

// admin runs one statement in the server's maintenance database.
func (s *Server) admin(sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.adminDSN)
	if err != nil {
		return fmt.Errorf("connecting to the test server: %w", err)
	}
	defer conn.Close(ctx) // the statement's own error is the one that counts
	_, err = conn.Exec(ctx, sql)
	return err
}

// sequence numbers this process's databases; random tells processes that share
// one server apart.
var (
	sequence atomic.Uint64
	random   = sync.OnceValue(func() string {
		var b [4]byte
		rand.Read(b[:]) // never fails, by its documentation
		return hex.EncodeToString(b[:])
	})
)

func databaseName() string {
	return fmt.Sprintf("cmtest_%s_%d", random(), sequence.Add(1))
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }
