package blocking

import (
	"github.com/contactmerge/contactmerge/internal/contact"
)

// fact is something that a contact may say of a person, whole or cut so that typing errors matter less.
type fact uint8

// The facts that keys are made of. The order has no meaning.
const (
	factName          fact = iota // sorted name tokens
	factGivenSound                // phonetic code
	factFamilySound               // phonetic code
	factGivenInitial              // first letter
	factFamilyInitial             // first letter
	factFamilyStart               // first letters
	factRoot                      // each formal name that the given name may stand for; many-valued
	factAnyStart                  // first letters of every word of the name, whichever field it stands in; many-valued
	factTwoWords                  // every two words of the name, whichever fields they stand in; many-valued
	factBirthdate                 // whole
	factYear                      // year of birth
	factBirthMonth                // year and month
	factBirthYear                 // year and day of the month
	factBirthDay                  // month and day, either way round
	factBirthSwapped              // whole, with day and month in ascending order
	factPostcode                  // whole
	factCity                      // whole
	factCityStart                 // first letters
	factStreet                    // whole
	factStreetWord                // every telling word; many-valued
	factHouse                     // the numbers of a street address
	factCompany                   // whole
	factCompanyWord               // every telling word; many-valued
	numFacts
)

// part is a fact in the form that keys are mixed from.
type part struct {
	uses Aspects
	of   func(r contact.Row) uint64             // 0: missing
	many func(r contact.Row, emit func(uint64)) // instead of of, for a fact of many values
}

// facts cuts the values of a table, each distinct value once.
type facts struct {
	t      *contact.Table
	parts  [numFacts]part
	known  [numFacts]bool // parts is filled
	born   bool           // somebody has a birthdate
	spaces [len(spaceAspects)]bool
	start  int // letters in the beginning of a name
}

// largeTable is the number of contacts from which the beginnings of names need one more letter to tell people apart.
const largeTable = 50_000

func newFacts(t *contact.Table) *facts {
	f := &facts{t: t, start: 2}
	if t.Len() >= largeTable {
		f.start = 3
	}
	for r := range contact.Row(t.Len()) {
		f.born = f.born || t.Birthdate(r) != 0
		for _, k := range t.Keys(r) {
			f.spaces[k.Space] = true
		}
	}
	return f
}

// part returns a fact; ok is false when nobody in the table has it.
func (f *facts) part(x fact) (p part, ok bool) {
	if !f.known[x] {
		f.parts[x], f.known[x] = f.newPart(x), true
	}
	p = f.parts[x]
	return p, p.of != nil || p.many != nil
}

func (f *facts) newPart(x fact) part {
	switch x {
	case factName:
		return f.whole(contact.ColNameKey)
	case factGivenSound:
		return f.whole(contact.ColGivenPhonetic)
	case factFamilySound:
		return f.whole(contact.ColFamilyPhonetic)
	case factGivenInitial:
		return f.cut(contact.ColGivenLatin, func(s string) string { return prefix(s, 1) })
	case factFamilyInitial:
		return f.cut(contact.ColFamilyLatin, func(s string) string { return prefix(s, 1) })
	case factFamilyStart:
		return f.cut(contact.ColFamilyLatin, func(s string) string { return prefix(s, 3) })
	case factRoot:
		return f.words(64, contact.ColGivenRoots)
	case factAnyStart:
		return f.words(f.start, contact.ColGivenLatin, contact.ColFamilyLatin)
	case factTwoWords:
		return f.wordPairs(contact.ColGivenLatin, contact.ColFamilyLatin)
	case factPostcode:
		return f.whole(contact.ColPostcode)
	case factCity:
		return f.whole(contact.ColCity)
	case factCityStart:
		return f.cut(contact.ColCity, func(s string) string { return prefix(s, 3) })
	case factStreet:
		return f.whole(contact.ColStreet)
	case factStreetWord:
		return f.tellingWords(contact.ColStreet)
	case factHouse:
		return f.cut(contact.ColStreet, numbers)
	case factCompany:
		return f.whole(contact.ColCompany)
	case factCompanyWord:
		return f.tellingWords(contact.ColCompany)
	default:
		return f.birth(x)
	}
}

// birth cuts birthdates, which are yyyymmdd.
func (f *facts) birth(x fact) part {
	if !f.born {
		return part{}
	}
	cut := func(y, m, d int32) int32 { return y*10000 + m*100 + d }
	switch x {
	case factYear:
		cut = func(y, _, _ int32) int32 { return y }
	case factBirthMonth:
		cut = func(y, m, _ int32) int32 { return y*100 + m }
	case factBirthYear:
		cut = func(y, _, d int32) int32 { return y*100 + d }
	case factBirthDay:
		cut = func(_, m, d int32) int32 { return 100*min(m, d) + max(m, d) }
	case factBirthSwapped:
		cut = func(y, m, d int32) int32 { return y*10000 + 100*min(m, d) + max(m, d) }
	}
	return part{uses: AspectBirthdate, of: func(r contact.Row) uint64 {
		b := f.t.Birthdate(r)
		if b == 0 || b%100 == 0 && x != factYear && x != factBirthdate {
			return 0 // what is not known of a date is in no block
		}
		return uint64(cut(b/10000, b/100%100, b%100))
	}}
}

// whole is a column as it stands.
func (f *facts) whole(c contact.Col) part {
	col := f.t.Col(c)
	if col.Distinct() < 2 {
		return part{}
	}
	return part{uses: columnAspects[c], of: func(r contact.Row) uint64 { return uint64(col.Code(r)) }}
}

// cut is a column of which only a piece counts; an empty piece is missing.
func (f *facts) cut(c contact.Col, piece func(string) string) part {
	col := f.t.Col(c)
	if col.Distinct() < 2 {
		return part{}
	}
	hashes := make([]uint64, col.Distinct())
	for code := 1; code < len(hashes); code++ {
		if s := piece(col.Text(contact.Code(code))); s != "" {
			hashes[code] = hashString(s)
		}
	}
	return part{uses: columnAspects[c], of: func(r contact.Row) uint64 { return hashes[col.Code(r)] }}
}
