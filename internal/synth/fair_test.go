package synth_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/nyaruka/phonenumbers"

	"github.com/contactmerge/contactmerge/internal/synth"
)

// fact is what an exact engine can see of a contact that holds some identity.
type fact struct {
	contact synth.Contact
	name    string // tokens in order of the alphabet, empty when missing
}

// TestTruthIsFair plays an exact engine: wherever two contacts of different people share an email, a number or a channel id,
// their names must be there and differ, or their birthdates must. Only the scenes marked undecidable may break this.
func TestTruthIsFair(t *testing.T) {
	contacts := 25_000
	if testing.Short() {
		contacts = 8_000
	}
	for _, profile := range synth.Profiles() {
		t.Run(profile, func(t *testing.T) {
			if testing.Short() && profile != "nasty" {
				t.Skip("one profile is enough in short mode")
			}
			holders := holdersByKey(t, synth.Config{Contacts: contacts, Seed: 11, Profile: profile})
			for key, facts := range holders {
				if strings.HasPrefix(key, "cookie ") { // never proves anything
					continue
				}
				for i, a := range facts {
					for _, b := range facts[:i] {
						if a.contact.Person != b.contact.Person && !decidable(a, b) {
							t.Errorf("%s: contacts %s (%s) and %s (%s) cannot be told apart", key, a.contact.ID, a.contact.Kind, b.contact.ID, b.contact.Kind)
						}
					}
				}
			}
		})
	}
}

func decidable(a, b fact) bool {
	if strings.Contains(a.contact.Kind, "undecidable") && strings.Contains(b.contact.Kind, "undecidable") {
		return true
	}
	if a.name != "" && b.name != "" && a.name != b.name {
		return true
	}
	return a.name != "" && b.name != "" && a.contact.Birthdate != "" && b.contact.Birthdate != "" && a.contact.Birthdate != b.contact.Birthdate
}

func holdersByKey(t *testing.T, cfg synth.Config) map[string][]fact {
	t.Helper()
	g, err := synth.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	holders := map[string][]fact{}
	for c, identities := range g.All() {
		f := fact{contact: c, name: plainName(c)}
		keys := []string{emailKey(c.Email), phoneKey(c.Phone, c)}
		for _, id := range identities {
			switch id.Channel {
			case "email":
				keys = append(keys, emailKey(id.Value))
			case "phone", "sms", "whatsapp":
				keys = append(keys, phoneKey(id.Value, c))
			default:
				keys = append(keys, id.Channel+" "+id.Value)
			}
		}
		slices.Sort(keys)
		for _, key := range slices.Compact(keys) {
			if key != "" {
				holders[key] = append(holders[key], f)
			}
		}
	}
	return holders
}

func emailKey(email string) string {
	email = strings.ToLower(strings.TrimSpace(email))
	local, domain, ok := strings.Cut(email, "@")
	role := []string{"info", "sales", "support", "office", "contact", "hello", "test", "noreply", "none", "asdf", "no", "a", "noemail"}
	if !ok || slices.Contains(role, local) {
		return ""
	}
	return "email " + local + "@" + domain
}

func phoneKey(text string, c synth.Contact) string {
	if strings.Contains(c.Kind, "junk_phone") {
		return ""
	}
	text = strings.TrimPrefix(strings.TrimSpace(text), "Tel. ")
	if c.Source == "whatsapp" && text != "" && !strings.HasPrefix(text, "+") {
		text = "+" + text
	}
	parsed, err := phonenumbers.Parse(text, c.Country)
	if err != nil || !phonenumbers.IsValidNumber(parsed) {
		return ""
	}
	key := "phone " + phonenumbers.Format(parsed, phonenumbers.E164)
	if ext := parsed.GetExtension(); ext != "" {
		key += " x" + ext
	}
	return key
}

func plainName(c synth.Contact) string {
	if strings.Contains(c.Kind, "filler_name") || strings.Contains(c.Kind, "name_is_") {
		return ""
	}
	words := strings.FieldsFunc(strings.ToLower(c.FirstName+" "+c.LastName), func(r rune) bool {
		return !unicode.IsLetter(r) && r != '\''
	})
	slices.Sort(words)
	return strings.Join(words, " ")
}

// Every contact but those marked unlinked shares an exact identity, or a damaged one, with another contact of its person.
func TestPeopleAreLinked(t *testing.T) {
	const contacts = 4_000
	cfg := synth.Config{Contacts: contacts, Seed: 3}
	linked := map[string]bool{}
	for _, facts := range holdersByKey(t, cfg) {
		for i, a := range facts {
			for _, b := range facts[:i] {
				if a.contact.Person == b.contact.Person {
					linked[a.contact.ID], linked[b.contact.ID] = true, true
				}
			}
		}
	}
	g, err := synth.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	size := map[string]int{}
	for c := range g.All() {
		size[c.Person]++
	}
	further, lost := 0, 0
	for c := range g.All() {
		if size[c.Person] > 1 {
			further++
			if !linked[c.ID] {
				lost++
			}
		}
	}
	share := float64(lost) / float64(further)
	t.Logf("%d contacts of people with several, %.1f %% without an exact link", further, 100*share)
	if share > 0.15 {
		t.Errorf("%.1f %% of the contacts of people with several share no exact identity, want at most 15 %%", 100*share)
	}
}
