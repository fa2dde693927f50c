package normalize_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"github.com/contactmerge/contactmerge/pipeline/normalize"
)

// The seeded tests hold the properties of the fuzz targets against many inputs that are the same in every run, so that
// a commit is never refused by the luck of a draw. What the fuzz targets find beyond them becomes a seed.

// seededInputs is how many inputs each property is tried with; together they take about three seconds.
const seededInputs = 20_000

// shownFailures ends a test that fails all over.
const shownFailures = 10

// pieces are what the forms know or trip over: words on their lists, titles, fillers, digits, marks, scripts.
var pieces = func() []string {
	words := strings.Fields(`a b c h n A H x xx aaa no na NA N/A none null unknown xxx test guest user name first last k
		mr Mrs. Dr. Prof. Fr. Mag. me. Sr Sr. sra sir Jr. jun II iii IV 2nd 3rd 4 the second PhD Ph.D. M.D. md rn esq mag fr
		van der de la y san st s t al Ana Maria Reyes Ortega Lord Junior Junio Roe J.R. Q. O'Brien d´Angelo Zoë Møller-Ångström
		St. str Hauptstr Kirchstr. ste ft mt Apt ave Rd. nr no. numero north w 5 5a ul al os д кв ул
		the and & + Ltd GmbH Co KG Inc. SA sp z o.o. a/s A/S de cv ООО ooo pt private self employed company firma test 株式会社 有限公司 有限会社 주식회사
		0 1 2 12 42 007 000 1234 12345 -6789 1234567 123456789 1111111 9876543210 1a2b 5550144 0144 +1 0049 (0) (202) +44 20 7946 +52 +55 +54 9 11 x101 ext доб. # ; ;ext= tel:
		DE D- US UK fr GB
		a@b.com bob+x@example.com @ @x gmail.com googlemail.com .com x.co mailto: < > xn-- пример.рф c.us
		https:// http:// www. x.com/ twitter.com/ facebook.com/ profile.php?id= ?id=1 / | || u-1 idp
		1984 84 03 3 31 Mar März 10:00 T Z 年 月 日 1900-01-01
		İ ı ß ﬁ ﷺ ½ é ñ ǅ ς ŀ ŉ ŒÆ ΐ Ά Παπα Иванов Дмитрий ий ў محمد ة שלום ך 王伟 王 欧阳 田中太郎 김민준 남궁 김 ガ ｶﾞ が प्रिया ก ำ １２３ ٣ ² ⅳ 😀 👍🏽 ℡ ㎏ ㈱ №
		' ’ ´ . , - -- _ ( ) [ ] { } " “ ” „ « » : ! * = ~ ^ ¨ ° º ª · ± ™`)
	return append(words, " ", "  ", "\t", "\r\n", "\v", "\x00", "\a", "\x7f", "\u0085", "\u00a0", "\u3000", "\u2028", "\u00ad", "\u200b", "\u200d", "\u202e", "\ufeff",
		"\u0301", "\u0308", "\u0327", "\u0345", "\u034f", "\u0640", "\u0651", "\u0302\u0301", "\u1100", "\u1161", "\u11a8", "\u3099", "\u309a", "\u3164", "\ufe0f",
		"\xff", "\xc3", "\xe3\xbc", "\ufffd", "\ue000", "\U0010ffff", "`")
}()

// draw makes awkward texts out of the pieces and of examples.
type draw struct {
	*rand.Rand
	examples []string
}

// text returns an example with a few changes, or a run of pieces.
func (d draw) text() string {
	var s string
	if len(d.examples) > 0 && d.IntN(2) == 0 {
		s = d.examples[d.IntN(len(d.examples))]
		for range d.IntN(4) {
			s = d.change(s)
		}
		return s
	}
	n := d.IntN(7)
	if d.IntN(50) == 0 {
		n = d.IntN(300) // long enough to be cut
	}
	gap := []string{"", " ", " ", " ", "-", ", ", "."}[d.IntN(7)]
	var b strings.Builder
	piece := d.piece()
	for i := range n {
		if i > 0 {
			b.WriteString(gap)
		}
		if d.IntN(4) > 0 { // otherwise the same one again
			piece = d.piece()
		}
		b.WriteString(piece)
	}
	return b.String()
}

// piece returns one of the pieces, in lower, upper or title case at times, or any one character.
func (d draw) piece() string {
	s := pieces[d.IntN(len(pieces))]
	switch d.IntN(12) {
	case 0:
		return strings.ToUpper(s)
	case 1:
		return strings.ToLower(s)
	case 2:
		return strings.ToTitle(s)
	case 3:
		return string(rune(d.IntN(0x3100)))
	case 4:
		if d.IntN(4) == 0 {
			return string(rune(d.IntN(unicode.MaxRune)))
		}
	}
	return s
}

// change inserts a piece somewhere in s, takes a stretch out of it, or doubles one.
func (d draw) change(s string) string {
	from := d.IntN(len(s) + 1)
	to := min(from+d.IntN(5), len(s))
	switch d.IntN(4) {
	case 0:
		return s[:from] + s[to:]
	case 1:
		return s[:to] + s[from:]
	case 2:
		return s[:from] + d.piece() + s[to:]
	}
	return s[:from] + d.piece() + s[from:]
}

// failures counts the failures of a test.
type failures struct {
	testing.TB
	n int
}

// Errorf hides that of testing.TB.
func (f *failures) Errorf(format string, args ...any) {
	f.Helper()
	f.n++
	f.TB.Errorf(format, args...)
}

func TestSeededProperties(t *testing.T) {
	emails, names := normalize.NewEmailParser(normalize.EmailConfig{}), normalize.NewNameParser(normalize.NameConfig{})
	phones := normalize.NewPhoneParser(normalize.PhoneConfig{DefaultRegion: "GB"})
	countries := []string{"", "US", "GB", "DE", "MX", "AR", "BR", "RU", "IT", "EG", "FR", "XX", "uk"}
	var phoneExamples, nameExamples []string
	for _, s := range phoneSeeds {
		phoneExamples = append(phoneExamples, s[0])
	}
	for _, s := range nameSeeds {
		nameExamples = append(nameExamples, s[:]...)
	}
	for _, tt := range []struct {
		name     string
		examples []string
		check    func(testing.TB, draw)
	}{
		{"text", append(textSeeds, awkward...), func(t testing.TB, d draw) { checkText(t, d.text()) }},
		{"email", emailSeeds, func(t testing.TB, d draw) { checkEmail(t, emails, d.text()) }},
		{"phone", phoneExamples, func(t testing.TB, d draw) { checkPhone(t, phones, d.text(), countries[d.IntN(len(countries))]) }},
		{"name", nameExamples, func(t testing.TB, d draw) {
			parts := normalize.NameParts{First: d.text(), Last: d.text()}
			switch d.IntN(4) {
			case 0:
				parts = normalize.NameParts{Full: d.text()}
			case 1:
				parts.Middle, parts.Suffix = d.text(), d.text()
			}
			checkName(t, names, parts)
		}},
		{"date", dateSeeds, func(t testing.TB, d draw) { checkDate(t, d.text(), normalize.DateOrder(d.IntN(3))) }},
		{"handle", handleSeeds, func(t testing.TB, d draw) { checkHandle(t, handleChannels[d.IntN(len(handleChannels))], d.text()) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, f := draw{rand.New(rand.NewPCG(1, 1)), tt.examples}, &failures{TB: t}
			for range seededInputs {
				if tt.check(f, d); f.n >= shownFailures {
					t.Fatal("and so on")
				}
			}
		})
	}
}
