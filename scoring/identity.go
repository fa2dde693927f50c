package scoring

import (
	"strings"
	"unicode/utf8"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// facts are what the keys of two contacts say in one namespace.
type facts struct {
	a, b    bool          // the side holds keys here
	same    bool          // a common key, not shared by many
	shared  bool          // a common key that many people share
	forms   contact.Forms // of the common derived keys, both sides
	fixed   bool          // every common key is a fixed line
	named   bool          // every common key is held under several names
	derived bool          // a common key that is derived on at least one side
}

type allFacts [contact.SpaceNationalNumber + 1]facts

// gather walks the two sorted key lists once.
func (w *Worker) gather(a, b contact.Row, f *allFacts) {
	*f = allFacts{}
	p, q := w.s.table.Keys(a), w.s.table.Keys(b)
	for _, k := range p {
		f[k.Space].a = true
	}
	for _, k := range q {
		f[k.Space].b = true
	}
	for len(p) > 0 && len(q) > 0 {
		x, y := p[0], q[0]
		switch {
		case x.Space < y.Space || x.Space == y.Space && x.Value < y.Value:
			p = p[1:]
		case x.Space > y.Space || x.Value > y.Value:
			q = q[1:]
		default:
			w.common(x, y, &f[x.Space])
			p, q = p[1:], q[1:]
		}
	}
}

func (w *Worker) common(x, y contact.Key, f *facts) {
	if x.Space.Derived() {
		if x.Forms|y.Forms != 0 {
			f.derived = true
			f.forms |= x.Forms | y.Forms
		}
		return
	}
	// A browser that two named people use says nothing about a third visitor without a name, however few the names are.
	if w.s.shared.Is(x.Value) || x.Space == contact.SpaceCookie && w.s.shared.Names(x.Value) > 1 {
		f.shared = true
		return
	}
	fixed := (x.Flags|y.Flags)&contact.IdentityFixedLine != 0
	named := w.s.shared.Names(x.Value) > 1
	if !f.same {
		f.fixed, f.named = fixed, named
	}
	f.fixed, f.named = f.fixed && fixed, f.named && named
	f.same = true
}

func (w *Worker) emailLevel(a, b contact.Row, f *allFacts) uint8 {
	e, d := &f[contact.SpaceEmail], &f[contact.SpaceDerivedEmail]
	switch {
	case e.same:
		return emailExact
	case e.shared:
		return emailShared
	case d.derived && d.forms&contact.FormLookAlike != 0:
		return emailLookAlike
	case d.derived:
		return emailDerived
	case !e.a || !e.b:
		return 0
	case w.sameLocalPart(a, b):
		return emailLocalPart
	default:
		return w.nearEmail(a, b)
	}
}

// nearEmail compares addresses that are not equal, best pair first.
func (w *Worker) nearEmail(a, b contact.Row) uint8 {
	t, best := w.s.table, emailDifferent
	for _, x := range t.Keys(a) {
		if x.Space != contact.SpaceEmail {
			continue
		}
		for _, y := range t.Keys(b) {
			if y.Space != contact.SpaceEmail {
				continue
			}
			best = min(best, w.emailCache.verdict(x.Value, y.Value, func() uint8 { return emailsNear(t.KeyText(x.Value), t.KeyText(y.Value)) }))
		}
	}
	return best
}

// letters is a local part without its digits and separators.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || strings.ContainsRune("._-", r) {
			return -1
		}
		return r
	}, s)
}

// digits are those of a local part.
func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// loosely compares addresses as texts: at one domain, which many have, by what stands before it.
func loosely(x, y, lx, ly string, oneDomain bool) bool {
	if oneDomain {
		x, y = lx, ly
	}
	return min(len(x), len(y)) >= minLocalPart && jaroWinklerAt(x, y, emailLooseAt)
}

// emailLooseAt is the Jaro-Winkler similarity from which two addresses are hardly alike by chance.
const emailLooseAt = 0.86

