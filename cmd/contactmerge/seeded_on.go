//go:build seededbugs

package main

import (
	"os"

	"github.com/contactmerge/contactmerge/sinks/merge"
)

// seededBug is the bug that the torture harness wants this process to have.
func seededBug() merge.Seeded { return merge.Seeded{Bug: os.Getenv("CONTACTMERGE_BUG")} }
