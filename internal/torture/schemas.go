package torture

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
)

// schemas merges random schemas without any fault, compares every row with the model, merges again, undoes, and compares with what was.
func schemas(ctx context.Context, a *Arena, seed uint64, sc Scale) ([]Count, error) {
	c, err := a.counted(func() (Count, error) {
		c := Count{Name: "random schemas merged, compared, undone, compared"}
		var done, merged, removed, dirty atomic.Int64
		err := a.each(ctx, sc.Schemas, func(i int) error {
			s, err := a.Build(ctx, newSpec(seed+uint64(i), sc.Groups))
			if err != nil {
				return err
			}
			defer s.Drop(ctx)
			st, err := s.roundTrip(ctx)
			done.Add(1)
			merged.Add(int64(st.Applied))
			removed.Add(int64(st.Removed))
			dirty.Add(int64(len(s.dirty)))
			return err
		})
		c.Done = int(done.Load())
		c.Detail = fmt.Sprintf("%d merges took %d equal rows out; %d groups with a clash, all refused", merged.Load(), removed.Load(), dirty.Load())
		return c, err
	})
	return []Count{c}, err
}

// roundTrip is the life of one schema without faults. It returns what was there after apply.
func (s *Site) roundTrip(ctx context.Context) (st State, err error) {
	dry := s.Run(ctx, dryArgs...)
	if !s.identical(ctx, "after a dry run") {
		return st, nil
	}
	wet := s.Run(ctx, applyArgs...)
	if wet.Code != exitDone && wet.Code != exitPartial {
		s.arena.violation("%s: apply ended with %s", s.Spec, wet)
		return st, nil
	}
	st, ok := s.sound(ctx, "after apply")
	if !ok {
		return st, nil
	}
	if want, have := counts(dry.Out), counts(wet.Out); want != have || want == "" {
		s.arena.violation("%s: I11 the dry run counted\n%s\nand apply\n%s", s.Spec, want, have)
	}
	s.refused(ctx, len(s.plan.Steps)-st.Applied)
	before, err := s.image(ctx)
	if err != nil {
		return st, err
	}
	s.Run(ctx, applyArgs...)
	after, err := s.image(ctx)
	if err != nil {
		return st, err
	}
	if wrong := s.Spec.Same(before, after); len(wrong) > 0 {
		s.arena.violation("%s: I7 applying again changed something: %s", s.Spec, wrong[0])
	}
	s.productVerifies(ctx, "after apply")
	if s.arena.canUndo(ctx, s) {
		if r := s.Run(ctx, s.undoArgs()...); r.Code != exitDone && (r.Code != exitPartial || !s.Spec.touched()) {
			s.arena.violation("%s: undo ended with %s", s.Spec, r)
		}
		s.sound(ctx, "after undo")
		s.identical(ctx, "after undo")
		s.productVerifies(ctx, "after undo")
	}
	return st, nil
}

// refused compares the number of groups that were left alone with those that have a clash.
func (s *Site) refused(_ context.Context, left int) {
	if left < len(s.dirty) {
		s.arena.violation("%s: %d groups have a clash, but only %d were left alone", s.Spec, len(s.dirty), left)
	}
}

// productVerifies runs the program's own verify, which must agree.
func (s *Site) productVerifies(ctx context.Context, when string) {
	if !s.arena.has(ctx, s, "verify") {
		return
	}
	if r := s.Run(ctx, "verify", "--config", "c.yaml"); r.Code != exitDone {
		s.arena.violation("%s: %s: the program's own verify says %s", s.Spec, when, r)
	}
}

// number finds the lines of apply's summary that count things.
var number = regexp.MustCompile(`(?m)^(plan |  \S.*rows moved).*$`)

// counts are those lines.
func counts(out string) string { return strings.Join(number.FindAllString(out, -1), "\n") }

// touched says that a trigger sets a column on every update: undo then reports, with another exit code, that it cannot bring the value back.
func (s *Spec) touched() bool {
	for _, t := range append([]*Table{s.Contacts}, s.Tables...) {
		for _, c := range t.Columns {
			if c.Volatile {
				return true
			}
		}
	}
	return false
}
