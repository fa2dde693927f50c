package merge

import (
	"slices"
	"strings"
	"unicode"
)

// hint is how much a name says.
type hint int

const (
	hintNone   hint = iota
	hintID          // an id of something
	hintEntity      // the id of a contact
)

// peopleWords are what applications call contacts, besides the name of the table.
var peopleWords = []string{"contact", "customer", "client", "person", "people"}

// idWords end the name of a column that holds an id.
var idWords = []string{"id", "ids", "uuid", "uuids", "guid", "ref", "refs", "fk", "key", "by"}

// entityNames knows by which words a database calls its contacts.
type entityNames struct {
	entities []string   // single words, in the singular
	known    [][]string // names of the columns that do refer to contacts, without their id word
}

func newEntityNames(c *catalog) entityNames {
	n := entityNames{entities: slices.Clone(peopleWords)}
	if w := words(c.contacts.name); len(w) > 0 {
		n.entities = append(n.entities, singular(w[len(w)-1]))
	}
	for i := range c.refs {
		if stem, isID := stemOf(words(c.refs[i].column.name)); isID && len(stem) > 0 {
			n.known = append(n.known, stem)
		}
	}
	return n
}

// column judges the name of a column.
func (n entityNames) column(name string) hint {
	w := words(name)
	stem, isID := stemOf(w)
	switch {
	case len(stem) > 0 && n.entity(stem[len(stem)-1]):
		return hintEntity
	case isID && slices.ContainsFunc(n.known, func(k []string) bool { return slices.Equal(k, stem) }):
		return hintEntity
	}
	for i := 1; i < len(w); i++ {
		if n.entity(w[i-1]) && slices.Contains(idWords, w[i]) { // contact_id_old
			return hintEntity
		}
	}
	if isID {
		return hintID
	}
	return hintNone
}

// typeValue judges what a type column says, such as "App\Models\Contact" or "crm.contacts".
func (n entityNames) typeValue(value string) bool {
	w := words(value)
	return len(w) > 0 && n.entity(w[len(w)-1])
}

func (n entityNames) entity(word string) bool {
	return slices.Contains(n.entities, word) || slices.Contains(n.entities, singular(word))
}

// stemOf takes the id words off the end of a name.
func stemOf(w []string) (stem []string, isID bool) {
	for len(w) > 0 && slices.Contains(idWords, w[len(w)-1]) {
		w, isID = w[:len(w)-1], true
	}
	return w, isID
}

// typeColumns are the names a type column would have beside an id column of a stem.
func typeColumns(stem []string) []string {
	prefix := strings.Join(stem, "")
	var out []string
	for _, kind := range []string{"type", "table", "model", "class", "kind", "entity"} {
		out = append(out, prefix+kind)
	}
	return out
}

// singular is a rough English singular, good enough for comparing names.
func singular(word string) string {
	switch {
	case len(word) > 4 && strings.HasSuffix(word, "ies"):
		return word[:len(word)-3] + "y"
	case len(word) > 3 && strings.HasSuffix(word, "s") && !strings.HasSuffix(word, "ss"):
		return word[:len(word)-1]
	}
	return word
}

// words parts a name at punctuation and where a capital begins: contactID, contact_id and CONTACT_ID are the same two words.
func words(name string) []string {
	var out []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			out = append(out, strings.ToLower(string(word)))
		}
		word = word[:0]
	}
	runes := []rune(name)
	for i, r := range runes {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			flush()
			continue
		}
		if i > 0 && unicode.IsUpper(r) {
			after := unicode.IsLower(runes[i-1]) || unicode.IsDigit(runes[i-1])
			before := unicode.IsUpper(runes[i-1]) && i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if after || before {
				flush()
			}
		}
		word = append(word, r)
	}
	flush()
	return out
}
