package scoring

// The comparisons of every model, by position in the vector. Generic columns follow after numFixed.
const (
	cmpName = iota
	cmpSuffix
	cmpEmail
	cmpPhone
	cmpChannelID
	cmpSSO
	cmpNationalID
	cmpCookie
	cmpBirthdate
	cmpCompany
	cmpAddress
	cmpCountry
	cmpGender
	cmpStatus // VIP, blocked, tenant: decides, weighs nothing
	cmpIdentified
	numFixed
)

// Levels of the name comparison. Level 0 of every comparison is the null level: nothing to compare.
const (
	nameNull       uint8 = iota // missing on both sides
	nameOneMissing              // missing on one side
	nameEqual
	nameSwapped     // given and family name exchanged, or the whole name in one field
	nameGivenOnly   // given names equal, no family name on one side
	nameFamilyOnly  // family names equal, no given name on one side
	nameApart       // only a given name on one side, only another family name on the other: nothing to compare
	nameMiddle      // equal but for different middle names
	nameExtended    // one side has more name parts: hyphenated, double surname, second given name
	nameNickname    // family equal, given names are forms of one name
	nameInitial     // family equal, one given name is an initial of the other
	nameOtherScript // equal when written in Latin letters
	nameTypo        // a few edits apart
	namePhonetic    // sound alike
	nameSurname     // given equal, family different
	nameGiven       // family equal, given different
	nameDifferent   // both different
)

// Levels of the other comparisons.
const (
	suffixEqual uint8 = iota + 1
	suffixOneSide
	suffixDifferent
)

const (
	emailExact uint8 = iota + 1
	emailShared
	emailDerived
	emailLookAlike
	emailLocalPart
	emailDifferent
)

const (
	phoneExact       uint8 = iota + 1
	phoneExactFixed        // a fixed line: families and offices share those
	phoneExactNamed        // people of different names hold it
	phoneShared            // more names than one person can have
	phoneDerived           //
	phoneNear              // one digit off
	phoneSwitchboard       // same number, another extension
	phoneDifferent
)

const (
	idExact uint8 = iota + 1
	idShared
	idNear // one or two characters off; ID numbers only
	idDifferent
)

const (
	cookieSame uint8 = iota + 1
	cookieShared
	cookieDifferent
)

const (
	birthEqual uint8 = iota + 1
	birthSwapped
	birthTypo
	birthSameYear
	birthDifferent
)

const (
	textEqual uint8 = iota + 1
	textSimilar
	textDifferent
)

const (
	addressSame    uint8 = iota + 1 // same street address in the same place
	addressSimilar                  // street address spelled differently, same place
	addressPostcode
	addressCity
	addressStreetOnly // same street address, the rest missing
	addressDifferent
)

const (
	statusPlain uint8 = iota + 1
	statusVIP
	statusBlocked
	statusVIPBlocked
	statusTenant // contacts of two tenants
	statusDeclined
)

const (
	bothIdentified uint8 = iota + 1
	oneAnonymous
	bothAnonymous
)

// Level is one outcome of a comparison. M is P(level | same person), U is P(level | two people); the weight is log2(M/U).
type Level struct {
	Label string  `json:"label"`
	M     float64 `json:"m"`
	U     float64 `json:"u"`
}

// weighs reports whether the level is evidence at all. A level without an m says that there is nothing to compare, like the null level, but
// for another reason.
func (l Level) weighs() bool { return l.M > 0 }

// Comparison is an ordered list of levels; the first that holds for a pair is the pair's level. Level 0 is the null level and weighs
// nothing, whatever its numbers.
type Comparison struct {
	Name   string  `json:"name"`
	Levels []Level `json:"levels"`
	// Neutral comparisons steer the decision but are no evidence: they weigh nothing.
	Neutral bool `json:"neutral,omitempty"`
}

