package scoring

import (
	"testing"

	"github.com/contactmerge/contactmerge/internal/contact"
)

func TestBirthLevel(t *testing.T) {
	for _, c := range []struct {
		name string
		x, y int32
		want uint8
	}{
		{"missing", 0, 19840312, 0},
		{"missing on both sides", 0, 0, 0},
		{"equal", 19840312, 19840312, birthEqual},
		{"day and month swapped", 19840312, 19841203, birthSwapped},
		{"one digit", 19840312, 19840313, birthTypo},
		{"one digit of the year", 19840312, 19940312, birthTypo},
		{"two neighbouring digits", 19840312, 19840321, birthTypo},
		{"two neighbouring digits of the year", 19840312, 19480312, birthTypo},
		{"same year", 19840312, 19840725, birthSameYear},
		{"different", 19840312, 19761019, birthDifferent},
		{"two digits apart", 19840312, 19950312, birthNear},
		{"three digits apart", 19840312, 19950412, birthLoose},
		{"only the year, equal", 19840000, 19840000, birthEqual},
		{"the same year, once with its day", 19840000, 19840312, birthSameYear},
		{"the same month, once with its day", 19840300, 19840312, birthNear},
		{"another month", 19840400, 19840312, birthLoose},
		{"a year reckoned from an age", 19850000, 19840312, birthLoose},
		{"one digit of the year alone", 19840000, 19940000, birthLoose},
		{"another year", 19840000, 19710312, birthDifferent},
		{"four digits apart", 19840312, 19950423, birthDifferent},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := birthLevel(c.x, c.y); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
			if got := birthLevel(c.y, c.x); got != c.want {
				t.Errorf("the other way round: got %d, want %d", got, c.want)
			}
		})
	}
}

