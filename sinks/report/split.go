package report

import (
	"fmt"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
)

// split is who would go with whom if the cluster is two people.
type split struct {
	Lead  string
	Sides []half
}

// half is the contacts of one of the two.
type half struct {
	IDs  []string
	More string
}

// maxSide bounds the contacts named on one side.
const maxSide = 12

// newSplit is nil for a pair, which can only fall in two, and for a cluster whose alternative nobody worked out.
func newSplit(o *cluster.Outcome, c *cluster.Cluster) *split {
	if len(c.Members) < 3 || len(c.Split) != 2 {
		return nil
	}
	s := &split{Lead: "If its weakest link is wrong, for which the chance is " + shareOdds(c.SplitProbability) + ", the cluster is two people:"}
	if c.Conflict != nil {
		s.Lead = fmt.Sprintf("If %s and %s are two people, for which the model sees a chance of %s, the others go with them so:",
			shortID(o, c.Conflict.A), shortID(o, c.Conflict.B), shareOdds(c.SplitProbability))
	}
	for _, part := range c.Split {
		s.Sides = append(s.Sides, newSide(o, part))
	}
	return s
}

func newSide(o *cluster.Outcome, part []contact.Row) half {
	var out half
	for _, r := range part[:min(len(part), maxSide)] {
		out.IDs = append(out.IDs, shortID(o, r))
	}
	if left := len(part) - maxSide; left > 0 {
		out.More = number(int64(left)) + " more"
	}
	return out
}

// shareOdds writes a probability that may be very small; it never claims certainty.
func shareOdds(p float64) string {
	switch {
	case p < 0.001:
		return "under 0.1%"
	case p > 0.999:
		return "over 99.9%"
	}
	return fixed(100*p, 1) + "%"
}

// sure says how much of a suggested cluster is expected to be right, "" where nothing was estimated or nothing is in doubt.
func sure(c *cluster.Cluster) string {
	if c.Confidence <= 0 || c.Confidence >= 1 || len(c.Members) < 2 {
		return ""
	}
	return shareOdds(c.Confidence) + " of its pairs expected to be right"
}

// maxDoubts bounds the doubts told of one cluster.
const maxDoubts = 3

// doubtTexts tells of the pairs that look like two people until the other members are seen.
func doubtTexts(o *cluster.Outcome, c *cluster.Cluster) []string {
	var out []string
	for _, d := range c.Doubts[:min(len(c.Doubts), maxDoubts)] {
		why := ""
		for _, r := range reasonsOf(d.Reasons) {
			if why != "" {
				why += ", "
			}
			why += r.text
		}
		if why != "" {
			why = " (" + why + ")"
		}
		out = append(out, fmt.Sprintf("Read alone, %s and %s would look like two people%s; other members lead from one to the other.", shortID(o, d.A), shortID(o, d.B), why))
	}
	if left := len(c.Doubts) - maxDoubts; left > 0 {
		out = append(out, "The same holds for "+count(left, "more pair", "more pairs")+".")
	}
	return out
}
