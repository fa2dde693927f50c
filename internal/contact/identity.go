package contact

import "math/bits"

// Status says whether an identity may be used as evidence.
type Status uint8

// The statuses of an identity. Only StatusOK makes keys; the others count as missing and are reported.
const (
	StatusMissing     Status = iota
	StatusOK                 // usable
	StatusInvalid            // not a value of its channel; kept, never a key
	StatusPlaceholder        // test@test.com, 0000000000, n/a …
	StatusRole               // info@, sales@, noreply@ …
)

var statusNames = [...]string{"missing", "ok", "invalid", "placeholder", "role"}

// String names the status as reports print it.
func (s Status) String() string { return statusNames[min(int(s), len(statusNames)-1)] }

// Forms are the rules that made a derived key differ from the exact value it came from (a bit set).
type Forms uint16

// The derivation rules of DECISIONS.md, rung 3.
const (
	FormPlusAddress Forms = 1 << iota
	FormGmailDots
	FormDomainTypo
	FormDomainAlias
	FormLookAlike
	FormRegionGuessed
	FormBrazilNinthDigit
	FormMexicoMobile
	FormArgentinaMobile
	FormMissingPlus
)

var formNames = [...]string{
	"plus_address", "gmail_dots", "domain_typo", "domain_alias", "look_alike", "region_guessed", "br_ninth_digit", "mx_mobile", "ar_mobile", "missing_plus",
}

// Names lists the rules in the set.
func (f Forms) Names() []string {
	var out []string
	for ; f != 0; f &= f - 1 {
		if i := bits.TrailingZeros16(uint16(f)); i < len(formNames) {
			out = append(out, formNames[i])
		}
	}
	return out
}

// IdentityFlags are facts about an identity beside its value (a bit set).
type IdentityFlags uint8

// The facts an identity may carry.
const (
	IdentityVerified  IdentityFlags = 1 << iota // the customer's system vouches that the person controls it
	IdentityFixedLine                           // a phone number that families and offices share, by its metadata
)

// Identity is one address of a contact on one channel.
type Identity struct {
	Key       Code // exact key in the table's key dictionary, 0 when unusable
	raw       Code
	Channel   uint16 // index for Table.Channel
	Column    int16  // raw column it stood in, -1 for a row of the identities table
	Status    Status
	Flags     IdentityFlags
	FirstSeen int64 // Unix seconds, 0 unknown
	LastSeen  int64
}

// Key is one comparable fact of a contact: two contacts that hold the same Value share it.
type Key struct {
	Value Code  // in the table's key dictionary; equal codes mean equal space and text
	Forms Forms // how a derived key came about; 0 for an exact key and for the plain side of a derived one
	Space Space
	Flags IdentityFlags
}

// ParsedIdentity is what normalization makes of one raw identity.
type ParsedIdentity struct {
	Status  Status
	Flags   IdentityFlags // only IdentityFixedLine is taken from here
	Space   Space         // of the exact key
	Exact   string        // exact key text, "" when there is none
	Derived []DerivedKey  // forms that may propose a pair
}

// DerivedKey is a form of an identity that is weaker than the identity itself.
type DerivedKey struct {
	Space Space
	Text  string
	Forms Forms // 0 when the exact value already has this form
}

// RawIdentity is an identity as a source delivered it.
type RawIdentity struct {
	Channel   Channel
	Value     string
	Column    int // raw column index, -1 for a row of the identities table
	Verified  bool
	FirstSeen int64
	LastSeen  int64
}
