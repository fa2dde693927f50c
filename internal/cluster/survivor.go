package cluster

import (
	"cmp"
	"slices"
	"strings"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// tier is how much a contact is worth as a survivor.
type tier uint8

const (
	ephemeral  tier = iota // no name and at most one channel: a trace somebody left
	identified             // a name, or reachable on two channels
	curated                // entered or checked by people, or as complete as if it had been
)

// rank orders contacts as survivors. The fields are compared in order.
type rank struct {
	vip        bool
	source     int // position in the source priority list, its length when not listed
	tier       tier
	identities int
	created    int64
	row        contact.Row
}

// ranker ranks the contacts of a table. It is not safe for concurrent use.
type ranker struct {
	table    *contact.Table
	priority []int  // by source code
	curated  []bool // by source code
	scratch  []contact.Code
}

func newRanker(t *contact.Table, cfg Config) *ranker {
	sources := t.Col(contact.ColSource)
	k := &ranker{table: t, priority: make([]int, sources.Distinct()), curated: make([]bool, sources.Distinct())}
	for c := range sources.Distinct() {
		name := ""
		if c > 0 {
			name = sources.Text(contact.Code(c))
		}
		k.priority[c] = position(cfg.Survivorship.SourcePriority, name)
		k.curated[c] = position(cfg.CuratedSources, name) < len(cfg.CuratedSources)
	}
	return k
}

// position is the index of a source in a list, the list's length when it is not in it. Sources differ neither by case nor by blanks around them.
func position(list []string, source string) int {
	source = strings.TrimSpace(source)
	i := slices.IndexFunc(list, func(s string) bool { return source != "" && strings.EqualFold(strings.TrimSpace(s), source) })
	if i < 0 {
		return len(list)
	}
	return i
}

func (k *ranker) rank(r contact.Row) rank {
	source := k.table.Col(contact.ColSource).Code(r)
	out := rank{
		vip: k.table.Flags(r)&contact.RowVIP != 0, source: k.priority[source], created: k.table.Created(r), row: r,
	}
	var channels int
	var reachable bool
	channels, out.identities, reachable = k.identities(r)
	named := k.has(r, contact.ColGiven, contact.ColFamily, contact.ColNameKey)
	switch {
	case k.curated[source]:
		out.tier = curated
	case named && reachable && (k.table.Birthdate(r) != 0 || k.has(r, contact.ColStreet, contact.ColCity, contact.ColPostcode, contact.ColCompany)):
		out.tier = curated
	case named || channels > 1:
		out.tier = identified
	}
	return out
}

func (k *ranker) has(r contact.Row, cols ...contact.Col) bool {
	return slices.ContainsFunc(cols, func(c contact.Col) bool { return !k.table.Col(c).Null(r) })
}

// identities counts the channels a contact can be reached on and its distinct usable identities; reachable says that an email or a
// phone number is among them.
func (k *ranker) identities(r contact.Row) (channels, distinct int, reachable bool) {
	k.scratch = k.scratch[:0]
	last := -1
	for _, id := range k.table.Identities(r) {
		if id.Status != contact.StatusOK {
			continue
		}
		if int(id.Channel) != last { // identities are ordered by channel
			channels, last = channels+1, int(id.Channel)
			space := contact.SpaceOf(k.table.Channel(id))
			reachable = reachable || space == contact.SpaceEmail || space == contact.SpacePhone
		}
		k.scratch = append(k.scratch, id.Key)
	}
	slices.Sort(k.scratch)
	return channels, len(slices.Compact(k.scratch)), reachable
}

// better orders ranks, best first.
func better(x, y rank) int {
	return cmp.Or(
		-compareBool(x.vip, y.vip),
		cmp.Compare(x.source, y.source),
		cmp.Compare(y.tier, x.tier),
		cmp.Compare(y.identities, x.identities),
		older(x.created, y.created),
		cmp.Compare(x.row, y.row),
	)
}

// older puts the older first; an unknown time counts as the youngest.
func older(x, y int64) int {
	if x == 0 || y == 0 {
		return -compareBool(x != 0, y != 0)
	}
	return cmp.Compare(x, y)
}

func compareBool(x, y bool) int {
	switch {
	case x == y:
		return 0
	case x:
		return 1
	default:
		return -1
	}
}

// best is the row that should survive.
func (k *ranker) best(rows []contact.Row) contact.Row {
	top := k.rank(rows[0])
	for _, r := range rows[1:] {
		if next := k.rank(r); better(next, top) < 0 {
			top = next
		}
	}
	return top.row
}

// sorted appends the ranks of rows to buf, best first.
func (k *ranker) sorted(buf []rank, rows []contact.Row) []rank {
	from := len(buf)
	for _, r := range rows {
		buf = append(buf, k.rank(r))
	}
	slices.SortFunc(buf[from:], better)
	return buf
}
