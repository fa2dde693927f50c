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

// decide walks the policy ladder. It sees only the vector and whether the weight reaches the model's threshold, so what decides a pair is
// exactly what its explanation shows.
func decide(v Vector, likely bool) (Decision, Reasons, rung) {
	d, reasons, r := climb(v, likely)
	reasons |= describe(v, r)
	if d == AutoMerge || d == Suggest {
		switch v[cmpStatus] {
		case statusVIP, statusBlocked, statusVIPBlocked:
			d = Review
		}
	}
	if d == NoMatch && r == rungModel {
		reasons |= ModelBelowThreshold
	}
	return d, reasons, r
}

func climb(v Vector, likely bool) (Decision, Reasons, rung) {
	switch v[cmpStatus] {
	case statusDeclined:
		return NoMatch, NotDuplicates, rungDeclined
	case statusTenant:
		return NoMatch, TenantConflict, rungTenant
	}
	if v[cmpSSO] == idDifferent {
		if namesAgree(v) && (exact(v) || v[cmpBirthdate] == birthEqual) {
			return Review, SSOConflict, rungSSO
		}
		return NoMatch, SSOConflict, rungSSO
	}
	if exact(v) {
		d, r := exactIdentity(v)
		return d, r, rungExact
	}
	if v[cmpEmail] == emailLookAlike || v[cmpEmail] == emailDerived || v[cmpPhone] == phoneDerived {
		if d, r := derivedIdentity(v); d != NoMatch || r != 0 {
			return d, r, rungDerived
		}
	}
	if sharedIdentity(v) && namesAgree(v) && !birthDiffers(v) && v[cmpSuffix] < suffixOneSide && v[cmpNationalID] != idDifferent {
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
	return model(v, likely)
}

// exact reports whether the pair shares an identity that proves one person.
func exact(v Vector) bool { return exactReachable(v) || exactPhone(v) }

// exactReachable are the identities that one person holds alone: all but phones.
func exactReachable(v Vector) bool {
	return v[cmpEmail] == emailExact || v[cmpChannelID] == idExact || v[cmpSSO] == idExact || v[cmpNationalID] == idExact
}

func exactPhone(v Vector) bool {
	return v[cmpPhone] == phoneExact || v[cmpPhone] == phoneExactFixed || v[cmpPhone] == phoneExactNamed
}

func sharedIdentity(v Vector) bool {
	return v[cmpEmail] == emailShared || v[cmpPhone] == phoneShared || v[cmpChannelID] == idShared || v[cmpSSO] == idShared || v[cmpNationalID] == idShared
}

// namesAgree reports whether the names are fully equal, in whatever order.
func namesAgree(v Vector) bool { return v[cmpName] == nameEqual || v[cmpName] == nameSwapped }

func firstNameDiffers(v Vector) bool { return v[cmpName] == nameGiven || v[cmpName] == nameDifferent }

func birthDiffers(v Vector) bool {
	return v[cmpBirthdate] == birthDifferent || v[cmpBirthdate] == birthSameYear
}

// exactIdentity is rung 2: an exact identity is shared, the names and the birthdate say what it is worth.
func exactIdentity(v Vector) (Decision, Reasons) {
	if birthDiffers(v) {
		if firstNameDiffers(v) || v[cmpSuffix] == suffixDifferent {
			return NoMatch, BirthdateConflict
		}
		return Review, BirthdateConflict
	}
	d := byName(v)
	switch {
	case v[cmpSuffix] == suffixDifferent:
		return Review, SuffixConflict
	case v[cmpNationalID] == idDifferent:
		return Review, NationalIDConflict
	case d == AutoMerge && (v[cmpBirthdate] == birthSwapped || v[cmpBirthdate] == birthTypo || v[cmpSuffix] == suffixOneSide):
		return Suggest, 0
	}
	return d, 0
}

func byName(v Vector) Decision {
	switch v[cmpName] {
	case nameEqual, nameSwapped:
		return AutoMerge
	case nameNull:
		if !exactReachable(v) && v[cmpPhone] == phoneExactNamed {
			return Suggest // two callers without a name on a number of several people may be two of them
		}
		return AutoMerge
	case nameOneMissing, nameGivenOnly:
		switch {
		case exactReachable(v):
			return AutoMerge
		case v[cmpPhone] == phoneExact:
			return AutoMerge
		default:
			return Suggest // a fixed line, or a number that other names hold too
		}
	case nameGiven, nameDifferent:
		return Review
	default:
		return Suggest
	}
}

// derivedIdentity is rung 3. NoMatch with reason 0 passes the pair on to the model. Look-alike letters may be somebody's disguise: a
// supervisor sees them, and the model is not asked.
func derivedIdentity(v Vector) (Decision, Reasons) {
	switch {
	case v[cmpSuffix] == suffixDifferent:
		return NoMatch, SuffixConflict
	case firstNameDiffers(v):
		return NoMatch, FirstNameMismatch
	case birthDiffers(v):
		return conflicting(v), BirthdateConflict
	case v[cmpNationalID] == idDifferent:
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
func model(v Vector, likely bool) (Decision, Reasons, rung) {
	switch {
	case !likely:
		return NoMatch, 0, rungModel
	case firstNameDiffers(v) || v[cmpName] == nameNull || v[cmpName] == nameOneMissing || v[cmpName] == nameApart:
		return NoMatch, 0, rungModel
	case v[cmpNationalID] == idDifferent:
		return NoMatch, NationalIDConflict, rungModel
	case birthDiffers(v):
		return NoMatch, BirthdateConflict, rungModel
	case v[cmpSuffix] == suffixDifferent, v[cmpSuffix] == suffixOneSide && v[cmpBirthdate] == 0:
		return NoMatch, SuffixConflict, rungModel // father and son live in one house
	case v[cmpPhone] == phoneSwitchboard && !namesAgree(v):
		return NoMatch, ExtensionConflict, rungModel
	case !supported(v):
		return NoMatch, 0, rungModel
	}
	return Suggest, ModelMatch, rungModel
}

// supported reports whether anything but the name speaks for the pair. A browser does not: two identified people may use one. Name and
// birthdate together are enough only while no place speaks against them: full names and birthdays collide in any large population.
func supported(v Vector) bool {
	for i := range v {
		switch i {
		case cmpEmail:
			if v[i] >= emailExact && v[i] < emailDifferent {
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
		case cmpCompany:
			if v[i] == textEqual || v[i] == textSimilar {
				return true
			}
		case cmpAddress:
			if v[i] >= addressSame && v[i] < addressDifferent {
				return true
			}
		}
		if i >= numFixed && (v[i] == textEqual || v[i] == textSimilar) {
			return true
		}
	}
	return v[cmpBirthdate] >= birthEqual && v[cmpBirthdate] <= birthTypo && v[cmpAddress] != addressDifferent && v[cmpCountry] != textDifferent
}

// against lists what speaks against a pair of members of one cluster.
func against(v Vector) (veto, contradiction, doubt Reasons) {
	switch v[cmpStatus] {
	case statusDeclined:
		veto |= NotDuplicates
	case statusTenant:
		veto |= TenantConflict
	}
	if v[cmpSSO] == idDifferent {
		veto |= SSOConflict
	}
	if v[cmpNationalID] == idDifferent {
		veto |= NationalIDConflict
	}
	if v[cmpSuffix] == suffixDifferent {
		veto |= SuffixConflict
	}
	if birthDiffers(v) {
		contradiction |= BirthdateConflict
		if firstNameDiffers(v) {
			veto |= BirthdateConflict
		}
	}
	switch v[cmpName] {
	case nameNull, nameOneMissing, nameEqual, nameSwapped, nameGivenOnly:
	case nameGiven:
		contradiction |= FirstNameMismatch
	case nameDifferent:
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
	return veto, contradiction, doubt
}
