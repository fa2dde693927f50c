// Package evaluate measures the findings of a run against a known truth.
package evaluate

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// Truth says which contacts of a table are one person.
type Truth struct {
	person  []uint32 // per row; 0 when the truth says nothing of it
	persons int
	inOrder []contact.Row // labelled rows by person, then row

	Absent      int   // contacts the truth names and the table does not have: filtered, rejected, or of another data set
	AbsentPairs int64 // true pairs lost with them; no other number includes them
}

// NewTruth takes the person of each row, any number but 0; 0 is unknown.
func NewTruth(person []uint32) *Truth {
	t := &Truth{person: make([]uint32, len(person))}
	number := map[uint32]uint32{0: 0}
	for r, p := range person {
		n, ok := number[p]
		if !ok {
			t.persons++
			n = uint32(t.persons)
			number[p] = n
		}
		if t.person[r] = n; n != 0 {
			t.inOrder = append(t.inOrder, contact.Row(r))
		}
	}
	slices.SortFunc(t.inOrder, func(x, y contact.Row) int { return cmp.Or(cmp.Compare(t.person[x], t.person[y]), cmp.Compare(x, y)) })
	return t
}

// known reports whether the truth speaks of both contacts, and same whether it says that they are one person.
func (t *Truth) known(a, b contact.Row) (known, same bool) {
	return t.person[a] != 0 && t.person[b] != 0, t.person[a] == t.person[b]
}

// groups calls do with the contacts of each person who has two or more, until it returns false.
func (t *Truth) groups(do func(rows []contact.Row) bool) {
	for rest := t.inOrder; len(rest) > 0; {
		n := 1
		for n < len(rest) && t.person[rest[n]] == t.person[rest[0]] {
			n++
		}
		if n > 1 && !do(rest[:n]) {
			return
		}
		rest = rest[n:]
	}
}

// pairs is the number of pairs among n things.
func pairs(n int64) int64 { return n * (n - 1) / 2 }

var (
	contactNames = []string{"contact_id", "id", "record_id", "rec_id"}
	personNames  = []string{"person_id", "person", "cluster_id", "cluster", "entity_id", "entity"}
	leftNames    = []string{"contact_id_a", "id_a", "a", "id1", "left"}
	rightNames   = []string{"contact_id_b", "id_b", "b", "id2", "right"}
	labelNames   = []string{"match", "is_match", "label"}
)

// ReadTruth reads a truth file: CSV with a header that names a contact and a person column (contact_id, person_id), or two contact
// columns (a, b), each row of which is a true pair. Two contacts that are one person with a third are one person; contacts that a file of pairs does not
// name are persons of their own. A column match or label marks pairs as true or false; false ones are passed over.
func ReadTruth(r io.Reader, t *contact.Table) (*Truth, error) {
	f, header, err := openTruth(r, t)
	if err != nil {
		return nil, err
	}
	// A truth file that was cut out of the contacts calls the key what the contacts call it.
	key := keyName(t)
	if f.x, f.y = column(header, append([]string{key}, contactNames...)), column(header, personNames); f.x >= 0 && f.y >= 0 {
		return f.readPersons()
	}
	left := append([]string{key + "_a", key + "_l", key + "_1"}, leftNames...)
	right := append([]string{key + "_b", key + "_r", key + "_2"}, rightNames...)
	if f.x, f.y = column(header, left), column(header, right); f.x >= 0 && f.y >= 0 {
		return f.readPairs()
	}
	return nil, fmt.Errorf("reading truth: the header names neither a contact and a person (%s or contact_id, person_id), nor two contacts (%s_a, %s_b)", key, key, key)
}

// openTruth reads the header of a truth file.
func openTruth(r io.Reader, t *contact.Table) (*truthFile, []string, error) {
	in := bufio.NewReader(r)
	if bom, err := in.Peek(3); err == nil && bytes.Equal(bom, []byte("\xef\xbb\xbf")) {
		if _, err := in.Discard(3); err != nil {
			return nil, nil, fmt.Errorf("reading truth: %w", err)
		}
	}
	records := csv.NewReader(in)
	records.Comma = delimiter(in)
	records.ReuseRecord = true
	records.TrimLeadingSpace = records.Comma != '\t' // or an empty first cell would vanish
	header, err := records.Read()
	if errors.Is(err, io.EOF) {
		return nil, nil, errors.New("reading truth: the file is empty")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading truth: %w", withoutValues(err))
	}
	header = slices.Clone(header)
	return &truthFile{records: records, table: t, label: column(header, labelNames)}, header, nil
}

