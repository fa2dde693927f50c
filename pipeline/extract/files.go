package extract

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// sampleRows is how many rows of a file or table are looked at to recognise its columns.
const sampleRows = 1000

// FilesConfig says which files to read and what the user knows about their columns.
type FilesConfig struct {
	Contacts   []string // files of contacts, all with the same meaning of equal column names
	Identities string   // file of identities, "" for none

	ID string // the id column, "" to recognise it
	// NumberRows lets the number of the row stand in for a missing id column. It must be asked for: such ids change with the order of the
	// rows, so nothing that is remembered by id can be found again.
	NumberRows bool
	Exclude    []string          // columns carried along but not compared
	Map        map[string]string // column -> field, channel, custom or ignore

	MaxValueBytes int              // longer values are kept but not compared; 0 means DefaultMaxValueBytes
	Allocator     memory.Allocator // of the batches; nil means the Go heap
}

// FileSource reads contacts from CSV, Parquet and Arrow IPC files. Each file is one part; the identities file is the last.
type FileSource struct {
	cfg    FilesConfig
	files  []*inputFile
	layout contact.Layout

	numbered bool // there is no id column: the last column of the layout is the row's number
}

// inputFile is one file and how its columns map to those of the layout.
type inputFile struct {
	path   string
	kind   contact.Kind
	format fileFormat
	opened
	cols []int // layout column of each column of the file
}

// opened is what a look at a file shows.
type opened struct {
	names   []string
	sample  [][]string
	rows    int64           // estimated, 0 when unknown
	dropped []droppedColumn // whose type is no text
}

// droppedColumn is a column that cannot be read.
type droppedColumn struct{ name, typ string }

// fileFormat reads one format.
type fileFormat interface {
	// open looks at the names of the columns and a sample of the rows.
	open(ctx context.Context) (opened, error)
	// read puts every row into sink.
	read(ctx context.Context, sink *rowSink) error
}

// Files makes a source of files. It looks at the configuration only; the files are looked at by Open.
func Files(cfg FilesConfig) (*FileSource, error) {
	if len(cfg.Contacts) == 0 {
		return nil, errors.New("no file of contacts was given")
	}
	if cfg.MaxValueBytes < 0 {
		return nil, fmt.Errorf("the longest value compared cannot be %d bytes", cfg.MaxValueBytes)
	}
	if cfg.MaxValueBytes == 0 {
		cfg.MaxValueBytes = DefaultMaxValueBytes
	}
	return &FileSource{cfg: cfg}, nil
}

// Open recognises formats and columns; it reads a sample of each file.
func (s *FileSource) Open(ctx context.Context) (contact.Layout, error) {
	s.files, s.numbered, s.layout = nil, false, contact.Layout{}
	var named []string
	for _, path := range s.cfg.Contacts {
		f, err := s.openFile(ctx, path, contact.Contacts)
		if err != nil {
			return contact.Layout{}, err
		}
		s.files = append(s.files, f)
		s.layout.Rows += f.rows
		named = append(named, filepath.Base(path))
	}
	if err := s.openContacts(); err != nil {
		return contact.Layout{}, err
	}
	if s.cfg.Identities != "" {
		if err := s.openIdentities(ctx); err != nil {
			return contact.Layout{}, err
		}
		named = append(named, filepath.Base(s.cfg.Identities))
	}
	s.layout.Name = strings.Join(named, ", ")
	s.layout.Parts = len(s.files)
	return s.layout, nil
}

func (s *FileSource) openFile(ctx context.Context, path string, kind contact.Kind) (*inputFile, error) {
	format, err := detectFormat(path, s.cfg.Allocator)
	if err != nil {
		return nil, err
	}
	o, err := format.open(ctx)
	if err != nil {
		return nil, err
	}
	o.names = uniqueNames(o.names)
	return &inputFile{path: path, kind: kind, format: format, opened: o}, nil
}

