package normalize

import (
	"strings"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// countryAliases are names that no list of official names holds, by their folded form.
var countryAliases = map[string]string{
	"uk": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "northern ireland": "GB", "great britain": "GB", "britain": "GB", "grossbritannien": "GB",
	"gran bretana": "GB", "grande bretagne": "GB", "gran bretagna": "GB", "united kingdom of great britain and northern ireland": "GB",
	"usa": "US", "united states of america": "US", "america": "US", "u s": "US", "u s a": "US", "the united states": "US", "eeuu": "US", "ee uu": "US",
	"etats unis d amerique": "US", "etatsunis": "US", "vereinigte staaten von amerika": "US", "stati uniti d america": "US", "estados unidos de america": "US", "сша": "US",
	"holland": "NL", "the netherlands": "NL", "brd": "DE", "federal republic of germany": "DE", "bundesrepublik deutschland": "DE",
	"czech republic": "CZ", "czechia": "CZ", "korea": "KR", "republic of korea": "KR", "south korea": "KR", "russian federation": "RU", "россия": "RU",
	"uae": "AE", "emirates": "AE", "peoples republic of china": "CN", "pr china": "CN", "prc": "CN", "mainland china": "CN", "hong kong": "HK", "macau": "MO",
	"roc": "TW", "ivory coast": "CI", "viet nam": "VN", "macedonia": "MK", "turkey": "TR", "turkiye": "TR", "swaziland": "SZ", "burma": "MM",
	"eire": "IE", "republic of ireland": "IE", "suomi": "FI", "helvetia": "CH", "bolivia": "BO", "iran": "IR", "tanzania": "TZ", "ksa": "SA",
	"brasil": "BR", "espana": "ES", "italia": "IT", "el": "GR", "hellas": "GR", "osterreich": "AT", "oesterreich": "AT", "schweiz": "CH", "suisse": "CH",
}

// countryLanguages are the languages whose country names are understood.
var countryLanguages = [...]language.Tag{
	language.English, language.German, language.Spanish, language.French, language.Italian, language.Portuguese, language.Dutch,
	language.Polish, language.Russian, language.Swedish, language.Danish, language.Norwegian, language.Finnish, language.Czech,
	language.Turkish, language.Greek, language.Hungarian, language.Romanian, language.Ukrainian, language.Chinese,
	language.TraditionalChinese, language.Japanese, language.Korean, language.Arabic,
}

// countryNames maps folded codes and names to ISO 3166 alpha-2 codes. It is built on first use, about 6,000 names.
var countryNames = sync.OnceValue(func() map[string]string {
	names := make(map[string]string, 8192)
	for _, tag := range countryLanguages {
		namer := display.Regions(tag)
		for a := 'A'; a <= 'Z'; a++ {
			for b := 'A'; b <= 'Z'; b++ {
				region, err := language.ParseRegion(string(a) + string(b))
				if err != nil || !region.IsCountry() || region.Canonicalize() != region {
					continue
				}
				code := region.String()
				addMissing(names, Fold(namer.Name(region)), code)
				addMissing(names, strings.ToLower(region.ISO3()), code)
				addMissing(names, strings.ToLower(code), code)
			}
		}
	}
	for name, code := range countryAliases {
		names[name] = code
	}
	return names
})

func addMissing(names map[string]string, name, code string) {
	if _, ok := names[name]; !ok && name != "" {
		names[name] = code
	}
}

// Country returns the ISO 3166 alpha-2 code for a two- or three-letter code or a country's name in one of the common
// languages, "" when it is none.
func Country(raw string) string {
	if len(raw) == 2 && raw[0] >= 'A' && raw[0] <= 'Z' && raw[1] >= 'A' && raw[1] <= 'Z' {
		if raw == "UK" {
			return "GB"
		}
		if _, ok := countryNames()[string([]byte{raw[0] | 0x20, raw[1] | 0x20})]; ok {
			return raw
		}
	}
	return countryNames()[Fold(capRunes(raw))]
}
