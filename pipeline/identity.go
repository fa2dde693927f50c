package pipeline

import (
	"strings"

	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/pipeline/normalize"
)

// identityParser turns raw identities into keys. One worker owns it.
type identityParser struct {
	email *normalize.EmailParser
	phone *normalize.PhoneParser
}

func newIdentityParser(cfg NormalizeConfig) *identityParser {
	return &identityParser{email: normalize.NewEmailParser(cfg.Email), phone: normalize.NewPhoneParser(cfg.Phone)}
}

func (p *identityParser) parse(ch contact.Channel, raw, country string) contact.ParsedIdentity {
	switch space := contact.SpaceOf(ch); space {
	case contact.SpaceEmail:
		return emailIdentity(p.email.Parse(raw))
	case contact.SpacePhone:
		if ch == contact.ChannelWhatsApp {
			return phoneIdentity(p.phone.ParseWhatsApp(raw, country))
		}
		return phoneIdentity(p.phone.Parse(raw, country))
	case contact.SpaceNationalID:
		kind, number, typed := strings.Cut(raw, "|")
		if !typed {
			kind, number = "", raw
		}
		h := normalize.NationalID(number)
		if typed {
			h.Canonical = normalize.Fold(kind) + "|" + h.Canonical
		}
		return handleIdentity(space, h.Canonical, h.Status)
	case contact.SpaceHandle:
		h := normalize.ParseHandle(string(ch), raw)
		return handleIdentity(space, string(ch)+":"+h.Canonical, h.Status)
	default:
		h := normalize.ParseHandle(string(ch), raw)
		return handleIdentity(space, h.Canonical, h.Status)
	}
}

func handleIdentity(space contact.Space, canonical string, s normalize.Status) contact.ParsedIdentity {
	out := contact.ParsedIdentity{Space: space, Status: status(s)}
	if s == normalize.OK {
		out.Exact = canonical
	}
	return out
}

func emailIdentity(e normalize.Email) contact.ParsedIdentity {
	out := contact.ParsedIdentity{Space: contact.SpaceEmail, Status: status(e.Status)}
	if e.Status != normalize.OK {
		return out
	}
	out.Exact = e.Canonical
	if e.Derived != "" {
		out.Derived = []contact.DerivedKey{{Space: contact.SpaceDerivedEmail, Text: e.Derived, Forms: contact.Forms(e.Forms)}}
	}
	return out
}

func phoneIdentity(p normalize.Phone) contact.ParsedIdentity {
	out := contact.ParsedIdentity{Space: contact.SpacePhone, Status: status(p.Status)}
	if p.Status != normalize.OK {
		return out
	}
	if p.Line == normalize.FixedLine {
		out.Flags |= contact.IdentityFixedLine
	}
	out.Exact = p.Key
	if p.Derived != "" {
		out.Derived = append(out.Derived, contact.DerivedKey{Space: contact.SpaceDerivedPhone, Text: p.Derived, Forms: contact.Forms(p.Forms)})
	}
	if p.National != "" {
		// Without its country a number only says what a number of unknown region says; two known countries make two numbers.
		guess := p.Forms & (normalize.RegionGuessed | normalize.MissingPlus)
		out.Derived = append(out.Derived, contact.DerivedKey{Space: contact.SpaceNationalNumber, Text: p.National, Forms: contact.Forms(guess)})
	}
	return out
}

func status(s normalize.Status) contact.Status {
	switch s {
	case normalize.OK:
		return contact.StatusOK
	case normalize.Missing:
		return contact.StatusMissing
	case normalize.Role:
		return contact.StatusRole
	case normalize.Placeholder, normalize.Filler:
		return contact.StatusPlaceholder
	default:
		return contact.StatusInvalid
	}
}

// identityFields says which column of an identities table holds what; -1 is absent.
type identityFields struct {
	contact, channel, value, verified, first, last int
}

func fieldsOf(cols []contact.Column) identityFields {
	f := identityFields{-1, -1, -1, -1, -1, -1}
	for i, c := range cols {
		switch c.Field {
		case contact.FieldContactID:
			f.contact = i
		case contact.FieldChannel:
			f.channel = i
		case contact.FieldValue:
			f.value = i
		case contact.FieldVerified:
			f.verified = i
		case contact.FieldFirstSeen:
			f.first = i
		case contact.FieldLastSeen:
			f.last = i
		}
	}
	return f
}

// identities normalizes a batch of the identities table and releases it.
func (n *normalizer) identities(b *contact.Batch, f identityFields, channels *memo) *contact.IdentityChunk {
	defer b.Release()
	c := contact.NewIdentityChunk(b.Source)
	for _, r := range b.Rejects {
		c.Reject(r)
	}
	cell := func(col, row int) string {
		if col < 0 {
			return ""
		}
		v, _ := b.Value(col, row)
		return v
	}
	for r := range b.Len() {
		id, value := cell(f.contact, r), cell(f.value, r)
		channel := channels.of(cell(f.channel, r))
		switch {
		case id == "":
			c.Reject(contact.Reject{Source: b.Source, Row: b.Position(r), Scope: contact.ScopeRow, Reason: "missing_id"})
		case channel == "":
			c.Reject(contact.Reject{Source: b.Source, Row: b.Position(r), ID: strings.Clone(id), Scope: contact.ScopeRow, Reason: "missing_channel"})
		case strings.TrimSpace(value) == "":
			c.Reject(contact.Reject{Source: b.Source, Row: b.Position(r), ID: strings.Clone(id), Scope: contact.ScopeRow, Reason: "missing_value"})
		default:
			verified, _ := normalize.Bool(cell(f.verified, r))
			c.Add(id, contact.RawIdentity{
				Channel: contact.Channel(channel), Value: value, Verified: verified, FirstSeen: n.time(cell(f.first, r)), LastSeen: n.time(cell(f.last, r)),
			}, b.Position(r))
		}
	}
	return c
}