// openContacts unites the columns of the contact files by name and decides what they hold.
func (s *FileSource) openContacts() error {
	names := uniteColumns(s.files)
	where := strings.Join(s.cfg.Contacts, ", ")
	chosen := choices{id: s.cfg.ID, exclude: s.cfg.Exclude, mapping: s.cfg.Map, how: byFlag}
	for _, f := range s.files {
		if err := chosen.refuse(f.path, f.dropped); err != nil {
			return err
		}
	}
	fixed, err := chosen.fix(where, names)
	if err != nil {
		return err
	}
	s.layout.Contacts = Recognise(names, unitedSample(s.files, len(names)), RecogniseOptions{Fixed: fixed})
	id := fieldColumn(s.layout.Contacts, contact.FieldID)
	if id < 0 {
		if err := s.noIDColumn(where, names, fixed); err != nil {
			return err
		}
		s.numbered = true
		s.layout.Contacts = append(s.layout.Contacts, contact.Column{Name: rowNumber, Field: contact.FieldID, How: byDefault})
		return nil
	}
	for _, f := range s.files {
		if !slices.Contains(f.cols, id) {
			return fmt.Errorf("%s: it has no column %q, the id of the contacts in the other files", f.path, names[id])
		}
	}
	return nil
}

// uniteColumns gives every column of every file its place among the columns of all. A column of an earlier file whose name differs
// only in case and punctuation is the same one, unless this file has that one too.
func uniteColumns(files []*inputFile) []string {
	var names []string
	byName, byKey := map[string]int{}, map[string][]int{}
	for _, f := range files {
		own := make(map[string]bool, len(f.names))
		for _, name := range f.names {
			own[name] = true
		}
		f.cols = make([]int, len(f.names))
		for i, name := range f.names {
			col, ok := byName[name]
			key := squeeze(name)
			if !ok && key != "" {
				at := slices.IndexFunc(byKey[key], func(c int) bool { return !own[names[c]] })
				if ok = at >= 0; ok {
					col = byKey[key][at]
				}
			}
			if !ok {
				col = len(names)
				names = append(names, name)
				byName[name], byKey[key] = col, append(byKey[key], col)
			}
			f.cols[i] = col
		}
	}
	return names
}

// unitedSample lays the samples of all files into the united columns.
func unitedSample(files []*inputFile, width int) [][]string {
	var out [][]string
	for _, f := range files {
		for _, row := range f.sample[:min(len(f.sample), max(1, sampleRows/len(files)))] {
			united := make([]string, width)
			for i, v := range row {
				united[f.cols[i]] = v
			}
			out = append(out, united)
		}
	}
	return out
}

// rowNumber is the column made for contacts of files that have no id column, as the address books of mail programs have none.
const rowNumber = "row"

// noIDColumn refuses columns without an id where the number of the row cannot stand in: data in the place of names, a column that
// is meant to be the id, and identities, which must refer to something.
func (s *FileSource) noIDColumn(where string, names []string, fixed map[int]contact.Column) error {
	for _, n := range names {
		if isEmail(n) || isPhone(n) { // they are somebody's data
			return fmt.Errorf("%s: no id column recognised (does the first line hold column names?); name it with --id COL", where)
		}
	}
	for i, n := range names {
		_, decided := fixed[i]
		if m, ok := meaningOf(n); ok && m.field == contact.FieldID && !decided {
			return fmt.Errorf("%s: column %q is empty or repeats its values, so it cannot be the id; name the id column with --id COL", where, n)
		}
	}
	if s.cfg.NumberRows && s.cfg.Identities == "" {
		return nil
	}
	return fmt.Errorf("%s: no id column recognised among: %s; name it with --id COL, or call the contacts by their row with --number-rows", where, listNames(names))
}

