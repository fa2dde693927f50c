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
	nameTypo        // one part or both a few edits apart
	nameAlone       // one part is a variant, the other missing on one side
	namePhonetic    // sound alike
	nameScripts     // written in two scripts of which one does not say how it is read in the other
	nameLooseFamily // given equal or a form of it, family names only loosely alike
	nameLooseGiven  // family equal or nearly so, given names only loosely alike
	nameSurname     // given equal, family different
	nameLoose       // both only loosely alike
	nameLooseAlone  // one part loosely alike, the other missing on one side
	nameGiven       // family equal, given different
	nameHalf        // one part similar, the other different
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
	emailNear   // a few letters off
	emailLoose  // more than a few letters off, but hardly by chance
	emailDomain // same domain that few people use, another local part
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
	phoneTail              // the last digits are the same, the prefix is not
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
	birthNear     // two of year, month and day are the same, or all digits but two
	birthSameYear // nothing but the year is the same
	birthLoose    // all digits but three are the same
	birthDifferent
)

const (
	textEqual uint8 = iota + 1
	textSimilar
	textLoose // generic columns only
	textDifferent
)

const (
	addressSame    uint8 = iota + 1 // same street address in the same place
	addressSimilar                  // street address spelled differently, same place
	addressPostcode
	addressCity
	addressSimilarCity // cities spelled nearly alike
	addressStreetOnly  // same street address, the rest missing
	addressStreet      // same street address in another place
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

// Level is one outcome of a comparison. M is P(level | same person), U is P(level | two unrelated people), H is P(level | two people of one
// household or office); the weight is log2(M/U).
type Level struct {
	Label string  `json:"label"`
	M     float64 `json:"m"`
	U     float64 `json:"u"`
	H     float64 `json:"h"`
	// USame stands for U where the names agree: people of one name have addresses built from it, live in one country, and are of one age
	// more often than others. UPart does where they agree in part, in the email comparison only. 0 means as always.
	USame float64 `json:"u_same_name,omitempty"`
	UPart float64 `json:"u_part_name,omitempty"`
	// Matches is how many expected matches m was learned from; 0 when it is a starting value.
	Matches float64 `json:"matches,omitempty"`
}

// weighs reports whether the level is evidence at all. A level without an m says that there is nothing to compare, like the null level, but
// for another reason.
func (l Level) weighs() bool { return l.M > 0 }

func (l Level) trained() bool { return l.Matches > 0 }

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
			{Label: "missing on both sides", M: 0, U: 0},
			{Label: "missing on one side", M: 0, U: 0},
			{Label: "equal", M: 0.62, U: 1e-4},
			{Label: "given and family name exchanged", M: 0.03, U: 2e-6},
			{Label: "given names equal, family name missing on one side", M: 0.02, U: 3e-4},
			{Label: "family names equal, given name missing on one side", M: 0.02, U: 5e-4},
			{Label: "only a given name on one side, only a family name on the other", M: 0, U: 0},
			{Label: "equal but for the middle name", M: 0.02, U: 2e-6},
			{Label: "one side has more name parts", M: 0.04, U: 1e-5},
			{Label: "nickname", M: 0.04, U: 1e-5},
			{Label: "initial", M: 0.05, U: 2e-5},
			{Label: "equal in Latin letters", M: 0.02, U: 1e-6},
			{Label: "spelled a little differently", M: 0.10, U: 4e-5},
			{Label: "one part similar, the other missing on one side", M: 0.01, U: 3e-4},
			{Label: "sound alike", M: 0.01, U: 4e-5},
			{Label: "in two scripts that cannot be compared", M: 0.01, U: 0.01},
			{Label: "given names equal, family names loosely alike", M: 0.02, U: 5e-4},
			{Label: "family names equal, given names loosely alike", M: 0.01, U: 5e-4},
			{Label: "given names equal, family names differ", M: 0.02, U: 4e-3},
			{Label: "both loosely alike", M: 0.01, U: 2e-3},
			{Label: "one part loosely alike, the other missing on one side", M: 0.005, U: 2e-3},
			{Label: "family names equal, given names differ", M: 0.005, U: 3e-3},
			{Label: "one part similar, the other different", M: 0.005, U: 2e-2},
			{Label: "different", M: 0.005, U: 0.97},
		}},
		{Name: "suffix", Levels: []Level{{Label: "missing", M: 0, U: 0}, {Label: "equal", M: 0.9, U: 0.4}, {Label: "on one side only", M: 0.09, U: 0.3}, {Label: "different", M: 0.01, U: 0.3}}},
		{Name: "email", Levels: []Level{
			{Label: "missing", M: 0, U: 0},
			{Label: "same address", M: 0.55, U: 1e-7},
			{Label: "same address, shared by several people", M: 0.01, U: 1e-5},
			{Label: "same mailbox, written differently", M: 0.06, U: 1e-7},
			{Label: "look-alike letters", M: 0.001, U: 1e-8},
			{Label: "same local part at another provider", M: 0.06, U: 1e-5},
			{Label: "a few letters off", M: 0.05, U: 2e-5},
			{Label: "loosely alike", M: 0.02, U: 1e-4},
			{Label: "another local part at the same domain", M: 0.02, U: 2e-2},
			{Label: "different", M: 0.25, U: 0.98},
		}},
		{Name: "phone", Levels: []Level{
			{Label: "missing", M: 0, U: 0},
			{Label: "same number", M: 0.5, U: 1e-7},
			{Label: "same number, a fixed line", M: 0.1, U: 5e-7},
			{Label: "same number, held under several names", M: 0.02, U: 1e-6},
			{Label: "same number, shared by several people", M: 0.01, U: 1e-5},
			{Label: "same number in another national spelling", M: 0.05, U: 5e-7},
			{Label: "one digit off", M: 0.02, U: 2e-6},
			{Label: "same switchboard, another extension", M: 0.005, U: 1e-5},
			{Label: "same last digits", M: 0.02, U: 1e-5},
			{Label: "different", M: 0.28, U: 0.999},
		}},
		{Name: "channel_id", Levels: []Level{{Label: "missing", M: 0, U: 0}, {Label: "same id", M: 0.7, U: 1e-7}, {Label: "same id, shared by several people", M: 0.01, U: 1e-5}, {Label: "one or two characters off", M: 0, U: 0}, {Label: "different", M: 0.29, U: 0.999}}},
		{Name: "sso", Levels: []Level{{Label: "missing", M: 0, U: 0}, {Label: "same subject", M: 0.95, U: 1e-7}, {Label: "same subject, shared by several people", M: 0.01, U: 1e-5}, {Label: "one or two characters off", M: 0, U: 0}, {Label: "another subject at one provider", M: 0.04, U: 0.999}}},
		{Name: "national_id", Levels: []Level{{Label: "missing", M: 0, U: 0}, {Label: "same number", M: 0.8, U: 1e-7}, {Label: "same number, shared by several people", M: 0.01, U: 1e-5}, {Label: "one or two characters off", M: 0.14, U: 2e-5}, {Label: "different", M: 0.05, U: 0.999}}},
		{Name: "cookie", Levels: []Level{{Label: "missing", M: 0, U: 0}, {Label: "same browser", M: 0.4, U: 1e-6}, {Label: "same browser, shared by several people", M: 0.02, U: 1e-5}, {Label: "different", M: 0.58, U: 0.999}}},
		{Name: "birthdate", Levels: []Level{
			{Label: "missing", M: 0, U: 0},
			{Label: "equal", M: 0.84, U: 5e-5},
			{Label: "day and month exchanged", M: 0.03, U: 5e-5},
			{Label: "one digit or two neighbouring digits differ", M: 0.07, U: 1e-3},
			{Label: "two digits, or one of year, month and day, differ", M: 0.005, U: 1e-2},
			{Label: "same year", M: 0.01, U: 0.015},
			{Label: "three digits differ", M: 0.005, U: 0.05},
			{Label: "different", M: 0.03, U: 0.93},
		}},
		{Name: "company", Levels: []Level{{Label: "missing", M: 0, U: 0}, {Label: "equal", M: 0.6, U: 2e-3}, {Label: "similar", M: 0.12, U: 2e-3}, {Label: "loosely similar", M: 0, U: 0}, {Label: "different", M: 0.28, U: 0.996}}},
		{Name: "address", Levels: []Level{
			{Label: "missing", M: 0, U: 0},
			{Label: "same address", M: 0.5, U: 2e-5},
			{Label: "similar address, same place", M: 0.15, U: 2e-5},
			{Label: "same postcode", M: 0.08, U: 2e-3},
			{Label: "same city", M: 0.1, U: 0.02},
			{Label: "cities spelled nearly alike", M: 0.02, U: 5e-3},
			{Label: "same street address, place missing", M: 0.02, U: 5e-5},
			{Label: "same street address, another place", M: 0.02, U: 2e-4},
			{Label: "different", M: 0.11, U: 0.97},
		}},
		{Name: "country", Levels: []Level{{Label: "missing", M: 0, U: 0}, {Label: "equal", M: 0.96, U: 0.3}, {Label: "similar", M: 0, U: 0}, {Label: "loosely similar", M: 0, U: 0}, {Label: "different", M: 0.04, U: 0.7}}},
		{Name: "gender", Levels: []Level{{Label: "missing", M: 0, U: 0}, {Label: "equal", M: 0.97, U: 0.5}, {Label: "similar", M: 0, U: 0}, {Label: "loosely similar", M: 0, U: 0}, {Label: "different", M: 0.03, U: 0.5}}},
		{Name: "status", Neutral: true, Levels: []Level{{Label: "none", M: 0, U: 0}, {Label: "ordinary", M: 0, U: 0}, {Label: "VIP", M: 0, U: 0}, {Label: "blocked", M: 0, U: 0}, {Label: "VIP and blocked", M: 0, U: 0}, {Label: "two tenants", M: 0, U: 0}, {Label: "decided: not duplicates", M: 0, U: 0}}},
		{Name: "identified", Neutral: true, Levels: []Level{{Label: "none", M: 0, U: 0}, {Label: "both identified", M: 0, U: 0}, {Label: "one side anonymous", M: 0, U: 0}, {Label: "both anonymous", M: 0, U: 0}}},
	}
}

