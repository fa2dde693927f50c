//go:build !seededbugs

package main

import "github.com/contactmerge/contactmerge/sinks/merge"

// seededBug is none: only the torture harness's own build has bugs to choose.
func seededBug() merge.Seeded { return merge.Seeded{} }
