package torture

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// kills ends the program with SIGKILL at random moments, again and again on one database until it is done, and then on a fresh one.
func kills(ctx context.Context, a *Arena, seed uint64, sc Scale) (out []Count, err error) {
	site, err := a.BuildSolid(ctx, seed, 40)
	if err != nil {
		return nil, err
	}
	defer site.Drop(ctx)
	err = site.trials(ctx, func(t *trial) error {
		n := sc.Kills
		if t.verb == "undo" {
			n /= 2
		}
		c, err := a.counted(func() (Count, error) { return t.kill(ctx, seed, n) })
		out = append(out, c)
		return err
	})
	return out, err
}

// tally is what a series of kills came to. Several series add to one.
type tally struct{ kills, midway, finished atomic.Int64 }

// kill kills n times: each series kills one database's runs until it is done.
func (t *trial) kill(ctx context.Context, seed uint64, n int) (Count, error) {
	c := Count{Name: "random SIGKILLs during " + t.verb}
	span, err := t.span(ctx)
	if err != nil {
		return c, err
	}
	var all tally
	err = t.from.arena.share(ctx, 1, func(i int) (bool, error) {
		err := t.series(ctx, newDice(seed, fmt.Sprintf("kills %s %d", t.verb, i)), span, n, &all)
		return all.kills.Load() < int64(n), err
	})
	c.Done = int(all.kills.Load())
	c.Detail = fmt.Sprintf("%d with some merges made and some not, %d databases finished and compared", all.midway.Load(), all.finished.Load())
	return c, err
}

// span is how long a whole run takes: where in it a kill can fall.
func (t *trial) span(ctx context.Context) (time.Duration, error) {
	site, err := t.from.Clone(ctx)
	if err != nil {
		return 0, err
	}
	defer site.Drop(ctx)
	began := time.Now()
	site.Run(ctx, t.args...)
	return time.Since(began), nil
}

// series kills the runs on one database at random moments until one came to its end, or there have been n kills altogether.
func (t *trial) series(ctx context.Context, d dice, span time.Duration, n int, all *tally) error {
	site, err := t.from.Clone(ctx)
	if err != nil {
		return err
	}
	defer site.Drop(ctx)
	kills := 0
	for all.kills.Load() < int64(n) {
		r, err := site.killAfter(ctx, time.Duration(d.Int64N(int64(span))), t.args)
		if err != nil {
			return err
		}
		st, ok := site.sound(ctx, fmt.Sprintf("kill %d of %s", kills, t.verb))
		if r.Code == -1 {
			kills++
			all.kills.Add(1)
			if left := st.Applied; left > 0 && left < len(t.from.plan.Steps) {
				all.midway.Add(1)
			}
		}
		if r.Code != -1 || !ok {
			break
		}
	}
	site.converges(ctx, t, fmt.Sprintf("after %d kills of %s", kills, t.verb))
	all.finished.Add(1)
	return nil
}

// killAfter starts a run and kills it after a while, unless it has ended by then.
func (s *Site) killAfter(ctx context.Context, after time.Duration, args []string) (Result, error) {
	p, err := s.start(s.arena.Program, s.DSN(), args...)
	if err != nil {
		return Result{}, err
	}
	select {
	case <-p.done:
	case <-time.After(after):
	}
	_ = p.cmd.Process.Kill()
	r := s.wait(p, runTimeout)
	return r, s.settle(ctx)
}
