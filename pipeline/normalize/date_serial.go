package normalize

import (
	"strconv"
	"strings"
	"time"
)

// serialShare is the share of a column's values that must look like day numbers before they are taken for them.
const serialShare = 0.8

// The day numbers that spreadsheets store dates as have five digits from May 1927 on; those of four could be years.
const (
	minSerial = 1
	maxSerial = 73050 // 2099-12-31
)

// SerialDates says whether a column holds day numbers, as a spreadsheet shows a date whose cell is formatted as a number.
func SerialDates(samples []string) bool {
	numbers, long := 0, 0
	for _, raw := range samples {
		if n, ok := serialDay(raw); ok {
			numbers++
			if n >= 10000 {
				long++
			}
		}
	}
	return float64(numbers) >= serialShare*float64(len(samples)) && long*2 > len(samples)
}

// serialDay reads a day number; a time of day may follow as a fraction.
func serialDay(raw string) (int, bool) {
	text, _, _ := strings.Cut(strings.TrimSpace(raw), ".")
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= minSerial && n <= maxSerial && len(text) <= 5
}

// dateOfSerial counts from 30 December 1899, which makes day 61 the first of March 1900 although spreadsheets take 1900 for a leap year
// (ECMA-376 part 1, 18.17.4.1).
func dateOfSerial(days int) Date {
	day := time.Date(1899, time.December, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, days)
	d := Date{Year: day.Year(), Month: int(day.Month()), Day: day.Day()}
	if d.Status = d.check(false); d.Status != OK {
		return Date{Status: d.Status}
	}
	return d
}
