package extract

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// parquetStream reads a Parquet file a batch of rows at a time.
type parquetStream struct {
	file    *file.Reader
	columns *pqarrow.FileReader
	records pqarrow.RecordReader
	names   *arrow.Schema
	fields  []int // position in a record of each chosen field
}

func startParquet(path string, mem memory.Allocator) (columnStream, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r, err := file.NewParquetReader(f, file.WithReadProps(parquet.NewReaderProperties(mem)))
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	columns, err := pqarrow.NewFileReader(r, pqarrow.ArrowReadProperties{BatchSize: batchRows}, mem)
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	names, err := columns.Schema()
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return &parquetStream{file: r, columns: columns, names: names}, nil
}

func (p *parquetStream) schema() *arrow.Schema { return p.names }

func (p *parquetStream) rows() int64 { return p.file.NumRows() }

// choose starts reading. The columns of a file are counted by leaf, of which a field that is text has one.
func (p *parquetStream) choose(ctx context.Context, fields []int) error {
	if p.rows() == 0 {
		return nil
	}
	var leaves []int
	for _, i := range fields {
		leaves = append(leaves, p.columns.Manifest.Fields[i].ColIndex)
	}
	records, err := p.columns.GetRecordReader(ctx, leaves, nil)
	if err != nil {
		return err
	}
	p.records = records
	for _, i := range fields {
		at := records.Schema().FieldIndices(p.names.Field(i).Name)
		if len(at) == 0 {
			return errDamaged
		}
		p.fields = append(p.fields, at[0])
	}
	return nil
}

func (p *parquetStream) next() ([]arrow.Array, int, error) {
	if p.records == nil {
		return nil, 0, io.EOF
	}
	if !p.records.Next() {
		if err := p.records.Err(); err != nil {
			return nil, 0, err
		}
		return nil, 0, io.EOF
	}
	columns, n := pick(p.records.RecordBatch(), p.fields)
	return columns, n, nil
}

func (p *parquetStream) close() error {
	if p.records != nil {
		p.records.Release()
	}
	return p.file.Close()
}

// pick takes columns out of a batch.
func pick(b arrow.RecordBatch, fields []int) ([]arrow.Array, int) {
	out := make([]arrow.Array, len(fields))
	for k, i := range fields {
		out[k] = b.Column(i)
	}
	return out, int(b.NumRows())
}