// fixedComparisons are the built-in comparisons with their starting m and u. The m values are what duplicates of a contact centre look
// like: the same person, seen through two channels. The u values are replaced by what the table at hand shows; they count only as far as
// the table is too small to tell.
func fixedComparisons() []Comparison {
	return []Comparison{
		{Name: "name", Levels: []Level{
			{"missing on both sides", 0, 0},
			{"missing on one side", 0, 0},
			{"equal", 0.62, 1e-4},
			{"given and family name exchanged", 0.03, 2e-6},
			{"given names equal, family name missing on one side", 0.02, 3e-4},
			{"family names equal, given name missing on one side", 0.02, 5e-4},
			{"only a given name on one side, only a family name on the other", 0, 0},
			{"equal but for the middle name", 0.02, 2e-6},
			{"one side has more name parts", 0.04, 1e-5},
			{"nickname", 0.04, 1e-5},
			{"initial", 0.05, 2e-5},
			{"equal in Latin letters", 0.02, 1e-6},
			{"spelled a little differently", 0.10, 4e-5},
			{"sound alike", 0.01, 4e-5},
			{"given names equal, family names differ", 0.02, 4e-3},
			{"family names equal, given names differ", 0.005, 3e-3},
			{"different", 0.005, 0.99},
		}},
		{Name: "suffix", Levels: []Level{{"missing", 0, 0}, {"equal", 0.9, 0.4}, {"on one side only", 0.09, 0.3}, {"different", 0.01, 0.3}}},
		{Name: "email", Levels: []Level{
			{"missing", 0, 0},
			{"same address", 0.55, 1e-7},
			{"same address, shared by several people", 0.01, 1e-5},
			{"same mailbox, written differently", 0.06, 1e-7},
			{"look-alike letters", 0.001, 1e-8},
			{"same local part at another provider", 0.06, 1e-5},
			{"different", 0.32, 0.999},
		}},
		{Name: "phone", Levels: []Level{
			{"missing", 0, 0},
			{"same number", 0.5, 1e-7},
			{"same number, a fixed line", 0.1, 5e-7},
			{"same number, held under several names", 0.02, 1e-6},
			{"same number, shared by several people", 0.01, 1e-5},
			{"same number in another national spelling", 0.05, 5e-7},
			{"one digit off", 0.02, 2e-6},
			{"same switchboard, another extension", 0.005, 1e-5},
			{"different", 0.3, 0.999},
		}},
		{Name: "channel_id", Levels: []Level{{"missing", 0, 0}, {"same id", 0.7, 1e-7}, {"same id, shared by several people", 0.01, 1e-5}, {"one or two characters off", 0, 0}, {"different", 0.29, 0.999}}},
		{Name: "sso", Levels: []Level{{"missing", 0, 0}, {"same subject", 0.95, 1e-7}, {"same subject, shared by several people", 0.01, 1e-5}, {"one or two characters off", 0, 0}, {"another subject at one provider", 0.04, 0.999}}},
		{Name: "national_id", Levels: []Level{{"missing", 0, 0}, {"same number", 0.8, 1e-7}, {"same number, shared by several people", 0.01, 1e-5}, {"one or two characters off", 0.14, 2e-5}, {"different", 0.05, 0.999}}},
		{Name: "cookie", Levels: []Level{{"missing", 0, 0}, {"same browser", 0.4, 1e-6}, {"same browser, shared by several people", 0.02, 1e-5}, {"different", 0.58, 0.999}}},
		{Name: "birthdate", Levels: []Level{
			{"missing", 0, 0},
			{"equal", 0.84, 5e-5},
			{"day and month exchanged", 0.03, 5e-5},
			{"one digit or two neighbouring digits differ", 0.07, 1e-3},
			{"same year", 0.02, 0.015},
			{"different", 0.04, 0.984},
		}},
		{Name: "company", Levels: []Level{{"missing", 0, 0}, {"equal", 0.6, 2e-3}, {"similar", 0.12, 2e-3}, {"different", 0.28, 0.996}}},
		{Name: "address", Levels: []Level{
			{"missing", 0, 0},
			{"same address", 0.5, 2e-5},
			{"similar address, same place", 0.15, 2e-5},
			{"same postcode", 0.08, 2e-3},
			{"same city", 0.1, 0.02},
			{"same street address, place missing", 0.02, 5e-5},
			{"different", 0.15, 0.978},
		}},
		{Name: "country", Levels: []Level{{"missing", 0, 0}, {"equal", 0.96, 0.3}, {"similar", 0, 0}, {"different", 0.04, 0.7}}},
		{Name: "gender", Levels: []Level{{"missing", 0, 0}, {"equal", 0.97, 0.5}, {"similar", 0, 0}, {"different", 0.03, 0.5}}},
		{Name: "status", Neutral: true, Levels: []Level{{"none", 0, 0}, {"ordinary", 0, 0}, {"VIP", 0, 0}, {"blocked", 0, 0}, {"VIP and blocked", 0, 0}, {"two tenants", 0, 0}, {"decided: not duplicates", 0, 0}}},
		{Name: "identified", Neutral: true, Levels: []Level{{"none", 0, 0}, {"both identified", 0, 0}, {"one side anonymous", 0, 0}, {"both anonymous", 0, 0}}},
	}
}

// customLevels are the levels of a generic column.
func customLevels() []Level {
	return []Level{{"missing", 0, 0}, {"equal", 0.75, 1e-2}, {"similar", 0.12, 1e-2}, {"different", 0.13, 0.98}}
}
