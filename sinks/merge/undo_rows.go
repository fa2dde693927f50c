package merge

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// image is a journal row that is to be taken back.
type image struct {
	of            int // number of its merge in the group
	tx            int64
	stage         int // within the transaction
	action        string
	constraint    string
	relation      *relation
	keys, columns []string
	key           []*string
	before, after []*string
	keysAt        []int // places of the key columns among the columns, -1 for none
}

// inserted says that undoing inserts the row, because the merge removed it.
func (im *image) inserted() bool { return im.after == nil }

// keyNow is the key under which the merge left the row: that from before, but for columns that it changed.
func (im *image) keyNow() []*string {
	if im.inserted() {
		return im.key
	}
	now := slices.Clone(im.key)
	for i, at := range im.keysAt {
		if at >= 0 {
			now[i] = im.after[at]
		}
	}
	return now
}

// row is a row of the customer as far as undo has come: read once, then changed in step with what undo writes.
type row struct {
	values []*string // of the table's columns
	place  [2]string // ctid and tableoid, in a table without a key
	batch  batchID   // that wrote it last
	owner  int       // the merge of the group that it belongs to, -1 for none yet
}

// table is the rows of one table that the group's journal speaks of.
type table struct {
	cat       *catalog
	relation  *relation
	keys      []string // columns by which the journal knows the rows
	operators []string // with which an index on the keys compares; nil when rows are known by their whole content
	columns   []string // that are read: the keys, and what the journal has changed
	at        map[string]int
	read      []found           // as they are in the database
	rows      map[string][]*row // the same as far as undo has come, by key
	vacated   map[string]bool   // in a dry run: keys of rows that newer merges, which it looks at by themselves, would give another key
}

// found is a row as it is in the database, under the key by which it was asked for.
type found struct {
	key    []*string
	values []*string
	place  [2]string
}

// reset forgets what was undone in memory.
func (t *table) reset() {
	t.rows = make(map[string][]*row)
	for _, f := range t.read {
		t.add(f.key, &row{values: f.values, place: f.place, owner: -1})
	}
}

// content says that the table has no key.
func (t *table) content() bool { return t.operators == nil }

// keyOf is the key of a row as it is by now.
func (t *table) keyOf(r *row) []*string {
	out := make([]*string, len(t.keys))
	for i, k := range t.keys {
		out[i] = r.values[t.at[k]]
	}
	return out
}

// textOf makes one text of several, different ones for different lists.
func textOf(values []*string) string {
	var b strings.Builder
	for _, v := range values {
		if v == nil {
			b.WriteString("-;")
			continue
		}
		b.WriteString(strconv.Itoa(len(*v)))
		b.WriteByte(':')
		b.WriteString(*v)
	}
	return b.String()
}

// find returns the row with a key, nil for none. Of rows with one content it prefers one that nobody else has taken.
func (t *table) find(key []*string, of int) *row {
	rows := t.rows[textOf(key)]
	for _, r := range rows {
		if r.owner < 0 || r.owner == of {
			return r
		}
	}
	if len(rows) > 0 {
		return rows[0]
	}
	return nil
}

func (t *table) add(key []*string, r *row) {
	k := textOf(key)
	t.rows[k] = append(t.rows[k], r)
}

func (t *table) drop(key []*string, r *row) {
	k := textOf(key)
	t.rows[k] = slices.DeleteFunc(slices.Clone(t.rows[k]), func(x *row) bool { return x == r })
}

// fetch reads the rows that the images speak of, and locks them when lock says so.
func (t *table) fetch(ctx context.Context, tx pgx.Tx, images []*image, lock string) error {
	if t.content() {
		return t.readByContent(ctx, tx, images, lock)
	}
	keys := make([][]*string, len(t.keys)) // a list for each column
	seen := make(map[string]bool)
	var asked [][]*string
	for _, im := range images {
		for _, key := range [][]*string{im.keyNow(), im.key} {
			if k := textOf(key); !seen[k] {
				seen[k] = true
				asked = append(asked, key)
			}
		}
	}
	slices.SortFunc(asked, func(x, y []*string) int { return strings.Compare(textOf(x), textOf(y)) }) // everybody locks in one order
	for _, key := range asked {
		for i := range keys {
			keys[i] = append(keys[i], key[i])
		}
	}
	var args []any
	var lists, names, on []string
	for i, k := range t.keys {
		args = append(args, keys[i])
		lists = append(lists, fmt.Sprintf("$%d::text[]", i+1))
		names = append(names, fmt.Sprintf("k%d", i))
		on = append(on, fmt.Sprintf("t.%s %s u.k%d::%s", quote(k), t.operators[i], i, t.relation.column(k).base))
	}
	rows, err := tx.Query(ctx, `SELECT u.n, `+textArray(t.columns)+` FROM unnest(`+strings.Join(lists, ", ")+`) WITH ORDINALITY AS u(`+strings.Join(names, ", ")+`, n)
		JOIN `+t.relation.sql()+` AS t ON `+strings.Join(on, " AND ")+lock, args...)
	if err != nil {
		return err
	}
	var (
		n      int
		values []*string
	)
	_, err = pgx.ForEachRow(rows, []any{&n, &values}, func() error {
		t.read = append(t.read, found{key: asked[n-1], values: values})
		values = nil
		return nil
	})
	return err
}

// readByContent reads the rows of a table without a key, which are found by the contacts they refer to. Equal rows can stand for each other.
func (t *table) readByContent(ctx context.Context, tx pgx.Tx, images []*image, lock string) error {
	where, args := t.referring(images)
	rows, err := tx.Query(ctx, `SELECT t.ctid::text, t.tableoid::text, `+textArray(t.columns)+` FROM `+t.relation.sql()+` AS t`+where+` ORDER BY t.tableoid, t.ctid`+lock, args...)
	if err != nil {
		return err
	}
	var (
		place  [2]string
		values []*string
	)
	_, err = pgx.ForEachRow(rows, []any{&place[0], &place[1], &values}, func() error {
		t.read = append(t.read, found{key: t.keyOf(&row{values: values}), values: values, place: place})
		values = nil
		return nil
	})
	return err
}

// referring is the condition on the rows that the images can mean. Where a change was not one of a reference the whole table is read, which
// has neither key nor reference to find rows by.
func (t *table) referring(images []*image) (where string, args []any) {
	to := make([][]*string, len(t.cat.refs))
	for _, im := range images {
		if im.inserted() {
			continue
		}
		i, at := t.reference(im)
		if i < 0 {
			return "", nil
		}
		to[i] = append(to[i], im.after[at])
	}
	conds := []string{"false"}
	for i, ids := range to {
		if len(ids) == 0 {
			continue
		}
		ref := &t.cat.refs[i]
		args = append(args, ids)
		conds = append(conds, t.cat.oneOf("t."+quote(ref.column.name), ref.toID, len(args)))
	}
	return " WHERE " + strings.Join(conds, " OR "), args
}

// reference is the place of the reference that an image is about in the catalogue, and of its column in the image; -1 for none.
func (t *table) reference(im *image) (i, at int) {
	for i := range t.cat.refs {
		if ref := &t.cat.refs[i]; ref.child == t.relation {
			if at := slices.Index(im.columns, ref.column.name); at >= 0 && im.after[at] != nil {
				return i, at
			}
		}
	}
	return -1, -1
}

// same compares two texts, null being one of them.
func same(a, b *string) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }
