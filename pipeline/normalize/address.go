package normalize

import (
	"strings"
	"unicode/utf8"
)

// streetWords are abbreviations in street names, folded, with what they stand for.
var streetWords = map[string]string{
	"st": "street", "str": "strasse", "ave": "avenue", "av": "avenue", "avn": "avenue", "rd": "road", "blvd": "boulevard", "bvd": "boulevard",
	"dr": "drive", "ln": "lane", "ct": "court", "crt": "court", "pl": "place", "sq": "square", "ter": "terrace", "terr": "terrace", "tce": "terrace",
	"pkwy": "parkway", "pky": "parkway", "hwy": "highway", "cres": "crescent", "cr": "crescent", "cct": "circuit", "cir": "circle",
	"cl": "close", "gdns": "gardens", "gr": "grove", "grv": "grove", "hts": "heights", "mt": "mount", "ft": "fort", "expy": "expressway",
	"n": "north", "s": "south", "e": "east", "w": "west", "ne": "northeast", "nw": "northwest", "se": "southeast", "sw": "southwest",
	"apt": "apartment", "ste": "suite", "fl": "floor", "bldg": "building", "rm": "room", "no": "", "nr": "", "num": "", "numero": "",
	"pz": "piazza", "pza": "plaza", "plz": "plaza", "ctra": "carretera", "avda": "avenida", "cno": "camino", "pso": "paseo", "bd": "boulevard",
	"imp": "impasse", "chem": "chemin", "rte": "route", "fbg": "faubourg", "ul": "ulica", "al": "aleja", "os": "osiedle", "pza.": "plaza",
	"wg": "weg", "strase": "strasse", "ул": "улица", "пр": "проспект", "д": "дом", "кв": "квартира",
}

// Street returns the comparable form of a street address: folded words with the usual abbreviations written out.
// House, unit and apartment numbers stay. "str" at the end of a German word becomes "strasse".
func Street(raw string) string {
	folded := Text(raw)
	if folded == "" {
		return ""
	}
	words := strings.Fields(folded)
	out := words[:0]
	for i, word := range words {
		switch long, known := streetWords[word]; {
		case word == "st" && i+1 < len(words) && !isUnitWord(words[i+1]) && (i == 0 || countDigits(words[i-1]) > 0):
			word = "saint" // St John's Road, but High St 5
		case known:
			word = long
		case len(word) > 4 && strings.HasSuffix(word, "str"):
			word += "asse"
		}
		if word != "" {
			out = append(out, word)
		}
	}
	return textOfFolded(strings.Join(out, " ")) // long forms can pass the limit, and "NA No." leaves a placeholder
}

// isUnitWord reports whether a word can follow the name of a street.
func isUnitWord(word string) bool {
	if countDigits(word) > 0 {
		return true
	}
	switch word {
	case "apt", "apartment", "unit", "suite", "ste", "floor", "fl", "bldg", "room", "rm", "n", "s", "e", "w", "north", "south", "east", "west":
		return true
	}
	return utf8.RuneCountInString(word) == 1
}

// City returns the comparable form of a city name, with St. and Ft. written out.
func City(raw string) string {
	folded := Text(raw)
	if folded == "" {
		return ""
	}
	first, rest, more := strings.Cut(folded, " ")
	if !more {
		return folded
	}
	switch first {
	case "st":
		first = "saint"
	case "ste":
		first = "sainte"
	case "ft":
		first = "fort"
	case "mt":
		first = "mount"
	}
	return textOfFolded(first + " " + rest) // long forms can pass the limit
}

// State returns the comparable form of a state or province. Codes and names are not reconciled: the same code means
// different states in different countries.
func State(raw string) string { return Text(raw) }

// Postcode returns the comparable form of a postal code in its country (ISO 3166 alpha-2, or empty): letters and
// digits in upper case, a country prefix dropped, and North American ZIP+4 codes cut to the five digits.
func Postcode(raw, country string) string {
	country = strings.ToUpper(strings.TrimSpace(country))
	code := joinedUpper(Text(raw))
	if code == "" || len(code) > 16 {
		return ""
	}
	if len(code) > 3 && len(country) == 2 && countDigits(code[2:]) == len(code)-2 {
		code = strings.TrimPrefix(code, country) // D-80331 and DE-80331 are the same, but only letters tell
	}
	if len(code) == 6 && countDigits(code[1:]) == 5 && strings.IndexByte("DFIABE", code[0]) >= 0 && (country == "" || country[0] == code[0] || country == "AT" && code[0] == 'A') {
		code = code[1:]
	}
	isZIP := country == "US" || country == "" && strings.Count(raw, "-") == 1
	if isZIP && len(code) == 9 && countDigits(code) == 9 {
		code = code[:5]
	}
	if isRepeated(code) && (code[0] == '0' || code[0] == 'X') || Text(code) == "" { // "n/a" written "NA N" is a placeholder too
		return ""
	}
	return code
}

// joinedUpper returns a folded text as one word in upper case, as codes are written.
func joinedUpper(folded string) string {
	joined := strings.ReplaceAll(folded, " ", "")
	if !isASCII(joined) {
		joined = Fold(joined) // letters that a space kept apart can compose
	}
	return strings.ToUpper(joined)
}
