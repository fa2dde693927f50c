package report

import (
	"context"
	"io"
	"slices"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/scoring"
)

// autoGroup is the index of the auto-merge group that holds the contact, -1 when none does. A cluster under review merges nothing
// by itself, whatever its groups.
func autoGroup(c *cluster.Cluster, r contact.Row) int {
	if c.Decision == scoring.Review {
		return -1
	}
	return slices.IndexFunc(c.Auto, func(group []contact.Row) bool {
		_, ok := slices.BinarySearch(group, r)
		return ok
	})
}

// memberDecision is what happens with one contact of a cluster: a suggested cluster may hold a group that merges without a question.
func memberDecision(c *cluster.Cluster, r contact.Row) scoring.Decision {
	if autoGroup(c, r) >= 0 {
		return scoring.AutoMerge
	}
	return c.Decision
}

func writeClustersCSV(ctx context.Context, w io.Writer, o *cluster.Outcome) error {
	t := newCSV(ctx, w, "contact_id", "cluster_id", "survivor", "decision")
	for i := range o.Clusters {
		c := &o.Clusters[i]
		for _, m := range c.Members {
			t.text(o.Table.ID(m))
			t.text(c.ID)
			t.text(o.Table.ID(c.Survivor))
			t.text(memberDecision(c, m).String())
			t.end()
		}
		if t.err != nil {
			return t.err
		}
	}
	return t.close()
}
