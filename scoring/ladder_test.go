package scoring

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lv sets one comparison of a vector.
type lv struct {
	comparison int
	level      uint8
}

// vector is a vector of ordinary, identified contacts with the given levels.
func vector(levels ...lv) Vector {
	var v Vector
	v[cmpStatus], v[cmpIdentified] = statusPlain, bothIdentified
	for _, l := range levels {
		v[l.comparison] = l.level
	}
	return v
}

// ladderCase is one branch of DECISIONS.md: what a pair of contacts shows, and what is to be done with it.
type ladderCase struct {
	name    string
	levels  []lv
	likely  bool
	want    Decision
	rung    rung
	reasons string
}

// name, email and the others say one level of a vector in the tables below.
func name(l uint8) lv   { return lv{cmpName, l} }
func email(l uint8) lv  { return lv{cmpEmail, l} }
func phone(l uint8) lv  { return lv{cmpPhone, l} }
func born(l uint8) lv   { return lv{cmpBirthdate, l} }
func suffix(l uint8) lv { return lv{cmpSuffix, l} }
func sso(l uint8) lv    { return lv{cmpSSO, l} }
func nid(l uint8) lv    { return lv{cmpNationalID, l} }
func handle(l uint8) lv { return lv{cmpChannelID, l} }
func status(l uint8) lv { return lv{cmpStatus, l} }
func cookie(l uint8) lv { return lv{cmpCookie, l} }
func known(l uint8) lv  { return lv{cmpIdentified, l} }
func addr(l uint8) lv   { return lv{cmpAddress, l} }

// starting is a model with its starting values.
var starting = sync.OnceValue(func() *Model {
	m := &Model{Comparisons: fixedComparisons()}
	m.startRelatives()
	m.finish()
	return m
})

// believed is what a model with its starting values makes of a vector, its weight apart.
func believed(v Vector, likely bool) evidence {
	e := starting().evidence(v, 0)
	e.likely = likely
	return e
}

