package torture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/contactmerge/contactmerge/internal/pgtest"
)

// The exit codes of the program that the harness relies on.
const (
	exitDone    = 0
	exitPartial = 3
	exitLocked  = 4
)

// runTimeout is longer than any run of the program here takes: past it, it hangs, which is a violation too.
const runTimeout = 3 * time.Minute

// Arena is a server, the program, and what was found so far.
type Arena struct {
	Server  *pgtest.Server
	Program string // the real binary
	Faulty  string // the same, built with the tag faults
	Seeded  string // the same with the tag seededbugs; "" leaves that part out
	Dir     string // everything of the harness lies in it
	Log     io.Writer
	Verbose bool
	Bug     string // that the program is to have, in a build with seeded bugs
	Workers int    // trials at a time, where they do not need the server for themselves

	admins *pgxpool.Pool // sessions in the maintenance database
	serial atomic.Int64
	mu     sync.Mutex
	wrong  []string
	leaks  int // outputs of the program with a person's data

	logLines, logLeaks int // messages of the program's sessions in the server's log, and those with a person's data
}

// env is what the program is told besides its database.
func (a *Arena) env() []string {
	if a.Bug == "" {
		return nil
	}
	return []string{"CONTACTMERGE_BUG=" + a.Bug}
}

// violation notes that something was not as it must be.
func (a *Arena) violation(format string, args ...any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	line := fmt.Sprintf(format, args...)
	a.wrong = append(a.wrong, line)
	_, _ = fmt.Fprintln(a.Log, "VIOLATION", line)
}

// Violations are what was found.
func (a *Arena) Violations() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.wrong)
}

func (a *Arena) say(format string, args ...any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, _ = fmt.Fprintf(a.Log, format+"\n", args...)
}

// admin runs a statement in the maintenance database.
func (a *Arena) admin(ctx context.Context, sql string) error {
	return a.asAdmin(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, sql)
		return err
	})
}

// asAdmin does something in a session of the maintenance database. Sessions are kept for the next time, unless the server has been away.
func (a *Arena) asAdmin(ctx context.Context, do func(*pgx.Conn) error) error {
	conn, err := a.adminSession(ctx)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	defer conn.Release()
	return do(conn.Conn())
}

// adminSession is one of those sessions that works.
func (a *Arena) adminSession(ctx context.Context) (*pgxpool.Conn, error) {
	a.mu.Lock()
	if a.admins == nil {
		pool, err := pgxpool.New(ctx, a.Server.DSN("postgres"))
		if err != nil {
			a.mu.Unlock()
			return nil, err
		}
		a.admins = pool
	}
	a.mu.Unlock()
	for tries := a.admins.Stat().IdleConns(); ; tries-- {
		conn, err := a.admins.Acquire(ctx)
		if err != nil {
			return nil, err
		}
		if err = conn.Ping(ctx); err == nil {
			return conn, nil
		}
		conn.Release() // of a server that is no more
		if tries <= 0 {
			return nil, err
		}
	}
}

// Close ends the sessions in the maintenance database.
func (a *Arena) Close() {
	if a.admins != nil {
		a.admins.Close()
	}
}

func withConn(ctx context.Context, dsn string, do func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	return errors.Join(do(conn), conn.Close(context.WithoutCancel(ctx)))
}

// Site is one database with its schema, its plan, and what was in it at first.
type Site struct {
	arena *Arena
	Spec  *Spec
	name  string
	dir   string
	base  Image
	plan  *Plan
	dirty [][]string // groups that must not merge
}

// names sets some numbers aside, for another arena's databases and folders, and returns the one before them.
func (a *Arena) names() int64 {
	const enough = 100_000
	return a.serial.Add(enough) - enough
}

// DSN is the site's connection string.
func (s *Site) DSN() string { return s.arena.Server.DSN(s.name) }

