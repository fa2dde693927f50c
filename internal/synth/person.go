package synth

// key is one thing two contacts of a person can have in common.
type key uint8

const (
	keyEmail key = 1 << iota
	keyPhone
	keyHandle // an identity of one channel
)

// draft is what is decided about a contact before it is written down: its channel, what it knows, and what it must not lose
// because a link of its person hangs on it.
type draft struct {
	source source
	keys   key
	needed key
	handle source // channel whose handle the contact also lists; none by default
	thin   bool   // shares nothing with the person's other contacts
}

// person is the truth behind one to six contacts.
type person struct {
	scene         *scene
	member        int
	slot          int // first slot, unique per person
	locale        *locale
	female        bool
	given, middle spelling
	family        string // in the native script
	familyLatin   string
	otherFamily   string // before marriage or hyphenation; empty if never changed
	otherLatin    string
	suffix        string
	birth         date
	phones        [2]phone
	homes         [2]address
	company       string
	vip, blocked  bool
	size          int
	drafts        [maxContacts]draft
}

// personAt draws the member of a scene whose first contact sits at the slot.
func (g *Generator) personAt(s *scene, member, start int) *person {
	d := g.personDice
	d.roll(g.cfg.Seed, streamPerson, uint64(start))
	l := s.locale
	if s.kind == colleagues && d.chance(0.1) { // offices employ foreigners
		l = g.locales[d.weighted(g.localeShares)]
	}
	p := &g.person
	*p = person{scene: s, member: member, slot: start, locale: l, size: s.sizes[member]}
	p.vip, p.blocked = d.chance(g.cfg.Rates.VIP), d.chance(g.cfg.Rates.Blocked)
	g.baptize(d, p)
	p.birth = g.birthOf(d, p)
	p.homes = [2]address{newAddress(d, l), newAddress(d, l)}
	if s.kind == household {
		p.homes[0] = s.home
	}
	if s.kind == namesakes {
		p.homes[0].city = s.home.city
	}
	for which := range p.phones {
		p.phones[which] = g.personNumber(l, start, which)
	}
	if s.kind == colleagues {
		p.company = s.company
	} else if d.chance(0.25) {
		p.company, _ = g.companyOf(-1-d.IntN(4000), l)
	}
	g.draftContacts(d, p)
	return p
}

func (g *Generator) baptize(d dice, p *person) {
	s, l := p.scene, p.locale
	p.female = d.IntN(2) == 0
	cast := s.kind != alone && s.kind != anonymous && l == s.locale // the scene has given out the names
	if cast {
		p.female = s.female[p.member]
	}
	list := givenNames(l, p.female)
	if p.given = list[d.rank(len(list))]; cast {
		p.given = s.given[p.member]
	}
	surname, second := g.surname(d, l), g.surname(d, l)
	switch s.kind {
	case household, namesakes, undecidable:
		surname, second = s.surname, s.second
	}
	if middle := list[d.IntN(len(list))]; d.chance(0.35) && middle.native != p.given.native {
		p.middle = middle
	}
	p.family, p.familyLatin = g.gendered(l, p.female, surname)
	if l.doubleFamily && s.kind != namesakes {
		p.family, p.familyLatin = p.family+" "+second.native, p.familyLatin+" "+second.latin
	}
	if s.kind == household && s.bond == juniorSenior {
		p.middle, p.suffix = spelling{}, [...]string{"Sr", "Jr"}[p.member%2]
	}
	if rate := g.cfg.Rates.NameChanged; d.chance(rate) && p.suffix == "" {
		other := g.surname(d, l)
		native, latin := g.gendered(l, p.female, other)
		if d.chance(0.4) {
			native, latin = p.family+"-"+native, p.familyLatin+"-"+latin
		}
		p.otherFamily, p.otherLatin = native, latin
	}
}

func (g *Generator) gendered(l *locale, female bool, name spelling) (native, latin string) {
	if !female {
		return name.native, name.latin
	}
	return l.feminized(name.native), l.feminized(name.latin)
}

