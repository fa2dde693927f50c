package torture

import (
	"context"
	"errors"
	"sync"
	"time"
)

// tellAfter is how long somebody who watches waits for a word.
const tellAfter = 30 * time.Second

// share lets the arena's workers, or times as many where they mostly wait, do items 0, 1, 2, … side by side, each item once, until do says that
// there are no more or something fails.
// What an item does may depend on its number only, so that the same items are done however they are shared out.
func (a *Arena) share(ctx context.Context, times int, do func(n int) (more bool, err error)) error {
	var all sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	next, over := 0, false
	began := time.Now()
	told := began
	for range max(1, a.Workers) * times {
		all.Add(1)
		go func() {
			defer all.Done()
			for {
				mu.Lock()
				n, stop := next, over || ctx.Err() != nil
				next++
				if now := time.Now(); now.Sub(told) > tellAfter {
					told = now
					a.say("   %d begun, %s", n, now.Sub(began).Round(time.Second))
				}
				mu.Unlock()
				if stop {
					return
				}
				more, err := do(n)
				mu.Lock()
				if err != nil {
					errs = append(errs, err)
				}
				over = over || !more || err != nil
				mu.Unlock()
			}
		}()
	}
	all.Wait()
	return errors.Join(append(errs, ctx.Err())...)
}

// each does items 0 to n-1 side by side.
func (a *Arena) each(ctx context.Context, n int, do func(i int) error) error {
	return a.share(ctx, 1, func(i int) (bool, error) {
		if i >= n {
			return false, nil
		}
		return true, do(i)
	})
}
