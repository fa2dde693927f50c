package torture

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// strike is one run of the program with a fault on its way.
type strike struct {
	proc  chan *process // the program, once it runs
	fired atomic.Bool   // the fault took place
}

// process waits until the program runs.
func (k *strike) process() *process {
	p := <-k.proc
	k.proc <- p
	return p
}

// kill ends the program as kill -9 does, and returns when it is gone.
func (k *strike) kill() {
	k.fired.Store(true)
	p := k.process()
	_ = p.cmd.Process.Kill()
	<-p.done
}

// fault is something that goes wrong at message or statement n.
type fault struct {
	name  string
	hook  func(k *strike, n int) Hook
	named bool // the program kills itself at the n-th of its fault points, in a build with the tag faults
}

// faults are the ways in which a connection and its program can end at a point.
var faults = []fault{
	{name: "kill at a fault point", named: true},
	{name: "kill before a statement", hook: func(k *strike, n int) Hook {
		return func(f *Frame) Verdict {
			if f.ToServer && f.Turn == n-1 || k.fired.Load() {
				return k.dead()
			}
			return Pass
		}
	}},
	{name: "kill after a statement", hook: func(k *strike, n int) Hook {
		return func(f *Frame) Verdict {
			if !f.ToServer && f.Turn == n || k.fired.Load() {
				return k.dead()
			}
			return Pass
		}
	}},
	{name: "reset at a message", hook: func(k *strike, n int) Hook {
		return func(f *Frame) Verdict {
			if f.ToServer && f.N == n {
				k.fired.Store(true)
				return Cut
			}
			return Pass
		}
	}},
	{name: "lost reply", hook: func(k *strike, n int) Hook {
		return func(f *Frame) Verdict {
			if !f.ToServer && f.N == n {
				k.fired.Store(true)
				return Cut
			}
			return Pass
		}
	}},
}

// dead kills the program, once, and cuts what it still sent.
func (k *strike) dead() Verdict {
	if !k.fired.Load() {
		k.kill()
	}
	return Cut
}

// strike runs the program through a proxy with a fault at point n, and waits until the server has noticed the end.
func (s *Site) strike(ctx context.Context, f fault, n int, args ...string) (Result, bool, error) {
	if f.named {
		p, err := s.startIn(s.arena.Faulty, s.DSN(), []string{fmt.Sprintf("CONTACTMERGE_FAULT=any:%d", n)}, args...)
		if err != nil {
			return Result{}, false, err
		}
		r := s.wait(p, runTimeout)
		return r, r.Code == -1 && !r.Hung, s.settle(ctx)
	}
	k := &strike{proc: make(chan *process, 1)}
	r, err := s.through(ctx, k, f.hook(k, n), args...)
	return r, k.fired.Load(), err
}

// through runs the program behind a hook.
func (s *Site) through(ctx context.Context, k *strike, hook Hook, args ...string) (Result, error) {
	proxy, err := newProxy(s.arena.socket(), hook)
	if err != nil {
		return Result{}, err
	}
	p, err := s.start(s.arena.Program, proxy.through(s.DSN()), args...)
	if err != nil {
		proxy.Close()
		return Result{}, err
	}
	k.proc <- p
	r := s.wait(p, runTimeout)
	proxy.Close()
	return r, s.settle(ctx)
}

// socket is the file of the server's socket.
func (a *Arena) socket() string { return filepath.Join(a.Server.SocketDir, ".s.PGSQL.5432") }

// settle waits until no session of the program is left on the site.
func (s *Site) settle(ctx context.Context) error {
	return s.arena.asAdmin(ctx, func(conn *pgx.Conn) error {
		for end := time.Now().Add(lockWait); time.Now().Before(end); time.Sleep(3 * time.Millisecond) {
			var n int
			err := conn.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'", s.name).Scan(&n)
			if err != nil || n == 0 {
				return err
			}
		}
		return fmt.Errorf("sessions of a dead program stay on %s", s.name)
	})
}
