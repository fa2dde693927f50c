package normalize

import (
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// National numbers of unknown region have between these many digits.
const (
	minNationalDigits = 7
	maxNationalDigits = 13
)

// resolve finds out what number a query means. It tries, in this order: an international prefix, the record's country,
// the default region, and the digits as an international number whose plus was lost.
func (p *PhoneParser) resolve(q phoneQuery) Phone {
	if number, ok := internationalForm(q); ok {
		if phone, ok := p.validNumber(number, ""); ok {
			return phone.certain()
		}
		if strings.HasPrefix(q.number, "+") {
			return rejected(number)
		}
	}
	if q.bare && q.number[0] != '0' {
		if phone, ok := p.validNumber("+"+q.number, ""); ok {
			return phone.certain()
		}
	}
	region, known := q.country, true
	if region == "" {
		region, known = p.config.DefaultRegion, p.config.TrustDefaultRegion
	}
	if region == "" {
		return p.withoutPlus(q, nationalOnly(q.number))
	}
	phone, ok := p.validNumber(q.number, region)
	if !ok {
		other := rejected(q.number)
		if q.country == "" && !known && other.Status == Invalid {
			other = nationalOnly(q.number) // the default was a guess, and a wrong one
		}
		return p.withoutPlus(q, other)
	}
	if other, ok := p.ownCodeWithoutPlus(q, region); ok && other.E164 != phone.E164 {
		return other
	}
	if !known {
		return phone.guessed(RegionGuessed)
	}
	return phone.certain()
}

// ownCodeWithoutPlus reads digits that begin with the region's own calling code as an international number. Where that
// is possible, the national reading is not certain: 4915123456789 on a German record could be dialled in Leer, but its
// owner meant +49 151.
func (p *PhoneParser) ownCodeWithoutPlus(q phoneQuery, region string) (Phone, bool) {
	code := strconv.Itoa(phonenumbers.GetCountryCodeForRegion(region))
	if len(q.number) < minFullDigits || !strings.HasPrefix(q.number, code) {
		return Phone{}, false
	}
	phone, ok := p.validNumber("+"+q.number, "")
	return phone.guessed(MissingPlus), ok
}

// internationalForm rewrites the two international prefixes that people type everywhere, 00 and (in North America) 011.
func internationalForm(q phoneQuery) (string, bool) {
	if strings.HasPrefix(q.number, "+") {
		return q.number, true
	}
	if rest, ok := strings.CutPrefix(q.number, "00"); ok && len(rest) >= 8 {
		return "+" + rest, true
	}
	if rest, ok := strings.CutPrefix(q.number, "011"); ok {
		// Without a country, 011 may as well be the area code of São Paulo or Buenos Aires behind its trunk zero.
		known := q.country != "" && phonenumbers.IsNANPACountry(q.country)
		if known && len(rest) >= 8 || q.country == "" && len(rest) >= 10 {
			return "+" + rest, true
		}
	}
	return "", false
}

// minFullDigits is how many digits a number needs to be read as an international one that lost its plus. Shorter ones
// are too often valid somewhere: 2025550144 is a number in Egypt, too.
const minFullDigits = 11

// withoutPlus reads the digits as a full international number, and falls back to other when they are none.
func (p *PhoneParser) withoutPlus(q phoneQuery, other Phone) Phone {
	if len(q.number) < minFullDigits || q.number[0] == '0' || q.number[0] == '+' {
		return other
	}
	phone, ok := p.validNumber("+"+q.number, "")
	if !ok {
		return other
	}
	return phone.guessed(MissingPlus)
}

// rejected is the answer for a number that is valid nowhere it could be.
func rejected(number string) Phone {
	digits := strings.TrimPrefix(number, "+")
	for cut := range 4 { // behind a calling code or a trunk 0, too: +49 000000000
		if rest := digits[min(cut, len(digits)):]; len(rest) >= 6 && isJunkDigits(rest) {
			return Phone{Status: Placeholder}
		}
	}
	return Phone{Status: Invalid}
}

// nationalOnly is the answer for plausible digits of an unknown region.
func nationalOnly(number string) Phone {
	national := strings.TrimLeft(number, "0")
	if len(national) < minNationalDigits || len(national) > maxNationalDigits || isJunkDigits(national) {
		return rejected(number)
	}
	return Phone{National: national, Forms: RegionGuessed, Status: OK}
}

// certain makes the number an exact key.
func (p Phone) certain() Phone {
	p.Key = p.E164
	return p
}

// guessed keeps the number as derived evidence only.
func (p Phone) guessed(form Forms) Phone {
	p.Key = ""
	p.Forms |= form
	return p
}

// validNumber parses a number and fills everything but Key. It answers false unless the number is assigned, or lies in
// a range reserved for fiction, which sample data uses for its people.
func (p *PhoneParser) validNumber(number, region string) (Phone, bool) {
	if phone, ok := p.mexicoMobile(number); ok {
		return phone, true
	}
	reading := p.readNumber(number, region)
	if reading.code == 0 || isJunkRun(reading.national) {
		return Phone{}, false
	}
	phone := Phone{Region: reading.region, Line: reading.line, Status: OK}
	switch {
	case reading.valid:
	case isFictional(reading.code, reading.national):
		phone.Region = phonenumbers.GetRegionCodeForCountryCode(reading.code)
	case reading.code == brazil && p.isOldBrazilMobile(reading.national):
		phone.Region, phone.Line = "BR", Mobile
	default:
		return Phone{}, false
	}
	phone.E164 = "+" + strconv.Itoa(reading.code) + reading.national
	phone.deriveVariants(reading.code, reading.national)
	return phone, true
}

func lineType(t phonenumbers.PhoneNumberType) LineType {
	switch t {
	case phonenumbers.MOBILE:
		return Mobile
	case phonenumbers.FIXED_LINE:
		return FixedLine
	case phonenumbers.FIXED_LINE_OR_MOBILE:
		return FixedOrMobile
	case phonenumbers.TOLL_FREE:
		return TollFree
	case phonenumbers.VOIP:
		return VoIP
	case phonenumbers.UNKNOWN:
		return UnknownLine
	}
	return OtherLine
}
