package synth

import "strings"

// reachable holds the clean addresses of a contact, before spelling.
type reachable struct {
	email string
	phone phone
}

// writeIdentities lists the channel addresses of the contact: the one that created it, the recorded email and phone of
// most contacts, and a channel attached by an agent.
func (w *page) writeIdentities(clean reachable, updated int64) []Identity {
	g, d := w.g, w.d
	g.identities = g.identities[:0]
	if w.until > 0 {
		updated = min(updated, w.until)
	}
	add := func(channel, value string, verified bool) {
		for _, other := range g.identities {
			if value == "" || other.Channel == channel && other.Value == value {
				return
			}
		}
		if value == "" {
			return
		}
		first := w.created + int64(d.IntN(1+int(updated-w.created)/4))
		last := first + int64(d.Float64()*float64(updated-first))
		g.identities = append(g.identities, Identity{
			ContactID: w.ID, Channel: channel, Value: value, Verified: verified, FirstSeen: stamp(first), LastSeen: stamp(last),
		})
	}
	t := w.t
	if w.Email != "" && (t.source == email || d.chance(0.85)) {
		add("email", w.Email, t.source == sso || t.source == email && w.damage&(emailTypo|emailDomainTypo) == 0)
	}
	if clean.phone.locale != nil {
		w.listPhone(add, clean.phone)
	} else if w.Phone != "" && d.chance(0.5) {
		add("phone", w.Phone, false)
	}
	if t.keys&keyHandle != 0 {
		add(w.handle(t.source))
	}
	if t.handle != none {
		add(w.handle(t.handle))
	}
	return g.identities
}

func (w *page) listPhone(add func(channel, value string, verified bool), number phone) {
	e164 := number.withExtension(number.e164(), 4)
	switch w.t.source {
	case whatsapp:
		digits, _ := number.oldPlan()
		if w.damage&oldPlan == 0 || digits == "" {
			digits = number.e164()
		}
		add("whatsapp", strings.TrimPrefix(digits, "+"), true)
	case sms:
		add("sms", e164, true)
	case voice:
		add("phone", e164, true)
	default:
		if w.d.chance(0.8) && w.Phone != "" {
			add("phone", w.Phone, false)
		}
	}
}

// handle is the person's address on a channel. It depends on the person alone, so two contacts of one person carry the same.
func (w *page) handle(s source) (channel, value string, verified bool) {
	p, seed := w.p, w.g.cfg.Seed
	code := w.g.mailCodes.at(uint64(2 * p.slot))
	switch s {
	case facebook:
		return "facebook", digits(seed, "facebook", p.slot, 16), true
	case twitter:
		name := p.given.mail
		return "twitter", "@" + name[:min(len(name), 8)] + "_" + base36(code), true
	case wechat:
		return "wechat", "o" + token(seed, "wechat", p.slot, 27), true
	case telegram:
		return "telegram", itoa(500_000_000 + int(code)*37), true
	case sso:
		provider := [...]string{"okta", "azuread", "google"}[code%3]
		return "sso", provider + "|u-" + token(seed, "sso", p.slot, 12), true
	case chat, web:
		if p.scene.kind == kiosk {
			return "cookie", p.scene.cookie, false
		}
		return "cookie", "ck-" + token(seed, "cookie", p.slot, 24), false
	}
	return "", "", false
}
