package main

import (
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/contactmerge/contactmerge/pipeline"
)

var (
	_ pipeline.Progress = (*bars)(nil)
	_ pipeline.Progress = (*lines)(nil)
)

// progress shows how far a verb is, as its flags about logging say.
func (a *app) progress() (pipeline.Progress, error) {
	log, err := a.logs.logger(a.err)
	if err != nil {
		return nil, err
	}
	return newProgress(a.err, log), nil
}

// newProgress shows bars on a terminal and a log line now and then elsewhere.
func newProgress(w io.Writer, log *slog.Logger) pipeline.Progress {
	if isTerminal(w) {
		return &bars{p: mpb.New(mpb.WithOutput(w), mpb.WithWidth(48))}
	}
	return &lines{log: log, now: time.Now}
}

// bars draws one bar a stage, with the time left.
type bars struct {
	mu    sync.Mutex
	p     *mpb.Progress
	bar   *mpb.Bar
	total int64
}

// Stage begins a bar.
func (b *bars) Stage(name string, total int64, _ string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.end()
	b.total = total
	// A bar that is born with a total ends by reaching it, and never if the estimate was too high.
	b.bar = b.p.AddBar(0,
		mpb.PrependDecorators(decor.Name(name, decor.WC{W: 24, C: decor.DindentRight}), decor.CountersNoUnit("%d / %d", decor.WCSyncWidth)),
		mpb.AppendDecorators(decor.Percentage(decor.WC{W: 5}), decor.Name("  "), decor.OnComplete(decor.AverageETA(decor.ET_STYLE_MMSS), "done ")),
	)
	b.bar.SetTotal(total, false)
}

// Add advances the bar.
func (b *bars) Add(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bar != nil {
		b.bar.IncrInt64(n)
	}
}

// Stop ends the last bar and leaves the cursor below it.
func (b *bars) Stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.end()
	b.p.Wait()
}

func (b *bars) end() {
	if b.bar == nil {
		return
	}
	done := b.bar.Current()
	if done == 0 {
		done = max(b.total, 1) // a stage that is one piece of work, and done
	}
	b.bar.SetCurrent(done)
	b.bar.SetTotal(done, true) // totals are estimates: what is there is all there is
	b.bar = nil
}

// lineEvery is how often a stage that takes long says how far it is.
const lineEvery = 5 * time.Second

// lines writes a log line every few seconds, for logs that people read afterwards.
type lines struct {
	log *slog.Logger
	now func() time.Time

	mu          sync.Mutex
	name, unit  string
	total, done int64
	start, said time.Time
}

// Stage begins a stage; the pipeline itself logs its end.
func (l *lines) Stage(name string, total int64, unit string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.name, l.unit, l.total, l.done, l.start, l.said = name, unit, total, 0, l.now(), l.now()
}

// Add counts, and speaks when it is time to.
func (l *lines) Add(n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done += n
	now := l.now()
	if now.Sub(l.said) < lineEvery {
		return
	}
	l.said = now
	args := []any{"stage", l.name, "done", l.done, "unit", l.unit}
	if l.total > l.done && l.done > 0 {
		left := now.Sub(l.start).Seconds() / float64(l.done) * float64(l.total-l.done)
		args = append(args, "of", l.total, "left", (time.Duration(left) * time.Second).String())
	}
	l.log.Info("progress", args...)
}

// Stop has nothing to clean up.
func (l *lines) Stop() {}
