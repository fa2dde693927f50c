package pgtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// superuser is the role of the throw-away servers; the socket's folder is
// closed to everybody else, so it needs no password.
const superuser = "postgres"

// socketPort is only part of the socket's file name: unless Options.Listen says
// so the servers do not listen on TCP, so they cannot collide.
const socketPort = "5432"

// Options tune a throw-away server. The zero value is right for most tests.
type Options struct {
	// Fsync keeps fsync and full page writes on, for tests that measure or
	// that cut the power. Stopping with Immediate is a faithful crash without.
	Fsync bool
	// ExtraConf are lines for postgresql.conf, such as "lock_timeout = '1s'".
	ExtraConf []string
	// Listen are addresses to listen on besides the socket, such as "127.0.0.1",
	// at Server.Port. Who may connect there says pg_hba.conf, see Install.
	Listen string
	// Folder is where the server's files are made, "" for /tmp. Its path must be short: a socket lies in it.
	Folder string
}

// Server is a PostgreSQL server for tests: one of ours, or the running one that
// CONTACTMERGE_TEST_DSN names, which then has no DataDir and cannot be stopped.
type Server struct {
	Version   int    // major version
	BinDir    string // server programs; empty for a running server
	DataDir   string
	SocketDir string
	Port      string // of the socket's name, and of Options.Listen

	adminDSN string
	base     string // holds all of the server's files, removed on Close
	account  account
	watch    *watchdog

	mu sync.Mutex
	up bool
}

// StopMode is how a server is told to stop, in the words of pg_ctl.
type StopMode string

const (
	// Fast rolls open transactions back and shuts down cleanly.
	Fast StopMode = "fast"
	// Immediate aborts every process at once; the next start recovers from the
	// log, as it would after a crash.
	Immediate StopMode = "immediate"
)

// Connect takes a running server. The DSN's database is used to create and drop
// the tests' own.
func Connect(dsn string) (*Server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", EnvDSN, err)
	}
	defer conn.Close(ctx) // only read from
	var n int
	if err := conn.QueryRow(ctx, "SELECT current_setting('server_version_num')::int").Scan(&n); err != nil {
		return nil, fmt.Errorf("asking %s for its version: %w", EnvDSN, err)
	}
	return &Server{Version: n / 10000, adminDSN: dsn, up: true}, nil
}

// Start makes a data folder and starts a server on it. Close removes both; if
// the process dies first, a watchdog does.
func Start(opt Options) (*Server, error) {
	bin, err := FindBinaries()
	if err != nil {
		return nil, err
	}
	acct, err := serverAccount()
	if err != nil {
		return nil, err
	}
	s := &Server{Version: bin.Version, BinDir: bin.Dir, Port: socketPort, account: acct}
	if opt.Listen != "" {
		if s.Port, err = freePort(); err != nil {
			return nil, err
		}
	}
	if err := s.makeFolders(cmp.Or(opt.Folder, "/tmp")); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.base))
	}
	if s.watch, err = startWatchdog(s); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.base))
	}
	if err := s.initialise(opt); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := s.Start(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// makeFolders makes the folder of everything, and the socket's in it. A socket's whole path must
// fit in 107 bytes, which per-test folders and macOS's TMPDIR exceed.
func (s *Server) makeFolders(in string) error {
	base, err := os.MkdirTemp(in, "cmpg-")
	if err != nil {
		return fmt.Errorf("making the server's folder: %w", err)
	}
	s.base, s.DataDir, s.SocketDir = base, filepath.Join(base, "data"), filepath.Join(base, "s")
	s.adminDSN = s.DSN("postgres")
	if err := os.Mkdir(s.SocketDir, 0o700); err != nil {
		return fmt.Errorf("making the socket's folder: %w", err)
	}
	for _, dir := range []string{s.SocketDir, base} {
		if err := s.account.own(dir); err != nil {
			return fmt.Errorf("giving %s to the server's user: %w", dir, err)
		}
	}
	return nil
}

// initialise runs initdb and writes the settings. -N skips its fsyncs: the data
// is not meant to outlive a power cut.
func (s *Server) initialise(opt Options) error {
	var err error
	for _, locale := range []string{"C.UTF-8", "C"} { // not every system has C.UTF-8
		err = s.program("initdb", "-D", s.DataDir, "-N", "-A", "trust", "-U", superuser, "-E", "UTF8", "--locale="+locale)
		if err == nil {
			break
		}
	}
	if err != nil {
		return err
	}
	lines := []string{
		"listen_addresses = '" + opt.Listen + "'",
		"port = " + s.Port,
		"unix_socket_directories = '" + s.SocketDir + "'",
		"max_connections = 100",
		"timezone = 'UTC'",
		"log_timezone = 'UTC'",
	}
	if !opt.Fsync {
		// synchronous_commit stays on: without it an immediate stop would lose
		// commits, which no real crash of a sane server does.
		lines = append(lines, "fsync = off", "full_page_writes = off")
	}
	return s.configure(append(lines, opt.ExtraConf...)...)
}

// configure adds lines to postgresql.conf, where the last one of a setting counts.
func (s *Server) configure(lines ...string) error {
	conf := filepath.Join(s.DataDir, "postgresql.conf")
	f, err := os.OpenFile(conf, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("opening postgresql.conf: %w", err)
	}
	_, err = f.WriteString(strings.Join(lines, "\n") + "\n")
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("writing postgresql.conf: %w", err)
	}
	return nil
}

