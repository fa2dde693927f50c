package extract

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// scanAll reads every record; rejected ones are "!" and the reason.
func scanAll(tb testing.TB, r io.Reader, nl byte) (records [][]string, raws []string) {
	tb.Helper()
	s := newCSVScanner(r, ',', nl)
	for {
		err := s.scan()
		if errors.Is(err, io.EOF) {
			return records, raws
		}
		if err != nil {
			tb.Fatal(err)
		}
		raws = append(raws, string(s.raw))
		if s.bad != "" {
			records = append(records, []string{"!" + s.bad})
			continue
		}
		records = append(records, texts(s.fields))
	}
}

// FuzzCSV proves on any bytes that nothing panics, that no byte of the input is lost or read twice, that how the input arrives
// does not matter, and that what encoding/csv understands is understood the same.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{
		"id,name\n1,Ann\n", "id,name\r\n1,\"A\"\"nn\r\nx\"\r\n", "\"", "a,\"b\nc,d\n\"e\",f", "\"a\" ,b\n", "\xff\xfe\x00", "id;x\n1;\"",
		"\"\"\"\n\"\"\n", "a\r\r\n", "sep=;\nid;a\n", ",,\n\n,",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		records, raws := scanAll(t, bytes.NewReader(data), '\n')
		slow, _ := scanAll(t, iotest.OneByteReader(bytes.NewReader(data)), '\n')
		if diff := cmp.Diff(records, slow); diff != "" {
			t.Fatalf("depends on how bytes arrive (-whole +single):\n%s", diff)
		}
		accounted(t, data, raws)
		agrees(t, data, records)
		readsThrough(t, data)
	})
}

// accounted checks that the records put together are the input, line ends and empty lines aside.
func accounted(t *testing.T, data []byte, raws []string) {
	t.Helper()
	strip := strings.NewReplacer("\r", "", "\n", "").Replace
	if got, want := strip(strings.Join(raws, "")), strip(string(data)); got != want {
		t.Fatalf("records hold %q of %q", got, want)
	}
}

// agrees compares with encoding/csv where that accepts the input. It keeps no carriage return before a line feed in a field.
func agrees(t *testing.T, data []byte, records [][]string) {
	t.Helper()
	if bytes.IndexByte(data, '\r') >= 0 {
		return
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord = -1
	want, err := r.ReadAll()
	if err != nil {
		return
	}
	if len(want) == 0 && len(records) == 0 {
		return
	}
	if diff := cmp.Diff(want, records); diff != "" {
		t.Fatalf("encoding/csv differs (-want +got):\n%s", diff)
	}
}

// readsThrough reads the bytes as a file: an error of Open is fine, and after it every row is delivered or rejected.
func readsThrough(t *testing.T, data []byte) {
	t.Helper()
	raws := 0
	c := &csvFile{charset: charsetUTF8, delim: ',', nl: '\n'}
	scan := newCSVScanner(c.charset.reader(bytes.NewReader(data)), ',', '\n')
	names, err := c.header(scan)
	if err != nil {
		return
	}
	names = uniqueNames(names)
	columns := Recognise(names, nil, RecogniseOptions{})
	build := contact.NewBatchBuilder(contact.Contacts, "fuzz", columns, nil)
	defer build.Release()
	rows, rejects := 0, 0
	sink := &rowSink{build: build, names: names, id: fieldColumn(columns, contact.FieldID), maxValue: 8, emit: func(b *contact.Batch) error {
		defer b.Release()
		rows += b.Len()
		for _, r := range b.Rejects {
			if r.Scope == contact.ScopeRow {
				rejects++
			}
		}
		return nil
	}}
	for i := range names {
		sink.cols = append(sink.cols, i)
	}
	if err := c.rows(scan, sink); err != nil {
		t.Fatal(err)
	}
	if err := sink.flush(); err != nil {
		t.Fatal(err)
	}
	_, all := scanAll(t, c.charset.reader(bytes.NewReader(data)), '\n')
	if raws = len(all) - 1; rows+rejects != raws {
		t.Fatalf("%d rows and %d rejects of %d records", rows, rejects, raws)
	}
}

func TestDetectCharset(t *testing.T) {
	tests := map[string]struct {
		sample string
		want   charset
	}{
		"ascii":                {"id,name", charsetUTF8},
		"utf-8":                {"José,Zoë", charsetUTF8},
		"few broken":           {"José,Zoë,\xe9", charsetUTF8},
		"cut off":              {"Jos\xc3", charsetUTF8},
		"latin-1":              {"Jos\xe9,M\xfcller", charsetWindows1252},
		"mostly latin-1":       {"Jos\xe9,M\xfcller,Zo\xeb,José", charsetWindows1252},
		"windows quotes":       {"O\x92Brien", charsetWindows1252},
		"rubbish":              {"a,\xff\xfe,\x81", charsetUTF8},
		"utf-16le":             {"i\x00d\x00,\x00\x4e\x73", charsetUTF16LE},
		"utf-16be":             {"\x00i\x00d\x00,\x73\x4e", charsetUTF16BE},
		"zeros are no utf-16":  {"id\x00\x00\x00\x00\x00\x00", charsetUTF8},
		"one zero in the text": {strings.Repeat("id,name\n", 100) + "\x00", charsetUTF8},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := detectCharset([]byte(tt.sample)); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func TestDetectDelimiter(t *testing.T) {
	tests := map[string]struct {
		sample string
		want   byte
	}{
		"one column":              {"id\n1\n", ','},
		"commas in other fields":  {"id;name, first;mail\n1;Roe, A;x\n2;Doe, B;y\n", ';'},
		"quoted commas":           {"id|\"a,b,c\"|d\n1|\"x,y,z\"|e\n", '|'},
		"noise":                   {"a,b,c;d,e\n1,2,3,4\n1,2;,3,4\n1,2,3\n", ','},
		"semicolons, many commas": {"id;text\n1;a,b,c\n2;a,b\n", ';'},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := detectDelimiter([]byte(tt.sample), '\n', true); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestExcerpt(t *testing.T) {
	got := excerpt([]byte("a\tb\n\x00\x1b[31m\xff\u202e\u200bé'"))
	if want := `a\tb\n\x00\x1b[31m\xff\u202e\u200bé'`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := excerpt([]byte(strings.Repeat("é", 150))); got != strings.Repeat("é", 100) {
		t.Errorf("%d bytes: %s", len(got), got)
	}
	if got := excerpt([]byte(strings.Repeat("\x00", 150))); got != strings.Repeat(`\x00`, 50) {
		t.Errorf("%d bytes: %s", len(got), got)
	}
}
