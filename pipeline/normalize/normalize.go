// Package normalize turns raw values into comparable forms with pure functions.
//
// Every parser answers with a Status, and only a value whose status is OK may be used as evidence. Canonical forms
// are stable: parsing a canonical form again gives the same canonical form. Nothing here reads a clock, a file or the
// environment, and no function panics, whatever bytes it is handed.
package normalize

// Version names the rules in this package. It is raised whenever any canonical or derived form changes, and is stored
// with each run, so that values normalized by different rules are never compared.
const Version = 1

// Status says whether a value may be used.
type Status uint8

// The statuses a value can have. Only OK may be used as evidence; every other status counts as a missing value.
const (
	Missing     Status = iota // nothing was there
	OK                        // usable
	Invalid                   // something was there, but it is not such a value
	Placeholder               // typed to get past a form: test@test.com, 0000000000, n/a
	Role                      // a mailbox of a function, not of a person
	Filler                    // a name that names nobody: guest user, unknown
	Misplaced                 // a value of another kind: a phone number in a name field
)

var statusNames = [...]string{"missing", "ok", "invalid", "placeholder", "role", "filler", "misplaced"}

// String returns the stable lower-case name of s, as reports print it.
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return "unknown"
}

// Forms are the rules that made a derived value differ from the canonical one, as a bit set.
type Forms uint16

// The derivation rules. A value that shares only a derived form with another proposes a pair and never proves one.
const (
	PlusAddress      Forms = 1 << iota // name+tag@ read as name@
	GmailDots                          // dots in a Gmail local part dropped
	DomainTypo                         // a misspelt well-known domain mended
	DomainAlias                        // googlemail.com read as gmail.com
	LookAlike                          // letters of another script read as the Latin ones they look like
	RegionGuessed                      // no prefix and no country on the record told the region
	BrazilNinthDigit                   // the 9 in front of Brazilian mobile numbers dropped
	MexicoMobile                       // +52 1 read as +52
	ArgentinaMobile                    // +54 9 read as +54
	MissingPlus                        // digits that only make sense as a full international number
)

var formNames = [...]string{
	"plus_address", "gmail_dots", "domain_typo", "domain_alias", "look_alike",
	"region_guessed", "br_ninth_digit", "mx_mobile", "ar_mobile", "missing_plus",
}

// Names returns the stable names of the rules in f, in the order of their bits.
func (f Forms) Names() []string {
	var names []string
	for i, name := range formNames {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}
