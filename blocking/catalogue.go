package blocking

import "github.com/contactmerge/contactmerge/internal/contact"

// candidate is a rule that a table may be given.
type candidate struct {
	name        string
	description string
	make        func(f *facts, name, description string) (rule, bool)
}

func space(s contact.Space) func(*facts, string, string) (rule, bool) {
	return func(f *facts, name, description string) (rule, bool) { return f.spaceRule(name, description, s) }
}

func agreeing(of ...fact) func(*facts, string, string) (rule, bool) {
	return func(f *facts, name, description string) (rule, bool) { return f.factRule(name, description, of...) }
}

func pieces(s contact.Space, cut func(string, func(uint64))) func(*facts, string, string) (rule, bool) {
	return func(f *facts, name, description string) (rule, bool) {
		return f.identityText(name, description, s, cut)
	}
}

// oneName is a rule on one part of the name alone. It counts as one on the whole name: what it makes agrees on the rest more often than chance,
// since the parts of a name go together.
func oneName(x fact) func(*facts, string, string) (rule, bool) {
	return func(f *facts, name, description string) (rule, bool) {
		r, ok := f.factRule(name, description, x)
		r.uses |= AspectName | AspectGiven | AspectFamily
		return r, ok
	}
}

// catalogue lists the rules that the table's own columns may make, in order: identities first, strongest first; then what can be said
// without one, from the most telling to the least. A many-valued fact stands first in its rule.
func catalogue() []candidate {
	return []candidate{
		{"sso", "same subject at the same login provider", space(contact.SpaceSSO)},
		{"national_id", "same ID number", space(contact.SpaceNationalID)},
		{"email", "same email address", space(contact.SpaceEmail)},
		{"phone", "same phone, SMS or WhatsApp number", space(contact.SpacePhone)},
		{"channel_id", "same id on a social network, messenger or custom channel", space(contact.SpaceHandle)},
		{"derived_email", "same mailbox after plus tags, dots, domain typos and look-alike letters", space(contact.SpaceDerivedEmail)},
		{"derived_phone", "same number in another national spelling", space(contact.SpaceDerivedPhone)},
		{"national_number", "same national number, the country of one side unknown", space(contact.SpaceNationalNumber)},
		{"cookie", "same browser", space(contact.SpaceCookie)},
		{"name_birthdate", "same name tokens and birthdate", agreeing(factName, factBirthdate)},
		{"family_birthdate", "family names sound alike, same birthdate", agreeing(factFamilySound, factBirthdate)},
		{"given_birthdate", "given names sound alike, same birthdate", agreeing(factGivenSound, factBirthdate)},
		{"name_postcode", "same name tokens and postcode", agreeing(factName, factPostcode)},
		{"name_company", "same name tokens and company", agreeing(factName, factCompany)},
		{"name_city", "same name tokens and city", agreeing(factName, factCity)},
		{"sound_postcode", "given and family names sound alike, same postcode", agreeing(factFamilySound, factGivenSound, factPostcode)},
		{"street_given", "same street address, given names sound alike", agreeing(factStreet, factGivenSound)},
		{"street_family", "same street address, family names sound alike", agreeing(factStreet, factFamilySound)},
		{"birthdate_postcode", "same birthdate and postcode", agreeing(factPostcode, factBirthdate)},
		{columnPrefix, "rules on columns of unknown meaning", nil}, // as many as columnRules finds
		{"national_id_typo", "ID numbers one character apart", pieces(contact.SpaceNationalID, deletions)},
		{"phone_typo", "phone numbers one digit apart", pieces(contact.SpaceNationalNumber, deletions)},
		{"email_typo", "local parts one character apart", pieces(contact.SpaceEmail, localDeletions)},
		{"phone_end", "same last digits of a phone number", pieces(contact.SpaceNationalNumber, phoneEnd)},
		{"email_local_part", "same local part at another mail provider", pieces(contact.SpaceEmail, localPart)},
		{"email_name", "local parts spell the same name, or the name of the other", (*facts).mailboxNames},
		{"street_birth", "a word of the street in common, same month of birth", agreeing(factStreetWord, factBirthMonth)},
		{"month_name", "names begin alike, same year and month of birth", agreeing(factAnyStart, factBirthMonth)},
		{"year_day_name", "names begin alike, same year and day of birth", agreeing(factAnyStart, factBirthYear)},
		{"day_month_name", "names begin alike, same day and month of birth, either way round", agreeing(factAnyStart, factBirthDay)},
		{"year_name", "names begin alike, same year of birth", agreeing(factAnyStart, factYear)},
		{"city_year", "cities begin alike, same year of birth", agreeing(factCityStart, factYear)},
		{"birthdate", "same birthdate, day and month either way round", agreeing(factBirthSwapped)},
		{"sound_name", "given and family names sound alike", agreeing(factFamilySound, factGivenSound)},
		{"name", "same name tokens", agreeing(factName)},
		{"two_words", "two words of the names in common", agreeing(factTwoWords)},
		{"root_family", "given names of one root, family names sound alike", agreeing(factRoot, factFamilySound)},
		{"given_family_start", "given names sound alike, family names begin alike", agreeing(factGivenSound, factFamilyStart)},
		{"initial_family", "same initial, family names sound alike", agreeing(factGivenInitial, factFamilySound)},
		{"postcode_name", "same postcode, names begin alike", agreeing(factAnyStart, factPostcode)},
		{"street_name", "a word of the street in common, names begin alike", agreeing(factStreetWord, factGivenInitial, factFamilyInitial)},
		{"company_name", "a word of the company in common, names begin alike", agreeing(factCompanyWord, factGivenInitial, factFamilyInitial)},
		{"city_family", "same city, family names sound alike", agreeing(factCity, factFamilySound)},
		{"city_given", "same city, given names sound alike", agreeing(factCity, factGivenSound)},
		{"house_postcode", "same house number and postcode", agreeing(factHouse, factPostcode)},
		{"street", "same street address", agreeing(factStreet)},
		{"postcode", "same postcode", agreeing(factPostcode)},
		{"family", "family names sound alike", oneName(factFamilySound)},
		{"given", "given names sound alike", oneName(factGivenSound)},
		{"near_family", "neighbours in the order of family and given names", sortedNames(contact.ColFamilyLatin, contact.ColGivenLatin)},
		{"near_given", "neighbours in the order of given and family names", sortedNames(contact.ColGivenLatin, contact.ColFamilyLatin)},
		{"near_birthdate", "neighbours in the order of birthdates and family names", (*facts).sortedBirthdates},
		{"near_email", "neighbours in the order of email addresses", (*facts).sortedEmails},
		{"near_street", "neighbours in the order of street addresses and postcodes", (*facts).sortedStreets},
	}
}

// everybodyRule makes every pair of a table that is small enough to be compared in full.
func everybodyRule(t *contact.Table) rule {
	tenant := t.Col(contact.ColTenant)
	return rule{name: "all_pairs", description: "every pair: the table is small", everybody: true, keys: func(r contact.Row, emit func(uint64, bool)) {
		emit(uint64(tenant.Code(r)), false)
	}}
}

// Named is a rule by its name, which stands in reports and in Config.Disable.
type Named struct{ Name, Description string }

// Rules lists the rules that a table may be given. Those on columns of unknown meaning stand for all of their kind.
func Rules() []Named {
	var out []Named
	for _, c := range catalogue() {
		if c.name == columnPrefix {
			c.name, c.description = columnPrefix+"COLUMN", "same value in a column of unknown meaning, also together with names or other facts"
		}
		out = append(out, Named{c.name, c.description})
	}
	return append(out, Named{"all_pairs", "everybody, where the table is small; `small_pairs: -1` leaves it out"})
}
