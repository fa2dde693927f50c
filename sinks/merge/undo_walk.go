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

// walk takes the merges back in memory, newest first and each from its last change to its first, and so finds out what has to be written, and
// what somebody else changed since.
type walk struct {
	*loaded
	opt       *UndoOptions
	shared    bool // rows may be taken back by several merges, because nothing is written
	byTable   map[*relation]*table
	batches   map[batchID][]*op
	order     order
	conflicts [][]Conflict
	counts    [][]UndoCount
	followed  []*op // rows that follow their identity, written last

	undo []func() // of the merge at work, as are the next two
	mine []*op
	ids  []batchID
}

// walked goes through a group.
func walked(l *loaded, opt *UndoOptions, shared bool) *walk {
	n := len(l.images)
	w := &walk{
		loaded: l, opt: opt, shared: shared, byTable: make(map[*relation]*table), batches: make(map[batchID][]*op),
		conflicts: make([][]Conflict, n), counts: make([][]UndoCount, n),
	}
	for _, t := range l.tables {
		w.byTable[t.relation] = t
	}
	for of := range l.images {
		if l.wrong[of] != nil || l.aside[of] {
			continue
		}
		w.merge(of)
	}
	return w
}

// merge takes one merge back, or leaves everything as it was.
func (w *walk) merge(of int) {
	w.undo, w.mine, w.ids = nil, nil, nil
	times := make(map[batchID]int)
	var last batchID
	for _, im := range slices.Backward(w.images[of]) {
		if err := w.image(im); err != nil {
			w.wrong[of] = err
			break
		}
		id := batchID{action: im.action, constraint: im.constraint, table: im.relation.String(), columns: strings.Join(im.columns, "\x00")}
		if id != last {
			times[id]++
			last = id
		}
		id.time = times[id]
		for len(w.ids) < len(w.mine) {
			w.ids = append(w.ids, id)
		}
	}
	if n := kept(w.conflicts[of]); w.wrong[of] == nil && !w.aside[of] && n > 0 && w.opt.OnConflict == RefuseChanged {
		w.wrong[of] = refuse("%d rows or fields changed since", n)
	}
	if w.wrong[of] == nil && !w.aside[of] && !w.order.add(w.ids) {
		w.aside[of] = true // its changes were made in another order than those of the others
	}
	if w.wrong[of] != nil || w.aside[of] {
		for _, f := range slices.Backward(w.undo) {
			f()
		}
		return
	}
	for i, o := range w.mine {
		w.batches[w.ids[i]] = append(w.batches[w.ids[i]], o)
		w.count(o)
	}
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
	if !w.take(r, im.of) {
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
		return nil
	}
	if !overwrites {
		o.before = nil
	}
	return w.change(o)
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

// take says that a row belongs to a merge. One that another merge of the group has taken waits until that one is written.
func (w *walk) take(r *row, of int) bool {
	if !w.shared && r.owner >= 0 && r.owner != of {
		w.aside[of] = true
		return false
	}
	was := r.owner
	r.owner = of
	w.undo = append(w.undo, func() { r.owner = was })
	return true
}

// change gives a row its values, in memory.
func (w *walk) change(o *op) error {
	t, r := o.table, o.row
	was, key := r.values, t.keyOf(r)
	r.values = slices.Clone(was)
	for i, c := range o.columns {
		r.values[t.at[c]] = o.values[i]
	}
	moved := t.keyOf(r)
	if !t.content() && textOf(moved) != textOf(key) && t.find(moved, o.of) != nil {
		r.values = was
		return refuse("a row of %s cannot go back: another has its key by now", t.relation)
	}
	t.drop(key, r)
	t.add(moved, r)
	w.undo = append(w.undo, func() {
		t.drop(moved, r)
		r.values = was
		t.add(key, r)
	})
	w.mine = append(w.mine, o)
	return nil
}

// insert brings a row back that the merge removed.
func (w *walk) insert(t *table, im *image) error {
	if !t.content() && t.find(im.key, im.of) != nil {
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
	key := t.keyOf(r)
	t.add(key, r)
	w.undo = append(w.undo, func() { t.drop(key, r) })
	w.mine = append(w.mine, o)
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
