package extract_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/unicode"

	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/pipeline/extract"
)

// source is what pipeline.Source asks for, written out because this room may not import that one.
type source interface {
	Open(ctx context.Context) (contact.Layout, error)
	Read(ctx context.Context, part int, emit func(*contact.Batch) error) error
	Close() error
}

var (
	_ source = (*extract.FileSource)(nil)
	_ source = (*extract.PostgresSource)(nil)
)

// result is everything a source delivered.
type result struct {
	layout     contact.Layout
	contacts   [][]string // values; null is "<null>"
	identities [][]string
	positions  []int64 // of the contacts
	rejects    []contact.Reject
	batches    int
}

// collect opens and reads all parts of a source.
func collect(tb testing.TB, s source) result {
	tb.Helper()
	r, err := tryCollect(s)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func tryCollect(s source) (r result, err error) {
	ctx := context.Background()
	defer func() { err = errors.Join(err, s.Close()) }()
	if r.layout, err = s.Open(ctx); err != nil {
		return r, err
	}
	for part := range r.layout.Parts {
		if err := s.Read(ctx, part, r.add); err != nil {
			return r, err
		}
	}
	return r, nil
}

func (r *result) add(b *contact.Batch) error {
	defer b.Release()
	width := len(r.layout.Contacts)
	if b.Kind == contact.Identities {
		width = len(r.layout.Identities)
	}
	for i := range b.Len() {
		row := make([]string, width)
		for c := range row {
			v, ok := b.Value(c, i)
			if row[c] = strings.Clone(v); !ok {
				row[c] = "<null>"
			}
		}
		if b.Kind == contact.Identities {
			r.identities = append(r.identities, row)
		} else {
			r.contacts = append(r.contacts, row)
			r.positions = append(r.positions, b.Position(i))
		}
	}
	r.rejects = append(r.rejects, b.Rejects...)
	r.batches++
	return nil
}

// briefRejects writes rejects as row:id:column:scope:reason.
func briefRejects(rejects []contact.Reject) []string {
	var out []string
	for _, r := range rejects {
		out = append(out, fmt.Sprintf("%d:%s:%s:%s:%s", r.Row, r.ID, r.Column, r.Scope, r.Reason))
	}
	return out
}

func write(tb testing.TB, name string, content []byte) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

func files(tb testing.TB, cfg extract.FilesConfig) *extract.FileSource {
	tb.Helper()
	s, err := extract.Files(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func readCSV(tb testing.TB, content string) result {
	tb.Helper()
	return collect(tb, files(tb, extract.FilesConfig{Contacts: []string{write(tb, "contacts.csv", []byte(content))}}))
}

func TestCSVForms(t *testing.T) {
	want := [][]string{{"1", "José", "Müller, Sohn"}, {"2", "Ann", "O\"Brien\nII"}}
	plain := "id,first_name,last_name\n1,José,\"Müller, Sohn\"\n2,Ann,\"O\"\"Brien\nII\"\n"
	encode := func(e unicode.Endianness, b unicode.BOMPolicy, s string) string {
		out, err := unicode.UTF16(e, b).NewEncoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	latin := strings.NewReplacer("é", "\xe9", "ü", "\xfc").Replace
	zip := func(s string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write([]byte(s)); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	semicolon := "id;first_name;last_name\n1;José;Müller, Sohn\n2;Ann;\"O\"\"Brien\nII\"\n"
	tests := map[string]string{
		"plain":                 plain,
		"no line end at end":    strings.TrimSuffix(plain, "\n"),
		"byte order mark":       "\ufeff" + plain,
		"semicolons":            semicolon,
		"sep line":              "sep=;\n" + semicolon,
		"tabs":                  strings.ReplaceAll(semicolon, ";", "\t"),
		"pipes":                 strings.ReplaceAll(semicolon, ";", "|"),
		"spaces after a quote":  strings.ReplaceAll(plain, "Sohn\"", "Sohn\"  "),
		"empty lines":           strings.ReplaceAll(plain, "\n1", "\n\n\r\n1"),
		"UTF-16LE with mark":    encode(unicode.LittleEndian, unicode.UseBOM, plain),
		"UTF-16BE with mark":    encode(unicode.BigEndian, unicode.UseBOM, plain),
		"UTF-16LE without mark": encode(unicode.LittleEndian, unicode.IgnoreBOM, plain),
		"UTF-16BE without mark": encode(unicode.BigEndian, unicode.IgnoreBOM, plain),
		"Latin-1":               latin(plain),
		"gzip":                  zip(plain),
		"gzip of Latin-1":       zip(latin(plain)),
	}
	for name, content := range tests {
		t.Run(name, func(t *testing.T) {
			got := readCSV(t, content)
			if diff := cmp.Diff(want, got.contacts); diff != "" {
				t.Errorf("contacts (-want +got):\n%s", diff)
			}
			if len(got.rejects) > 0 {
				t.Errorf("rejects: %v", got.rejects)
			}
		})
	}
	t.Run("carriage returns", func(t *testing.T) {
		got := readCSV(t, "id,name\r\n1,Ann\r\n2,\"a\r\nb\"\r\n")
		if diff := cmp.Diff([][]string{{"1", "Ann"}, {"2", "a\r\nb"}}, got.contacts); diff != "" {
			t.Errorf("contacts (-want +got):\n%s", diff)
		}
		got = readCSV(t, "id,name\r1,Ann\r2,Ben\r")
		if diff := cmp.Diff([][]string{{"1", "Ann"}, {"2", "Ben"}}, got.contacts); diff != "" {
			t.Errorf("old Mac (-want +got):\n%s", diff)
		}
	})
	t.Run("delimiters at the end", func(t *testing.T) {
		for content, want := range map[string][][]string{
			"id,name\n1,Ann,\n2,Ben,\n": {{"1", "Ann", ""}, {"2", "Ben", ""}},
			"id,name,\n1,Ann\n2,Ben\n":  {{"1", "Ann"}, {"2", "Ben"}},
			"id,name,\n1,Ann,\n2,Ben,":  {{"1", "Ann", ""}, {"2", "Ben", ""}},
		} {
			if diff := cmp.Diff(want, readCSV(t, content).contacts); diff != "" {
				t.Errorf("%q (-want +got):\n%s", content, diff)
			}
		}
	})
	t.Run("untouched", func(t *testing.T) {
		got := readCSV(t, "id,name\n1, Ann \n2,5\" pipe\n3,\n")
		if diff := cmp.Diff([][]string{{"1", " Ann "}, {"2", "5\" pipe"}, {"3", ""}}, got.contacts); diff != "" {
			t.Errorf("contacts (-want +got):\n%s", diff)
		}
	})
}

func TestCSVBadRows(t *testing.T) {
	tests := map[string]struct {
		rows    string
		ids     string
		rejects []string
	}{
		"too few and too many columns": {"1,Ann\n2,Ben,x,y\n3,Cy,z", "3", []string{"1:1::row:column_count", "2:2::row:column_count"}},
		"bad UTF-8 among good":         {"1,José,x\n2,\xff\xfe,x\n3,Zoë,x", "1 3", []string{"2:2::row:bad_utf8"}},
		"bad UTF-8 alone":              {"1,Ann,x\n2,\xff\xfe,x\n3,Ben,x", "1 3", []string{"2:2::row:bad_utf8"}},
		"NUL":                          {"1,A\x00nn,x\n2,Ben,x", "2", []string{"1:1::row:nul_byte"}},
		"missing id":                   {",Ann,x\n  ,Ben,x\n3,Cy,x", "3", []string{"1::id:row:missing_id", "2::id:row:missing_id"}},
		"text after a quote":           {"1,\"Ann\"a,x\n2,Ben,x", "2", []string{"1:::row:bad_quotes"}},
		"quote never closed":           {"1,\"Ann,x\n2,Ben,x\n3,Cy,x", "2 3", []string{"1:::row:bad_quotes"}},
		"quote closed by the next":     {"1,\"Ann,x\n2,\"Ben\",x\n3,Cy,x", "2 3", []string{"1:::row:bad_quotes"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := readCSV(t, "id,first_name,note\n"+tt.rows)
			var ids []string
			for _, row := range got.contacts {
				ids = append(ids, row[0])
			}
			if s := strings.Join(ids, " "); s != tt.ids {
				t.Errorf("kept %q, want %q", s, tt.ids)
			}
			if diff := cmp.Diff(tt.rejects, briefRejects(got.rejects)); diff != "" {
				t.Errorf("rejects (-want +got):\n%s", diff)
			}
			for _, r := range got.rejects {
				if r.Source == "" || r.Raw == "" || len(r.Raw) > 200 || strings.ContainsAny(r.Raw, "\x00\n") || !utf8.ValidString(r.Raw) {
					t.Errorf("reject %+v", r)
				}
			}
		})
	}
}

func TestCSVLongValue(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	got := readCSV(t, "id,name\n1,"+long+"\n2,Ben\n")
	if len(got.contacts) != 2 || got.contacts[0][1] != long {
		t.Error("the long value was not delivered whole")
	}
	if diff := cmp.Diff([]string{"1:1:name:value:value_too_long"}, briefRejects(got.rejects)); diff != "" {
		t.Errorf("rejects (-want +got):\n%s", diff)
	}
}

func TestCSVRecordLimits(t *testing.T) {
	lines := strings.Repeat("x\n", 12_000)
	got := readCSV(t, "id,name\n1,\"open\n"+lines+"2,Ben\n")
	if len(got.contacts) != 1 || got.contacts[0][0] != "2" {
		t.Errorf("kept %d contacts", len(got.contacts))
	}
	if got.rejects[0].Reason != "bad_quotes" || len(got.rejects) != 12_001 {
		t.Errorf("%d rejects, first %+v", len(got.rejects), got.rejects[0])
	}

	huge := strings.Repeat("y", 9<<20)
	got = readCSV(t, "id,name\n1,"+huge+"\n2,Ben\n3,\"open "+huge+"\n4,Cy\n")
	if diff := cmp.Diff([]string{"1:::row:record_too_long", "3:::row:record_too_long"}, briefRejects(got.rejects)); diff != "" {
		t.Errorf("rejects (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([][]string{{"2", "Ben"}, {"4", "Cy"}}, got.contacts); diff != "" {
		t.Errorf("contacts (-want +got):\n%s", diff)
	}
}

func TestSeveralFiles(t *testing.T) {
	a := write(t, "a.csv", []byte("id,First Name,email\n1,Ann,a@b.example\n"))
	b := write(t, "b.csv", []byte("EMAIL;id;city\nc@d.example;2;Rome\n;3;Oslo\n"))
	ids := write(t, "identities.csv", []byte("contact_id,channel,value\n1,email,x@y.example\n,email,z\n"))
	got := collect(t, files(t, extract.FilesConfig{Contacts: []string{a, b}, Identities: ids}))
	if want := "id=id | First Name=first_name | email=identity:email | city=city"; brief(got.layout.Contacts) != want {
		t.Errorf("layout %s, want %s", brief(got.layout.Contacts), want)
	}
	if got.layout.Name != "a.csv, b.csv, identities.csv" || got.layout.Parts != 3 {
		t.Errorf("layout %+v", got.layout)
	}
	want := [][]string{{"1", "Ann", "a@b.example", "<null>"}, {"2", "<null>", "c@d.example", "Rome"}, {"3", "<null>", "", "Oslo"}}
	if diff := cmp.Diff(want, got.contacts); diff != "" {
		t.Errorf("contacts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int64{1, 1, 2}, got.positions); diff != "" {
		t.Errorf("positions (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([][]string{{"1", "email", "x@y.example"}}, got.identities); diff != "" {
		t.Errorf("identities (-want +got):\n%s", diff)
	}
	if len(got.rejects) != 1 || got.rejects[0].Reason != "missing_id" || got.rejects[0].Source != ids {
		t.Errorf("rejects %+v", got.rejects)
	}
}

// TestRowNumbers reads files without an id column, as mail programs write them: the number of the row stands in, and it is said.
func TestRowNumbers(t *testing.T) {
	one := write(t, "one.csv", []byte("First Name,E-mail 1 - Value\nAnn,ann@x.example\nBen\nCleo,cleo@x.example\n"))
	other := write(t, "other.csv", []byte("First Name,E-mail Address\nDov,dov@x.example\n"))
	tests := map[string]struct {
		files []string
		ids   []string
		note  string
	}{
		"one file":  {[]string{one}, []string{"1", "3"}, "contacts are called by their row number"},
		"two files": {[]string{one, other}, []string{"1:1", "1:3", "2:1"}, "contacts are called by file:row"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := files(t, extract.FilesConfig{Contacts: tt.files, NumberRows: true})
			got := collect(t, s)
			id := len(got.layout.Contacts) - 1
			if c := got.layout.Contacts[id]; c.Name != "row" || c.Field != contact.FieldID || c.How != "default" {
				t.Errorf("last column %+v", c)
			}
			var ids []string
			for _, row := range got.contacts {
				ids = append(ids, row[id])
			}
			if diff := cmp.Diff(tt.ids, ids); diff != "" {
				t.Errorf("ids (-want +got):\n%s", diff)
			}
			if notes := strings.Join(s.Notes(), "\n"); !strings.Contains(notes, tt.note) {
				t.Errorf("notes %q, want %q", notes, tt.note)
			}
			if len(got.rejects) != 1 || got.rejects[0].Row != 2 {
				t.Errorf("rejects %+v, want row 2", got.rejects)
			}
		})
	}
}

// TestManyColumns opens two files of columns that a quadratic search would need minutes for.
func TestManyColumns(t *testing.T) {
	const n = 20_000
	header := func(format string) []byte {
		var b strings.Builder
		b.WriteString("id,email")
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		b.WriteString(strings.Repeat(",twin", n))
		return []byte(b.String() + "\n")
	}
	s := files(t, extract.FilesConfig{Contacts: []string{write(t, "a.csv", header(",Own Column %d")), write(t, "b.csv", header(",own_column_%d"))}})
	began := time.Now()
	layout, err := s.Open(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if got := len(layout.Contacts); got != 2+2*n {
		t.Errorf("%d columns, want %d: those of both files are the same", got, 2+2*n)
	}
	if last := layout.Contacts[len(layout.Contacts)-1].Name; last != fmt.Sprintf("twin_%d", n) {
		t.Errorf("the last column is called %q", last)
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("opening took %v", took)
	}
}

func TestHeaderOnly(t *testing.T) {
	got := readCSV(t, "id,name")
	if len(got.contacts) != 0 || len(got.layout.Contacts) != 2 {
		t.Errorf("got %+v", got)
	}
}

func TestFlags(t *testing.T) {
	path := write(t, "c.csv", []byte("key1,Work Town,city,Tel,club,notes\n1,Rome,Oslo,123,4,x\n"))
	got := collect(t, files(t, extract.FilesConfig{
		Contacts: []string{path}, ID: "KEY1", Exclude: []string{"notes"},
		Map: map[string]string{"work town": "city", "Tel": "whatsapp", "club": "identity:club_card"},
	}))
	want := "key1=id | Work Town=city | city=custom | Tel=identity:whatsapp | club=identity:club_card | notes=ignore"
	if brief(got.layout.Contacts) != want {
		t.Errorf("got  %s\nwant %s", brief(got.layout.Contacts), want)
	}
	for _, c := range got.layout.Contacts {
		if (c.How == "flag") == (c.Name == "city") {
			t.Errorf("%s decided by %s", c.Name, c.How)
		}
	}
}

func TestImpossibleInput(t *testing.T) {
	good := write(t, "good.csv", []byte("id,email,city\n1,a@b.example,Rome\n"))
	tests := map[string]struct {
		cfg  extract.FilesConfig
		want string
	}{
		"missing":            {extract.FilesConfig{Contacts: []string{"nowhere.csv"}}, "nowhere.csv: there is no such file"},
		"directory":          {extract.FilesConfig{Contacts: []string{t.TempDir()}}, "this is a directory"},
		"empty":              {extract.FilesConfig{Contacts: []string{write(t, "e.csv", nil)}}, "e.csv: the file is empty"},
		"blank":              {extract.FilesConfig{Contacts: []string{write(t, "e.csv", []byte("\ufeff\n\n"))}}, "e.csv: the file is empty"},
		"no id":              {extract.FilesConfig{Contacts: []string{write(t, "n.csv", []byte("a,b,c\n1,2,3\n"))}}, "n.csv: no id column recognised among: a, b, c; name it with --id COL"},
		"repeated id":        {extract.FilesConfig{Contacts: []string{write(t, "r.csv", []byte("id,b\n"+strings.Repeat("1,x\n", 20)))}}, `r.csv: column "id" is empty or repeats its values`},
		"no id to refer to":  {extract.FilesConfig{Contacts: []string{good}, Exclude: []string{"id"}, Identities: good}, "no id column recognised among: id, email, city"},
		"names in Shift-JIS": {extract.FilesConfig{Contacts: []string{write(t, "s.csv", []byte("\x89\xef\x88\xf5\x94\xd4\x8d\x86,\x90\xa9,email\n1,x,a@b.example\n"))}}, "s.csv: the names of the columns are not UTF-8"},
		"no header":          {extract.FilesConfig{Contacts: []string{write(t, "n.csv", []byte("1,a@b.example\n"))}}, "does the first line hold column names?"},
		"spreadsheet":        {extract.FilesConfig{Contacts: []string{write(t, "n.xlsx", []byte("PK\x03\x04...."))}}, "save the sheet as CSV"},
		"not Parquet":        {extract.FilesConfig{Contacts: []string{write(t, "n.parquet", []byte("id,b\n"))}}, "this is no Parquet file"},
		"binary":             {extract.FilesConfig{Contacts: []string{write(t, "n.bin", []byte("\x01\x00\x00\x02\x00id\x00\x00x\n"))}}, "this is no text"},
		"id flag":            {extract.FilesConfig{Contacts: []string{good}, ID: "idd"}, `--id idd: ` + good + ` has no column "idd" (did you mean "id"?)`},
		"exclude flag":       {extract.FilesConfig{Contacts: []string{good}, Exclude: []string{"emial"}}, `has no column "emial" (did you mean "email"?)`},
		"map flag":           {extract.FilesConfig{Contacts: []string{good}, Map: map[string]string{"town": "city"}}, `--map town=city: ` + good + ` has no column "town"`},
		"map field":          {extract.FilesConfig{Contacts: []string{good}, Map: map[string]string{"city": "frist_name"}}, `there is no field "frist_name" (did you mean "first_name"?)`},
		"map twice":          {extract.FilesConfig{Contacts: []string{good}, Map: map[string]string{"city": "city", "email": "city"}}, `--map email=city: city is already column "city"`},
		"id and map":         {extract.FilesConfig{Contacts: []string{good}, ID: "id", Map: map[string]string{"city": "id"}}, `id is already column "id"`},
		"identities":         {extract.FilesConfig{Contacts: []string{good}, Identities: good}, "no column for channel recognised among: id, email, city"},
		"other file id":      {extract.FilesConfig{Contacts: []string{good, write(t, "o.csv", []byte("city\nRome\n"))}}, `it has no column "id"`},
		"no files":           {extract.FilesConfig{}, "no file of contacts"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := extract.Files(tt.cfg)
			if err == nil {
				_, err = s.Open(context.Background())
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one line with %q", err, tt.want)
			}
		})
	}
}

func TestCancelledRead(t *testing.T) {
	s := files(t, extract.FilesConfig{Contacts: []string{write(t, "c.csv", []byte("id\n1\n2\n"))}})
	if _, err := s.Open(context.Background()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := s.Read(ctx, 0, func(b *contact.Batch) error { b.Release(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
