package scoring

// rung is the rule of the policy ladder that decided a pair.
type rung uint8

const (
	rungNone rung = iota
	rungDeclined
	rungTenant
	rungSSO
	rungExact
	rungShared
	rungDerived
	rungCookie
	rungModel
)

var rungText = [...]string{
	"no evidence",
	"a person decided that these are not duplicates",
	"contacts of two tenants never match",
	"1: different subjects at one login provider",
	"2: shared exact identity",
	"0: an identity shared by many people may propose, never prove",
	"3: derived identity",
	"4: same browser only",
	"5: no shared identity, the statistical model decides",
}

// evidence is what the model says of a pair, as far as the ladder asks.
type evidence struct {
	likely   bool // the weight reaches the threshold
	personal bool // the pair is rather one person than two of one household
	sure     bool // so it is without the identity it shares, and in spite of other first names
	// all facts together outweigh other first names, in the eyes of a model that has seen enough people to know
	outweighed bool
	birthdate  bool // the birthdates contradict each other, in a table where they mean something
	id         bool // so do the ID numbers
	place      bool // so do the addresses or countries
	exact      bool // an identity that proves one person
	reachable  bool // an exact identity other than a phone
	lone       bool // there are hardly any relatives in the table, and the pair does not look like any
}

// What the ladder asks of the model, in bits.
const (
	// plain is the weight from which on a difference speaks clearly against a pair: eight to one. In a table whose birthdates are often wrong
	// another birthdate is no contradiction, and EM has seen that.
	plain = -3.0
	// household is how much more likely one person must be than two of one household, where the model alone decides.
	household = 3.0
	// corroborated is the same where first names differ although something personal is shared, and alike where they have something in common:
	// other facts must say so.
	corroborated = 6.0
	alike        = 4.0
	// outweighed is how far above the threshold all facts together, that the two may be relatives among them, must be to outweigh other first names.
	outweighed = 4.0
	// experience is from how many pairs of one person on a model knows enough for that.
	experience = 200.0
	// fewRelatives bounds what it is worth that a table holds more matches than relatives.
	fewRelatives = 8.0
	// fewKin is from how many times as many matches as pairs of relatives on, in bits, a table holds hardly any relatives.
	fewKin = 5.0
	// proof is what an identity must weigh, between people of one name, to prove anything. In some tables it does not.
	proof = 6.0
)

// evidence derives from the vector alone what the ladder needs beside it.
func (m *Model) evidence(v Vector, weight float64) evidence {
	e := evidence{
		likely:    weight >= m.Threshold,
		birthdate: v[cmpBirthdate] >= birthNear && m.weights[cmpBirthdate][v[cmpBirthdate]] < 1 && m.weights[cmpBirthdate][birthDifferent] <= plain,
		place:     (v[cmpAddress] == addressDifferent || v[cmpCountry] == textDifferent) && m.weights[cmpAddress][v[cmpAddress]]+m.weights[cmpCountry][v[cmpCountry]] <= plain,
		id:        v[cmpNationalID] == idDifferent && m.weights[cmpNationalID][idDifferent] <= plain,
	}
	margin, strongest := m.Weight(v)-m.Prior-m.kin(v)+m.Relatives, 0.0
	if named := v[cmpName] != nameNull && v[cmpName] != nameOneMissing && v[cmpName] != nameApart; named {
		margin += min(max(m.Prior-m.Relatives, 0), fewRelatives) // there may be hardly any relatives in the table; who has no name may be anybody
	}
	for _, i := range identities {
		if !exactLevel(i, v[i]) || !m.proves[i] {
			continue
		}
		e.exact = true
		e.reachable = e.reachable || i != cmpPhone
		strongest = max(strongest, m.weights[i][v[i]]-m.kinship[i][v[i]])
	}
	e.personal = margin >= household
	e.lone = m.Prior-m.Relatives >= fewKin && m.Weight(v)-m.kin(v) >= 0
	need := corroborated
	if alikeAtLeast(v) {
		need = alike
	}
	e.sure = e.likely && (e.lone || margin-strongest >= need)
	e.outweighed = m.experienced && e.personal && weight >= m.Threshold+outweighed
	return e
}

// identities are the comparisons in which an equal value may prove one person.
var identities = [...]int{cmpEmail, cmpChannelID, cmpSSO, cmpNationalID, cmpPhone}

// exactLevel reports whether a level means that an identity is shared and nobody else has it.
func exactLevel(comparison int, level uint8) bool {
	switch comparison {
	case cmpEmail:
		return level == emailExact
	case cmpPhone:
		return level == phoneExact || level == phoneExactFixed || level == phoneExactNamed
	default:
		return level == idExact
	}
}

