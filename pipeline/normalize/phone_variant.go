package normalize

import (
	"strconv"
	"strings"
)

// Calling codes of the countries whose mobile numbers are written in two ways.
const (
	mexico    = 52
	argentina = 54
	brazil    = 55
)

// mexicoMobile reads +52 1 and ten digits. Mexico dropped that 1 in 2019 and the metadata calls it invalid since, but
// WhatsApp ids carry it to this day.
func (p *PhoneParser) mexicoMobile(number string) (Phone, bool) {
	national, ok := strings.CutPrefix(number, "+521")
	if !ok || len(national) != 10 {
		return Phone{}, false
	}
	if !p.readNumber("+52"+national, "").valid || isJunkDigits(national) {
		return Phone{}, false
	}
	return Phone{
		E164: number, Derived: "+52" + national, National: national,
		Forms: MexicoMobile, Region: "MX", Line: Mobile, Status: OK,
	}, true
}

// deriveVariants fills the variant-free forms of a parsed number.
func (p *Phone) deriveVariants(code int, national string) {
	p.Derived, p.National = p.E164, national
	switch {
	case code == argentina && len(national) == 11 && national[0] == '9':
		p.National, p.Forms = national[1:], p.Forms|ArgentinaMobile
	case code == brazil && len(national) == 11 && national[2] == '9' && national[3] >= '6':
		// Only 9 and a digit from 6 to 9 is an old mobile number with the added 9.
		p.National, p.Forms = national[:2]+national[3:], p.Forms|BrazilNinthDigit
	default:
		return
	}
	p.Derived = "+" + strconv.Itoa(code) + p.National
}

// isOldBrazilMobile reports whether national is a Brazilian mobile number from before the ninth digit. A subscriber
// number that begins with 2 to 5 is a landline and never had one; an area code never begins with 0, which the library would
// take for a trunk prefix.
func (p *PhoneParser) isOldBrazilMobile(national string) bool {
	if len(national) != 10 || national[0] == '0' || national[2] < '6' {
		return false
	}
	return p.readNumber("+55"+national[:2]+"9"+national[2:], "").valid
}

// fictionalRanges are national numbers that regulators set aside for films and books and that the metadata does not
// count as assigned, by calling code: prefix and full length.
var fictionalRanges = map[int][]struct {
	prefix string
	length int
}{
	44: {{"7700900", 10}, {"1632960", 10}, {"3069990", 10}, {"8081570", 10}, {"9098790", 10}},
	33: {{"19900", 9}, {"26191", 9}, {"35301", 9}, {"46571", 9}, {"53649", 9}, {"63998", 9}},
	49: {{"30231250", 11}, {"30231251", 11}, {"1713920", 10}, {"17139200", 11}, {"17604069", 11}},
	61: {{"491570", 9}},
}

// isFictional reports whether a number that is not assigned lies in a range reserved for fiction.
func isFictional(code int, national string) bool {
	if code == 1 { // 555-0100 to 555-0199 of every area code of North America
		return len(national) == 10 && national[0] >= '2' && national[3:8] == "55501"
	}
	for _, r := range fictionalRanges[code] {
		if len(national) == r.length && strings.HasPrefix(national, r.prefix) {
			return true
		}
	}
	return false
}
