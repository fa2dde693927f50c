package cluster

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// Merger chooses survivors and makes golden records. It is not safe for concurrent use; texts it returns belong to the table.
type Merger struct {
	table     *contact.Table
	ranker    *ranker
	units     []unit
	overrides [][]string // by source code, then unit; nil when the source has none

	ranks  []rank // scratch
	offers []offer
	held   []heldIdentity
}

// NewMerger prepares merging the contacts of a table. The configuration must be valid.
func NewMerger(t *contact.Table, cfg Config) *Merger {
	cfg = cfg.WithDefaults()
	m := &Merger{table: t, ranker: newRanker(t, cfg), units: units(t.Layout(), cfg.Survivorship)}
	sources := t.Col(contact.ColSource)
	m.overrides = make([][]string, sources.Distinct())
	for _, name := range slices.Sorted(maps.Keys(cfg.Survivorship.Sources)) {
		fields := cfg.Survivorship.Sources[name]
		for c := 1; c < sources.Distinct(); c++ {
			if position([]string{name}, sources.Text(contact.Code(c))) == 0 {
				m.overrides[c] = m.override(fields)
			}
		}
	}
	return m
}

// override is one source's strategy per unit, "" where it has none of its own.
func (m *Merger) override(fields map[string]string) []string {
	out := make([]string, len(m.units))
	for i, u := range m.units {
		v, ok := lookup(fields, u, m.table.Columns()[u.columns[0]])
		if !ok {
			v = fields[AnyField]
		}
		out[i] = v
	}
	return out
}

func (m *Merger) strategyFor(u *unit, r contact.Row) string {
	if o := m.overrides[m.table.Col(contact.ColSource).Code(r)]; len(o) > u.index && o[u.index] != "" {
		return o[u.index]
	}
	return u.strategy
}

// Survivor is the contact of rows that should stay: VIPs first, then by source priority, completeness, identities, and age.
func (m *Merger) Survivor(rows []contact.Row) contact.Row { return m.ranker.best(rows) }

// Golden makes the golden record of a set of contacts.
func (m *Merger) Golden(id string, rows []contact.Row) Golden {
	m.ranks = m.ranker.sorted(m.ranks[:0], rows)
	g := Golden{Cluster: id, Survivor: m.ranks[0].row, Values: make([]Value, len(m.table.Columns()))}
	for i := range m.units {
		u := &m.units[i]
		if u.fixed != "" {
			m.fixed(u, g.Values)
			continue
		}
		m.offers = m.offers[:0]
		for place, k := range m.ranks {
			m.offers = append(m.offers, m.offer(u, k.row, place))
		}
		m.write(u, m.choose(u, m.offers), g.Values)
	}
	g.Identities = m.identities()
	return g
}

// Goldens makes the golden records of all clusters.
func (m *Merger) Goldens(clusters []Cluster) []Golden {
	out := make([]Golden, len(clusters))
	for i, c := range clusters {
		out[i] = m.Golden(c.ID, c.Members)
	}
	return out
}

func (m *Merger) value(column int, r contact.Row, rule string) Value {
	text, ok := m.table.Raw(column, r)
	return Value{Column: column, Text: text, Null: !ok, From: r, Rule: rule}
}

// fixed applies the rules that no strategy replaces.
func (m *Merger) fixed(u *unit, values []Value) {
	from := m.ranks[0].row
	column := u.columns[0]
	switch u.fixed {
	case RuleOldest:
		for _, k := range m.ranks[1:] {
			if older(k.created, m.table.Created(from)) < 0 && filled(m.table, column, k.row) {
				from = k.row
			}
		}
	case RuleOr, RuleRestrictive:
		from = m.flagged(column, prevails(u.field))
	}
	values[column] = m.value(column, from, u.fixed)
}

