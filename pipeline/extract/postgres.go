package extract

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/connect"
	"github.com/contactmerge/contactmerge/internal/contact"
)

// Defaults of PostgresConfig.
const (
	DefaultConnections    = 2
	DefaultSnapshotMaxAge = time.Hour
)

// partsPerConnection keeps all connections busy to the end when parts are not equally dear.
const partsPerConnection = 2

// minPartBlocks is how many blocks of 8 KiB are worth a part of their own.
const minPartBlocks = 128

// TableMap says which table to read and what its columns hold.
type TableMap struct {
	Table   string            // schema.table, or table where only one schema has it
	ID      string            // the key column of contacts; "" for the primary key or else a recognised one
	Columns map[string]string // column -> field or channel; only these are read. Empty: all columns that can be understood are
	// Where is an SQL condition on the table's rows, "" for all of them. It is part of the configuration and trusted like it:
	// it becomes part of a statement that runs in a read-only transaction with search_path = pg_catalog, so functions and
	// operators of extensions need their schema.
	Where string
}

// PostgresConfig says which tables of which database to read.
type PostgresConfig struct {
	Conn *pgx.ConnConfig // from ConnConfig
	DSN  string          // instead of Conn

	Contacts   TableMap
	Identities *TableMap // nil for none

	Connections int // at most so many at once; 0 means DefaultConnections
	// SnapshotMaxAge ends a reading that takes longer, because its snapshot keeps the server from cleaning up; 0 means
	// DefaultSnapshotMaxAge. The server is told too, so that it ends also when this process hangs.
	SnapshotMaxAge time.Duration
	MaxValueBytes  int              // as in FilesConfig
	Allocator      memory.Allocator // as in FilesConfig
}

// PostgresSource reads contacts from PostgreSQL by binary COPY on several connections that share one snapshot, so that what is
// read is the database at one moment.
type PostgresSource struct {
	cfg      PostgresConfig
	layout   contact.Layout
	contacts *mappedTable
	idents   *mappedTable
	parts    []tablePart
	snapshot string
	opened   time.Time
	ascii    bool // the server keeps bytes of no known encoding

	// slots has one entry for every connection allowed: an idle connection inside the snapshot, or nil for one not opened yet.
	slots chan *pgx.Conn
}

// mappedTable is a table and the columns read from it.
type mappedTable struct {
	*table
	kind    contact.Kind
	columns []contact.Column
	where   string
	notes   []string
}

// tablePart is a range of blocks of a table; to < 0 has no end.
type tablePart struct {
	table    *mappedTable
	from, to int64
}

// Postgres makes a source of database tables. It connects when it is opened.
func Postgres(cfg PostgresConfig) *PostgresSource {
	if cfg.Connections <= 0 {
		cfg.Connections = DefaultConnections
	}
	if cfg.SnapshotMaxAge <= 0 {
		cfg.SnapshotMaxAge = DefaultSnapshotMaxAge
	}
	if cfg.MaxValueBytes <= 0 {
		cfg.MaxValueBytes = DefaultMaxValueBytes
	}
	return &PostgresSource{cfg: cfg}
}

// Open connects, takes the snapshot that all parts are read in, and recognises the columns.
func (s *PostgresSource) Open(ctx context.Context) (contact.Layout, error) {
	if s.cfg.Conn == nil {
		cfg, err := connect.Config(s.cfg.DSN)
		if err != nil {
			return contact.Layout{}, err
		}
		s.cfg.Conn = cfg
	}
	conn, err := s.begin(ctx)
	if err != nil {
		return contact.Layout{}, err
	}
	s.slots = make(chan *pgx.Conn, s.cfg.Connections)
	s.slots <- conn // its transaction owns the snapshot and stays open until Close
	for range s.cfg.Connections - 1 {
		s.slots <- nil
	}
	if err := s.describe(ctx, conn); err != nil {
		return contact.Layout{}, errors.Join(err, s.Close())
	}
	return s.layout, nil
}

// describe fills the layout and plans the parts.
func (s *PostgresSource) describe(ctx context.Context, conn *pgx.Conn) error {
	var err error
	if s.contacts, err = s.mapContacts(ctx, conn); err != nil {
		return fmt.Errorf("contacts: %w", err)
	}
	s.layout = contact.Layout{
		Name:     s.cfg.Conn.Database + "." + s.contacts.display(),
		Contacts: s.contacts.columns,
		Rows:     s.contacts.estimate(),
	}
	s.parts = s.split(s.contacts)
	if s.cfg.Identities != nil {
		if s.idents, err = s.mapIdentities(ctx, conn); err != nil {
			return fmt.Errorf("identities: %w", err)
		}
		s.layout.Identities = s.idents.columns
		s.parts = append(s.parts, s.split(s.idents)...)
	}
	s.layout.Parts = len(s.parts)
	return nil
}

