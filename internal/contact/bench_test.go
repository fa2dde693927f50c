package contact

import (
	"fmt"
	"testing"
)

func BenchmarkTable(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("rows=%dk", n/1000), func(b *testing.B) {
			if n == 1_000_000 && testing.Short() {
				b.Skip("a million rows take a while")
			}
			const batch = 8192
			var chunks []*Chunk
			for from := 0; from < n; from += batch {
				records := make([]record, min(batch, n-from))
				for i := range records {
					k := (from + i) * 7919 % n // ids arrive in no order; 7919 is prime
					records[i] = cells(fmt.Sprint("id=", k), fmt.Sprint("first=name", k%5000), fmt.Sprintf("mail=p%d@x%d.org", k*3/4, k%50), "country=US")
				}
				chunks = append(chunks, chunkOf(b, fixtureLayout(), "file", records, func(i int) int64 { return int64(from + i) }))
			}
			b.ReportAllocs()
			rows := 0
			for b.Loop() {
				builder := NewBuilder(fixtureLayout())
				for _, c := range chunks {
					builder.Absorb(c)
				}
				if err := builder.Seal(); err != nil {
					b.Fatal(err)
				}
				t, err := builder.Freeze(make([]ParsedIdentity, builder.Distinct()), Serial)
				if err != nil {
					b.Fatal(err)
				}
				rows += t.Len()
				t.Release()
			}
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
