package normalize

import (
	"regexp/syntax"
	"slices"
	"strconv"
	"sync"

	"github.com/nyaruka/phonenumbers"
)

// The descriptions of a numbering plan, in the order in which the library asks for them to name a number's type.
const (
	descGeneral = iota
	descPremium
	descTollFree
	descSharedCost
	descVoIP
	descPersonal
	descPager
	descUAN
	descVoicemail
	descFixed
	descMobile
	descCount
)

// numberingPlan is the library's metadata of one region as tables. The tables are compiled on first use, because most
// runs see the numbers of a few regions.
type numberingPlan struct {
	region   string
	code     int
	codeText string

	metadata *phonenumbers.PhoneMetadata
	once     sync.Once

	usable  bool // every table could be compiled
	descs   *digitDFA
	lengths [descCount]uint32 // bit n: a number of n digits is possible
	local   uint32            // bit n: n digits are possible within the area only
	idd     *digitDFA
	leading *digitDFA // nil when the plan has none
	trunk   trunkPrefix
	oneKind bool // fixed and mobile numbers share one range
}

// trunkPrefix is the rule for what to cut off a number dialled within the country.
type trunkPrefix struct {
	none    bool
	longest bool      // of several prefixes that match, the longest is cut off
	plain   *digitDFA // prefixes to cut off
	special *digitDFA // numbers that are rewritten: bit 0 whole numbers, bit 1 beginnings. The library does those
}

// numberingPlans is the metadata of all regions.
type numberingPlans struct {
	byRegion map[string]*numberingPlan
	byCode   map[int][]*numberingPlan // main region first; nil for codes of no single country
}

// phonePlans returns the plans, read once from the metadata that is linked into the binary.
var phonePlans = sync.OnceValue(func() *numberingPlans {
	plans := &numberingPlans{byRegion: make(map[string]*numberingPlan), byCode: make(map[int][]*numberingPlan)}
	collection, err := phonenumbers.MetadataCollection()
	if err != nil {
		return plans // embedded data: only a broken build gets here, and then the library does all the work
	}
	for _, metadata := range collection.GetMetadata() {
		code := int(metadata.GetCountryCode())
		plan := &numberingPlan{region: metadata.GetId(), code: code, codeText: strconv.Itoa(code), metadata: metadata}
		if plan.region != "001" {
			plans.byRegion[plan.region] = plan
		}
		plans.byCode[code] = nil
	}
	for code := range plans.byCode {
		for _, region := range phonenumbers.GetRegionCodesForCountryCode(code) {
			plan, ok := plans.byRegion[region]
			if !ok {
				plans.byCode[code] = nil
				break
			}
			plans.byCode[code] = append(plans.byCode[code], plan)
		}
	}
	return plans
})

// ready compiles the tables of the plan and reports whether they can be used.
func (p *numberingPlan) ready() bool {
	p.once.Do(func() { p.usable = p.compile() == nil })
	return p.usable
}

func (p *numberingPlan) compile() error {
	m := p.metadata
	p.oneKind = m.GetSameMobileAndFixedLinePattern()
	expressions := make([]*syntax.Regexp, descCount)
	for i, desc := range [descCount]*phonenumbers.PhoneNumberDesc{
		m.GetGeneralDesc(), m.GetPremiumRate(), m.GetTollFree(), m.GetSharedCost(), m.GetVoip(), m.GetPersonalNumber(), m.GetPager(),
		m.GetUan(), m.GetVoicemail(), m.GetFixedLine(), m.GetMobile(),
	} {
		p.lengths[i] = lengthBits(desc.GetPossibleLength())
		if desc.GetNationalNumberPattern() == "" {
			continue
		}
		expression, err := syntax.Parse(desc.GetNationalNumberPattern(), syntax.Perl)
		if err != nil {
			return err
		}
		expressions[i] = expression
	}
	if local := m.GetGeneralDesc().GetPossibleLengthLocalOnly(); len(local) > 0 {
		p.local = lengthBits(local)
	}
	if len(m.GetGeneralDesc().GetPossibleLength()) == 0 || m.GetGeneralDesc().GetPossibleLength()[0] < 0 {
		return errNotADigitDFA
	}
	var err error
	if p.descs, err = compileDigits(expressions); err != nil {
		return err
	}
	if p.idd, err = compilePattern(m.GetInternationalPrefix()); err != nil {
		return err
	}
	if pattern := m.GetLeadingDigits(); pattern != "" {
		if p.leading, err = compilePattern(pattern); err != nil {
			return err
		}
	}
	p.trunk, err = compileTrunk(m.GetNationalPrefixForParsing(), m.GetNationalPrefixTransformRule())
	return err
}

