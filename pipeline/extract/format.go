package extract

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/memory"
)

// detectFormat decides by the first bytes of a file what it is, then by its extension. What is certainly no table is named.
func detectFormat(path string, mem memory.Allocator) (fileFormat, error) {
	if mem == nil {
		mem = memory.DefaultAllocator
	}
	head, size, err := readHead(path)
	if err != nil {
		return nil, err
	}
	ext := strings.ToLower(filepath.Ext(path))
	switch {
	case size == 0:
		return nil, fmt.Errorf("%s: the file is empty; its first line must name the columns", path)
	case bytes.HasPrefix(head, []byte("PAR1")):
		return &arrowFile{path: path, what: "Parquet file", mem: mem, start: startParquet}, nil
	case bytes.HasPrefix(head, []byte("ARROW1")):
		return &arrowFile{path: path, what: "Arrow IPC file", mem: mem, start: startIPCFile}, nil
	case bytes.HasPrefix(head, []byte("\xff\xff\xff\xff")):
		return &arrowFile{path: path, what: "Arrow IPC stream", mem: mem, start: startIPCStream}, nil
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return &csvFile{path: path, size: size, gzip: true}, nil
	}
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.head)) {
			return nil, fmt.Errorf("%s: this is %s; %s", path, m.what, m.advice)
		}
	}
	switch ext {
	case ".parquet", ".pq":
		return nil, fmt.Errorf("%s: this is no Parquet file (it does not start with PAR1)", path)
	case ".arrow", ".feather", ".ipc":
		return nil, fmt.Errorf("%s: this is no Arrow IPC file (it does not start with ARROW1)", path)
	case ".arrows":
		return nil, fmt.Errorf("%s: this is no Arrow IPC stream", path)
	}
	return &csvFile{path: path, size: size}, nil
}

// magics are the files people hand over by mistake.
var magics = []struct{ head, what, advice string }{
	{"PK\x03\x04", "a spreadsheet or zip archive", "save the sheet as CSV, or unpack it"},
	{"\xd0\xcf\x11\xe0", "an old spreadsheet", "save it as CSV"},
	{"BZh", "compressed with bzip2", "unpack it first"},
	{"\xfd7zXZ", "compressed with xz", "unpack it first"},
	{"\x28\xb5\x2f\xfd", "compressed with zstd", "unpack it first"},
	{"%PDF", "a PDF", "CSV, Parquet and Arrow IPC can be read"},
	{"SQLite format 3", "an SQLite database", "export the table as CSV"},
	{"ORC", "an ORC file", "CSV, Parquet and Arrow IPC can be read"},
	{"Obj\x01", "an Avro file", "CSV, Parquet and Arrow IPC can be read"},
	{"{\"", "JSON", "CSV, Parquet and Arrow IPC can be read"},
	{"[{", "JSON", "CSV, Parquet and Arrow IPC can be read"},
}

func readHead(path string) (head []byte, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, fileError(path, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, 0, fileError(path, err)
	}
	if info.IsDir() {
		return nil, 0, fmt.Errorf("%s: this is a directory; give the files in it", path)
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%s: this is no regular file; it has to be read twice, so save it to one first", path)
	}
	head = make([]byte, 16)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, 0, fileError(path, err)
	}
	return head[:n], info.Size(), nil
}

// fileError says what is wrong with a file, naming it once.
func fileError(path string, err error) error {
	var pe *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: there is no such file", path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s: no permission to read it: %w", path, fs.ErrPermission)
	case errors.As(err, &pe):
		return fmt.Errorf("%s: reading it: %w", path, pe.Err)
	}
	return fmt.Errorf("%s: reading it: %w", path, err)
}
