package link

import (
	"slices"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// oneToOne links the best pair first and then the best of those that are left. Where two pairs that exclude each other are equally good,
// it links neither, and leaves all of their records and contacts to a person: to take what remains for them would only spread the guess.
func (f *finder) oneToOne() {
	a := &assignment{done: make([]bool, f.table.Len()), of: make(map[contact.Row][]int, len(f.candidates))}
	order := make([]int, len(f.candidates))
	for i := range f.candidates {
		order[i] = i
		c := &f.candidates[i]
		a.of[c.Left], a.of[c.Right] = append(a.of[c.Left], i), append(a.of[c.Right], i)
	}
	slices.SortFunc(order, func(x, y int) int { return better(&f.candidates[x], &f.candidates[y]) })
	for _, i := range order {
		c := &f.candidates[i]
		if a.done[c.Left] || a.done[c.Right] {
			continue
		}
		rivals := a.rivals(f.candidates, i)
		a.done[c.Left], a.done[c.Right] = true, true
		if len(rivals) == 0 {
			f.res.Links = append(f.res.Links, c.Link)
			a.settle(c.Left)
			continue
		}
		for _, k := range append(rivals, i) {
			r := &f.candidates[k]
			a.done[r.Left], a.done[r.Right] = true, true
			f.doubt(r, WhyTie)
			a.settle(r.Left)
		}
	}
	for own := range f.records() {
		if !a.settled[own[0].Left] {
			f.doubt(&own[0], WhyTaken)
		}
	}
}

// assignment is the state of one-to-one linking.
type assignment struct {
	done    []bool // rows that are linked or set aside
	of      map[contact.Row][]int
	settled map[contact.Row]bool // records that are linked or in doubt
}

func (a *assignment) settle(left contact.Row) {
	if a.settled == nil {
		a.settled = map[contact.Row]bool{}
	}
	a.settled[left] = true
}

// rivals are the candidates for the same record or the same contact that are still possible and hardly worse.
func (a *assignment) rivals(all []candidate, i int) []int {
	c := &all[i]
	var out []int
	for _, row := range [...]contact.Row{c.Left, c.Right} {
		for _, k := range a.of[row] {
			if r := &all[k]; k != i && !a.done[r.Left] && !a.done[r.Right] && !c.clear(r) {
				out = append(out, k)
			}
		}
	}
	return out
}
