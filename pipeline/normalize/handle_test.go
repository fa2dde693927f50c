package normalize_test

import (
	"strings"
	"testing"

	"github.com/contactmerge/contactmerge/pipeline/normalize"
)

func TestHandle(t *testing.T) {
	tests := []struct {
		name, channel, in, canonical string
		status                       normalize.Status
	}{
		{"twitter name", "twitter", "@JackRoe", "jackroe", normalize.OK},
		{"twitter address", "X", "https://twitter.com/JackRoe?s=20", "jackroe", normalize.OK},
		{"x address", "twitter", "x.com/JackRoe/status/1", "jackroe", normalize.OK},
		{"facebook id", "facebook", "fb-100200300", "fb-100200300", normalize.OK},
		{"facebook number", "facebook", "100200300400500", "100200300400500", normalize.OK},
		{"facebook address with a number", "fb", "https://www.facebook.com/profile.php?id=100200300&x=1", "100200300", normalize.OK},
		{"facebook name", "facebook", "https://facebook.com/Tao.Fiction/", "tao.fiction", normalize.OK},
		{"instagram", "ig", "instagram.com/Tao_F", "tao_f", normalize.OK},
		{"telegram", "telegram", "https://t.me/TaoF", "taof", normalize.OK},
		{"wechat keeps case", "wechat", " oX-aAa111 ", "oX-aAa111", normalize.OK},
		{"cookie keeps case", "cookie", "ck-7F3a9", "ck-7F3a9", normalize.OK},
		{"sso folds the provider only", "sso", "IdP1|U-1001", "idp1|U-1001", normalize.OK},
		{"sso without a provider", "sso", "U-1001", "U-1001", normalize.OK},
		{"sso with an empty subject", "sso", "idp1| ", "idp1|", normalize.Invalid},
		{"sso placeholder", "sso", "idp1|null", "idp1|null", normalize.Placeholder},
		{"custom channel", "Acme Desk", "Ab-1", "Ab-1", normalize.OK},
		{"padding", "custom", "\u200b Ab-1\u00a0", "Ab-1", normalize.OK},
		{"empty", "twitter", "  ", "", normalize.Missing},
		{"at sign alone", "twitter", "@", "", normalize.Invalid},
		{"word", "cookie", "undefined", "undefined", normalize.Placeholder},
		{"zeros", "cookie", "00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000000", normalize.Placeholder},
		{"national id", "ssn", "078-05-1121", "078051121", normalize.OK},
		{"a megabyte", "cookie", strings.Repeat("a", 1<<20), "", normalize.Invalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := normalize.Handle{Canonical: tt.canonical, Status: tt.status}
			if got := normalize.ParseHandle(tt.channel, tt.in); got != want {
				t.Errorf("got %+v (%s), want %+v (%s)", got, got.Status, want, want.Status)
			}
		})
	}
}

func TestChannelName(t *testing.T) {
	for in, want := range map[string]string{
		"E-Mail": "email", "Voice": "phone", "tel": "phone", "Mobile": "phone", "SMS": "sms", "X": "twitter", "fb": "facebook", "WA": "whatsapp",
		"Facebook Messenger": "facebook", "web": "cookie", "Live Chat": "cookie", "livechat": "cookie", "chat": "cookie", "SAML": "sso", "OIDC": "sso", "WeChat": "wechat",
		"Weixin": "wechat", "LINE": "line", "Apple Business Chat": "apple", "National ID": "national_id", "national_id": "national_id", "SSN": "national_id",
		"Acme Desk": "acme_desk", "acme_desk": "acme_desk", "": "", "Téléphone": "phone",
	} {
		if got := normalize.ChannelName(in); got != want {
			t.Errorf("ChannelName(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestNationalID(t *testing.T) {
	tests := []struct {
		in, canonical string
		status        normalize.Status
	}{
		{"12 345.678-Z", "12345678Z", normalize.OK},
		{"ab 12 34 56 c", "AB123456C", normalize.OK},
		{"529.982.247-25", "52998224725", normalize.OK},
		{"000-00-0000", "000000000", normalize.Placeholder},
		{"123456789", "123456789", normalize.Placeholder},
		{"X0000000", "X0000000", normalize.Placeholder},
		{"n/a", "", normalize.Placeholder},
		{"--", "", normalize.Placeholder},
		{"123", "", normalize.Invalid},
		{"passport", "", normalize.Invalid},
		{"", "", normalize.Missing},
	}
	for _, tt := range tests {
		want := normalize.Handle{Canonical: tt.canonical, Status: tt.status}
		if got := normalize.NationalID(tt.in); got != want {
			t.Errorf("NationalID(%q) = %+v (%s), want %+v (%s)", tt.in, got, got.Status, want, want.Status)
		}
	}
}
