package normalize

import (
	"strings"
	"unicode"
)

// dateParts are the numbers of a date as they stand, before anyone decided which is the day.
type dateParts struct {
	a, b, c   int
	month     int  // set when the month was a word; then c is unused
	yearFirst bool // a is the year
	shortYear bool // the year had two digits
	partial   bool // only the year is there, or the year and the month: a and, where it is known, b
}

// dateFields takes the first three fields of a date apart: numbers, one of which may be a month's name.
func dateFields(text string) (dateParts, bool) {
	numbers, widths, month, ok := dateTokens(text)
	if !ok {
		return dateParts{}, false
	}
	switch {
	case month != 0 && len(numbers) >= 2:
		f := dateParts{a: numbers[0], b: numbers[1], month: month, yearFirst: widths[0] == 4}
		year := 1
		if f.yearFirst {
			year = 0
		}
		f.shortYear = widths[year] == 2
		return f, widths[1-year] <= 2 && (widths[year] == 4 || f.shortYear)
	case month == 0 && len(numbers) >= 1 && widths[0] == 8:
		return compactDate(numbers[0]), true
	case month == 0 && len(numbers) >= 3:
		f := dateParts{a: numbers[0], b: numbers[1], c: numbers[2], yearFirst: widths[0] == 4}
		if f.yearFirst {
			return f, widths[1] <= 2 && widths[2] <= 2
		}
		f.shortYear = widths[2] == 2
		return f, widths[0] <= 2 && widths[1] <= 2 && (widths[2] == 4 || f.shortYear)
	}
	return partialDate(numbers, widths, month)
}

// partialDate reads a year, alone or with a month: 1854, 1854-03, 03/1854, Mar 1854.
func partialDate(numbers, widths []int, month int) (dateParts, bool) {
	f := dateParts{partial: true, yearFirst: true, month: 0}
	switch {
	case len(numbers) == 1 && widths[0] == 4:
		f.a, f.b = numbers[0], month
	case len(numbers) == 2 && month == 0 && widths[0] == 4 && widths[1] <= 2:
		f.a, f.b = numbers[0], numbers[1]
	case len(numbers) == 2 && month == 0 && widths[1] == 4 && widths[0] <= 2:
		f.a, f.b = numbers[1], numbers[0]
	default:
		return dateParts{}, false
	}
	return f, true
}

// compactDate reads eight digits: yyyymmdd, or ddmmyyyy when the first four cannot be a year.
func compactDate(n int) dateParts {
	if century := n / 1000000; century >= 18 && century <= 21 || n/10000 == 9999 || n/10000 <= 1 {
		return dateParts{a: n / 10000, b: n / 100 % 100, c: n % 100, yearFirst: true}
	}
	return dateParts{a: n / 1000000, b: n / 10000 % 100, c: n % 10000}
}

// dateTokens reads at most three numbers and one month name, and stops where a time of day begins.
func dateTokens(text string) (numbers, widths []int, month int, ok bool) {
	wanted := 3
	for text != "" && len(numbers) < wanted {
		r := rune(text[0])
		if r >= '0' && r <= '9' {
			n, width := leadingNumber(text)
			text = text[width:]
			if width > 8 || strings.HasPrefix(text, ":") {
				return nil, nil, 0, false
			}
			numbers, widths = append(numbers, n), append(widths, width)
			text = trimOrdinal(text)
			if width == 8 {
				return numbers, widths, month, true
			}
			continue
		}
		word := text[:wordLen(text)]
		if word == "" {
			text = trimFirstMark(text)
			continue
		}
		text = text[len(word):]
		if m := monthNumber(Fold(word)); m != 0 && month == 0 {
			month, wanted = m, 2
		} else if !dateWords.has(Fold(word)) {
			return nil, nil, 0, false
		}
	}
	return numbers, widths, month, true
}

// dateWords may stand in a date and say nothing: weekdays, "de", "of", and the 年月日 of East Asian dates.
var dateWords = setOf("c", "ca", "circa", "abt", "about", "approx", "est", "of", "de", "del", "den", "the", "le", "el", "mon", "tue", "wed", "thu", "fri", "sat", "sun", "monday", "tuesday",
	"wednesday", "thursday", "friday", "saturday", "sunday", "年", "月", "日", "년", "월", "일", "t", "г")

func leadingNumber(text string) (n, width int) {
	for width < len(text) && text[width] >= '0' && text[width] <= '9' {
		if width < 9 {
			n = n*10 + int(text[width]-'0')
		}
		width++
	}
	return n, width
}

func wordLen(text string) int {
	for i, r := range text {
		if !unicode.IsLetter(r) {
			return i
		}
	}
	return len(text)
}

// trimOrdinal drops the ending of 1st, 2nd, 3rd, 12th, 1er and 1º.
func trimOrdinal(text string) string {
	for _, ending := range [...]string{"st", "nd", "rd", "th", "er", "o", "a"} {
		if rest, ok := strings.CutPrefix(text, ending); ok && wordLen(rest) == 0 {
			return rest
		}
	}
	return text
}

// trimFirstMark drops one character that is neither digit nor letter.
func trimFirstMark(text string) string {
	for i := range text {
		if i > 0 {
			return text[i:]
		}
	}
	return ""
}

// monthNumber returns the number of a month named in one of the common languages, 0 when it is none.
func monthNumber(folded string) int { return monthNames[folded] }

var monthNames = func() map[string]int {
	names := make(map[string]int)
	for i, spellings := range [12]string{
		"jan january januar janner janvier enero ene gennaio gen janeiro januari styczen stycznia января январь янв jaenner tammikuu leden ledna ocak",
		"feb february februar fevrier fev febrero febbraio fevereiro februari luty lutego февраля февраль фев helmikuu unor unora subat feber",
		"mar march marz maerz mars marzo marco maart mrt marzec marca марта март мар maaliskuu brezen brezna mart mrz",
		"apr april avril avr abril abr aprile kwiecien kwietnia апреля апрель апр huhtikuu duben dubna nisan",
		"may mai mayo maggio mag maio mei maj maja мая маи май toukokuu kveten kvetna mayis",
		"jun june juni juin junio giugno giu junho czerwiec czerwca июня июнь июн kesakuu cerven cervna haziran",
		"jul july juli juillet juil julio luglio lug julho lipiec lipca июля июль июл heinakuu cervenec cervence temmuz",
		"aug august aout agosto ago augustus augusti sierpien sierpnia августа август авг elokuu srpen srpna agustos",
		"sep sept september septembre septiembre settembre set setembro wrzesien wrzesnia сентября сентябрь сен syyskuu zari eylul",
		"oct october oktober okt octobre octubre ottobre ott outubro out pazdziernik pazdziernika октября октябрь окт lokakuu rijen rijna ekim",
		"nov november novembre noviembre novembro listopad listopada ноября ноябрь ноя marraskuu kasim",
		"dec december dezember dez decembre diciembre dic dicembre dezembro grudzien grudnia декабря декабрь дек joulukuu prosinec prosince aralik",
	} {
		for name := range strings.FieldsSeq(spellings) {
			names[name] = i + 1
		}
	}
	return names
}()