// flagged is the first member that gives the answer which prevails: the truth keeps the spelling of a contact that tells it. If nobody gives it,
// the survivor's value stays, or the first one that says anything takes the place of silence.
func (m *Merger) flagged(column int, prevailing bool) contact.Row {
	for _, k := range m.ranks {
		if yes, known := m.table.Says(column, k.row); known && yes == prevailing {
			return k.row
		}
	}
	for _, k := range m.ranks {
		if filled(m.table, column, k.row) {
			return k.row
		}
	}
	return m.ranks[0].row
}

// prevails is the answer that wins over the other in a field that says yes or no: no consent is stronger than one, any other flag than none.
func prevails(f contact.Field) bool { return f != contact.FieldConsent }

// write puts the chosen values into the golden record.
func (m *Merger) write(u *unit, c chosen, values []Value) {
	survivor := m.ranks[0].row
	for _, column := range u.columns {
		switch {
		case c.text != nil:
			values[column] = Value{Column: column, Text: *c.text, From: c.row, Rule: c.rule}
		case filled(m.table, column, c.row):
			values[column] = m.value(column, c.row, c.rule)
		case m.elsewhere(u, column, c.row):
			values[column] = m.value(column, c.row, c.rule)
		case c.filled && filled(m.table, column, c.fill):
			values[column] = m.value(column, c.fill, FillEmpty)
		case c.row != survivor && u.name != "" && u.covers(m.table, c.row, survivor):
			values[column] = m.value(column, survivor, FillEmpty) // empty never overwrites
		default:
			values[column] = m.value(column, c.row, c.rule)
		}
	}
}

// nameForm is the comparable part of the name that a column holds.
var nameForm = map[contact.Field]contact.Col{
	contact.FieldFirstName: contact.ColGiven, contact.FieldMiddleName: contact.ColMiddle, contact.FieldLastName: contact.ColFamily, contact.FieldSuffix: contact.ColSuffix,
}

// elsewhere reports whether a contact has this part of the name in another of its first and last name fields. Filling the empty field then
// would say it twice: "Alma Kern" in one field and "Kern" in the other.
func (m *Merger) elsewhere(u *unit, column int, r contact.Row) bool {
	if u.name != UnitName {
		return false
	}
	form, ok := nameForm[m.table.Columns()[column].Field]
	if !ok || m.table.Col(form).Null(r) {
		return false
	}
	return !slices.ContainsFunc(u.columns, func(c int) bool {
		return m.table.Columns()[c].Field == contact.FieldFullName && filled(m.table, c, r)
	})
}

type heldIdentity struct {
	channel uint16
	key     contact.Code
	text    string
	place   int
	from    contact.Row
}

// identities is the union of the members' identities in the order of their ranks. Placeholders are nobody's.
func (m *Merger) identities() []GoldenIdentity {
	m.held = m.held[:0]
	for _, k := range m.ranks {
		for _, id := range m.table.Identities(k.row) {
			if id.Status == contact.StatusPlaceholder || id.Status == contact.StatusMissing {
				continue
			}
			m.held = append(m.held, heldIdentity{id.Channel, id.Key, m.table.RawIdentity(id), len(m.held), k.row})
		}
	}
	sameText := func(x, y heldIdentity) int {
		if x.key != 0 { // spelled differently, they are still one
			return 0
		}
		return strings.Compare(x.text, y.text)
	}
	slices.SortFunc(m.held, func(x, y heldIdentity) int {
		return cmp.Or(cmp.Compare(x.channel, y.channel), cmp.Compare(x.key, y.key), sameText(x, y), cmp.Compare(x.place, y.place))
	})
	m.held = slices.CompactFunc(m.held, func(x, y heldIdentity) bool { return x.channel == y.channel && x.key == y.key && sameText(x, y) == 0 })
	slices.SortFunc(m.held, func(x, y heldIdentity) int { return cmp.Compare(x.place, y.place) })
	out := make([]GoldenIdentity, len(m.held))
	for i, h := range m.held {
		out[i] = GoldenIdentity{Channel: m.table.Channel(contact.Identity{Channel: h.channel}), Value: h.text, From: h.from}
	}
	return out
}
