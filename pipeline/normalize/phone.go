package normalize

import (
	"fmt"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// LineType is what kind of line a phone number belongs to, by the numbering plan.
type LineType uint8

// The line types. North America has one range for both kinds, so its numbers are FixedOrMobile.
const (
	UnknownLine LineType = iota
	Mobile
	FixedLine
	FixedOrMobile
	TollFree
	VoIP
	OtherLine
)

var lineNames = [...]string{"unknown", "mobile", "fixed_line", "fixed_or_mobile", "toll_free", "voip", "other"}

// String returns the stable lower-case name of t.
func (t LineType) String() string {
	if int(t) < len(lineNames) {
		return lineNames[t]
	}
	return "unknown"
}

// Phone is a phone number in comparable form.
type Phone struct {
	E164      string // "+12025550144"; empty when no country is known or the number is not valid
	Extension string // digits
	Key       string // the exact key: E164 and the extension; empty unless the number is certain
	Derived   string // the number without national variants; equal to Key when no rule applied
	National  string // national digits without variants: what a number of unknown region can share with this one
	Forms     Forms
	Region    string // ISO 3166 alpha-2 of the number, empty when unknown
	Line      LineType
	Status    Status
}

// PhoneConfig says how numbers without an international prefix are read. The zero value guesses no region.
type PhoneConfig struct {
	DefaultRegion      string `yaml:"default_region" json:"default_region"`             // ISO 3166 alpha-2 for records without a country
	TrustDefaultRegion bool   `yaml:"trust_default_region" json:"trust_default_region"` // the operator vouches that such records are of that region
	MemoEntries        int    `yaml:"memo_entries" json:"-"`                            // answers of the library remembered; 0 means 16,384
}

// WithDefaults returns a copy of c with the memo size filled in and the region in upper case.
func (c PhoneConfig) WithDefaults() PhoneConfig {
	if c.MemoEntries <= 0 {
		c.MemoEntries = 1 << 14 // about 2 MB when full; the tables answer for most numbers, and need no memo
	}
	c.DefaultRegion = strings.ToUpper(strings.TrimSpace(c.DefaultRegion))
	return c
}

// Validate reports a default region that has no numbering plan. Numbers would be read as if there were none.
func (c PhoneConfig) Validate() error {
	if c.DefaultRegion != "" && supportedRegion(c.DefaultRegion) == "" {
		return fmt.Errorf("default_region %q is not a country code such as US or DE", c.DefaultRegion)
	}
	return nil
}

// PhoneParser parses phone numbers. It keeps a memo and is therefore not safe for concurrent use: each worker creates
// its own.
type PhoneParser struct {
	config PhoneConfig
	memo   map[string]numberReading // what the library said, by region and number
}

// phoneQuery is everything the answer for a number depends on, once extension and decoration are cut off.
type phoneQuery struct {
	number  string // digits, with a leading plus when the prefix was international
	country string
	bare    bool // international digits without a plus are what to expect, as gateways send them
}

// NewPhoneParser returns a parser for config.
func NewPhoneParser(config PhoneConfig) *PhoneParser {
	config = config.WithDefaults()
	config.DefaultRegion = supportedRegion(config.DefaultRegion)
	return &PhoneParser{config: config, memo: make(map[string]numberReading)}
}

// Parse returns the comparable forms of raw, read with the country of its record (ISO 3166 alpha-2, or empty). When
// raw lists several numbers, the first one counts.
func (p *PhoneParser) Parse(raw, country string) Phone {
	return p.parse(raw, country, false)
}

// ParseWhatsApp returns the comparable forms of a WhatsApp or SMS gateway id: international digits, with or without a
// plus, possibly followed by a host ("5215555550123@c.us"). Such ids are certain, so MissingPlus is not a form here.
func (p *PhoneParser) ParseWhatsApp(raw, country string) Phone {
	id := strings.ToLower(clean(capRunes(raw)))
	for _, scheme := range [...]string{"whatsapp:", "sms:", "smsto:", "https://", "http://", "wa.me/", "api.whatsapp.com/send?phone="} {
		id = strings.TrimPrefix(id, scheme)
	}
	if local, host, ok := strings.Cut(id, "@"); ok {
		switch host {
		case "c.us", "s.whatsapp.net":
			id, _, _ = strings.Cut(local, ":") // 5215555550123:12@… names a device of that number
		default:
			return Phone{Status: Invalid} // g.us is a group, lid an id that is no number
		}
	}
	return p.parse(id, country, true)
}

func (p *PhoneParser) parse(raw, country string, bare bool) Phone {
	if len(raw) > maxRunes {
		return Phone{Status: Invalid}
	}
	country = supportedRegion(country)
	if whole, ok := strings.CutSuffix(raw, ".0"); ok && countDigits(whole) == len(whole) {
		raw = whole // a spreadsheet took the number for one to reckon with
	}
	var digits [maxPhoneDigits + 1]byte
	if number := plainNumber(digits[:0], raw); number != nil {
		return p.resolve(phoneQuery{string(number), country, bare})
	}
	text := strings.ToLower(clean(raw))
	if text == "" {
		return Phone{Status: Missing}
	}
	if strings.Contains(text, "@") {
		return Phone{Status: Misplaced}
	}
	base, extension := cutExtension(cutTrailingLabels(text))
	base = p.firstNumber(base, country, bare)
	number, status := phoneDigits(base)
	if status != OK {
		return Phone{Status: status}
	}
	phone := p.resolve(phoneQuery{number, country, bare})
	phone.setExtension(extension)
	return phone
}

// setExtension adds the extension to every key: two people at one switchboard share no number.
func (p *Phone) setExtension(extension string) {
	if extension == "" || p.Status != OK {
		return
	}
	p.Extension = extension
	for _, key := range [...]*string{&p.Key, &p.Derived, &p.National} {
		if *key != "" {
			*key += ";ext=" + extension
		}
	}
}

// supportedRegion returns the region code in upper case, empty when the library has no numbering plan for it.
func supportedRegion(region string) string {
	if region == "" {
		return ""
	}
	region = strings.ToUpper(strings.TrimSpace(region))
	if len(region) != 2 || phonenumbers.GetCountryCodeForRegion(region) == 0 {
		return ""
	}
	return region
}
