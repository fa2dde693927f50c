package report

import (
	"context"
	"io"
	"testing"
)

// BenchmarkFiles writes each file of a run with 100,000 pairs; bytes allocated per pair show whether it streams.
func BenchmarkFiles(b *testing.B) {
	const edges = 100_000
	o, r := many(b, edges)
	sink := New(Config{Dir: "unused"})
	for _, f := range sink.files(o, r) {
		b.Run(f.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := f.write(context.Background(), io.Discard); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(edges)*float64(b.N)/b.Elapsed().Seconds(), "pairs/s")
		})
	}
}

// BenchmarkFolder writes a whole report to disk.
func BenchmarkFolder(b *testing.B) {
	const edges = 100_000
	o, r := many(b, edges)
	sink := New(Config{Dir: b.TempDir() + "/report"})
	b.ReportAllocs()
	for b.Loop() {
		if err := sink.Write(context.Background(), o, r); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(edges)*float64(b.N)/b.Elapsed().Seconds(), "pairs/s")
}
