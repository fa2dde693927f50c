package report

import (
	"context"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// groupRows is the length of a row group: what a writer keeps in memory, and what a reader can skip.
const groupRows = 1 << 16

// createdBy names the writer without a version, so that an upgrade that changes no data changes no bytes.
const createdBy = "contactmerge"

// table is a Parquet file under construction: rows are appended column by column, then finished.
type table struct {
	ctx  context.Context
	fw   *pqarrow.FileWriter
	rb   *array.RecordBuilder
	rows int
}

// writeTable writes a Parquet file, zstd level 1: measured, level 3 costs a quarter more time for two per cent less size. The Arrow
// writer panics on some misuse instead of returning an error; that must not cost the user the run's database work.
func writeTable(ctx context.Context, w io.Writer, fields []field, fill func(*table) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("parquet writer: %v", p)
		}
	}()
	options := []parquet.WriterProperty{
		parquet.WithCompression(compress.Codecs.Zstd), parquet.WithCompressionLevel(1), parquet.WithCreatedBy(createdBy),
		parquet.WithMaxRowGroupLength(groupRows), parquet.WithDictionaryDefault(false),
	}
	columns := make([]arrow.Field, len(fields))
	for i, f := range fields {
		columns[i] = f.Field
		if f.repeats {
			options = append(options, parquet.WithDictionaryFor(f.path(), true))
		}
	}
	schema := arrow.NewSchema(columns, nil)
	fw, err := pqarrow.NewFileWriter(schema, w, parquet.NewWriterProperties(options...), pqarrow.NewArrowWriterProperties())
	if err != nil {
		return err
	}
	t := &table{ctx: ctx, fw: fw, rb: array.NewRecordBuilder(memory.DefaultAllocator, schema)}
	defer t.rb.Release()
	if err := fill(t); err != nil {
		return err // no Close: after a failed write it panics
	}
	if err := t.flush(); err != nil {
		return err
	}
	return fw.Close()
}

// end finishes a row; every column must have been appended to.
func (t *table) end() error {
	t.rows++
	if t.rows%ctxEvery == 0 && t.ctx.Err() != nil {
		return t.ctx.Err()
	}
	if t.rows == groupRows {
		return t.flush()
	}
	return nil
}

func (t *table) flush() error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	if t.rows == 0 {
		return nil
	}
	t.rows = 0
	rec := t.rb.NewRecordBatch()
	defer rec.Release()
	return t.fw.Write(rec)
}

func (t *table) text(col int, s string) { t.rb.Field(col).(*array.StringBuilder).Append(s) }

func (t *table) number(col int, v float64) { t.rb.Field(col).(*array.Float64Builder).Append(v) }

func (t *table) integer(col int, v int32) { t.rb.Field(col).(*array.Int32Builder).Append(v) }

func (t *table) null(col int) { t.rb.Field(col).AppendNull() }

func (t *table) texts(col int, list []string) {
	b := t.rb.Field(col).(*array.ListBuilder)
	b.Append(true)
	values := b.ValueBuilder().(*array.StringBuilder)
	for _, s := range list {
		values.Append(s)
	}
}

// field is a column of a Parquet file. Only columns whose values repeat get a dictionary: hashing ids and names that are nearly all
// different costs half the time of a file and saves nothing.
type field struct {
	arrow.Field
	repeats bool
}

func textField(name string) field {
	return field{Field: arrow.Field{Name: name, Type: arrow.BinaryTypes.String}}
}

// wordField is a text column of a few different words.
func wordField(name string) field {
	f := textField(name)
	f.repeats = true
	return f
}

func numberField(name string) field {
	return field{Field: arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Float64}}
}

// levelField is a number column of a few different values.
func levelField(name string) field {
	f := numberField(name)
	f.repeats = true
	return f
}

func integerField(name string) field {
	return field{Field: arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Int32}, repeats: true}
}

func wordsField(name string) field {
	return field{Field: arrow.Field{Name: name, Type: arrow.ListOfNonNullable(arrow.BinaryTypes.String)}, repeats: true}
}

func nullable(f field) field {
	f.Nullable = true
	return f
}

// path is the name of a column's values inside the file.
func (f field) path() string {
	if f.Type.ID() == arrow.LIST {
		return f.Name + ".list.element"
	}
	return f.Name
}
