//go:build faults && unix

package main

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// envFault says where to die: a point's name, or any, and which of its passages, as in committed:3. Builds for users have no such thing.
const envFault = "CONTACTMERGE_FAULT"

// faultPoint kills the process as kill -9 does, at the point that the environment names.
func faultPoint() func(point string) {
	name, count, ok := strings.Cut(os.Getenv(envFault), ":")
	if !ok {
		return nil
	}
	n, err := strconv.ParseInt(count, 10, 64)
	if err != nil {
		return nil
	}
	var passed atomic.Int64
	return func(point string) {
		if (name == point || name == "any") && passed.Add(1) == n {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // the signal arrives before anything else happens
		}
	}
}
