//go:build !unix

package pipeline

import "runtime"

// cpuSeconds is not known here.
func cpuSeconds() float64 { return 0 }

// peakMemory is what the Go runtime has asked the system for, in bytes.
func peakMemory() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys)
}
