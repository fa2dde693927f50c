package normalize_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/contactmerge/contactmerge/pipeline/normalize"
)

func TestDate(t *testing.T) {
	const unknown, day, month = normalize.OrderUnknown, normalize.DayFirst, normalize.MonthFirst
	tests := []struct {
		in        string
		order     normalize.DateOrder
		key       int32
		ambiguous bool
		status    normalize.Status
	}{
		{"1984-03-12", unknown, 19840312, false, normalize.OK},
		{"1984/3/2", unknown, 19840302, false, normalize.OK},
		{"1984.03.12", month, 19840312, false, normalize.OK},
		{"19840312", unknown, 19840312, false, normalize.OK},
		{"12031984", unknown, 19840312, true, normalize.OK},
		{"1984-03-12T10:11:12Z", unknown, 19840312, false, normalize.OK},
		{"1984-03-12 00:00:00+02", unknown, 19840312, false, normalize.OK},
		{"12/03/1984", unknown, 19840312, true, normalize.OK},
		{"12/03/1984", day, 19840312, false, normalize.OK},
		{"12/03/1984", month, 19841203, false, normalize.OK},
		{"3/3/1984", unknown, 19840303, false, normalize.OK},
		{"25/03/1984", month, 19840325, false, normalize.OK},
		{"03/25/1984", day, 19840325, false, normalize.OK},
		{"3.12.84", day, 19841203, false, normalize.OK},
		{"3.12.15", day, 20151203, false, normalize.OK},
		{"2.1.26", day, 20260102, false, normalize.OK},
		{"2.1.27", day, 19270102, false, normalize.OK},
		{"12 Mar 1984", unknown, 19840312, false, normalize.OK},
		{"12-MAR-84", unknown, 19840312, false, normalize.OK},
		{"March 12, 1984", unknown, 19840312, false, normalize.OK},
		{"Monday, March 12th, 1984", unknown, 19840312, false, normalize.OK},
		{"12. März 1984", unknown, 19840312, false, normalize.OK},
		{"12 de marzo de 1984", unknown, 19840312, false, normalize.OK},
		{"1er août 1984", unknown, 19840801, false, normalize.OK},
		{"1º de maio de 1984", unknown, 19840501, false, normalize.OK},
		{"12 марта 1984 г.", unknown, 19840312, false, normalize.OK},
		{"1984年3月12日", unknown, 19840312, false, normalize.OK},
		{"1984 Mar 12", unknown, 19840312, false, normalize.OK},
		{"１９８４－０３－１２", unknown, 19840312, false, normalize.OK},
		{"29.02.1984", unknown, 19840229, false, normalize.OK},
		{"29.02.1985", unknown, 0, false, normalize.Invalid},
		{"30.02.1984", unknown, 0, false, normalize.Invalid},
		{"31/04/1984", unknown, 0, false, normalize.Invalid},
		{"13/13/1984", unknown, 0, false, normalize.Invalid},
		{"1984-00-12", unknown, 0, false, normalize.Invalid},
		{"1850-03-12", unknown, 0, false, normalize.Invalid},
		{"2101-01-02", unknown, 0, false, normalize.Invalid},
		{"Mar 1984", unknown, 19840300, false, normalize.OK},
		{"03/1984", unknown, 19840300, false, normalize.OK},
		{"1984-03", unknown, 19840300, false, normalize.OK},
		{"1984-03-00", unknown, 19840300, false, normalize.OK},
		{"1984", unknown, 19840000, false, normalize.OK},
		{"1984-00-00", unknown, 19840000, false, normalize.OK},
		{"abt. 1984", unknown, 19840000, false, normalize.OK},
		{"13/1984", unknown, 0, false, normalize.Invalid},
		{"1850", unknown, 0, false, normalize.Invalid},
		{"84", unknown, 0, false, normalize.Invalid},
		{"30742", unknown, 0, false, normalize.Invalid},
		{"12:30", unknown, 0, false, normalize.Invalid},
		{"soon", unknown, 0, false, normalize.Invalid},
		{"1900-01-01", unknown, 0, false, normalize.Placeholder},
		{"01/01/1970", unknown, 0, false, normalize.Placeholder},
		{"0001-01-01", unknown, 0, false, normalize.Placeholder},
		{"9999-12-31", unknown, 0, false, normalize.Placeholder},
		{"0000-00-00", unknown, 0, false, normalize.Placeholder},
		{"00000000", unknown, 0, false, normalize.Placeholder},
		{"n/a", unknown, 0, false, normalize.Placeholder},
		{"", unknown, 0, false, normalize.Missing},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			got := normalize.ParseDate(tt.in, tt.order)
			if got.Key() != tt.key || got.Ambiguous != tt.ambiguous || got.Status != tt.status {
				t.Errorf("key %d, ambiguous %v, %s; want %d, %v, %s", got.Key(), got.Ambiguous, got.Status, tt.key, tt.ambiguous, tt.status)
			}
		})
	}
}