func (g *Generator) birthOf(d dice, p *person) date {
	b := date{1935 + d.IntN(72), 1 + d.IntN(12), 1 + d.IntN(28)}
	s := p.scene
	switch {
	case s.kind == household && s.bond == twins:
		b = date{s.birthYear, s.birthday[0], s.birthday[1]}
	case s.kind == household && s.bond == juniorSenior && p.member == 0:
		b = date{s.birthYear, s.birthday[0], s.birthday[1]}
	case s.kind == household && s.bond == juniorSenior:
		b = date{s.birthYear + 22 + d.IntN(12), b.month, b.day}
	case s.kind == household && p.member >= 2: // children
		b.year = s.birthYear + 24 + 2*p.member
	case s.kind == namesakes: // far enough apart to be told apart
		b.year = 1940 + 20*p.member + d.IntN(12)
	}
	return b
}

// emailOf builds an address of the person's own: form, provider and number together encode a code no one else has, so two
// people of one name never get one address.
func (g *Generator) emailOf(p *person, which int) string {
	first, last := p.given.mail, mailName(p.familyLatin)
	if p.scene.kind == colleagues && which == 0 {
		return first + "." + last + "@" + p.scene.domain
	}
	code := int(g.mailCodes.at(uint64(2*p.slot + which)))
	provider := p.locale.mail[code%len(p.locale.mail)]
	code /= len(p.locale.mail)
	if which == 1 && p.otherLatin != "" {
		last = mailName(p.otherLatin)
	}
	forms := [...][3]string{
		{first, ".", last},
		{last, ".", first},
		{first[:1], ".", last},
		{first, "_", last},
		{first, "", last},
		{last, "_", first[:1]},
		{first[:1], "", last},
		{last, "-", first},
	}
	form := &forms[code%len(forms)]
	local := form[0] + form[1] + form[2]
	if code /= len(forms); code > 0 {
		local += itoa(code)
	}
	return local + "@" + provider
}

// draftContacts decides channels and what each contact knows, then makes sure that every further contact has at least
// one identity in common with an earlier one, except for the documented share of unlinked contacts.
func (g *Generator) draftContacts(d dice, p *person) {
	weights := sourceWeights(p.locale.code)
	switch p.scene.kind {
	case anonymous:
		p.drafts[0] = draft{source: chat, keys: keyHandle}
		return
	case kiosk:
		weights = [sources]float64{web: 1, chat: 2}
	}
	for k := range p.size {
		t := &p.drafts[k]
		t.source = source(d.weighted(weights[:]))
		weights[t.source] = 0
		t.keys = t.source.knows(d)
		if k == 0 {
			if p.scene.kind == recycled {
				t.keys |= keyPhone
			}
			continue
		}
		if t.thin = d.chance(g.cfg.Rates.Unlinked); !t.thin {
			link(d, p, k)
		}
	}
}

// link makes contact k share a key with an earlier contact.
func link(d dice, p *person, k int) {
	t := &p.drafts[k]
	for j := range k {
		if common := t.keys & p.drafts[j].keys &^ keyHandle; common != 0 && !p.drafts[j].thin {
			lowest := common & -common
			t.needed, p.drafts[j].needed = t.needed|lowest, p.drafts[j].needed|lowest
			return
		}
	}
	j := d.IntN(k)
	for p.drafts[j].thin && j > 0 {
		j--
	}
	other := &p.drafts[j]
	if t.keys&keyHandle != 0 && other.handle == none && (t.source == chat || d.chance(0.4)) {
		other.handle = t.source // the agent attached the channel to the known contact
		t.needed |= keyHandle
		return
	}
	shared := keyPhone
	if t.keys&keyEmail != 0 || (t.keys&keyPhone == 0 && d.chance(0.6)) {
		shared = keyEmail
	}
	t.keys, t.needed = t.keys|shared, t.needed|shared
	other.keys, other.needed = other.keys|shared, other.needed|shared
}

// mailName is a name as people type it before the @: Latin, lower case, letters only.
func mailName(latin string) string {
	b := make([]byte, 0, len(latin)+2)
	for _, r := range latin {
		start := len(b)
		b = appendFolded(b, r)
		kept := b[:start]
		for _, c := range b[start:] {
			if c |= 0x20; c >= 'a' && c <= 'z' {
				kept = append(kept, c)
			}
		}
		b = kept
	}
	if len(b) == 0 {
		return "x"
	}
	return string(b)
}
