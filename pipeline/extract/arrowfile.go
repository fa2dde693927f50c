package extract

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// arrowFile reads a file of columns: Parquet or Arrow IPC.
type arrowFile struct {
	path   string
	what   string // the format, for messages
	mem    memory.Allocator
	start  func(path string, mem memory.Allocator) (columnStream, error)
	fields []int // of the schema, those that are read
}

// columnStream delivers a file's record batches.
type columnStream interface {
	schema() *arrow.Schema
	rows() int64 // estimated, 0 when unknown
	// choose says which fields of the schema next delivers; it is called once, before next.
	choose(ctx context.Context, fields []int) error
	// next delivers the columns of the next batch, valid until it is called again, or io.EOF.
	next() ([]arrow.Array, int, error)
	close() error
}

// errDamaged stands for a panic of the reader, whose text may quote what it was reading.
var errDamaged = errors.New("the file is damaged")

// guard turns a panic into errDamaged: the readers index into whatever lengths a broken file claims.
func guard(f func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = errDamaged
		}
	}()
	return f()
}

// unreadable puts what the reader said into one line.
func (f *arrowFile) unreadable(err error) error {
	return fmt.Errorf("%s: unreadable %s, perhaps truncated: %s", f.path, f.what, oneLine(err.Error()))
}

// open implements fileFormat.
func (f *arrowFile) open(ctx context.Context) (opened, error) {
	var o opened
	err := guard(func() error {
		s, err := f.start(f.path, f.mem)
		if err != nil {
			return err
		}
		return errors.Join(guard(func() error { return f.look(ctx, s, &o) }), guard(s.close))
	})
	if err != nil {
		return opened{}, f.unreadable(err)
	}
	return o, nil
}

// look reads the schema and a sample. Columns that are no text are left out; bytes are text when those of the sample are.
func (f *arrowFile) look(ctx context.Context, s columnStream, o *opened) error {
	var fields []int
	for i, field := range s.schema().Fields() {
		if isText(field.Type) {
			fields = append(fields, i)
			continue
		}
		o.dropped = append(o.dropped, droppedColumn{field.Name, field.Type.String()})
	}
	o.rows = s.rows()
	if len(fields) == 0 {
		return nil
	}
	if err := s.choose(ctx, fields); err != nil {
		return err
	}
	columns, n, err := s.next()
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	rows := newColumnRows(columns)
	for i := range min(n, sampleRows) {
		o.sample = append(o.sample, texts(rows.row(i)))
	}
	for k := len(fields) - 1; k >= 0; k-- {
		field := s.schema().Field(fields[k])
		if !isBytes(field.Type) || !slices.ContainsFunc(o.sample, func(row []string) bool { return badText([]byte(row[k])) != "" }) {
			continue
		}
		o.dropped = append(o.dropped, droppedColumn{field.Name, field.Type.String()})
		fields = slices.Delete(fields, k, k+1)
		for i, row := range o.sample {
			o.sample[i] = slices.Delete(row, k, k+1)
		}
	}
	for _, i := range fields {
		o.names = append(o.names, s.schema().Field(i).Name)
	}
	f.fields = fields
	return nil
}

// read implements fileFormat.
func (f *arrowFile) read(ctx context.Context, sink *rowSink) (err error) {
	var s columnStream
	if err := guard(func() (err error) {
		if s, err = f.start(f.path, f.mem); err != nil {
			return err
		}
		return s.choose(ctx, f.fields)
	}); err != nil {
		if s != nil {
			err = errors.Join(err, guard(s.close))
		}
		return f.unreadable(err)
	}
	defer func() { err = errors.Join(err, guard(s.close)) }()
	for {
		var rows *columnRows
		var n int
		err := guard(func() (err error) {
			var columns []arrow.Array
			columns, n, err = s.next()
			rows = newColumnRows(columns)
			return err
		})
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return f.unreadable(err)
		}
		for i := range n {
			var values [][]byte
			if err := guard(func() error { values = rows.row(i); return nil }); err != nil {
				return f.unreadable(err)
			}
			if err := sink.row(values, nil); err != nil {
				return err
			}
		}
	}
}

// columnRows cuts columns into rows of text.
type columnRows struct {
	columns []arrow.Array
	text    []textFunc
	values  [][]byte
	scratch []byte
}

func newColumnRows(columns []arrow.Array) *columnRows {
	r := &columnRows{columns: columns, values: make([][]byte, len(columns))}
	for _, c := range columns {
		r.text = append(r.text, textOf(c))
	}
	return r
}

// row is valid until the next call.
func (r *columnRows) row(i int) [][]byte {
	r.scratch = r.scratch[:0]
	for k, c := range r.columns {
		r.values[k] = nil
		if c.IsNull(i) {
			continue
		}
		from, ok := len(r.scratch), false
		if r.scratch, ok = r.text[k](r.scratch, i); ok {
			// A value keeps the array it was written to, also when the next one makes scratch grow into another.
			r.values[k] = r.scratch[from:len(r.scratch):len(r.scratch)]
			if r.values[k] == nil {
				r.values[k] = []byte{}
			}
		}
	}
	return r.values
}
