package synth

import (
	"strings"
	"unicode/utf8"
)

// writeName records the name as this channel learned it. A contact with a shared identity keeps its full name, and only
// gets damage that leaves it readable: case, spaces, marks, order.
func (w *page) writeName() {
	p, d := w.p, w.d
	if p.scene.kind == undecidable {
		if p.member == 0 || d.IntN(2) == 0 {
			w.FirstName, w.LastName = p.given.native, p.family
		}
		return
	}
	if !w.shared && !w.isNamed() {
		w.damage |= nameless
		if w.Email == "" && w.phone.locale == nil && p.scene.kind != anonymous {
			w.kinds = append(w.kinds, "anonymous")
		}
		return
	}
	w.FirstName, w.LastName = p.given.native, p.family
	if p.suffix != "" && d.chance(0.6) {
		w.Suffix = p.suffix
		if d.IntN(3) == 0 {
			w.Suffix += "."
		}
	}
	if !w.shared {
		w.mistake()
	}
	if w.damage&fillerName != 0 {
		return
	}
	if w.t.source.form() && p.middle.native != "" && w.damage&(initial|otherScript) == 0 && d.chance(0.5) {
		if w.MiddleName = p.middle.native; d.IntN(2) == 0 {
			w.MiddleName = string(firstRune(p.middle.native)) + "."
		}
	}
	w.dropMarks()
	w.arrange()
	w.scruff()
}

// dropMarks writes the name without its marks, if it has any.
func (w *page) dropMarks() {
	long := w.d.IntN(2) == 0
	if !w.d.chance(w.r.Diacritics) {
		return
	}
	first, last := foldName(w.FirstName, long), foldName(w.LastName, long)
	if first != w.FirstName || last != w.LastName {
		w.FirstName, w.MiddleName, w.LastName = first, foldName(w.MiddleName, long), last
		w.damage |= diacritics
	}
}

func (w *page) isNamed() bool {
	switch w.p.scene.kind {
	case anonymous:
		return false
	case roleMailbox:
		return w.d.chance(0.85)
	}
	return w.d.chance(w.t.source.named())
}

// mistake draws what changes the name itself: fillers, other forms of it, slips of the hand and the ear.
func (w *page) mistake() {
	d, r, p := w.d, w.r, w.p
	if d.chance(r.FillerName) {
		filler := fillers[d.IntN(len(fillers))]
		w.FirstName, w.LastName, w.Suffix = filler[0], filler[1], ""
		w.damage |= fillerName
		w.kinds = append(w.kinds, "filler_name")
		return
	}
	family, latin := p.family, p.familyLatin
	if p.otherFamily != "" && d.chance(0.4) {
		family, latin = p.otherFamily, p.otherLatin
		w.LastName = family
		w.damage |= nameChanged
	}
	if first, _, ok := strings.Cut(family, " "); ok && p.locale.doubleFamily && d.chance(0.4) && len(first) > 3 {
		w.LastName = first
		latin, _, _ = strings.Cut(latin, " ")
		w.damage |= secondSurname
	}
	if p.given.native != p.given.latin && d.chance(r.OtherScript) {
		w.FirstName, w.LastName = p.given.latin, latin
		if n := len(p.given.variants); n > 0 && d.IntN(3) == 0 {
			w.FirstName = p.given.variants[d.IntN(n)]
		}
		w.damage |= otherScript
	}
	if short := p.locale.nicknames[w.FirstName]; len(short) > 0 && d.chance(min(1, r.Nickname*1.8)) {
		w.FirstName = d.pick(short)
		w.damage |= nickname
	} else if d.chance(r.Initial) && w.damage&otherScript == 0 && !cjk(w.FirstName) {
		w.FirstName = string(firstRune(w.FirstName)) + [...]string{".", ""}[d.IntN(2)]
		w.damage |= initial
	}
	if w.t.source.displayName() && d.chance(0.07) {
		w.LastName, w.Suffix = "", ""
		w.damage |= firstOnly
	}
	w.slip()
}

// slip misspells one of the two names.
func (w *page) slip() {
	d, r := w.d, w.r
	field := &w.LastName
	if d.IntN(2) == 0 || *field == "" {
		field = &w.FirstName
	}
	if utf8.RuneCountInString(*field) < 4 || cjk(*field) {
		return
	}
	misheard := r.Phonetic
	if w.t.source == voice {
		misheard = min(0.9, 10*r.Phonetic)
	}
	scanned := 0.0
	if w.t.source == imported {
		scanned = min(0.9, 5*r.OCR)
	}
	before := *field
	kind := damage(0)
	switch u := d.Float64(); {
	case u < r.NameTypo:
		*field, kind = typo(d, before), nameTypo
	case u < r.NameTypo+misheard:
		*field, kind = mishear(d, before), phonetic
	case u < r.NameTypo+misheard+scanned:
		*field, kind = misread(d, before), ocr
	}
	if *field != before {
		w.damage |= kind
	}
}

