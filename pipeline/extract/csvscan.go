package extract

import (
	"bytes"
	"errors"
	"io"
)

// Limits of one CSV record. A quote that is never closed must not swallow the rest of a file: past either limit the record's
// first line is given up as broken and reading goes on with the next line.
const (
	maxRecordBytes = 8 << 20
	maxRecordLines = 10_000
)

// Reasons of rejects, as they stand in quarantine.csv.
const (
	reasonColumnCount = "column_count"
	reasonBadUTF8     = "bad_utf8"
	reasonNUL         = "nul_byte"
	reasonBadQuotes   = "bad_quotes"
	reasonTooLong     = "record_too_long" // a record of more than maxRecordBytes
	reasonMissingID   = "missing_id"
	reasonLongValue   = "value_too_long"
)

// csvScanner splits a stream into records and fields. encoding/csv does not suit: after a broken quote it cannot tell which
// line to go on with, and with LazyQuotes an unclosed quote runs to the end of the file. On well-formed input both agree,
// except that a line break inside a field is left as it was written.
//
// A field is quoted when a quote is its first byte. Inside, a doubled quote is a quote, and a closing quote must be followed by
// the delimiter or the end of the line, spaces aside; a quote inside an unquoted field is an ordinary character.
type csvScanner struct {
	r     io.Reader
	delim byte
	nl    byte // '\n', or '\r' in files of the old Mac kind

	buf        []byte
	start, end int
	eof        bool

	raw     []byte   // the current record as written, without its line end
	fields  [][]byte // of the current record, valid until the next call of scan
	scratch []byte   // unescaped fields that contained doubled quotes
	bad     string   // why the current record is no record, "" when it is one
}

func newCSVScanner(r io.Reader, delim, nl byte) *csvScanner {
	return &csvScanner{r: r, delim: delim, nl: nl, buf: make([]byte, 64<<10)}
}

// scan moves to the next record that is not an empty line. It returns io.EOF at the end and otherwise only errors of the reader.
func (s *csvScanner) scan() error {
	for {
		used, done := s.parse(s.buf[s.start:s.end])
		switch {
		case done && s.bad == "" && len(s.raw) == 0:
			s.start += used // an empty line
		case done:
			s.start += used
			return nil
		case s.end-s.start >= maxRecordBytes:
			return s.giveUp()
		case s.eof:
			return io.EOF
		default:
			if err := s.fill(); err != nil {
				return err
			}
		}
	}
}

// fill reads more, moving or enlarging the buffer when it is full. The parse is then repeated from the record's start, which
// costs little because the buffer doubles.
func (s *csvScanner) fill() error {
	if s.start > 0 {
		s.end = copy(s.buf, s.buf[s.start:s.end])
		s.start = 0
	}
	if s.end == len(s.buf) {
		s.buf = append(s.buf, make([]byte, len(s.buf))...)
	}
	n, err := s.r.Read(s.buf[s.end:])
	s.end += n
	if errors.Is(err, io.EOF) {
		s.eof = true
		return nil
	}
	return err
}

// giveUp handles a record beyond maxRecordBytes: the opening line is rejected, and when that line alone is too long the rest of
// it is thrown away unread.
func (s *csvScanner) giveUp() error {
	if i := bytes.IndexByte(s.buf[s.start:s.end], s.nl); i >= 0 {
		s.reject(s.buf[s.start:s.start+i], reasonBadQuotes)
		s.start += i + 1
		return nil
	}
	s.scratch = append(s.scratch[:0], s.buf[s.start:s.start+2*excerptBytes]...)
	s.reject(s.scratch, reasonTooLong)
	for {
		s.start, s.end = 0, 0
		if s.eof {
			return nil
		}
		if err := s.fill(); err != nil {
			return err
		}
		if i := bytes.IndexByte(s.buf[:s.end], s.nl); i >= 0 {
			s.start = i + 1
			return nil
		}
	}
}

func (s *csvScanner) reject(raw []byte, reason string) {
	s.raw, s.fields, s.bad = trimCR(raw), s.fields[:0], reason
}

