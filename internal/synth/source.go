package synth

// source is the channel that created a contact.
type source uint8

const (
	none source = iota
	crm
	imported
	web
	email
	voice
	sms
	whatsapp
	facebook
	twitter
	wechat
	telegram
	chat
	sso
	sources // how many there are
)

var sourceNames = [sources]string{
	"", "crm", "import", "web", "email", "voice", "sms", "whatsapp", "facebook", "twitter", "wechat", "telegram", "chat", "sso",
}

func (s source) String() string { return sourceNames[s] }

// sourceWeights says how often people of a country come over each channel.
func sourceWeights(country string) [sources]float64 {
	w := [sources]float64{
		crm: 22, imported: 13, web: 14, email: 14, voice: 12, sms: 4, whatsapp: 8, facebook: 3.5, twitter: 1.5,
		wechat: 0.3, telegram: 1, chat: 5, sso: 4,
	}
	switch country {
	case "CN":
		w[wechat], w[whatsapp], w[facebook], w[twitter] = 25, 0.5, 0.5, 0.3
	case "RU":
		w[telegram], w[facebook] = 14, 1
	case "BR", "MX", "AR", "IN":
		w[whatsapp] = 20
	case "JP", "KR":
		w[whatsapp], w[twitter] = 1, 4
	}
	return w
}

// knows draws what a contact created by this channel usually holds.
func (s source) knows(d dice) key {
	k := key(0)
	add := func(which key, p float64) {
		if d.chance(p) {
			k |= which
		}
	}
	switch s {
	case crm, imported:
		add(keyEmail, 0.9)
		add(keyPhone, 0.85)
		if k == 0 {
			k = keyEmail
		}
	case web:
		k = keyEmail | keyHandle
		add(keyPhone, 0.4)
	case email:
		k = keyEmail
	case voice, sms:
		k = keyPhone
		add(keyEmail, 0.06)
	case whatsapp:
		k = keyPhone
	case sso:
		k = keyEmail | keyHandle
	case chat:
		k = keyHandle
		add(keyEmail, 0.25)
		add(keyPhone, 0.08)
	default:
		k = keyHandle
		add(keyEmail, 0.12)
		add(keyPhone, 0.1)
	}
	return k
}

// named says how likely a contact of the channel has a name on it.
func (s source) named() float64 {
	switch s {
	case email:
		return 0.78
	case voice:
		return 0.68
	case sms:
		return 0.35
	case whatsapp, telegram:
		return 0.9
	case chat:
		return 0.55
	case twitter:
		return 0.8
	}
	return 1
}

// displayName says that the channel delivers one display name, not first and last.
func (s source) displayName() bool {
	switch s {
	case whatsapp, facebook, twitter, wechat, telegram, email, chat:
		return true
	}
	return false
}

// form says that somebody filled in a form: the contact has an address, a birthdate and so on.
func (s source) form() bool { return s == crm || s == imported || s == web || s == sso }
