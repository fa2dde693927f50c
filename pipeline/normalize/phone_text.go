package normalize

import (
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
)

// extensionWords are the spellings of "extension" that end a number, longest first. Durchwahl is not among them: in
// German numbering the direct-dial digits are a part of the number itself.
var extensionWords = [...]string{
	";ext=", "extensión", "extension", "extensao", "interno", "anexo", "ramal", "poste", "доб.", "доб", "вн.", "внутр.",
	"ext.", "extn", "ext", "tlo", "int.", "int", "wew.", "x.", "x", "×", "#",
}

// maxExtensionDigits is the longest extension that is believed; longer ones are a second number.
const maxExtensionDigits = 7

// cutExtension parts a number (lower case) from its extension.
func cutExtension(text string) (number, extension string) {
	end := len(text)
	for end > 0 && (text[end-1] == ' ' || text[end-1] == ')' || text[end-1] == '#') {
		end--
	}
	start := end
	for start > 0 && text[start-1] >= '0' && text[start-1] <= '9' {
		start--
	}
	if n := end - start; n == 0 || n > maxExtensionDigits || start == 0 {
		return text, ""
	}
	before := strings.TrimRight(text[:start], " .:=(-")
	if rest, ok := strings.CutSuffix(before, ","); ok && countDigits(rest) >= 7 && end-start < 7 {
		return strings.TrimRight(rest, ", "), text[start:end] // a comma is a pause in dialling
	}
	for _, word := range extensionWords {
		rest, ok := strings.CutSuffix(before, strings.TrimRight(word, ".="))
		if ok && countDigits(rest) >= 5 {
			return strings.TrimRight(rest, " ,;.-("), text[start:end]
		}
	}
	return text, ""
}

func countDigits(s string) int {
	n := 0
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			n++
		}
	}
	return n
}

// listSeparators part two numbers in one field. A slash also stands between an area code and the rest.
var listSeparators = [...]string{";", ",", "|", "/", " or ", " oder ", " ou ", " y ", " und ", " and ", " & "}

// firstNumber returns the first of several numbers in one field, or text when it is only one.
func (p *PhoneParser) firstNumber(text, country string, bare bool) string {
	at := -1
	for _, sep := range listSeparators {
		if i := strings.Index(text, sep); i > 0 && (at < 0 || i < at) {
			at = i
		}
	}
	if at < 0 || countDigits(text[:at]) < 7 {
		return text
	}
	// 0711/1234567 is one number; 020 7946 0958 / 0959 are two. The first part must be a number by itself.
	number, status := phoneDigits(text[:at])
	if status != OK {
		return text
	}
	if first := p.resolve(phoneQuery{number, country, bare}); first.Status != OK {
		return text
	}
	return text[:at]
}

// maxPhoneDigits is longer than any number with any prefix.
const maxPhoneDigits = 22

// plainNumber appends the digits of a number written with nothing but digits, a leading plus and the usual marks, as
// most are. It returns nil when raw holds anything else, or digits that are no number; phoneDigits says what then.
func plainNumber(digits []byte, raw string) []byte {
	for i := range len(raw) {
		switch c := raw[i]; {
		case c >= '0' && c <= '9' || c == '+' && len(digits) == 0:
			if len(digits) == cap(digits) {
				return nil
			}
			digits = append(digits, c)
		case c != ' ' && c != '-' && c != '.' && c != '(' && c != ')':
			return nil
		}
	}
	bare := digits
	if len(bare) > 0 && bare[0] == '+' {
		bare = bare[1:]
	}
	if len(bare) > maxPhoneDigits || isJunkDigits(bare) {
		return nil
	}
	return digits
}

// phoneLabels are words that stand before a number and say nothing about it.
var phoneLabels = setOf(
	"tel", "telefon", "telefono", "telephone", "phone", "ph", "mobile", "mobil", "mob", "cell", "cel", "celular", "handy",
	"fax", "home", "work", "office", "privat", "dienstlich", "t", "m", "p", "f", "tlf", "gsm", "whatsapp", "nr", "no",
	"durchwahl", "dw", "тел", "моб",
)

// phoneDigits reduces the text of a number to its digits, with a plus in front when the text begins with one. Letters
// of a vanity number become digits; other words make the value misplaced or invalid.
func phoneDigits(text string) (string, Status) {
	text = dropLabels(text)
	var b strings.Builder
	letters := 0
	for _, r := range text {
		switch {
		case r >= '0' && r <= '9':
			b.WriteByte(byte(r))
		case r == '+' && b.Len() == 0:
			b.WriteByte('+')
		case unicode.IsDigit(r): // Arabic-Indic and other digits, which NFKC leaves alone
			digit := phonenumbers.NormalizeDigitsOnly(string(r))
			if len(digit) != 1 {
				letters++ // of a script that the library does not know either
				continue
			}
			b.WriteString(digit)
		case unicode.IsLetter(r):
			letters++
		}
	}
	number := b.String()
	digits := len(strings.TrimPrefix(number, "+"))
	if letters > 0 {
		return vanityDigits(text, digits, letters)
	}
	switch {
	case digits == 0:
		return "", Placeholder
	case digits > maxPhoneDigits:
		return "", Invalid
	case isJunkDigits(strings.TrimPrefix(number, "+")):
		return "", Placeholder
	}
	return number, OK
}

// vanityDigits turns 1-800-FLOWERS into digits. At least three digits must stand there, or it is a text.
func vanityDigits(text string, digits, letters int) (string, Status) {
	if digits < 3 || letters < 3 || digits+letters > 16 || !isASCII(text) {
		folded := Fold(text)
		switch {
		case placeholderWords.has(folded) || placeholderLocals.has(folded) || fillerNames.has(folded):
			return "", Placeholder
		case digits == 0:
			return "", Misplaced
		}
		return "", Invalid
	}
	number, status := phoneDigits(phonenumbers.ConvertAlphaCharactersInNumber(text))
	return number, status
}

// cutTrailingLabels cuts words like "(work)" off the end of text.
func cutTrailingLabels(text string) string {
	for {
		trimmed := strings.TrimRight(text, " .:()[]")
		start := strings.LastIndexFunc(trimmed, func(r rune) bool { return !unicode.IsLetter(r) }) + 1
		if start == 0 || start == len(trimmed) || !phoneLabels.has(Fold(trimmed[start:])) || trimmed[start-1] != ' ' && trimmed[start-1] != '(' {
			return text
		}
		text = strings.TrimRight(trimmed[:start], " (")
	}
}

// dropLabels cuts words like "Tel.:" and "Mobile" off the front of text.
func dropLabels(text string) string {
	text = strings.TrimPrefix(text, "tel:")
	for {
		end := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsLetter(r) })
		if end <= 0 || !phoneLabels.has(Fold(text[:end])) {
			return text
		}
		text = strings.TrimLeft(text[end:], " .:-")
	}
}

// isJunkDigits reports whether digits were typed to get past a form: one digit over and over, a run up or down, or
// fewer than five digits.
func isJunkDigits[text string | []byte](digits text) bool {
	return len(digits) < 5 || isJunkRun(digits)
}

// isJunkRun reports whether digits are one digit over and over, or a run up or down. Some islands have numbers of four
// digits, where that proves nothing.
func isJunkRun[text string | []byte](digits text) bool {
	if len(digits) < 5 {
		return false
	}
	same, up, down := true, true, true
	for i := 1; i < len(digits); i++ {
		step := (int(digits[i]) - int(digits[i-1]) + 10) % 10
		same, up, down = same && step == 0, up && step == 1, down && step == 9
	}
	return same || up || down
}
