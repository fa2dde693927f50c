package merge

// built says that one merge of a group was built on by another.
type built struct{ older, newer int }

// link finds the merges of the group that changed the same rows. The row that one left under a key is the row that the next found under it.
func (l *loaded) link() {
	for i := range l.parts {
		l.parts[i] = i
	}
	type place struct {
		relation *relation
		key      string
	}
	found := make(map[place]int)  // by the key under which a merge found the row: the merge
	for _, im := range l.images { // the last first
		if !im.inserted() {
			if newer, known := found[place{im.relation, textOf(im.keyNow())}]; known && newer != im.of {
				l.built = append(l.built, built{im.of, newer})
				l.join(im.of, newer)
			}
		}
		found[place{im.relation, textOf(im.key)}] = im.of
	}
}

// join makes one part of two.
func (l *loaded) join(x, y int) {
	from, to := l.parts[x], l.parts[y]
	for i := range l.parts {
		if l.parts[i] == from {
			l.parts[i] = to
		}
	}
}

// settle leaves out what cannot be taken back without another merge that stays: what it was built on. It reports whether that changed anything.
func (l *loaded) settle(group []Merged) (changed bool) {
	for again := true; again; {
		again = false
		for _, b := range l.built {
			if l.wrong[b.older] != nil || l.aside[b.older] {
				continue
			}
			switch {
			case l.wrong[b.newer] != nil:
				l.wrong[b.older] = refuse("%s", builtOn(group[b.newer].id()))
			case l.aside[b.newer]:
				l.aside[b.older] = true
			default:
				continue
			}
			again, changed = true, true
		}
	}
	return changed
}

// partsOf lists the merges of each part, in the order of the group.
func (l *loaded) partsOf(group []Merged) (out [][]Merged) {
	at := make(map[int]int)
	for i, p := range l.parts {
		n, known := at[p]
		if !known {
			n = len(out)
			at[p] = n
			out = append(out, nil)
		}
		out[n] = append(out[n], group[i])
	}
	return out
}
