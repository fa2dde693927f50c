package contact

import "slices"

// Field is the meaning of a raw column: what the pipeline does with its values.
type Field string

// The fields a column may carry. A column whose meaning is unknown is FieldCustom: it is compared generically.
const (
	FieldIgnore     Field = "ignore" // carried along for survivorship, never compared
	FieldID         Field = "id"
	FieldTenant     Field = "tenant"
	FieldSource     Field = "source"
	FieldTitle      Field = "title"
	FieldFirstName  Field = "first_name"
	FieldMiddleName Field = "middle_name"
	FieldLastName   Field = "last_name"
	FieldSuffix     Field = "suffix"
	FieldFullName   Field = "full_name"
	FieldGender     Field = "gender"
	FieldBirthdate  Field = "birthdate"
	FieldBirthYear  Field = "birth_year" // the parts of a birthdate in columns of their own
	FieldBirthMonth Field = "birth_month"
	FieldBirthDay   Field = "birth_day"
	FieldCompany    Field = "company"
	FieldStreet     Field = "street"
	FieldCity       Field = "city"
	FieldState      Field = "state"
	FieldPostcode   Field = "postcode"
	FieldCountry    Field = "country"
	FieldVIP        Field = "vip"
	FieldBlocked    Field = "blocked"
	FieldOptOut     Field = "opt_out"
	FieldConsent    Field = "consent"    // the opposite of an opt-out: whoever says no means it
	FieldLegalHold  Field = "legal_hold" // must not be changed without a supervisor; counts as blocked
	FieldCreatedAt  Field = "created_at"
	FieldUpdatedAt  Field = "updated_at"
	FieldCustom     Field = "custom"

	// FieldIdentity marks a column of the contacts table that holds an identity; Column.Channel says of which channel.
	FieldIdentity Field = "identity"

	// The fields of an identities table, one identity a row.
	FieldContactID Field = "contact_id"
	FieldChannel   Field = "channel"
	FieldValue     Field = "value"
	FieldVerified  Field = "verified"
	FieldFirstSeen Field = "first_seen"
	FieldLastSeen  Field = "last_seen"
)

// ContactFields lists the fields a column of a contacts table may be mapped to, in the order documents show them.
func ContactFields() []Field {
	return []Field{
		FieldID, FieldTenant, FieldSource, FieldTitle, FieldFirstName, FieldMiddleName, FieldLastName, FieldSuffix,
		FieldFullName, FieldGender, FieldBirthdate, FieldBirthYear, FieldBirthMonth, FieldBirthDay, FieldCompany, FieldStreet, FieldCity, FieldState, FieldPostcode,
		FieldCountry, FieldVIP, FieldBlocked, FieldOptOut, FieldConsent, FieldLegalHold, FieldCreatedAt, FieldUpdatedAt, FieldIdentity, FieldCustom,
		FieldIgnore,
	}
}

// IdentityFields lists the fields a column of an identities table may be mapped to.
func IdentityFields() []Field {
	return []Field{FieldContactID, FieldChannel, FieldValue, FieldVerified, FieldFirstSeen, FieldLastSeen, FieldIgnore}
}

// Single reports whether at most one column may carry the field. Identity, custom and ignored columns may be many, and so may those that restrict
// what may be done with a contact: there is an opt-out for every channel.
func (f Field) Single() bool {
	return !slices.Contains([]Field{FieldIdentity, FieldCustom, FieldIgnore, FieldOptOut, FieldConsent, FieldLegalHold}, f)
}