// decide walks the policy ladder. It sees only the vector and what the model makes of it, so what decides a pair is exactly what its
// explanation shows.
func decide(v Vector, e evidence) (Decision, Reasons, rung) {
	d, reasons, r := climb(v, e)
	reasons |= describe(v, r)
	if d == AutoMerge || d == Suggest {
		switch v[cmpStatus] {
		case statusVIP, statusBlocked, statusVIPBlocked:
			d = Review
		}
	}
	return d, reasons, r
}

func climb(v Vector, e evidence) (Decision, Reasons, rung) {
	switch v[cmpStatus] {
	case statusDeclined:
		return NoMatch, NotDuplicates, rungDeclined
	case statusTenant:
		return NoMatch, TenantConflict, rungTenant
	}
	if v[cmpSSO] == idDifferent {
		if namesAgree(v) && (e.exact || v[cmpBirthdate] == birthEqual) {
			return Review, SSOConflict, rungSSO
		}
		return NoMatch, SSOConflict, rungSSO
	}
	if e.exact {
		d, r := exactIdentity(v, e)
		return d, r, rungExact
	}
	if v[cmpEmail] == emailLookAlike || v[cmpEmail] == emailDerived || v[cmpPhone] == phoneDerived {
		if d, r := derivedIdentity(v, e); d != NoMatch || r != 0 {
			return d, r, rungDerived
		}
	}
	if sharedIdentity(v) && namesAgree(v) && !e.birthdate && v[cmpSuffix] < suffixOneSide && !e.id {
		return Suggest, 0, rungShared
	}
	if v[cmpCookie] == cookieSame {
		switch v[cmpIdentified] {
		case oneAnonymous:
			return Suggest, CookieOnly, rungCookie
		case bothAnonymous:
			// Nobody could confirm it: there is nothing on either side but the browser.
			return NoMatch, CookieOnly, rungCookie
		}
	}
	return model(v, e)
}

func sharedIdentity(v Vector) bool {
	return v[cmpEmail] == emailShared || v[cmpPhone] == phoneShared || v[cmpChannelID] == idShared || v[cmpSSO] == idShared || v[cmpNationalID] == idShared
}

// namesAgree reports whether the names are fully equal, in whatever order.
func namesAgree(v Vector) bool { return v[cmpName] == nameEqual || v[cmpName] == nameSwapped }

func firstNameDiffers(v Vector) bool {
	switch v[cmpName] {
	case nameGiven, nameLooseGiven, nameLoose, nameLooseAlone, nameHalf, nameDifferent:
		return true
	}
	return false
}

// exactIdentity is rung 2: an exact identity is shared, the names and the birthdate say what it is worth.
func exactIdentity(v Vector, e evidence) (Decision, Reasons) {
	if e.birthdate && (!e.sure || v[cmpSuffix] == suffixOneSide) { // father and son have all but the birthdate in common
		if firstNameDiffers(v) || v[cmpSuffix] == suffixDifferent {
			return NoMatch, BirthdateConflict
		}
		return Review, BirthdateConflict
	}
	d := byName(v, e)
	switch {
	case v[cmpSuffix] == suffixDifferent:
		return Review, SuffixConflict
	case e.id && !e.sure:
		return Review, NationalIDConflict
	case d == AutoMerge && (v[cmpBirthdate] > birthEqual || v[cmpSuffix] == suffixOneSide || v[cmpNationalID] == idDifferent):
		return Suggest, 0
	case d == Review && (e.sure || e.outweighed):
		return Suggest, 0 // the first names differ, and all the rest says that they are one person
	}
	return d, 0
}

// alikeAtLeast reports whether first names that differ have something in common all the same.
func alikeAtLeast(v Vector) bool {
	return v[cmpName] == nameLooseGiven || v[cmpName] == nameLoose || v[cmpName] == nameLooseAlone || v[cmpName] == nameHalf
}

func byName(v Vector, e evidence) Decision {
	switch v[cmpName] {
	case nameEqual, nameSwapped:
		return AutoMerge
	case nameNull:
		if !e.reachable && v[cmpPhone] == phoneExactNamed {
			return Suggest // two callers without a name on a number of several people may be two of them
		}
		return AutoMerge
	case nameOneMissing, nameGivenOnly:
		switch {
		case e.reachable:
			return AutoMerge
		case v[cmpPhone] == phoneExact:
			return AutoMerge
		default:
			return Suggest // a fixed line, or a number that other names hold too
		}
	case nameGiven, nameLooseGiven, nameLoose, nameLooseAlone, nameHalf, nameDifferent:
		return Review
	default:
		return Suggest
	}
}

