package normalize

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Length limits of RFC 5321, section 4.5.3.1: local part, and path without its angle brackets.
const (
	maxLocalBytes = 64
	maxEmailBytes = 254
)

// Email is a mail address in comparable form.
type Email struct {
	Canonical string // the exact key; filled for Role and Placeholder too, so that a report can name it
	Derived   string // the key after the rules in Forms; equal to Canonical when none applied
	Local     string // canonical part before the @
	Domain    string // canonical domain, in ASCII
	Forms     Forms
	Status    Status
}

// EmailConfig chooses the lists that an EmailParser works with. The zero value means the built-in lists.
type EmailConfig struct {
	GmailDotDomains []string `yaml:"gmail_dot_domains" json:"gmail_dot_domains"` // domains whose local parts ignore dots
	PlusDomains     []string `yaml:"plus_domains" json:"plus_domains"`           // domains where +tag is dropped; nil means all
	RoleLocals      []string `yaml:"role_locals" json:"role_locals"`             // local parts of shared mailboxes
	Placeholders    []string `yaml:"placeholders" json:"placeholders"`           // whole addresses that are never a person's, added to the built-in ones
}

// WithDefaults returns a copy of c in which every list that was nil has its built-in value.
func (c EmailConfig) WithDefaults() EmailConfig {
	if c.GmailDotDomains == nil {
		c.GmailDotDomains = []string{"gmail.com", "googlemail.com"}
	}
	if c.RoleLocals == nil {
		c.RoleLocals = strings.Fields(defaultRoleLocals)
	}
	return c
}

// EmailParser parses mail addresses. It is immutable and safe for concurrent use.
type EmailParser struct {
	dotDomains   set
	plusDomains  set // nil means every domain
	roles        set
	placeholders set
}

// NewEmailParser returns a parser for the lists in config.
func NewEmailParser(config EmailConfig) *EmailParser {
	config = config.WithDefaults()
	p := &EmailParser{
		dotDomains:   lowerSet(config.GmailDotDomains),
		roles:        make(set, len(config.RoleLocals)),
		placeholders: lowerSet(config.Placeholders),
	}
	if config.PlusDomains != nil {
		p.plusDomains = lowerSet(config.PlusDomains)
	}
	for _, local := range config.RoleLocals {
		p.roles[bareLocal(strings.ToLower(local))] = struct{}{}
	}
	return p
}

func lowerSet(words []string) set {
	s := make(set, len(words))
	for _, w := range words {
		s[strings.ToLower(strings.TrimSpace(w))] = struct{}{}
	}
	return s
}

// Parse returns the comparable forms of raw. When raw lists several addresses, the first one counts.
func (p *EmailParser) Parse(raw string) Email {
	if len(raw) > 16*maxEmailBytes {
		return Email{Status: Invalid}
	}
	address := bareAddress(raw)
	if address == "" {
		return Email{Status: Missing}
	}
	if p.placeholders.has(address) {
		local, domain, _ := strings.Cut(address, "@")
		return Email{Canonical: address, Derived: address, Local: local, Domain: domain, Status: Placeholder}
	}
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return Email{Status: notAnAddress(address)}
	}
	local, domain := address[:at], asciiDomain(address[at+1:])
	if !validLocal(local) || domain == "" || len(local)+1+len(domain) > maxEmailBytes {
		if isPlaceholderAddress(bareLocal(local), address[at+1:]) { // n/a@n/a
			return Email{Status: Placeholder}
		}
		return Email{Status: Invalid}
	}
	e := Email{Canonical: address, Local: local, Domain: domain}
	if len(domain) != len(address)-at-1 || domain != address[at+1:] {
		e.Canonical = local + "@" + domain
	}
	p.derive(&e)
	e.Status = p.status(&e)
	return e
}

// notAnAddress says what a value without an @ is.
func notAnAddress(text string) Status {
	folded := Fold(text)
	switch {
	case folded == "", placeholderWords.has(folded), placeholderLocals.has(folded):
		return Placeholder
	case looksLikePhone(text):
		return Misplaced
	}
	return Invalid
}

// status says whether the parsed address belongs to a person, to a function, or to nobody.
func (p *EmailParser) status(e *Email) Status {
	local, domain := e.Local, e.Domain
	if at := strings.LastIndexByte(e.Derived, '@'); at > 0 {
		local, domain = e.Derived[:at], e.Derived[at+1:]
	}
	bare := bareLocal(local)
	switch {
	case isPlaceholderAddress(bare, domain), p.placeholders.has(e.Canonical), p.placeholders.has(e.Derived):
		return Placeholder
	case p.roles.has(bare), strings.HasPrefix(bare, "noreply"), strings.HasPrefix(bare, "donotreply"):
		return Role
	}
	return OK
}

// bareAddress strips what surrounds an address in the wild and folds its case.
func bareAddress(raw string) string {
	s := strings.ToLower(clean(raw))
	s = clean(s) // lower case can decompose: İ becomes i and a dot
	if open := strings.LastIndexByte(s, '<'); open >= 0 {
		if end := strings.IndexByte(s[open:], '>'); end > 0 {
			s = s[open+1 : open+end]
		}
	}
	if comment := strings.LastIndex(s, " ("); comment > 0 && strings.HasSuffix(s, ")") { // jane@example.com (work)
		s = s[:comment]
	}
	s = strings.Trim(s, " <>\"'`;,()[]|")
	for _, scheme := range [...]string{"mailto:", "email:", "e-mail:", "mail:"} {
		s = strings.TrimLeft(strings.TrimPrefix(s, scheme), " ")
	}
	if query := strings.IndexByte(s, '?'); query > 0 && strings.IndexByte(s, '@') < query {
		s = s[:query]
	}
	if strings.Count(s, "@") > 1 {
		s = firstAddress(s)
	}
	s = strings.Trim(s, " <>\"'`;,()[]|")
	return strings.Replace(s, "\"@", "@", 1) // the quotes of a local part that needs none; the first one is trimmed
}

// firstAddress returns the first of several addresses, or s when it is no list.
func firstAddress(s string) string {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == ';' || r == ',' || r == '|' || r == ' ' || r == '/' })
	for _, part := range parts {
		if strings.Count(part, "@") > 1 {
			return s
		}
	}
	for _, part := range parts {
		if strings.Contains(part, "@") {
			return part
		}
	}
	return s
}

// validLocal reports whether local is a dot-atom of RFC 5321, or one of letters of any script (RFC 6531). Quoted local
// parts with spaces or marks are refused: no provider hands them out, and typing errors look like them.
func validLocal(local string) bool {
	if local == "" || len(local) > maxLocalBytes || local[0] == '.' || local[len(local)-1] == '.' {
		return false
	}
	dot := false
	for _, r := range local {
		switch {
		case r == '.':
			if dot {
				return false
			}
			dot = true
			continue
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r < utf8.RuneSelf && strings.IndexByte("!#$%&'*+-/=?^_`{|}~", byte(r)) >= 0:
		case r >= utf8.RuneSelf && r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsNumber(r)):
		default:
			return false
		}
		dot = false
	}
	return true
}

// bareLocal drops the marks that people put anywhere in the name of a mailbox: no-reply, no_reply, no.reply.
func bareLocal(local string) string {
	if !strings.ContainsAny(local, ".-_") {
		return local
	}
	return strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || r == '_' {
			return -1
		}
		return r
	}, local)
}
