package report

import (
	"context"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// csvTable writes RFC 4180 CSV in UTF-8, with LF line ends as every common tool reads them.
//
// Text cells are safe to open in a spreadsheet: one that a spreadsheet could take for a formula gets a leading apostrophe. That
// changes values ("+12025550144" becomes "'+12025550144", and so does a contact id that begins like that), so the CSV files are for
// people. Programs read the Parquet files, which hold every value as it is. Numbers are never escaped: a weight may be negative.
type csvTable struct {
	ctx  context.Context
	w    io.Writer
	buf  []byte
	rows int
	cell bool // the line has a cell already
	err  error
}

// flushBytes keeps the lines in one buffer until they are worth a write.
const flushBytes = 1 << 15

// ctxEvery is how many rows are written between two looks at the context.
const ctxEvery = 1024

func newCSV(ctx context.Context, w io.Writer, header ...string) *csvTable {
	t := &csvTable{ctx: ctx, w: w, buf: make([]byte, 0, flushBytes+4096)}
	for _, h := range header {
		t.text(h)
	}
	t.end()
	return t
}

func (t *csvTable) sep() {
	if t.cell {
		t.buf = append(t.buf, ',')
	}
	t.cell = true
}

// text adds a text cell.
func (t *csvTable) text(s string) {
	t.sep()
	guard := formula(s)
	if !guard && !strings.ContainsAny(s, "\",\n\r") && (s == "" || s[0] != ' ' && s[len(s)-1] != ' ') {
		t.buf = append(t.buf, s...)
		return
	}
	t.buf = append(t.buf, '"')
	if guard {
		t.buf = append(t.buf, '\'')
	}
	for {
		i := strings.IndexByte(s, '"')
		if i < 0 {
			break
		}
		t.buf = append(append(t.buf, s[:i]...), '"', '"')
		s = s[i+1:]
	}
	t.buf = append(append(t.buf, s...), '"')
}

// list adds a text cell of words joined by semicolons.
func (t *csvTable) list(words []string) { t.text(strings.Join(words, ";")) }

func (t *csvTable) integer(n int64) {
	t.sep()
	t.buf = strconv.AppendInt(t.buf, n, 10)
}

// number adds a number with a fixed count of decimals, so that columns align and bytes do not depend on the last bit of a sum.
func (t *csvTable) number(v float64, decimals int) {
	t.sep()
	t.buf = appendFixed(t.buf, v, decimals)
}

// end finishes the line.
func (t *csvTable) end() {
	t.buf = append(t.buf, '\n')
	t.cell = false
	t.rows++
	if t.err == nil && t.rows%ctxEvery == 0 {
		t.err = t.ctx.Err()
	}
	if len(t.buf) >= flushBytes {
		t.flush()
	}
}

func (t *csvTable) flush() {
	if t.err == nil {
		_, t.err = t.w.Write(t.buf)
	}
	t.buf = t.buf[:0]
}

// close writes what is left and returns the first error of the whole table.
func (t *csvTable) close() error {
	t.flush()
	if t.err == nil {
		t.err = t.ctx.Err()
	}
	return t.err
}

// formula reports whether a spreadsheet could take the cell for a formula: by its first character, also in full width, also behind
// spaces and byte order marks, which some programs skip.
func formula(s string) bool {
	for i, r := range s {
		switch r {
		case ' ', '\u00a0', '\ufeff':
			continue
		case '=', '+', '-', '@', '\t', '\r', '\n', 0, '＝', '＋', '－', '＠', '−':
			return true
		case utf8.RuneError:
			return strings.HasPrefix(s[i:], "\xff\xfe") // a broken byte order mark
		}
		return false
	}
	return false
}

func appendFixed(b []byte, v float64, decimals int) []byte {
	if shift := math.Pow10(decimals); math.Abs(v*shift) < 0.5 {
		v = 0 // no "-0.0000"
	}
	return strconv.AppendFloat(b, v, 'f', decimals, 64)
}

func fixed(v float64, decimals int) string { return string(appendFixed(nil, v, decimals)) }
