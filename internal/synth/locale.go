package synth

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

//go:embed locale/*.txt
var localeFiles embed.FS

// spelling is a name in its own script and in Latin letters, with other romanizations where people use several.
type spelling struct {
	native, latin string
	mail          string // as typed before an @
	variants      []string
}

type city struct{ name, state, postcode string }

// locale is one country's people: names in order of frequency, places, phone plan, mail providers.
type locale struct {
	code, calling, trunk string
	weight               float64
	groups               []int // digits per group of a national number, when written with spaces
	familyFirst          bool  // the usual order of a full name
	doubleFamily         bool  // two surnames, the second often left out
	feminine             [][2]string
	streetForm           string
	female, male, family []spelling
	stems, endings       []string // compose the long tail of surnames
	nicknames            map[string][]string
	titlesF, titlesM     []string
	streets, legal       []string
	mail                 []string
	cities               []city
	mobile, fixed        []string // digit patterns: # any digit, N 2-9
	mobileSpace          uint64
	fixedSpace           uint64
}

// loadLocales reads the embedded files in name order.
func loadLocales() ([]*locale, error) {
	names, err := fs.Glob(localeFiles, "locale/*.txt")
	if err != nil {
		return nil, fmt.Errorf("listing locales: %w", err)
	}
	var all []*locale
	for _, name := range names {
		text, err := localeFiles.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		l, err := parseLocale(string(text))
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		all = append(all, l)
	}
	return all, nil
}

// parseLocale reads "key value" lines up to the first [section]; sections hold comma-separated lists, over lines.
func parseLocale(text string) (*locale, error) {
	l := &locale{nicknames: map[string][]string{}, streetForm: "{n} {s}"}
	section := ""
	for number, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "//") {
			continue
		}
		if strings.HasPrefix(line, "[") {
			section = strings.Trim(line, "[]")
			continue
		}
		var err error
		if section == "" {
			key, value, _ := strings.Cut(line, " ")
			err = l.set(key, strings.TrimSpace(value))
		} else {
			err = l.extend(section, line)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number+1, err)
		}
	}
	if err := l.finish(); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *locale) set(key, value string) (err error) {
	switch key {
	case "code":
		l.code = value
	case "calling":
		l.calling = value
	case "trunk":
		l.trunk = value
	case "weight":
		l.weight, err = strconv.ParseFloat(value, 64)
	case "street":
		l.streetForm = value
	case "family-first":
		l.familyFirst = true
	case "double-family":
		l.doubleFamily = true
	case "feminine":
		from, to, _ := strings.Cut(value, ">")
		l.feminine = append(l.feminine, [2]string{from, to})
	case "groups":
		for _, field := range strings.Fields(value) {
			size, convErr := strconv.Atoi(field)
			if convErr != nil {
				return fmt.Errorf("reading groups: %w", convErr)
			}
			l.groups = append(l.groups, size)
		}
	default:
		return fmt.Errorf("key %q is unknown", key)
	}
	return err
}

func (l *locale) extend(section, line string) error {
	if section == "city" {
		parts := strings.Split(line, "|")
		if len(parts) != 3 {
			return errors.New("a city is name|state|postcode")
		}
		l.cities = append(l.cities, city{name: parts[0], state: parts[1], postcode: parts[2]})
		return nil
	}
	for item := range strings.SplitSeq(line, ",") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		if err := l.add(section, item); err != nil {
			return err
		}
	}
	return nil
}

func (l *locale) add(section, item string) error {
	switch section {
	case "female":
		l.female = append(l.female, parseSpelling(item))
	case "male":
		l.male = append(l.male, parseSpelling(item))
	case "family":
		l.family = append(l.family, parseSpelling(item))
	case "stem":
		l.stems = append(l.stems, item)
	case "ending":
		l.endings = append(l.endings, item)
	case "title f":
		l.titlesF = append(l.titlesF, item)
	case "title m":
		l.titlesM = append(l.titlesM, item)
	case "street":
		l.streets = append(l.streets, item)
	case "legal":
		l.legal = append(l.legal, item)
	case "mail":
		l.mail = append(l.mail, item)
	case "mobile":
		l.mobile = append(l.mobile, item)
	case "fixed":
		l.fixed = append(l.fixed, item)
	case "nickname":
		formal, short, ok := strings.Cut(item, "=")
		if !ok {
			return errors.New("a nickname is Formal=Short|Short")
		}
		l.nicknames[formal] = strings.Split(short, "|")
	default:
		return fmt.Errorf("section %q is unknown", section)
	}
	return nil
}

// parseSpelling reads native/Latin|Variant, or a plain Latin name.
func parseSpelling(item string) spelling {
	native, latin, ok := strings.Cut(item, "/")
	if !ok {
		variants := strings.Split(item, "|")
		return newSpelling(variants[0], variants[0], variants[1:])
	}
	variants := strings.Split(latin, "|")
	return newSpelling(native, variants[0], variants[1:])
}

func newSpelling(native, latin string, variants []string) spelling {
	return spelling{native: native, latin: latin, mail: mailName(latin), variants: variants}
}

func (l *locale) finish() error {
	for _, size := range [...]int{
		len(l.female), len(l.male), len(l.family), len(l.mail), len(l.mobile), len(l.fixed), len(l.cities), len(l.streets),
		len(l.legal), len(l.titlesF), len(l.titlesM),
	} {
		if size == 0 {
			return errors.New("a section is empty or missing")
		}
	}
	if l.code == "" || l.calling == "" || l.weight <= 0 || len(l.groups) == 0 {
		return errors.New("code, calling, weight and groups are needed")
	}
	l.mobileSpace, l.fixedSpace = patternSpace(l.mobile), patternSpace(l.fixed)
	return nil
}

// feminized gives a woman's form of a surname where the language has one.
func (l *locale) feminized(name string) string {
	for _, ending := range l.feminine {
		if stem, ok := strings.CutSuffix(name, ending[0]); ok {
			return stem + ending[1]
		}
	}
	return name
}