// lengthBits turns possible lengths into a bit set. No lengths at all mean that every length is possible.
func lengthBits(lengths []int32) uint32 {
	if len(lengths) == 0 {
		return ^uint32(0)
	}
	var bits uint32
	for _, n := range lengths {
		if n >= 0 && n < 32 {
			bits |= 1 << n
		}
	}
	return bits
}

func compilePattern(pattern string) (*digitDFA, error) {
	expression, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, err
	}
	return compileDigits([]*syntax.Regexp{expression})
}

// compileTrunk compiles a national prefix rule. A rule with a transformation rewrites the numbers for which its last
// group takes part in the match; alternatives without a group only name prefixes to cut off.
func compileTrunk(pattern, transform string) (trunkPrefix, error) {
	if pattern == "" {
		return trunkPrefix{none: true}, nil
	}
	expression, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return trunkPrefix{}, err
	}
	alternatives := []*syntax.Regexp{expression}
	if expression.Op == syntax.OpAlternate {
		alternatives = expression.Sub
	}
	var plain, whole, beginning []*syntax.Regexp
	for _, alternative := range alternatives {
		rewrites := transform != "" && (alternative.MaxCap() > 0 || expression.MaxCap() == 0)
		body, anchored := cutEndAnchor(alternative)
		switch {
		case rewrites && anchored:
			whole = append(whole, body)
		case rewrites:
			with, without := splitOptional(alternative)
			beginning = append(beginning, with)
			if without != nil {
				plain = append(plain, without)
			}
		default:
			plain = append(plain, alternative)
		}
	}
	rule := trunkPrefix{longest: len(plain) == 1 && plain[0].Op == syntax.OpQuest && plain[0].Flags&syntax.NonGreedy == 0 && plain[0].Sub[0].Op == syntax.OpLiteral}
	if rule.plain, err = compileDigits([]*syntax.Regexp{oneOf(plain)}); err != nil {
		return trunkPrefix{}, err
	}
	rule.special, err = compileDigits([]*syntax.Regexp{oneOf(whole), oneOf(beginning)})
	return rule, err
}

// splitOptional parts an expression whose only groups stand in one optional piece, as 0(?:(11)15)? in Argentina, into the
// expression with the piece, which rewrites, and the one without it, which does not (nil when there is no such piece).
func splitOptional(re *syntax.Regexp) (with, without *syntax.Regexp) {
	if re.Op != syntax.OpConcat {
		return re, nil
	}
	at := -1
	for i, sub := range re.Sub {
		if sub.MaxCap() == 0 {
			continue
		}
		if at >= 0 || sub.Op != syntax.OpQuest {
			return re, nil
		}
		at = i
	}
	if at < 0 {
		return re, nil
	}
	with = &syntax.Regexp{Op: syntax.OpConcat, Flags: re.Flags, Sub: slices.Concat(re.Sub[:at], re.Sub[at].Sub, re.Sub[at+1:])}
	rest := slices.Concat(re.Sub[:at], re.Sub[at+1:])
	if len(rest) == 1 {
		return with, rest[0]
	}
	return with, &syntax.Regexp{Op: syntax.OpConcat, Flags: re.Flags, Sub: rest}
}

// cutEndAnchor takes the $ off the end of an expression.
func cutEndAnchor(re *syntax.Regexp) (*syntax.Regexp, bool) {
	n := len(re.Sub)
	if re.Op != syntax.OpConcat || n < 2 || re.Sub[n-1].Op != syntax.OpEndText {
		return re, false
	}
	return &syntax.Regexp{Op: syntax.OpConcat, Sub: re.Sub[:n-1], Flags: re.Flags}, true
}

// oneOf returns the alternation of expressions, nil for none.
func oneOf(expressions []*syntax.Regexp) *syntax.Regexp {
	switch len(expressions) {
	case 0:
		return nil
	case 1:
		return expressions[0]
	}
	return &syntax.Regexp{Op: syntax.OpAlternate, Sub: expressions}
}