func (s *FileSource) openIdentities(ctx context.Context) error {
	f, err := s.openFile(ctx, s.cfg.Identities, contact.Identities)
	if err != nil {
		return err
	}
	s.layout.Identities = RecogniseIdentities(f.names, nil)
	if own := s.sameKey(f.names); own >= 0 && fieldColumn(s.layout.Identities, contact.FieldContactID) < 0 {
		s.layout.Identities = RecogniseIdentities(f.names, map[int]contact.Column{own: {Field: contact.FieldContactID, How: byDefault}})
	}
	for _, need := range []contact.Field{contact.FieldContactID, contact.FieldChannel, contact.FieldValue} {
		if fieldColumn(s.layout.Identities, need) < 0 {
			return fmt.Errorf("%s: no column for %s recognised among: %s; an identities file has contact_id, channel and value",
				f.path, need, listNames(f.names))
		}
	}
	f.cols = make([]int, len(f.names))
	for i := range f.cols {
		f.cols[i] = i
	}
	s.files = append(s.files, f)
	return nil
}

// sameKey is the column of an identities file that is called as the id of the contacts is, -1 if there is none.
func (s *FileSource) sameKey(names []string) int {
	id := fieldColumn(s.layout.Contacts, contact.FieldID)
	return slices.IndexFunc(names, func(n string) bool { return id >= 0 && squeeze(n) == squeeze(s.layout.Contacts[id].Name) })
}

// Read delivers the rows of one file.
func (s *FileSource) Read(ctx context.Context, part int, emit func(*contact.Batch) error) error {
	if part < 0 || part >= len(s.files) {
		return fmt.Errorf("reading part %d: there are %d", part, len(s.files))
	}
	f := s.files[part]
	columns, key := s.layout.Contacts, contact.FieldID
	if f.kind == contact.Identities {
		columns, key = s.layout.Identities, contact.FieldContactID
	}
	build := contact.NewBatchBuilder(f.kind, f.path, columns, s.cfg.Allocator)
	defer build.Release()
	sink := &rowSink{
		emit: untilDone(ctx, emit), build: build, names: f.names, cols: f.cols,
		id: slices.Index(f.cols, fieldColumn(columns, key)), maxValue: s.cfg.MaxValueBytes, number: -1,
	}
	if s.numbered {
		sink.number = len(columns) - 1
		if len(s.files) > 1 {
			sink.prefix = strconv.Itoa(part+1) + ":"
		}
	}
	if err := f.format.read(ctx, sink); err != nil {
		return err
	}
	return sink.flush()
}

// Notes lists columns that were left out because their type has no comparable text, and says when there is no id column.
func (s *FileSource) Notes() []string {
	var out []string
	if s.numbered {
		called := "their row number"
		if len(s.files) > 1 {
			called = "file:row, both counted from 1"
		}
		out = append(out, fmt.Sprintf("contacts are called by %s, which changes with the order of the rows", called))
	}
	for _, f := range s.files {
		for _, d := range f.dropped {
			out = append(out, fmt.Sprintf("column %q of %s was left out: its type is %s", d.name, f.path, d.typ))
		}
	}
	return out
}

// Close does nothing: no file stays open after Open and Read.
func (s *FileSource) Close() error { return nil }

// fieldColumn is the column that carries a field, or -1.
func fieldColumn(columns []contact.Column, f contact.Field) int {
	return slices.IndexFunc(columns, func(c contact.Column) bool { return c.Field == f })
}

// uniqueNames gives columns without a name, or with one that occurred before, a name by their number.
func uniqueNames(names []string) []string {
	out, taken, tried := make([]string, 0, len(names)), map[string]bool{}, map[string]int{}
	for i, name := range names {
		name = strings.TrimSpace(name)
		if name == "" {
			name = fmt.Sprintf("column_%d", i+1)
		}
		unique := name
		for n := max(2, tried[name]); taken[unique]; n++ {
			unique, tried[name] = fmt.Sprintf("%s_%d", name, n), n
		}
		taken[unique] = true
		out = append(out, unique)
	}
	return out
}