// parse reads one record from the start of data. done is false when data ends before the record does.
func (s *csvScanner) parse(data []byte) (used int, done bool) {
	s.fields, s.scratch, s.bad = s.fields[:0], s.scratch[:0], ""
	i := bytes.IndexByte(data, s.nl)
	if i < 0 {
		if !s.eof || len(data) == 0 {
			return 0, false
		}
		i = len(data)
	}
	line := data[:i]
	if bytes.IndexByte(line, '"') >= 0 {
		return s.parseQuoted(data)
	}
	s.raw = trimCR(line)
	rest := s.raw
	for {
		j := bytes.IndexByte(rest, s.delim)
		if j < 0 {
			s.fields = append(s.fields, rest)
			return min(i+1, len(data)), true
		}
		s.fields = append(s.fields, rest[:j])
		rest = rest[j+1:]
	}
}

// parseQuoted is parse for a record whose first line has a quote in it.
func (s *csvScanner) parseQuoted(data []byte) (used int, done bool) {
	lines := 0
	for pos := 0; ; {
		var field []byte
		var next int
		var state fieldState
		if pos < len(data) && data[pos] == '"' {
			field, next, state = s.quotedField(data, pos, &lines)
		} else {
			field, next, state = s.plainField(data, pos)
		}
		switch state {
		case fieldMore:
			return 0, false
		case fieldBroken:
			return s.brokenLine(data), true
		case fieldEnds:
			s.fields = append(s.fields, field)
			s.raw = trimCR(bytes.TrimSuffix(data[:next], []byte{s.nl}))
			return next, true
		}
		s.fields = append(s.fields, field)
		pos = next
	}
}

// brokenLine rejects the first line of data and says where the next begins.
func (s *csvScanner) brokenLine(data []byte) int {
	i := bytes.IndexByte(data, s.nl)
	if i < 0 {
		i = len(data)
	}
	s.reject(data[:i], reasonBadQuotes)
	return min(i+1, len(data))
}

// fieldState says how a field ended.
type fieldState uint8

const (
	fieldNext   fieldState = iota // at a delimiter: another field follows
	fieldEnds                     // at the end of the record
	fieldMore                     // nowhere yet: more data is needed
	fieldBroken                   // not at all: its quotes make no sense
)

func (s *csvScanner) plainField(data []byte, pos int) ([]byte, int, fieldState) {
	for i := pos; i < len(data); i++ {
		switch data[i] {
		case s.delim:
			return data[pos:i], i + 1, fieldNext
		case s.nl:
			return trimCR(data[pos:i]), i + 1, fieldEnds
		}
	}
	if !s.eof {
		return nil, 0, fieldMore
	}
	return trimCR(data[pos:]), len(data), fieldEnds
}

func (s *csvScanner) quotedField(data []byte, pos int, lines *int) ([]byte, int, fieldState) {
	from, doubled := pos+1, false
	for i := from; ; {
		j := bytes.IndexByte(data[i:], '"')
		stop := j
		if j < 0 {
			stop = len(data) - i
		}
		if *lines += bytes.Count(data[i:i+stop], []byte{s.nl}); *lines >= maxRecordLines {
			return nil, 0, fieldBroken
		}
		if j < 0 {
			return nil, 0, s.unlessEOF()
		}
		i += j
		if i+1 < len(data) && data[i+1] == '"' {
			doubled = true
			i += 2
			continue
		}
		next, state := s.afterQuote(data, i+1)
		field := data[from:i]
		if doubled && (state == fieldNext || state == fieldEnds) {
			field = s.undouble(field)
		}
		return field, next, state
	}
}

// unlessEOF is the state of an open quoted field where the data ends.
func (s *csvScanner) unlessEOF() fieldState {
	if s.eof {
		return fieldBroken
	}
	return fieldMore
}

// afterQuote looks at what follows a closing quote.
func (s *csvScanner) afterQuote(data []byte, pos int) (int, fieldState) {
	for i := pos; i < len(data); i++ {
		switch data[i] {
		case s.delim:
			return i + 1, fieldNext
		case s.nl:
			return i + 1, fieldEnds
		case ' ', '\r':
		default:
			return 0, fieldBroken
		}
	}
	if s.eof {
		return len(data), fieldEnds
	}
	return 0, fieldMore
}

// undouble copies a quoted field to scratch with its doubled quotes made single. Fields that were put there before stay valid
// when scratch has to grow, because the old array lives on with them.
func (s *csvScanner) undouble(field []byte) []byte {
	from := len(s.scratch)
	for {
		i := bytes.IndexByte(field, '"')
		if i < 0 {
			s.scratch = append(s.scratch, field...)
			return s.scratch[from:]
		}
		s.scratch = append(s.scratch, field[:i+1]...)
		field = field[i+2:]
	}
}

func trimCR(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return line[:n-1]
	}
	return line
}
