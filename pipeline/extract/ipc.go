package extract

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// ipcReader is what the readers of Arrow's file and stream forms have in common. Read's batch is valid until the next call.
type ipcReader interface {
	Schema() *arrow.Schema
	Read() (arrow.RecordBatch, error)
}

// ipcStream reads an Arrow IPC file or stream.
type ipcStream struct {
	file   *os.File
	reader ipcReader
	done   func() error // gives the reader back
	fields []int
}

func startIPCFile(path string, mem memory.Allocator) (columnStream, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r, err := ipc.NewFileReader(f, ipc.WithAllocator(mem))
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &ipcStream{file: f, reader: r, done: r.Close}, nil
}

func startIPCStream(path string, mem memory.Allocator) (columnStream, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r, err := ipc.NewReader(f, ipc.WithAllocator(mem))
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &ipcStream{file: f, reader: r, done: func() error { r.Release(); return nil }}, nil
}

func (s *ipcStream) schema() *arrow.Schema { return s.reader.Schema() }

func (s *ipcStream) rows() int64 { return 0 }

func (s *ipcStream) choose(_ context.Context, fields []int) error {
	s.fields = fields
	return nil
}

func (s *ipcStream) next() ([]arrow.Array, int, error) {
	b, err := s.reader.Read()
	if err != nil {
		return nil, 0, err
	}
	if b == nil {
		return nil, 0, io.EOF
	}
	columns, n := pick(b, s.fields)
	return columns, n, nil
}

func (s *ipcStream) close() error { return errors.Join(s.done(), s.file.Close()) }
