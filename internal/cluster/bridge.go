package cluster

import (
	"slices"

	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/scoring"
)

// bridgeFinder finds bridges by Tarjan's low links. It walks with a stack of its own, because a group over the size limit may be one
// path of any length, and keeps its buffers from cluster to cluster.
type bridgeFinder struct {
	edges []scoring.Edge

	members []contact.Row
	start   []int32 // half-edges of node v are start[v]..start[v+1]
	half    []int32 // positions in inside
	next    []int32 // next half-edge to walk, per node
	seen    []int32 // order of discovery from 1, 0 for not yet
	low     []int32
	via     []int32 // edge a node was discovered by, -1 for the first
	stack   []int32
}

// weakest is the bridge of least weight among the edges of a cluster, -1 if there is no bridge. Of equals the first is taken.
func (f *bridgeFinder) weakest(members []contact.Row, inside []int) int {
	if len(inside) == 1 {
		return inside[0]
	}
	f.prepare(members, inside)
	best, clock := -1, int32(0)
	note := func(i int32) {
		e := inside[i]
		if best < 0 || f.edges[e].Weight < f.edges[best].Weight || f.edges[e].Weight == f.edges[best].Weight && e < best {
			best = e
		}
	}
	discover := func(v, via int32) {
		clock++
		f.seen[v], f.low[v], f.via[v] = clock, clock, via
		f.stack = append(f.stack, v)
	}
	discover(0, -1)
	for len(f.stack) > 0 {
		v := f.stack[len(f.stack)-1]
		if f.next[v] < f.start[v+1] {
			i := f.half[f.next[v]]
			f.next[v]++
			if i == f.via[v] {
				continue
			}
			if w := f.other(inside[i], v); f.seen[w] == 0 {
				discover(w, i)
			} else {
				f.low[v] = min(f.low[v], f.seen[w])
			}
			continue
		}
		f.stack = f.stack[:len(f.stack)-1]
		if len(f.stack) > 0 {
			p := f.stack[len(f.stack)-1]
			f.low[p] = min(f.low[p], f.low[v])
			if f.low[v] > f.seen[p] {
				note(f.via[v])
			}
		}
	}
	return best
}

func (f *bridgeFinder) node(r contact.Row) int32 {
	i, _ := slices.BinarySearch(f.members, r)
	return int32(i)
}

func (f *bridgeFinder) other(edge int, v int32) int32 {
	e := &f.edges[edge]
	if f.members[v] == e.A {
		return f.node(e.B)
	}
	return f.node(e.A)
}

// prepare lists the half-edges by node.
func (f *bridgeFinder) prepare(members []contact.Row, inside []int) {
	n := len(members)
	f.members, f.stack = members, f.stack[:0]
	f.start, f.seen, f.low, f.via = zeroed(f.start, n+1), zeroed(f.seen, n), zeroed(f.low, n), zeroed(f.via, n)
	f.half = zeroed(f.half, 2*len(inside))
	for _, i := range inside {
		f.start[f.node(f.edges[i].A)+1]++
		f.start[f.node(f.edges[i].B)+1]++
	}
	for v := range n {
		f.start[v+1] += f.start[v]
	}
	f.next = append(f.next[:0], f.start[:n]...)
	for k, i := range inside {
		for _, r := range [2]contact.Row{f.edges[i].A, f.edges[i].B} {
			v := f.node(r)
			f.half[f.next[v]] = int32(k)
			f.next[v]++
		}
	}
	f.next = append(f.next[:0], f.start[:n]...)
}

func zeroed(s []int32, n int) []int32 {
	s = slices.Grow(s[:0], n)[:n]
	clear(s)
	return s
}
