package torture

import (
	"context"
	"fmt"
	"strings"
	"sync"
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
	every int // finish and compare every so many interrupted runs, whatever was found before

	mu   sync.Mutex
	seen map[string]int // how many runs left the database in a state, and were finished
}

// often is how many runs that leave the same state behind are finished before only some of them are.
const often = 5

// fresh says whether a state has not been finished from often enough, and counts it.
func (t *trial) fresh(state string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.seen == nil {
		t.seen = map[string]int{}
	}
	t.seen[state]++
	return t.seen[state] <= often
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

// trials does something with the trial of applying a site's plan, and then with that of undoing it.
func (s *Site) trials(ctx context.Context, do func(t *trial) error) error {
	apply, undo, err := s.tries(ctx)
	if err != nil {
		return err
	}
	if err := do(apply); err != nil || undo == nil {
		return err
	}
	defer undo.from.Drop(ctx)
	return do(undo)
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

// exhaust strikes at point 1, 2, 3, …, each time in a fresh copy of the database, until a run ends without having met the fault; step
// leaves some points out.
func (t *trial) exhaust(ctx context.Context, f fault, step int) (Count, error) {
	c := Count{Name: f.name + " of " + t.verb}
	var mu sync.Mutex
	half, finished := 0, 0
	err := t.from.arena.share(ctx, 1, func(i int) (bool, error) {
		o, err := t.point(ctx, f, 1+i*step, i%t.every == 0)
		if err != nil {
			return false, fmt.Errorf("%s %d: %w", c.Name, 1+i*step, err)
		}
		mu.Lock()
		defer mu.Unlock()
		c.Done += count(o.fired)
		half += count(o.moved)
		finished += count(o.finished)
		return o.fired, nil
	})
	c.Detail = fmt.Sprintf("%d had merges behind them, %d were finished and compared", half, finished)
	return c, err
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// outcome is what came of a strike: the fault took place, the run had made some of its merges, it was finished and compared.
type outcome struct{ fired, moved, finished bool }

// point strikes at one point. What it leaves behind is finished, and compared with what an uninterrupted run makes, unless the same state was
// a few times before and nobody insists.
func (t *trial) point(ctx context.Context, f fault, n int, finish bool) (o outcome, err error) {
	site, err := t.from.Clone(ctx)
	if err != nil {
		return o, err
	}
	defer site.Drop(ctx)
	r, fired, err := site.strike(ctx, f, n, t.args...)
	if err != nil {
		return o, err
	}
	where := fmt.Sprintf("%s of %s %d", f.name, t.verb, n)
	st, ok := site.sound(ctx, where)
	o.fired, o.moved = fired, st.Undone > 0 || t.verb == "apply" && st.Applied > 0
	if o.finished = t.fresh(st.Print) || !ok || !fired || finish; o.finished {
		site.converges(ctx, t, where)
	}
	if a := site.arena; a.Verbose {
		a.say("%s: fired %v, exit code %d, %d merges, %d undone", where, fired, r.Code, st.Applied, st.Undone)
	}
	return o, nil
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
