package extract

import (
	"strconv"
	"strings"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// mostly is the share of a column's values that must look alike before content decides what the column is.
const mostly = 0.8

// codeWords are words of columns whose digits are no phone number, whatever they look like.
var codeWords = set(`id code no nr num number ref reference sku account konto iban bic vat tax ip date datum time zeit version amount price
 total balance score count qty quantity isbn ean order invoice card policy serial lat lon latitude longitude geo zip fax telefax hash`)

// meaningOfValues decides by content, and only where a mistake is unlikely: emails, phone numbers that are written as such, and
// dates that must be birthdates. A column of plain integers stays custom.
func meaningOfValues(name string, values []string) (meaning, bool) {
	if len(values) == 0 {
		return meaning{}, false
	}
	foreign := false
	for _, w := range words(name) {
		if vocab().strangers[w] {
			foreign = true // somebody else's address; see strangers
		}
	}
	switch {
	case !foreign && share(values, isEmail) >= mostly:
		return meaning{field: contact.FieldIdentity, channel: contact.ChannelEmail}, true
	case !foreign && looksLikePhones(name, values):
		return meaning{field: contact.FieldIdentity, channel: contact.ChannelPhone}, true
	case looksLikeBirthdates(values):
		return meaning{field: contact.FieldBirthdate}, true
	}
	return meaning{}, false
}

func share(values []string, is func(string) bool) float64 {
	if len(values) == 0 {
		return 0
	}
	n := 0
	for _, v := range values {
		if is(v) {
			n++
		}
	}
	return float64(n) / float64(len(values))
}

func meanLength(values []string) int {
	n := 0
	for _, v := range values {
		n += len(v)
	}
	return n / max(1, len(values))
}

// isEmail is a plain a@b.c; what a valid email is the normalizer knows.
func isEmail(v string) bool {
	local, domain, ok := strings.Cut(v, "@")
	if !ok || local == "" || strings.ContainsAny(v, " \t,;/") || strings.Contains(domain, "@") {
		return false
	}
	dot := strings.LastIndexByte(domain, '.')
	return dot > 0 && dot < len(domain)-1
}

// minPhones is how many values it takes to call a column phones: two odd codes in a small file are no evidence.
const minPhones = 3

func looksLikePhones(name string, values []string) bool {
	if len(values) < minPhones || share(values, isPhone) < mostly {
		return false
	}
	if share(values, func(v string) bool { return strings.HasPrefix(v, "+") }) >= mostly {
		return true
	}
	for _, w := range words(name) {
		if codeWords[w] {
			return false
		}
	}
	return true
}

// isPhone is 7 to 15 digits written with a plus or with separators, and not as a date, an IP address or a social security number.
func isPhone(v string) bool {
	digits, separators, groups := 0, 0, []int{0}
	for i, r := range v {
		switch {
		case r >= '0' && r <= '9':
			digits++
			groups[len(groups)-1]++
		case r == '+' && i == 0:
			separators++
		case strings.ContainsRune(" -./()", r):
			separators++
			if groups[len(groups)-1] > 0 {
				groups = append(groups, 0)
			}
		default:
			return false
		}
	}
	if digits < 7 || digits > 15 || separators == 0 {
		return false
	}
	if v[0] == '+' {
		return true
	}
	if groups[len(groups)-1] == 0 {
		groups = groups[:len(groups)-1]
	}
	switch shape := [4]int{len(groups), at(groups, 0), at(groups, 1), at(groups, 2)}; {
	case shape == [4]int{3, 3, 2, 4}: // 123-45-6789
		return false
	case len(groups) == 3 && groups[0] <= 2 && groups[1] <= 2 && (groups[2] == 4 || groups[2] == 2): // 31.12.1999
		return false
	case len(groups) >= 3 && groups[0] == 4 && groups[1] <= 2 && groups[2] <= 2: // 1999-12-31, with or without a time
		return false
	case len(groups) == 4 && strings.Count(v, ".") == 3: // 192.168.100.200
		return false
	case len(groups) == 2 && strings.Count(v, ".") == 1 && separators == 1: // 1234567.89
		return false
	}
	return true
}

func at(s []int, i int) int {
	if i < len(s) {
		return s[i]
	}
	return 0
}

// minBirthdates and youngest: dates of birth spread over decades and lie mostly in the last century; dates of orders do not.
const (
	minBirthdates = 5
	youngest      = 2000
	minSpread     = 10
)

func looksLikeBirthdates(values []string) bool {
	var years []int
	for _, v := range values {
		if y, ok := isoYear(v); ok {
			years = append(years, y)
		}
	}
	if len(years) < minBirthdates || float64(len(years)) < mostly*float64(len(values)) {
		return false
	}
	low, high, old := years[0], years[0], 0
	for _, y := range years {
		low, high = min(low, y), max(high, y)
		if y < youngest {
			old++
		}
	}
	return low >= 1880 && high-low >= minSpread && old*2 > len(years)
}

// isoYear reads the year of YYYY-MM-DD.
func isoYear(v string) (int, bool) {
	if len(v) != 10 || v[4] != '-' || v[7] != '-' {
		return 0, false
	}
	y, err1 := strconv.Atoi(v[:4])
	m, err2 := strconv.Atoi(v[5:7])
	d, err3 := strconv.Atoi(v[8:])
	return y, err1 == nil && err2 == nil && err3 == nil && m >= 1 && m <= 12 && d >= 1 && d <= 31
}

func isBoolean(v string) bool {
	switch strings.ToLower(v) {
	case "true", "false", "t", "f", "yes", "no", "y", "n", "0", "1", "ja", "nein", "oui", "non", "si", "sí", "sim":
		return true
	}
	return false
}

func hasDigit(v string) bool { return strings.ContainsAny(v, "0123456789") }

func isDayOfMonth(v string) bool {
	n, err := strconv.Atoi(v)
	return err == nil && n >= 1 && n <= 31
}

func isNumber(v string) bool {
	_, err := strconv.ParseFloat(v, 64)
	return err == nil
}
