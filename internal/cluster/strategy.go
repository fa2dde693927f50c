package cluster

import (
	"cmp"
	"strings"
	"unicode/utf8"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// offer is what one member has to give for a unit.
type offer struct {
	row      contact.Row
	place    int // 0 for the survivor, then by rank
	quality  quality
	updated  int64
	source   int // position in the source priority list
	parts    int // filled columns
	length   int // characters in them
	strategy string
}

// chosen is the outcome of the strategies for a unit.
type chosen struct {
	offer
	rule   string
	fill   contact.Row // another member that completes the value
	filled bool
	text   *string // a value made of several, instead of the row's
}

func (m *Merger) offer(u *unit, r contact.Row, place int) offer {
	o := offer{row: r, place: place, quality: u.quality(m.table, r), updated: m.table.Updated(r), strategy: m.strategyFor(u, r)}
	o.source = m.ranker.priority[m.table.Col(contact.ColSource).Code(r)]
	for _, c := range u.columns {
		if v, ok := m.table.Raw(c, r); ok {
			if n := utf8.RuneCountInString(strings.TrimSpace(v)); n > 0 {
				o.parts++
				o.length += n
			}
		}
	}
	return o
}

// choose applies the strategies to the offers of all members; the first is the survivor's.
func (m *Merger) choose(u *unit, offers []offer) chosen {
	now := chosen{offer: offers[0], rule: offers[0].strategy}
	others := offers[1:]
	for _, s := range [...]string{Overwrite, SourcePriority, MostComplete, Max, Sum, Union, Concat} {
		m.apply(u, s, &now, others)
	}
	if now.text == nil {
		m.fillEmpty(u, &now, others)
	}
	return now
}

// apply lets the members with strategy s compete with the value so far.
func (m *Merger) apply(u *unit, s string, now *chosen, others []offer) {
	if combines(s) {
		m.combine(u, s, now, others)
		return
	}
	for _, o := range others {
		if o.strategy != s || o.quality < weak {
			continue
		}
		if beats(s, o, now.offer) {
			*now = chosen{offer: o, rule: s}
		}
	}
}

// beats reports whether x takes the place of y. On a tie the one nearer to the survivor stays.
func beats(s string, x, y offer) bool {
	order := cmp.Compare(y.quality, x.quality)
	switch s {
	case Overwrite:
		order = cmp.Or(order, cmp.Compare(y.updated, x.updated))
	case SourcePriority:
		order = cmp.Or(order, cmp.Compare(x.source, y.source))
	case MostComplete:
		order = cmp.Or(order, cmp.Compare(y.parts, x.parts), cmp.Compare(y.length, x.length))
	case FillEmpty:
		order = cmp.Or(order, cmp.Compare(y.updated, x.updated), cmp.Compare(x.place, y.place))
	}
	return order < 0
}

// fillEmpty takes the most recent value if there is none so far. A unit that has some of its parts is completed by a member that has
// all of these and more: never by two contacts' halves.
func (m *Merger) fillEmpty(u *unit, now *chosen, others []offer) {
	have := now.quality >= weak
	var best *offer
	for i := range others {
		o := &others[i]
		if o.strategy != FillEmpty && !combines(o.strategy) || o.quality < weak {
			continue
		}
		if have && (u.name == "" || !m.completes(u, now, o)) {
			continue
		}
		if best == nil || beats(FillEmpty, *o, *best) {
			best = o
		}
	}
	switch {
	case best == nil:
	case have:
		now.fill, now.filled = best.row, true
	default:
		*now = chosen{offer: *best, rule: FillEmpty}
	}
}

func (m *Merger) completes(u *unit, now *chosen, o *offer) bool {
	if o.quality < sound || !u.covers(m.table, now.row, o.row) {
		return false
	}
	for _, c := range u.columns {
		if !filled(m.table, c, now.row) && filled(m.table, c, o.row) {
			return true
		}
	}
	return false
}
