package normalize

import (
	"strings"
)

// Date is a calendar date, a birthdate most of the time.
type Date struct {
	Year, Month, Day int // Month and Day are 0 where only the year is known, Day where only the month is
	Status           Status
	Ambiguous        bool // day and month could be meant the other way round
}

// Key returns the date as yyyymmdd, 0 when it is not usable; what is not known of it is 00.
func (d Date) Key() int32 {
	if d.Status != OK {
		return 0
	}
	return int32(d.Year*10000 + d.Month*100 + d.Day)
}

// DateOrder says which of day and month stands first in dates written with numbers.
type DateOrder uint8

// The orders. With an unknown order, dates that can be read both ways are taken day first and marked ambiguous.
const (
	OrderUnknown DateOrder = iota
	DayFirst
	MonthFirst
)

// ReferenceYear is the year that ages and two-digit years are reckoned from. It is a constant, because the same input
// must give the same output next year. A two-digit year up to its last two digits is of this century, a later one of the
// last: 26 is 2026 and 27 is 1927, because nobody is born in the future.
const ReferenceYear = 2026

const (
	pivotYear  = ReferenceYear % 100
	maxAge     = 130  // nobody on record has reached it
	firstYear  = 1000 // of historical persons; before that, days are not recorded
	lastYear   = 2100 // further dates are typing errors, or mean "never"
	maxDateLen = 64
)

// defaultBirthdates are dates that software fills in when nobody knows.
var defaultBirthdates = map[int32]struct{}{
	1_01_01: {}, 1_01_02: {}, 1582_10_15: {}, 1753_01_01: {}, 1800_01_01: {}, 1800_12_28: {}, 1899_12_30: {}, 1899_12_31: {},
	1900_01_01: {}, 1900_01_02: {}, 1901_01_01: {}, 1904_01_01: {}, 1910_01_01: {}, 1911_11_11: {}, 1969_12_31: {}, 1970_01_01: {},
	1970_01_02: {}, 2999_12_31: {}, 3000_01_01: {}, 9999_12_31: {}, 9999_01_01: {}, 9999_09_09: {}, 2099_12_31: {}, 2100_01_01: {},
}

// DateConfig chooses how dates are read. The zero value means the built-in list, and an order that is not known.
type DateConfig struct {
	Order    DateOrder `yaml:"-" json:"-"`               // guessed from the column by DateOrderOf
	Historic bool      `yaml:"-" json:"-"`               // guessed from the column by HistoricDates: the people need not be alive
	Serial   bool      `yaml:"-" json:"-"`               // guessed from the column by SerialDates: numbers are days as spreadsheets count them
	Defaults []string  `yaml:"defaults" json:"defaults"` // further dates that software fills in when nobody knows
}

// DateParser parses dates. It is immutable and safe for concurrent use.
type DateParser struct {
	order    DateOrder
	historic bool
	serial   bool
	defaults map[int32]struct{}
}

// NewDateParser returns a parser for config. Of the further defaults, those that are no date are left out.
func NewDateParser(config DateConfig) *DateParser {
	p := &DateParser{order: config.Order, historic: config.Historic, serial: config.Serial, defaults: make(map[int32]struct{}, len(config.Defaults))}
	for _, raw := range config.Defaults {
		if key := ParseDate(raw, config.Order).Key(); key != 0 {
			p.defaults[key] = struct{}{}
		}
	}
	return p
}

// Parse returns the date that raw spells.
func (p *DateParser) Parse(raw string) Date {
	d := parseDate(raw, p.order, p.historic)
	if days, ok := serialDay(raw); ok && p.serial {
		d = dateOfSerial(days)
	}
	if _, ok := p.defaults[d.Key()]; ok {
		return Date{Status: Placeholder}
	}
	return d
}

