package pgtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// EnvRequireBouncer turns a missing PgBouncer from a skip into a failure when "1".
const EnvRequireBouncer = "CONTACTMERGE_REQUIRE_PGBOUNCER"

// Bouncer starts a PgBouncer in front of a database, with "session", "transaction" or "statement" pooling and at most size sessions, and
// returns the connection string through it. It ends with the test.
func (db *Database) Bouncer(tb testing.TB, mode string, size int) string {
	tb.Helper()
	program, err := findBouncer()
	if err != nil || db.Server.SocketDir == "" {
		if os.Getenv(EnvRequireBouncer) == "1" {
			tb.Fatalf("pgtest: %s is set, and there is no pgbouncer in front of a server of our own: %v", EnvRequireBouncer, err)
		}
		tb.Skipf("pgtest: NOT TESTED with a connection pooler: %v (apt-get install pgbouncer)", err)
	}
	dir, err := os.MkdirTemp("/tmp", "cmpb-") // a socket's path must be short
	if err != nil {
		tb.Fatalf("pgtest: making the pooler's folder: %v", err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	config := filepath.Join(dir, "ini")
	text := fmt.Sprintf(`[databases]
%[1]s = host=%[2]s port=%[3]s dbname=%[1]s user=%[4]s
[pgbouncer]
listen_port = 6432
unix_socket_dir = %[5]s
auth_type = any
pool_mode = %[6]s
default_pool_size = %[7]d
`, db.Name, db.Server.SocketDir, db.Server.Port, superuser, dir, mode, size)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		tb.Fatalf("pgtest: configuring the pooler: %v", err)
	}
	if err := db.Server.account.own(dir); err != nil {
		tb.Fatalf("pgtest: giving the pooler its folder: %v", err)
	}
	cmd := exec.Command(program, "-q", config)
	cmd.Dir = dir
	cmd.SysProcAttr = db.Server.account.attributes()
	if err := cmd.Start(); err != nil {
		tb.Fatalf("pgtest: starting the pooler: %v", err)
	}
	tb.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGKILL) // it keeps nothing
		_ = cmd.Wait()
	})
	u := url.URL{Scheme: "postgres", User: url.User(superuser), Path: "/" + db.Name, RawQuery: url.Values{"host": {dir}, "port": {"6432"}}.Encode()}
	db.awaitBouncer(tb, u.String())
	return u.String()
}

// awaitBouncer waits until the pooler takes connections.
func (db *Database) awaitBouncer(tb testing.TB, dsn string) {
	tb.Helper()
	var err error
	for range 100 {
		var conn *pgx.Conn
		if conn, err = pgx.Connect(context.Background(), dsn); err == nil {
			_ = conn.Close(context.Background()) // it was there
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	tb.Fatalf("pgtest: the pooler takes no connections: %v", err)
}

// findBouncer looks where distributions put it.
func findBouncer() (string, error) {
	if path, err := exec.LookPath("pgbouncer"); err == nil {
		return path, nil
	}
	return exec.LookPath("/usr/sbin/pgbouncer")
}
