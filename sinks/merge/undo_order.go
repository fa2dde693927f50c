package merge

import (
	"slices"
	"strconv"
	"strings"
)

// batchID names rows that one statement writes: those of one kind of change. A merge that makes one kind of change twice has two batches.
type batchID struct {
	action, constraint, table, columns string
	time                               int
}

// order is the sequence in which batches are written. Each merge has its own; they are woven into one that suits all.
type order struct {
	ids   []batchID // in the order they were first seen
	after [][]int   // what has to come later, by number
	known map[string]bool
}

// number is the place of a batch among the ids.
func (o *order) number(id batchID) int {
	i := slices.Index(o.ids, id)
	if i < 0 {
		i = len(o.ids)
		o.ids = append(o.ids, id)
		o.after = append(o.after, nil)
	}
	return i
}

// add weaves a sequence in, or reports that it contradicts the others, and then changes nothing.
func (o *order) add(ids []batchID) bool {
	var seq []int
	var text strings.Builder
	for _, id := range slices.Compact(slices.Clone(ids)) {
		n := o.number(id)
		seq = append(seq, n)
		text.WriteString(strconv.Itoa(n) + " ")
	}
	if o.known[text.String()] { // most merges are alike
		return true
	}
	for i, early := range seq {
		for _, late := range seq[i+1:] {
			if o.leads(late, early) {
				return false
			}
		}
	}
	for i := 1; i < len(seq); i++ {
		if from := seq[i-1]; !slices.Contains(o.after[from], seq[i]) {
			o.after[from] = append(o.after[from], seq[i])
		}
	}
	if o.known == nil {
		o.known = make(map[string]bool)
	}
	o.known[text.String()] = true
	return true
}

// leads says whether one batch has to come before another.
func (o *order) leads(from, to int) bool {
	return from == to || slices.ContainsFunc(o.after[from], func(next int) bool { return o.leads(next, to) })
}

// sorted is the sequence.
func (o *order) sorted() []batchID {
	out := make([]batchID, 0, len(o.ids))
	done := make([]bool, len(o.ids))
	var visit func(i int)
	visit = func(i int) {
		if done[i] {
			return
		}
		done[i] = true
		for _, next := range slices.Backward(o.after[i]) {
			visit(next)
		}
		out = append(out, o.ids[i])
	}
	for i := range slices.Backward(o.ids) {
		visit(i)
	}
	slices.Reverse(out)
	return out
}