// freePort is a TCP port that nobody used a moment ago: the server cannot be
// told to choose one.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, errors.Join(err, l.Close())
}

// Install writes a file of the data folder, such as pg_hba.conf or server.key,
// that only the server's user may read. Restart makes the server read it.
func (s *Server) Install(name string, content []byte) error {
	if s.DataDir == "" {
		return fmt.Errorf("configuring the server: it is %s's, not ours", EnvDSN)
	}
	path := filepath.Join(s.DataDir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return fmt.Errorf("writing the server's %s: %w", name, err)
	}
	return s.account.own(path)
}

// Start starts a stopped server again and waits until it takes connections.
func (s *Server) Start() error {
	if s.DataDir == "" {
		return fmt.Errorf("starting the server: it is %s's, not ours", EnvDSN)
	}
	if err := s.program("pg_ctl", "start", "-D", s.DataDir, "-l", s.logFile(), "-w", "-t", "120", "-s"); err != nil {
		return fmt.Errorf("%w\n%s", err, s.logTail())
	}
	s.setRunning(true)
	return nil
}

// Stop stops the server and keeps its data for the next Start.
func (s *Server) Stop(mode StopMode) error {
	if s.DataDir == "" {
		return fmt.Errorf("stopping the server: it is %s's, not ours", EnvDSN)
	}
	if err := s.program("pg_ctl", "stop", "-D", s.DataDir, "-m", string(mode), "-w", "-t", "120", "-s"); err != nil {
		return err
	}
	s.setRunning(false)
	return nil
}

// Restart stops the server as told and starts it again.
func (s *Server) Restart(mode StopMode) error {
	if err := s.Stop(mode); err != nil {
		return err
	}
	return s.Start()
}

// Close stops the server and removes its files. It does nothing to a running
// server that was only connected to, and may be called twice.
func (s *Server) Close() error {
	if s.watch == nil {
		return nil
	}
	s.setRunning(false)
	err := s.watch.finish()
	s.watch = nil
	if err != nil {
		return fmt.Errorf("stopping the server: %w", err)
	}
	return nil
}

func (s *Server) running() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.up
}

func (s *Server) setRunning(up bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.up = up
}

// program runs one of the server's programs as the server's user.
func (s *Server) program(name string, args ...string) error {
	cmd := exec.Command(filepath.Join(s.BinDir, name), args...)
	cmd.Dir = s.base // the user may not be allowed into the test's folder
	cmd.SysProcAttr = s.account.attributes()
	cmd.WaitDelay = time.Second // a server must never keep us waiting by holding our pipe
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("running %s: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// Log is what the server has logged so far, "" for a running server.
func (s *Server) Log() (string, error) {
	if s.DataDir == "" {
		return "", nil
	}
	b, err := os.ReadFile(s.logFile())
	if err != nil {
		return "", fmt.Errorf("reading the server's log: %w", err)
	}
	return string(b), nil
}

func (s *Server) logFile() string { return filepath.Join(s.base, "log") }

// logTail is the end of the server's log, for the message of a failed start.
func (s *Server) logTail() string {
	const enough = 2000
	b, err := os.ReadFile(s.logFile())
	if err != nil {
		return "(the server left no log)"
	}
	return string(b[max(0, len(b)-enough):])
}
