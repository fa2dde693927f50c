package blocking

import "github.com/contactmerge/contactmerge/internal/contact"

// A sorted neighbourhood (Hernandez, Stolfo: The merge/purge problem for large databases, 1995) compares contacts that stand near each
// other in the order of a text. It finds texts of one beginning whatever the rest, at a cost that grows with the table and not with its
// square. Contacts stand in one long block, which is compared in a window.

// sortedNames orders by the name in one field, then by that in another.
func sortedNames(first, then contact.Col) func(*facts, string, string) (rule, bool) {
	return func(f *facts, name, description string) (rule, bool) {
		a, b := f.beginnings(first), f.beginnings(then)
		return rule{
			name: name, description: description, uses: AspectName | AspectGiven | AspectFamily,
			sorted: func(r contact.Row) (uint64, uint64) { return a(r), b(r) },
		}, f.t.Col(first).Distinct() > 1
	}
}

// sortedStreets orders by street address, then by postcode.
func (f *facts) sortedStreets(name, description string) (rule, bool) {
	a, b := f.beginnings(contact.ColStreet), f.beginnings(contact.ColPostcode)
	return rule{
		name: name, description: description, uses: AspectAddress,
		sorted: func(r contact.Row) (uint64, uint64) { return a(r), b(r) },
	}, f.t.Col(contact.ColStreet).Distinct() > 1
}

// sortedBirthdates orders by birthdate, then by family name.
func (f *facts) sortedBirthdates(name, description string) (rule, bool) {
	family := f.beginnings(contact.ColFamilyLatin)
	return rule{
		name: name, description: description, uses: AspectBirthdate,
		sorted: func(r contact.Row) (uint64, uint64) {
			b := f.t.Birthdate(r)
			if b == 0 {
				return 0, 0
			}
			return uint64(b), family(r)
		},
	}, f.born
}

// sortedEmails orders by a contact's first address.
func (f *facts) sortedEmails(name, description string) (rule, bool) {
	t := f.t
	return rule{
		name: name, description: description, uses: AspectEmail,
		sorted: func(r contact.Row) (uint64, uint64) {
			for _, k := range t.Keys(r) {
				if k.Space == contact.SpaceEmail {
					s := t.KeyText(k.Value)
					return beginning(s), beginning(s[min(len(s), 8):])
				}
			}
			return 0, 0
		},
	}, f.spaces[contact.SpaceEmail]
}

// beginnings returns the beginning of a column's values, each cut once.
func (f *facts) beginnings(c contact.Col) func(contact.Row) uint64 {
	col := f.t.Col(c)
	values := make([]uint64, col.Distinct())
	for code := 1; code < len(values); code++ {
		values[code] = beginning(col.Text(contact.Code(code)))
	}
	return func(r contact.Row) uint64 { return values[col.Code(r)] }
}

// beginning is the first eight bytes of a text as a number that sorts like it.
func beginning(s string) uint64 {
	v := uint64(0)
	for i := range 8 {
		v <<= 8
		if i < len(s) {
			v |= uint64(s[i])
		}
	}
	return v
}
