package normalize

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// asciiDomain returns the ASCII form of a lower-case domain, "" when it is no usable one. A domain without a dot or
// with an all-digit last label belongs to no mailbox in the public mail system.
func asciiDomain(domain string) string {
	domain = strings.TrimSuffix(domain, ".")
	if !isASCII(domain) || strings.Contains(domain, "xn--") {
		ascii, err := idna.Lookup.ToASCII(domain)
		if err != nil {
			return ""
		}
		domain = strings.ToLower(strings.TrimSuffix(ascii, "."))
	}
	if !validDomain(domain) {
		return ""
	}
	return domain
}

// validDomain reports whether an ASCII domain has at least two well-formed labels and no number for its last one.
func validDomain(domain string) bool {
	if len(domain) > 253 || len(domain) < 3 {
		return false
	}
	labels, digits, start := 0, true, 0
	for i := 0; i <= len(domain); i++ {
		if i == len(domain) || domain[i] == '.' {
			if n := i - start; n == 0 || n > 63 || domain[start] == '-' || domain[i-1] == '-' {
				return false
			}
			labels++
			if i < len(domain) {
				start, digits = i+1, true
			}
			continue
		}
		c := domain[i]
		if c >= 'a' && c <= 'z' || c == '-' {
			digits = false
		} else if c < '0' || c > '9' {
			return false
		}
	}
	return labels > 1 && !digits && len(domain)-start > 1
}

// derive fills the derived key and the rules that led to it.
func (p *EmailParser) derive(e *Email) {
	local, domain := e.Local, e.Domain
	if strings.Contains(domain, "xn--") {
		if spelt, err := idna.Lookup.ToUnicode(domain); err == nil {
			if skeleton, ok := latinSkeleton(spelt); ok && validDomain(skeleton) {
				domain, e.Forms = skeleton, e.Forms|LookAlike
			}
		}
	}
	if mended, ok := mendDomain(domain); ok {
		domain, e.Forms = mended, e.Forms|DomainTypo
	}
	if domain == "googlemail.com" {
		domain, e.Forms = "gmail.com", e.Forms|DomainAlias
	}
	if plus := strings.IndexByte(local, '+'); plus > 0 && (p.plusDomains == nil || p.plusDomains.has(domain)) {
		if stem := strings.TrimRight(local[:plus], "."); stem != "" {
			local, e.Forms = stem, e.Forms|PlusAddress
		}
	}
	if skeleton, ok := latinSkeleton(local); ok { // without the tag, which may be in a script of its own
		local, e.Forms = skeleton, e.Forms|LookAlike
	}
	if strings.IndexByte(local, '.') >= 0 && p.dotDomains.has(domain) {
		local, e.Forms = clean(strings.ReplaceAll(local, ".", "")), e.Forms|GmailDots // a mark composes with the letter it meets
	}
	e.Derived = e.Canonical
	if e.Forms != 0 {
		e.Derived = local + "@" + domain
	}
}

// latinSkeleton replaces the letters of other scripts that look like Latin ones. It answers false when there are none,
// or when another letter is left over: then the text is honestly written in its own script.
func latinSkeleton(s string) (string, bool) {
	if isASCII(s) {
		return s, false
	}
	var b strings.Builder
	for _, r := range s {
		if r < utf8.RuneSelf {
			b.WriteRune(r)
			continue
		}
		latin, ok := lookAlikes[r]
		if !ok {
			return s, false
		}
		b.WriteByte(latin)
	}
	return b.String(), true
}

// lookAlikes are the lower-case letters whose shape equals a Latin letter's in common typefaces (the single-letter part
// of the Unicode confusables list that keyboards can produce).
var lookAlikes = map[rune]byte{
	'а': 'a', 'е': 'e', 'о': 'o', 'р': 'p', 'с': 'c', 'у': 'y', 'х': 'x', 'і': 'i', 'ј': 'j', 'ѕ': 's', 'һ': 'h',
	'ԁ': 'd', 'ԛ': 'q', 'ԝ': 'w', 'ӏ': 'l', 'ѵ': 'v', 'ү': 'y', 'к': 'k', 'м': 'm', 'т': 't', 'в': 'b', 'н': 'h',
	'ο': 'o', 'α': 'a', 'ν': 'v', 'ρ': 'p', 'τ': 't', 'υ': 'u', 'ι': 'i', 'κ': 'k', 'χ': 'x', 'γ': 'y', 'ϲ': 'c', 'ϳ': 'j',
	'ı': 'i', 'ɡ': 'g', 'ɑ': 'a', 'օ': 'o', 'ո': 'n', 'ս': 'u', 'ց': 'g', 'հ': 'h',
}
