package synth

import (
	"fmt"
	"time"
)

// Contacts are created over six years from a fixed day; nothing here reads a clock.
const (
	epoch = int64(1514764800) // 2018-01-01T00:00:00Z
	span  = int64(6 * 365 * 24 * 3600)
)

type date struct{ year, month, day int }

func (b date) iso() string { return fmt.Sprintf("%04d-%02d-%02d", b.year, b.month, b.day) }

func stamp(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.RFC3339) }

// createdAt spreads the contacts evenly over the six years in the order of their ids.
func createdAt(index, contacts int, fraction float64) int64 {
	step := float64(span) / float64(contacts)
	return epoch + int64((float64(index)+fraction)*step)
}

// writeBirthdate records a birthdate, often in another format, sometimes wrong.
func (w *page) writeBirthdate(b date) {
	d, r := w.d, w.r
	if d.chance(r.BirthdateDefault) {
		w.damage |= birthdateDefault
		w.Birthdate = [...]string{"1900-01-01", "1970-01-01", "1900-01-01", "01/01/1900"}[d.IntN(4)]
		return
	}
	if b.day <= 12 && b.day != b.month && d.chance(r.BirthdateSwapped*2.4) { // only 12 of 28 days can be swapped
		w.damage |= birthdateSwapped
		b.day, b.month = b.month, b.day
	}
	if d.chance(r.BirthdateTypo) {
		w.damage |= birthdateTypo
		b.year = typoYear(b.year, d)
	}
	w.Birthdate = b.iso()
	if d.chance(r.BirthdateFormat) {
		w.damage |= birthdateFormat
		w.Birthdate = b.written(w.p.locale.code, d.IntN(5))
	}
}

// typoYear changes the last digit or exchanges the last two.
func typoYear(year int, d dice) int {
	tens, ones := year/10%10, year%10
	if d.IntN(2) == 0 && tens != ones && year < 2000 {
		return year - year%100 + ones*10 + tens
	}
	return year - ones + (ones+1+d.IntN(8))%10
}

// written spells a date as the country's forms do.
func (b date) written(country string, way int) string {
	month := time.Month(b.month).String()
	switch way {
	case 0:
		return fmt.Sprintf("%d %s %d", b.day, month[:3], b.year)
	case 1:
		return fmt.Sprintf("%s %d, %d", month, b.day, b.year)
	}
	switch country {
	case "US":
		return fmt.Sprintf("%02d/%02d/%04d", b.month, b.day, b.year)
	case "DE", "RU", "PL":
		return fmt.Sprintf("%02d.%02d.%04d", b.day, b.month, b.year)
	case "CN", "JP", "KR":
		return fmt.Sprintf("%04d/%02d/%02d", b.year, b.month, b.day)
	case "NL":
		return fmt.Sprintf("%02d-%02d-%04d", b.day, b.month, b.year)
	}
	return fmt.Sprintf("%02d/%02d/%04d", b.day, b.month, b.year)
}
