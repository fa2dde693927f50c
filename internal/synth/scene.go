package synth

// sceneKind is the situation a few contacts share.
type sceneKind uint8

const (
	alone sceneKind = iota
	household
	colleagues
	roleMailbox
	kiosk
	recycled
	namesakes
	anonymous
	undecidable
)

// bond is what ties the members of a household.
type bond uint8

const (
	family bond = iota
	juniorSenior
	twins
)

const (
	maxMembers  = 8
	maxContacts = 6 // of one person
)

// scene is a run of neighbouring slots whose people have something to do with each other.
type scene struct {
	kind    sceneKind
	bond    bond
	first   int // slot of its first contact
	members int
	sizes   [maxMembers]int // contacts per member

	// Facts shared by the members, drawn by setScene.
	locale    *locale
	surname   spelling
	second    spelling // where people bear two surnames
	given     [maxMembers]spelling
	female    [maxMembers]bool
	home      address
	number    phone  // landline, switchboard, or the mobile that changed hands
	mailbox   string // family or role address
	cookie    string
	company   string
	domain    string
	birthYear int
	birthday  [2]int // month, day
}

// size is the number of contacts in the scene.
func (s *scene) size() int {
	total := 0
	for _, n := range s.sizes[:s.members] {
		total += n
	}
	return total
}

// member tells which person a slot belongs to, the person's first slot, and the how-many-th contact it is.
func (s *scene) member(slot int) (member, start, ordinal int) {
	start = s.first
	for member = range s.members - 1 {
		if slot < start+s.sizes[member] {
			return member, start, slot - start
		}
		start += s.sizes[member]
	}
	return s.members - 1, start, slot - start
}

// castScene draws what the plan must know: who is there and how many contacts each has. It always draws the same for a
// slot, so the plan needs to keep only where scenes start. A scene that would not fit into the room left becomes one person.
func (g *Generator) castScene(first int) scene {
	d, r := g.sceneDice, &g.cfg.Rates
	d.roll(g.cfg.Seed, streamScene, uint64(first))
	s := scene{first: first, members: 1}
	s.kind = sceneKind(d.weighted(g.sceneShares[:]))
	switch s.kind {
	case household:
		s.bond, s.members = family, 2+d.IntN(4)
		if u := d.Float64(); u < r.JuniorSenior {
			s.bond, s.members = juniorSenior, 2
		} else if u < r.JuniorSenior+r.Twins {
			s.bond, s.members = twins, 2
		}
	case colleagues:
		s.members = 3 + d.IntN(6)
	case roleMailbox, kiosk:
		s.members = 3 + d.IntN(4)
	case recycled, undecidable:
		s.members = 2
	case namesakes:
		s.members = 2 + d.IntN(2)
	}
	for i := range s.members {
		s.sizes[i] = g.contactsOf(d, s.kind)
	}
	if room := g.cfg.Contacts - first; s.size() > room {
		s.kind, s.members = alone, 1
		s.sizes[0] = min(room, maxContacts)
	}
	return s
}

func (g *Generator) contactsOf(d dice, kind sceneKind) int {
	switch kind {
	case anonymous, undecidable, roleMailbox, kiosk: // a second one would hang on nothing but the shared value
		return 1
	}
	return 1 + d.weighted(g.cfg.Rates.ContactsPerPerson[:])
}

// setScene draws the shared facts, on from where castScene stopped.
func (g *Generator) setScene(s *scene) {
	d := g.sceneDice
	s.locale = g.locales[d.weighted(g.localeShares)]
	if s.kind == alone || s.kind == anonymous {
		return
	}
	l := s.locale
	s.surname, s.second = g.surname(d, l), g.surname(d, l)
	s.home = newAddress(d, l)
	s.birthYear, s.birthday = 1940+d.IntN(40), [2]int{1 + d.IntN(12), 1 + d.IntN(28)}
	s.number = g.sceneNumber(l, s.first, s.kind == recycled || s.kind == undecidable)
	s.cookie = token(g.cfg.Seed, "kiosk", s.first, 24)
	s.company, s.domain = g.companyOf(s.first, l)
	g.nameMembers(s)
	switch s.kind {
	case household:
		code := g.mailCodes.at(uint64(s.first))
		form := [...]string{"family.", "the", "casa."}[d.IntN(3)]
		s.mailbox = form + s.surname.mail + itoa(int(code)) + "@" + l.mail[int(code)%len(l.mail)]
	case roleMailbox:
		s.mailbox = d.pick([]string{"info", "sales", "support", "office", "contact", "hello"}) + "@" + s.domain
	}
}

// nameMembers gives the members of a scene different given names, different even by their first letter: people who share
// an identity must be told apart by what is on record. Only father and son, twins and namesakes are alike on purpose.
func (g *Generator) nameMembers(s *scene) {
	d := g.sceneDice
	for i := range s.members {
		s.female[i] = d.IntN(2) == 0
		if s.bond == juniorSenior || s.kind == namesakes && i > 0 {
			s.female[i] = s.kind == namesakes && s.female[0]
		}
		if i > 0 && (s.bond == juniorSenior || s.kind == namesakes || s.kind == undecidable) {
			s.female[i], s.given[i] = s.female[0], s.given[0]
			continue
		}
		if i > 0 && s.bond == twins {
			s.female[i] = s.female[0]
			s.given[i] = twinName(givenNames(s.locale, s.female[0]), s.given[0])
			continue
		}
		s.given[i] = g.distinctGiven(s, i)
	}
}

func (g *Generator) distinctGiven(s *scene, i int) spelling {
	list := givenNames(s.locale, s.female[i])
	name := list[g.sceneDice.rank(len(list))]
	for range 40 {
		if !initialTaken(s, i, name) {
			break
		}
		name = list[g.sceneDice.IntN(len(list))]
	}
	return name
}

func initialTaken(s *scene, i int, name spelling) bool {
	for _, other := range s.given[:i] {
		if other.mail[0] == name.mail[0] || firstRune(other.native) == firstRune(name.native) {
			return true
		}
	}
	return false
}

// twinName picks the next name of the same first letter: parents of twins do that, and it is the harder case.
func twinName(list []spelling, first spelling) spelling {
	for _, name := range list {
		if name.latin != first.latin && name.native != first.native && name.mail[0] == first.mail[0] {
			return name
		}
	}
	for _, name := range list {
		if name.native != first.native {
			return name
		}
	}
	return first
}

func givenNames(l *locale, female bool) []spelling {
	if female {
		return l.female
	}
	return l.male
}

// surname draws from the frequent names, or composes one of the long tail where the locale can.
func (g *Generator) surname(d dice, l *locale) spelling {
	if len(l.stems) > 0 && d.chance(0.3) {
		name := l.stems[d.IntN(len(l.stems))] + l.endings[d.IntN(len(l.endings))]
		return spelling{native: name, latin: name, mail: mailName(name)}
	}
	return l.family[d.rank(len(l.family))]
}