// arrange puts the names into the fields: swapped, all in one, or replaced by an address the channel used as a name.
func (w *page) arrange() {
	d, r := w.d, w.r
	whole := r.WholeName
	if w.t.source.displayName() {
		whole = min(0.9, whole*12)
	}
	switch u := d.Float64(); {
	case w.LastName == "":
	case !w.shared && u < r.NameIsPhone && w.phone.locale != nil:
		w.FirstName, w.MiddleName, w.LastName, w.Suffix = w.phone.e164(), "", "", ""
		w.damage |= nameIsPhone
		w.kinds = append(w.kinds, "name_is_phone")
	case !w.shared && u >= r.NameIsPhone && u < r.NameIsPhone+r.NameIsEmail && w.Email != "":
		w.FirstName, w.MiddleName, w.LastName, w.Suffix = w.Email, "", "", ""
		w.damage |= nameIsEmail
		w.kinds = append(w.kinds, "name_is_email")
	case u > 1-r.Swapped && w.Suffix == "":
		w.FirstName, w.LastName, w.MiddleName = w.LastName, w.FirstName, ""
		w.damage |= swapped
	case u > 1-r.Swapped-whole:
		w.FirstName, w.MiddleName, w.LastName = w.displayed(), "", ""
		w.damage |= wholeName
	}
}

// displayed is the full name in the order the country writes it.
func (w *page) displayed() string {
	if !w.p.locale.familyFirst || w.damage&otherScript != 0 {
		if w.d.IntN(12) == 0 {
			return w.LastName + ", " + w.FirstName
		}
		return w.FirstName + " " + w.LastName
	}
	if cjk(w.LastName) {
		return w.LastName + w.FirstName
	}
	return w.LastName + " " + w.FirstName
}

// scruff changes case and spaces and types a title into the first name.
func (w *page) scruff() {
	d, r := w.d, w.r
	if d.chance(r.TitleInName) && w.damage&(nameIsPhone|nameIsEmail|swapped) == 0 && w.Title == "" {
		title := w.p.locale.titlesM
		if w.p.female {
			title = w.p.locale.titlesF
		}
		w.FirstName = d.pick(title) + " " + w.FirstName
		w.damage |= titleInName
	}
	if d.chance(r.Case) {
		change := strings.ToUpper
		if d.IntN(2) == 0 {
			change = strings.ToLower
		}
		first, last := change(w.FirstName), change(w.LastName)
		if first != w.FirstName || last != w.LastName {
			w.damage |= caseChanged
		}
		w.FirstName, w.MiddleName, w.LastName = first, change(w.MiddleName), last
	}
	if d.chance(r.Whitespace) {
		w.damage |= whitespace
		switch d.IntN(4) {
		case 0:
			w.FirstName = " " + w.FirstName
		case 1:
			w.FirstName += "  "
		case 2:
			w.FirstName = strings.ReplaceAll(w.FirstName, " ", "  ") + "\u00a0"
		case 3:
			if w.LastName != "" {
				w.LastName = "\t" + w.LastName + " "
			} else {
				w.FirstName += " "
			}
		}
	}
}

// foldName drops the marks: ü becomes ue, or just u.
func foldName(name string, long bool) string {
	for i := range len(name) {
		if name[i] >= 0x80 {
			return foldMarks(name, long)
		}
	}
	return name
}

func foldMarks(name string, long bool) string {
	b := make([]byte, 0, len(name))
	for _, r := range name {
		start := len(b)
		b = appendFolded(b, r)
		if !long && len(b) == start+2 && b[start] < 0x80 && r != 'ß' && r != 'æ' && r != 'œ' && r != 'þ' {
			b = b[:start+1]
		}
	}
	return string(b)
}

// cjk says that a name is written without letters that could be confused one by one.
func cjk(name string) bool { return firstRune(name) >= 0x2e80 }

var fillers = [...][2]string{
	{"Guest", "User"},
	{"Test", "Test"},
	{"Unknown", ""},
	{"Unknown", "Unknown"},
	{"Guest", ""},
	{"test", ""},
	{"N/A", "N/A"},
	{"Anonymous", ""},
	{"No", "Name"},
	{"xxx", "xxx"},
	{"Customer", ""},
	{"-", "-"},
}
