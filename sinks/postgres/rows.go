package postgres

import (
	"encoding/json"
	"fmt"
	"math"
	"math/bits"
	"strings"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
)

// copying is what goes into a table.
type copying struct {
	columns []string
	rows    int
	row     func(i int) ([]any, error)
}

// findings are the rows of one of the partitioned tables.
func findings(table string, o *cluster.Outcome, runID string) copying {
	switch table {
	case "suggestions":
		return suggestionRows(o, runID)
	case "clusters":
		return clusterRows(o, runID)
	default:
		return memberRows(o, runID)
	}
}

func suggestionRows(o *cluster.Outcome, runID string) copying {
	inside := make([]int32, len(o.Edges)) // 1 + index of the cluster an edge lies in
	for i := range o.Clusters {
		for _, e := range o.Clusters[i].Edges {
			inside[e] = int32(i) + 1
		}
	}
	return copying{
		columns: []string{
			"run_id", "contact_id_a", "contact_id_b", "cluster_id", "decision", "match_weight", "match_probability", "match_key", "reasons", "evidence",
			"guard_a", "guard_b", "evidence_a", "evidence_b",
		},
		rows: len(o.Edges),
		row: func(i int) ([]any, error) {
			e := &o.Edges[i]
			var in *string
			if c := inside[i]; c != 0 {
				in = &o.Clusters[c-1].ID
			}
			evidence, probability, err := explain(o, e.A, e.B, float64(e.Weight))
			if err != nil {
				return nil, err
			}
			var prints [4]*string
			if in == nil { // else the members of its cluster have them
				prints = [4]*string{guard(o, e.A), guard(o, e.B), evidenceHash(o, e.A), evidenceHash(o, e.B)}
			}
			return []any{
				runID, o.Table.ID(e.A), o.Table.ID(e.B), in, e.Decision.String(), float64(e.Weight), probability,
				matchKey(o, e.Rules), e.Reasons.Names(), evidence, prints[0], prints[1], prints[2], prints[3],
			}, nil
		},
	}
}

// guard is the fingerprint of a contact that an answer is bound to.
func guard(o *cluster.Outcome, r contact.Row) *string {
	h := cluster.Fingerprint(o.Table, r)
	return &h
}

func evidenceHash(o *cluster.Outcome, r contact.Row) *string {
	h := cluster.EvidenceHash(o.Table, r)
	return &h
}

// matchKey is the first rule that makes the pair.
func matchKey(o *cluster.Outcome, rules uint32) string {
	if i := bits.TrailingZeros32(rules); i < len(o.Rules) {
		return o.Rules[i].Rule
	}
	return ""
}

// explain is the evidence of a pair as JSON, nil without an explainer, and the match probability.
func explain(o *cluster.Outcome, a, b contact.Row, weight float64) (evidence *string, probability float64, err error) {
	if o.Explain == nil {
		return nil, 1 / (1 + math.Exp2(-weight)), nil
	}
	x := o.Explain(a, b)
	for i := range x.Comparisons {
		c := &x.Comparisons[i]
		c.A, c.B = printable(c.A), printable(c.B)
	}
	text, err := json.Marshal(&x)
	if err != nil {
		return nil, 0, fmt.Errorf("encoding the evidence of contacts %s and %s: %w", x.A, x.B, err)
	}
	s := string(text)
	return &s, x.Probability, nil
}

// printable replaces the one character that no text in Postgres can hold.
func printable(s string) string { return strings.ReplaceAll(s, "\x00", "\uFFFD") }

func clusterRows(o *cluster.Outcome, runID string) copying {
	return copying{
		columns: []string{
			"run_id", "cluster_id", "decision", "survivor_id", "members", "conflict_a", "conflict_b", "conflict_reasons", "golden", "version", "vetoes",
		},
		rows: len(o.Clusters),
		row: func(i int) ([]any, error) {
			c := &o.Clusters[i]
			var a, b *string
			var reasons []string
			if x := c.Conflict; x != nil {
				idA, idB := o.Table.ID(x.A), o.Table.ID(x.B)
				a, b, reasons = &idA, &idB, x.Reasons.Names()
			}
			golden, err := goldenJSON(o, i)
			if err != nil {
				return nil, err
			}
			return []any{
				runID, c.ID, c.Decision.String(), o.Table.ID(c.Survivor), int32(len(c.Members)), a, b, reasons, golden, version(o, c), vetoes(o, c),
			}, nil
		},
	}
}

// version is what an answer to a cluster is bound to.
func version(o *cluster.Outcome, c *cluster.Cluster) string {
	guards := make([]cluster.Guard, len(c.Members))
	for i, r := range c.Members {
		guards[i] = cluster.Guard{ID: o.Table.ID(r), Hash: cluster.Fingerprint(o.Table, r)}
	}
	return cluster.VersionOf(guards)
}

// vetoes lists the members that rule each other out, pair after pair.
func vetoes(o *cluster.Outcome, c *cluster.Cluster) []string {
	var out []string
	for _, p := range c.Vetoed {
		out = append(out, o.Table.ID(p[0]), o.Table.ID(p[1]))
	}
	return out
}

// goldenValue is a value of a golden record as it is stored.
type goldenValue struct {
	Column string  `json:"column"`
	Value  *string `json:"value"`
	From   string  `json:"from"`
	Rule   string  `json:"rule"`
}

func goldenJSON(o *cluster.Outcome, i int) (*string, error) {
	if i >= len(o.Golden) {
		return nil, nil
	}
	columns := o.Table.Columns()
	out := make([]goldenValue, 0, len(o.Golden[i].Values))
	for _, v := range o.Golden[i].Values {
		g := goldenValue{Column: columns[v.Column].Name, From: o.Table.ID(v.From), Rule: v.Rule}
		if !v.Null {
			text := printable(v.Text)
			g.Value = &text
		}
		out = append(out, g)
	}
	text, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("encoding the golden record of cluster %s: %w", o.Clusters[i].ID, err)
	}
	s := string(text)
	return &s, nil
}

// memberRows has one row per member of a cluster.
func memberRows(o *cluster.Outcome, runID string) copying {
	type member struct {
		cluster int32
		row     contact.Row
		group   *int32
	}
	var all []member
	for i := range o.Clusters {
		c := &o.Clusters[i]
		groups := make(map[contact.Row]*int32)
		for g, rows := range c.Auto {
			n := int32(g)
			for _, r := range rows {
				groups[r] = &n
			}
		}
		for _, r := range c.Members {
			all = append(all, member{int32(i), r, groups[r]})
		}
	}
	return copying{
		columns: []string{"run_id", "cluster_id", "contact_id", "survivor", "decision", "auto_group", "guard", "evidence"},
		rows:    len(all),
		row: func(i int) ([]any, error) {
			m := all[i]
			c := &o.Clusters[m.cluster]
			return []any{runID, c.ID, o.Table.ID(m.row), m.row == c.Survivor, c.Decision.String(), m.group, guard(o, m.row), evidenceHash(o, m.row)}, nil
		},
	}
}
