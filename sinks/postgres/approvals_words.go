package postgres

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// maxIDs bounds the contacts that a message names.
const maxIDs = 8

// idList names contacts.
func idList(ids []string) string {
	if n := len(ids); n > maxIDs {
		return strings.Join(ids[:maxIDs], ", ") + fmt.Sprintf(" and %d more", n-maxIDs)
	}
	return strings.Join(ids, ", ")
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// common are the elements of x that are in y.
func common(x, y []string) []string {
	return slices.DeleteFunc(slices.Clone(x), func(id string) bool { return !slices.Contains(y, id) })
}

// pairsOf are all pairs of some contacts.
func pairsOf(ids []string) [][2]string {
	var out [][2]string
	for i, a := range ids {
		for _, b := range ids[i+1:] {
			out = append(out, [2]string{a, b})
		}
	}
	return out
}

// namesAll reports whether every pair of want is among the named ones, either way round.
func namesAll(named, want [][2]string) bool {
	return !slices.ContainsFunc(want, func(p [2]string) bool {
		return !slices.Contains(named, p) && !slices.Contains(named, [2]string{p[1], p[0]})
	})
}
