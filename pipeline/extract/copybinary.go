package extract

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// copySignature begins every binary COPY stream.
var copySignature = []byte("PGCOPY\n\xff\r\n\x00")

// copyHeaderBytes are the signature, the flags, and the length of an extension.
const copyHeaderBytes = 11 + 4 + 4

// copyReader puts the rows of a binary COPY stream into a sink as the driver writes it, so that no goroutine and no pipe stands
// between the connection and the batch. Write keeps an incomplete row for the next call; the server sends a row at a time, so
// as a rule there is none.
type copyReader struct {
	sink    *rowSink
	fields  [][]byte // reused for each row, of the width of the query
	pending []byte
	started bool
	ended   bool
}

func newCopyReader(sink *rowSink) *copyReader {
	return &copyReader{sink: sink, fields: make([][]byte, len(sink.names))}
}

var errCopyFormat = errors.New("the server's COPY stream is malformed")

// Write implements io.Writer.
func (c *copyReader) Write(p []byte) (int, error) {
	data := p
	if len(c.pending) > 0 {
		c.pending = append(c.pending, p...)
		data = c.pending
	}
	for len(data) > 0 {
		used, err := c.step(data)
		if err != nil {
			return 0, err
		}
		if used == 0 {
			break
		}
		data = data[used:]
	}
	c.pending = append(c.pending[:0], data...)
	return len(p), nil
}

// step takes one piece, the header, a row or the end, off the front of data; 0 when it is not all there.
func (c *copyReader) step(data []byte) (int, error) {
	switch {
	case c.ended:
		return 0, fmt.Errorf("%w: data after its end", errCopyFormat)
	case !c.started:
		return c.header(data)
	case len(data) < 2:
		return 0, nil
	}
	n := int(int16(binary.BigEndian.Uint16(data)))
	if n == -1 {
		c.ended = true
		return 2, nil
	}
	if n != len(c.fields) {
		return 0, fmt.Errorf("%w: a row of %d columns where %d were asked for", errCopyFormat, n, len(c.fields))
	}
	at := 2
	for i := range c.fields {
		if len(data) < at+4 {
			return 0, nil
		}
		size := int(int32(binary.BigEndian.Uint32(data[at:])))
		at += 4
		switch {
		case size == -1:
			c.fields[i] = nil
		case size < 0:
			return 0, fmt.Errorf("%w: a value of %d bytes", errCopyFormat, size)
		case len(data) < at+size:
			return 0, nil
		default:
			c.fields[i] = data[at : at+size : at+size]
			at += size
		}
	}
	return at, c.sink.row(c.fields, nil)
}

func (c *copyReader) header(data []byte) (int, error) {
	if len(data) < copyHeaderBytes {
		return 0, nil
	}
	if !bytes.HasPrefix(data, copySignature) {
		return 0, fmt.Errorf("%w: no signature", errCopyFormat)
	}
	extension := int(binary.BigEndian.Uint32(data[15:]))
	if extension > 1<<20 {
		return 0, fmt.Errorf("%w: its header is too long", errCopyFormat)
	}
	if len(data) < copyHeaderBytes+extension {
		return 0, nil
	}
	c.started = true
	return copyHeaderBytes + extension, nil
}

// finish says whether the stream came to its end.
func (c *copyReader) finish() error {
	if !c.ended || len(c.pending) > 0 {
		return fmt.Errorf("%w: it stops before its end", errCopyFormat)
	}
	return nil
}
