package torture

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// zombies freezes a program before one of its transactions, lets another run take over, and wakes it: it must not write one row more. Half
// of them lose their session, the other half only its lock, as behind a pooler.
func zombies(ctx context.Context, a *Arena, seed uint64, sc Scale) ([]Count, error) {
	site, err := a.BuildSolid(ctx, seed, 12)
	if err != nil {
		return nil, err
	}
	defer site.Drop(ctx)
	c, err := a.counted(func() (Count, error) {
		c := Count{Name: "zombies (stopped, taken over, woken)"}
		fenced := 0
		for c.Done < sc.Zombies {
			s, err := site.Clone(ctx)
			if err != nil {
				return c, err
			}
			met, err := s.zombie(ctx, 1+c.Done/2, c.Done%2 == 1)
			if err != nil {
				return c, fmt.Errorf("zombie %d: %w", c.Done, err)
			}
			if met {
				fenced++
			}
			s.sound(ctx, fmt.Sprintf("zombie %d", c.Done))
			s.Drop(ctx)
			c.Done++
		}
		c.Detail = fmt.Sprintf("%d were taken over before their end, 0 rows written by them", fenced)
		return c, nil
	})
	return []Count{c}, err
}

// zombie freezes an apply before its n-th transaction. pooled leaves it its session. It reports whether the apply came that far.
func (s *Site) zombie(ctx context.Context, n int, pooled bool) (met bool, err error) {
	k := &strike{proc: make(chan *process, 1)}
	var before int
	var once sync.Once
	begun, leased := 0, 0
	hook := func(f *Frame) Verdict {
		sql := strings.ToLower(f.SQL())
		if f.takesLease() {
			leased = f.Conn // before that it has nothing to lose
		}
		if !f.ToServer || f.Conn != leased || !strings.HasPrefix(sql, "begin") || met {
			return Pass
		}
		if begun++; begun < n {
			return Pass
		}
		once.Do(func() {
			met = true
			p := k.process()
			_ = p.cmd.Process.Signal(syscall.SIGSTOP)
			if pooled {
				f.Inject("SELECT pg_advisory_unlock_all()")
			} else {
				err = s.arena.admin(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"+s.name+"'")
				time.Sleep(20 * time.Millisecond)
			}
			// Another night's run takes the lock; it merges nothing itself.
			if r := s.Run(ctx, "run", "--config", "c.yaml", "--log-level", "warn"); r.Code != exitDone && r.Code != exitPartial {
				s.arena.violation("%s: a run beside a frozen one ended with %s", s.Spec, r)
			}
			before = s.ledgerRows(ctx)
			_ = p.cmd.Process.Signal(syscall.SIGCONT)
		})
		return Pass
	}
	r, rerr := s.through(ctx, k, hook, applyArgs...)
	if rerr != nil || err != nil || !met {
		return met, firstOf(rerr, err)
	}
	if after := s.ledgerRows(ctx); after != before {
		s.arena.violation("%s: a frozen run merged %d groups after another had taken over", s.Spec, after-before)
	}
	if r.Code == exitDone {
		s.arena.violation("%s: a frozen run that was taken over says that it did all: %s", s.Spec, r)
	}
	return met, nil
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// ledgerRows counts what is in the ledger.
func (s *Site) ledgerRows(ctx context.Context) (n int) {
	err := withConn(ctx, s.DSN(), func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, "SELECT count(*) FROM contactmerge.ledger").Scan(&n)
	})
	if err != nil {
		s.arena.violation("%s: counting the ledger: %v", s.Spec, err)
	}
	return n
}
