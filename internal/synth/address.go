package synth

import "strings"

// writeEmail spells the address the contact holds, or puts junk where none is known.
func (w *page) writeEmail() {
	d, r := w.d, w.r
	if w.Email == "" {
		w.inventEmail()
		return
	}
	local, domain, _ := strings.Cut(w.Email, "@")
	typed := w.t.source != email && w.t.source != sso && !w.shared && w.p.scene.kind != roleMailbox
	switch u := d.Float64(); {
	case !typed:
	case u < r.EmailDomainTypo:
		if wrong := misspeltDomain(domain, d); wrong != domain {
			domain = wrong
			w.damage |= emailDomainTypo
		}
	case u < r.EmailDomainTypo+r.EmailTypo:
		if i := letterAt(d, local); i > 0 && local[i] != local[i+1] {
			local = local[:i] + local[i+1:i+2] + local[i:i+1] + local[i+2:]
			w.damage |= emailTypo
		}
	case u < r.EmailDomainTypo+r.EmailTypo+r.EmailTag:
		local += "+" + d.pick([]string{"shop", "news", "support", "web", "2"})
		w.damage |= emailTag
	case u < r.EmailDomainTypo+r.EmailTypo+r.EmailTag+r.LookAlikeLetters:
		if replaced := strings.Replace(local, "a", "\u0430", 1); replaced != local {
			local = replaced
			w.damage |= lookAlike
		}
	case domain == "gmail.com" && u > 1-r.GmailDots:
		if dotted := regroup(d, local); dotted != local {
			local = dotted
			w.damage |= gmailDots
		}
	}
	w.Email = local + "@" + domain
	if d.chance(r.EmailCase) {
		w.damage |= emailCase
		switch d.IntN(3) {
		case 0:
			w.Email = strings.ToUpper(w.Email)
		case 1:
			w.Email = strings.ToUpper(local[:1]) + local[1:] + "@" + strings.ToUpper(domain[:1]) + domain[1:]
		case 2:
			w.Email = " " + w.Email
		}
	}
}

// inventEmail puts junk where a form or an agent insisted on an address and nobody had one.
func (w *page) inventEmail() {
	asked := w.t.source.form() || w.t.source == voice
	if !asked || w.p.scene.kind == undecidable || w.p.scene.kind == anonymous || !w.d.chance(min(0.9, 4*w.r.JunkEmail)) {
		return
	}
	w.Email = w.junkEmail()
	w.damage |= junkEmail
	w.kinds = append(w.kinds, "junk_email")
}

// junkEmail is an address someone typed to get past a form. A nameless contact gets only those that anybody knows for junk.
func (w *page) junkEmail() string {
	n := len(junkEmails)
	if w.FirstName == "" || w.damage&fillerName != 0 {
		n = 4
	}
	return junkEmails[w.d.IntN(n)]
}

var junkEmails = [...]string{
	"test@test.com", "noreply@example.com", "n/a", "none@none.com", "asdf@asdf.com", "no@email.com", "a@a.com",
	"test@example.com", "noemail@noemail.com",
}

var junkPhones = [...]string{
	"0000000000", "1234567890", "9999999999", "1111111111", "0123456789", "n/a", "unknown", "000-000-0000", "-",
}

func misspeltDomain(domain string, d dice) string {
	wrong := map[string][]string{
		"gmail.com": {"gmial.com", "gmai.com", "gmail.co", "gnail.com", "gmail.con"}, "hotmail.com": {"hotmial.com", "hotmail.co", "hotmal.com"},
		"yahoo.com": {"yaho.com", "yahoo.co", "yahooo.com"}, "outlook.com": {"outlok.com", "outlook.co"}, "icloud.com": {"iclod.com", "icloud.co"},
	}[domain]
	if len(wrong) == 0 {
		return domain
	}
	return d.pick(wrong)
}

// regroup moves the dots of a Gmail address: all out, or one in.
func regroup(d dice, local string) string {
	if strings.Contains(local, ".") {
		return strings.ReplaceAll(local, ".", "")
	}
	if len(local) < 3 {
		return local
	}
	i := 1 + d.IntN(len(local)-2)
	return local[:i] + "." + local[i:]
}

// writePhone spells the number the contact holds the way its channel or its typist does, or puts junk where none is known.
func (w *page) writePhone() {
	d, r, number := w.d, w.r, w.phone
	if number.locale == nil {
		if w.p.scene.kind != anonymous && w.t.source.form() && d.chance(min(0.9, 3*r.JunkPhone)) {
			w.Phone = junkPhones[d.IntN(len(junkPhones))]
			w.damage |= junkPhone
			w.kinds = append(w.kinds, "junk_phone")
		}
		return
	}
	old, changed := number.oldPlan()
	if changed = changed && !w.shared && w.t.source != voice && w.t.source != sms && d.chance(r.OldPlan); changed {
		w.damage |= oldPlan
	}
	switch {
	case w.t.source == whatsapp && changed:
		w.Phone = strings.TrimPrefix(old, "+")
	case w.t.source == whatsapp:
		w.Phone = strings.TrimPrefix(number.e164(), "+")
		w.damage |= phoneSpelling
	case changed:
		w.Phone = old
	case w.t.source == sms || w.t.source == voice && d.chance(0.7):
		w.Phone = number.e164()
	case d.chance(r.PhoneSpelling):
		if !w.shared && d.chance(r.PhoneTypo/max(r.PhoneSpelling, 0.01)) {
			number.national = wrongDigit(d, number.national)
			w.damage |= phoneTypo
		}
		w.Phone = number.written(d.IntN(writings))
		w.damage |= phoneSpelling
	default:
		w.Phone = number.e164()
	}
	if number.extension != "" {
		w.Phone = number.withExtension(w.Phone, d.IntN(5))
		w.damage |= phoneExtension
	}
}

// wrongDigit changes one of the last four digits, so that the number stays valid.
func wrongDigit(d dice, national string) string {
	i := len(national) - 1 - d.IntN(4)
	wrong := byte('0' + (int(national[i]-'0')+1+d.IntN(9))%10)
	return national[:i] + string(wrong) + national[i+1:]
}
