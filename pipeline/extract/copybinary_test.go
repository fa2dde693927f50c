package extract

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// copyStream writes rows as the server does; a nil value is null.
func copyStream(extension string, rows ...[]string) []byte {
	out := append(bytes.Clone(copySignature), 0, 0, 0, 0)
	out = binary.BigEndian.AppendUint32(out, uint32(len(extension)))
	out = append(out, extension...)
	for _, row := range rows {
		out = binary.BigEndian.AppendUint16(out, uint16(len(row)))
		for _, v := range row {
			if v == "<null>" {
				out = binary.BigEndian.AppendUint32(out, 0xffffffff)
				continue
			}
			out = binary.BigEndian.AppendUint32(out, uint32(len(v)))
			out = append(out, v...)
		}
	}
	return append(out, 0xff, 0xff)
}

// newTestCopy returns a reader of rows of an id and a name, and what it has delivered.
func newTestCopy() (*copyReader, func() [][]string) {
	columns := []contact.Column{{Name: "id", Field: contact.FieldID}, {Name: "name"}}
	build := contact.NewBatchBuilder(contact.Contacts, "test", columns, nil)
	var got [][]string
	sink := &rowSink{build: build, names: []string{"id", "name"}, cols: []int{0, 1}, maxValue: DefaultMaxValueBytes, emit: func(b *contact.Batch) error {
		defer b.Release()
		for i := range b.Len() {
			id, _ := b.Value(0, i)
			name, ok := b.Value(1, i)
			if !ok {
				name = "<null>"
			}
			got = append(got, []string{strings.Clone(id), strings.Clone(name)})
		}
		return nil
	}}
	return newCopyReader(sink), func() [][]string {
		if err := sink.flush(); err != nil {
			panic(err)
		}
		return got
	}
}

func TestCopyReaderAnyPieces(t *testing.T) {
	rows := [][]string{{"1", "Ann"}, {"2", "<null>"}, {"3", ""}, {"4", strings.Repeat("x", 300)}}
	stream := copyStream("extra", rows...)
	for seed := range uint64(200) {
		r, delivered := newTestCopy()
		dice := rand.New(rand.NewPCG(seed, 0))
		for rest := stream; len(rest) > 0; {
			n := min(len(rest), 1+dice.IntN(20))
			piece := bytes.Clone(rest[:n])
			if _, err := r.Write(piece); err != nil {
				t.Fatal(err)
			}
			for i := range piece {
				piece[i] = 0xee // the driver reuses its buffer
			}
			rest = rest[n:]
		}
		if err := r.finish(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(rows, delivered()); diff != "" {
			t.Fatalf("seed %d (-want +got):\n%s", seed, diff)
		}
	}
}

func TestCopyReaderMalformed(t *testing.T) {
	good := copyStream("", []string{"1", "Ann"})
	negative := bytes.Clone(good)
	binary.BigEndian.PutUint32(negative[copyHeaderBytes+2:], 0xfffffffe)
	longHeader := bytes.Clone(good)
	binary.BigEndian.PutUint32(longHeader[15:], 1<<30)
	for name, stream := range map[string][]byte{
		"no signature":   []byte("this is not a copy stream at all"),
		"width":          copyStream("", []string{"1"}),
		"negative size":  negative,
		"cut off":        good[:len(good)-3],
		"without an end": good[:len(good)-2],
		"after the end":  append(bytes.Clone(good), 0),
		"long header":    longHeader,
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := newTestCopy()
			_, err := r.Write(stream)
			if err == nil {
				err = r.finish()
			}
			if !errors.Is(err, errCopyFormat) {
				t.Errorf("got %v", err)
			}
		})
	}
}
