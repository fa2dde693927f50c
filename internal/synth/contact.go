package synth

import "strings"

// page is one contact while it is being written down.
type page struct {
	*Contact
	g       *Generator
	d       dice
	r       *Rates
	p       *person
	t       draft
	ordinal int
	created int64 // seconds since 1970
	until   int64 // when the contact lost its number, 0 if it did not
	damage  damage
	kinds   []string

	// shared is true once the contact carries an identity that belongs to several people: then it must keep a
	// name that tells them apart, and gets no damage that could blur it.
	shared bool
	phone  phone // as known, before it is spelled
}

// write makes the contact of one slot.
func (g *Generator) write(p *person, index, slot, ordinal int) (Contact, []Identity) {
	d := g.contactDice
	d.roll(g.cfg.Seed, streamContact, uint64(slot))
	c := Contact{
		ID:     itoa(index + 1),
		Person: "P" + itoa(int(g.people.at(uint64(p.slot)))+1),
	}
	w := &page{Contact: &c, g: g, d: d, r: &g.cfg.Rates, p: p, t: p.drafts[ordinal], ordinal: ordinal}
	w.Source = w.t.source.String()
	w.created = createdAt(index, g.cfg.Contacts, d.Float64())
	updated := min(w.created+int64(d.Float64()*d.Float64()*float64(span)), epoch+span)
	c.CreatedAt, c.UpdatedAt = stamp(w.created), stamp(updated)
	c.TrueName = strings.Join(strings.Fields(p.given.native+" "+p.middle.native+" "+p.family+" "+p.suffix), " ")

	known := w.reach()
	w.writeName()
	w.writeEmail()
	w.writePhone()
	w.writeForm()
	c.VIP, c.Blocked, c.OptOut = p.vip && d.chance(0.8), p.blocked && d.chance(0.8), d.chance(w.r.OptOut)
	if p.vip && ordinal == 0 {
		c.VIP = true
	}
	if p.blocked && ordinal == 0 {
		c.Blocked = true
	}
	identities := w.writeIdentities(known, updated)
	if w.t.thin {
		w.kinds = append(w.kinds, "unlinked")
	}
	if len(w.kinds) == 0 {
		w.kinds = append(w.kinds, "person")
	}
	c.Kind, c.Damage = strings.Join(w.kinds, ";"), w.damage.names()
	return c, identities
}

// reach decides which of the person's addresses, or of the scene's shared ones, this contact holds. It returns the clean
// values; Email and phone are what will be damaged and recorded.
func (w *page) reach() (clean reachable) {
	p, t, d := w.p, w.t, w.d
	which := 0
	if t.keys&keyEmail != 0 {
		if t.needed&keyEmail == 0 && p.scene.kind != colleagues && d.chance(w.r.ChangedEmail) {
			which = 1
			w.damage |= changedEmail
		}
		w.Email = w.g.emailOf(p, which)
	}
	if t.keys&keyPhone != 0 {
		w.phone = p.phones[0]
		if t.needed&keyPhone == 0 && d.chance(w.r.ChangedPhone) {
			w.phone = p.phones[1]
			w.damage |= changedPhone
		}
	}
	w.share()
	return reachable{email: w.Email, phone: w.phone}
}

// share puts the scene's common identities on the contact and notes the kinds of the scene.
func (w *page) share() {
	s, d := w.p.scene, w.d
	tag := itoa(int(w.g.people.at(uint64(s.first))) + 1)
	switch s.kind {
	case household:
		w.kinds = append(w.kinds, "household:H"+tag)
		w.kinds = append(w.kinds, [...][]string{nil, {"junior_senior"}, {"twins"}}[s.bond]...)
		share := [...]float64{0.45, 0.7, 0.5}[s.bond]
		if w.t.needed&keyPhone == 0 && w.canCall() && d.chance(share) {
			w.phone, w.shared = s.number, true
			w.damage &^= changedPhone
			w.kinds = append(w.kinds, "shared_phone")
		}
		if w.t.needed&keyEmail == 0 && w.Email != "" && d.chance(share/2) {
			w.Email, w.shared = s.mailbox, true
			w.damage &^= changedEmail
			w.kinds = append(w.kinds, "shared_email")
		}
	case colleagues:
		w.kinds = append(w.kinds, "switchboard:C"+tag)
		if w.t.needed&keyPhone == 0 && w.canCall() && d.chance(0.65) {
			w.phone, w.shared = s.number, true
			w.damage &^= changedPhone
			if d.chance(w.r.PhoneExtension) {
				w.phone.extension = itoa(100 + 7*w.p.member + s.first%89*8)
			}
			w.kinds = append(w.kinds, "shared_phone")
		}
	case roleMailbox:
		w.kinds = append(w.kinds, "role:"+s.mailbox)
		w.Email, w.t.keys, w.phone = s.mailbox, keyEmail, phone{}
		w.t.source = [...]source{email, crm, web}[d.IntN(3)]
		w.Source, w.Company = w.t.source.String(), s.company
		w.t.keys |= keyHandle & w.t.source.knows(d)
	case kiosk:
		w.kinds = append(w.kinds, "kiosk:K"+tag)
	case recycled:
		w.kinds = append(w.kinds, "recycled:R"+tag)
		w.recycle()
	case namesakes:
		w.kinds = append(w.kinds, "namesake:N"+tag)
	case anonymous:
		w.kinds = append(w.kinds, "anonymous")
	case undecidable:
		w.kinds = append(w.kinds, "undecidable:U"+tag)
		w.phone, w.Email = s.number, ""
		w.t = draft{source: voice, keys: keyPhone}
		w.Source = w.t.source.String()
	}
}