// customLevels are the levels of a generic column.
func customLevels() []Level {
	return []Level{{Label: "missing", M: 0, U: 0}, {Label: "equal", M: 0.75, U: 1e-2}, {Label: "similar", M: 0.1, U: 1e-2}, {Label: "loosely similar", M: 0.05, U: 2e-2}, {Label: "different", M: 0.1, U: 0.96}}
}

// relatives are the starting probabilities of the levels among people of one household or office: two people who share a family name, an
// address or a phone, and nothing that is theirs alone. Comparisons that are not listed agree as often as those of unrelated people do.
func relatives() [numFixed][]float64 {
	return [numFixed][]float64{
		cmpName: {
			nameEqual: 0.006, nameSwapped: 1e-4, nameGivenOnly: 1e-3, nameFamilyOnly: 0.02, nameMiddle: 0.004, nameExtended: 0.003, nameNickname: 0.003,
			nameInitial: 0.006, nameOtherScript: 1e-4, nameTypo: 0.01, nameAlone: 0.01, namePhonetic: 0.002, nameScripts: 0.01, nameLooseFamily: 1e-3, nameLooseGiven: 0.02, nameSurname: 0.004,
			nameLoose: 0.002, nameLooseAlone: 0.01, nameGiven: 0.66, nameHalf: 0.06, nameDifferent: 0.2,
		},
		cmpEmail: {
			emailExact: 0.04, emailShared: 0.02, emailDerived: 0.002, emailLookAlike: 1e-6, emailLocalPart: 1e-4, emailNear: 0.002, emailLoose: 0.01, emailDomain: 0.14, emailDifferent: 0.8,
		},
		cmpPhone: {
			phoneExact: 0.05, phoneExactFixed: 0.05, phoneExactNamed: 0.2, phoneShared: 0.02, phoneDerived: 0.01, phoneNear: 0.005, phoneSwitchboard: 0.01,
			phoneTail: 0.001, phoneDifferent: 0.65,
		},
		cmpCookie:    {cookieSame: 0.15, cookieShared: 0.05, cookieDifferent: 0.8},
		cmpBirthdate: {birthEqual: 0.004, birthSwapped: 1e-4, birthTypo: 0.002, birthNear: 0.015, birthSameYear: 0.02, birthLoose: 0.05, birthDifferent: 0.91},
		cmpCompany:   {textEqual: 0.4, textSimilar: 0.05, textDifferent: 0.55},
		cmpAddress: {
			addressSame: 0.6, addressSimilar: 0.05, addressPostcode: 0.05, addressCity: 0.08, addressSimilarCity: 0.01, addressStreetOnly: 0.02, addressStreet: 0.005,
			addressDifferent: 0.185,
		},
		cmpCountry: {textEqual: 0.97, textDifferent: 0.03},
	}
}

// learnedAmongRelatives are the comparisons whose distribution among relatives is learned: what a household has in common differs from table
// to table. What is a person's own does not: there it is what makes relatives two people.
var learnedAmongRelatives = [numFixed]bool{cmpEmail: true, cmpPhone: true, cmpCookie: true, cmpCompany: true, cmpAddress: true, cmpCountry: true}
