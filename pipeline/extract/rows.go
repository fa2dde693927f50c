package extract

import (
	"bytes"
	"context"
	"strconv"
	"unicode/utf8"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// Sizes of what is handed on at once.
const (
	batchRows  = 8192     // about what fits a core's cache next to the normalizers' tables
	batchBytes = 16 << 20 // rows of huge values fill a batch sooner
)

// DefaultMaxValueBytes is the length above which a value is kept but not compared: no name or address is as long as 64 KiB.
const DefaultMaxValueBytes = 64 << 10

// emitFunc takes a batch over; the receiver releases it.
type emitFunc = func(*contact.Batch) error

// rowSink puts rows of bytes into batches and turns those that cannot be used into rejects. It is the one place where the rules
// about bad rows are, for files and databases alike.
type rowSink struct {
	emit     emitFunc
	build    *contact.BatchBuilder
	names    []string // of the fields of a row
	cols     []int    // batch column of each field of a row, -1 for none
	id       int      // which field of a row is the id or contact id, -1 when there is none
	maxValue int
	number   int    // batch column that takes the number of the row, -1 for none
	prefix   string // of that number

	pos     int64 // of the current row
	bytes   int   // in the batch so far
	rejects int   // in the batch so far
}

// row takes one row; a nil field is null. raw is the row as written, or nil when it is not text but single values.
func (s *rowSink) row(fields [][]byte, raw []byte) error {
	s.pos++
	switch reason := s.unusable(fields, raw); {
	case reason != "":
		s.reject(contact.Reject{ID: s.idOf(fields), Scope: contact.ScopeRow, Reason: reason}, fields, raw)
	case s.id >= 0 && len(bytes.TrimSpace(fields[s.id])) == 0:
		s.reject(contact.Reject{Column: s.names[s.id], Scope: contact.ScopeRow, Reason: reasonMissingID}, fields, raw)
	default:
		s.keep(fields)
	}
	return s.flushFull()
}

// broken takes a row that could not be cut into its fields; fields holds what there is of it.
func (s *rowSink) broken(reason string, fields [][]byte, raw []byte) error {
	s.pos++
	// Where fields are missing the others may have moved, so only an id in the first place is where it should be.
	id := ""
	if s.id == 0 {
		id = s.idOf(fields)
	}
	s.reject(contact.Reject{ID: id, Scope: contact.ScopeRow, Reason: reason}, fields, raw)
	return s.flushFull()
}

// unusable is the reason why no value of a row can be trusted, or "".
func (s *rowSink) unusable(fields [][]byte, raw []byte) string {
	if raw != nil {
		return badText(raw)
	}
	for _, f := range fields {
		if reason := badText(f); reason != "" {
			return reason
		}
	}
	return ""
}

func badText(v []byte) string {
	if bytes.IndexByte(v, 0) >= 0 {
		return reasonNUL
	}
	if !utf8.Valid(v) {
		return reasonBadUTF8
	}
	return ""
}

func (s *rowSink) keep(fields [][]byte) {
	for i, f := range fields {
		if f == nil || s.cols[i] < 0 {
			continue
		}
		if len(f) > s.maxValue {
			s.build.Reject(contact.Reject{
				Row: s.pos, ID: s.idOf(fields), Column: s.names[i],
				Scope: contact.ScopeValue, Reason: reasonLongValue, Raw: excerpt(f),
			})
			s.rejects++
		}
		s.build.SetBytes(s.cols[i], f)
		s.bytes += len(f)
	}
	if s.number >= 0 {
		s.build.Set(s.number, s.prefix+strconv.FormatInt(s.pos, 10))
	}
	s.build.FinishRow(s.pos)
}

func (s *rowSink) reject(r contact.Reject, fields [][]byte, raw []byte) {
	if raw == nil {
		raw = joinStart(fields)
	}
	r.Row, r.Raw = s.pos, excerpt(raw)
	s.build.Reject(r)
	s.rejects++
}

// idOf is the id of a row when it is there and clean enough to be shown.
func (s *rowSink) idOf(fields [][]byte) string {
	if s.id < 0 || s.id >= len(fields) {
		return ""
	}
	id := bytes.TrimSpace(fields[s.id])
	if len(id) == 0 || len(id) > excerptBytes || badText(id) != "" {
		return ""
	}
	return excerpt(id)
}

// joinStart writes the first values of a row for an excerpt.
func joinStart(fields [][]byte) []byte {
	var out []byte
	for i, f := range fields {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, f[:min(len(f), excerptBytes)]...)
		if len(out) > excerptBytes {
			break
		}
	}
	return out
}

func (s *rowSink) flushFull() error {
	if s.build.Len() < batchRows && s.bytes < batchBytes && s.rejects < batchRows {
		return nil
	}
	return s.flush()
}

// flush hands over what there is, if anything.
func (s *rowSink) flush() error {
	if !s.build.Pending() {
		return nil
	}
	s.bytes, s.rejects = 0, 0
	return s.emit(s.build.Flush())
}

// untilDone makes emit refuse batches once ctx has ended, so that a reader that never waits notices too.
func untilDone(ctx context.Context, emit emitFunc) emitFunc {
	return func(b *contact.Batch) error {
		if ctx.Err() != nil {
			b.Release()
			return context.Cause(ctx)
		}
		return emit(b)
	}
}
