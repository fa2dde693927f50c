package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// Link is a source made of two: new records on the left, the contacts they are to be found among on the right. Pairs are made across.
type Link struct {
	sides  [2]Source
	within bool

	first int            // parts of the left come before those of the right
	from  [2]arrangement // of each side's batches
	notes []string
}

// arrangement says where the columns of the united layout stand in the batches of one side, -1 for nowhere.
type arrangement struct{ contacts, identities []int }

// NewLink makes a source of two. within also asks for the duplicates inside each.
func NewLink(left, right Source, within bool) *Link {
	return &Link{sides: [2]Source{left, right}, within: within}
}

// Open unites what the two sources say of themselves.
func (l *Link) Open(ctx context.Context) (contact.Layout, error) {
	var own [2]contact.Layout
	for s, src := range l.sides {
		var err error
		if own[s], err = src.Open(ctx); err != nil {
			return contact.Layout{}, fmt.Errorf("%s: %w", contact.SideName(uint8(s)), err)
		}
	}
	out, from := unite(own[contact.Left], own[contact.Right])
	out.Within = l.within
	l.first, l.from = max(own[contact.Left].Parts, 1), from
	out.Parts = l.first + max(own[contact.Right].Parts, 1)
	l.notes = alone(out)
	return out, nil
}

// Read delivers a part of one of the two.
func (l *Link) Read(ctx context.Context, part int, emit func(*contact.Batch) error) error {
	side := contact.Left
	if part >= l.first {
		side, part = contact.Right, part-l.first
	}
	return l.sides[side].Read(ctx, part, func(b *contact.Batch) error {
		b.Side = side
		if b.Kind == contact.Identities {
			b.Arrange(l.from[side].identities)
		} else {
			b.Arrange(l.from[side].contacts)
		}
		return emit(b)
	})
}

// Close closes both.
func (l *Link) Close() error {
	return errors.Join(l.sides[contact.Left].Close(), l.sides[contact.Right].Close())
}

// Notes are those of both sides, and which columns of the left have no counterpart.
func (l *Link) Notes() []string {
	var out []string
	for s, src := range l.sides {
		n, ok := src.(interface{ Notes() []string })
		if !ok {
			continue
		}
		for _, note := range n.Notes() {
			out = append(out, contact.SideName(uint8(s))+": "+note)
		}
	}
	return append(out, l.notes...)
}

// alone says which columns only one side has although they would be compared.
func alone(l contact.Layout) []string {
	var out []string
	if !inCommon(l) {
		out = append(out, "the left and the right have nothing in common that could be compared: say what columns mean with --left-map and --right-map")
	}
	for s, other := range [2]int{1, 0} {
		var names []string
		for own, place := range l.Sides[s].Place {
			if c := l.Sides[s].Contacts[own]; c.Field == contact.FieldCustom && l.Sides[other].Own(place) < 0 {
				names = append(names, c.Name)
			}
		}
		if len(names) > 0 {
			out = append(out, fmt.Sprintf("only the %s has %s, so it is not compared; if the %s calls it otherwise, give both one meaning with --left-map and --right-map",
				contact.SideName(uint8(s)), strings.Join(names, ", "), contact.SideName(uint8(other))))
		}
	}
	return out
}

// inCommon reports whether anything of the left can be compared with anything of the right.
func inCommon(l contact.Layout) bool {
	left, right := subjects(l, contact.Left), subjects(l, contact.Right)
	for what := range left {
		if right[what] {
			return true
		}
	}
	return false
}

// An identity of one channel at least; which channels an identities table has, only its rows tell.
const anyIdentity = "any identity"

// subjects are what a side says of its people. However a name is divided, it is a name, and a number is a number on WhatsApp, too.
func subjects(l contact.Layout, side uint8) map[string]bool {
	out := map[string]bool{}
	tables := len(l.Sides[contact.Left].Identities)+len(l.Sides[contact.Right].Identities) > 0
	if len(l.Sides[side].Identities) > 0 {
		out[anyIdentity] = true
	}
	for _, place := range l.Sides[side].Place {
		switch c := l.Contacts[place]; c.Field {
		case contact.FieldID, contact.FieldTenant, contact.FieldSource, contact.FieldVIP, contact.FieldBlocked, contact.FieldOptOut,
			contact.FieldConsent, contact.FieldLegalHold,
			contact.FieldCreatedAt, contact.FieldUpdatedAt, contact.FieldIgnore: // never compared
		case contact.FieldFirstName, contact.FieldLastName, contact.FieldFullName:
			out["name"] = true
		case contact.FieldIdentity:
			out["identity "+contact.SpaceOf(c.Channel).String()] = true
			if tables {
				out[anyIdentity] = true
			}
		default:
			out[string(c.Field)+" "+c.Name] = true
		}
	}
	return out
}
