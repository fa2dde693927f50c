package normalize_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/pipeline/normalize"
)

func TestPhone(t *testing.T) {
	const ok, invalid, placeholder = normalize.OK, normalize.Invalid, normalize.Placeholder
	tests := []struct {
		name, in, country            string
		key, derived, national, form string // derived "" means equal to key
		status                       normalize.Status
	}{
		{"international", "+1 202 555 0144", "", "+12025550144", "", "2025550144", "", ok},
		{"national with the record's country", "(202) 555-0144", "US", "+12025550144", "", "2025550144", "", ok},
		{"another country than the record's", "+44 20 7946 0123", "US", "+442079460123", "", "2079460123", "", ok},
		{"00 prefix", "0044 20 7946 0123", "DE", "+442079460123", "", "2079460123", "", ok},
		{"00 prefix on a record that dials 011", "0044 20 7946 0123", "US", "+442079460123", "", "2079460123", "", ok},
		{"00 prefix without a country", "0044 20 7946 0123", "", "+442079460123", "", "2079460123", "", ok},
		{"011 prefix", "011 44 20 7946 0123", "US", "+442079460123", "", "2079460123", "", ok},
		{"011 without a country", "011 44 20 7946 0123", "", "+442079460123", "", "2079460123", "", ok},
		{"011 as an area code", "011 5555 0123", "", "", "", "1155550123", "region_guessed", ok},
		{"trunk zero in brackets", "+44 (0)20 7946 0123", "", "+442079460123", "", "2079460123", "", ok},
		{"Italian zero stays", "06 4880 1234", "IT", "+390648801234", "", "0648801234", "", ok},
		{"Russian trunk 8", "8 (495) 123-45-67", "RU", "+74951234567", "", "4951234567", "", ok},
		{"full width", "０２０　７９４６　０１２３", "GB", "+442079460123", "", "2079460123", "", ok},
		{"Arabic digits", "+٩٦٦ ٥٠ ١٢٣ ٤٩٦٧", "", "+966501234967", "", "501234967", "", ok},
		{"dots", "202.555.0144", "US", "+12025550144", "", "2025550144", "", ok},
		{"invisible marks", "\u202a+1 202\u00a0555\u20110144\u202c", "", "+12025550144", "", "2025550144", "", ok},
		{"tel", "tel:+1-202-555-0144", "", "+12025550144", "", "2025550144", "", ok},
		{"label", "Mobile: +1 202 555 0144", "", "+12025550144", "", "2025550144", "", ok},
		{"label behind", "+1 202 555 0144 (work)", "", "+12025550144", "", "2025550144", "", ok},
		{"spreadsheet", "2025550144.0", "US", "+12025550144", "", "2025550144", "", ok},
		{"letters", "1-800-FLOWERS", "US", "+18003569377", "", "8003569377", "", ok},
		{"slash behind the area code", "0711/7865432", "DE", "+497117865432", "", "7117865432", "", ok},
		{"two numbers, one shortened", "020 7946 0958 / 0959", "GB", "+442079460958", "", "2079460958", "", ok},
		{"two numbers", "+1 202 555 0144; +1 202 555 0145", "", "+12025550144", "", "2025550144", "", ok},
		{"direct dial is no extension", "+49 30 123456-101", "", "+4930123456101", "", "30123456101", "", ok},

		{"extension x", "+12025550100 x101", "", "+12025550100;ext=101", "", "2025550100;ext=101", "", ok},
		{"extension ext.", "(202) 555-0100 ext. 101", "US", "+12025550100;ext=101", "", "2025550100;ext=101", "", ok},
		{"extension RFC 3966", "tel:+12025550100;ext=101", "", "+12025550100;ext=101", "", "2025550100;ext=101", "", ok},
		{"extension number sign", "202-555-0100 #101", "US", "+12025550100;ext=101", "", "2025550100;ext=101", "", ok},
		{"extension in brackets", "202-555-0100 (ext 101)", "US", "+12025550100;ext=101", "", "2025550100;ext=101", "", ok},
		{"extension word", "202-555-0100, Extension: 101", "US", "+12025550100;ext=101", "", "2025550100;ext=101", "", ok},
		{"extension behind pauses", "+1 202 555 0100,,101#", "", "+12025550100;ext=101", "", "2025550100;ext=101", "", ok},
		{"extension behind a comma", "202-555-0100, 101", "US", "+12025550100;ext=101", "", "2025550100;ext=101", "", ok},
		{"extension Russian", "+7 495 123 45 67 доб. 101", "", "+74951234567;ext=101", "", "4951234567;ext=101", "", ok},
		{"extension Spanish", "+34 912 345 670 extensión 12", "", "+34912345670;ext=12", "", "912345670;ext=12", "", ok},
		{"extension Portuguese", "+55 11 3456-7890 ramal 7", "", "+551134567890;ext=7", "", "1134567890;ext=7", "", ok},

		{"no country, no default", "020 7946 0123", "", "", "", "2079460123", "region_guessed", ok},
		{"no country, no default, US", "(202) 555-0144", "", "", "", "2025550144", "region_guessed", ok},
		{"plus lost, no country", "49 151 23456789", "", "", "+4915123456789", "15123456789", "missing_plus", ok},
		{"plus lost, another country", "442079460123", "US", "", "+442079460123", "2079460123", "missing_plus", ok},
		{"own calling code without plus", "12025550144", "US", "+12025550144", "", "2025550144", "", ok},
		{"own calling code, or not", "4915123456789", "DE", "", "+4915123456789", "15123456789", "missing_plus", ok},

		{"Brazil, ninth digit", "+55 11 98765-4321", "", "+5511987654321", "+551187654321", "1187654321", "br_ninth_digit", ok},
		{"Brazil, before the ninth digit", "+55 11 8765-4321", "", "+551187654321", "", "1187654321", "", ok},
		{"Brazil, landline", "+55 11 3456-7890", "", "+551134567890", "", "1134567890", "", ok},
		{"Brazil, 9 and a landline's digit", "+55 11 93456-7890", "", "+5511934567890", "", "11934567890", "", ok},
		{"Mexico, 521", "+52 1 55 5555 0123", "", "+5215555550123", "+525555550123", "5555550123", "mx_mobile", ok},
		{"Mexico, 52", "+52 55 5555 0123", "", "+525555550123", "", "5555550123", "", ok},
		{"Mexico, national", "55 5555 0123", "MX", "+525555550123", "", "5555550123", "", ok},
		{"Argentina, 549", "+54 9 11 5555 0123", "", "+5491155550123", "+541155550123", "1155550123", "ar_mobile", ok},
		{"Argentina, 54", "+54 11 5555 0123", "", "+541155550123", "", "1155550123", "", ok},
		{"Argentina, national 15", "011 15 5555 0123", "AR", "+5491155550123", "+541155550123", "1155550123", "ar_mobile", ok},

		{"fiction, GB", "+44 7700 900123", "", "+447700900123", "", "7700900123", "", ok},
		{"fiction, 555-01xx of any area", "+1 555 555 0123", "", "+15555550123", "", "5555550123", "", ok},

		{"one digit", "0000000000", "US", "", "", "", "", placeholder},
		{"one digit behind the code", "+1 (999) 999-9999", "", "", "", "", "", placeholder},
		{"one digit behind a trunk zero", "0111111111", "GB", "", "", "", "", placeholder},
		{"run up", "1234567890", "US", "", "", "", "", placeholder},
		{"run up from zero", "0123456789", "", "", "", "", "", placeholder},
		{"run down", "9876543210", "US", "", "", "", "", placeholder},
		{"too short", "123", "US", "", "", "", "", placeholder},
		{"words", "n/a", "US", "", "", "", "", placeholder},
		{"marks", "---", "", "", "", "", "", placeholder},
		{"empty", " \u200b", "US", "", "", "", "", normalize.Missing},
		{"a name", "Jane Roe", "US", "", "", "", "", normalize.Misplaced},
		{"an address", "jane@example.com", "", "", "", "", "", normalize.Misplaced},
		{"not assigned", "+1 202 155 0144", "", "", "", "", "", invalid},
		{"too long", "+49 30 918273645546372", "", "", "", "", "", invalid},
		{"too many digits", strings.Repeat("12", 40), "", "", "", "", "", invalid},
		{"a megabyte", strings.Repeat("1", 1<<20), "US", "", "", "", "", invalid},
		{"unknown country on the record", "+1 202 555 0144", "Narnia", "+12025550144", "", "2025550144", "", ok},
	}
	parser := normalize.NewPhoneParser(normalize.PhoneConfig{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := parser.Parse(tt.in, tt.country)
			derived := tt.derived
			if derived == "" {
				derived = tt.key
			}
			want := []string{tt.key, derived, tt.national, tt.form, tt.status.String()}
			if diff := cmp.Diff(want, []string{got.Key, got.Derived, got.National, strings.Join(got.Forms.Names(), ","), got.Status.String()}); diff != "" {
				t.Errorf("key, derived, national, forms, status (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPhoneDefaultRegion(t *testing.T) {
	guess := normalize.NewPhoneParser(normalize.PhoneConfig{DefaultRegion: "gb"})
	trust := normalize.NewPhoneParser(normalize.PhoneConfig{DefaultRegion: "GB", TrustDefaultRegion: true})
	got := guess.Parse("020 7946 0123", "")
	want := normalize.Phone{E164: "+442079460123", Derived: "+442079460123", National: "2079460123", Forms: normalize.RegionGuessed, Region: "GB", Line: normalize.FixedLine, Status: normalize.OK}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("guessed (-want +got):\n%s", diff)
	}
	want.Key, want.Forms = want.E164, 0
	if diff := cmp.Diff(want, trust.Parse("020 7946 0123", "")); diff != "" {
		t.Errorf("trusted (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, guess.Parse("020 7946 0123", "gb")); diff != "" {
		t.Errorf("country of the record (-want +got):\n%s", diff)
	}
	if got := guess.Parse("(202) 555-0144", "US"); got.Key != "+12025550144" || got.Forms != 0 {
		t.Errorf("the record's country comes first: %+v", got)
	}
}

func TestPhoneWhatsApp(t *testing.T) {
	tests := []struct{ name, in, key, derived string }{
		{"digits", "5215555550123", "+5215555550123", "+525555550123"},
		{"digits of ten", "12025550144", "+12025550144", "+12025550144"},
		{"scheme", "whatsapp:+4915123456789", "+4915123456789", "+4915123456789"},
		{"chat id", "4915123456789@c.us", "+4915123456789", "+4915123456789"},
		{"device", "4915123456789:12@s.whatsapp.net", "+4915123456789", "+4915123456789"},
		{"link", "https://wa.me/4915123456789", "+4915123456789", "+4915123456789"},
		{"spaces", "+49 151 2345 6789", "+4915123456789", "+4915123456789"},
		{"Brazil without the ninth digit", "551187654321@c.us", "+551187654321", "+551187654321"},
		{"Argentina", "5491155550123", "+5491155550123", "+541155550123"},
		{"group", "4915123456789-1400000000@g.us", "", ""},
		{"no number", "hello", "", ""},
	}
	parser := normalize.NewPhoneParser(normalize.PhoneConfig{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := parser.ParseWhatsApp(tt.in, ""); got.Key != tt.key || got.Derived != tt.derived {
				t.Errorf("key %q, derived %q; want %q, %q", got.Key, got.Derived, tt.key, tt.derived)
			}
		})
	}
}

func TestPhoneLine(t *testing.T) {
	tests := []struct {
		in, region string
		line       normalize.LineType
	}{
		{"+12025550144", "US", normalize.FixedOrMobile},
		{"+442079460123", "GB", normalize.FixedLine},
		{"+4915123456789", "DE", normalize.Mobile},
		{"+18003569377", "US", normalize.TollFree},
		{"+5215555550123", "MX", normalize.Mobile},
		{"+16135550123", "CA", normalize.FixedOrMobile},
		{"+447700900123", "GB", normalize.UnknownLine},
	}
	parser := normalize.NewPhoneParser(normalize.PhoneConfig{})
	for _, tt := range tests {
		if got := parser.Parse(tt.in, ""); got.Region != tt.region || got.Line != tt.line {
			t.Errorf("%s: %s %s, want %s %s", tt.in, got.Region, got.Line, tt.region, tt.line)
		}
	}
}

// TestPhoneMemo parses more numbers that the library must read than the memo holds, twice, against a parser that never
// forgets.
func TestPhoneMemo(t *testing.T) {
	small := normalize.NewPhoneParser(normalize.PhoneConfig{MemoEntries: 2})
	large := normalize.NewPhoneParser(normalize.PhoneConfig{})
	for range 2 {
		for _, in := range []string{
			"+12025550144", "(202) 555-0145", "+442079460123", "x", "+12025550100 x1", "+12025550100 x2", "+12025550100",
			"+80012345678", "+80087654321", "+80012345679", "+0049 30 123456",
		} {
			if diff := cmp.Diff(large.Parse(in, "US"), small.Parse(in, "US")); diff != "" {
				t.Errorf("%s (-large +small):\n%s", in, diff)
			}
		}
	}
}

func TestPhoneConfigValidate(t *testing.T) {
	for region, ok := range map[string]bool{"": true, "GB": true, "gb": true, "UK": false, "Narnia": false, "001": false} {
		if err := (normalize.PhoneConfig{DefaultRegion: region}).Validate(); (err == nil) != ok {
			t.Errorf("%q: %v", region, err)
		}
		normalize.NewPhoneParser(normalize.PhoneConfig{DefaultRegion: region}).Parse("020 7946 0123", "") // no panic
	}
}
