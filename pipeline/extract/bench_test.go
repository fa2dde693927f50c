package extract_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/pgtest"
	"github.com/contactmerge/contactmerge/pipeline/extract"
)

// readAll opens a source and reads all of it, counting rows.
func readAll(b *testing.B, s source) int {
	b.Helper()
	layout, err := s.Open(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	rows := 0
	for part := range layout.Parts {
		err := s.Read(context.Background(), part, func(batch *contact.Batch) error {
			rows += batch.Len()
			batch.Release()
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	return rows
}

func report(b *testing.B, rows, want int) {
	b.Helper()
	if rows != want*b.N {
		b.Fatalf("%d rows read in %d rounds of %d", rows, b.N, want)
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkCSV(b *testing.B) {
	const n = 100_000
	var plain, quoted bytes.Buffer
	for _, out := range []*bytes.Buffer{&plain, &quoted} {
		out.WriteString("id,first_name,last_name,email,phone,company,street,city,postcode,country\n")
	}
	for i := range n {
		fmt.Fprintf(&plain, "%d,Jane%d,Roe,jane%d@example.com,+49 30 %07d,Acme GmbH,Main Street %d,Berlin,10115,DE\n", i, i%1000, i, i, i%200)
		fmt.Fprintf(&quoted, "%d,\"Jane%d\",\"Roe, Dr.\",jane%d@example.com,+49 30 %07d,\"Acme \"\"X\"\" GmbH\",\"Main Street %d\",Berlin,10115,DE\n", i, i%1000, i, i, i%200)
	}
	for name, content := range map[string][]byte{"plain": plain.Bytes(), "quoted": quoted.Bytes()} {
		b.Run(name+"/rows=100k", func(b *testing.B) {
			path := write(b, "c.csv", content)
			b.ReportAllocs()
			b.SetBytes(int64(len(content)))
			rows := 0
			for b.Loop() {
				rows += readAll(b, files(b, extract.FilesConfig{Contacts: []string{path}}))
			}
			report(b, rows, n)
		})
	}
}

func BenchmarkPostgres(b *testing.B) {
	const n = 100_000
	db := pgtest.DB(b)
	db.Exec(b, fmt.Sprintf(`CREATE TABLE contacts AS SELECT i AS id, 'Jane' || i %% 1000 AS first_name, 'Roe' AS last_name,
		'jane' || i || '@example.com' AS email, '+49 30 ' || i AS phone, 'Acme GmbH' AS company, 'Main Street ' || i %% 200 AS street,
		'Berlin' AS city, '10115' AS postcode, 'DE' AS country FROM generate_series(1, %d) i; ANALYZE`, n))
	b.Run("rows=100k", func(b *testing.B) {
		b.ReportAllocs()
		rows := 0
		for b.Loop() {
			rows += readAll(b, postgres(extract.PostgresConfig{Contacts: extract.TableMap{Table: "contacts", ID: "id"}}, db))
		}
		report(b, rows, n)
	})
}

func BenchmarkParquet(b *testing.B) {
	const n = 100_000
	path := write(b, "c.parquet", parquetBytes(b, people(n)))
	b.ReportAllocs()
	rows := 0
	for b.Loop() {
		rows += readAll(b, files(b, extract.FilesConfig{Contacts: []string{path}}))
	}
	report(b, rows, n)
}
