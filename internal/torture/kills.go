package torture

import (
	"context"
	"fmt"
	"time"
)

// kills ends the program with SIGKILL at random moments, again and again on one database until it is done, and then on a fresh one.
func kills(ctx context.Context, a *Arena, seed uint64, sc Scale) (out []Count, err error) {
	site, err := a.BuildSolid(ctx, seed, 40)
	if err != nil {
		return nil, err
	}
	defer site.Drop(ctx)
	apply, undo, err := site.tries(ctx)
	if err != nil {
		return nil, err
	}
	d := newDice(seed, "kills")
	for _, t := range []*trial{apply, undo} {
		if t == nil {
			continue
		}
		n := sc.Kills
		if t == undo {
			n /= 2
		}
		c, err := a.counted(func() (Count, error) { return t.kill(ctx, d, n) })
		if err != nil {
			return out, err
		}
		out = append(out, c)
	}
	return out, nil
}

func (t *trial) kill(ctx context.Context, d dice, n int) (Count, error) {
	c := Count{Name: "random SIGKILLs during " + t.verb}
	var site *Site
	var span time.Duration
	finished, midway := 0, 0
	for c.Done < n {
		if site == nil {
			fresh, err := t.from.Clone(ctx)
			if err != nil {
				return c, err
			}
			site = fresh
			if span == 0 {
				// How long a whole run takes is where in it a kill can fall.
				began := time.Now()
				site.Run(ctx, t.args...)
				span = time.Since(began)
				site.Drop(ctx)
				site = nil
				continue
			}
		}
		p, err := site.start(t.from.arena.Program, site.DSN(), t.args...)
		if err != nil {
			return c, err
		}
		select {
		case <-p.done:
		case <-time.After(time.Duration(d.Int64N(int64(span)))):
		}
		_ = p.cmd.Process.Kill()
		r := site.wait(p, runTimeout)
		if err := site.settle(ctx); err != nil {
			return c, err
		}
		st, ok := site.sound(ctx, fmt.Sprintf("kill %d of %s", c.Done, t.verb))
		if r.Code == -1 {
			c.Done++
			if left := st.Applied; left > 0 && left < len(t.from.plan.Steps) {
				midway++
			}
		}
		if r.Code != -1 || !ok {
			site.converges(ctx, t, fmt.Sprintf("after kill %d of %s", c.Done, t.verb))
			site.Drop(ctx)
			site = nil
			finished++
		}
	}
	if site != nil {
		site.converges(ctx, t, "after the last kill")
		site.Drop(ctx)
		finished++
	}
	c.Detail = fmt.Sprintf("%d with some merges made and some not, %d databases finished and compared", midway, finished)
	return c, nil
}