// split cuts a plain table into ranges of blocks of about equal length. The last has no end, for what was added meanwhile.
// Views, partitioned and foreign tables have no blocks of their own and stay whole.
func (s *PostgresSource) split(t *mappedTable) []tablePart {
	n := int64(1)
	if t.ranged() && s.cfg.Connections > 1 {
		n = max(1, min(int64(s.cfg.Connections*partsPerConnection), t.blocks/minPartBlocks))
	}
	parts := make([]tablePart, n)
	for i := range n {
		parts[i] = tablePart{table: t, from: t.blocks * i / n, to: t.blocks * (i + 1) / n}
	}
	parts[n-1].to = -1
	return parts
}

// Read copies one part into batches.
func (s *PostgresSource) Read(ctx context.Context, part int, emit func(*contact.Batch) error) (err error) {
	if part < 0 || part >= len(s.parts) {
		return fmt.Errorf("reading part %d: there are %d", part, len(s.parts))
	}
	p := s.parts[part]
	conn, err := s.acquire(ctx)
	if err != nil {
		return err
	}
	defer func() { s.release(conn, err) }()

	columns, key := p.table.columns, contact.FieldID
	if p.table.kind == contact.Identities {
		key = contact.FieldContactID
	}
	build := contact.NewBatchBuilder(p.table.kind, p.table.display(), columns, s.cfg.Allocator)
	defer build.Release()
	sink := &rowSink{
		emit: s.inTime(untilDone(ctx, emit)), build: build, id: fieldColumn(columns, key), maxValue: s.cfg.MaxValueBytes,
	}
	for i, c := range columns {
		sink.names, sink.cols = append(sink.names, c.Name), append(sink.cols, i)
	}
	stream := newCopyReader(sink)
	var refused error // by the receiver of a batch: its error goes back as it came
	emitted := sink.emit
	sink.emit = func(b *contact.Batch) error {
		refused = emitted(b)
		return refused
	}
	if _, err = conn.PgConn().CopyTo(ctx, stream, p.sql()); err != nil {
		if refused != nil {
			return refused
		}
		return explainTable("reading "+p.table.display(), p.table.table, s.cfg.Conn.User, err)
	}
	if err = stream.finish(); err != nil {
		return fmt.Errorf("reading %s: %w", p.table.display(), err)
	}
	return sink.flush()
}

// sql is the statement that copies the part.
func (p tablePart) sql() string {
	var condition string
	switch {
	case p.to >= 0:
		condition = fmt.Sprintf("ctid >= '(%d,0)'::pg_catalog.tid AND ctid < '(%d,0)'::pg_catalog.tid", p.from, p.to)
	case p.from > 0:
		condition = fmt.Sprintf("ctid >= '(%d,0)'::pg_catalog.tid", p.from)
	}
	return "COPY (" + p.table.selectSQL(condition) + ") TO STDOUT (FORMAT binary)"
}

// selectSQL selects the columns as text, under a condition and the configured one.
func (m *mappedTable) selectSQL(condition string) string {
	sql := "SELECT "
	for i, c := range m.columns {
		if i > 0 {
			sql += ", "
		}
		sql += pgx.Identifier{c.Name}.Sanitize() + "::pg_catalog.text"
	}
	sql += " FROM " + m.quoted()
	where := ""
	if m.where != "" {
		where = "(" + m.where + "\n)" // the line end closes a comment
	}
	switch {
	case condition != "" && where != "":
		sql += " WHERE " + condition + " AND " + where
	case condition != "" || where != "":
		sql += " WHERE " + condition + where
	}
	return sql
}

// inTime refuses batches once the snapshot is too old.
func (s *PostgresSource) inTime(emit emitFunc) emitFunc {
	return func(b *contact.Batch) error {
		if err := s.tooOld(); err != nil {
			b.Release()
			return err
		}
		return emit(b)
	}
}

func (s *PostgresSource) tooOld() error {
	if time.Since(s.opened) > s.cfg.SnapshotMaxAge {
		return fmt.Errorf("the snapshot was open for more than %s; the run has to be started again", s.cfg.SnapshotMaxAge)
	}
	return nil
}

// Notes lists columns that were left out because their type has no comparable text.
func (s *PostgresSource) Notes() []string {
	var out []string
	for _, t := range []*mappedTable{s.contacts, s.idents} {
		if t != nil {
			out = append(out, t.notes...)
		}
	}
	return slices.Clip(out)
}
