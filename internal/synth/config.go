package synth

import (
	"errors"
	"fmt"
	"math"
	"reflect"
)

// DefaultContacts is how many contacts a zero Config makes: the size of the demo.
const DefaultContacts = 5000

// MaxContacts bounds a run: beyond it two people could be given one phone number in the smaller numbering plans.
const MaxContacts = 20_000_000

// Config says how much to generate and how dirty it is. The zero value is the demo: 5,000 contacts of profile crm.
type Config struct {
	// Contacts is the number of contacts, not of people; about a quarter of them are further contacts of a person.
	Contacts int
	// Seed picks one of 2^64 worlds. Same Contacts, Seed and Rates: same bytes.
	Seed uint64
	// Profile names the preset that fills Rates: crm (default), clean or nasty.
	Profile string
	// Rates replaces the preset as a whole when it is not the zero value.
	Rates Rates
}

// Rates holds every probability of the generator. Scene shares are per scene, all others per contact that could show it.
type Rates struct {
	// ContactsPerPerson weighs 1, 2, … 6 contacts. Default 82, 11, 4, 1.8, 0.8, 0.4: 23 % of contacts are further ones.
	ContactsPerPerson [6]float64

	// Shares of scenes; what is left is people on their own.
	Household   float64 // couples, families, twins, siblings, father and son; 0.08
	Colleagues  float64 // one company, one switchboard; 0.015
	RoleMailbox float64 // several people write from info@company; 0.008
	Kiosk       float64 // several people use one browser; 0.006
	Recycled    float64 // a phone number changes owner; 0.008
	Namesakes   float64 // same full name, same city, different people; 0.012
	Anonymous   float64 // a chat visitor nobody ever identified; 0.02
	// Undecidable scenes put an exact identity on two different people with equal or missing names. Nothing in the
	// data tells them apart, so they are kept below one contact in 100,000; 0.000004.
	Undecidable float64

	// JuniorSenior is the share of households that are father and son of one name; 0.06.
	JuniorSenior float64
	// Twins is the share of households that are twins; 0.06.
	Twins float64
	// Unlinked is the share of further contacts that show nothing but a name in common with the person's others; 0.02.
	Unlinked float64

	// Names.
	Case         float64 // all upper, all lower; 0.06
	Whitespace   float64 // padding, doubled and non-breaking spaces; 0.03
	Diacritics   float64 // é as e, ü as ue; of names that have any; 0.25
	NameTypo     float64 // neighbouring key, transposition, drop, doubling; 0.025
	OCR          float64 // rn for m, 0 for O; scanned imports; 0.008
	Phonetic     float64 // misheard on the phone; 0.01, ten times that for voice contacts
	Nickname     float64 // Bill for William; 0.08, nearly twice that for names that have any
	Initial      float64 // J. Smith; 0.02
	Swapped      float64 // last name first; 0.02
	WholeName    float64 // both names in the first-name field; 0.04, half of the social contacts
	OtherScript  float64 // Latin for Cyrillic, Greek, Chinese …; 0.25 of names that have another script
	NameChanged  float64 // people who changed or doubled their surname on marriage; 0.03
	FillerName   float64 // Guest User, Test, Unknown; 0.008
	NameIsPhone  float64 // phone number in the name field; 0.006
	NameIsEmail  float64 // mail address in the name field; 0.006
	TitleInName  float64 // "Dr." typed into the first name; 0.01
	MissingField float64 // each of company, address, birthdate … lost; 0.12

	// Emails.
	EmailCase        float64 // Jane.ROE@Example.com; 0.06
	EmailTag         float64 // jane+shop@…; 0.01
	GmailDots        float64 // j.ane@gmail.com; 0.06 of Gmail addresses
	EmailDomainTypo  float64 // gmial.com; 0.006
	EmailTypo        float64 // typo before the @; 0.004
	ChangedEmail     float64 // contact still holds the old address; 0.06
	JunkEmail        float64 // test@test.com; 0.012, four times that where a form or an agent asked and none is known
	LookAlikeLetters float64 // a Cyrillic а in a Latin address; 0.0005

	// Phones.
	PhoneSpelling  float64 // anything but E.164; 0.6
	PhoneExtension float64 // ext. 12 on a switchboard number; 0.6
	OldPlan        float64 // MX 521, AR 549, BR without its ninth digit; 0.15 of those countries' mobiles
	PhoneTypo      float64 // one digit wrong; 0.004
	ChangedPhone   float64 // contact still holds the old number; 0.05
	JunkPhone      float64 // 0000000000; 0.012, three times that where a form asked and none is known

	// Dates, places, flags.
	BirthdateFormat  float64 // 12.03.1984, 12 Mar 1984, 3/12/1984; 0.35
	BirthdateSwapped float64 // day and month exchanged; 0.015
	BirthdateTypo    float64 // a digit of the year wrong; 0.01
	BirthdateDefault float64 // 1900-01-01 or 1970-01-01; 0.02
	Moved            float64 // contact still holds the old address; 0.06
	AddressAbbrev    float64 // St for Street, upper case; 0.15
	VIP              float64 // people, not contacts; 0.005
	Blocked          float64 // people, not contacts; 0.004
	OptOut           float64 // contacts; 0.06
}

// Profiles lists the presets, mildest first.
func Profiles() []string { return []string{"clean", "crm", "nasty"} }

