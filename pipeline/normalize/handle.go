package normalize

import (
	"strings"
)

// maxHandleBytes is longer than any id a channel gives out.
const maxHandleBytes = 1024

// Handle is an id on a channel in comparable form.
type Handle struct {
	Canonical string
	Status    Status
}

// handleHosts are the hosts whose first path segment is the user name, by channel.
var handleHosts = map[string][]string{
	"twitter":   {"twitter.com", "x.com", "mobile.twitter.com"},
	"facebook":  {"facebook.com", "fb.com", "m.facebook.com", "fb.me", "m.me"},
	"instagram": {"instagram.com", "instagr.am"},
	"telegram":  {"t.me", "telegram.me"},
	"tiktok":    {"tiktok.com"},
	"linkedin":  {"linkedin.com/in"},
}

// ParseHandle returns the comparable form of an id on a channel. User names of networks that ignore case are folded
// and lose their @ and their address; ids that a machine made are kept exactly, because there case tells people apart.
func ParseHandle(channel, raw string) Handle {
	channel = ChannelName(channel)
	if channel == "national_id" {
		return NationalID(raw)
	}
	id, ok := cleanHandle(raw)
	switch {
	case !ok:
		return Handle{Status: Invalid}
	case id == "":
		return Handle{Status: Missing}
	}
	switch channel {
	case "twitter", "facebook", "instagram", "telegram", "tiktok", "linkedin":
		id = userName(channel, id)
	case "sso":
		return ssoHandle(id)
	}
	return checkedHandle(id)
}

// cleanHandle returns raw cleaned, and whether it is short enough for an id, before and after: a ligature of Arabic can
// become eleven times as long.
func cleanHandle(raw string) (id string, ok bool) {
	if len(raw) > maxHandleBytes {
		return "", false
	}
	id = clean(raw)
	return id, len(id) <= maxHandleBytes
}

// checkedHandle rejects what says that there is no id.
func checkedHandle(id string) Handle {
	folded := Fold(id)
	bare := strings.ReplaceAll(folded, " ", "")
	switch {
	case id == "", len(id) > maxHandleBytes:
		return Handle{Status: Invalid}
	case placeholderWords.has(folded), placeholderLocals.has(bare), fillerNames.has(folded) && folded != "me":
		return Handle{Canonical: id, Status: Placeholder}
	case bare == "" && isASCII(id), len(bare) > 0 && len(bare) == countDigits(bare) && (isRepeated(bare) && (len(bare) > 3 || bare == "0") || bare == "123456789" || bare == "1234567890"):
		return Handle{Canonical: id, Status: Placeholder}
	}
	return Handle{Canonical: id, Status: OK}
}

// userName cuts a user name out of an address and folds its case, until nothing is left to cut: "@ x.com/@jack". What
// goes on beyond reason is no user name.
func userName(channel, id string) string {
	for range maxReadings {
		name := bareUserName(channel, id)
		if name == id || isASCII(name) && !strings.ContainsAny(name, " ./@") {
			return name
		}
		id = name
	}
	return ""
}

// bareUserName is one round of userName.
func bareUserName(channel, id string) string {
	name := clean(strings.ToLower(id)) // lower case can compose in another way
	for _, scheme := range [...]string{"https://", "http://", "www."} {
		name = strings.TrimPrefix(name, scheme)
	}
	for _, host := range handleHosts[channel] {
		if path, ok := strings.CutPrefix(name, host+"/"); ok {
			name = pathUser(path)
			break
		}
	}
	return strings.TrimSpace(strings.TrimLeft(name, "@ "))
}

// pathUser returns the user in the path of a profile address.
func pathUser(path string) string {
	if _, id, ok := strings.Cut(path, "profile.php?id="); ok {
		path = id
	}
	if end := strings.IndexAny(path, "/?#&"); end >= 0 {
		path = path[:end]
	}
	return path
}

// ssoHandle reads "provider|subject". Providers are names that people type; subjects are opaque.
func ssoHandle(id string) Handle {
	provider, subject, ok := strings.Cut(id, "|")
	if !ok {
		return checkedHandle(id)
	}
	provider, subject = clean(strings.ToLower(provider)), strings.TrimSpace(subject)
	h := checkedHandle(subject)
	h.Canonical = provider + "|" + subject
	switch {
	case len(h.Canonical) > maxHandleBytes:
		return Handle{Status: Invalid}
	case provider == "" && h.Status == OK:
		h.Status = Invalid
	}
	return h
}

// minNationalID is the shortest number of letters and digits a national id has.
const minNationalID = 5

// NationalID returns the letters and digits of an official number, in upper case without separators.
func NationalID(raw string) Handle {
	text, ok := cleanHandle(raw)
	if !ok {
		return Handle{Status: Invalid}
	}
	folded := Fold(text)
	id := joinedUpper(folded)
	switch {
	case text == "":
		return Handle{Status: Missing}
	case id == "", placeholderWords.has(folded), placeholderWords.has(Fold(id)): // "x x" is XX
		return Handle{Status: Placeholder}
	case isRepeated(id), isRepeated(strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")) && countDigits(id) > 4,
		id == "123456789", id == "1234567890", id == "12345678", id == "987654321", id == "0123456789", id == "12345", id == "123456", id == "1234567", id == "078051120":
		return Handle{Canonical: id, Status: Placeholder}
	case len(id) < minNationalID, len(id) > maxHandleBytes, countDigits(id) == 0:
		return Handle{Status: Invalid}
	}
	return Handle{Canonical: id, Status: OK}
}
