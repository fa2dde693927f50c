package pipeline

import (
	"context"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// stage runs n workers from in to the returned channel; the last one out closes it.
func stage[I, O any](ctx context.Context, g *errgroup.Group, n int, in <-chan I, worker func() func(I) (O, error)) <-chan O {
	out, live := make(chan O, n), new(atomic.Int32)
	live.Store(int32(n))
	for range n {
		g.Go(func() error {
			defer func() {
				if live.Add(-1) == 0 {
					close(out)
				}
			}()
			do := worker()
			for v := range in {
				r, err := do(v)
				if err != nil {
					return err
				}
				select {
				case out <- r:
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			}
			return nil
		})
	}
	return out
}

// parallel runs do(0) … do(n-1) on a bounded number of goroutines and returns the first error. It is what the pure rooms get as contact.Parallel.
func parallel(ctx context.Context, workers int) func(n int, do func(i int) error) error {
	return func(n int, do func(i int) error) error {
		g, ctx := errgroup.WithContext(ctx)
		var next atomic.Int64
		for range min(workers, n) {
			g.Go(func() error {
				for {
					i := int(next.Add(1) - 1)
					if i >= n {
						return nil
					}
					if ctx.Err() != nil {
						return context.Cause(ctx)
					}
					if err := do(i); err != nil {
						return err
					}
				}
			})
		}
		return g.Wait()
	}
}
