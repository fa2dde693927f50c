package cluster

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"slices"
)

// GuardHash fingerprints what a decision about a contact rested on: its mapped columns as text (nil is null), in mapping order, and the values
// of its rows in the identities table, in any order and however often. The text must come from a session with pinned formats
// (TimeZone UTC, DateStyle ISO, IntervalStyle postgres, bytea_output hex, extra_float_digits 1), or equal rows would differ.
func GuardHash(columns []*string, identities []string) string {
	h := sha256.New()
	for _, c := range columns {
		if c == nil {
			h.Write([]byte{0})
			continue
		}
		h.Write([]byte{1})
		writeText(h, *c)
	}
	ids := slices.Compact(slices.Sorted(slices.Values(identities)))
	h.Write([]byte{2})
	for _, v := range ids {
		writeText(h, v)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func writeText(h hash.Hash, s string) {
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(len(s)))
	h.Write(n[:])
	h.Write([]byte(s))
}