// canCall says that the contact holds a phone number that may be anyone's: not the one WhatsApp or a text came from.
func (w *page) canCall() bool {
	return w.phone.locale != nil && w.t.source != whatsapp && w.t.source != sms && w.t.source != telegram
}

// recycle gives the scene's number to the earlier person until it changes hands, halfway between the two people's first
// contacts, and to the later person from then on. Contacts tied together by their own number keep it.
func (w *page) recycle() {
	s := w.p.scene
	one, two := w.g.indexOf(s.first), w.g.indexOf(s.first+s.sizes[0])
	handover := (one + two + 1) / 2
	now := w.g.indexOf(w.p.slot + w.ordinal)
	early := w.g.indexOf(w.p.slot) == min(one, two)
	if w.phone.locale == nil || w.t.needed&keyPhone != 0 || early != (now < handover) {
		return
	}
	w.phone, w.shared = s.number, true
	w.damage &^= changedPhone
	w.kinds = append(w.kinds, "shared_phone")
	if early {
		w.until = createdAt(handover, w.g.cfg.Contacts, 0)
	}
}

// writeForm fills what only a form asks for, and loses parts of it.
func (w *page) writeForm() {
	p, d := w.p, w.d
	full := w.t.source.form()
	keep := func(p float64) bool { return full && d.chance(p) && !w.lost() }
	home := p.homes[0]
	if d.chance(w.r.Moved) && p.scene.kind != namesakes {
		home = p.homes[1]
		w.damage |= moved
	}
	chance := [...]float64{0.75, 0.9}[boolIndex(w.t.source == crm || w.t.source == imported)]
	if w.t.source == sso {
		chance = 0.1
	}
	if keep(chance) {
		w.writeAddress(home)
	} else {
		w.damage &^= moved
	}
	if (full && w.t.source != sso || w.t.source == voice || w.t.source == whatsapp) && !w.lost() {
		w.Country = p.locale.code
	}
	if keep(0.8) && p.company != "" || p.scene.kind == colleagues && full {
		w.Company = w.companySpelling(p.company)
	}
	if keep(0.75) {
		w.Gender = [...]string{"m", "f"}[boolIndex(p.female)]
	}
	// Father and son of one name on one line are two people only if their birthdates say so.
	must := w.shared && p.suffix != ""
	if must {
		w.Birthdate = p.birth.iso()
	} else if keep(0.62) {
		w.writeBirthdate(p.birth)
	}
	if full && w.FirstName != "" && d.chance(0.3) && p.scene.kind != undecidable {
		w.Title = d.pick(map[bool][]string{true: p.locale.titlesF, false: p.locale.titlesM}[p.female])
	}
}

func (w *page) lost() bool {
	if w.d.chance(w.r.MissingField) {
		w.damage |= missingField
		return true
	}
	return false
}

func (w *page) companySpelling(name string) string {
	switch w.d.IntN(10) {
	case 0:
		return strings.ToUpper(name)
	case 1:
		return strings.ToLower(name)
	case 2, 3: // legal form left out
		for _, form := range w.p.locale.legal {
			name = strings.TrimSuffix(name, " "+form)
		}
	case 4:
		return strings.ReplaceAll(name, " & ", " and ")
	}
	return name
}