// emailsNear wants more than half of the address unchanged: a few letters of a short local part are another person.
func emailsNear(x, y string) uint8 {
	lx, dx, _ := strings.Cut(x, "@")
	ly, dy, _ := strings.Cut(y, "@")
	numbers := distance(digits(lx), digits(ly))
	if dx == dy && lx != ly && letters(lx) == letters(ly) && numbers > 0 {
		return emailLoose // counted up: jane1, jane2
	}
	d := len(x) - len(y)
	if d <= 4 && -d <= 4 && min(len(lx), len(ly)) >= minLocalPart-1 && !tooFar(x, y, 4) {
		edits := distance(lx, ly)
		switch slips := distance(dx, dy); {
		case dx == dy:
		case slips*8 > min(len(dx), len(dy)):
			edits = len(x)
		default:
			edits += slips
		}
		if numbers <= 1 && (edits <= 2 || edits <= 4 && edits*4 <= min(len(x), len(y))) {
			return emailNear // another number is another address of the kind
		}
	}
	switch {
	case lx != ly && loosely(x, y, lx, ly, dx == dy):
		return emailLoose
	case dx == dy:
		return emailDomain
	}
	return emailDifferent
}

// minLocalPart is the shortest local part that means something when it recurs at another provider.
const minLocalPart = 6

