package cluster

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// VersionOf is the version of a question about some contacts: it changes when one joins or leaves, or when the content of one changes. The
// order of the guards does not matter. An answer is bound to the version it was given to.
func VersionOf(guards []Guard) string {
	sorted := slices.Clone(guards)
	slices.SortFunc(sorted, func(x, y Guard) int { return strings.Compare(x.ID, y.ID) })
	var buf []byte
	for _, g := range sorted {
		buf = appendText(appendText(buf, g.ID), g.Hash)
	}
	sum := sha256.Sum256(buf)
	return hex.EncodeToString(sum[:16])
}

// evidential are the fields that say who somebody is. The others change for reasons of the business: a flag is set, a counter goes up, a
// row is touched. A pair that a person has declined is not asked about again for those.
var evidential = map[contact.Field]bool{
	contact.FieldFirstName: true, contact.FieldMiddleName: true, contact.FieldLastName: true, contact.FieldSuffix: true, contact.FieldFullName: true,
	contact.FieldGender: true, contact.FieldBirthdate: true, contact.FieldCompany: true,
	contact.FieldStreet: true, contact.FieldCity: true, contact.FieldState: true, contact.FieldPostcode: true, contact.FieldCountry: true,
}

// EvidenceHash fingerprints what a contact says of the person behind it: names, birthdate, gender, company, address and identities, whatever
// their case, the blanks around them, and the column or table an identity stands in. It is made of the values as they were read, so that
// it lasts across versions that normalize better.
func EvidenceHash(t *contact.Table, r contact.Row) string {
	var facts []string
	note := func(kind, v string) {
		if v = strings.ToLower(strings.Join(strings.Fields(v), " ")); v != "" {
			facts = append(facts, kind+"\x00"+v)
		}
	}
	for i, c := range t.Columns() {
		if evidential[c.Field] {
			v, _ := t.Raw(i, r)
			note(string(c.Field), v)
		}
	}
	for _, id := range t.Identities(r) {
		note("identity "+string(t.Channel(id)), t.RawIdentity(id))
	}
	slices.Sort(facts)
	var buf []byte
	for _, f := range slices.Compact(facts) {
		buf = appendText(buf, f)
	}
	sum := sha256.Sum256(buf)
	return hex.EncodeToString(sum[:16])
}
