package contact

// Channel is a way a person reaches the company. The set is open: a customer's own channel is any other lower-case word.
type Channel string

// The channels with rules of their own; every other channel is an exact, opaque identifier.
const (
	ChannelEmail      Channel = "email"
	ChannelPhone      Channel = "phone"
	ChannelSMS        Channel = "sms"
	ChannelWhatsApp   Channel = "whatsapp"
	ChannelFacebook   Channel = "facebook"
	ChannelTwitter    Channel = "twitter"
	ChannelWeChat     Channel = "wechat"
	ChannelTelegram   Channel = "telegram"
	ChannelSSO        Channel = "sso"
	ChannelCookie     Channel = "cookie"
	ChannelNationalID Channel = "national_id"
)

// Space is the namespace in which two identity keys are comparable. SMS, WhatsApp and phone share one, because the same E.164
// number is the same fact whatever the channel.
type Space uint8

// The namespaces, in the order blocking tries them: strongest evidence first.
const (
	SpaceNone Space = iota
	SpaceSSO
	SpaceNationalID
	SpaceEmail
	SpacePhone
	SpaceHandle // social networks, messengers and custom channels; the channel's name is part of the key
	SpaceCookie
	SpaceDerivedEmail
	SpaceDerivedPhone   // variant-free international form
	SpaceNationalNumber // national significant number: all that a number of unknown region can share
)

var spaceNames = [...]string{"none", "sso", "national_id", "email", "phone", "channel_id", "cookie", "derived_email", "derived_phone", "national_number"}

// String names the namespace as reports print it.
func (s Space) String() string {
	if int(s) < len(spaceNames) {
		return spaceNames[s]
	}
	return "none"
}

// Derived reports whether keys of the space are derived forms, which may propose a pair but never prove one.
func (s Space) Derived() bool { return s >= SpaceDerivedEmail }

// SpaceOf says in which namespace a channel's exact identities are compared.
func SpaceOf(c Channel) Space {
	switch c {
	case ChannelEmail:
		return SpaceEmail
	case ChannelPhone, ChannelSMS, ChannelWhatsApp:
		return SpacePhone
	case ChannelSSO:
		return SpaceSSO
	case ChannelNationalID:
		return SpaceNationalID
	case ChannelCookie:
		return SpaceCookie
	default:
		return SpaceHandle
	}
}
