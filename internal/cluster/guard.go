package cluster

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
)

// GuardHash fingerprints what a decision about a contact rested on: its mapped columns as text (nil is null), in mapping order, and the values
// of its rows in the identities table, in any order and however often. The text must come from a session with pinned formats
// (TimeZone UTC, DateStyle ISO, IntervalStyle postgres, bytea_output hex, extra_float_digits 1), or equal rows would differ.
func GuardHash(columns []*string, identities []string) string {
	var g guard
	for _, c := range columns {
		if c == nil {
			g.column("", false)
		} else {
			g.column(*c, true)
		}
	}
	return g.sum(slices.Clone(identities))
}

// guard collects what a GuardHash is made of.
type guard struct{ buf []byte }

func (g *guard) column(text string, present bool) {
	if !present {
		g.buf = append(g.buf, 0)
		return
	}
	g.buf = appendText(append(g.buf, 1), text)
}

// sum adds the identities, which it sorts, and starts anew.
func (g *guard) sum(identities []string) string {
	slices.Sort(identities)
	g.buf = append(g.buf, 2)
	for _, v := range slices.Compact(identities) {
		g.buf = appendText(g.buf, v)
	}
	sum := sha256.Sum256(g.buf)
	g.buf = g.buf[:0]
	return hex.EncodeToString(sum[:16])
}

// appendText makes texts prefix-free, so that two lists of texts are equal if and only if their bytes are.
func appendText(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint64(b, uint64(len(s))), s...)
}
