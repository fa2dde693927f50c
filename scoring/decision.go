// Package scoring compares candidate pairs, weighs the evidence, and decides by the policy ladder.
package scoring

import "math/bits"

// Decision is what should happen with a pair of contacts.
type Decision uint8

// The decisions, weakest first.
const (
	NoMatch   Decision = iota // no evidence, or a veto
	Review                    // a supervisor decides: the evidence pulls both ways
	Suggest                   // the data team confirms
	AutoMerge                 // exact identity, nothing speaks against it
)

var decisionNames = [...]string{"no_match", "review", "suggest", "auto_merge"}

// String is the word used in every report, table and log.
func (d Decision) String() string { return decisionNames[min(int(d), len(decisionNames)-1)] }

// ParseDecision is the inverse of String.
func ParseDecision(s string) (Decision, bool) {
	for i, n := range decisionNames {
		if n == s {
			return Decision(i), true
		}
	}
	return NoMatch, false
}

// MarshalText makes decisions words in JSON.
func (d Decision) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// Reasons is a set of reason codes: why a pair was decided as it was.
type Reasons uint64

// The reason codes. Their names are stable: they are stored, exported and shown.
const (
	ExactEmail Reasons = 1 << iota
	ExactPhone
	ExactChannelID
	ExactSSO
	ExactNationalID
	SharedEmail
	SharedPhone
	SharedChannelID
	DerivedEmail
	DerivedPhone
	LookAlike
	CookieOnly
	NamesEqual
	NamesMissing
	NameMissing
	NamesSwapped
	NameNickname
	NameInitial
	NameTypo
	NamePhonetic
	NameOtherScript
	NameExtended
	SurnameChanged
	FirstNameMismatch
	LastNameMismatch
	NamesDiffer
	SuffixConflict
	FixedLine
	BirthdateEqual
	BirthdateSwapped
	BirthdateConflict
	SSOConflict
	NationalIDConflict
	ExtensionConflict
	VIP
	Blocked
	ModelMatch
	ModelBelowThreshold
	TenantConflict
	NotDuplicates
	ClusterConflict
	ClusterTooLarge
	OnlyAnonymous
	SameCookie
	MiddleNameDiffers
	BirthdateTypo
	OneHousehold
	Uncorroborated
	numReasons = iota
)

var reasonNames = [numReasons]string{
	"exact_email", "exact_phone", "exact_channel_id", "exact_sso", "exact_national_id",
	"shared_email", "shared_phone", "shared_channel_id", "derived_email", "derived_phone", "look_alike", "cookie_only",
	"names_equal", "names_missing", "name_missing", "names_swapped", "nickname", "initial", "name_typo", "name_phonetic", "other_script",
	"name_extended", "surname_changed", "first_name_mismatch", "last_name_mismatch", "names_differ", "suffix_conflict", "fixed_line",
	"birthdate_equal", "birthdate_day_month_swapped", "birthdate_conflict", "sso_conflict", "national_id_conflict", "extension_conflict",
	"vip", "blocked", "model_match", "model_below_threshold", "tenant_conflict", "not_duplicates", "cluster_conflict", "cluster_too_large",
	"both_anonymous", "same_cookie", "middle_name_differs", "birthdate_typo",
	"one_household", "uncorroborated",
}

// Names lists the reason codes in a fixed order.
func (r Reasons) Names() []string {
	out := make([]string, 0, bits.OnesCount64(uint64(r)))
	for ; r != 0; r &= r - 1 {
		if i := bits.TrailingZeros64(uint64(r)); i < len(reasonNames) {
			out = append(out, reasonNames[i])
		}
	}
	return out
}

// Has reports whether any of the given codes is in the set.
func (r Reasons) Has(q Reasons) bool { return r&q != 0 }
