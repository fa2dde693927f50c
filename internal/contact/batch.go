package contact

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Column describes one raw column of a source.
type Column struct {
	Name    string  `json:"name"`              // as the source spells it
	Field   Field   `json:"field"`             // what it was recognised as
	Channel Channel `json:"channel,omitempty"` // for FieldIdentity
	How     string  `json:"how"`               // who decided: "name", "content", "flag", "config" or "default"
}

// Kind tells a batch of contacts from a batch of identities.
type Kind uint8

// The kinds of batch a source delivers.
const (
	Contacts Kind = iota
	Identities
)

// Layout is what a source says of itself before any row is read.
type Layout struct {
	Name       string   // for people: file names, or database and table
	Contacts   []Column // columns of every Contacts batch, in order
	Identities []Column // columns of every Identities batch; nil when there are none
	Parts      int      // how many parts may be read concurrently, at least 1
	Rows       int64    // estimated number of contacts, 0 when unknown; only progress uses it

	// Sides are the two sources of a run that links one to the other, Left and Right; nil for a run over one set of contacts.
	Sides  []Side
	Within bool // a run that links also looks for duplicates inside the sides
}

// Reject scopes: what a reject takes away.
const (
	ScopeRow   = "row"   // the whole row is left out of the run
	ScopeValue = "value" // one value counts as missing; the contact stays
)

// Reject is a row or value that could not be used, with the reason; rejects end in quarantine.csv.
type Reject struct {
	Source string // file or table
	Row    int64  // 1-based data row in the source (a header is not a row), 0 when unknown
	ID     string // contact id when it is known
	Column string // column name, "" for the whole row
	Scope  string // ScopeRow or ScopeValue
	Reason string // stable word such as bad_utf8, nul_byte, column_count, impossible_date, value_too_long, missing_id
	Raw    string // the start of the raw row or value, made printable; "" when that is impossible
}

// Batch is some raw rows, all columns text, backed by one Arrow record batch. The receiver must call Release.
type Batch struct {
	Kind    Kind
	Source  string   // the file or table of its rows, for rejects
	Rejects []Reject // what was left out while this batch was read
	Side    uint8    // the source it comes from, where two are linked

	rec  arrow.RecordBatch
	cols []*array.String // nil for a column that the source does not have
	rows []int64
}

// Arrange moves the columns to their places in another layout: from lists, for every column there, the batch's own column, or -1 for none.
func (b *Batch) Arrange(from []int) {
	cols := make([]*array.String, len(from))
	for i, own := range from {
		if own >= 0 {
			cols[i] = b.cols[own]
		}
	}
	b.cols = cols
}

// Len is the number of rows.
func (b *Batch) Len() int { return len(b.rows) }

// Value is the raw text of a cell; ok is false for null. The string lives no longer than the batch.
func (b *Batch) Value(col, row int) (v string, ok bool) {
	c := b.cols[col]
	if c == nil || c.IsNull(row) {
		return "", false
	}
	return c.Value(row), true
}

// Position is the 1-based data row of a batch row in its source.
func (b *Batch) Position(row int) int64 { return b.rows[row] }

// Release gives the Arrow memory back.
func (b *Batch) Release() {
	if b.rec != nil {
		b.rec.Release()
		b.rec, b.cols = nil, nil
	}
}

// BatchBuilder collects raw rows into batches. It is not safe for concurrent use.
type BatchBuilder struct {
	kind   Kind
	source string
	rec    *array.RecordBuilder
	cols   []*array.StringBuilder
	set    []bool
	rows   []int64
	reject []Reject
}

// NewBatchBuilder builds batches of the given columns. A nil allocator means the Go heap.
func NewBatchBuilder(kind Kind, source string, cols []Column, mem memory.Allocator) *BatchBuilder {
	if mem == nil {
		mem = memory.DefaultAllocator
	}
	fields := make([]arrow.Field, len(cols))
	for i, c := range cols {
		fields[i] = arrow.Field{Name: c.Name, Type: arrow.BinaryTypes.String, Nullable: true}
	}
	b := &BatchBuilder{kind: kind, source: source, rec: array.NewRecordBuilder(mem, arrow.NewSchema(fields, nil)), set: make([]bool, len(cols))}
	for i := range cols {
		b.cols = append(b.cols, b.rec.Field(i).(*array.StringBuilder))
	}
	return b
}

// Set gives the current row a value; a column that is not set is null. Setting a column twice in a row is a bug of the caller,
// and the first value stays.
func (b *BatchBuilder) Set(col int, v string) {
	if !b.set[col] {
		b.cols[col].Append(v)
		b.set[col] = true
	}
}

// SetBytes is Set for a byte slice that the caller may reuse afterwards.
func (b *BatchBuilder) SetBytes(col int, v []byte) {
	if !b.set[col] {
		b.cols[col].BinaryBuilder.Append(v)
		b.set[col] = true
	}
}

// FinishRow ends the current row; position is its 1-based data row in the source.
func (b *BatchBuilder) FinishRow(position int64) {
	for i, c := range b.cols {
		if !b.set[i] {
			c.AppendNull()
		}
		b.set[i] = false
	}
	b.rows = append(b.rows, position)
}

// Reject notes a row or value that was left out; Source is filled in when empty.
func (b *BatchBuilder) Reject(r Reject) {
	if r.Source == "" {
		r.Source = b.source
	}
	b.reject = append(b.reject, r)
}

// Len is the number of finished rows not yet flushed.
func (b *BatchBuilder) Len() int { return len(b.rows) }

// Pending reports whether Flush would deliver anything: rows or rejects.
func (b *BatchBuilder) Pending() bool { return len(b.rows) > 0 || len(b.reject) > 0 }

// Flush returns the finished rows as a batch and starts a new one.
func (b *BatchBuilder) Flush() *Batch {
	out := &Batch{Kind: b.kind, Source: b.source, Rejects: b.reject, rec: b.rec.NewRecordBatch(), rows: b.rows}
	for i := range b.cols {
		out.cols = append(out.cols, out.rec.Column(i).(*array.String))
	}
	b.rows, b.reject = nil, nil
	return out
}

// Release gives the builder's memory back; flushed batches stay valid.
func (b *BatchBuilder) Release() { b.rec.Release() }