// derivedIdentity is rung 3. NoMatch with reason 0 passes the pair on to the model. Look-alike letters may be somebody's disguise: a
// supervisor sees them, and the model is not asked.
func derivedIdentity(v Vector, e evidence) (Decision, Reasons) {
	switch {
	case v[cmpSuffix] == suffixDifferent:
		return NoMatch, SuffixConflict
	case firstNameDiffers(v) && e.sure && v[cmpEmail] == emailLookAlike:
		return Review, 0
	case firstNameDiffers(v) && e.sure:
		return NoMatch, 0
	case firstNameDiffers(v):
		return NoMatch, FirstNameMismatch
	case e.birthdate:
		return conflicting(v), BirthdateConflict
	case e.id:
		return conflicting(v), NationalIDConflict
	case v[cmpEmail] == emailLookAlike:
		return Review, 0
	case namesAgree(v), v[cmpName] == nameGivenOnly, v[cmpName] == nameOneMissing, v[cmpName] == nameNull:
		return Suggest, 0
	default:
		return NoMatch, 0
	}
}

// conflicting decides a derived identity that a fact contradicts: with equal names the evidence pulls both ways.
func conflicting(v Vector) Decision {
	if namesAgree(v) {
		return Review
	}
	return NoMatch
}

// model is rung 5. The model suggests; the policy keeps it from suggesting on a name alone, and from joining different people of one house.
func model(v Vector, e evidence) (Decision, Reasons, rung) {
	switch {
	case !e.likely:
		return NoMatch, ModelBelowThreshold, rungModel
	case !e.personal && e.birthdate:
		return NoMatch, BirthdateConflict, rungModel
	case !e.personal && e.id:
		return NoMatch, NationalIDConflict, rungModel
	case !e.personal:
		return NoMatch, OneHousehold, rungModel
	case firstNameDiffers(v) && !e.sure:
		return NoMatch, 0, rungModel // the names are a reason by themselves
	case v[cmpSuffix] == suffixDifferent, v[cmpSuffix] == suffixOneSide && v[cmpBirthdate] == 0:
		return NoMatch, SuffixConflict, rungModel // father and son live in one house
	case v[cmpPhone] == phoneSwitchboard && !namesAgree(v):
		return NoMatch, ExtensionConflict, rungModel
	case !supported(v, e):
		return NoMatch, Uncorroborated, rungModel
	}
	return Suggest, ModelMatch, rungModel
}

// supported reports whether anything but the name speaks for the pair. A browser does so only for people of one name:
// two others may use it. Name and birthdate together are enough only while no place speaks clearly against them: both collide in any large population.
func supported(v Vector, e evidence) bool {
	for i := range v {
		switch i {
		case cmpEmail:
			if v[i] >= emailExact && v[i] < emailDomain {
				return true
			}
		case cmpPhone:
			if v[i] >= phoneExact && v[i] < phoneSwitchboard {
				return true
			}
		case cmpChannelID, cmpSSO, cmpNationalID:
			if v[i] >= idExact && v[i] < idDifferent {
				return true
			}
		case cmpCookie:
			if v[i] == cookieSame && relationOf(v) == namesAlike {
				return true
			}
		case cmpCompany:
			if v[i] == textEqual || v[i] == textSimilar {
				return true
			}
		case cmpAddress:
			if v[i] >= addressSame && v[i] < addressDifferent {
				return true
			}
		}
		if i >= numFixed && v[i] != 0 && v[i] < textDifferent {
			return true
		}
	}
	return v[cmpBirthdate] >= birthEqual && v[cmpBirthdate] <= birthNear && !e.place
}

// against lists what speaks against a pair of members of one cluster.
func against(v Vector, e evidence) (veto, contradiction, doubt Reasons) {
	switch v[cmpStatus] {
	case statusDeclined:
		veto |= NotDuplicates
	case statusTenant:
		veto |= TenantConflict
	}
	if v[cmpSSO] == idDifferent {
		veto |= SSOConflict
	}
	if e.id {
		contradiction |= NationalIDConflict
	}
	if v[cmpSuffix] == suffixDifferent {
		veto |= SuffixConflict
	}
	if e.birthdate {
		contradiction |= BirthdateConflict
		if firstNameDiffers(v) {
			veto |= BirthdateConflict
		}
	}
	switch v[cmpName] {
	case nameNull, nameOneMissing, nameEqual, nameSwapped, nameGivenOnly:
	case nameGiven, nameLooseGiven:
		contradiction |= FirstNameMismatch
	case nameDifferent, nameLoose, nameLooseAlone, nameHalf:
		contradiction |= NamesDiffer
	default:
		doubt |= nameReason(v[cmpName])
	}
	if v[cmpSuffix] == suffixOneSide {
		doubt |= SuffixConflict
	}
	switch v[cmpBirthdate] {
	case birthSwapped:
		doubt |= BirthdateSwapped
	case birthTypo:
		doubt |= BirthdateTypo
	}
	if e.sure || e.lone {
		// What differs is outweighed by what agrees, or who else should it be.
		veto, contradiction, doubt = veto&^BirthdateConflict, 0, doubt|contradiction
	}
	return veto, contradiction, doubt
}
