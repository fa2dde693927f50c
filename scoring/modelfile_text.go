package scoring

import "bytes"

// spread breaks compact JSON into lines, as json.Indent does, but leaves what is nested deeper on one line: there is a line for every level of
// a model, and not a page.
func spread(text []byte, depth int) []byte {
	var out bytes.Buffer
	nested, quoted, escaped := 0, false, false
	line := func() {
		out.WriteByte('\n')
		for range nested {
			out.WriteString("  ")
		}
	}
	for i, c := range text {
		if quoted {
			out.WriteByte(c)
			quoted, escaped = c != '"' || escaped, c == '\\' && !escaped
			continue
		}
		switch c {
		case '{', '[':
			out.WriteByte(c)
			nested++
			if nested <= depth && text[i+1] != '}' && text[i+1] != ']' {
				line()
			}
		case '}', ']':
			nested--
			if nested < depth && text[i-1] != '{' && text[i-1] != '[' {
				line()
			}
			out.WriteByte(c)
		case ',':
			out.WriteByte(c)
			if nested <= depth {
				line()
			} else {
				out.WriteByte(' ')
			}
		case ':':
			out.WriteString(": ")
		default:
			out.WriteByte(c)
			quoted = c == '"'
		}
	}
	out.WriteByte('\n')
	return out.Bytes()
}
