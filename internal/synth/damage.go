package synth

import "math/bits"

// damage is the set of things done to a record.
type damage uint64

const (
	caseChanged damage = 1 << iota
	whitespace
	diacritics
	nameTypo
	ocr
	phonetic
	nickname
	initial
	swapped
	wholeName
	otherScript
	nameChanged
	secondSurname
	firstOnly
	fillerName
	nameIsPhone
	nameIsEmail
	titleInName
	nameless
	missingField
	emailCase
	emailTag
	gmailDots
	emailDomainTypo
	emailTypo
	changedEmail
	junkEmail
	lookAlike
	phoneSpelling
	phoneExtension
	oldPlan
	phoneTypo
	changedPhone
	junkPhone
	birthdateFormat
	birthdateSwapped
	birthdateTypo
	birthdateDefault
	moved
	addressAbbrev
)

var damageNames = [...]string{
	"case", "whitespace", "diacritics", "name_typo", "ocr", "phonetic", "nickname", "initial", "swapped", "whole_name",
	"other_script", "name_changed", "second_surname", "first_only", "filler_name", "name_is_phone", "name_is_email",
	"title_in_name", "nameless", "missing_field", "email_case", "email_tag", "gmail_dots", "email_domain_typo",
	"email_typo", "changed_email", "junk_email", "look_alike", "phone_spelling", "phone_extension", "old_plan",
	"phone_typo", "changed_phone", "junk_phone", "birthdate_format", "birthdate_swapped", "birthdate_typo",
	"birthdate_default", "moved", "address_abbrev",
}

// DamageNames lists every damage the generator knows, in the order Contact.Damage uses.
func DamageNames() []string { return append([]string(nil), damageNames[:]...) }

func (d damage) names() []string {
	if d == 0 {
		return nil
	}
	names := make([]string, 0, bits.OnesCount64(uint64(d)))
	for ; d != 0; d &= d - 1 {
		names = append(names, damageNames[bits.TrailingZeros64(uint64(d))])
	}
	return names
}
