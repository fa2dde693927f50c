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
	apply, undo, err := site.tries(ctx)
	if err != nil {
		return nil, err
	}
	var out []Count
	for _, t := range []*trial{apply, undo} {
		if t == nil {
			continue
		}
		d := newDice(seed, "cuts "+t.verb)
		c, err := a.counted(func() (Count, error) { return t.cut(ctx, d, sc.Cuts) })
		if err != nil {
			return out, err
		}
		out = append(out, c)
	}
	return out, nil
}

func (t *trial) cut(ctx context.Context, d dice, times int) (Count, error) {
	c := Count{Name: "network cuts and holds during " + t.verb}
	runs, alone := 0, 0
	total, err := t.messages(ctx)
	if err != nil {
		return c, err
	}
	for c.Done < times {
		s, err := t.from.Clone(ctx)
		if err != nil {
			return c, err
		}
		var done atomic.Int64
		k := &strike{proc: make(chan *process, 1)}
		// In one run of five also while it is still getting ready.
		r, err := s.through(ctx, k, unreliable(d, &done, total, runs%5 == 0), t.args...)
		if err != nil {
			return c, err
		}
		where := fmt.Sprintf("%s, run %d", c.Name, runs)
		s.sound(ctx, where)
		if r.Code == exitDone || r.Code == exitPartial {
			alone++
		} else if t.from.arena.Verbose {
			t.from.arena.say("%s: %s", where, r)
		}
		s.converges(ctx, t, where)
		s.Drop(ctx)
		runs++
		c.Done += int(done.Load())
	}
	c.Detail = fmt.Sprintf("in %d runs, of which %d went on by themselves to the end", runs, alone)
	return c, nil
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
