package synth

import (
	"fmt"
	"iter"
	"sort"
)

// Contact is one record as the company's database holds it, together with the truth about it.
type Contact struct {
	// ID is the record's key: its number in shuffled order, decimal digits.
	ID string
	// Person is truth: who this is. Never part of contacts.csv.
	Person string
	// Kind is truth: the hard cases the contact belongs to, joined by ";" ("person" when it is none of them).
	Kind string
	// TrueName is truth: the person's full name, undamaged.
	TrueName string
	// Damage is truth: what was done to the record, in a fixed order.
	Damage []string

	// Source is the channel that created the contact.
	Source string

	// Title, FirstName, MiddleName, LastName and Suffix are the name as recorded. contacts.csv has no columns for
	// middle name and suffix; they follow the first and the last name there.
	Title, FirstName, MiddleName, LastName, Suffix string
	// Email, Phone, Birthdate and Gender are as recorded; empty is not known.
	Email, Phone, Birthdate, Gender string
	// Company and the address are as recorded.
	Company, Street, City, State, Postcode, Country string
	// VIP, Blocked and OptOut are the contact's flags.
	VIP, Blocked, OptOut bool
	// CreatedAt and UpdatedAt are RFC 3339 in UTC, counted from a fixed epoch. They rise with the id.
	CreatedAt, UpdatedAt string
}

// Identity is one channel address of a contact.
type Identity struct {
	// ContactID is the contact that lists the identity.
	ContactID string
	// Channel is email, phone, sms, whatsapp, facebook, twitter, wechat, telegram, sso or cookie.
	Channel string
	// Value is spelled as that channel delivers it.
	Value string
	// Verified says that the channel proved the person holds it.
	Verified bool
	// FirstSeen and LastSeen are RFC 3339 in UTC.
	FirstSeen, LastSeen string
}

// Generator makes contacts in the order of their ids. It is not safe for concurrent use.
type Generator struct {
	cfg          Config
	locales      []*locale
	localeShares []float64
	sceneShares  [undecidable + 1]float64
	starts       []uint32 // first slot of every scene
	ids          permutation
	phoneCodes   permutation // two numbers for every slot, and one for the scene that starts there
	mailCodes    permutation // two addresses for every slot
	people       permutation

	sceneDice, personDice, contactDice dice

	person     person // scratch of the contact being made
	identities []Identity
	next       int
}

// New plans the world of a configuration.
func New(cfg Config) (*Generator, error) {
	cfg = cfg.WithDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("checking the configuration: %w", err)
	}
	locales, err := loadLocales()
	if err != nil {
		return nil, fmt.Errorf("loading locales: %w", err)
	}
	n, seed := uint64(cfg.Contacts), cfg.Seed
	g := &Generator{
		cfg: cfg, locales: locales,
		ids:        newPermutation(n, mix(seed+1)),
		phoneCodes: newPermutation(3*n, mix(seed+2)),
		mailCodes:  newPermutation(2*n, mix(seed+3)),
		people:     newPermutation(n, mix(seed+4)),
		sceneDice:  newDice(), personDice: newDice(), contactDice: newDice(),
	}
	for _, l := range locales {
		g.localeShares = append(g.localeShares, l.weight)
	}
	r := &cfg.Rates
	g.sceneShares = [...]float64{
		0, r.Household, r.Colleagues, r.RoleMailbox, r.Kiosk, r.Recycled, r.Namesakes, r.Anonymous, r.Undecidable,
	}
	rest := 1.0
	for _, share := range g.sceneShares {
		rest -= share
	}
	g.sceneShares[alone] = max(rest, 0)
	for slot := 0; slot < cfg.Contacts; {
		g.starts = append(g.starts, uint32(slot))
		s := g.castScene(slot)
		slot += s.size()
	}
	return g, nil
}

// Config returns the configuration in force, defaults filled.
func (g *Generator) Config() Config { return g.cfg }

// Next returns the next contact and its identities, false at the end. The identities are valid until the next call.
func (g *Generator) Next() (Contact, []Identity, bool) {
	if g.next >= g.cfg.Contacts {
		return Contact{}, nil, false
	}
	c, identities := g.at(g.next)
	g.next++
	return c, identities, true
}

// Rewind makes Next start over.
func (g *Generator) Rewind() { g.next = 0 }

// All yields every contact from the first, with identities that are valid until the next one.
func (g *Generator) All() iter.Seq2[Contact, []Identity] {
	return func(yield func(Contact, []Identity) bool) {
		for i := range g.cfg.Contacts {
			if !yield(g.at(i)) {
				return
			}
		}
	}
}

// at makes the contact with id index+1.
func (g *Generator) at(index int) (Contact, []Identity) {
	slot := int(g.ids.at(uint64(index)))
	at := sort.Search(len(g.starts), func(i int) bool { return int(g.starts[i]) > slot }) - 1
	s := g.castScene(int(g.starts[at]))
	g.setScene(&s)
	member, start, ordinal := s.member(slot)
	p := g.personAt(&s, member, start)
	return g.write(p, index, slot, ordinal)
}

// indexOf is the place of a slot in the order of ids, which is also the order of creation.
func (g *Generator) indexOf(slot int) int { return int(g.ids.origin(uint64(slot))) }
