package normalize

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nyaruka/phonenumbers"
	"pgregory.net/rapid"
)

// compareWithLibrary fails unless the tables say what the library says, or leave the answer to it.
func compareWithLibrary(t *testing.T, number, region string) (decided bool) {
	t.Helper()
	got, decided := phonePlans().read(number, region)
	if !decided {
		return false
	}
	want := readByLibrary(number, region)
	if want.code == 0 && !got.valid && !isFictional(got.code, got.national) && (got.code != brazil || len(got.national) != 10) {
		return true // the library gives a reason, the tables only say that it is no number
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(numberReading{})); diff != "" {
		t.Errorf("%s in %q (-library +tables):\n%s", number, region, diff)
	}
	return true
}

// exampleNumbers returns a valid national number of every type in a region.
func exampleNumbers(region string) []string {
	var numbers []string
	for kind := phonenumbers.FIXED_LINE; kind <= phonenumbers.VOICEMAIL; kind++ {
		if number := phonenumbers.GetExampleNumberForType(region, kind); number != nil {
			numbers = append(numbers, phonenumbers.GetNationalSignificantNumber(number))
		}
	}
	return numbers
}

// changeDigits returns number with up to three digits changed, and sometimes one digit too few or too many.
func changeDigits(random *rand.Rand, number string) string {
	digits := []byte(number)
	for range random.IntN(4) {
		digits[random.IntN(len(digits))] = byte('0' + random.IntN(10))
	}
	switch random.IntN(7) {
	case 0:
		digits = digits[:len(digits)-1]
	case 1:
		digits = append(digits, byte('0'+random.IntN(10)))
	}
	return string(digits)
}

// TestPhoneTablesAgainstLibrary compares examples of all regions and types, in every way to dial them, with some of
// their digits changed.
func TestPhoneTablesAgainstLibrary(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	rounds := 14 // FuzzPhoneFastPath does the rest
	if testing.Short() {
		rounds = 2
	}
	decided, total := 0, 0
	for _, region := range slices.Sorted(maps.Keys(phonenumbers.GetSupportedRegions())) {
		code := strconv.Itoa(phonenumbers.GetCountryCodeForRegion(region))
		for _, national := range exampleNumbers(region) {
			for range rounds {
				number := changeDigits(random, national)
				forms := []string{"+" + code + number, "+" + code + "0" + number, number, "0" + number, "1" + number, "8" + number, code + number}
				form := forms[random.IntN(len(forms))]
				dialled := region
				if form[0] == '+' {
					dialled = ""
				}
				total++
				if compareWithLibrary(t, form, dialled) {
					decided++
				}
			}
		}
	}
	t.Logf("the tables decided %d of %d", decided, total)
	if decided*10 < total*8 {
		t.Errorf("the tables decided only %d of %d", decided, total)
	}
}

// TestPhonePlansCompile names the regions whose plans have no tables: none may be among those with many customers.
func TestPhonePlansCompile(t *testing.T) {
	unusable := 0
	for region, plan := range phonePlans().byRegion {
		if !plan.ready() {
			unusable++
			t.Logf("%s has no tables", region)
		}
	}
	if unusable > 10 {
		t.Errorf("%d regions have no tables", unusable)
	}
}

func FuzzPhoneFastPath(f *testing.F) {
	for _, seed := range [][2]string{
		{"+12025550144", ""},
		{"2025550144", "US"},
		{"12025550144", "US"},
		{"02079460123", "GB"},
		{"00442079460123", "DE"},
		{"0312345678", "JP"},
		{"01155550123", "AR"},
		{"+5491155550123", ""},
		{"011987654321", "BR"},
		{"4915123456789", "DE"},
		{"0648801234", "IT"},
		{"+390648801234", ""},
		{"84951234567", "RU"},
		{"+80012345678", ""},
		{"3551234", "TT"},
		{"0212345", "SM"},
		{"18002079460123", "GB"},
		{"0312345678", "AU"},
		{"+999123456789", ""},
		{"00000", "FR"},
		{"+049210000", ""},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, raw, region string) {
		digits := make([]byte, 0, len(raw))
		for i := range len(raw) {
			if c := raw[i]; c >= '0' && c <= '9' {
				digits = append(digits, c)
			}
		}
		if len(digits) < 5 || len(digits) > 22 {
			return
		}
		compareWithLibrary(t, "+"+string(digits), "")
		if region = supportedRegion(region); region != "" {
			compareWithLibrary(t, string(digits), region)
			compareWithLibrary(t, "+"+strconv.Itoa(phonenumbers.GetCountryCodeForRegion(region))+string(digits), "")
		}
	})
}

// TestPhoneOfEveryRegion reads an example of every region and type, and reads its key again.
func TestPhoneOfEveryRegion(t *testing.T) {
	parser := NewPhoneParser(PhoneConfig{})
	for _, region := range slices.Sorted(maps.Keys(phonenumbers.GetSupportedRegions())) {
		code := strconv.Itoa(phonenumbers.GetCountryCodeForRegion(region))
		for _, national := range exampleNumbers(region) {
			e164 := "+" + code + national
			once := parser.Parse(e164, "US")
			if isJunkRun(national) || !readByLibrary(e164, "").valid {
				continue // some examples are 800 1234567 and the like, without the 800
			}
			if once.Key != e164 || once.Status != OK || once.National == "" {
				t.Errorf("%s %s becomes %+v", region, e164, once)
			}
			if again := parser.Parse(once.Derived, ""); again.Key != once.Derived || again.Derived != once.Derived || again.National != once.National {
				t.Errorf("%s %s: derived %s becomes %+v", region, e164, once.Derived, again)
			}
		}
	}
}

// TestPlainNumber compares the short way to read a number's digits with the long one.
func TestPlainNumber(t *testing.T) {
	parser := NewPhoneParser(PhoneConfig{})
	text := rapid.StringOfN(rapid.RuneFrom([]rune("0123456789012345678901234567890123456789+ -.()/x#,é")), 0, 30, -1)
	rapid.Check(t, func(t *rapid.T) {
		raw := text.Draw(t, "raw")
		number := plainNumber(make([]byte, 0, maxPhoneDigits+1), raw)
		if number == nil {
			return
		}
		base, extension := cutExtension(clean(raw))
		want, status := phoneDigits(parser.firstNumber(base, "US", false))
		if status != OK || extension != "" || want != string(number) {
			t.Fatalf("%q: digits %q, the long way %q, extension %q, %s", raw, number, want, extension, status)
		}
	})
}
