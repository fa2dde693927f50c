package cluster

import (
	"slices"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// forest is a union-find over rows. The root of a component is its first row, whatever the order of the unions; next makes each
// component a ring, so that its members can be listed without a map.
type forest struct {
	parent []uint32
	next   []uint32
	size   []uint32 // valid at roots
}

func newForest(n int) *forest {
	f := &forest{parent: make([]uint32, n), next: make([]uint32, n), size: make([]uint32, n)}
	for i := range f.parent {
		f.parent[i], f.next[i], f.size[i] = uint32(i), uint32(i), 1
	}
	return f
}

// find halves the path on its way, which alone keeps paths short.
func (f *forest) find(r contact.Row) contact.Row {
	x := uint32(r)
	for f.parent[x] != x {
		f.parent[x] = f.parent[f.parent[x]]
		x = f.parent[x]
	}
	return contact.Row(x)
}

func (f *forest) union(x, y contact.Row) {
	a, b := f.find(x), f.find(y)
	if a == b {
		return
	}
	if b < a {
		a, b = b, a
	}
	f.parent[b] = uint32(a)
	f.size[a] += f.size[b]
	f.next[a], f.next[b] = f.next[b], f.next[a]
}

// members appends the component of root to buf, ascending.
func (f *forest) members(buf []contact.Row, root contact.Row) []contact.Row {
	from := len(buf)
	for r := root; ; {
		buf = append(buf, r)
		if r = contact.Row(f.next[r]); r == root {
			break
		}
	}
	slices.Sort(buf[from:])
	return buf
}

// reset makes a row a component of its own. All rows of its old component must be reset with it.
func (f *forest) reset(r contact.Row) { f.parent[r], f.next[r], f.size[r] = uint32(r), uint32(r), 1 }
