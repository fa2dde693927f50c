package blocking

import (
	"strings"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// wordList holds the hashes of the words of every value of a column.
type wordList struct {
	off    []uint32
	hashes []uint64
}

func (w wordList) of(c contact.Code) []uint64 { return w.hashes[w.off[c]:w.off[c+1]] }

// maxWords bounds the keys that one long value makes.
const maxWords = 4

// newWordList takes the first words of every value, in the form that piece gives them; "" drops a word.
func newWordList(col *contact.Strings, piece func(word string) string) wordList {
	w := wordList{off: make([]uint32, 1, col.Distinct()+1)}
	for code := range col.Distinct() {
		from := len(w.hashes)
		for word := range strings.FieldsSeq(col.Text(contact.Code(code))) {
			if word = piece(word); word != "" && len(w.hashes)-from < maxWords {
				w.hashes = append(w.hashes, hashString(word))
			}
		}
		w.off = append(w.off, uint32(len(w.hashes)))
	}
	return w
}

// words are the beginnings of every word of some columns.
func (f *facts) words(letters int, cols ...contact.Col) part {
	var p part
	var lists []wordList
	var from []*contact.Strings
	for _, c := range cols {
		if col := f.t.Col(c); col.Distinct() > 1 {
			p.uses |= columnAspects[c]
			from = append(from, col)
			lists = append(lists, newWordList(col, func(w string) string { return prefix(w, letters) }))
		}
	}
	if len(lists) == 0 {
		return part{}
	}
	p.many = func(r contact.Row, emit func(uint64)) {
		for i, w := range lists {
			for _, h := range w.of(from[i].Code(r)) {
				emit(h)
			}
		}
	}
	return p
}

// wordPairs are every two words of two columns together, whatever their order: a person with two given or two family names does not always
// write both.
func (f *facts) wordPairs(c, d contact.Col) part {
	first, second := f.t.Col(c), f.t.Col(d)
	if first.Distinct() < 2 || second.Distinct() < 2 {
		return part{}
	}
	whole := func(word string) string {
		if len(word) < 2 {
			return "" // an initial
		}
		return word
	}
	a, b := newWordList(first, whole), newWordList(second, whole)
	return part{uses: columnAspects[c] | columnAspects[d], many: func(r contact.Row, emit func(uint64)) {
		var all [2 * maxWords]uint64
		words := append(append(all[:0], a.of(first.Code(r))...), b.of(second.Code(r))...)
		for i, v := range words {
			for _, w := range words[:i] {
				emit(mix(min(v, w), max(v, w)))
			}
		}
	}}
}

// tellingWords are the words of a column that are no numbers and stand in few of its values, as "street" and "inc" do not.
func (f *facts) tellingWords(c contact.Col) part {
	col := f.t.Col(c)
	if col.Distinct() < 2 {
		return part{}
	}
	values := map[string]int{}
	for code := 1; code < col.Distinct(); code++ {
		for w := range strings.FieldsSeq(col.Text(contact.Code(code))) {
			values[w]++
		}
	}
	most := max(5, col.Distinct()/50)
	w := newWordList(col, func(word string) string {
		if len(word) < 3 || strings.ContainsAny(word, "0123456789") || values[word] > most {
			return ""
		}
		return word
	})
	return part{uses: columnAspects[c], many: func(r contact.Row, emit func(uint64)) {
		for _, h := range w.of(col.Code(r)) {
			emit(h)
		}
	}}
}

// prefix is the first n letters of a text, or all of it.
func prefix(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// numbers are the words of a text that hold a digit.
func numbers(s string) string {
	var out []string
	for w := range strings.FieldsSeq(s) {
		if strings.ContainsAny(w, "0123456789") {
			out = append(out, w)
		}
	}
	return strings.Join(out, " ")
}