// ParseDate reads a date in any of the usual spellings: 1984-03-12, 19840312, 12/03/1984, 3.12.84, 12 Mar 1984,
// March 12, 1984, each with or without a time behind it. Dates that software fills in are placeholders.
// Of some only the year is known, or the year and the month: 1984, 1984-03, 1984-00-00.
func ParseDate(raw string, order DateOrder) Date { return parseDate(raw, order, false) }

func parseDate(raw string, order DateOrder, historic bool) Date {
	if len(raw) > maxDateLen {
		return Date{Status: Invalid}
	}
	text := strings.ToLower(clean(raw))
	if text == "" {
		return Date{Status: Missing}
	}
	if folded := Fold(text); folded == "" || placeholderWords.has(folded) {
		return Date{Status: Placeholder}
	}
	f, ok := dateFields(text)
	if !ok {
		return Date{Status: Invalid}
	}
	return f.date(order, historic)
}

// date puts the fields in order and checks them.
func (f dateParts) date(order DateOrder, historic bool) Date {
	var d Date
	switch {
	case f.partial:
		d = Date{Year: f.a, Month: f.b}
	case f.month != 0: // the month was a word
		d = Date{Year: f.a, Month: f.month, Day: f.b}
		if !f.yearFirst {
			d.Year, d.Day = f.b, f.a
		}
	case f.yearFirst:
		d = Date{Year: f.a, Month: f.b, Day: f.c}
	default:
		d = Date{Year: f.c, Month: f.b, Day: f.a}
		if order == MonthFirst && f.a <= 12 || f.b > 12 {
			d.Month, d.Day = d.Day, d.Month
		}
		d.Ambiguous = order == OrderUnknown && f.a <= 12 && f.b <= 12 && f.a != f.b
	}
	if f.shortYear {
		if d.Year += 1900; d.Year <= 1900+pivotYear {
			d.Year += 100
		}
	}
	d.Status = d.check(historic)
	if d.Status != OK {
		return Date{Status: d.Status}
	}
	return d
}

// check says whether the date exists, and whether a person can have been born on it.
func (d Date) check(historic bool) Status {
	if d.Year == 0 && d.Month == 0 && d.Day == 0 {
		return Placeholder
	}
	if _, ok := defaultBirthdates[int32(d.Year*10000+d.Month*100+d.Day)]; ok {
		return Placeholder
	}
	if d.Month < 0 || d.Month > 12 || d.Day < 0 || d.Month == 0 && d.Day != 0 || d.Month != 0 && d.Day > daysIn(d.Month, d.Year) {
		return Invalid
	}
	earliest := ReferenceYear - maxAge
	if historic {
		earliest = firstYear
	}
	if d.Year > lastYear || d.Year < earliest {
		return Invalid
	}
	return OK
}

func daysIn(month, year int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// historicShare is the share of a column's dates that must be too old for living people before all such dates are believed.
const historicShare = 0.1

// HistoricDates says whether a column holds dates of historical persons, such as those of a parish register. In a table of customers a date
// before anybody's time is a typing error.
func HistoricDates(samples []string, order DateOrder) bool {
	dates, old := 0, 0
	for _, raw := range samples {
		d := parseDate(raw, order, true)
		if d.Status != OK {
			continue
		}
		dates++
		if d.Year < ReferenceYear-maxAge {
			old++
		}
	}
	return float64(old) > historicShare*float64(dates)
}

// DateOrderOf guesses the order of a whole column from a sample: a first number over 12 can only be a day, a second
// one, too. A column that shows both or neither stays unknown.
func DateOrderOf(samples []string) DateOrder {
	day, month := false, false
	for _, raw := range samples {
		if len(raw) > maxDateLen {
			continue
		}
		f, ok := dateFields(strings.ToLower(clean(raw)))
		if !ok || f.month != 0 || f.yearFirst { // as partial dates are
			continue
		}
		day = day || f.a > 12 && f.a <= 31 && f.b <= 12
		month = month || f.b > 12 && f.b <= 31 && f.a <= 12
	}
	switch {
	case day && !month:
		return DayFirst
	case month && !day:
		return MonthFirst
	}
	return OrderUnknown
}
