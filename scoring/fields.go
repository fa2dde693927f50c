package scoring

import "github.com/contactmerge/contactmerge/internal/contact"

// birthLevel compares two dates given as yyyymmdd; 0 is missing.
func birthLevel(x, y int32) uint8 {
	switch {
	case x == 0 || y == 0:
		return 0
	case x == y:
		return birthEqual
	}
	yx, mx, dx := x/10000, x/100%100, x%100
	yy, my, dy := y/10000, y/100%100, y%100
	if dx == 0 || dy == 0 {
		return partialBirthLevel(x, y)
	}
	switch {
	case yx == yy && mx == dy && dx == my:
		return birthSwapped
	case digitSlip(x, y):
		return birthTypo
	case yx == yy && (mx == my || dx == dy) || mx == my && dx == dy || digitsApart(x, y) == 2:
		return birthNear
	case yx == yy:
		return birthSameYear
	case digitsApart(x, y) == 3:
		return birthLoose
	default:
		return birthDifferent
	}
}

// partialBirthLevel compares two dates of which one leaves the day open, or day and month, as far as both are known.
func partialBirthLevel(x, y int32) uint8 {
	yx, mx, yy, my := x/10000, x/100%100, y/10000, y/100%100
	switch {
	case yx != yy && (yx-yy == 1 || yy-yx == 1 || digitSlip(yx*10000, yy*10000)):
		return birthLoose // a year reckoned from an age is often one off
	case yx != yy:
		return birthDifferent
	case mx == 0 || my == 0:
		return birthSameYear
	case mx == my:
		return birthNear
	default:
		return birthLoose
	}
}

// digitsApart counts the digits that differ.
func digitsApart(x, y int32) int {
	n := 0
	for ; x > 0 || y > 0; x, y = x/10, y/10 {
		if x%10 != y%10 {
			n++
		}
	}
	return n
}

// digitSlip reports whether two dates differ in one digit or by one swap of neighbouring digits.
func digitSlip(x, y int32) bool {
	var a, b [8]byte
	for i := 7; i >= 0; i-- {
		a[i], b[i] = byte(x%10), byte(y%10)
		x, y = x/10, y/10
	}
	diff, at := 0, 0
	for i := range a {
		if a[i] != b[i] {
			diff++
			at = i
		}
	}
	return diff == 1 || diff == 2 && a[at] == b[at-1] && a[at-1] == b[at]
}

// addressLevel looks at street, postcode and city together, because they depend on each other and would otherwise count twice. Streets of
// one name in one city are two addresses when their postcodes differ by more than a slip: there is a Main Street in every quarter.
func (w *Worker) addressLevel(a, b contact.Row) uint8 {
	street := w.textLevel(w.streetCache, w.street, a, b)
	post := w.textLevel(w.postCache, w.postcode, a, b)
	city := w.textLevel(w.cityCache, w.city, a, b)
	placed := post == textEqual || post != textDifferent && (city == textEqual || city == textSimilar)
	switch {
	case street == textEqual && placed:
		return addressSame
	case street == textSimilar && placed:
		return addressSimilar
	case post == textEqual:
		return addressPostcode
	case street == textEqual && !placed && (post == textDifferent || city == textDifferent) && city != textEqual:
		return addressStreet
	case city == textEqual:
		return addressCity
	case city == textSimilar:
		return addressSimilarCity
	case street == textEqual && post == 0 && city == 0:
		return addressStreetOnly
	case street == 0 && post == 0 && city == 0:
		return 0
	default:
		return addressDifferent
	}
}

// codeLevel compares short coded values, such as countries, that are equal or not.
func codeLevel(col *contact.Strings, a, b contact.Row) uint8 {
	x, y := col.Code(a), col.Code(b)
	switch {
	case x == 0 || y == 0:
		return 0
	case x == y:
		return textEqual
	default:
		return textDifferent
	}
}

func (w *Worker) statusLevel(a, b contact.Row) uint8 {
	flags := w.s.table.Flags(a) | w.s.table.Flags(b)
	switch {
	case w.tenant.Code(a) != w.tenant.Code(b):
		return statusTenant
	case w.s.declined(a, b):
		return statusDeclined
	case flags&(contact.RowVIP|contact.RowBlocked) == contact.RowVIP|contact.RowBlocked:
		return statusVIPBlocked
	case flags&contact.RowVIP != 0:
		return statusVIP
	case flags&contact.RowBlocked != 0:
		return statusBlocked
	default:
		return statusPlain
	}
}
