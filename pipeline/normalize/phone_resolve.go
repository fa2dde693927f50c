package normalize

import (
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
		if phone, ok := validNumber(number, ""); ok {
			return phone.certain()
		}
		if strings.HasPrefix(q.number, "+") {
			return rejected(number)
		}
	}
	if q.bare && !strings.HasPrefix(q.number, "0") {
		if phone, ok := validNumber("+"+q.number, ""); ok {
			return phone.certain()
		}
	}
	if q.country != "" {
		if phone, ok := validNumber(q.number, q.country); ok {
			return phone.certain()
		}
		return p.withoutPlus(q, rejected(q.number))
	}
	if region := p.config.DefaultRegion; region != "" {
		if phone, ok := validNumber(q.number, region); ok {
			if p.config.TrustDefaultRegion {
				return phone.certain()
			}
			return phone.guessed(RegionGuessed)
		}
		return p.withoutPlus(q, rejected(q.number))
	}
	return p.withoutPlus(q, nationalOnly(q.number))
}

// internationalForm rewrites the two international prefixes that people type everywhere, 00 and (in North America) 011.
func internationalForm(q phoneQuery) (string, bool) {
	if strings.HasPrefix(q.number, "+") {
		return q.number, true
	}
	if rest, ok := strings.CutPrefix(q.number, "00"); ok && len(rest) >= 8 {
		return "+" + rest, true
	}
	if rest, ok := strings.CutPrefix(q.number, "011"); ok && len(rest) >= 8 && (q.country == "" || phonenumbers.IsNANPACountry(q.country)) {
		return "+" + rest, true
	}
	return "", false
}

// withoutPlus reads the digits as a full international number, and falls back to other when they are none. Shorter
// numbers than eleven digits are too often valid somewhere: 2025550144 is a number in Egypt, too.
func (p *PhoneParser) withoutPlus(q phoneQuery, other Phone) Phone {
	if len(q.number) < 11 || q.number[0] == '0' || q.number[0] == '+' {
		return other
	}
	phone, ok := validNumber("+"+q.number, "")
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
func validNumber(number, region string) (Phone, bool) {
	if phone, ok := mexicoMobile(number); ok {
		return phone, true
	}
	parsed, err := phonenumbers.Parse(number, orUnknown(region))
	if err != nil {
		return Phone{}, false
	}
	national := phonenumbers.GetNationalSignificantNumber(parsed)
	code := int(parsed.GetCountryCode())
	if isJunkDigits(national) {
		return Phone{}, false
	}
	phone := Phone{E164: phonenumbers.Format(parsed, phonenumbers.E164), Status: OK}
	switch {
	case phonenumbers.IsValidNumber(parsed):
		phone.Region = phonenumbers.GetRegionCodeForNumber(parsed)
		phone.Line = lineType(phonenumbers.GetNumberType(parsed))
	case isFictional(code, national):
		phone.Region, phone.Line = fictionalRegion(code), UnknownLine
	case code == brazil && isOldBrazilMobile(national):
		phone.Region, phone.Line = "BR", Mobile
	default:
		return Phone{}, false
	}
	phone.deriveVariants(code, national)
	return phone, true
}

// orUnknown names the unknown region the way the library does.
func orUnknown(region string) string {
	if region == "" {
		return "ZZ"
	}
	return region
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
