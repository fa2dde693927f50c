package merge

import (
	"slices"
	"strings"
)

// op is one row to write.
type op struct {
	of      int
	table   *table
	row     *row
	insert  bool
	key     []*string // of the row before this, in a table that has one
	columns []string
	values  []*string
	before  []*string // what is overwritten although somebody else wrote it, nil for values that the merge wrote
}

// walk takes the merges back in memory, from the last change to the first, and so finds out what has to be written, and what somebody else
// changed since.
type walk struct {
	*loaded
	opt       *UndoOptions
	byTable   map[*relation]*table
	batches   map[batchID][]*op
	order     order
	conflicts [][]Conflict
	counts    [][]UndoCount
	ids       [][]batchID // of each merge, in the order of writing
	times     []map[batchID]int
	hops      []hop
	followed  []*op // rows that follow their identity, written last
}

// hop says that a row is written in one batch and then in another.
type hop struct {
	from, to batchID
	of       int
}

// walked goes through a group. Where a merge turns out to be impossible it starts again without it, because what others do may depend on it.
func walked(l *loaded, opt *UndoOptions, group []Merged) *walk {
	l.settle(group)
	for {
		w := &walk{
			loaded: l, opt: opt, byTable: make(map[*relation]*table), batches: make(map[batchID][]*op), conflicts: make([][]Conflict, len(group)),
			counts: make([][]UndoCount, len(group)), ids: make([][]batchID, len(group)), times: make([]map[batchID]int, len(group)),
		}
		for _, t := range l.tables {
			w.byTable[t.relation] = t
			t.reset()
		}
		sound := w.pass()
		if sound && !l.settle(group) {
			return w
		}
		l.settle(group)
	}
}

// pass goes through the images once, and reports whether all merges that took part can be taken back.
func (w *walk) pass() (sound bool) {
	sound = true
	for _, im := range w.images {
		if w.wrong[im.of] != nil || w.aside[im.of] {
			continue
		}
		if err := w.image(im); err != nil {
			w.wrong[im.of], sound = err, false
		}
	}
	for of := range w.ids {
		if w.wrong[of] != nil || w.aside[of] {
			continue
		}
		if n := kept(w.conflicts[of]); n > 0 && w.opt.OnConflict == RefuseChanged {
			w.wrong[of], sound = refuse("%d rows or fields changed since", n), false
		}
		if !w.order.add(w.ids[of]) {
			w.aside[of], sound = true, false // its changes were made in another order than those of the others
		}
	}
	for _, h := range w.hops {
		if h.from == h.to || !w.order.add([]batchID{h.from, h.to}) {
			w.aside[h.of], sound = true, false
		}
	}
	return sound
}

// batch is where an image belongs among those of its merge.
func (w *walk) batch(im *image) batchID {
	id := batchID{action: im.action, constraint: im.constraint, table: im.relation.String(), columns: strings.Join(im.columns, "\x00")}
	ids := &w.ids[im.of]
	if n := len(*ids); n > 0 {
		last := (*ids)[n-1]
		if id.time = last.time; id == last {
			return id
		}
	}
	if w.times[im.of] == nil {
		w.times[im.of] = make(map[batchID]int)
	}
	id.time = 0
	w.times[im.of][id]++
	id.time = w.times[im.of][id]
	*ids = append(*ids, id)
	return id
}

// write notes an op of an image.
func (w *walk) write(im *image, o *op) {
	id := w.batch(im)
	if r := o.row; r.batch != (batchID{}) && (r.batch != id || r.owner != im.of) {
		w.hops = append(w.hops, hop{r.batch, id, im.of})
	}
	o.row.batch, o.row.owner = id, im.of
	w.batches[id] = append(w.batches[id], o)
	w.count(o)
}

// ops lists what is to be written, in the order of writing.
func (w *walk) ops() (out []*op) {
	for _, id := range w.order.sorted() {
		out = append(out, w.batches[id]...)
	}
	return out
}

