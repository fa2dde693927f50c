package postgres

import (
	"fmt"
	"testing"

	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/run"
	"github.com/contactmerge/contactmerge/scoring"
)

// BenchmarkWrite stores the findings of a run: 20,000 suggestions with their evidence, and their indexes.
func BenchmarkWrite(b *testing.B) {
	const contacts = 201 // 20,100 pairs
	s, _ := migrated(b)
	o := outcomeOf(b, contacts)
	o.Edges = o.Edges[:0]
	for x := range contact.Row(contacts) {
		for y := x + 1; y < contacts; y++ {
			o.Edges = append(o.Edges, scoring.Edge{A: x, B: y, Rules: 1, Weight: 3, Decision: scoring.Suggest, Reasons: scoring.NamesEqual})
		}
	}
	for i := range o.Clusters {
		o.Clusters[i].Edges = nil
	}
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		n++
		rec := &run.Record{ID: fmt.Sprintf("run-%d", n)}
		if err := s.BeginRun(b.Context(), rec); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if err := s.Write(b.Context(), o, rec); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(o.Edges)*b.N)/b.Elapsed().Seconds(), "pairs/s")
}