// TestFieldLevels compares two people in one comparison.
func TestFieldLevels(t *testing.T) {
	ann, ben := named("Ann", "Okafor"), named("Ben", "Lindqvist")
	at := func(street, postcode, city string) person {
		return person{street: street, postcode: postcode, city: city}
	}
	for _, c := range []struct {
		name       string
		a, b       person
		comparison int
		want       uint8
	}{
		{"phone missing", ann.with("phone:+12025550100"), ben, cmpPhone, 0},
		{"phone exact", ann.with("phone:+12025550100"), ann.with("phone:+12025550100"), cmpPhone, phoneExact},
		{"phone exact, one of several", ann.with("phone:+12025550100 phone:+12025550199"), ann.with("phone:+12025550199"), cmpPhone, phoneExact},
		{"fixed line", ann.with("fixed:+12025550100"), ann.with("fixed:+12025550100"), cmpPhone, phoneExactFixed},
		{"fixed line beside a mobile", ann.with("fixed:+12025550100 phone:+491701"), ann.with("fixed:+12025550100 phone:+491701"), cmpPhone, phoneExact},
		{"phone of two names", ann.with("phone:+12025550100"), ben.with("phone:+12025550100"), cmpPhone, phoneExactNamed},
		{"extension is part of the number", ann.with("phone:+12025550100;ext=101"), ann.with("phone:+12025550100;ext=102"), cmpPhone, phoneSwitchboard},
		{"extension on one side", ann.with("phone:+12025550100;ext=101"), ann.with("phone:+12025550100"), cmpPhone, phoneSwitchboard},
		{"one digit off", ann.with("phone:+12025550100"), ann.with("phone:+12025550101"), cmpPhone, phoneNear},
		{"neighbouring digits swapped", ann.with("phone:+12025550123"), ann.with("phone:+12025550132"), cmpPhone, phoneNear},
		{"two digits off", ann.with("phone:+12025550123"), ann.with("phone:+12025550145"), cmpPhone, phoneDifferent},
		{"lengths differ", ann.with("phone:+1202555012"), ann.with("phone:+12025550123"), cmpPhone, phoneDifferent},
		{"derived phone", ann.with("phone:+5215555>+525555/128"), ann.with("phone:+525555>+525555"), cmpPhone, phoneDerived},
		{"derived forms of neither side", ann.with("phone:+525555>+52x"), ann.with("phone:+525556>+52x"), cmpPhone, phoneNear},
		{"email exact", ann.with("email:ann@x.org"), ben.with("email:ann@x.org"), cmpEmail, emailExact},
		{"plus address", ann.with("email:ann+a@x.org>ann@x.org/1"), ann.with("email:ann@x.org>ann@x.org"), cmpEmail, emailDerived},
		{"look-alike", ann.with("email:аnn@x.org>ann@x.org/16"), ann.with("email:ann@x.org>ann@x.org"), cmpEmail, emailLookAlike},
		{"local part", ann.with("email:ann.okafor77@x.org"), ann.with("email:ann.okafor77@y.org"), cmpEmail, emailLocalPart},
		{"local part with a word", ann.with("email:okafor.sails@x.org"), ann.with("email:okafor.sails@y.org"), cmpEmail, emailLocalPart},
		{"local part spells the name", ann.with("email:ann.okafor@x.org"), ann.with("email:ann.okafor@y.org"), cmpEmail, emailDifferent},
		{"local part spells the name shortly", ann.with("email:a-okafor@x.org"), ann.with("email:a-okafor@y.org"), cmpEmail, emailDifferent},
		{"local part may spell a name of another script", named("伟", "王").with("email:wang.wei@x.org"), named("伟", "王").with("email:wang.wei@y.org"), cmpEmail, emailDifferent},
		{"short local part", ann.with("email:ann@x.org"), ann.with("email:ann@y.org"), cmpEmail, emailDifferent},
		{"local part is a beginning only", ann.with("email:ann.okafor@x.org"), ann.with("email:ann.okafor2@y.org"), cmpEmail, emailLoose},
		{"login exact", ann.with("sso:idp1|u1"), ann.with("sso:idp1|u1"), cmpSSO, idExact},
		{"login differs", ann.with("sso:idp1|u1"), ann.with("sso:idp1|u2"), cmpSSO, idDifferent},
		{"login at another provider", ann.with("sso:idp1|u1"), ann.with("sso:idp2|u2"), cmpSSO, 0},
		{"two logins, one in common", ann.with("sso:idp1|u1 sso:idp2|v1"), ann.with("sso:idp1|u1 sso:idp2|v2"), cmpSSO, idExact},
		{"ID number near", ann.with("nid:passport|X12345"), ann.with("nid:passport|X12354"), cmpNationalID, idNear},
		{"ID number differs", ann.with("nid:passport|X12345"), ann.with("nid:passport|Z99999"), cmpNationalID, idDifferent},
		{"ID number of another kind", ann.with("nid:passport|X12345"), ann.with("nid:tax|Z99999"), cmpNationalID, 0},
		{"channel id differs", ann.with("handle:facebook:1"), ann.with("handle:facebook:2"), cmpChannelID, idDifferent},
		{"channel ids of two networks", ann.with("handle:facebook:1"), ann.with("handle:twitter:1"), cmpChannelID, 0},
		{"one browser", person{keys: "cookie:ck"}, ann.with("cookie:ck"), cmpCookie, cookieSame},
		{"one browser, two names", ann.with("cookie:ck"), ben.with("cookie:ck"), cmpCookie, cookieShared},
		{"two browsers", ann.with("cookie:a"), ann.with("cookie:b"), cmpCookie, cookieDifferent},
		{"anonymous", person{keys: "cookie:ck"}, ann, cmpIdentified, oneAnonymous},
		{"both anonymous", person{keys: "cookie:ck"}, person{}, cmpIdentified, bothAnonymous},
		{"nameless but reachable", person{keys: "email:a@x.org"}, ann, cmpIdentified, bothIdentified},
		{"address equal", at("main street 12", "", "salem"), at("main street 12", "", "salem"), cmpAddress, addressSame},
		{"address equal, no postcode on one side", at("main street 12", "97301", "salem"), at("main street 12", "", "salem"), cmpAddress, addressSame},
		{"street in two quarters of a city", at("main street 12", "97301", "salem"), at("main street 12", "04101", "salem"), cmpAddress, addressCity},
		{"address similar", at("main street 12", "97301", ""), at("main stret 12", "97301", ""), cmpAddress, addressSimilar},
		{"postcode", at("main street 12", "97301", "salem"), at("oak avenue 7", "97301", "salem"), cmpAddress, addressPostcode},
		{"city", at("main street 12", "97301", "salem"), at("oak avenue 7", "04101", "salem"), cmpAddress, addressCity},
		{"street alone", at("main street 12", "", ""), at("main street 12", "", ""), cmpAddress, addressStreetOnly},
		{"street in two cities", at("main street 12", "", "salem"), at("main street 12", "", "leeds"), cmpAddress, addressStreet},
		{"address missing", at("main street 12", "", ""), at("", "", "salem"), cmpAddress, 0},
		{"company similar", person{company: "acme fiction north"}, person{company: "north acme fiction"}, cmpCompany, textSimilar},
		{"company differs", person{company: "acme"}, person{company: "quill"}, cmpCompany, textDifferent},
		{"country differs", person{country: "US"}, person{country: "GB"}, cmpCountry, textDifferent},
		{"own column equal", person{custom: "gold"}, person{custom: "gold"}, numFixed, textEqual},
		{"suffixes differ", person{name: ann.name, keys: ""}, person{name: ann.name}, cmpSuffix, 0},
		{"tenants", person{tenant: "a"}, person{tenant: "b"}, cmpStatus, statusTenant},
		{"VIP", person{flags: contact.RowVIP}, person{}, cmpStatus, statusVIP},
		{"VIP and blocked", person{flags: contact.RowVIP}, person{flags: contact.RowBlocked}, cmpStatus, statusVIPBlocked},
		{"opt-out is no status", person{flags: contact.RowOptOut}, person{}, cmpStatus, statusPlain},
	} {
		t.Run(c.name, func(t *testing.T) {
			for i, pair := range [][2]person{{c.a, c.b}, {c.b, c.a}} {
				if got := newWorker(t, pair[0], pair[1]).Compare(0, 1)[c.comparison]; got != c.want {
					t.Errorf("order %d: got level %d, want %d", i, got, c.want)
				}
			}
		})
	}
}

