package normalize

import (
	"math/bits"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// numberReading is what a numbering plan says about a number.
type numberReading struct {
	code     int    // calling code, 0 when the number could not be read at all
	national string // national significant number
	region   string
	line     LineType
	valid    bool
}

// Lengths of national significant numbers that the library reads.
const (
	minNSN = 2
	maxNSN = 17
)

// readNumber reads digits with a leading plus, or digits as dialled within a region. The tables answer for nearly all
// numbers, and the library for those whose rules have no table; FuzzPhoneFastPath holds the two to the same answers.
// The library's answers are remembered, being a hundred times as dear. The memo is emptied when it is full: keeping an
// order would cost every hit.
func (p *PhoneParser) readNumber(number, region string) numberReading {
	if reading, decided := phonePlans().read(number, region); decided {
		return reading
	}
	key := region + number
	if reading, ok := p.memo[key]; ok {
		return reading
	}
	reading := readByLibrary(number, region)
	if len(p.memo) >= p.config.MemoEntries {
		clear(p.memo)
	}
	p.memo[key] = reading
	return reading
}

// readByLibrary asks the library alone.
func readByLibrary(number, region string) numberReading {
	if region == "" {
		region = "ZZ"
	}
	parsed, err := phonenumbers.Parse(number, region)
	if err != nil {
		return numberReading{}
	}
	reading := numberReading{code: int(parsed.GetCountryCode()), national: phonenumbers.GetNationalSignificantNumber(parsed)}
	if reading.valid = phonenumbers.IsValidNumber(parsed); reading.valid {
		reading.region = phonenumbers.GetRegionCodeForNumber(parsed)
		reading.line = lineType(phonenumbers.GetNumberType(parsed))
	}
	return reading
}

// read answers from the tables; decided is false when the library must be asked.
func (ps *numberingPlans) read(number, region string) (reading numberReading, decided bool) {
	if digits, ok := strings.CutPrefix(number, "+"); ok {
		return ps.readInternational(digits)
	}
	plan := ps.byRegion[region]
	if plan == nil || number == "" || !plan.ready() {
		return numberReading{}, false
	}
	if count, _ := plan.idd.prefix(number); count > 0 {
		return numberReading{}, false
	}
	if strings.HasPrefix(number, plan.codeText) {
		rest, decided := plan.cutTrunk(number[len(plan.codeText):])
		if !decided {
			return numberReading{}, false
		}
		if !plan.viable(number) && plan.viable(rest) || plan.tooLong(number) {
			plans := ps.byCode[plan.code]
			if len(plans) == 0 {
				return numberReading{}, false
			}
			number, plan = rest, plans[0]
		}
	}
	return ps.readNational(number, plan)
}

// readInternational reads the digits behind a plus.
func (ps *numberingPlans) readInternational(digits string) (reading numberReading, decided bool) {
	if strings.HasPrefix(digits, "0") {
		return numberReading{}, false
	}
	code := 0
	for i := 0; i < len(digits) && i < 3; i++ {
		code = code*10 + int(digits[i]-'0')
		plans, known := ps.byCode[code]
		if !known {
			continue
		}
		if len(plans) == 0 {
			return numberReading{}, false
		}
		return ps.readNational(digits[i+1:], plans[0])
	}
	return numberReading{}, false
}

// readNational reads a number without calling code by the plan of its region, or of its code's main region.
func (ps *numberingPlans) readNational(number string, plan *numberingPlan) (reading numberReading, decided bool) {
	if len(number) < minNSN || len(number) > maxNSN || !plan.ready() {
		return numberReading{}, false
	}
	rest, decided := plan.cutTrunk(number)
	if !decided {
		return numberReading{}, false
	}
	if plan.possible(rest) || plan.tooLong(rest) {
		number = rest
	}
	if len(number) < minNSN || strings.Trim(number, "0") == "" {
		return numberReading{}, false
	}
	reading = numberReading{code: plan.code, national: number}
	owner, decided := ps.owner(number, plan.code)
	if owner == nil || !decided {
		return reading, decided
	}
	if line, valid := owner.kind(number); valid {
		reading.region, reading.line, reading.valid = owner.region, line, true
	}
	return reading, true
}

// owner returns the plan of the region that a national number belongs to, nil for none.
func (ps *numberingPlans) owner(national string, code int) (plan *numberingPlan, decided bool) {
	plans := ps.byCode[code]
	if len(plans) == 1 {
		return plans[0], plans[0].ready()
	}
	for _, plan := range plans {
		if !plan.ready() {
			return nil, false
		}
		if plan.leading != nil {
			if count, _ := plan.leading.prefix(national); count > 0 {
				return plan, true
			}
		} else if _, valid := plan.kind(national); valid {
			return plan, true
		}
	}
	return nil, true
}

// kind names the type of a national number the way the library does; false when it is not valid.
func (p *numberingPlan) kind(national string) (LineType, bool) {
	match := p.descs.full(national)
	for i, lengths := range p.lengths {
		if lengths&(1<<len(national)) == 0 {
			match &^= 1 << i
		}
	}
	if match&(1<<descGeneral) == 0 {
		return UnknownLine, false
	}
	match &^= 1 << descGeneral
	fixed, mobile := match&(1<<descFixed) != 0, match&(1<<descMobile) != 0
	switch first := bits.TrailingZeros16(match); {
	case match == 0:
		return UnknownLine, false
	case first == descTollFree:
		return TollFree, true
	case first == descVoIP:
		return VoIP, true
	case first < descFixed:
		return OtherLine, true
	case fixed && (p.oneKind || mobile):
		return FixedOrMobile, true
	case fixed:
		return FixedLine, true
	case mobile && !p.oneKind:
		return Mobile, true
	}
	return UnknownLine, false
}

// viable reports whether a number matches the plan's general description, whatever its length.
func (p *numberingPlan) viable(number string) bool {
	return p.descs.full(number)&(1<<descGeneral) != 0
}

// possible reports whether numbers have this length in the whole country.
func (p *numberingPlan) possible(number string) bool {
	return len(number) < 32 && p.local&(1<<len(number)) == 0 && p.lengths[descGeneral]&(1<<len(number)) != 0
}

// tooLong reports whether a number is longer than all numbers of the plan.
func (p *numberingPlan) tooLong(number string) bool {
	return len(number) >= 32 || p.local&(1<<len(number)) == 0 && len(number) >= bits.Len32(p.lengths[descGeneral])
}

// cutTrunk cuts the national prefix off a number. It is undecided when the rule rewrites the number, or when prefixes of
// several lengths match and only the order inside the expression tells which one counts.
func (p *numberingPlan) cutTrunk(number string) (rest string, decided bool) {
	if number == "" || p.trunk.none {
		return number, true
	}
	if p.trunk.special.full(number)&1 != 0 || p.trunk.special.hasPrefix(number, 1) {
		return "", false
	}
	count, length := p.trunk.plain.prefix(number)
	switch {
	case count == 0:
		return number, true
	case count > 1 && !p.trunk.longest:
		return "", false
	}
	if p.viable(number) && !p.viable(number[length:]) {
		return number, true
	}
	return number[length:], true
}
