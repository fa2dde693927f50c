package normalize_test

import (
	"fmt"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/pipeline/normalize"
)

// awkward are seeds that every text fuzz target starts from.
var awkward = []string{
	"", " ", "-", ".", "n/a", "\xff\xfe", "a\x00b", "İstanbul", "ﬁancé", "ǅ", "\u200b\u202eabc", "é\u0301", "ß", "ς", "가\u11a8", "が", "１２３",
	"😀 Bob", "王伟", "Ивано́в", "محمد", "O’Brien", "d´Angelo", "Ph.D.", "½", "ﷺ", "a\u034fb", "\u3164",
}

func mustBeText(t *testing.T, what string, values ...string) {
	t.Helper()
	for _, v := range values {
		if !utf8.ValidString(v) {
			t.Errorf("%s: %q is not valid UTF-8", what, v)
		}
	}
}

func FuzzFold(f *testing.F) {
	for _, s := range awkward {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, form := range map[string]func(string) string{
			"Fold": normalize.Fold, "Latin": normalize.Latin, "Text": normalize.Text, "City": normalize.City,
			"Company": normalize.Company, "Street": normalize.Street, "State": normalize.State,
		} {
			once := form(s)
			mustBeText(t, name, once)
			if twice := form(once); twice != once {
				t.Errorf("%s: %q becomes %q, then %q", name, s, once, twice)
			}
		}
		normalize.Country(s)
		normalize.Gender(s)
		normalize.Bool(s)
		normalize.ChannelName(s)
		mustBeText(t, "NYSIIS", normalize.NYSIIS(s))
		code := normalize.Postcode(s, "")
		if again := normalize.Postcode(code, ""); again != code {
			t.Errorf("Postcode: %q becomes %q, then %q", s, code, again)
		}
	})
}

func FuzzEmail(f *testing.F) {
	for _, s := range awkward {
		f.Add(s)
	}
	for _, s := range []string{
		" Jane.ROE@Example.com ", "Bob <b+x@x.com>", "a..b@x.com", "mailto:a@b.de?subject=x", "j.o.e+1@googlemail.com", "аnnа@example.com",
		"иван@пример.рф", `"a b"@x.com`, "a@[1.2.3.4]", "a@x.com; b@y.com", "a@xn--e1afmkfd.xn--p1ai", "++a@x.com", "info+x@x.com", ".+a@gmail.com",
	} {
		f.Add(s)
	}
	parser := normalize.NewEmailParser(normalize.EmailConfig{})
	f.Fuzz(func(t *testing.T, raw string) {
		once := parser.Parse(raw)
		mustBeText(t, "email", once.Canonical, once.Derived, once.Local, once.Domain)
		if once.Status == normalize.OK && once.Canonical == "" || (once.Forms == 0) != (once.Canonical == once.Derived) {
			t.Errorf("%q: forms and keys disagree: %+v", raw, once)
		}
		if once.Canonical == "" {
			return
		}
		if diff := cmp.Diff(once, parser.Parse(once.Canonical)); diff != "" {
			t.Errorf("%q: parsing the canonical form again (-first +second):\n%s", raw, diff)
		}
		if again := parser.Parse(once.Derived); again.Canonical != once.Derived || again.Derived != once.Derived {
			t.Errorf("%q: derived %q becomes %+v", raw, once.Derived, again)
		}
	})
}

func FuzzPhone(f *testing.F) {
	for _, s := range awkward {
		f.Add(s, "US")
	}
	for _, s := range [][2]string{
		{"(202) 555-0144", "US"},
		{"020 7946 0958 / 0959", "GB"},
		{"+1 202 555 0100 x101", ""},
		{"1-800-FLOWERS", "US"},
		{"0049 (0)30 123456-101", "US"},
		{"+52 1 55 5555 0123", "MX"},
		{"+54 9 11 5555 0123", "AR"},
		{"11 98765-4321", "BR"},
		{"+7 495 123 45 67 доб. 101", "RU"},
		{"5215555550123@c.us", "MX"},
		{"00000000", "DE"},
		{"tel:+44-20-7946-0123;ext=5", ""},
		{"０２０ ７９４６ ０１２３", "GB"},
		{"٠٢٠", "EG"},
		{"06 698 1234", "IT"},
	} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, raw, country string) {
		parser := normalize.NewPhoneParser(normalize.PhoneConfig{DefaultRegion: "GB"})
		for what, once := range map[string]normalize.Phone{"phone": parser.Parse(raw, country), "whatsapp": parser.ParseWhatsApp(raw, country)} {
			mustBeText(t, what, once.Key, once.Derived, once.National, once.E164, once.Extension)
			if once.Status != normalize.OK {
				if diff := cmp.Diff(normalize.Phone{Status: once.Status}, once); diff != "" {
					t.Errorf("%s %q: unusable, yet not empty:\n%s", what, raw, diff)
				}
				continue
			}
			if once.National == "" {
				t.Errorf("%s %q %q: no national digits: %+v", what, raw, country, once)
			}
			if once.Key != "" {
				if diff := cmp.Diff(once, parser.Parse(once.Key, country)); diff != "" {
					t.Errorf("%s %q %q: parsing the key again (-first +second):\n%s", what, raw, country, diff)
				}
			}
			if once.Derived != "" {
				if again := parser.Parse(once.Derived, country); again.Key != once.Derived || again.Derived != once.Derived || again.National != once.National {
					t.Errorf("%s %q %q: derived %q becomes %+v", what, raw, country, once.Derived, again)
				}
			}
		}
	})
}

