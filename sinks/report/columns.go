package report

import (
	"context"
	"io"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/scoring"
)

// writeClustersParquet writes clusters.csv with what is known of the cluster as a whole: its own decision and size, the auto-merge
// group of the contact (numbered from 1 inside the cluster), the weakest bridge, the conflict that sent it to review, its confidence (the
// expected share of right pairs in it), and on which side of the alternative split the contact is (1 or 2), with the probability of that split.
func writeClustersParquet(ctx context.Context, w io.Writer, o *cluster.Outcome) error {
	fields := []field{
		textField("contact_id"), textField("cluster_id"), textField("survivor"), wordField("decision"),
		wordField("cluster_decision"), integerField("cluster_size"), nullable(integerField("auto_group")),
		nullable(textField("weakest_contact_id_a")), nullable(textField("weakest_contact_id_b")), nullable(numberField("weakest_match_weight")),
		nullable(textField("conflict_contact_id_a")), nullable(textField("conflict_contact_id_b")), wordsField("conflict_reasons"),
		nullable(levelField("confidence")), nullable(integerField("split")), nullable(levelField("split_probability")),
	}
	return writeTable(ctx, w, fields, func(t *table) error {
		for i := range o.Clusters {
			if err := addCluster(t, o, &o.Clusters[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func addCluster(t *table, o *cluster.Outcome, c *cluster.Cluster) error {
	for _, m := range c.Members {
		t.text(0, o.Table.ID(m))
		t.text(1, c.ID)
		t.text(2, o.Table.ID(c.Survivor))
		t.text(3, memberDecision(c, m).String())
		t.text(4, c.Decision.String())
		t.integer(5, int32(len(c.Members)))
		if g := autoGroup(c, m); g >= 0 {
			t.integer(6, int32(g+1))
		} else {
			t.null(6)
		}
		if e := edgeAt(o, c.Weakest); e != nil {
			t.text(7, o.Table.ID(e.A))
			t.text(8, o.Table.ID(e.B))
			t.number(9, float64(e.Weight))
		} else {
			t.null(7)
			t.null(8)
			t.null(9)
		}
		if c.Conflict != nil {
			t.text(10, o.Table.ID(c.Conflict.A))
			t.text(11, o.Table.ID(c.Conflict.B))
			t.texts(12, c.Conflict.Reasons.Names())
		} else {
			t.null(10)
			t.null(11)
			t.texts(12, nil)
		}
		addSplit(t, c, m)
		if err := t.end(); err != nil {
			return err
		}
	}
	return nil
}

// addSplit says how sure the cluster is, and with whom a member would go if it fell in two.
func addSplit(t *table, c *cluster.Cluster, m contact.Row) {
	if c.Decision == scoring.Review {
		t.null(13) // nothing is estimated
	} else {
		t.number(13, c.Confidence)
	}
	side := slices.IndexFunc(c.Split, func(part []contact.Row) bool { return slices.Contains(part, m) })
	if side < 0 {
		t.null(14)
		t.null(15)
		return
	}
	t.integer(14, int32(side+1))
	t.number(15, c.SplitProbability)
}

// edgeAt is an edge by index, nil for the -1 that stands for "none".
func edgeAt(o *cluster.Outcome, i int) *scoring.Edge {
	if i < 0 || i >= len(o.Edges) {
		return nil
	}
	return &o.Edges[i]
}

// writeGoldenParquet writes golden.csv with provenance: for every column X of the source, X_from is the contact its value came from and
// X_rule the strategy that chose it.
func writeGoldenParquet(ctx context.Context, w io.Writer, o *cluster.Outcome) error {
	cols := o.Table.Columns()
	own := []string{"cluster_id", "survivor", "identities"}
	taken := map[string]bool{}
	for _, n := range own {
		taken[n] = true
	}
	fields := []field{textField(own[0]), textField(own[1])}
	for _, n := range columnNames(own, cols) {
		taken[n] = true
		fields = append(fields, nullable(textField(n)))
	}
	identity := arrow.StructOf(textField("channel").Field, textField("value").Field, textField("value_from").Field)
	fields = append(fields, field{Field: arrow.Field{Name: own[2], Type: arrow.ListOfNonNullable(identity)}})
	for _, c := range cols {
		fields = append(fields, nullable(textField(unique(taken, c.Name+"_from"))), nullable(wordField(unique(taken, c.Name+"_rule"))))
	}
	return writeTable(ctx, w, fields, func(t *table) error {
		for i := range o.Golden {
			if err := addGolden(t, o, &o.Golden[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func addGolden(t *table, o *cluster.Outcome, g *cluster.Golden) error {
	n := len(o.Table.Columns())
	t.text(0, g.Cluster)
	t.text(1, o.Table.ID(g.Survivor))
	for col := range n {
		v, _ := goldenValue(g, col)
		from := 2 + n + 1 + 2*col
		if v.Null {
			t.null(2 + col)
			t.null(from)
			t.null(from + 1)
			continue
		}
		t.text(2+col, v.Text)
		t.text(from, o.Table.ID(v.From))
		t.text(from+1, v.Rule)
	}
	list := t.rb.Field(2 + n).(*array.ListBuilder)
	list.Append(true)
	id := list.ValueBuilder().(*array.StructBuilder)
	for _, gi := range g.Identities {
		id.Append(true)
		id.FieldBuilder(0).(*array.StringBuilder).Append(string(gi.Channel))
		id.FieldBuilder(1).(*array.StringBuilder).Append(gi.Value)
		id.FieldBuilder(2).(*array.StringBuilder).Append(o.Table.ID(gi.From))
	}
	return t.end()
}
