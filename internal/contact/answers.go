package contact

import (
	"slices"
	"strings"
)

// answerFields are the fields that say yes or no.
var answerFields = []Field{FieldVIP, FieldBlocked, FieldOptOut, FieldConsent, FieldLegalHold}

// Answers reads the columns that say yes or no: read gets each of their values, and says whether it knows what the value means.
func (b *Builder) Answers(read func(value string) (yes, known bool)) {
	b.answers = map[string]bool{}
	for i, c := range b.layout.Contacts {
		if !slices.Contains(answerFields, c.Field) {
			continue
		}
		for code := Code(1); int(code) < b.raw[i].dict.len(); code++ {
			v := strings.Clone(b.raw[i].dict.value(code)) // the table keeps it
			if yes, known := read(v); known {
				b.answers[v] = yes
			}
		}
	}
}

// Says is what a contact says in a column of a field that says yes or no. It is not known where the cell is empty or says something else.
func (t *Table) Says(col int, r Row) (yes, known bool) {
	v, _ := t.Raw(col, r)
	yes, known = t.answers[v]
	return yes, known
}