// Build makes a database from a specification, with a plan made by a real run.
func (a *Arena) Build(ctx context.Context, spec *Spec) (*Site, error) {
	s := &Site{arena: a, Spec: spec}
	if err := s.create(ctx, "template0"); err != nil {
		return nil, err
	}
	err := withConn(ctx, s.DSN(), func(conn *pgx.Conn) (err error) {
		for _, sql := range spec.SQL() {
			if _, err := conn.Exec(ctx, sql); err != nil {
				return fmt.Errorf("making the schema of %s: %w\n%s", spec, err, sql)
			}
		}
		if s.dirty, err = spec.Fill(ctx, conn); err != nil {
			return err
		}
		if _, err := conn.Exec(ctx, "ANALYZE"); err != nil {
			return err
		}
		s.base, err = spec.Read(ctx, conn)
		return err
	})
	if err != nil {
		return nil, err
	}
	if r := s.Run(ctx, "run", "--config", "c.yaml", "--log-level", "warn"); r.Code != exitDone && r.Code != exitPartial {
		return nil, fmt.Errorf("the run on %s ended with %d:\n%s", spec, r.Code, r)
	}
	err = withConn(ctx, s.DSN(), func(conn *pgx.Conn) error {
		var body []byte
		err := conn.QueryRow(ctx, "SELECT body FROM contactmerge.plans ORDER BY created_at DESC LIMIT 1").Scan(&body)
		if err != nil {
			return fmt.Errorf("reading the plan: %w", err)
		}
		s.plan, err = readPlan(body)
		return err
	})
	if err == nil && len(s.plan.Steps) < spec.Groups*9/10 {
		err = fmt.Errorf("%s: the plan has %d merges, want about %d", spec, len(s.plan.Steps), spec.Groups)
	}
	return s, err
}

// BuildSolid draws schemas until one has tables enough, without clashes, so that faults have something to hit.
func (a *Arena) BuildSolid(ctx context.Context, seed uint64, groups int) (*Site, error) {
	for n := seed; ; n++ {
		if spec := newSpec(n, groups); len(spec.Tables) >= 6 {
			spec.Peaceful = true
			return a.Build(ctx, spec)
		}
	}
}

// create makes the database and the folder.
func (s *Site) create(ctx context.Context, template string) error {
	s.name = fmt.Sprintf("site%d", s.arena.serial.Add(1))
	if err := s.arena.admin(ctx, "CREATE DATABASE "+quoted(s.name)+" TEMPLATE "+quoted(template)+s.arena.strategy()); err != nil {
		return fmt.Errorf("creating a database: %w", err)
	}
	s.dir = filepath.Join(s.arena.Dir, s.name)
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "c.yaml"), []byte(s.Spec.config()), 0o600); err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	return nil
}

// strategy copies a template's files, instead of logging each of its pages as newer servers do by default, which takes ten times as long.
func (a *Arena) strategy() string {
	if a.Server.Version < 15 {
		return ""
	}
	return " STRATEGY file_copy"
}

// Clone copies the site as it is now. Nobody may be connected to it.
func (s *Site) Clone(ctx context.Context) (*Site, error) {
	c := *s
	return &c, c.create(ctx, s.name)
}

// Drop removes the site.
func (s *Site) Drop(ctx context.Context) {
	if err := s.arena.admin(ctx, "DROP DATABASE IF EXISTS "+quoted(s.name)+" WITH (FORCE)"); err != nil {
		s.arena.violation("dropping %s: %v", s.name, err)
	}
	_ = os.RemoveAll(s.dir)
}