// image takes one journal row back.
func (w *walk) image(im *image) error {
	t := w.byTable[im.relation]
	if im.inserted() {
		return w.insert(t, im)
	}
	r := t.find(im.keyNow(), im.of)
	if r == nil {
		w.conflict(im, im.columns[w.first(im)], Missing)
		return nil
	}
	if w.opt.OnConflict != RestoreValues && w.torn(t, im, r) {
		r.owner = im.of
		return nil
	}
	o := &op{of: im.of, table: t, row: r, key: t.keyOf(r)}
	overwrites := false
	for i, column := range im.columns {
		if t.relation.column(column).generated || same(im.before[i], im.after[i]) {
			continue
		}
		now := r.values[t.at[column]]
		if same(now, im.before[i]) {
			continue // somebody put it right already
		}
		if !same(now, im.after[i]) {
			if w.opt.OnConflict != RestoreValues {
				w.conflict(im, column, Changed)
				continue
			}
			w.conflict(im, column, Overwritten)
			overwrites = true
		}
		o.columns, o.values, o.before = append(o.columns, column), append(o.values, im.before[i]), append(o.before, now)
	}
	if len(o.columns) == 0 {
		r.owner = im.of
		return nil
	}
	if !overwrites {
		o.before = nil
	}
	return w.change(im, o)
}

// torn says that somebody changed a part of a foreign key that the merge moved, which then stays as it is as a whole: half of it would refer to
// nobody. It counts the later changes.
func (w *walk) torn(t *table, im *image, r *row) (torn bool) {
	if im.action != "repoint" || len(im.columns) < 2 {
		return false
	}
	for i, column := range im.columns {
		now := r.values[t.at[column]]
		if !same(im.before[i], im.after[i]) && !same(now, im.before[i]) && !same(now, im.after[i]) {
			w.conflict(im, column, Changed)
			torn = true
		}
	}
	return torn
}

// first is the first column that a journal row changed.
func (w *walk) first(im *image) int {
	for i := range im.columns {
		if !same(im.before[i], im.after[i]) {
			return i
		}
	}
	return 0
}

// change gives a row its values, in memory.
func (w *walk) change(im *image, o *op) error {
	t, r := o.table, o.row
	was, key := r.values, t.keyOf(r)
	r.values = slices.Clone(was)
	for i, c := range o.columns {
		r.values[t.at[c]] = o.values[i]
	}
	moved := t.keyOf(r)
	if !t.content() && textOf(moved) != textOf(key) && t.find(moved, o.of) != nil && !t.vacated[textOf(moved)] {
		r.values = was
		return refuse("a row of %s cannot go back: another has its key by now", t.relation)
	}
	t.drop(key, r)
	t.add(moved, r)
	w.write(im, o)
	return nil
}

// insert brings a row back that the merge removed.
func (w *walk) insert(t *table, im *image) error {
	if !t.content() && t.find(im.key, im.of) != nil && !t.vacated[textOf(im.key)] {
		if t.relation == t.cat.contacts {
			return refuse("contact %s exists again: its id was given to somebody else", *im.key[0])
		}
		return refuse("a row of %s that the merge removed exists again: its key was used since", t.relation)
	}
	r := &row{values: make([]*string, len(t.columns)), owner: im.of}
	o := &op{of: im.of, table: t, row: r, insert: true}
	for i, column := range im.columns {
		if at, read := t.at[column]; read {
			r.values[at] = im.before[i]
		}
		if !t.relation.column(column).generated {
			o.columns, o.values = append(o.columns, column), append(o.values, im.before[i])
		}
	}
	t.add(t.keyOf(r), r)
	w.write(im, o)
	return nil
}

// conflict counts a later change.
func (w *walk) conflict(im *image, column string, kind ConflictKind) {
	w.addConflict(im.of, Conflict{Table: im.relation.String(), Column: column, Kind: kind, Rows: 1})
}

func (w *walk) addConflict(of int, c Conflict) {
	for i := range w.conflicts[of] {
		have := &w.conflicts[of][i]
		if have.Table == c.Table && have.Column == c.Column && have.Kind == c.Kind {
			have.Rows += c.Rows
			return
		}
	}
	w.conflicts[of] = append(w.conflicts[of], c)
}

// kept counts the later changes that stay.
func kept(conflicts []Conflict) (n int64) {
	for _, c := range conflicts {
		if c.Kind != Overwritten {
			n += c.Rows
		}
	}
	return n
}

// count adds an op to what is reported of its merge.
func (w *walk) count(o *op) {
	c := w.counted(o.of, o.table.relation)
	if o.insert {
		c.Inserted++
	} else {
		c.Changed++
	}
}

// counted is what is reported of a merge and a table.
func (w *walk) counted(of int, r *relation) *UndoCount {
	name := r.String()
	i := slices.IndexFunc(w.counts[of], func(c UndoCount) bool { return c.Table == name })
	if i < 0 {
		i = len(w.counts[of])
		w.counts[of] = append(w.counts[of], UndoCount{Table: name})
	}
	return &w.counts[of][i]
}
