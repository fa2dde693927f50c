package pipeline

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// filledNote is how scoring tells that a fact is filled otherwise than at training.
var filledNote = regexp.MustCompile(`^the model was trained on ([0-9,]+) contacts, of which (.+ %) had (.+); now (.+ %) \(PSI [0-9.]+\)$`)

// groupFills makes one note of all that tell of a fill rate, where the first of them stood: they do no harm by themselves, and are many when a
// table of another kind is looked at. Their order, the largest change first, stays.
func groupFills(notes []string) []string {
	var out, fills []string
	at, contacts := -1, ""
	for _, n := range notes {
		m := filledNote.FindStringSubmatch(n)
		if m == nil {
			out = append(out, n)
			continue
		}
		if at < 0 {
			at, contacts = len(out), m[1]
		}
		fills = append(fills, fmt.Sprintf("%s %s → %s", m[3], strings.TrimSuffix(m[2], " %"), m[4]))
	}
	if at < 0 {
		return notes
	}
	return slices.Insert(out, at, fmt.Sprintf("filled otherwise than among the %s contacts at training: %s", contacts, strings.Join(fills, ", ")))
}
