package synth_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/contactmerge/contactmerge/internal/synth"
)

// counts is what a world looks like from above.
type counts struct {
	contacts, damaged, identities, vip, blocked, dupes int
	people, sources, channels, damage, kinds, country  map[string]int
}

func count(t *testing.T, cfg synth.Config) counts {
	t.Helper()
	g, err := synth.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	n := counts{
		people: map[string]int{}, sources: map[string]int{}, channels: map[string]int{}, damage: map[string]int{},
		kinds: map[string]int{}, country: map[string]int{},
	}
	for c, identities := range g.All() {
		n.contacts++
		if n.people[c.Person]++; n.people[c.Person] > 1 {
			n.dupes++
		}
		n.sources[c.Source]++
		n.country[c.Country]++
		for _, name := range c.Damage {
			n.damage[name]++
		}
		for kind := range strings.SplitSeq(c.Kind, ";") {
			kind, _, _ = strings.Cut(kind, ":")
			n.kinds[kind]++
		}
		for _, id := range identities {
			n.channels[id.Channel]++
			n.identities++
		}
		n.vip += boolInt(c.VIP)
		n.blocked += boolInt(c.Blocked)
		n.damaged += boolInt(len(c.Damage) > 0)
	}
	return n
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestWorldIsAsDocumented(t *testing.T) {
	n := count(t, synth.Config{Contacts: 40_000, Seed: 2})
	share := func(name string, part int, low, high float64) {
		t.Helper()
		if got := float64(part) / float64(n.contacts); got < low || got > high {
			t.Errorf("%s: %.4f of the contacts, want %.4f to %.4f", name, got, low, high)
		}
	}
	if n.contacts != 40_000 {
		t.Fatalf("%d contacts, want 40000", n.contacts)
	}
	share("further contacts of a person", n.dupes, 0.20, 0.26)
	share("households", n.kinds["household"], 0.12, 0.28)
	share("colleagues", n.kinds["switchboard"], 0.03, 0.12)
	share("role mailboxes", n.kinds["role"], 0.01, 0.04)
	share("recycled numbers", n.kinds["recycled"], 0.005, 0.03)
	share("namesakes", n.kinds["namesake"], 0.01, 0.04)
	share("kiosk", n.kinds["kiosk"], 0.005, 0.03)
	share("anonymous", n.kinds["anonymous"], 0.01, 0.05)
	share("shared phones", n.kinds["shared_phone"], 0.03, 0.12)
	share("identities", n.identities, 1.1, 1.9)
	share("VIP", n.vip, 0.002, 0.01)
	share("blocked", n.blocked, 0.001, 0.01)
	share("damaged", n.damaged, 0.6, 0.95)
	share("undecidable", n.kinds["undecidable"], 0, 0.0002)
	for _, kind := range []string{
		"person", "shared_email", "junior_senior", "twins", "filler_name", "name_is_phone", "name_is_email", "junk_email", "junk_phone", "unlinked",
	} {
		if n.kinds[kind] == 0 {
			t.Errorf("kind %s: none", kind)
		}
	}
	for _, name := range synth.DamageNames() {
		if n.damage[name] == 0 {
			t.Errorf("damage %s: none", name)
		}
	}
	for _, source := range strings.Fields("crm import web email voice sms whatsapp facebook twitter wechat telegram chat sso") {
		if n.sources[source] == 0 {
			t.Errorf("source %s: none", source)
		}
	}
	for _, channel := range strings.Fields("email phone sms whatsapp facebook twitter wechat telegram cookie sso") {
		if n.channels[channel] == 0 {
			t.Errorf("channel %s: none", channel)
		}
	}
	if len(n.country) < 13 { // and one for the contacts whose country nobody asked
		t.Errorf("%d countries, want at least 12", len(n.country)-1)
	}
	for size := 1; size <= 6; size++ {
		if !slices.Contains(values(n.people), size) {
			t.Errorf("nobody has %d contacts", size)
		}
	}
}

func values(m map[string]int) []int {
	var list []int
	for _, v := range m {
		list = append(list, v)
	}
	return list
}

// Turning one rate up must show in the data, turning it to zero must remove it.
func TestRatesRule(t *testing.T) {
	base, err := synth.ProfileRates("crm")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		damage string
		set    func(r *synth.Rates, rate float64)
	}{
		{"case", func(r *synth.Rates, rate float64) { r.Case = rate }},
		{"whitespace", func(r *synth.Rates, rate float64) { r.Whitespace = rate }},
		{"diacritics", func(r *synth.Rates, rate float64) { r.Diacritics = rate }},
		{"name_typo", func(r *synth.Rates, rate float64) { r.NameTypo = rate }},
		{"ocr", func(r *synth.Rates, rate float64) { r.OCR = rate }},
		{"phonetic", func(r *synth.Rates, rate float64) { r.Phonetic = rate }},
		{"nickname", func(r *synth.Rates, rate float64) { r.Nickname = rate }},
		{"initial", func(r *synth.Rates, rate float64) { r.Initial = rate }},
		{"swapped", func(r *synth.Rates, rate float64) { r.Swapped = rate }},
		{"whole_name", func(r *synth.Rates, rate float64) { r.WholeName = rate }},
		{"other_script", func(r *synth.Rates, rate float64) { r.OtherScript = rate }},
		{"name_changed", func(r *synth.Rates, rate float64) { r.NameChanged = rate }},
		{"filler_name", func(r *synth.Rates, rate float64) { r.FillerName = rate }},
		{"name_is_phone", func(r *synth.Rates, rate float64) { r.NameIsPhone = rate }},
		{"name_is_email", func(r *synth.Rates, rate float64) { r.NameIsEmail = rate }},
		{"title_in_name", func(r *synth.Rates, rate float64) { r.TitleInName = rate }},
		{"missing_field", func(r *synth.Rates, rate float64) { r.MissingField = rate }},
		{"email_case", func(r *synth.Rates, rate float64) { r.EmailCase = rate }},
		{"email_tag", func(r *synth.Rates, rate float64) { r.EmailTag = rate }},
		{"gmail_dots", func(r *synth.Rates, rate float64) { r.GmailDots = rate }},
		{"email_domain_typo", func(r *synth.Rates, rate float64) { r.EmailDomainTypo = rate }},
		{"email_typo", func(r *synth.Rates, rate float64) { r.EmailTypo = rate }},
		{"changed_email", func(r *synth.Rates, rate float64) { r.ChangedEmail = rate }},
		{"junk_email", func(r *synth.Rates, rate float64) { r.JunkEmail = rate }},
		{"look_alike", func(r *synth.Rates, rate float64) { r.LookAlikeLetters = rate }},
		{"phone_spelling", func(r *synth.Rates, rate float64) { r.PhoneSpelling = rate }},
		{"phone_extension", func(r *synth.Rates, rate float64) { r.PhoneExtension = rate }},
		{"old_plan", func(r *synth.Rates, rate float64) { r.OldPlan = rate }},
		{"phone_typo", func(r *synth.Rates, rate float64) { r.PhoneTypo = rate }},
		{"changed_phone", func(r *synth.Rates, rate float64) { r.ChangedPhone = rate }},
		{"junk_phone", func(r *synth.Rates, rate float64) { r.JunkPhone = rate }},
		{"birthdate_format", func(r *synth.Rates, rate float64) { r.BirthdateFormat = rate }},
		{"birthdate_swapped", func(r *synth.Rates, rate float64) { r.BirthdateSwapped = rate }},
		{"birthdate_typo", func(r *synth.Rates, rate float64) { r.BirthdateTypo = rate }},
		{"birthdate_default", func(r *synth.Rates, rate float64) { r.BirthdateDefault = rate }},
		{"moved", func(r *synth.Rates, rate float64) { r.Moved = rate }},
		{"address_abbrev", func(r *synth.Rates, rate float64) { r.AddressAbbrev = rate }},
	}
	usual := count(t, synth.Config{Contacts: 1200, Seed: 6, Rates: base})
	for _, tt := range tests {
		t.Run(tt.damage, func(t *testing.T) {
			t.Parallel()
			often, never := base, base
			tt.set(&often, 0.9)
			tt.set(&never, 0)
			cfg := synth.Config{Contacts: 1200, Seed: 6}
			cfg.Rates = never
			if got := count(t, cfg).damage[tt.damage]; got != 0 && tt.damage != "phone_spelling" { // WhatsApp digits stay
				t.Errorf("rate 0 left %d", got)
			}
			cfg.Rates = often
			if many, some := count(t, cfg).damage[tt.damage], usual.damage[tt.damage]; many <= some {
				t.Errorf("rate 0.9 gave %d, the default %d", many, some)
			}
		})
	}
}

