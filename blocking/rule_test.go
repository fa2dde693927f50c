package blocking

import (
	"fmt"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// TestRules says which rules pair two contacts.
func TestRules(t *testing.T) {
	ann := named("ann", "okafor")
	at := func(g guest, born int, cols ...any) guest {
		out := guest{cols: map[contact.Col]string{}, born: born, keys: g.keys, own: g.own}
		for c, v := range g.cols {
			out.cols[c] = v
		}
		for i := 0; i < len(cols); i += 2 {
			out.cols[cols[i].(contact.Col)] = cols[i+1].(string)
		}
		return out
	}
	for _, c := range []struct {
		name string
		a, b guest
		want []string
	}{
		{"nothing", named("ann", "okafor"), named("ben", "lind"), nil},
		{"two empty contacts", guest{}, guest{}, nil},
		{"login", guest{keys: "sso:u1"}, guest{keys: "sso:u1"}, []string{"sso"}},
		{"email and its local part", guest{keys: "email:ann.okafor@x.org"}, guest{keys: "email:ann.okafor@x.org"}, []string{"email", "email_typo", "email_local_part", "email_name"}},
		{"local part", guest{keys: "email:ann.okafor@x.org"}, guest{keys: "email:ann.okafor@y.org"}, []string{"email_typo", "email_local_part", "email_name"}},
		{"short local part", guest{keys: "email:ann@x.org"}, guest{keys: "email:ann@y.org"}, nil},
		{"one text in two spaces", guest{keys: "phone:5"}, guest{keys: "handle:5"}, nil},
		{"derived on one side", guest{keys: "demail:a*"}, guest{keys: "demail:a"}, []string{"derived_email"}},
		{"derived on neither side", guest{keys: "demail:a"}, guest{keys: "demail:a"}, nil},
		{"name and birthdate", at(ann, 19840312), at(ann, 19840312), []string{"name_birthdate", "family_birthdate", "given_birthdate", "month_name", "year_day_name", "day_month_name", "year_name", "birthdate", "sound_name", "name", "two_words", "given_family_start", "initial_family", "family", "given"}},
		{"family and birthdate", at(ann, 19840312), at(named("ben", "okafor"), 19840312), []string{"family_birthdate", "month_name", "year_day_name", "day_month_name", "year_name", "birthdate", "family"}},
		{"a missing birthdate is no birthdate", at(ann, 0), at(named("ben", "okafor"), 0), []string{"family"}},
		{"sounds", ann, named("anna", "okafr"), []string{"sound_name", "given_family_start", "initial_family", "family", "given"}},
		{"swapped", ann, named("okafor", "ann"), []string{"name", "two_words"}},
		{"company", at(ann, 0, contact.ColCompany, "acme"), at(named("okafor", "ann"), 0, contact.ColCompany, "acme"), []string{"name_company", "name", "two_words"}},
		{"street", at(named("ann", ""), 0, contact.ColStreet, "s"), at(named("amy", ""), 0, contact.ColStreet, "s"), []string{"street_given", "street", "given"}},
		{"birthdate and postcode", at(guest{}, 19840312, contact.ColPostcode, "p"), at(guest{}, 19840312, contact.ColPostcode, "p"), []string{"birthdate_postcode", "birthdate", "postcode"}},
		{"a second family name", ann, named("ann", "okafor lind"), []string{"sound_name", "two_words", "given_family_start", "initial_family", "family", "given"}},
		{"a mailbox named after the other", guest{keys: "email:a.okafor7@x.org"}, ann, []string{"email_name"}},
		{"mailboxes named after one", guest{keys: "email:a.okafor7@x.org"}, guest{keys: "email:okafora@y.org"}, nil},
		{"a digit left out", guest{keys: "national:1234567"}, guest{keys: "national:123456"}, []string{"phone_typo"}},
		{"digits exchanged", guest{keys: "national:1234567"}, guest{keys: "national:1243567"}, []string{"phone_typo"}},
		{"two other digits", guest{keys: "national:1234567"}, guest{keys: "national:1034067"}, nil},
		{"another area code", guest{keys: "national:301234567"}, guest{keys: "national:891234567"}, []string{"phone_end"}},
		{"month and day exchanged", at(named("ann", ""), 19840312), at(named("ann", ""), 19841203), []string{"day_month_name", "year_name", "birthdate", "name", "given"}},
		{"another month", at(named("ann", ""), 19840312), at(named("ann", ""), 19840412), []string{"year_day_name", "year_name", "name", "given"}},
		{"words of a street", at(ann, 0, contact.ColStreet, "5 lindenstrasse"), at(named("amy", "orr"), 0, contact.ColStreet, "9 lindenstrasse"), []string{"sound_name", "initial_family", "street_name", "family", "given"}},
		{"house and postcode", guest{cols: map[contact.Col]string{contact.ColStreet: "5 elm", contact.ColPostcode: "p"}}, guest{cols: map[contact.Col]string{contact.ColStreet: "5 oak", contact.ColPostcode: "p"}}, []string{"house_postcode", "postcode"}},
		{"two tenants", at(ann, 19840312, contact.ColTenant, "a"), at(ann, 19840312, contact.ColTenant, "b"), nil},
		{"a column of the customer's", guest{own: "x"}, guest{own: "x"}, []string{"column_shoe"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := wide
			cfg.Disable = []string{"near_family", "near_given", "near_birthdate", "near_email", "near_street"} // which pair any two contacts of a table of two
			b := build(t, newTable(t, c.a, c.b), cfg)
			pairs, _ := collect(b, 100)
			var got []string
			for _, p := range pairs {
				for i, n := range b.RuleNames() {
					if p.Rules>>i&1 == 1 {
						got = append(got, n)
					}
				}
			}
			if diff := gocmp.Diff(c.want, got); diff != "" {
				t.Errorf("rules (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDisabledRules(t *testing.T) {
	tab := newTable(t, guest{keys: "email:ann@x.org"}, guest{keys: "email:ann@x.org"})
	b := build(t, tab, Config{Disable: []string{"email", "derived_email", "email_local_part", "email_typo", "email_name", "near_email"}, SmallPairs: -1})
	if pairs, _ := collect(b, 10); len(pairs) != 0 || slices.Contains(b.RuleNames(), "email") {
		t.Errorf("a disabled rule made %d pairs", len(pairs))
	}
}

func TestColumnRules(t *testing.T) {
	for _, c := range []struct {
		name   string
		values int // distinct values among 60 contacts
		named  bool
		want   []string
	}{
		{"one value", 1, true, nil},
		{"a status", 5, false, nil},
		{"a status of named contacts", 5, true, []string{"column_shoe_name"}},
		{"few contacts per value", 20, true, []string{"column_shoe", "column_shoe_typo", "column_shoe_name"}},
		{"nearly unique", 59, false, []string{"column_shoe", "column_shoe_typo"}},
		{"unique", 60, true, []string{"column_shoe_typo"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			guests := make([]guest, 60)
			for i := range guests {
				if c.named {
					guests[i] = named("ann", "okafor")
				}
				guests[i].own = fmt.Sprint("value ", i%c.values)
			}
			var got []string
			for _, r := range newFacts(newTable(t, guests...)).columnRules(false) {
				got = append(got, r.name)
			}
			if diff := gocmp.Diff(c.want, got); diff != "" {
				t.Errorf("rules (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMatchKey(t *testing.T) {
	names := []string{"a", "b", "c"}
	for rules, want := range map[uint32]string{0: "", 1: "a", 4: "c", 6: "b"} {
		if got := MatchKey(rules, names); got != want {
			t.Errorf("MatchKey(%b) = %q, want %q", rules, got, want)
		}
	}
}

func TestRulesFitTheirBits(t *testing.T) {
	if n := len(catalogue()); maxRules > 32 || n >= maxCandidates || maxCandidates > 1<<(32-ruleShift) {
		t.Errorf("%d rules do not fit", n)
	}
	seen := map[string]bool{}
	for _, r := range catalogue() {
		if r.name == "" || r.description == "" || seen[r.name] {
			t.Errorf("rule %q has no name or description of its own", r.name)
		}
		seen[r.name] = true
	}
}

func TestConfigValidate(t *testing.T) {
	if errs := (Config{}).Validate(); len(errs) != 0 {
		t.Errorf("the zero value is refused: %v", errs)
	}
	if errs := (Config{MaxNames: -1, MaxBlock: 1, MaxIdentityBlock: 1, PairsPerContact: -2, Disable: []string{"emial"}}).Validate(); len(errs) != 5 {
		t.Errorf("got %v, want five problems", errs)
	}
}

func TestUses(t *testing.T) {
	g := named("ann", "okafor").with("sso:u email:ann.okafor@x.org phone:+1 handle:h cookie:c national:5 demail:e*")
	g.born, g.own = 19840312, "x"
	for _, c := range []contact.Col{contact.ColPostcode, contact.ColCompany, contact.ColCity, contact.ColStreet} {
		g.cols[c] = "v"
	}
	tab := newTable(t, g, g, guest{own: "y"})
	b := &Blocks{rules: rulesFor(tab, nil, false)}
	want := map[string]Aspects{
		"sso": AspectSSO, "email": AspectEmail, "derived_email": AspectEmail, "phone": AspectPhone,
		"national_number": AspectPhone, "channel_id": AspectHandle, "cookie": AspectCookie, "email_local_part": AspectEmail,
		"email_name":         AspectEmail | AspectName | AspectGiven | AspectFamily,
		"name":               AspectName | AspectGiven | AspectFamily,
		"sound_name":         AspectName | AspectGiven | AspectFamily,
		"family_birthdate":   AspectName | AspectFamily | AspectBirthdate,
		"given_birthdate":    AspectName | AspectGiven | AspectBirthdate,
		"name_company":       AspectName | AspectGiven | AspectFamily | AspectCompany,
		"birthdate_postcode": AspectBirthdate | AspectAddress,
		"column_shoe":        AspectCustom(0),
		"near_birthdate":     AspectBirthdate,
		"near_street":        AspectAddress,
	}
	for i, name := range b.RuleNames() {
		if w, ok := want[name]; ok && b.Uses(i) != w {
			t.Errorf("rule %s uses %b, want %b", name, b.Uses(i), w)
		} else if !ok && b.Uses(i) == 0 {
			t.Errorf("rule %s uses nothing", name)
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("missing rules %v of %v", want, b.RuleNames())
	}
	if AspectCustom(31) != AspectCustom(200) || AspectCustom(0) == AspectCustom(1) {
		t.Error("generic columns beyond the last bit must share it, the others must not")
	}
}
