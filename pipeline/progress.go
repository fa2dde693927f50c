package pipeline

// Progress shows a person how far a run is. Implementations must be safe for concurrent use.
type Progress interface {
	// Stage begins a stage of total items, 0 when nobody knows; it ends the stage before.
	Stage(name string, total int64, unit string)
	// Add says that n more items of the current stage are done.
	Add(n int64)
	// Stop ends the last stage.
	Stop()
}

// silent shows nothing.
type silent struct{}

func (silent) Stage(string, int64, string) {}
func (silent) Add(int64)                   {}
func (silent) Stop()                       {}