func TestSuffixLevel(t *testing.T) {
	with := func(suffix string) person {
		p := named("John", "Avery")
		p.name.Suffix = suffix
		return p
	}
	for _, c := range []struct {
		a, b string
		want uint8
	}{{"", "", 0}, {"Jr", "", suffixOneSide}, {"Jr.", "jr", suffixEqual}, {"Jr", "Sr", suffixDifferent}, {"II", "III", suffixDifferent}} {
		if got := newWorker(t, with(c.a), with(c.b)).Compare(0, 1)[cmpSuffix]; got != c.want {
			t.Errorf("%q and %q: got %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

// TestSharedIdentityLevels gives one value to five people.
func TestSharedIdentityLevels(t *testing.T) {
	var people []person
	for _, n := range []string{"Ann", "Ben", "Cleo", "Dov", "Emre"} {
		people = append(people, named(n, "Okafor").with("email:e@x.org phone:+1 handle:fb:1 sso:idp|1 nid:t|1 cookie:c"))
	}
	v := newWorker(t, people...).Compare(0, 1)
	want := map[int]uint8{cmpEmail: emailShared, cmpPhone: phoneShared, cmpChannelID: idShared, cmpSSO: idShared, cmpNationalID: idShared, cmpCookie: cookieShared}
	for c, l := range want {
		if v[c] != l {
			t.Errorf("comparison %d is at level %d, want %d", c, v[c], l)
		}
	}
	if believed(v, false).exact {
		t.Error("a shared identity proves something")
	}
}
