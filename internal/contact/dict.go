package contact

import (
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/cespare/xxhash/v2"
)

// Code names a distinct value of a dictionary; 0 is "no value".
type Code = uint32

// dict gives each distinct string a code, in order of first appearance. Its storage is the layout of an Arrow LargeString array
// (int64 offsets, because a free-text column of some million rows passes 2 GiB), so freezing it copies nothing.
type dict struct {
	data  []byte
	off   []int64  // off[c]..off[c+1] is value c
	slots []uint64 // open addressing, 0 = empty, power of two long; a hash above its code, so that few values are fetched in vain
}

func slotOf(hash uint32, c Code) uint64 { return uint64(hash)<<32 | uint64(c) }

func hashOf(s string) uint32 { return uint32(xxhash.Sum64String(s)) }

func newDict() *dict {
	d := &dict{}
	d.reset()
	return d
}

func (d *dict) reset() {
	d.data = d.data[:0]
	d.off = append(d.off[:0], 0, 0) // code 0 is the empty string
	if d.slots == nil {
		d.slots = make([]uint64, 64)
	} else {
		clear(d.slots)
	}
}

// len is the number of codes, "no value" included.
func (d *dict) len() int { return len(d.off) - 1 }

// value is only valid until the next code call, which may move the storage.
func (d *dict) value(c Code) string {
	b := d.data[d.off[c]:d.off[c+1]]
	return unsafe.String(unsafe.SliceData(b), len(b))
}

func (d *dict) code(s string) Code {
	hash := hashOf(s)
	c, slot := d.probe(s, hash)
	if c != 0 {
		return c
	}
	c = Code(d.len())
	d.data = append(d.data, s...)
	d.off = append(d.off, int64(len(d.data)))
	d.slots[slot] = slotOf(hash, c)
	if d.len()*4 > len(d.slots)*3 {
		d.grow()
	}
	return c
}

// find is code for values that must already be there; 0 when they are not.
func (d *dict) find(s string) Code {
	c, _ := d.probe(s, hashOf(s))
	return c
}

// probe looks a value up; when it is absent, slot is where its code belongs.
func (d *dict) probe(s string, hash uint32) (c Code, slot uint32) {
	mask := uint32(len(d.slots) - 1)
	i := hash & mask
	for d.slots[i] != 0 {
		if c := Code(d.slots[i]); d.slots[i]>>32 == uint64(hash) && d.value(c) == s {
			return c, i
		}
		i = (i + 1) & mask
	}
	return 0, i
}

func (d *dict) grow() {
	old := d.slots
	d.slots = make([]uint64, len(old)*2)
	mask := uint32(len(d.slots) - 1)
	for _, slot := range old {
		if slot == 0 {
			continue
		}
		i := uint32(slot>>32) & mask
		for d.slots[i] != 0 {
			i = (i + 1) & mask
		}
		d.slots[i] = slot
	}
}

// freeze hands the values to Arrow without copying; the dict must not be used afterwards.
func (d *dict) freeze() *array.LargeString {
	off := memory.NewBufferBytes(arrow.Int64Traits.CastToBytes(d.off))
	val := memory.NewBufferBytes(d.data)
	data := array.NewData(arrow.BinaryTypes.LargeString, d.len(), []*memory.Buffer{nil, off, val}, nil, 0, 0)
	defer data.Release()
	return array.NewLargeStringData(data)
}

// coded is a growing dictionary-coded column.
type coded struct {
	codes []Code
	dict  *dict
}

func newCoded() *coded { return &coded{dict: newDict()} }

// absorb appends a chunk's column, translating its local codes.
func (c *coded) absorb(local *coded, scratch []Code) []Code {
	scratch = scratch[:0]
	scratch = append(scratch, 0)
	for k := Code(1); int(k) < local.dict.len(); k++ {
		scratch = append(scratch, c.dict.code(local.dict.value(k)))
	}
	for _, k := range local.codes {
		c.codes = append(c.codes, scratch[k])
	}
	return scratch
}

// canonical rewrites the column in row order: order[i] is the old position of row i. Codes are renumbered by first appearance, so the
// frozen column does not depend on the order in which rows arrived.
func (c *coded) canonical(order []uint32) *coded {
	out := &coded{codes: make([]Code, len(order)), dict: &dict{data: make([]byte, 0, len(c.dict.data)), off: make([]int64, 2, len(c.dict.off))}}
	renumber := make([]Code, c.dict.len())
	for i, old := range order {
		k := c.codes[old]
		if k == 0 {
			continue
		}
		if renumber[k] == 0 {
			renumber[k] = Code(out.dict.len())
			out.dict.data = append(out.dict.data, c.dict.value(k)...)
			out.dict.off = append(out.dict.off, int64(len(out.dict.data)))
		}
		out.codes[i] = renumber[k]
	}
	return out
}

// Strings is a frozen dictionary-coded column: an Arrow code per row and an Arrow array of distinct values.
type Strings struct {
	codes []Code // view of index
	index *array.Uint32
	dict  *array.LargeString
}

func (c *coded) freeze() Strings {
	buf := memory.NewBufferBytes(arrow.Uint32Traits.CastToBytes(c.codes))
	data := array.NewData(arrow.PrimitiveTypes.Uint32, len(c.codes), []*memory.Buffer{nil, buf}, nil, 0, 0)
	defer data.Release()
	return Strings{codes: c.codes, index: array.NewUint32Data(data), dict: c.dict.freeze()}
}

// Code is the value's code in row r; 0 is null. Codes of one column compare like their values.
func (s Strings) Code(r Row) Code { return s.codes[r] }

// Value is the text in row r, "" for null.
func (s Strings) Value(r Row) string { return s.dict.Value(int(s.codes[r])) }

// Text is the text of a code.
func (s Strings) Text(c Code) string { return s.dict.Value(int(c)) }

// Distinct is one more than the largest code.
func (s Strings) Distinct() int { return s.dict.Len() }

// Null reports whether row r has no value.
func (s Strings) Null(r Row) bool { return s.codes[r] == 0 }

// Arrow shows the column to the report writer: codes, and values by code. They belong to the table.
func (s Strings) Arrow() (codes *array.Uint32, values *array.LargeString) { return s.index, s.dict }

func (s Strings) release() {
	if s.index != nil {
		s.index.Release()
		s.dict.Release()
	}
}