// spellsName reports whether a local part says no more than the name of its owner does, so that everybody of that name may have it:
// robert.davis, r.davis. Where the name is of another script, letters may be its spelling, and only digits are more.
func (w *Worker) spellsName(local string, a contact.Row) bool {
	if strings.ContainsAny(local, "0123456789") {
		return false
	}
	rest, known := local, false
	for _, col := range []contact.Col{contact.ColGivenLatin, contact.ColMiddle, contact.ColFamilyLatin} {
		for token := range strings.FieldsSeq(w.s.table.Col(col).Value(a)) {
			known = known || isASCII(token)
			rest = strings.Replace(rest, token, "", 1)
		}
	}
	return !known || len(strings.Trim(rest, ".-_")) < 2
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

func (w *Worker) sameLocalPart(a, b contact.Row) bool {
	t := w.s.table
	for _, x := range t.Keys(a) {
		if x.Space != contact.SpaceEmail {
			continue
		}
		local, _, _ := strings.Cut(t.KeyText(x.Value), "@")
		if len(local) < minLocalPart {
			continue
		}
		for _, y := range t.Keys(b) {
			if y.Space != contact.SpaceEmail {
				continue
			}
			if s := t.KeyText(y.Value); len(s) > len(local) && s[len(local)] == '@' && s[:len(local)] == local && !w.spellsName(local, a) && !w.spellsName(local, b) {
				return true
			}
		}
	}
	return false
}

func (w *Worker) phoneLevel(a, b contact.Row, f *allFacts) uint8 {
	p := &f[contact.SpacePhone]
	switch {
	case p.same && p.named:
		return phoneExactNamed
	case p.same && p.fixed:
		return phoneExactFixed
	case p.same:
		return phoneExact
	case p.shared:
		return phoneShared
	case f[contact.SpaceDerivedPhone].derived || f[contact.SpaceNationalNumber].derived:
		return phoneDerived
	case p.a && p.b:
		return w.nearPhone(a, b, contact.SpacePhone)
	case f[contact.SpaceNationalNumber].a && f[contact.SpaceNationalNumber].b:
		// Numbers of unknown country can be told apart all the same.
		return w.nearPhone(a, b, contact.SpaceNationalNumber)
	default:
		return 0
	}
}

// extensionMark separates a number from its extension in a phone key.
const extensionMark = ";ext="

// nearPhone compares numbers that are not equal, best pair first.
func (w *Worker) nearPhone(a, b contact.Row, space contact.Space) uint8 {
	t, best := w.s.table, phoneDifferent
	for _, x := range t.Keys(a) {
		if x.Space != space {
			continue
		}
		px, _, _ := strings.Cut(t.KeyText(x.Value), extensionMark)
		for _, y := range t.Keys(b) {
			if y.Space != space {
				continue
			}
			py, _, _ := strings.Cut(t.KeyText(y.Value), extensionMark)
			switch {
			case px == py:
				best = min(best, phoneSwitchboard)
			case oneDigitOff(px, py):
				best = min(best, phoneNear)
			case sameTail(px, py):
				best = min(best, phoneTail)
			}
		}
	}
	return best
}

// tailDigits is how many last digits of two numbers must be the same to mean something when their beginnings differ.
const tailDigits = 7

func sameTail(a, b string) bool {
	return len(a) > tailDigits && len(b) > tailDigits && a[len(a)-tailDigits:] == b[len(b)-tailDigits:]
}

// oneDigitOff reports whether two numbers of equal length differ in one digit or by one swap of neighbours.
func oneDigitOff(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	diff := 0
	for i := range len(a) {
		if a[i] != b[i] {
			diff++
		}
	}
	return diff == 1 || diff == 2 && transposed(a, b)
}

func idLevel(f *facts) uint8 {
	switch {
	case f.same:
		return idExact
	case f.shared:
		return idShared
	default:
		return 0
	}
}

// conflictLevel is idLevel for namespaces in which one person has one key per issuer: provider or type of document.
func (w *Worker) conflictLevel(a, b contact.Row, space contact.Space, f *facts) uint8 {
	if l := idLevel(f); l != 0 || !f.a || !f.b {
		return l
	}
	t, level := w.s.table, uint8(0)
	for _, x := range t.Keys(a) {
		if x.Space != space {
			continue
		}
		ix, vx := issuer(t.KeyText(x.Value))
		for _, y := range t.Keys(b) {
			if y.Space != space {
				continue
			}
			iy, vy := issuer(t.KeyText(y.Value))
			switch {
			case ix != iy:
			case space == contact.SpaceNationalID && w.nearID(x.Value, y.Value, vx, vy):
				return idNear
			default:
				level = idDifferent
			}
		}
	}
	return level
}

// nearID reports whether two ID numbers are at most two edits apart, which is what a slip of a pen or a scanner makes of one.
func (w *Worker) nearID(x, y contact.Code, vx, vy string) bool {
	if d := len(vx) - len(vy); d > 2 || d < -2 {
		return false
	}
	return w.idCache.verdict(x, y, func() uint8 {
		if distance(vx, vy) <= 2 {
			return idNear
		}
		return idDifferent
	}) == idNear
}

// issuer splits "provider|subject" and "type|number"; without a bar there is one unnamed issuer.
func issuer(s string) (string, string) {
	if who, v, ok := strings.Cut(s, "|"); ok {
		return who, v
	}
	return "", s
}

// handleLevel is the level of social and custom ids: two ids on one network are mild evidence against, ids on two networks say nothing.
func (w *Worker) handleLevel(a, b contact.Row, f *facts) uint8 {
	if l := idLevel(f); l != 0 || !f.a || !f.b {
		return l
	}
	t := w.s.table
	for _, x := range t.Keys(a) {
		if x.Space != contact.SpaceHandle {
			continue
		}
		cx, _, _ := strings.Cut(t.KeyText(x.Value), ":")
		for _, y := range t.Keys(b) {
			if y.Space != contact.SpaceHandle {
				continue
			}
			if cy, _, _ := strings.Cut(t.KeyText(y.Value), ":"); cx == cy {
				return idDifferent
			}
		}
	}
	return 0
}

func cookieLevel(f *facts) uint8 {
	switch {
	case f.same:
		return cookieSame
	case f.shared:
		return cookieShared
	case f.a && f.b:
		return cookieDifferent
	default:
		return 0
	}
}

// anonymous contacts have no name and nothing to reach them by but a browser.
func (w *Worker) anonymous(r contact.Row) bool {
	if w.names.key.Code(r) != 0 {
		return false
	}
	for _, k := range w.s.table.Keys(r) {
		if k.Space != contact.SpaceCookie {
			return false
		}
	}
	return true
}

func (w *Worker) identifiedLevel(a, b contact.Row) uint8 {
	switch x, y := w.anonymous(a), w.anonymous(b); {
	case x && y:
		return bothAnonymous
	case x || y:
		return oneAnonymous
	default:
		return bothIdentified
	}
}