func FuzzName(f *testing.F) {
	for _, s := range awkward {
		f.Add(s, "", s, "")
	}
	for _, s := range [][4]string{
		{"John", "", "Avery, Jr.", ""},
		{"Ana Reyes", "", "", ""},
		{"", "", "", "van der Berg, Dr. Ludwig J., PhD"},
		{"J.R.", "", "Smith", ""},
		{"a@b.com", "", "Roe", ""},
		{"Robert \"Bob\"", "Q.", "Ortega y Gasset", ""},
		{"User 123", "", "", ""},
		{"", "", "Sr", ""},
		{"Dr", "", "II", ""},
		{"+1 202 555 0144", "", "Roe", ""},
		{"田中太郎", "", "", ""},
		{"김민준", "", "", ""},
		{"Mr", "", "Mr", ""},
		{"a", "b", "c", "d"},
	} {
		f.Add(s[0], s[1], s[2], s[3])
	}
	parser := normalize.NewNameParser(normalize.NameConfig{})
	f.Fuzz(func(t *testing.T, first, middle, last, full string) {
		once := parser.Parse(normalize.NameParts{First: first, Middle: middle, Last: last, Full: full})
		mustBeText(t, "name", once.Given, once.Middle, once.Family, once.Key, once.GivenLatin, once.FamilyLatin, once.FoundEmail, once.FoundPhone)
		if (once.Status == normalize.OK) != (once.Key != "") {
			t.Errorf("status %s with key %q", once.Status, once.Key)
		}
		for _, part := range []string{once.Given, once.Middle, once.Family} {
			if folded := normalize.Fold(part); folded != part {
				t.Errorf("%q is not folded: %q", part, folded)
			}
		}
		if once.Given == "" || once.Family == "" {
			return // one field alone may hold a whole name, so it may be split again
		}
		again := parser.Parse(normalize.NameParts{First: once.Given, Middle: once.Middle, Last: once.Family, Suffix: once.Suffix})
		again.FoundEmail, again.FoundPhone = once.FoundEmail, once.FoundPhone
		if diff := cmp.Diff(once, again); diff != "" {
			t.Errorf("%q %q %q %q: parsing the parts again (-first +second):\n%s", first, middle, last, full, diff)
		}
	})
}

func FuzzDate(f *testing.F) {
	for _, s := range awkward {
		f.Add(s, uint8(0))
	}
	for _, s := range []string{"1984-03-12", "19840312", "12/03/1984", "3.12.84", "12 Mar 1984", "March 12, 1984", "1984-03-12T10:00:00Z", "30.02.1990", "1900-01-01", "1984年3月12日"} {
		f.Add(s, uint8(1))
		f.Add(s, uint8(2))
	}
	f.Fuzz(func(t *testing.T, raw string, order uint8) {
		once := normalize.ParseDate(raw, normalize.DateOrder(order%3))
		normalize.DateOrderOf([]string{raw})
		if (once.Status == normalize.OK) != (once.Key() != 0) {
			t.Errorf("%q: status %s with key %d", raw, once.Status, once.Key())
		}
		if once.Key() == 0 {
			return
		}
		for _, again := range []string{fmt.Sprintf("%04d-%02d-%02d", once.Year, once.Month, once.Day), fmt.Sprint(once.Key())} {
			if got := normalize.ParseDate(again, normalize.DateOrder(order%3)); got.Key() != once.Key() {
				t.Errorf("%q: %s becomes %+v", raw, again, got)
			}
		}
	})
}

func FuzzHandle(f *testing.F) {
	channels := []string{"twitter", "facebook", "wechat", "sso", "cookie", "telegram", "instagram", "national_id", "Acme Desk", "linkedin"}
	for i, s := range append(awkward, "https://x.com/Jack?s=1", "@Jack", "IdP1|u-1001", "ck-7f3a9", "oX-aaa111", "fb-100200300", "www.facebook.com/profile.php?id=1", "@@ x.com/@", "|", " a | b ") {
		f.Add(channels[i%len(channels)], s)
	}
	f.Fuzz(func(t *testing.T, channel, raw string) {
		once := normalize.ParseHandle(channel, raw)
		mustBeText(t, "handle", once.Canonical)
		if once.Status == normalize.OK && once.Canonical == "" {
			t.Errorf("%s %q: usable and empty", channel, raw)
		}
		if once.Canonical != "" {
			if again := normalize.ParseHandle(channel, once.Canonical); again != once {
				t.Errorf("%s %q: becomes %+v, then %+v", channel, raw, once, again)
			}
		}
		name := normalize.ChannelName(channel)
		if again := normalize.ChannelName(name); again != name {
			t.Errorf("channel %q becomes %q, then %q", channel, name, again)
		}
	})
}