// config is the configuration file of a specification. JSON's strings are YAML's.
func (s *Spec) config() string {
	var b strings.Builder
	table := func(t *Table) string { return s.Schema + "." + t.Name }
	fmt.Fprintf(&b, "version: 1\ncontacts:\n  table: %q\n  id: %q\n  columns: {%q: first_name, %q: last_name, %q: email, %q: city, %q: company}\n",
		table(s.Contacts), s.n("id"), s.n("first_name"), s.n("last_name"), s.n("email"), s.n("city"), s.n("company"))
	for _, t := range s.Tables {
		if t.Identities {
			fmt.Fprintf(&b, "identities:\n  table: %q\n  columns: {%q: contact_id, %q: channel, %q: value}\n", table(t), s.n("contact_id"), s.n("channel"), s.n("value"))
		}
	}
	fmt.Fprintf(&b, "merge:\n  mode: %s\n", s.Mode)
	if s.Mark != "" {
		fmt.Fprintf(&b, "  archive_column: %q\n", s.Mark)
	}
	sep := "  collisions:\n"
	for _, t := range s.Tables {
		if t.Policy != "" {
			fmt.Fprintf(&b, "%s    %q: %s\n", sep, t.Once, t.Policy)
			sep = ""
		}
	}
	sep = "  references:\n"
	for _, t := range s.Tables {
		for _, r := range t.Refs {
			if !r.Bare {
				continue
			}
			name := table(t) + "." + r.Column
			if r.Type != "" {
				name += " (" + r.Type + " = " + typeOfContacts + ")"
			}
			fmt.Fprintf(&b, "%s    - %q\n", sep, name)
			sep = ""
		}
	}
	sep = "  acknowledged:\n" // numbers under a name that may look like one of ids
	for _, t := range s.Tables {
		for _, c := range t.Columns {
			if c.Volatile || c.Name == s.n("org_no") {
				fmt.Fprintf(&b, "%s    - %q\n", sep, table(t)+"."+c.Name)
				sep = ""
			}
		}
	}
	return b.String()
}

// Result is how a run of the program ended.
type Result struct {
	Code     int // -1 when a signal ended it
	Out, Err string
	Hung     bool
}

func (r Result) String() string { return fmt.Sprintf("exit code %d\n%s%s", r.Code, r.Out, r.Err) }

// process is the program at work.
type process struct {
	cmd  *exec.Cmd
	out  bytes.Buffer
	err  bytes.Buffer
	done chan struct{}
}

// start starts a program on the site.
func (s *Site) start(program, dsn string, args ...string) (*process, error) {
	return s.startIn(program, dsn, nil, args...)
}

// startIn starts it with more environment.
func (s *Site) startIn(program, dsn string, env []string, args ...string) (*process, error) {
	p := &process{cmd: exec.Command(program, args...), done: make(chan struct{})}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = s.dir, &p.out, &p.err
	p.cmd.Env = slices.Concat(os.Environ(), []string{"CONTACTMERGE_DSN=" + dsn}, s.arena.env(), env)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the program: %w", err)
	}
	go func() {
		_ = p.cmd.Wait() // how it ended is in ProcessState
		close(p.done)
	}()
	return p, nil
}

// wait waits for the end.
func (s *Site) wait(p *process, limit time.Duration) Result {
	r := Result{}
	select {
	case <-p.done:
	case <-time.After(limit):
		r.Hung = true
		_ = p.cmd.Process.Kill()
		<-p.done
	}
	r.Code, r.Out, r.Err = p.cmd.ProcessState.ExitCode(), p.out.String(), p.err.String()
	if personal(r.Out + r.Err) {
		s.arena.mu.Lock()
		s.arena.leaks++
		s.arena.mu.Unlock()
		s.arena.violation("%v printed a person's data", p.cmd.Args[1:])
	}
	if r.Hung {
		s.arena.violation("%v hung for %s", p.cmd.Args[1:], limit)
	}
	return r
}

// Run runs the program to its end.
func (s *Site) Run(ctx context.Context, args ...string) Result {
	p, err := s.start(s.arena.Program, s.DSN(), args...)
	if err != nil {
		return Result{Code: -1, Err: err.Error()}
	}
	stop := context.AfterFunc(ctx, func() { _ = p.cmd.Process.Kill() })
	defer stop()
	return s.wait(p, runTimeout)
}
