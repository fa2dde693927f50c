package scoring

// describe lists the facts of a vector that a person should see as reason codes, for the rung that decided.
func describe(v Vector, r rung) Reasons {
	out := nameReason(v[cmpName]) | identityReasons(v)
	switch v[cmpSuffix] {
	case suffixDifferent, suffixOneSide:
		out |= SuffixConflict
	}
	switch v[cmpBirthdate] {
	case birthEqual:
		out |= BirthdateEqual
	case birthSwapped:
		out |= BirthdateSwapped
	case birthTypo:
		out |= BirthdateTypo
	case birthDifferent, birthLoose, birthSameYear, birthNear:
		out |= BirthdateConflict
	}
	if v[cmpSSO] == idDifferent {
		out |= SSOConflict
	}
	if v[cmpNationalID] == idDifferent {
		out |= NationalIDConflict
	}
	switch v[cmpStatus] {
	case statusVIP:
		out |= VIP
	case statusBlocked:
		out |= Blocked
	case statusVIPBlocked:
		out |= VIP | Blocked
	}
	if r == rungCookie && v[cmpIdentified] == bothAnonymous {
		out |= OnlyAnonymous
	}
	return out
}

func identityReasons(v Vector) Reasons {
	var out Reasons
	switch v[cmpEmail] {
	case emailExact:
		out |= ExactEmail
	case emailShared:
		out |= SharedEmail
	case emailDerived:
		out |= DerivedEmail
	case emailLookAlike:
		out |= LookAlike
	}
	switch v[cmpPhone] {
	case phoneExact, phoneExactNamed:
		out |= ExactPhone
	case phoneExactFixed:
		out |= ExactPhone | FixedLine
	case phoneShared:
		out |= SharedPhone
	case phoneDerived:
		out |= DerivedPhone
	case phoneSwitchboard:
		out |= ExtensionConflict
	}
	switch v[cmpChannelID] {
	case idExact:
		out |= ExactChannelID
	case idShared:
		out |= SharedChannelID
	}
	if v[cmpSSO] == idShared || v[cmpNationalID] == idShared {
		out |= SharedChannelID
	}
	if v[cmpSSO] == idExact {
		out |= ExactSSO
	}
	if v[cmpNationalID] == idExact {
		out |= ExactNationalID
	}
	if v[cmpCookie] == cookieSame {
		out |= SameCookie
	}
	return out
}

var nameReasons = [...]Reasons{
	nameNull: NamesMissing, nameOneMissing: NameMissing, nameEqual: NamesEqual, nameSwapped: NamesSwapped, nameGivenOnly: NameMissing,
	nameFamilyOnly: NameMissing, nameApart: NameMissing, nameMiddle: MiddleNameDiffers, nameExtended: NameExtended, nameNickname: NameNickname, nameInitial: NameInitial,
	nameOtherScript: NameOtherScript, nameTypo: NameTypo, namePhonetic: NamePhonetic, nameScripts: NameOtherScript, nameSurname: LastNameMismatch | SurnameChanged,
	nameGiven:       FirstNameMismatch,
	nameLooseFamily: LastNameMismatch, nameLooseGiven: FirstNameMismatch, nameLoose: NamesDiffer | FirstNameMismatch, nameAlone: NameTypo | NameMissing, nameLooseAlone: NamesDiffer | FirstNameMismatch, nameHalf: NamesDiffer | FirstNameMismatch,
	nameDifferent: NamesDiffer | FirstNameMismatch,
}

func nameReason(level uint8) Reasons { return nameReasons[level] }
