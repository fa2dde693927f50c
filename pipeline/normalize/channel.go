package normalize

import "strings"

// channelNames maps folded synonyms, written without spaces, to the canonical channel.
var channelNames = func() map[string]string {
	names := make(map[string]string)
	for channel, synonyms := range map[string]string{
		"email":       "mail emailaddress correo courriel epost",
		"phone":       "voice tel telephone telefon telefono mobile mobil mobilephone cell cellphone cellular call pstn phonenumber handy landline",
		"sms":         "text textmessage mms smsto rcs",
		"whatsapp":    "wa whatsappid whatsappbusiness waid wapp",
		"facebook":    "fb facebookmessenger messenger fbmessenger fbid psid facebookid meta",
		"instagram":   "ig insta instagramdm igid",
		"twitter":     "x xcom twitterdm twitterhandle tw",
		"telegram":    "tg telegramid",
		"wechat":      "weixin wx wechatid openid",
		"line":        "lineid linemessenger",
		"viber":       "viberid",
		"apple":       "applebusinesschat applemessages imessage abc applemessagesforbusiness",
		"linkedin":    "li linkedinid",
		"tiktok":      "tiktokid",
		"skype":       "skypeid",
		"discord":     "discordid",
		"slack":       "slackid",
		"signal":      "signalid",
		"sso":         "saml oidc oauth openidconnect idp login subject ssoid sub",
		"cookie":      "web webid livechat chat webchat website visitor visitorid anonymousid deviceid device browser cookieid widget",
		"national_id": "nationalid ssn nin idnumber idcard personalid taxid dni nif curp cpf passport socialsecuritynumber sin pesel bsn nationalidnumber",
		"external_id": "externalid customerid crmid externalkey",
	} {
		names[strings.ReplaceAll(channel, "_", "")] = channel
		for synonym := range strings.FieldsSeq(synonyms) {
			names[synonym] = channel
		}
	}
	return names
}()

// ChannelName returns the canonical name of a channel. A channel that is not known keeps its folded name with
// underscores for gaps, so that "Acme Desk" and "acme_desk" are one custom channel.
func ChannelName(raw string) string {
	folded := capWords(Fold(capRunes(raw)))
	if channel, ok := channelNames[strings.ReplaceAll(folded, " ", "")]; ok {
		return channel
	}
	return strings.ReplaceAll(folded, " ", "_")
}