func runLadder(t *testing.T, cases []ladderCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d, reasons, r := decide(vector(c.levels...), believed(vector(c.levels...), c.likely))
			if d != c.want || r != c.rung {
				t.Errorf("decided %v by %q, want %v by %q", d, rungText[r], c.want, rungText[c.rung])
			}
			if diff := cmp.Diff(strings.Fields(c.reasons), reasons.Names()); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLadderBeforeTheFirstRung(t *testing.T) {
	runLadder(t, []ladderCase{
		{"a person declined", []lv{email(emailExact), name(nameEqual), status(statusDeclined)}, true, NoMatch, rungDeclined, "exact_email names_equal not_duplicates"},
		{"two tenants", []lv{email(emailExact), name(nameEqual), status(statusTenant)}, true, NoMatch, rungTenant, "exact_email names_equal tenant_conflict"},
	})
}

func TestLadderSharedIdentity(t *testing.T) {
	runLadder(t, []ladderCase{
		{"shared email proposes", []lv{email(emailShared), name(nameEqual)}, false, Suggest, rungShared, "shared_email names_equal"},
		{"shared phone proposes", []lv{phone(phoneShared), name(nameSwapped)}, false, Suggest, rungShared, "shared_phone names_swapped"},
		{"shared id proposes", []lv{handle(idShared), name(nameEqual)}, false, Suggest, rungShared, "shared_channel_id names_equal"},
		{"shared login proposes", []lv{sso(idShared), name(nameEqual)}, false, Suggest, rungShared, "shared_channel_id names_equal"},
		{"never proves a nameless contact", []lv{email(emailShared), name(nameOneMissing)}, true, NoMatch, rungModel, "shared_email name_missing one_household"},
		{"never proves two nameless contacts", []lv{email(emailShared), name(nameNull)}, true, NoMatch, rungModel, "shared_email names_missing one_household"},
		{"other first name", []lv{email(emailShared), name(nameGiven)}, true, NoMatch, rungModel, "shared_email first_name_mismatch one_household"},
		{"other birthdate", []lv{email(emailShared), name(nameEqual), born(birthDifferent)}, false, NoMatch, rungModel, "shared_email names_equal birthdate_conflict model_below_threshold"},
		{"suffix on one side", []lv{email(emailShared), name(nameEqual), suffix(suffixOneSide)}, false, NoMatch, rungModel, "shared_email names_equal suffix_conflict model_below_threshold"},
		{"other ID number", []lv{email(emailShared), name(nameEqual), nid(idDifferent)}, true, NoMatch, rungModel, "shared_email names_equal national_id_conflict"},
		{"an exact identity beside it proves", []lv{email(emailShared), phone(phoneExact), name(nameEqual)}, false, AutoMerge, rungExact, "exact_phone shared_email names_equal"},
	})
}

func TestLadderRung1(t *testing.T) {
	runLadder(t, []ladderCase{
		{"two subjects", []lv{sso(idDifferent), name(nameEqual)}, true, NoMatch, rungSSO, "names_equal sso_conflict"},
		{"two subjects, nothing else", []lv{sso(idDifferent)}, true, NoMatch, rungSSO, "names_missing sso_conflict"},
		{"names and an email agree", []lv{sso(idDifferent), name(nameEqual), email(emailExact)}, false, Review, rungSSO, "exact_email names_equal sso_conflict"},
		{"names and a phone agree", []lv{sso(idDifferent), name(nameSwapped), phone(phoneExact)}, false, Review, rungSSO, "exact_phone names_swapped sso_conflict"},
		{"names and birthdate agree", []lv{sso(idDifferent), name(nameEqual), born(birthEqual)}, false, Review, rungSSO, "names_equal birthdate_equal sso_conflict"},
		{"only an email agrees", []lv{sso(idDifferent), name(nameGiven), email(emailExact)}, true, NoMatch, rungSSO, "exact_email first_name_mismatch sso_conflict"},
		{"a nickname is not agreement", []lv{sso(idDifferent), name(nameNickname), email(emailExact)}, true, NoMatch, rungSSO, "exact_email nickname sso_conflict"},
	})
}

func TestLadderRung2Identities(t *testing.T) {
	runLadder(t, []ladderCase{
		{"email", []lv{email(emailExact), name(nameEqual)}, false, AutoMerge, rungExact, "exact_email names_equal"},
		{"phone", []lv{phone(phoneExact), name(nameEqual)}, false, AutoMerge, rungExact, "exact_phone names_equal"},
		{"fixed line", []lv{phone(phoneExactFixed), name(nameEqual)}, false, AutoMerge, rungExact, "exact_phone names_equal fixed_line"},
		{"phone with several names", []lv{phone(phoneExactNamed), name(nameEqual)}, false, AutoMerge, rungExact, "exact_phone names_equal"},
		{"channel id", []lv{handle(idExact), name(nameEqual)}, false, AutoMerge, rungExact, "exact_channel_id names_equal"},
		{"login", []lv{sso(idExact), name(nameEqual)}, false, AutoMerge, rungExact, "exact_sso names_equal"},
		{"ID number", []lv{nid(idExact), name(nameEqual)}, false, AutoMerge, rungExact, "exact_national_id names_equal"},
		{"other identities may differ", []lv{email(emailDifferent), phone(phoneExact), handle(idDifferent), name(nameEqual)}, false, AutoMerge, rungExact, "exact_phone names_equal"},
		{"a changed login address", []lv{email(emailDifferent), sso(idExact), name(nameEqual)}, false, AutoMerge, rungExact, "exact_sso names_equal"},
		{"another extension is another number", []lv{phone(phoneSwitchboard), name(nameGiven)}, true, NoMatch, rungModel, "first_name_mismatch extension_conflict one_household"},
	})
}

func TestLadderRung2Names(t *testing.T) {
	e := email(emailExact)
	runLadder(t, []ladderCase{
		{"swapped", []lv{e, name(nameSwapped)}, false, AutoMerge, rungExact, "exact_email names_swapped"},
		{"missing on both sides", []lv{e}, false, AutoMerge, rungExact, "exact_email names_missing"},
		{"missing on one side, email", []lv{e, name(nameOneMissing)}, false, AutoMerge, rungExact, "exact_email name_missing"},
		{"missing on one side, channel id", []lv{handle(idExact), name(nameOneMissing)}, false, AutoMerge, rungExact, "exact_channel_id name_missing"},
		{"missing on one side, login", []lv{sso(idExact), name(nameOneMissing)}, false, AutoMerge, rungExact, "exact_sso name_missing"},
		{"missing on one side, phone of one name", []lv{phone(phoneExact), name(nameOneMissing)}, false, AutoMerge, rungExact, "exact_phone name_missing"},
		{"missing on one side, fixed line", []lv{phone(phoneExactFixed), name(nameOneMissing)}, false, Suggest, rungExact, "exact_phone name_missing fixed_line"},
		{"missing on one side, a second person's name", []lv{phone(phoneExactNamed), name(nameOneMissing)}, false, Suggest, rungExact, "exact_phone name_missing"},
		{"missing on both sides, several people's number", []lv{phone(phoneExactNamed), name(nameNull)}, false, Suggest, rungExact, "exact_phone names_missing"},
		{"missing on both sides, and the email too", []lv{phone(phoneExactNamed), email(emailExact), name(nameNull)}, false, AutoMerge, rungExact, "exact_email exact_phone names_missing"},
		{"missing on one side, email beside a fixed line", []lv{e, phone(phoneExactFixed), name(nameOneMissing)}, false, AutoMerge, rungExact, "exact_email exact_phone name_missing fixed_line"},
		{"family name missing on one side", []lv{e, name(nameGivenOnly)}, false, AutoMerge, rungExact, "exact_email name_missing"},
		{"family name missing on one side, fixed line", []lv{phone(phoneExactFixed), name(nameGivenOnly)}, false, Suggest, rungExact, "exact_phone name_missing fixed_line"},
		{"given name missing on one side", []lv{e, name(nameFamilyOnly)}, false, Suggest, rungExact, "exact_email name_missing"},
		{"no part of the names in common", []lv{e, name(nameApart)}, false, Suggest, rungExact, "exact_email name_missing"},
		{"last name differs", []lv{e, name(nameSurname)}, false, Suggest, rungExact, "exact_email surname_changed last_name_mismatch"},
		{"nickname", []lv{e, name(nameNickname)}, false, Suggest, rungExact, "exact_email nickname"},
		{"initial", []lv{e, name(nameInitial)}, false, Suggest, rungExact, "exact_email initial"},
		{"typo", []lv{e, name(nameTypo)}, false, Suggest, rungExact, "exact_email name_typo"},
		{"sounds alike", []lv{e, name(namePhonetic)}, false, Suggest, rungExact, "exact_email name_phonetic"},
		{"other script", []lv{e, name(nameOtherScript)}, false, Suggest, rungExact, "exact_email other_script"},
		{"hyphenated", []lv{e, name(nameExtended)}, false, Suggest, rungExact, "exact_email name_extended"},
		{"middle name differs", []lv{e, name(nameMiddle)}, false, Suggest, rungExact, "exact_email middle_name_differs"},
		{"first name differs", []lv{e, name(nameGiven)}, true, Review, rungExact, "exact_email first_name_mismatch"},
		{"both names differ", []lv{e, name(nameDifferent)}, true, Review, rungExact, "exact_email first_name_mismatch names_differ"},
	})
}

func TestLadderRung2Conflicts(t *testing.T) {
	e := email(emailExact)
	runLadder(t, []ladderCase{
		{"birthdate equal", []lv{e, name(nameEqual), born(birthEqual)}, false, AutoMerge, rungExact, "exact_email names_equal birthdate_equal"},
		{"birthdate differs, names agree", []lv{e, name(nameEqual), born(birthDifferent)}, true, Review, rungExact, "exact_email names_equal birthdate_conflict"},
		{"birthdate differs within the year", []lv{e, name(nameEqual), born(birthSameYear)}, true, Review, rungExact, "exact_email names_equal birthdate_conflict"},
		{"birthdate differs, names vary", []lv{e, name(nameNickname), born(birthDifferent)}, true, Review, rungExact, "exact_email nickname birthdate_conflict"},
		{"birthdate differs, first name too", []lv{e, name(nameGiven), born(birthDifferent)}, true, NoMatch, rungExact, "exact_email first_name_mismatch birthdate_conflict"},
		{"birthdate differs, suffix too", []lv{e, name(nameEqual), suffix(suffixDifferent), born(birthDifferent)}, true, NoMatch, rungExact, "exact_email names_equal suffix_conflict birthdate_conflict"},
		{"day and month swapped", []lv{e, name(nameEqual), born(birthSwapped)}, false, Suggest, rungExact, "exact_email names_equal birthdate_day_month_swapped"},
		{"a slip in the birthdate", []lv{e, name(nameEqual), born(birthTypo)}, false, Suggest, rungExact, "exact_email names_equal birthdate_typo"},
		{"day and month swapped, first name differs", []lv{e, name(nameGiven), born(birthSwapped)}, false, Review, rungExact, "exact_email first_name_mismatch birthdate_day_month_swapped"},
		{"suffix differs", []lv{e, name(nameEqual), suffix(suffixDifferent)}, false, Review, rungExact, "exact_email names_equal suffix_conflict"},
		{"suffix on one side", []lv{e, name(nameEqual), suffix(suffixOneSide)}, false, Suggest, rungExact, "exact_email names_equal suffix_conflict"},
		{"suffix equal", []lv{e, name(nameEqual), suffix(suffixEqual)}, false, AutoMerge, rungExact, "exact_email names_equal"},
		{"ID number differs", []lv{e, name(nameEqual), nid(idDifferent)}, false, Review, rungExact, "exact_email names_equal national_id_conflict"},
		{"ID number nearly equal", []lv{e, name(nameEqual), nid(idNear)}, false, AutoMerge, rungExact, "exact_email names_equal"},
	})
}

func TestLadderRung3(t *testing.T) {
	d := email(emailDerived)
	runLadder(t, []ladderCase{
		{"email, names equal", []lv{d, name(nameEqual)}, true, Suggest, rungDerived, "derived_email names_equal"},
		{"phone, names equal", []lv{phone(phoneDerived), name(nameSwapped)}, false, Suggest, rungDerived, "derived_phone names_swapped"},
		{"name missing on one side", []lv{d, name(nameOneMissing)}, false, Suggest, rungDerived, "derived_email name_missing"},
		{"names missing", []lv{phone(phoneDerived)}, false, Suggest, rungDerived, "derived_phone names_missing"},
		{"family name missing on one side", []lv{d, name(nameGivenOnly)}, false, Suggest, rungDerived, "derived_email name_missing"},
		{"different people of one mailbox", []lv{d, name(nameGiven)}, true, NoMatch, rungDerived, "derived_email first_name_mismatch"},
		{"nickname, likely", []lv{d, name(nameNickname)}, true, Suggest, rungModel, "derived_email nickname model_match"},
		{"nickname, unlikely", []lv{d, name(nameNickname)}, false, NoMatch, rungModel, "derived_email nickname model_below_threshold"},
		{"birthdate differs, names equal", []lv{d, name(nameEqual), born(birthDifferent)}, true, Review, rungDerived, "derived_email names_equal birthdate_conflict"},
		{"birthdate differs, names vary", []lv{d, name(nameTypo), born(birthDifferent)}, true, NoMatch, rungDerived, "derived_email name_typo birthdate_conflict"},
		{"birthdate differs, name missing", []lv{d, name(nameOneMissing), born(birthDifferent)}, true, NoMatch, rungDerived, "derived_email name_missing birthdate_conflict"},
		{"ID number differs, names equal", []lv{d, name(nameEqual), nid(idDifferent)}, true, Review, rungDerived, "derived_email names_equal national_id_conflict"},
		{"suffix differs", []lv{d, name(nameEqual), suffix(suffixDifferent)}, true, NoMatch, rungDerived, "derived_email names_equal suffix_conflict"},
		{"look-alike letters", []lv{email(emailLookAlike), name(nameEqual)}, true, Review, rungDerived, "look_alike names_equal"},
		{"look-alike letters, nickname", []lv{email(emailLookAlike), name(nameNickname)}, true, Review, rungDerived, "look_alike nickname"},
		{"look-alike letters, no names", []lv{email(emailLookAlike)}, true, Review, rungDerived, "look_alike names_missing"},
		{"look-alike letters, other first name", []lv{email(emailLookAlike), name(nameGiven)}, true, NoMatch, rungDerived, "look_alike first_name_mismatch"},
		{"look-alike letters, birthdate differs", []lv{email(emailLookAlike), name(nameEqual), born(birthDifferent), addr(addressSame)}, true, Review, rungDerived, "look_alike names_equal birthdate_conflict"},
	})
}

func TestLadderRung4(t *testing.T) {
	c := cookie(cookieSame)
	runLadder(t, []ladderCase{
		{"one side anonymous", []lv{c, known(oneAnonymous), name(nameOneMissing)}, false, Suggest, rungCookie, "cookie_only name_missing same_cookie"},
		{"both anonymous", []lv{c, known(bothAnonymous)}, false, NoMatch, rungCookie, "cookie_only names_missing both_anonymous same_cookie"},
		{"two identified people", []lv{c, name(nameDifferent)}, true, NoMatch, rungModel, "first_name_mismatch names_differ same_cookie one_household"},
		{"two identified contacts of one name", []lv{c, name(nameEqual)}, true, Suggest, rungModel, "names_equal model_match same_cookie"},
		{"two identified people of other names", []lv{c, name(nameSurname)}, true, NoMatch, rungModel, "surname_changed last_name_mismatch same_cookie uncorroborated"},
		{"a browser of many", []lv{cookie(cookieShared), known(oneAnonymous), name(nameOneMissing)}, true, NoMatch, rungModel, "name_missing one_household"},
		{"an exact identity beside it", []lv{c, email(emailExact), name(nameEqual)}, false, AutoMerge, rungExact, "exact_email names_equal same_cookie"},
	})
}

func TestLadderRung5(t *testing.T) {
	at := addr(addressSame)
	runLadder(t, []ladderCase{
		{"likely and supported", []lv{name(nameEqual), at}, true, Suggest, rungModel, "names_equal model_match"},
		{"unlikely", []lv{name(nameEqual), at}, false, NoMatch, rungModel, "names_equal model_below_threshold"},
		{"equal names alone", []lv{name(nameEqual)}, true, NoMatch, rungModel, "names_equal uncorroborated"},
		{"equal names in one country", []lv{name(nameEqual), {cmpCountry, textEqual}, {cmpGender, textEqual}}, true, NoMatch, rungModel, "names_equal uncorroborated"},
		{"name and birthdate", []lv{name(nameEqual), born(birthEqual)}, true, Suggest, rungModel, "names_equal birthdate_equal model_match"},
		{"name and birthdate, other country", []lv{name(nameEqual), born(birthEqual), {cmpCountry, textDifferent}}, true, NoMatch, rungModel, "names_equal birthdate_equal uncorroborated"},
		{"name and birthdate, other address", []lv{name(nameEqual), born(birthEqual), addr(addressDifferent)}, true, NoMatch, rungModel, "names_equal birthdate_equal uncorroborated"},
		{"local part at another provider", []lv{name(nameEqual), email(emailLocalPart)}, true, Suggest, rungModel, "names_equal model_match"},
		{"near phone", []lv{name(nameEqual), phone(phoneNear)}, true, Suggest, rungModel, "names_equal model_match"},
		{"near ID number", []lv{name(nameTypo), nid(idNear)}, true, Suggest, rungModel, "name_typo model_match"},
		{"same company", []lv{name(nameNickname), {cmpCompany, textEqual}}, true, Suggest, rungModel, "nickname model_match"},
		{"a column of the customer's", []lv{name(nameEqual), {numFixed, textEqual}}, true, Suggest, rungModel, "names_equal model_match"},
		{"first name differs", []lv{name(nameGiven), at}, true, NoMatch, rungModel, "first_name_mismatch one_household"},
		{"names missing", []lv{at}, true, NoMatch, rungModel, "names_missing one_household"},
		{"name missing on one side", []lv{name(nameOneMissing), at}, true, NoMatch, rungModel, "name_missing one_household"},
		{"nothing of the names to compare", []lv{name(nameApart), at}, true, NoMatch, rungModel, "name_missing one_household"},
		{"suffix differs", []lv{name(nameEqual), at, suffix(suffixDifferent)}, true, NoMatch, rungModel, "names_equal suffix_conflict one_household"},
		{"birthdate differs", []lv{name(nameEqual), at, born(birthDifferent)}, true, NoMatch, rungModel, "names_equal birthdate_conflict"},
		{"suffix on one side", []lv{name(nameEqual), at, suffix(suffixOneSide)}, true, NoMatch, rungModel, "names_equal suffix_conflict"},
		{"suffix on one side, birthdate equal", []lv{name(nameEqual), at, suffix(suffixOneSide), born(birthEqual)}, true, Suggest, rungModel, "names_equal suffix_conflict birthdate_equal model_match"},
		{"ID number differs", []lv{name(nameEqual), at, nid(idDifferent)}, true, NoMatch, rungModel, "names_equal national_id_conflict"},
		{"switchboard, names vary", []lv{name(nameTypo), at, phone(phoneSwitchboard)}, true, NoMatch, rungModel, "name_typo extension_conflict one_household"},
		{"switchboard, names equal", []lv{name(nameEqual), at, phone(phoneSwitchboard)}, true, Suggest, rungModel, "names_equal extension_conflict model_match"},
	})
}

func TestLadderRung6(t *testing.T) {
	e := []lv{email(emailExact), name(nameEqual)}
	runLadder(t, []ladderCase{
		{"VIP", append(e, status(statusVIP)), false, Review, rungExact, "exact_email names_equal vip"},
		{"blocked", append(e, status(statusBlocked)), false, Review, rungExact, "exact_email names_equal blocked"},
		{"both", append(e, status(statusVIPBlocked)), false, Review, rungExact, "exact_email names_equal vip blocked"},
		{"a suggestion", []lv{email(emailDerived), name(nameEqual), status(statusVIP)}, false, Review, rungDerived, "derived_email names_equal vip"},
		{"of the model", []lv{name(nameEqual), addr(addressSame), status(statusBlocked)}, true, Review, rungModel, "names_equal blocked model_match"},
		{"review stays", []lv{email(emailExact), name(nameGiven), status(statusVIP)}, false, Review, rungExact, "exact_email first_name_mismatch vip"},
		{"no match stays", []lv{name(nameEqual), status(statusVIP)}, true, NoMatch, rungModel, "names_equal vip uncorroborated"},
	})
}

// TestLadderPromises holds every vector there can be, as far as it matters, to what the policy promises whatever else is the case.
func TestLadderPromises(t *testing.T) {
	all := func(n uint8) []uint8 {
		out := make([]uint8, n+1)
		for i := range out {
			out[i] = uint8(i)
		}
		return out
	}
	dimensions := []struct {
		comparison int
		levels     []uint8
	}{
		{cmpName, all(nameDifferent)},
		{cmpEmail, all(emailDifferent)},
		{cmpPhone, all(phoneDerived)},
		{cmpSuffix, all(suffixDifferent)},
		{cmpBirthdate, []uint8{0, birthEqual, birthSwapped, birthDifferent}},
		{cmpSSO, []uint8{0, idExact, idDifferent}},
		{cmpNationalID, []uint8{0, idExact, idDifferent}},
		{cmpStatus, []uint8{statusPlain, statusVIP}},
		{cmpAddress, []uint8{0, addressSame}},
	}
	counts := [AutoMerge + 1]int{}
	var walk func(v Vector, dimension int)
	walk = func(v Vector, dimension int) {
		if dimension < len(dimensions) {
			for _, l := range dimensions[dimension].levels {
				v[dimensions[dimension].comparison] = l
				walk(v, dimension+1)
			}
			return
		}
		d, reasons, r := decide(v, believed(v, true))
		counts[d]++
		if broken := brokenPromise(v, d, reasons); broken != "" {
			t.Fatalf("%s: %v by %q, %v", broken, d, rungText[r], reasons.Names())
		}
	}
	walk(vector(), 0)
	for d, n := range counts {
		if n == 0 {
			t.Errorf("no vector was decided as %v", Decision(d))
		}
	}
}

func brokenPromise(v Vector, d Decision, reasons Reasons) string {
	mergeable := v[cmpName] == nameEqual || v[cmpName] == nameSwapped || v[cmpName] == nameNull || v[cmpName] == nameOneMissing || v[cmpName] == nameGivenOnly
	veto, _, _ := against(v, believed(v, true))
	switch {
	case d == AutoMerge && !believed(v, false).exact:
		return "merged automatically without an exact identity"
	case d == AutoMerge && !mergeable:
		return "merged automatically with names " + nameLabel(v[cmpName])
	case d == AutoMerge && (v[cmpStatus] != statusPlain || v[cmpSSO] == idDifferent || v[cmpSuffix] >= suffixOneSide || v[cmpBirthdate] > birthEqual):
		return "merged automatically against a fact"
	case d == Suggest && (firstNameDiffers(v) && !believed(v, true).sure || v[cmpStatus] != statusPlain || v[cmpSuffix] == suffixDifferent):
		return "suggested what a supervisor must see"
	case d > Review && v[cmpEmail] == emailLookAlike && !believed(v, false).exact:
		return "look-alike letters were not reviewed"
	case d > Review && veto != 0:
		return "let two members of a cluster veto each other"
	case reasons == 0:
		return "gave no reason"
	}
	return ""
}

func TestReasonNames(t *testing.T) {
	seen := map[string]bool{}
	for i := range numReasons {
		names := Reasons(1 << i).Names()
		if len(names) != 1 || names[0] == "" || seen[names[0]] {
			t.Errorf("reason %d has names %q: want one of its own", i, names)
			continue
		}
		seen[names[0]] = true
	}
	if got := Reasons(1<<numReasons - 1).Names(); len(got) != numReasons {
		t.Errorf("all reasons have %d names, want %d", len(got), numReasons)
	}
	if !ExactEmail.Has(ExactEmail|VIP) || ExactEmail.Has(VIP) {
		t.Error("Has does not report membership")
	}
	for l := range fixedComparisons()[cmpName].Levels {
		if nameReason(uint8(l)) == 0 {
			t.Errorf("name level %q has no reason", nameLabel(uint8(l)))
		}
	}
}

func TestDecisionRoundTrip(t *testing.T) {
	for d := NoMatch; d <= AutoMerge; d++ {
		text, err := d.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := ParseDecision(string(text)); !ok || got != d {
			t.Errorf("ParseDecision(%q) = %v, %v", text, got, ok)
		}
	}
	if d, ok := ParseDecision("merge"); ok || d != NoMatch {
		t.Errorf("an unknown word was parsed as %v", d)
	}
}
