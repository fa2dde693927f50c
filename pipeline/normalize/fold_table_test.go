package normalize

import (
	"testing"

	"pgregory.net/rapid"
)

// TestFoldTable proves the table equal to the Unicode tables it stands for.
func TestFoldTable(t *testing.T) {
	for r := rune(0x80); r < foldTableEnd; r++ {
		// A letter in front keeps a gap from being trimmed.
		want := string(foldSlow([]byte("x"), string(r)))[1:]
		if got := foldTable[r-0x80]; got != want {
			t.Errorf("%U: table %q, Unicode %q", r, got, want)
		}
	}
}

// TestDomainTyposAreTypos holds the table of misspelt domains against the providers that people have mail at.
func TestDomainTyposAreTypos(t *testing.T) {
	for _, domain := range []string{
		"gmail.com", "googlemail.com", "hotmail.com", "hotmail.co.uk", "hotmail.fr", "hotmail.de", "hotmail.it", "hotmail.es", "yahoo.com", "yahoo.co.uk",
		"yahoo.fr", "yahoo.de", "yahoo.it", "yahoo.es", "yahoo.co", "yahoo.ca", "yahoo.in", "ymail.com", "rocketmail.com", "outlook.com", "outlook.de",
		"outlook.fr", "outlook.es", "live.com", "live.co.uk", "live.de", "live.fr", "live.nl", "msn.com", "icloud.com", "me.com", "mac.com", "aol.com",
		"aol.de", "gmx.de", "gmx.net", "gmx.com", "gmx.at", "gmx.ch", "web.de", "t-online.de", "freenet.de", "arcor.de", "mail.com", "email.com", "mail.de", "mail.ru",
		"inbox.ru", "list.ru", "bk.ru", "yandex.ru", "yandex.com", "ya.ru", "rambler.ru", "orange.fr", "wanadoo.fr", "free.fr", "sfr.fr", "laposte.net",
		"libero.it", "virgilio.it", "alice.it", "tin.it", "wp.pl", "o2.pl", "onet.pl", "interia.pl", "qq.com", "163.com", "126.com", "sina.com", "naver.com",
		"daum.net", "comcast.net", "verizon.net", "att.net", "sbcglobal.net", "bellsouth.net", "cox.net", "charter.net", "btinternet.com", "sky.com",
		"protonmail.com", "proton.me", "pm.me", "tutanota.com", "fastmail.com", "zoho.com", "hey.com", "uol.com.br", "bol.com.br", "terra.com.br", "ig.com.br",
		"mail.co.uk", "telia.com", "bluewin.ch", "ziggo.nl", "kpnmail.nl", "xs4all.nl", "telenet.be", "skynet.be", "seznam.cz", "abv.bg", "ukr.net", "rediffmail.com",
		"example.com", "example.org", "example.net",
	} {
		if mended, ok := mendDomain(domain); ok {
			t.Errorf("%s is a provider, and would become %s", domain, mended)
		}
	}
	for typo, domain := range domainTypos {
		if _, ok := domainTypos[domain]; ok {
			t.Errorf("%s becomes %s, which is a misspelling itself", typo, domain)
		}
		if !validDomain(typo) || !validDomain(domain) {
			t.Errorf("%s or %s is no domain", typo, domain)
		}
	}
}

// TestFoldMixed compares the short ways through a text with the Unicode tables, for texts that mix what they part on.
func TestFoldMixed(t *testing.T) {
	text := rapid.StringOf(rapid.OneOf(
		rapid.RuneFrom([]rune("abZ -'.´ß\u0301\u3099\u11a8\u1100\u1161가각がガ\u200b王伟ЙйёΆςŁİ😀\u00a0\u00ad\u0345")), rapid.Rune(),
	))
	rapid.Check(t, func(t *rapid.T) {
		s := text.Draw(t, "text")
		want := string(trimSpace(foldSlow(nil, s)))
		if got := Fold(s); got != want {
			t.Fatalf("Fold(%q) = %q, by the Unicode tables %q", s, got, want)
		}
	})
}
