package main

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/rogpeppe/go-internal/testscript"
)

// makeFile turns a text file into another form:  make FORM IN OUT
//
// In all forms, \xNN in the text becomes that byte and LONG a text of a megabyte.
func makeFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: make form in out")
	}
	text := strings.ReplaceAll(ts.ReadFile(args[1]), "LONG", strings.Repeat("Longname ", 120_000))
	for i := range 256 {
		text = strings.ReplaceAll(text, fmt.Sprintf(`\x%02x`, i), string([]byte{byte(i)}))
	}
	out, err := encode(args[0], text)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), out, 0o644))
}

func encode(form, text string) ([]byte, error) {
	switch form {
	case "bytes":
		return []byte(text), nil
	case "crlf":
		return []byte(strings.ReplaceAll(text, "\n", "\r\n")), nil
	case "utf8-bom":
		return []byte("\ufeff" + text), nil
	case "utf16le":
		out := []byte{0xff, 0xfe}
		for _, u := range utf16.Encode([]rune(text)) {
			out = binary.LittleEndian.AppendUint16(out, u)
		}
		return out, nil
	case "utf16be":
		out := []byte{0xfe, 0xff}
		for _, u := range utf16.Encode([]rune(text)) {
			out = binary.BigEndian.AppendUint16(out, u)
		}
		return out, nil
	case "latin1":
		var out []byte
		for _, r := range text {
			out = append(out, byte(r))
		}
		return out, nil
	case "parquet", "arrow":
		return columnar(form, text)
	}
	return nil, fmt.Errorf("no form %q", form)
}

// columnar makes a Parquet or Arrow file of a CSV text. A column called id is of integers.
func columnar(form, text string) ([]byte, error) {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		return nil, err
	}
	var fields []arrow.Field
	for _, name := range rows[0] {
		f := arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true}
		if name == "id" {
			f.Type = arrow.PrimitiveTypes.Int64
		}
		fields = append(fields, f)
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(fields, nil))
	defer b.Release()
	for _, row := range rows[1:] {
		for i, v := range row {
			if v == "" {
				b.Field(i).AppendNull()
			} else if err := b.Field(i).AppendValueFromString(v); err != nil {
				return nil, err
			}
		}
	}
	batch := b.NewRecordBatch()
	defer batch.Release()
	var out bytes.Buffer
	if form == "parquet" {
		w, err := pqarrow.NewFileWriter(batch.Schema(), &out, parquet.NewWriterProperties(), pqarrow.DefaultWriterProps())
		if err != nil {
			return nil, err
		}
		if err := w.Write(batch); err != nil {
			return nil, err
		}
		err = w.Close()
		return out.Bytes(), err
	}
	w, err := ipc.NewFileWriter(&out, ipc.WithSchema(batch.Schema()))
	if err != nil {
		return nil, err
	}
	if err := w.Write(batch); err != nil {
		return nil, err
	}
	err = w.Close()
	return out.Bytes(), err
}

// shuffle writes the rows of a CSV file in another order below its header:  shuffle IN OUT
func shuffle(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: shuffle in out")
	}
	rows, err := csv.NewReader(strings.NewReader(ts.ReadFile(args[0]))).ReadAll()
	ts.Check(err)
	body := rows[1:]
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(body), func(i, j int) { body[i], body[j] = body[j], body[i] })
	var out bytes.Buffer
	ts.Check(csv.NewWriter(&out).WriteAll(rows))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), out.Bytes(), 0o644))
}

// same compares two folders, file by file, all but those named:  same DIR DIR [FILE...]
func same(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: [!] same dir dir [file...]")
	}
	a, b := readDir(ts, args[0]), readDir(ts, args[1])
	var differ []string
	for name, text := range a {
		if other, ok := b[name]; !slices.Contains(args[2:], name) && (!ok || !bytes.Equal(text, other)) {
			differ = append(differ, name)
		}
	}
	for name := range b {
		if _, ok := a[name]; !ok && !slices.Contains(args[2:], name) {
			differ = append(differ, name)
		}
	}
	slices.Sort(differ)
	if len(a) == 0 {
		ts.Fatalf("%s has no files", args[0])
	}
	if (len(differ) > 0) != neg {
		ts.Fatalf("%s and %s differ in %q", args[0], args[1], differ)
	}
}

func readDir(ts *testscript.TestScript, dir string) map[string][]byte {
	out := map[string][]byte{}
	root := ts.MkAbs(dir)
	ts.Check(filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		out[name], err = os.ReadFile(path)
		return err
	}))
	return out
}

// jsonLines says that a file, or stdout or stderr, consists of JSON values and holds the keys named, in the first of them:
// json FILE [KEY...]
func jsonLines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: json file [key...]")
	}
	dec := json.NewDecoder(strings.NewReader(ts.ReadFile(args[0])))
	n := 0
	for ; dec.More(); n++ {
		var v map[string]any
		if err := dec.Decode(&v); err != nil {
			ts.Fatalf("%s: value %d: %v", args[0], n+1, err)
		}
		for _, key := range args[1:] {
			if _, ok := v[key]; !ok && n == 0 {
				ts.Fatalf("%s: no key %q", args[0], key)
			}
		}
	}
	if n == 0 {
		ts.Fatalf("%s holds no JSON", args[0])
	}
}
