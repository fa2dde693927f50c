package torture

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Count is what a part of the harness did.
type Count struct {
	Name   string
	Done   int
	Wrong  int // violations
	Took   time.Duration
	Detail string
}

// trial is an apply or an undo that is interrupted again and again, starting from the same database.
type trial struct {
	from  *Site // as it is before
	whole Image // as it is after an uninterrupted run
	args  []string
	verb  string
	start int // merges in force before
	every int // finish every so many interrupted runs, to see that they come to the same end
}

// tries makes the two trials of a site: applying its plan, and undoing it. The second is nil when the program cannot undo.
func (s *Site) tries(ctx context.Context) (apply, undo *trial, err error) {
	done, err := s.Clone(ctx)
	if err != nil {
		return nil, nil, err
	}
	r := done.Run(ctx, applyArgs...)
	if r.Code != exitDone && r.Code != exitPartial {
		return nil, nil, fmt.Errorf("%s: applying without any fault: %s", s.Spec, r)
	}
	st, ok := done.sound(ctx, "after an uninterrupted apply")
	if !ok || st.Applied == 0 {
		return nil, nil, fmt.Errorf("%s: applying without any fault merged %d groups: %s", s.Spec, st.Applied, r)
	}
	image, err := done.image(ctx)
	if err != nil {
		return nil, nil, err
	}
	apply = &trial{from: s, whole: image, args: applyArgs, verb: "apply", every: 8}
	if !s.arena.canUndo(ctx, s) {
		s.arena.say("the program has no verb undo: its half is left out")
		return apply, nil, nil
	}
	return apply, &trial{from: done, whole: s.base, args: s.undoArgs(), verb: "undo", start: st.Applied, every: 8}, nil
}

// canUndo says whether the program has the verb.
func (a *Arena) canUndo(ctx context.Context, s *Site) bool { return a.has(ctx, s, "undo") }

// has says whether the program has a verb.
func (a *Arena) has(ctx context.Context, s *Site, verb string) bool {
	return strings.Contains(s.Run(ctx, verb, "--help").Out, "contactmerge "+verb+" ")
}

func (s *Site) image(ctx context.Context) (im Image, err error) {
	err = withConn(ctx, s.DSN(), func(conn *pgx.Conn) error {
		im, err = s.Spec.Read(ctx, conn)
		return err
	})
	return im, err
}

// exhaust strikes at point 1, 2, 3, … until a run ends without having met the fault; step leaves some points out.
func (t *trial) exhaust(ctx context.Context, f fault, step int) (Count, error) {
	a := t.from.arena
	c := Count{Name: f.name + " of " + t.verb}
	site, err := t.from.Clone(ctx)
	if err != nil {
		return c, err
	}
	half, finished := 0, 0
	for n := 1; ; n += step {
		r, fired, err := site.strike(ctx, f, n, t.args...)
		if err != nil {
			return c, fmt.Errorf("%s %d: %w", c.Name, n, err)
		}
		where := fmt.Sprintf("%s %d", c.Name, n)
		st, ok := site.sound(ctx, where)
		if fired {
			c.Done++
		}
		moved := st.Undone > 0 || t.verb == "apply" && st.Applied > 0
		if moved {
			half++
		}
		if moved || !ok || !fired || c.Done%t.every == 0 {
			finished++
			site.converges(ctx, t, where)
			site.Drop(ctx)
			if !fired {
				c.Detail = fmt.Sprintf("%d had merges behind them, %d were finished and compared", half, finished)
				return c, nil
			}
			if site, err = t.from.Clone(ctx); err != nil {
				return c, err
			}
		}
		if a.Verbose {
			a.say("%s: fired %v, exit code %d, %d merges, %d undone", where, fired, r.Code, st.Applied, st.Undone)
		}
	}
}

// converges finishes what was interrupted and compares the end with that of an uninterrupted run.
func (s *Site) converges(ctx context.Context, t *trial, where string) {
	if r := s.finish(ctx, t.args...); r.Code != exitDone && r.Code != exitPartial {
		s.arena.violation("%s: %s: finishing ended with %s", s.Spec, where, r)
		return
	}
	s.sound(ctx, where+", finished")
	have, err := s.image(ctx)
	if err != nil {
		s.arena.violation("%s: %s: %v", s.Spec, where, err)
		return
	}
	if wrong := s.Spec.Same(t.whole, have); len(wrong) > 0 {
		s.arena.violation("%s: %s, finished: not what an uninterrupted run makes: %d differences, such as %s", s.Spec, where, len(wrong), wrong[0])
	}
}
