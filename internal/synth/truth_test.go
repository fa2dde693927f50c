package synth_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/contactmerge/contactmerge/internal/synth"
)

func TestTruthIsConsistent(t *testing.T) {
	const contacts = 12_000
	g, err := synth.New(synth.Config{Contacts: contacts, Seed: 8})
	if err != nil {
		t.Fatal(err)
	}
	seen := make([]bool, contacts+1)
	names := map[string]string{}
	neighbours, before := 0, ""
	for c, identities := range g.All() {
		id, err := strconv.Atoi(c.ID)
		if err != nil || id < 1 || id > contacts || seen[id] {
			t.Fatalf("id %q is not a new number up to %d", c.ID, contacts)
		}
		seen[id] = true
		if name, ok := names[c.Person]; ok && name != c.TrueName {
			t.Errorf("person %s has two true names", c.Person)
		}
		names[c.Person] = c.TrueName
		if c.Person == before {
			neighbours++
		}
		before = c.Person
		checkTimes(t, c, identities)
		checkIdentities(t, c, identities)
	}
	if neighbours > 3 {
		t.Errorf("%d contacts stand next to another of the same person: the order leaks the truth", neighbours)
	}
	if text := generate(t, synth.Config{Contacts: 500}).contacts.String(); strings.Contains(text, "household") || strings.Contains(text, ",P1") {
		t.Error("contacts.csv shows the truth")
	}
}

func checkTimes(t *testing.T, c synth.Contact, identities []synth.Identity) {
	t.Helper()
	created := parseTime(t, c.CreatedAt)
	if parseTime(t, c.UpdatedAt).Before(created) {
		t.Errorf("contact %s is updated before it is created", c.ID)
	}
	for _, id := range identities {
		first, last := parseTime(t, id.FirstSeen), parseTime(t, id.LastSeen)
		if first.Before(created) || last.Before(first) {
			t.Errorf("contact %s: identity seen from %s to %s, contact created %s", c.ID, id.FirstSeen, id.LastSeen, c.CreatedAt)
		}
	}
}

func parseTime(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func checkIdentities(t *testing.T, c synth.Contact, identities []synth.Identity) {
	t.Helper()
	seen := map[string]bool{}
	for _, id := range identities {
		key := id.Channel + "\x00" + id.Value
		if id.ContactID != c.ID || id.Value == "" || seen[key] {
			t.Errorf("contact %s: %s identity is empty, foreign or there twice", c.ID, id.Channel)
		}
		seen[key] = true
	}
}

func TestHardNamesWhatStrangersShare(t *testing.T) {
	tests := []struct {
		name string
		a, b synth.Contact
		want string
	}{
		{"household", synth.Contact{Person: "P1", Kind: "household:H1;twins"}, synth.Contact{Person: "P2", Kind: "household:H1;twins"}, "household:H1"},
		{"role behind another kind", synth.Contact{Person: "P1", Kind: "junk_phone;role:info@x"}, synth.Contact{Person: "P2", Kind: "role:info@x"}, "role:info@x"},
		{"same person", synth.Contact{Person: "P1", Kind: "household:H1"}, synth.Contact{Person: "P1", Kind: "household:H1"}, ""},
		{"other household", synth.Contact{Person: "P1", Kind: "household:H1"}, synth.Contact{Person: "P2", Kind: "household:H2"}, ""},
		{"plain kinds do not count", synth.Contact{Person: "P1", Kind: "person"}, synth.Contact{Person: "P2", Kind: "person"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := synth.Hard(tt.a, tt.b); got != tt.want {
				t.Errorf("Hard = %q, want %q", got, tt.want)
			}
			if got := synth.Hard(tt.b, tt.a); got != tt.want {
				t.Errorf("Hard turned around = %q, want %q", got, tt.want)
			}
		})
	}
}

// A number that changed owner is held by two people who never had it at the same time.
func TestRecycledNumbersChangeHands(t *testing.T) {
	g, err := synth.New(synth.Config{Contacts: 20_000, Seed: 10})
	if err != nil {
		t.Fatal(err)
	}
	type hold struct {
		person      string
		first, last time.Time
	}
	holds := map[string][]hold{}
	for c, identities := range g.All() {
		if !strings.HasPrefix(c.Kind, "recycled") || !strings.Contains(c.Kind, "shared_phone") {
			continue
		}
		for _, id := range identities {
			if id.Channel == "phone" || id.Channel == "sms" || id.Channel == "whatsapp" {
				scene, _, _ := strings.Cut(c.Kind, ";")
				holds[scene] = append(holds[scene], hold{c.Person, parseTime(t, id.FirstSeen), parseTime(t, id.LastSeen)})
			}
		}
	}
	changed := 0
	for scene, list := range holds {
		for i, a := range list {
			for _, b := range list[:i] {
				if a.person == b.person {
					continue
				}
				changed++
				if a.first.Before(b.last) && b.first.Before(a.last) {
					t.Errorf("%s: two people held the number at once", scene)
				}
			}
		}
	}
	if changed < 20 {
		t.Errorf("%d numbers changed hands, want at least 20", changed)
	}
}

// Father and son bear one full name; where they share a line their birthdates are there to tell them apart.
func TestJuniorAndSeniorCanBeToldApart(t *testing.T) {
	g, err := synth.New(synth.Config{Contacts: 40_000, Seed: 9})
	if err != nil {
		t.Fatal(err)
	}
	names, lines := map[string]map[string]string{}, 0
	for c := range g.All() {
		if !strings.Contains(c.Kind, "junior_senior") {
			continue
		}
		house, _, _ := strings.Cut(c.Kind, ";")
		if names[house] == nil {
			names[house] = map[string]string{}
		}
		names[house][c.Person] = strings.TrimSuffix(strings.TrimSuffix(c.TrueName, " Jr"), " Sr")
		if strings.Contains(c.Kind, "shared_") {
			lines++
			if len(c.Birthdate) != len("2000-01-01") || c.Birthdate == "1900-01-01" {
				t.Errorf("contact %s shares a line but has birthdate %q", c.ID, c.Birthdate)
			}
		}
	}
	if lines == 0 {
		t.Error("no father and son share a line")
	}
	for house, members := range names {
		full := ""
		for _, name := range members {
			if full != "" && name != full {
				t.Errorf("%s: father and son have two names", house)
			}
			full = name
		}
	}
}
