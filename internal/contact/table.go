// Package contact holds the contacts of a run in one immutable columnar table, and the vocabulary to speak of them.
package contact

import (
	"strings"

	"github.com/apache/arrow-go/v18/arrow/array"
)

// Row is the ordinal of a contact in a Table. Rows are ordered by contact id, so they do not depend on the order of the input.
type Row uint32

// Col is a normalized, dictionary-coded text column. "" is missing.
type Col uint8

// The normalized columns.
const (
	ColGiven          Col = iota // folded given name
	ColMiddle                    // folded middle names or initials
	ColFamily                    // folded family name
	ColSuffix                    // jr, sr, ii, iii …
	ColGivenRoots                // formal forms of the given name, sorted, space-separated
	ColGivenLatin                // given name in Latin letters
	ColFamilyLatin               // family name in Latin letters
	ColGivenPhonetic             // phonetic code of the Latin given name
	ColFamilyPhonetic            // phonetic code of the Latin family name
	ColNameKey                   // all given and family tokens, sorted: equal keys are equal names whatever their order
	ColGender
	ColCompany
	ColStreet
	ColCity
	ColState
	ColPostcode
	ColCountry // ISO 3166-1 alpha-2
	ColTenant
	ColSource
	NumCols
)

// RowFlags are yes-or-no facts about a contact (a bit set).
type RowFlags uint16

// The facts a contact may carry.
const (
	RowVIP RowFlags = 1 << iota
	RowBlocked
	RowOptOut
	RowNameFiller      // the name was a filler such as "Guest User" and counts as missing
	RowNameMisplaced   // an email or phone stood in a name field
	RowDateAmbiguous   // day and month could be read either way
	RowDatePlaceholder // a default birthdate, counts as missing
)

// Table is the frozen set of contacts of one run: raw and normalized columns side by side, identities and their keys.
// It is safe for concurrent reading. Release it once.
type Table struct {
	layout  Layout
	ids     *array.LargeString
	numeric bool // ids compare as integers
	raw     []Strings
	idCol   int
	norm    [NumCols]Strings
	custom  []Strings
	birth   []int32
	answers map[string]bool // what the values of columns that say yes or no mean
	flags   []RowFlags
	created []int64
	updated []int64

	channels  []Channel
	rawIdent  *array.LargeString // channel, NUL, raw value
	identOff  []uint32
	idents    []Identity
	keyDict   *array.LargeString // space byte, tenant, NUL, text
	keyOff    []uint32
	keys      []Key
	customIdx []int // raw column of each custom column

	side    []uint8 // nil unless the table links two sources
	sideLen [len(sideNames)]int
}

// Len is the number of contacts.
func (t *Table) Len() int { return len(t.birth) }

// Layout is what the source said of itself.
func (t *Table) Layout() Layout { return t.layout }

// ID is the customer's key of a contact, as text; in a table that links two sources it begins with the side, as in left:17.
func (t *Table) ID(r Row) string { return t.ids.Value(int(r)) }

// NumericIDs reports whether every id is a decimal integer; rows are then in numeric order, else in byte order.
func (t *Table) NumericIDs() bool { return t.numeric }

// Find returns the row of a contact id. Where two sources are linked, a key without its side will do if only one of them has it.
func (t *Table) Find(id string) (Row, bool) {
	if t.side != nil {
		return t.findSides(id)
	}
	lo, hi := 0, t.Len()
	for lo < hi {
		mid := (lo + hi) / 2
		if idLess(t.ids.Value(mid), id, t.numeric) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < t.Len() && t.ids.Value(lo) == id {
		return Row(lo), true
	}
	return 0, false
}

// Columns are the raw columns of the contacts, in source order.
func (t *Table) Columns() []Column { return t.layout.Contacts }

// Raw is the raw text of a cell; ok is false for null.
func (t *Table) Raw(col int, r Row) (v string, ok bool) {
	if col == t.idCol {
		return t.Key(r), true
	}
	if c := t.raw[col].Code(r); c != 0 {
		return t.raw[col].Text(c), true
	}
	return "", false
}

// RawColumn is a raw column as coded strings; the id column has none and returns false.
func (t *Table) RawColumn(col int) (Strings, bool) { return t.raw[col], col != t.idCol }

// Col is a normalized column.
func (t *Table) Col(c Col) *Strings { return &t.norm[c] }

// Customs is the number of generic comparison columns.
func (t *Table) Customs() int { return len(t.custom) }

// Custom is the i-th generic comparison column in folded form, and the raw column it came from.
func (t *Table) Custom(i int) (*Strings, Column) {
	return &t.custom[i], t.layout.Contacts[t.customIdx[i]]
}

// Birthdate is yyyymmdd, 0 when missing; mm and dd are 00 where only the year, or year and month, are known.
func (t *Table) Birthdate(r Row) int32 { return t.birth[r] }

// Flags are the yes-or-no facts of a contact.
func (t *Table) Flags(r Row) RowFlags { return t.flags[r] }

// Created is the creation time in Unix seconds, 0 when unknown.
func (t *Table) Created(r Row) int64 { return t.created[r] }

// Updated is the time of the last change in Unix seconds, 0 when unknown.
func (t *Table) Updated(r Row) int64 { return t.updated[r] }

// Identities are the addresses of a contact, ordered by channel and value. The slice belongs to the table.
func (t *Table) Identities(r Row) []Identity { return t.idents[t.identOff[r]:t.identOff[r+1]] }

// IdentityCount is the number of identities in the table.
func (t *Table) IdentityCount() int { return len(t.idents) }

// Channel is the channel of an identity.
func (t *Table) Channel(id Identity) Channel { return t.channels[id.Channel] }

// RawIdentity is the identity's value as the source spelled it.
func (t *Table) RawIdentity(id Identity) string {
	_, v := splitRawIdentity(t.rawIdent.Value(int(id.raw)))
	return v
}

// Keys are the comparable facts of a contact, ordered by space and value. The slice belongs to the table.
func (t *Table) Keys(r Row) []Key { return t.keys[t.keyOff[r]:t.keyOff[r+1]] }

// KeyCount is the number of keys in the table; KeyDistinct is one more than the largest key code.
func (t *Table) KeyCount() int { return len(t.keys) }

// KeyDistinct is one more than the largest key code.
func (t *Table) KeyDistinct() int { return t.keyDict.Len() }

// KeySpace is the namespace of a key code.
func (t *Table) KeySpace(c Code) Space {
	if c == 0 {
		return SpaceNone
	}
	return Space(t.keyDict.Value(int(c))[0])
}

// KeyText is the text of a key code, without its tenant.
func (t *Table) KeyText(c Code) string {
	if c == 0 {
		return ""
	}
	_, text, _ := strings.Cut(t.keyDict.Value(int(c))[1:], "\x00")
	return text
}

// Release gives the Arrow memory back.
func (t *Table) Release() {
	for _, a := range []*array.LargeString{t.ids, t.rawIdent, t.keyDict} {
		if a != nil {
			a.Release()
		}
	}
	for i := range t.raw {
		t.raw[i].release()
	}
	for i := range t.norm {
		t.norm[i].release()
	}
	for i := range t.custom {
		t.custom[i].release()
	}
}
