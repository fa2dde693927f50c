package extract

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// excerptBytes bounds Reject.Raw: enough to find the row by, not a second copy of a broken file.
const excerptBytes = 200

// excerpt is the start of raw made printable: control characters, bytes that are no UTF-8, and characters that are invisible
// or turn the direction of writing become escapes, so that the quarantine file is harmless on a terminal.
func excerpt(raw []byte) string {
	var out strings.Builder
	for len(raw) > 0 {
		r, n := utf8.DecodeRune(raw)
		var piece string
		switch {
		case r == utf8.RuneError && n == 1:
			piece = fmt.Sprintf(`\x%02x`, raw[0])
		case r == '\n':
			piece = `\n`
		case r == '\r':
			piece = `\r`
		case r == '\t':
			piece = `\t`
		case r < 0x20 || r == 0x7f:
			piece = fmt.Sprintf(`\x%02x`, r)
		case !unicode.IsPrint(r):
			piece = fmt.Sprintf(`\u%04x`, r)
		default:
			piece = string(r)
		}
		if out.Len()+len(piece) > excerptBytes {
			break
		}
		out.WriteString(piece)
		raw = raw[n:]
	}
	return out.String()
}
