package report

import (
	"context"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
)

// columnNames makes names unique that the user's columns and ours share: the later one gets a number. Parquet readers
// do not take two columns of one name.
func columnNames(own []string, cols []contact.Column) []string {
	taken := make(map[string]bool, len(own)+len(cols))
	for _, n := range own {
		taken[n] = true
	}
	names := make([]string, len(cols))
	for i, c := range cols {
		names[i] = unique(taken, c.Name)
	}
	return names
}

func unique(taken map[string]bool, name string) string {
	free := name
	for n := 2; taken[free]; n++ {
		free = name + "_" + strconv.Itoa(n)
	}
	taken[free] = true
	return free
}

// goldenValue is the value of a raw column; a golden record without it has no value there.
func goldenValue(g *cluster.Golden, col int) (cluster.Value, bool) {
	if col < len(g.Values) && g.Values[col].Column == col {
		return g.Values[col], true
	}
	for _, v := range g.Values {
		if v.Column == col {
			return v, true
		}
	}
	return cluster.Value{Column: col, Null: true}, false
}

func writeGoldenCSV(ctx context.Context, w io.Writer, o *cluster.Outcome) error {
	cols := o.Table.Columns()
	own := []string{"cluster_id", "survivor", "identities"}
	header := slices.Concat(own[:2], columnNames(own, cols), own[2:])
	t := newCSV(ctx, w, header...)
	var list strings.Builder
	for i := range o.Golden {
		g := &o.Golden[i]
		t.text(g.Cluster)
		t.text(o.Table.ID(g.Survivor))
		for col := range cols {
			v, _ := goldenValue(g, col)
			t.text(v.Text)
		}
		list.Reset()
		for k, id := range g.Identities {
			if k > 0 {
				list.WriteString(" | ")
			}
			list.WriteString(string(id.Channel) + ":" + id.Value)
		}
		t.text(list.String())
		t.end()
		if t.err != nil {
			return t.err
		}
	}
	return t.close()
}

// writeProvenanceCSV says of every golden value which contact it came from and which strategy chose it.
func writeProvenanceCSV(ctx context.Context, w io.Writer, o *cluster.Outcome) error {
	cols := o.Table.Columns()
	t := newCSV(ctx, w, "cluster_id", "column", "value_from", "rule")
	for i := range o.Golden {
		g := &o.Golden[i]
		for _, v := range g.Values {
			if v.Null || v.Column < 0 || v.Column >= len(cols) {
				continue
			}
			t.text(g.Cluster)
			t.text(cols[v.Column].Name)
			t.text(o.Table.ID(v.From))
			t.text(v.Rule)
			t.end()
		}
		if t.err != nil {
			return t.err
		}
	}
	return t.close()
}