// TestDateWrittenInManyWays writes one date in many ways and reads it back.
func TestDateWrittenInManyWays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		year, month, day := rapid.IntRange(1931, 2025).Draw(t, "year"), rapid.IntRange(1, 12).Draw(t, "month"), rapid.IntRange(3, 28).Draw(t, "day")
		want := int32(year*10000 + month*100 + day)
		for order, layouts := range map[normalize.DateOrder][]string{
			normalize.DayFirst:   {"%[3]d.%[2]d.%[1]d", "%02[3]d/%02[2]d/%[1]d", "%[1]d-%02[2]d-%02[3]d"},
			normalize.MonthFirst: {"%[2]d/%[3]d/%[1]d", "%02[2]d-%02[3]d-%[1]d", "%[1]d/%[2]d/%[3]d"},
		} {
			for _, layout := range layouts {
				text := sprintf(layout, year, month, day)
				if got := normalize.ParseDate(text, order); got.Status == normalize.OK && got.Key() != want || got.Status != normalize.OK && got.Status != normalize.Placeholder {
					t.Fatalf("%s becomes %+v", text, got)
				}
			}
		}
	})
}

func TestDateOrderOf(t *testing.T) {
	tests := []struct {
		name    string
		samples []string
		want    normalize.DateOrder
	}{
		{"day first", []string{"01/02/1984", "25/03/1984"}, normalize.DayFirst},
		{"month first", []string{"01/02/1984", "03/25/1984"}, normalize.MonthFirst},
		{"both", []string{"25/03/1984", "03/25/1984"}, normalize.OrderUnknown},
		{"neither", []string{"01/02/1984", "1984-03-25", "12 Mar 1984", ""}, normalize.OrderUnknown},
		{"nothing", nil, normalize.OrderUnknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, normalize.DateOrderOf(tt.samples)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDateParser(t *testing.T) {
	parser := normalize.NewDateParser(normalize.DateConfig{Order: normalize.MonthFirst, Defaults: []string{"1985-01-01", "2/3/1990", "never"}})
	for in, want := range map[string]normalize.Date{
		"01/01/1985": {Status: normalize.Placeholder},
		"1990-02-03": {Status: normalize.Placeholder},
		"1900-01-01": {Status: normalize.Placeholder},
		"02/04/1990": {Year: 1990, Month: 2, Day: 4, Status: normalize.OK},
		"":           {Status: normalize.Missing},
	} {
		if diff := cmp.Diff(want, parser.Parse(in)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", in, diff)
		}
	}
}

// TestDatesOfAColumn reads values as the whole column says they are meant.
func TestDatesOfAColumn(t *testing.T) {
	for name, tt := range map[string]struct {
		column []string
		want   []int32
	}{
		"customers":       {[]string{"1961-02-03", "1850-03-12", "1971-02-03", "1972-02-03", "1980-02-03", "1961-02-04", "1961-02-05", "1961-02-06", "1961-02-07", "1961-02-08"}, []int32{19610203, 0}},
		"a parish":        {[]string{"1661-02-03", "1850-03-12", "1671", "2021-01-01"}, []int32{16610203, 18500312, 16710000, 20210101}},
		"before the days": {[]string{"1661-02-03", "0850-03-12"}, []int32{16610203, 0}},
		"a spreadsheet":   {[]string{"30742", "25569.0", "366", "29221", "73051"}, []int32{19840301, 0, 19001231, 19800101, 0}}, // 1970-01-01 is what software fills in
		"years":           {[]string{"1984", "1985", "30742"}, []int32{19840000, 19850000, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			order := normalize.DateOrderOf(tt.column)
			p := normalize.NewDateParser(normalize.DateConfig{
				Order: order, Historic: normalize.HistoricDates(tt.column, order), Serial: normalize.SerialDates(tt.column),
			})
			for i, want := range tt.want {
				if got := p.Parse(tt.column[i]); got.Key() != want {
					t.Errorf("%q is %d, %s; want %d", tt.column[i], got.Key(), got.Status, want)
				}
			}
		})
	}
}
