package blocking

import "github.com/contactmerge/contactmerge/internal/contact"

// Aspects are the facts that a rule's key is made of (a bit set). Pairs that a rule made agree on them by construction, so they teach
// nothing about how often matches agree there.
type Aspects uint64

// The facts about a contact. A rule on sorted name tokens uses all three of name, given and family.
const (
	AspectName Aspects = 1 << iota // some part of the name
	AspectGiven
	AspectFamily
	AspectEmail
	AspectPhone
	AspectHandle // an id on a social network, messenger or custom channel
	AspectSSO
	AspectNationalID
	AspectCookie
	AspectBirthdate
	AspectAddress // street, city, state, postcode, country
	AspectCompany
)

// firstCustom is the bit of the first generic column; the columns beyond the last bit share it.
const firstCustom = 32

// AspectCustom is the generic column of a number in the table.
func AspectCustom(i int) Aspects { return 1 << min(firstCustom+i, 63) }

// Uses lists the facts that the key of a rule is made of; rules are numbered as in RuleNames.
func (b *Blocks) Uses(rule int) Aspects { return b.rules[rule].uses }

var spaceAspects = [...]Aspects{
	contact.SpaceEmail: AspectEmail, contact.SpacePhone: AspectPhone, contact.SpaceHandle: AspectHandle, contact.SpaceSSO: AspectSSO,
	contact.SpaceNationalID: AspectNationalID, contact.SpaceCookie: AspectCookie, contact.SpaceDerivedEmail: AspectEmail,
	contact.SpaceDerivedPhone: AspectPhone, contact.SpaceNationalNumber: AspectPhone,
}

var columnAspects = [contact.NumCols]Aspects{
	contact.ColGiven: AspectName | AspectGiven, contact.ColGivenRoots: AspectName | AspectGiven, contact.ColGivenLatin: AspectName | AspectGiven,
	contact.ColGivenPhonetic: AspectName | AspectGiven, contact.ColMiddle: AspectName, contact.ColSuffix: AspectName,
	contact.ColFamily: AspectName | AspectFamily, contact.ColFamilyLatin: AspectName | AspectFamily, contact.ColFamilyPhonetic: AspectName | AspectFamily,
	contact.ColNameKey: AspectName | AspectGiven | AspectFamily,
	contact.ColCompany: AspectCompany, contact.ColStreet: AspectAddress, contact.ColCity: AspectAddress, contact.ColState: AspectAddress,
	contact.ColPostcode: AspectAddress, contact.ColCountry: AspectAddress,
}
