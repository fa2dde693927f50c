package pipeline_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/contactmerge/contactmerge/pipeline"
	"github.com/contactmerge/contactmerge/pipeline/extract"
)

// BenchmarkRun runs the whole pipeline over generated CSV files: reading them is part of it, writing is not.
func BenchmarkRun(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprintf("contacts=%dk", n/1000), func(b *testing.B) {
			if n > 10_000 && testing.Short() {
				b.Skip("a large world takes a while")
			}
			w := newWorld(b, n)
			b.ReportAllocs()
			contacts := 0
			for b.Loop() {
				src, err := extract.Files(w.files())
				if err != nil {
					b.Fatal(err)
				}
				res, err := pipeline.Run(context.Background(), pipeline.Options{Source: src})
				if err != nil {
					b.Fatal(err)
				}
				contacts += res.Outcome.Table.Len()
				res.Release()
			}
			b.ReportMetric(float64(contacts)/b.Elapsed().Seconds(), "contacts/s")
		})
	}
}
