// Package pipeline runs the stages: load contacts, match pairs, act on clusters. It owns the worker pools, the progress and the run record.
package pipeline

import (
	"context"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/run"
)

// Source delivers raw contacts.
type Source interface {
	// Open says what the source holds and how its columns were recognised; it reads at most a sample.
	Open(ctx context.Context) (contact.Layout, error)
	// Read delivers every batch of a part, in order. It is called at most once per part; parts may be read concurrently.
	Read(ctx context.Context, part int, emit func(*contact.Batch) error) error
	// Close ends the source's transaction and connections.
	Close() error
}

// Sink takes what a run found.
type Sink interface {
	Write(ctx context.Context, o *cluster.Outcome, r *run.Record) error
}
