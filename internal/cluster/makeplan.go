package cluster

import (
	"math"

	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/scoring"
)

// MakePlan lists the merges that are ready: one step per auto-merge group of every cluster that is not in review. Inside a suggested
// cluster a group merges by itself, and its survivor and values come from the group alone; what the rest of the cluster would add waits for a person.
// source names where the contacts came from, fingerprint the configuration.
func MakePlan(o *Outcome, cfg Config, source, fingerprint string) *Plan {
	p := &Plan{Format: PlanFormat, Source: source, Config: fingerprint, Steps: []Step{}}
	m := NewMerger(o.Table, cfg)
	var survivors []contact.Row
	for i := range o.Clusters {
		c := &o.Clusters[i]
		if c.Decision == scoring.Review {
			continue
		}
		for _, group := range c.Auto {
			g := groupGolden(o, m, i, group)
			survivors = append(survivors, g.Survivor)
			p.Steps = append(p.Steps, step(o, c, group, g))
		}
	}
	sortSteps(p.Steps, survivors)
	p.ID = p.Hash()
	return p
}

// groupGolden is the golden record of a group, which is the cluster's own when the group is all of it.
func groupGolden(o *Outcome, m *Merger, i int, group []contact.Row) Golden {
	if len(group) == len(o.Clusters[i].Members) && i < len(o.Golden) {
		return o.Golden[i]
	}
	return m.Golden("", group)
}

func step(o *Outcome, c *Cluster, group []contact.Row, g Golden) Step {
	t := o.Table
	s := Step{Survivor: t.ID(g.Survivor), Losers: make([]string, 0, len(group)-1), Changes: []Change{}, Evidence: []Evidence{}}
	s.Guards = []Guard{{ID: s.Survivor, Hash: Fingerprint(t, g.Survivor)}}
	for _, r := range group {
		if r == g.Survivor {
			continue
		}
		s.Losers = append(s.Losers, t.ID(r))
		s.Guards = append(s.Guards, Guard{ID: t.ID(r), Hash: Fingerprint(t, r)})
	}
	s.Cluster = IDOf(append([]string{s.Survivor}, s.Losers...))
	for _, v := range g.Values {
		if change, ok := changed(t, g.Survivor, v); ok {
			s.Changes = append(s.Changes, change)
		}
	}
	in := make(map[contact.Row]bool, len(group))
	for _, r := range group {
		in[r] = true
	}
	for _, i := range c.Edges {
		if e := &o.Edges[i]; in[e.A] && in[e.B] {
			s.Evidence = append(s.Evidence, Evidence{A: t.ID(e.A), B: t.ID(e.B), Reasons: e.Reasons.Names(), Weight: rounded(e.Weight)})
		}
	}
	return s
}

// changed is the change that gives the survivor a golden value. Keys and times stay what the database made them.
func changed(t *contact.Table, survivor contact.Row, v Value) (Change, bool) {
	col := t.Columns()[v.Column]
	switch col.Field {
	case contact.FieldID, contact.FieldTenant, contact.FieldCreatedAt, contact.FieldUpdatedAt:
		return Change{}, false
	}
	if now, ok := t.Raw(v.Column, survivor); ok != v.Null && now == v.Text {
		return Change{}, false
	}
	c := Change{Column: col.Name, From: t.ID(v.From), Rule: v.Rule}
	if !v.Null {
		c.Value = &v.Text
	}
	return c, true
}

// Fingerprint is the GuardHash of a contact as it was read: its raw columns in layout order, and its rows of the identities table.
func Fingerprint(t *contact.Table, r contact.Row) string {
	var g guard
	for i := range t.Columns() {
		g.column(t.Raw(i, r))
	}
	var ids []string
	for _, id := range t.Identities(r) {
		if id.Column == -1 {
			ids = append(ids, t.RawIdentity(id))
		}
	}
	return g.sum(ids)
}

// rounded makes a weight readable and fit for JSON, which knows neither infinity nor not-a-number.
func rounded(w float32) float64 {
	x := float64(w)
	switch {
	case math.IsNaN(x):
		return 0
	case math.IsInf(x, 0):
		return math.Copysign(math.MaxFloat32, x)
	}
	return math.Round(x*1e4) / 1e4
}
