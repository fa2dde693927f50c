package torture

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/pgtest"
)

// crashes stops the server in the middle of a merge as a crash does, and starts it again; the program may go on by itself or end.
func crashes(ctx context.Context, a *Arena, seed uint64, sc Scale) ([]Count, error) {
	return a.disturb(ctx, seed, "server crashes mid-apply", sc.Crashes, func(d dice, _ *Site) error {
		if err := a.Server.Stop(pgtest.Immediate); err != nil {
			return err
		}
		time.Sleep(time.Duration(d.IntN(300)) * time.Millisecond)
		return a.Server.Start()
	})
}

// terminations end the program's sessions from the server's side, as an administrator does.
func terminations(ctx context.Context, a *Arena, seed uint64, sc Scale) ([]Count, error) {
	return a.disturb(ctx, seed, "sessions terminated mid-apply", sc.Crashes*2, func(_ dice, s *Site) error {
		return a.admin(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"+s.name+"'")
	})
}

// disturb applies a plan of some size, disturbs it at a random moment, and compares what comes of it.
func (a *Arena) disturb(ctx context.Context, seed uint64, name string, times int, how func(d dice, s *Site) error) ([]Count, error) {
	site, err := a.BuildSolid(ctx, seed, 40)
	if err != nil {
		return nil, err
	}
	defer site.Drop(ctx)
	apply, _, err := site.tries(ctx)
	if err != nil {
		return nil, err
	}
	d := newDice(seed, name)
	c, err := a.counted(func() (Count, error) {
		c := Count{Name: name}
		alone, midway := 0, 0
		for c.Done < times {
			s, err := site.Clone(ctx)
			if err != nil {
				return c, err
			}
			r, left, err := s.disturbed(ctx, apply, d, how)
			if err != nil {
				return c, fmt.Errorf("%s %d: %w", name, c.Done, err)
			}
			if left > 0 {
				midway++
			}
			if r.Code == exitDone || r.Code == exitPartial {
				alone++
			}
			s.converges(ctx, apply, fmt.Sprintf("%s %d", name, c.Done))
			s.Drop(ctx)
			c.Done++
		}
		c.Detail = fmt.Sprintf("%d with merges made and merges left, %d runs went on by themselves to the end", midway, alone)
		return c, nil
	})
	return []Count{c}, err
}

// disturbed waits for a random number of merges, or a moment, before it disturbs. It returns how many merges had been made by then.
func (s *Site) disturbed(ctx context.Context, t *trial, d dice, how func(d dice, s *Site) error) (Result, int, error) {
	p, err := s.start(s.arena.Program, s.DSN(), t.args...)
	if err != nil {
		return Result{}, 0, err
	}
	target := d.IntN(max(1, len(s.plan.Steps)/2))
	made := s.awaitMerges(ctx, p, target)
	time.Sleep(time.Duration(d.IntN(20)) * time.Millisecond)
	if err := how(d, s); err != nil {
		return Result{}, made, err
	}
	r := s.wait(p, runTimeout)
	if err := s.settle(ctx); err != nil {
		return r, made, err
	}
	s.sound(ctx, "disturbed")
	return r, made, nil
}

// awaitMerges waits until the ledger has some merges, or the program ended.
func (s *Site) awaitMerges(ctx context.Context, p *process, n int) (made int) {
	_ = withConn(ctx, s.DSN(), func(conn *pgx.Conn) error { // what cannot be asked counts as nothing made
		for {
			select {
			case <-p.done:
				return nil
			case <-time.After(time.Millisecond):
			}
			err := conn.QueryRow(ctx, "SELECT count(*) FROM contactmerge.ledger WHERE action = 'merge'").Scan(&made)
			if err != nil || made >= n {
				return err
			}
		}
	})
	return made
}
