package extract

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"
)

// csvSampleBytes is how much of a text file decides about its encoding and delimiter. It is generous because the first letter
// with an accent may come late.
const csvSampleBytes = 1 << 20

// csvFile reads delimited text, gzip-compressed or not. The first record names the columns.
type csvFile struct {
	path string
	size int64
	gzip bool

	charset charset
	delim   byte
	nl      byte
	skip    int // decoded bytes before the header
}

// open implements fileFormat.
func (c *csvFile) open(context.Context) (o opened, err error) {
	raw, whole, err := c.head()
	if err != nil {
		return o, fileError(c.path, err)
	}
	if bytes.HasPrefix(raw, []byte("PAR1")) || bytes.HasPrefix(raw, []byte("ARROW1")) {
		return o, fmt.Errorf("%s: only text may be gzip-compressed; unpack it first", c.path)
	}
	c.charset = detectCharset(raw)
	text, err := io.ReadAll(c.charset.reader(bytes.NewReader(raw)))
	if err != nil {
		return o, fileError(c.path, err)
	}
	c.nl = detectLineEnd(text)
	if c.delim, c.skip = separatorLine(text); c.delim == 0 {
		c.delim = detectDelimiter(text, c.nl, whole)
	}
	scan := newCSVScanner(bytes.NewReader(text[c.skip:]), c.delim, c.nl)
	o.names, err = c.header(scan)
	if err != nil {
		return o, err
	}
	var rows [][]string
	for len(rows) < sampleRows && scan.scan() == nil {
		if scan.bad == "" && utf8.Valid(scan.raw) {
			rows = append(rows, texts(scan.fields))
		}
	}
	o.names = settleWidth(o.names, rows)
	for _, row := range rows {
		if len(row) == len(o.names) {
			o.sample = append(o.sample, row)
		}
	}
	if !c.gzip && len(raw) > 0 {
		lines := int64(bytes.Count(text[c.skip:], []byte{c.nl}))
		if whole && text[len(text)-1] != c.nl {
			lines++
		}
		o.rows = (lines - 1) * c.size / int64(len(raw)) // but for the header
	}
	return o, nil
}

// head reads the start of the file, unpacked. whole says that it is all of it.
func (c *csvFile) head() (raw []byte, whole bool, err error) {
	r, err := c.unpacked()
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	raw = make([]byte, csvSampleBytes)
	n, err := io.ReadFull(r, raw)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return raw[:n], true, nil
	}
	return raw[:n], false, err
}

// header reads the names of the columns.
func (c *csvFile) header(scan *csvScanner) ([]string, error) {
	err := scan.scan()
	switch {
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("%s: the file is empty; its first line must name the columns", c.path)
	case err != nil:
		return nil, fileError(c.path, err)
	case scan.bad == reasonBadQuotes:
		return nil, fmt.Errorf("%s: the first line, which must name the columns, has broken quotes", c.path)
	case scan.bad != "" || badText(scan.raw) == reasonNUL:
		return nil, fmt.Errorf("%s: this is no text; CSV, Parquet and Arrow IPC can be read", c.path)
	}
	if !utf8.Valid(scan.raw) {
		return nil, fmt.Errorf("%s: the names of the columns are not UTF-8, UTF-16 or Windows-1252 text; convert the file to UTF-8 first, "+
			"for example with iconv -f SHIFT_JIS -t UTF-8", c.path)
	}
	return texts(scan.fields), nil
}

// settleWidth makes allowance for writers that end the data rows with a delimiter but not the header, or the other way round:
// where almost all rows have one field more, and it is empty, or one less than a header that ends with a nameless column, the
// rows are right. Any other difference stays an error of the row that has it.
func settleWidth(names []string, rows [][]string) []string {
	longer, shorter := 0, 0
	for _, row := range rows {
		switch {
		case len(row) == len(names)+1 && row[len(names)] == "":
			longer++
		case len(row) == len(names)-1 && strings.TrimSpace(names[len(names)-1]) == "":
			shorter++
		}
	}
	switch {
	case longer > 0 && longer*10 >= len(rows)*9:
		return append(names, "")
	case shorter > 0 && shorter*10 >= len(rows)*9:
		return names[:len(names)-1]
	}
	return names
}

func texts(fields [][]byte) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = string(f)
	}
	return out
}

// read implements fileFormat.
func (c *csvFile) read(_ context.Context, sink *rowSink) (err error) {
	r, err := c.unpacked()
	if err != nil {
		return fileError(c.path, err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	text := c.charset.reader(r)
	if _, err := io.CopyN(io.Discard, text, int64(c.skip)); err != nil {
		return fileError(c.path, err)
	}
	scan := newCSVScanner(text, c.delim, c.nl)
	if err := scan.scan(); err != nil { // the header
		return fileError(c.path, err)
	}
	return c.rows(scan, sink)
}

// rows puts the records after the header into sink.
func (c *csvFile) rows(scan *csvScanner, sink *rowSink) error {
	for {
		switch err := scan.scan(); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fileError(c.path, err)
		}
		var err error
		switch {
		case scan.bad != "":
			err = sink.broken(scan.bad, nil, scan.raw)
		case len(scan.fields) != len(sink.names):
			err = sink.broken(reasonColumnCount, scan.fields, scan.raw)
		default:
			err = sink.row(scan.fields, scan.raw)
		}
		if err != nil {
			return err
		}
	}
}

// unpacked opens the file.
func (c *csvFile) unpacked() (io.ReadCloser, error) {
	f, err := os.Open(c.path)
	if err != nil || !c.gzip {
		return f, err
	}
	z, err := gzip.NewReader(bufio.NewReaderSize(f, 64<<10))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("unpacking: %w", err), f.Close())
	}
	return &gunzipped{Reader: z, file: f}, nil
}

// gunzipped closes the file below the decompressor too.
type gunzipped struct {
	*gzip.Reader
	file *os.File
}

// Close implements io.Closer.
func (g *gunzipped) Close() error { return errors.Join(g.Reader.Close(), g.file.Close()) }
