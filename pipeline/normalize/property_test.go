package normalize_test

import (
	"fmt"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/pipeline/normalize"
)

// The properties that every input must have, whatever it is. The fuzz targets hold them against inputs that change from run
// to run, the seeded tests against inputs that stay. The first of all is that normalizing twice is normalizing once: a
// golden record is read again in the next run, and must be found under the same keys.

func mustBeText(t testing.TB, what string, values ...string) {
	t.Helper()
	for _, v := range values {
		if !utf8.ValidString(v) {
			t.Errorf("%s: %q is not valid UTF-8", what, v)
		}
	}
}

// textForms are the forms that map one text to another.
var textForms = []struct {
	name string
	form func(string) string
}{
	{"Fold", normalize.Fold},
	{"Latin", normalize.Latin},
	{"Text", normalize.Text},
	{"City", normalize.City},
	{"Company", normalize.Company},
	{"Street", normalize.Street},
	{"State", normalize.State},
	{"Postcode", func(s string) string { return normalize.Postcode(s, "") }},
	{"Postcode US", func(s string) string { return normalize.Postcode(s, "US") }},
	{"Postcode DE", func(s string) string { return normalize.Postcode(s, "DE") }},
	{"ChannelName", normalize.ChannelName},
}

func checkText(t testing.TB, s string) {
	t.Helper()
	for _, f := range textForms {
		once := f.form(s)
		mustBeText(t, f.name, once)
		if twice := f.form(once); twice != once {
			t.Errorf("%s: %q becomes %q, then %q", f.name, s, once, twice)
		}
	}
	normalize.Country(s)
	normalize.Gender(s)
	normalize.Bool(s)
	mustBeText(t, "NYSIIS", normalize.NYSIIS(s))
}

func checkEmail(t testing.TB, parser *normalize.EmailParser, raw string) {
	t.Helper()
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
}

func checkPhone(t testing.TB, parser *normalize.PhoneParser, raw, country string) {
	t.Helper()
	for _, reading := range []struct {
		what string
		once normalize.Phone
	}{{"phone", parser.Parse(raw, country)}, {"whatsapp", parser.ParseWhatsApp(raw, country)}} {
		what, once := reading.what, reading.once
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
}

func checkName(t testing.TB, parser *normalize.NameParser, parts normalize.NameParts) {
	t.Helper()
	once := parser.Parse(parts)
	mustBeText(t, "name", once.Given, once.Middle, once.Family, once.Key, once.GivenLatin, once.FamilyLatin, once.FoundEmail, once.FoundPhone)
	if (once.Status == normalize.OK) != (once.Key != "") {
		t.Errorf("%+q: status %s with key %q", parts, once.Status, once.Key)
	}
	for _, part := range []string{once.Given, once.Middle, once.Family} {
		if folded := normalize.Fold(part); folded != part {
			t.Errorf("%+q: %q is not folded: %q", parts, part, folded)
		}
	}
	if once.Given == "" || once.Family == "" {
		return // one field alone may hold a whole name, so it may be split again
	}
	again := parser.Parse(normalize.NameParts{First: once.Given, Middle: once.Middle, Last: once.Family, Suffix: once.Suffix})
	again.FoundEmail, again.FoundPhone = once.FoundEmail, once.FoundPhone
	if diff := cmp.Diff(once, again); diff != "" {
		t.Errorf("%+q: parsing the parts again (-first +second):\n%s", parts, diff)
	}
}

func checkDate(t testing.TB, raw string, order normalize.DateOrder) {
	t.Helper()
	once := normalize.ParseDate(raw, order)
	normalize.DateOrderOf([]string{raw})
	if (once.Status == normalize.OK) != (once.Key() != 0) {
		t.Errorf("%q: status %s with key %d", raw, once.Status, once.Key())
	}
	if once.Key() == 0 {
		return
	}
	for _, again := range []string{fmt.Sprintf("%04d-%02d-%02d", once.Year, once.Month, once.Day), fmt.Sprint(once.Key())} {
		if got := normalize.ParseDate(again, order); got.Key() != once.Key() {
			t.Errorf("%q: %s becomes %+v", raw, again, got)
		}
	}
}

func checkHandle(t testing.TB, channel, raw string) {
	t.Helper()
	once := normalize.ParseHandle(channel, raw)
	mustBeText(t, "handle", once.Canonical)
	if once.Status == normalize.OK && once.Canonical == "" {
		t.Errorf("%s %q: usable and empty", channel, raw)
	}
	if once.Canonical == "" {
		return
	}
	if again := normalize.ParseHandle(channel, once.Canonical); again != once {
		t.Errorf("%s %q: becomes %+v, then %+v", channel, raw, once, again)
	}
}