// keyName is what the table's source calls the contact id.
func keyName(t *contact.Table) string {
	for _, c := range t.Columns() {
		if c.Field == contact.FieldID {
			return c.Name
		}
	}
	return "id"
}

// delimiter is the one that occurs most in the first line.
func delimiter(in *bufio.Reader) rune {
	head, _ := in.Peek(in.Size()) // a short file is not an error here
	line, _, _ := bytes.Cut(head, []byte("\n"))
	best := ','
	for _, d := range ";\t|" {
		if bytes.Count(line, []byte(string(d))) > bytes.Count(line, []byte(string(best))) {
			best = d
		}
	}
	return best
}

func column(header, names []string) int {
	for _, name := range names {
		for i, h := range header {
			if strings.EqualFold(strings.TrimSpace(h), name) {
				return i
			}
		}
	}
	return -1
}

// withoutValues keeps the place and the cause of a CSV error. The library puts no values into them; this makes sure of it.
func withoutValues(err error) error {
	var p *csv.ParseError
	if errors.As(err, &p) {
		return fmt.Errorf("line %d: %w", p.Line, p.Err)
	}
	return err
}

type truthFile struct {
	records     *csv.Reader
	table       *contact.Table
	x, y, label int
}

// next reads the two cells of a row that counts.
func (f *truthFile) next() (x, y string, err error) {
	for {
		rec, err := f.records.Read()
		if err != nil {
			return "", "", err
		}
		if f.label >= 0 && slices.Contains([]string{"0", "false", "no", "f", "n"}, strings.ToLower(strings.TrimSpace(rec[f.label]))) {
			continue
		}
		return strings.TrimSpace(rec[f.x]), strings.TrimSpace(rec[f.y]), nil
	}
}

func (f *truthFile) line() int {
	line, _ := f.records.FieldPos(0)
	return line
}

func (f *truthFile) readPersons() (*Truth, error) {
	f.label = -1 // one contact a row: there is nothing to be true or false
	person := make([]uint32, f.table.Len())
	numbers := map[string]uint32{}
	absent := map[uint32]int64{}
	missing := 0
	for {
		id, name, err := f.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading truth: %w", withoutValues(err))
		}
		if name == "" {
			continue
		}
		n, ok := numbers[name]
		if !ok {
			n = uint32(len(numbers)) + 1
			numbers[strings.Clone(name)] = n
		}
		row, ok := f.table.Find(id)
		switch {
		case !ok:
			absent[n]++
			missing++
		case person[row] != 0 && person[row] != n:
			return nil, fmt.Errorf("reading truth: line %d: contact %q has another person on an earlier line", f.line(), id)
		default:
			person[row] = n
		}
	}
	present := map[uint32]int64{}
	for _, n := range person {
		if absent[n] > 0 {
			present[n]++
		}
	}
	t := NewTruth(person)
	t.Absent = missing
	for n, k := range absent {
		t.AbsentPairs += pairs(present[n]+k) - pairs(present[n])
	}
	return t, nil
}

func (f *truthFile) readPairs() (*Truth, error) {
	root := make([]uint32, f.table.Len())
	for i := range root {
		root[i] = uint32(i)
	}
	find := func(x uint32) uint32 {
		for root[x] != x {
			root[x] = root[root[x]]
			x = root[x]
		}
		return x
	}
	absent := map[string]bool{}
	var lost int64
	for {
		x, y, err := f.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading truth: %w", withoutValues(err))
		}
		a, okA := f.table.Find(x)
		b, okB := f.table.Find(y)
		if okA && okB {
			p, q := find(uint32(a)), find(uint32(b))
			root[max(p, q)] = min(p, q)
			continue
		}
		lost++
		for id, ok := range map[string]bool{x: okA, y: okB} {
			if !ok {
				absent[strings.Clone(id)] = true
			}
		}
	}
	person := make([]uint32, len(root))
	for i := range root {
		person[i] = find(uint32(i)) + 1
	}
	t := NewTruth(person)
	t.Absent, t.AbsentPairs = len(absent), lost
	return t, nil
}
