package pipeline

import (
	"time"

	"github.com/contactmerge/contactmerge/internal/run"
)

// stopwatch remembers when the current stage began.
type stopwatch struct {
	wall time.Time
	cpu  float64
	open bool
}

// stage begins a stage in the record and for whoever watches. Until it ends, the record shows the items it is expected to handle.
func (r *runner) stage(name string, total int64, unit string) {
	r.progress.Stage(name, total, unit)
	r.clock = stopwatch{wall: r.opt.Now(), cpu: cpuSeconds(), open: true}
	r.rec.Stages = append(r.rec.Stages, run.Stage{Name: name, Unit: unit, Items: total})
}

// endStage ends the current stage, which handled the given number of items.
func (r *runner) endStage(items int64) {
	r.refresh()
	s := &r.rec.Stages[len(r.rec.Stages)-1]
	s.Items = items
	r.clock.open = false
	r.log.Info("stage", "name", s.Name, "items", items, "unit", s.Unit, "seconds", s.Seconds)
}

// refresh brings the times in the record up to now. A sink calls it before it writes the record, whose last stage is the sink itself.
func (r *runner) refresh() {
	now := r.opt.Now()
	if r.clock.open {
		s := &r.rec.Stages[len(r.rec.Stages)-1]
		s.Seconds = now.Sub(r.clock.wall).Seconds()
		s.CPU = cpuSeconds() - r.clock.cpu
	}
	r.rec.Ended = now
	r.rec.Seconds = now.Sub(r.rec.Started).Seconds()
	r.rec.PeakMemory = peakMemory()
	for i := range r.rec.Stages {
		if r.rec.Seconds > 0 {
			r.rec.Stages[i].Share = r.rec.Stages[i].Seconds / r.rec.Seconds
		}
	}
}
