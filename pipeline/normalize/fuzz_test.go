package normalize_test

import (
	"strings"
	"testing"

	"github.com/contactmerge/contactmerge/pipeline/normalize"
)

// awkward are seeds that every text fuzz target starts from.
var awkward = []string{
	"", " ", "-", ".", "n/a", "\xff\xfe", "a\x00b", "İstanbul", "ﬁancé", "ǅ", "\u200b\u202eabc", "é\u0301", "ß", "ς", "가\u11a8", "が", "１２３",
	"😀 Bob", "王伟", "Ивано́в", "محمد", "O’Brien", "d´Angelo", "Ph.D.", "½", "ﷺ", "a\u034fb", "\u3164",
}

// textSeeds are texts whose forms once changed when they were made again.
var textSeeds = []string{
	"nA n", "NA No", "Private Ltd.", "the the Acme", "Acme Ltd株式会社", "가\xff\u11a8", strings.Repeat("w ", 83) + strings.Repeat("n ", 60) + "no",
}

var emailSeeds = []string{
	" Jane.ROE@Example.com ", "Bob <b+x@x.com>", "a..b@x.com", "mailto:a@b.de?subject=x", "j.o.e+1@googlemail.com", "аnnа@example.com",
	"иван@пример.рф", `"a b"@x.com`, "a@[1.2.3.4]", "a@x.com; b@y.com", "a@xn--e1afmkfd.xn--p1ai", "++a@x.com", "info+x@x.com", ".+a@gmail.com",
	"j.o.\u0302\u0301@googlemail.com", "кв+ŭ@x.com",
}

// phoneSeeds are numbers with the country of their record.
var phoneSeeds = [][2]string{
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
	{"00-6»78900000", "BR"},
}

// nameSeeds are first, middle and last name, and the whole one.
var nameSeeds = [][4]string{
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
	{"A H", "\xd1", "A A A A A A+A A", "N!\xe3\xbc]\xb4F'F|\a\xcfd,\xd5\xc7\xf9\xc6\rO\v"},
}

var dateSeeds = []string{
	"1984-03-12", "19840312", "12/03/1984", "3.12.84", "12 Mar 1984", "March 12, 1984", "1984-03-12T10:00:00Z", "30.02.1990", "1900-01-01", "1984年3月12日",
}

var (
	handleChannels = []string{"twitter", "facebook", "wechat", "sso", "cookie", "telegram", "instagram", "national_id", "Acme Desk", "linkedin", "tiktok"}
	handleSeeds    = []string{
		"https://x.com/Jack?s=1", "@Jack", "IdP1|u-1001", "ck-7f3a9", "oX-aaa111", "fb-100200300", "www.facebook.com/profile.php?id=1", "@@ x.com/@", "|", " a | b ", "@www.jack", "x x",
	}
)

func FuzzFold(f *testing.F) {
	for _, s := range awkward {
		f.Add(s)
	}
	for _, s := range textSeeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkText(t, s) })
}

func FuzzEmail(f *testing.F) {
	for _, s := range awkward {
		f.Add(s)
	}
	for _, s := range emailSeeds {
		f.Add(s)
	}
	parser := normalize.NewEmailParser(normalize.EmailConfig{})
	f.Fuzz(func(t *testing.T, raw string) { checkEmail(t, parser, raw) })
}

func FuzzPhone(f *testing.F) {
	for _, s := range awkward {
		f.Add(s, "US")
	}
	for _, s := range phoneSeeds {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, raw, country string) {
		checkPhone(t, normalize.NewPhoneParser(normalize.PhoneConfig{DefaultRegion: "GB"}), raw, country)
	})
}

func FuzzName(f *testing.F) {
	for _, s := range awkward {
		f.Add(s, "", s, "")
	}
	for _, s := range nameSeeds {
		f.Add(s[0], s[1], s[2], s[3])
	}
	parser := normalize.NewNameParser(normalize.NameConfig{})
	f.Fuzz(func(t *testing.T, first, middle, last, full string) {
		checkName(t, parser, normalize.NameParts{First: first, Middle: middle, Last: last, Full: full})
	})
}

func FuzzDate(f *testing.F) {
	for _, s := range awkward {
		f.Add(s, uint8(0))
	}
	for _, s := range dateSeeds {
		f.Add(s, uint8(1))
		f.Add(s, uint8(2))
	}
	f.Fuzz(func(t *testing.T, raw string, order uint8) { checkDate(t, raw, normalize.DateOrder(order%3)) })
}

func FuzzHandle(f *testing.F) {
	for i, s := range append(awkward[:len(awkward):len(awkward)], handleSeeds...) {
		f.Add(handleChannels[i%len(handleChannels)], s)
	}
	f.Fuzz(func(t *testing.T, channel, raw string) { checkHandle(t, channel, raw) })
}
