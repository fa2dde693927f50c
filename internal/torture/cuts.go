package torture

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// cuts breaks the network at random messages: the connection is reset, a reply is lost, a message arrives though its sender saw the
// connection break, or nothing moves for a while. One run meets several.
func cuts(ctx context.Context, a *Arena, seed uint64, sc Scale) ([]Count, error) {
	site, err := a.BuildSolid(ctx, seed, 20)
	if err != nil {
		return nil, err
	}
	defer site.Drop(ctx)
	var out []Count
	err = site.trials(ctx, func(t *trial) error {
		c, err := a.counted(func() (Count, error) { return t.cut(ctx, seed, sc.Cuts) })
		out = append(out, c)
		return err
	})
	return out, err
}

func (t *trial) cut(ctx context.Context, seed uint64, times int) (Count, error) {
	c := Count{Name: "network cuts and holds during " + t.verb}
	total, err := t.messages(ctx)
	if err != nil {
		return c, err
	}
	var done, runs, alone atomic.Int64
	err = t.from.arena.share(ctx, 3, func(i int) (bool, error) {
		// In one run of five also while it is still getting ready.
		hook := unreliable(newDice(seed, fmt.Sprintf("cuts %s %d", t.verb, i)), &done, total, i%5 == 0)
		ended, err := t.through(ctx, hook, fmt.Sprintf("%s, run %d", c.Name, i))
		runs.Add(1)
		if ended {
			alone.Add(1)
		}
		return done.Load() < int64(times), err
	})
	c.Done = int(done.Load())
	c.Detail = fmt.Sprintf("in %d runs, of which %d went on by themselves to the end", runs.Load(), alone.Load())
	return c, err
}

// through runs the trial once behind a hook, finishes it, and reports whether it came to its end by itself.
func (t *trial) through(ctx context.Context, hook Hook, where string) (alone bool, err error) {
	s, err := t.from.Clone(ctx)
	if err != nil {
		return false, err
	}
	defer s.Drop(ctx)
	r, err := s.through(ctx, &strike{proc: make(chan *process, 1)}, hook, t.args...)
	if err != nil {
		return false, err
	}
	s.sound(ctx, where)
	alone = r.Code == exitDone || r.Code == exitPartial
	if !alone && s.arena.Verbose {
		s.arena.say("%s: %s", where, r)
	}
	s.converges(ctx, t, where)
	return alone, nil
}

// messages counts those of an undisturbed run, after it took the lease.
func (t *trial) messages(ctx context.Context) (n int, err error) {
	s, err := t.from.Clone(ctx)
	if err != nil {
		return 0, err
	}
	defer s.Drop(ctx)
	work := false
	hook := func(f *Frame) Verdict {
		if work = work || f.takesLease(); work {
			n++
		}
		return Pass
	}
	_, err = s.through(ctx, &strike{proc: make(chan *process, 1)}, hook, t.args...)
	return max(n, 2), err
}

// unreliable is a network on which something goes wrong once or a few times in a run, before it has taken the lease only when early.
func unreliable(d dice, done *atomic.Int64, total int, early bool) Hook {
	next := 1 + d.IntN(total)
	n := 0
	return func(f *Frame) Verdict {
		if early = early || f.takesLease(); early {
			n++
		}
		if n < next {
			return Pass
		}
		next = n + 1 + d.IntN(total)
		done.Add(1)
		switch d.IntN(5) {
		case 0:
			time.Sleep(time.Duration(d.IntN(400)) * time.Millisecond)
			return Pass
		case 1:
			if f.ToServer {
				return Hide
			}
		}
		return Cut
	}
}
