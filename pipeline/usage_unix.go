//go:build unix

package pipeline

import (
	"runtime"
	"syscall"
)

// cpuSeconds is the processor time the process has used.
func cpuSeconds() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// peakMemory is the largest resident set of the process, in bytes.
func peakMemory() int64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return int64(u.Maxrss) //nolint:unconvert // 32 bits wide on some systems; bytes there, kilobytes elsewhere
	}
	return int64(u.Maxrss) * 1024 //nolint:unconvert // likewise
}
