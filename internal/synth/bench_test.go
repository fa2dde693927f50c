package synth_test

import (
	"io"
	"strconv"
	"testing"

	"github.com/contactmerge/contactmerge/internal/synth"
)

func BenchmarkNext(b *testing.B) {
	for _, rows := range []int{10_000, 1_000_000} {
		b.Run("rows="+strconv.Itoa(rows), func(b *testing.B) {
			g, err := synth.New(synth.Config{Contacts: rows, Seed: 1})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			made := 0
			for b.Loop() {
				if _, _, ok := g.Next(); !ok {
					g.Rewind()
				}
				made++
			}
			b.ReportMetric(float64(made)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func BenchmarkWriteCSV(b *testing.B) {
	const rows = 20_000
	b.ReportAllocs()
	for b.Loop() {
		err := synth.WriteCSV(synth.Config{Contacts: rows}, synth.Files{Contacts: io.Discard, Identities: io.Discard, Truth: io.Discard})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
}
