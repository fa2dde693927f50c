package extract_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/pipeline/extract"
)

// everyType has one column of every kind of type; the second of its rows is null but for the id.
func everyType(tb testing.TB) arrow.RecordBatch {
	tb.Helper()
	dict := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "id", Type: arrow.PrimitiveTypes.Int64},
		{Name: "first_name", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "tags", Type: arrow.ListOf(arrow.BinaryTypes.String), Nullable: true},
		{Name: "city", Type: dict, Nullable: true},
		{Name: "birthdate", Type: arrow.FixedWidthTypes.Date32, Nullable: true},
		{Name: "created_at", Type: &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "Europe/Berlin"}, Nullable: true},
		{Name: "vip", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
		{Name: "score", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
		{Name: "balance", Type: &arrow.Decimal128Type{Precision: 10, Scale: 2}, Nullable: true},
		{Name: "small", Type: arrow.PrimitiveTypes.Uint8, Nullable: true},
		{Name: "old text", Type: arrow.BinaryTypes.Binary, Nullable: true},
		{Name: "photo", Type: arrow.BinaryTypes.Binary, Nullable: true},
		{Name: "nested", Type: arrow.StructOf(arrow.Field{Name: "id", Type: arrow.PrimitiveTypes.Int64}), Nullable: true},
		{Name: "email", Type: arrow.BinaryTypes.LargeString, Nullable: true},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	b.Field(0).(*array.Int64Builder).AppendValues([]int64{7, 8}, nil)
	b.Field(1).(*array.StringBuilder).Append("José")
	list := b.Field(2).(*array.ListBuilder)
	list.Append(true)
	list.ValueBuilder().(*array.StringBuilder).Append("x")
	if err := b.Field(3).(*array.BinaryDictionaryBuilder).AppendString("Rome"); err != nil {
		tb.Fatal(err)
	}
	b.Field(4).(*array.Date32Builder).Append(arrow.Date32(-1))
	b.Field(5).(*array.TimestampBuilder).Append(1_500_000)
	b.Field(6).(*array.BooleanBuilder).Append(true)
	b.Field(7).(*array.Float64Builder).Append(42)
	b.Field(8).(*array.Decimal128Builder).Append(decimal128.FromI64(-1250))
	b.Field(9).(*array.Uint8Builder).Append(200)
	b.Field(10).(*array.BinaryBuilder).Append([]byte("plain"))
	b.Field(11).(*array.BinaryBuilder).Append([]byte{0xff, 0xd8, 0})
	st := b.Field(12).(*array.StructBuilder)
	st.Append(true)
	st.FieldBuilder(0).(*array.Int64Builder).Append(1)
	b.Field(13).(*array.LargeStringBuilder).Append("a@b.example")
	for i := 1; i < len(schema.Fields()); i++ {
		if i == 7 {
			b.Field(i).(*array.Float64Builder).Append(math.NaN())
			continue
		}
		b.Field(i).AppendNull()
	}
	return b.NewRecordBatch()
}

// people is n plain rows.
func people(n int) arrow.RecordBatch {
	schema := arrow.NewSchema([]arrow.Field{{Name: "id", Type: arrow.PrimitiveTypes.Int32}, {Name: "name", Type: arrow.BinaryTypes.String}}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for i := range n {
		b.Field(0).(*array.Int32Builder).Append(int32(i))
		b.Field(1).(*array.StringBuilder).Append(fmt.Sprint("name ", i))
	}
	return b.NewRecordBatch()
}

func parquetBytes(tb testing.TB, batches ...arrow.RecordBatch) []byte {
	tb.Helper()
	var out bytes.Buffer
	w, err := pqarrow.NewFileWriter(batches[0].Schema(), &out, parquet.NewWriterProperties(), pqarrow.DefaultWriterProps())
	if err != nil {
		tb.Fatal(err)
	}
	for _, b := range batches {
		if err := w.Write(b); err != nil { // a row group each
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func ipcBytes(tb testing.TB, stream bool, batches ...arrow.RecordBatch) []byte {
	tb.Helper()
	var out bytes.Buffer
	var w interface {
		Write(arrow.RecordBatch) error
		Close() error
	}
	w = ipc.NewWriter(&out, ipc.WithSchema(batches[0].Schema()))
	if !stream {
		var err error
		if w, err = ipc.NewFileWriter(&out, ipc.WithSchema(batches[0].Schema())); err != nil {
			tb.Fatal(err)
		}
	}
	for _, b := range batches {
		if err := w.Write(b); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func forms(tb testing.TB, batches ...arrow.RecordBatch) map[string][]byte {
	return map[string][]byte{
		"c.parquet": parquetBytes(tb, batches...), "c.arrow": ipcBytes(tb, false, batches...), "c.arrows": ipcBytes(tb, true, batches...),
	}
}

func TestColumnFiles(t *testing.T) {
	for name, content := range forms(t, everyType(t)) {
		t.Run(name, func(t *testing.T) {
			s := files(t, extract.FilesConfig{Contacts: []string{write(t, name, content)}})
			got := collect(t, s)
			want := "id=id | first_name=first_name | city=city | birthdate=birthdate | created_at=created_at | vip=vip | score=custom | " +
				"balance=custom | small=custom | old text=custom | email=identity:email"
			if brief(got.layout.Contacts) != want {
				t.Errorf("layout %s", brief(got.layout.Contacts))
			}
			first := []string{"7", "José", "Rome", "1969-12-31", "1970-01-01T00:00:01.5Z", "true", "42", "-12.50", "200", "plain", "a@b.example"}
			second := []string{"8"}
			for range len(first) - 1 {
				second = append(second, "<null>")
			}
			if diff := cmp.Diff([][]string{first, second}, got.contacts); diff != "" {
				t.Errorf("contacts (-want +got):\n%s", diff)
			}
			notes := strings.Join(s.Notes(), "\n")
			for _, column := range []string{"tags", "photo", "nested"} {
				if !strings.Contains(notes, fmt.Sprintf("column %q of ", column)) {
					t.Errorf("no note about %s in %q", column, notes)
				}
			}
		})
	}
}

func TestColumnFilesMany(t *testing.T) {
	for name, content := range forms(t, people(10_000), people(10_000), people(1)) {
		t.Run(name, func(t *testing.T) {
			got := collect(t, files(t, extract.FilesConfig{Contacts: []string{write(t, "data", content)}})) // recognised by content
			if len(got.contacts) != 20_001 || got.positions[20_000] != 20_001 || got.contacts[9_999][1] != "name 9999" {
				t.Errorf("%d contacts", len(got.contacts))
			}
			if name == "c.parquet" && got.layout.Rows != 20_001 {
				t.Errorf("%d rows were announced", got.layout.Rows)
			}
		})
	}
	for name, content := range forms(t, people(0)) {
		if got := collect(t, files(t, extract.FilesConfig{Contacts: []string{write(t, name, content)}})); len(got.contacts) != 0 {
			t.Errorf("%s: %d contacts", name, len(got.contacts))
		}
	}
}

func TestColumnFilesMistakes(t *testing.T) {
	path := write(t, "c.parquet", parquetBytes(t, everyType(t)))
	s := files(t, extract.FilesConfig{Contacts: []string{path}, Map: map[string]string{"tags": "custom"}})
	if _, err := s.Open(context.Background()); err == nil || !strings.Contains(err.Error(), `column "tags" has type list<`) {
		t.Errorf("got %v", err)
	}
	bad := everyType(t)
	column := array.NewStringBuilder(memory.DefaultAllocator)
	column.AppendValues([]string{"a\xff", "b"}, nil)
	broken := array.NewRecordBatch(arrow.NewSchema([]arrow.Field{bad.Schema().Field(0), {Name: "name", Type: arrow.BinaryTypes.String}}, nil),
		[]arrow.Array{bad.Column(0), column.NewArray()}, 2)
	got := collect(t, files(t, extract.FilesConfig{Contacts: []string{write(t, "b.arrow", ipcBytes(t, false, broken))}}))
	if diff := cmp.Diff([]string{"1:7::row:bad_utf8"}, briefRejects(got.rejects)); diff != "" || got.rejects[0].Raw != `7,a\xff` {
		t.Errorf("rejects %+v (-want +got):\n%s", got.rejects, diff)
	}
}

// TestDamagedColumnFiles cuts files short everywhere, and flips bytes of Parquet: an error of one line is fine, a panic is not.
// Flipped bytes of IPC are not tried, because the library believes the lengths in a schema and asks for that much memory.
func TestDamagedColumnFiles(t *testing.T) {
	for name, content := range forms(t, everyType(t), everyType(t)) {
		t.Run(name, func(t *testing.T) {
			failed := 0
			try := func(damaged []byte) {
				_, err := tryCollect(files(t, extract.FilesConfig{Contacts: []string{write(t, name, damaged)}}))
				if err != nil {
					failed++
					if strings.Contains(err.Error(), "\n") {
						t.Errorf("more than a line: %v", err)
					}
				}
			}
			step := max(1, len(content)/100)
			for n := 0; n < len(content); n += step {
				try(content[:n])
				flipped := bytes.Clone(content)
				flipped[n] ^= 0x55
				if name == "c.parquet" {
					try(flipped)
				}
			}
			if failed < 50 {
				t.Errorf("only %d damaged files were refused", failed)
			}
		})
	}
}

// TestNoLeaks reads everything with an allocator that counts, also when the receiver refuses.
func TestNoLeaks(t *testing.T) {
	inputs := forms(t, people(20_000))
	var text strings.Builder
	text.WriteString("id,name\n")
	for i := range 20_000 {
		fmt.Fprintf(&text, "%d,x\nbad\n", i)
	}
	inputs["c.csv"] = []byte(text.String())
	for name, content := range inputs {
		t.Run(name, func(t *testing.T) {
			mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
			defer mem.AssertSize(t, 0)
			path := write(t, name, content)
			collect(t, files(t, extract.FilesConfig{Contacts: []string{path}, Allocator: mem}))

			s := files(t, extract.FilesConfig{Contacts: []string{path}, Allocator: mem})
			if _, err := s.Open(context.Background()); err != nil {
				t.Fatal(err)
			}
			err := s.Read(context.Background(), 0, func(b *contact.Batch) error { b.Release(); return context.Canceled })
			if err == nil {
				t.Error("the receiver's error was lost")
			}
		})
	}
}
