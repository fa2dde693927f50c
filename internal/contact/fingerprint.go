package contact

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// Fingerprint identifies the raw contacts and identities of the table, whatever order they arrived in.
func (t *Table) Fingerprint() string {
	h := sha256.New()
	for i, c := range t.layout.Contacts {
		writeWord(h, c.Name)
		writeWord(h, string(c.Field))
		writeWord(h, string(c.Channel))
		if i != t.idCol {
			h.Write(arrow.Uint32Traits.CastToBytes(t.raw[i].codes))
			writeStrings(h, t.raw[i].dict)
		}
	}
	writeStrings(h, t.ids) // they tell the sides of a linking table, too
	h.Write(arrow.Uint32Traits.CastToBytes(t.identOff))
	for _, id := range t.idents {
		writeWord(h, t.rawIdent.Value(int(id.raw)))
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// writeWord adds a text with its length, so that two lists of texts are one only if they are equal.
func writeWord(h hash.Hash, s string) {
	h.Write([]byte{byte(len(s)), byte(len(s) >> 8), byte(len(s) >> 16), byte(len(s) >> 24)})
	h.Write(unsafe.Slice(unsafe.StringData(s), len(s))) // a hash only reads
}

func writeStrings(h hash.Hash, a *array.LargeString) {
	h.Write(arrow.Int64Traits.CastToBytes(a.ValueOffsets()))
	h.Write(a.ValueBytes())
}
