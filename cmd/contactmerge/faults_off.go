//go:build !faults || !unix

package main

// faultPoint is where a build with the tag faults dies on purpose; this one never does.
func faultPoint() func(point string) { return nil }
