package synth

import "strings"

// phone is a number before anyone has written it down.
type phone struct {
	locale    *locale
	national  string // national significant number
	extension string
	mobile    bool
}

func patternSpace(patterns []string) uint64 {
	total := uint64(0)
	for _, p := range patterns {
		total += patternSize(p)
	}
	return total
}

func patternSize(pattern string) uint64 {
	size := uint64(1)
	for i := range len(pattern) {
		switch pattern[i] {
		case '#':
			size *= 10
		case 'N':
			size *= 8
		}
	}
	return size
}

// fill turns the index-th number of the patterns into digits, so that distinct indexes are distinct numbers.
func fill(patterns []string, index uint64) string {
	for _, pattern := range patterns {
		size := patternSize(pattern)
		if index >= size {
			index -= size
			continue
		}
		digits := []byte(pattern)
		for i := len(digits) - 1; i >= 0; i-- {
			switch digits[i] {
			case '#':
				digits[i] = byte('0' + index%10)
				index /= 10
			case 'N':
				digits[i] = byte('2' + index%8)
				index /= 8
			}
		}
		return string(digits)
	}
	return strings.NewReplacer("#", "5", "N", "5").Replace(patterns[0])
}

func (p phone) e164() string { return "+" + p.locale.calling + p.national }

// grouped splits the national number as the country writes it.
func (p phone) grouped(sep string) string {
	var b strings.Builder
	rest := p.national
	for i, size := range p.locale.groups {
		if i > 0 {
			b.WriteString(sep)
		}
		if size >= len(rest) || i == len(p.locale.groups)-1 {
			b.WriteString(rest)
			return b.String()
		}
		b.WriteString(rest[:size])
		rest = rest[size:]
	}
	return b.String()
}

// writings is how many ways of writing a number there are; see written.
const writings = 14

// written spells the number in one of its usual ways. Every way still means the same number, given the country.
func (p phone) written(way int) string {
	l := p.locale
	area := l.groups[0]
	national := l.trunk + p.national
	switch way {
	case 1:
		return exitCode(l) + l.calling + p.national
	case 2:
		return l.trunk + p.grouped(" ")
	case 3:
		return l.trunk + p.grouped(".")
	case 4:
		return l.trunk + p.grouped("-")
	case 5:
		return "(" + l.trunk + p.national[:area] + ") " + p.national[area:]
	case 6:
		return "+" + l.calling + " " + p.grouped(" ")
	case 7:
		return l.calling + p.national
	case 8:
		if l.trunk == "0" {
			return "+" + l.calling + " (0) " + p.grouped(" ")
		}
		return "+" + l.calling + " (" + p.national[:area] + ") " + p.national[area:]
	case 9:
		return l.trunk + p.national[:area] + "/" + p.national[area:]
	case 10:
		return "Tel. " + l.trunk + p.grouped(" ")
	case 11:
		return "+" + l.calling + "\u00a0" + p.grouped("\u00a0")
	case 12:
		return " " + p.e164() + " "
	case 13:
		return "tel:+" + l.calling + "-" + p.grouped("-")
	}
	return national
}

func exitCode(l *locale) string {
	switch l.code {
	case "US":
		return "011"
	case "RU":
		return "810"
	case "JP":
		return "010"
	case "KR":
		return "001"
	case "BR":
		return "0021"
	}
	return "00"
}

// oldPlan writes a mobile the way its country did before its numbering plan changed, if it did.
func (p phone) oldPlan() (string, bool) {
	if !p.mobile {
		return "", false
	}
	switch p.locale.code {
	case "MX":
		return "+521" + p.national, true
	case "AR": // the national number already carries the mobile 9
		return "+54" + strings.TrimPrefix(p.national, "9"), true
	case "BR":
		return "+55" + p.national[:2] + p.national[3:], true
	}
	return "", false
}

func (p phone) withExtension(written string, way int) string {
	if p.extension == "" {
		return written
	}
	return written + [...]string{" ext. ", " x", " ext ", "x", ";ext="}[way%5] + p.extension
}
