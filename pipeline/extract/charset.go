package extract

import (
	"bytes"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// charset is how the bytes of a text file spell characters.
type charset uint8

const (
	charsetUTF8 charset = iota
	charsetUTF16LE
	charsetUTF16BE
	charsetWindows1252 // of which Latin-1 text is a part
)

// detectCharset decides by a byte order mark, by the zero bytes of UTF-16, and else by how many of the sample's non-ASCII
// characters are UTF-8. UTF-8 is a strict pattern that other encodings hardly ever produce, so a file in which at least half of
// them are valid is UTF-8 with some broken rows, which are rejected one by one. With more broken than valid ones it is
// Windows-1252, provided they stand where letters stand; otherwise it is UTF-8 again, damaged. A sample of ASCII alone is UTF-8.
// What is broken in UTF-16 arrives as U+FFFD, since the bytes around it cannot be told from text.
func detectCharset(sample []byte) charset {
	switch {
	case bytes.HasPrefix(sample, []byte("\xff\xfe")):
		return charsetUTF16LE
	case bytes.HasPrefix(sample, []byte("\xfe\xff")):
		return charsetUTF16BE
	case bytes.HasPrefix(sample, []byte("\xef\xbb\xbf")):
		return charsetUTF8
	}
	if c, ok := detectUTF16(sample); ok {
		return c
	}
	valid, broken, letters := 0, 0, 0
	for i := 0; i < len(sample); {
		if sample[i] < utf8.RuneSelf {
			i++
			continue
		}
		if r, n := utf8.DecodeRune(sample[i:]); r != utf8.RuneError || n > 1 {
			valid++
			i += n
			continue
		}
		if !utf8.FullRune(sample[i:]) {
			break // cut off by the end of the sample
		}
		broken++
		if is1252Letter(sample, i) {
			letters++
		}
		i++
	}
	if broken > valid && letters*10 >= broken*9 {
		return charsetWindows1252
	}
	return charsetUTF8
}

// detectUTF16 knows UTF-16 without a mark by its zero bytes: even Chinese contacts have ASCII digits, delimiters and line ends,
// whose other byte is zero and always on the same side.
func detectUTF16(sample []byte) (charset, bool) {
	if len(sample) < 4 {
		return 0, false
	}
	var zeros [2]int
	for i, c := range sample {
		if c == 0 {
			zeros[i%2]++
		}
	}
	const tenth = 20 // of the pairs of bytes, which are half of the bytes
	many, few := len(sample)/tenth, len(sample)/(tenth*20)
	switch {
	case zeros[1] > many && zeros[0] <= few:
		return charsetUTF16LE, true
	case zeros[0] > many && zeros[1] <= few:
		return charsetUTF16BE, true
	}
	return 0, false
}

// is1252Letter says whether the byte at i, read as Windows-1252, is a letter or typographic mark beside another letter or space.
func is1252Letter(sample []byte, i int) bool {
	c := sample[i]
	switch {
	case c >= 0xc0 && c <= 0xfd && c != 0xd7 && c != 0xf7:
	case bytes.IndexByte([]byte("\x80\x8a\x8c\x8e\x91\x92\x93\x94\x96\x97\x9a\x9c\x9e\x9f\xa0\xaa\xb0\xb4\xba"), c) >= 0:
	default:
		return false
	}
	beside := func(j int) bool {
		if j < 0 || j >= len(sample) {
			return true
		}
		b := sample[j]
		return b == ' ' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= 0xc0
	}
	return beside(i-1) || beside(i+1)
}

// reader decodes r to UTF-8 and leaves a byte order mark out.
func (c charset) reader(r io.Reader) io.Reader {
	switch c {
	case charsetUTF16LE:
		return transform.NewReader(r, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder())
	case charsetUTF16BE:
		return transform.NewReader(r, unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder())
	case charsetWindows1252:
		return transform.NewReader(r, charmap.Windows1252.NewDecoder())
	}
	return &bomSkipper{r: r}
}

// bomSkipper leaves a UTF-8 byte order mark out and changes nothing else: what is no UTF-8 is to be found by row.
type bomSkipper struct {
	r    io.Reader
	head []byte
	done bool
}

// Read implements io.Reader.
func (b *bomSkipper) Read(p []byte) (int, error) {
	if !b.done {
		b.done = true
		head := make([]byte, 3)
		n, err := io.ReadFull(b.r, head)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return 0, err
		}
		b.head = bytes.TrimPrefix(head[:n], []byte("\xef\xbb\xbf"))
	}
	if len(b.head) > 0 {
		n := copy(p, b.head)
		b.head = b.head[n:]
		return n, nil
	}
	return b.r.Read(p)
}