// ProfileRates returns the rates of a preset.
func ProfileRates(profile string) (Rates, error) {
	switch profile {
	case "", "crm":
		return crmRates(), nil
	case "clean":
		r := crmRates()
		scaleDamage(&r, 0.1)
		return r, nil
	case "nasty":
		r := crmRates()
		scaleDamage(&r, 3)
		r.Household, r.Colleagues, r.Recycled, r.Namesakes = 0.16, 0.05, 0.02, 0.04
		return r, nil
	}
	return Rates{}, fmt.Errorf("profile %q is unknown (clean, crm, nasty)", profile)
}

func crmRates() Rates {
	return Rates{
		ContactsPerPerson: [6]float64{82, 11, 4, 1.8, 0.8, 0.4},
		Household:         0.08, Colleagues: 0.015, RoleMailbox: 0.008, Kiosk: 0.006,
		Recycled: 0.008, Namesakes: 0.012, Anonymous: 0.02, Undecidable: 0.000004,
		JuniorSenior: 0.06, Twins: 0.06, Unlinked: 0.02,
		Case: 0.06, Whitespace: 0.03, Diacritics: 0.25, NameTypo: 0.025, OCR: 0.008, Phonetic: 0.01,
		Nickname: 0.08, Initial: 0.02, Swapped: 0.02, WholeName: 0.04, OtherScript: 0.25, NameChanged: 0.03,
		FillerName: 0.008, NameIsPhone: 0.006, NameIsEmail: 0.006, TitleInName: 0.01, MissingField: 0.12,
		EmailCase: 0.06, EmailTag: 0.01, GmailDots: 0.06, EmailDomainTypo: 0.006, EmailTypo: 0.004,
		ChangedEmail: 0.06, JunkEmail: 0.012, LookAlikeLetters: 0.0005,
		PhoneSpelling: 0.6, PhoneExtension: 0.6, OldPlan: 0.15, PhoneTypo: 0.004, ChangedPhone: 0.05, JunkPhone: 0.012,
		BirthdateFormat: 0.35, BirthdateSwapped: 0.015, BirthdateTypo: 0.01, BirthdateDefault: 0.02,
		Moved: 0.06, AddressAbbrev: 0.15, VIP: 0.005, Blocked: 0.004, OptOut: 0.06,
	}
}

// scaleDamage multiplies what dirties a contact and leaves who the people are, and how often they appear, alone.
func scaleDamage(r *Rates, by float64) {
	for _, rate := range []*float64{
		&r.Case, &r.Whitespace, &r.Diacritics, &r.NameTypo, &r.OCR, &r.Phonetic, &r.Nickname, &r.Initial, &r.Swapped,
		&r.WholeName, &r.OtherScript, &r.FillerName, &r.NameIsPhone, &r.NameIsEmail, &r.TitleInName, &r.MissingField,
		&r.EmailCase, &r.EmailTag, &r.GmailDots, &r.EmailDomainTypo, &r.EmailTypo, &r.ChangedEmail, &r.JunkEmail,
		&r.LookAlikeLetters, &r.PhoneSpelling, &r.OldPlan, &r.PhoneTypo, &r.ChangedPhone, &r.JunkPhone,
		&r.BirthdateFormat, &r.BirthdateSwapped, &r.BirthdateTypo, &r.BirthdateDefault, &r.Moved, &r.AddressAbbrev,
	} {
		*rate = min(*rate*by, 0.9)
	}
}

// WithDefaults returns a copy with the zero fields filled. An unknown profile is left for Validate to name.
func (c Config) WithDefaults() Config {
	if c.Contacts == 0 {
		c.Contacts = DefaultContacts
	}
	if c.Profile == "" {
		c.Profile = "crm"
	}
	if c.Rates == (Rates{}) {
		if rates, err := ProfileRates(c.Profile); err == nil {
			c.Rates = rates
		}
	}
	return c
}

// Validate reports everything that is wrong with the configuration at once.
func (c Config) Validate() error {
	var problems []error
	if c.Contacts < 0 || c.Contacts > MaxContacts {
		problems = append(problems, fmt.Errorf("contacts: %d is not between 1 and %d", c.Contacts, MaxContacts))
	}
	if _, err := ProfileRates(c.Profile); err != nil {
		problems = append(problems, err)
	}
	if c.Rates != (Rates{}) {
		problems = append(problems, c.Rates.validate())
	}
	return errors.Join(problems...)
}

func (r Rates) validate() error {
	var problems []error
	total := 0.0
	for _, weight := range r.ContactsPerPerson {
		if !(weight >= 0) || math.IsInf(weight, 0) {
			problems = append(problems, fmt.Errorf("rate ContactsPerPerson: weight %v is not zero or more", weight))
		}
		total += weight
	}
	if total == 0 {
		problems = append(problems, errors.New("rate ContactsPerPerson: the weights are all zero"))
	}
	v := reflect.ValueOf(r)
	for i := range v.NumField() {
		if v.Field(i).Kind() != reflect.Float64 {
			continue
		}
		if rate := v.Field(i).Float(); !(rate >= 0 && rate <= 1) {
			problems = append(problems, fmt.Errorf("rate %s: %v is not between 0 and 1", v.Type().Field(i).Name, rate))
		}
	}
	shares := r.Household + r.Colleagues + r.RoleMailbox + r.Kiosk + r.Recycled + r.Namesakes + r.Anonymous + r.Undecidable
	if shares > 1 {
		problems = append(problems, fmt.Errorf("scene shares add up to %v, more than 1", shares))
	}
	return errors.Join(problems...)
}
