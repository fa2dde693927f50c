package cluster_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
)

// TestGoldenUnitsAreSomebodys checks that no golden name or address is put together of two contacts' halves, that no value is made
// up, and that nothing is lost that has no rival.
func TestGoldenUnitsAreSomebodys(t *testing.T) {
	units := [][]string{{"first", "last", "suffix"}, {"street", "city", "country"}}
	rapid.Check(t, func(rt *rapid.T) {
		var rows []cells
		for i := range rapid.IntRange(2, 5).Draw(rt, "members") {
			r := cells{"id": strconv.Itoa(i + 1), "updated": strconv.Itoa(rapid.IntRange(0, 3).Draw(rt, "updated"))}
			for _, column := range slices.Concat(units...) {
				if v := rapid.SampledFrom([]string{"", "", "x", "X", "y"}).Draw(rt, column); v != "" {
					r[column] = v
				}
			}
			rows = append(rows, r)
		}
		strategy := rapid.SampledFrom([]string{"do_nothing", "overwrite", "fill_empty", "most_complete"})
		cfg := cluster.Config{Survivorship: cluster.Survivorship{Fields: map[string]string{
			"name": strategy.Draw(rt, "name"), "address": strategy.Draw(rt, "address"),
		}}}
		table := newTable(t, rows...)
		all := make([]contact.Row, table.Len())
		for i := range all {
			all[i] = contact.Row(i)
		}
		g := cluster.NewMerger(table, cfg).Golden("", all)
		for _, unit := range units {
			golden := cells{}
			for _, v := range g.Values {
				name := table.Columns()[v.Column].Name
				if !slices.Contains(unit, name) {
					continue
				}
				if !v.Null {
					golden[name] = v.Text
				}
				if from := rows[v.From][name]; from != v.Text {
					rt.Fatalf("%s is %q and said to come from contact %s, who has %q", name, v.Text, table.ID(v.From), from)
				}
			}
			checkWhole(rt, unit, golden, rows, int(g.Survivor))
		}
	})
}

func checkWhole(t *rapid.T, unit []string, golden cells, rows []cells, survivor int) {
	if !slices.ContainsFunc(rows, func(r cells) bool {
		return !slices.ContainsFunc(unit, func(c string) bool { return golden[c] != "" && !strings.EqualFold(golden[c], r[c]) })
	}) {
		t.Fatalf("no contact has all of %v; contacts: %v", golden, rows)
	}
	filled := func(r cells) bool { return slices.ContainsFunc(unit, func(c string) bool { return r[c] != "" }) }
	if filled(rows[survivor]) && !filled(golden) {
		t.Fatalf("the survivor's %v is gone", rows[survivor])
	}
}
