package normalize_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/pipeline/normalize"
)

func sprintf(layout string, args ...any) string { return fmt.Sprintf(layout, args...) }

// checkForms compares a form against a table of inputs.
func checkForms(t *testing.T, form func(string) string, want map[string]string) {
	t.Helper()
	for in, out := range want {
		if got := form(in); got != out {
			t.Errorf("%q becomes %q, want %q", in, got, out)
		}
	}
}

func TestText(t *testing.T) {
	checkForms(t, normalize.Text, map[string]string{
		"  Größe  L ": "grosse l", "n/a": "", "N.A.": "", "None": "", "NULL": "", "unknown": "", "-": "", "": "", "keine Angabe": "", "Nonesuch": "nonesuch",
	})
}

func TestCompany(t *testing.T) {
	checkForms(t, normalize.Company, map[string]string{
		"Acme Fiction": "acme fiction", "ACME GmbH": "acme", "Acme GmbH & Co. KG": "acme", "Acme, Inc.": "acme", "Acme Ltd.": "acme", "Acme Co., Ltd": "acme",
		"Acme S.A. de C.V.": "acme", "Acme S.p.A.": "acme", "Acme S.r.l.": "acme", "Acme AG": "acme", "Acme B.V.": "acme", "Acme Oy": "acme", "Acme A/S": "acme",
		"Acme Sp. z o.o.": "acme", "ООО Ромашка": "ромашка", "株式会社テスト": "テスト", "The Quill Company": "quill", "Smith & Sons": "smith and sons",
		"Smith and Sons Pty Ltd": "smith and sons", "n/a": "", "self-employed": "", "-": "", "": "", "AG": "ag", "Company": "",
	})
}

func TestAddress(t *testing.T) {
	checkForms(t, normalize.Street, map[string]string{
		"12 High St.": "12 high street", "12 HIGH STREET": "12 high street", "5 St John's Rd, Apt 3": "5 saint johns road apartment 3", "Hauptstr. 5": "hauptstrasse 5",
		"Hauptstraße 5": "hauptstrasse 5", "2836 Oak Ave": "2836 oak avenue", "1 N Main Blvd": "1 north main boulevard", "n/a": "", "": "", "12a Port Jackson Cct": "12a port jackson circuit",
	})
	checkForms(t, normalize.City, map[string]string{
		"St. Gallen": "saint gallen", "Saint Gallen": "saint gallen", "São Paulo": "sao paulo", "Ft. Worth": "fort worth", "unknown": "", "MÜNCHEN": "munchen", "Stuttgart": "stuttgart",
	})
	checkForms(t, normalize.State, map[string]string{"NSW": "nsw", "Île-de-France": "ile de france", "n/a": ""})
}

func TestPostcode(t *testing.T) {
	tests := []struct{ in, country, want string }{
		{"sw1a 1aa", "GB", "SW1A1AA"},
		{"60601-1234", "US", "60601"},
		{"60601", "US", "60601"},
		{"60601-1234", "", "60601"},
		{"D-80331", "DE", "80331"},
		{"DE 80331", "DE", "80331"},
		{"80331", "DE", "80331"},
		{"1234 AB", "NL", "1234AB"},
		{"K1A 0B1", "CA", "K1A0B1"},
		{"00000", "", ""},
		{"n/a", "", ""},
		{"", "US", ""},
		{"123-4567", "JP", "1234567"},
		{"far too long to be a postcode", "", ""},
	}
	for _, tt := range tests {
		if got := normalize.Postcode(tt.in, tt.country); got != tt.want {
			t.Errorf("Postcode(%q, %q) = %q, want %q", tt.in, tt.country, got, tt.want)
		}
	}
}

func TestCountry(t *testing.T) {
	checkForms(t, normalize.Country, map[string]string{
		"DE": "DE", "de": "DE", "DEU": "DE", "Germany": "DE", "Deutschland": "DE", "Alemania": "DE", "Allemagne": "DE", "ドイツ": "DE", "USA": "US", "U.S.A.": "US", "us": "US",
		"United States": "US", "United States of America": "US", "UK": "GB", "uk": "GB", "England": "GB", "Great Britain": "GB", "Österreich": "AT", "Czech Republic": "CZ", "Türkiye": "TR",
		"España": "ES", "Brasil": "BR", "México": "MX", "The Netherlands": "NL", "Россия": "RU", "中国": "CN", "South Korea": "KR", "Côte d’Ivoire": "CI", "": "", "Narnia": "", "XX": "", "ZZ": "", "EU": "",
	})
}

func TestGender(t *testing.T) {
	checkForms(t, normalize.Gender, map[string]string{
		"M": "m", "Male": "m", "männlich": "m", "Herr": "m", "F": "f", "female": "f", "weiblich": "f", "W": "f", "женский": "f", "divers": "x", "non-binary": "x", "": "", "unknown": "", "n/a": "",
	})
}

func TestBool(t *testing.T) {
	type answer struct{ Value, OK bool }
	for in, want := range map[string]answer{
		"1": {true, true}, "T": {true, true}, "true": {true, true}, "Yes": {true, true}, "ja": {true, true}, "Sí": {true, true}, "oui": {true, true}, "on": {true, true}, "x": {true, true},
		"0": {false, true}, "f": {false, true}, "FALSE": {false, true}, "no": {false, true}, "Nein": {false, true}, "off": {false, true}, "": {}, "maybe": {}, "2": {},
	} {
		value, ok := normalize.Bool(in)
		if diff := cmp.Diff(want, answer{value, ok}); diff != "" {
			t.Errorf("Bool(%q) (-want +got):\n%s", in, diff)
		}
	}
}

func TestStatusAndFormNames(t *testing.T) {
	var names []string
	for s := normalize.Missing; s <= normalize.Misplaced; s++ {
		names = append(names, s.String())
	}
	if diff := cmp.Diff([]string{"missing", "ok", "invalid", "placeholder", "role", "filler", "misplaced"}, names); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	all := normalize.Forms(1<<10 - 1)
	want := []string{"plus_address", "gmail_dots", "domain_typo", "domain_alias", "look_alike", "region_guessed", "br_ninth_digit", "mx_mobile", "ar_mobile", "missing_plus"}
	if diff := cmp.Diff(want, all.Names()); diff != "" {
		t.Errorf("forms (-want +got):\n%s", diff)
	}
	if got := normalize.Forms(0).Names(); got != nil {
		t.Errorf("no forms: %v", got)
	}
}