func TestScenesFollowTheirShares(t *testing.T) {
	rates, err := synth.ProfileRates("clean")
	if err != nil {
		t.Fatal(err)
	}
	rates.Undecidable, rates.Household = 0.5, 0
	n := count(t, synth.Config{Contacts: 4000, Rates: rates})
	if n.kinds["undecidable"] < 800 {
		t.Errorf("%d undecidable contacts at a share of one half", n.kinds["undecidable"])
	}
	if n.kinds["household"] != 0 {
		t.Errorf("%d household contacts at a share of zero", n.kinds["household"])
	}
}

func TestValidateListsEveryProblem(t *testing.T) {
	tests := []struct {
		name string
		cfg  synth.Config
		want []string
	}{
		{"zero value", synth.Config{}, nil},
		{"negative", synth.Config{Contacts: -1}, []string{"contacts: -1"}},
		{"profile", synth.Config{Profile: "dirty"}, []string{`profile "dirty" is unknown`}},
		{
			"rates",
			synth.Config{Rates: synth.Rates{Case: 2, Household: 0.7, Colleagues: 0.7}},
			[]string{"ContactsPerPerson", "rate Case: 2", "more than 1"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := synth.New(tt.cfg)
			if (err != nil) != (tt.want != nil) {
				t.Fatalf("error %v, want one: %v", err, tt.want != nil)
			}
			for _, part := range tt.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q does not say %q", err, part)
				}
			}
		})
	}
}
