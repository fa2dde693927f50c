package cluster

import (
	"math"
	"slices"
	"strings"

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
			p.Steps = append(p.Steps, stepOf(o.Table, group, g, evidence(o, c, group)))
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

// Step merges the contacts of rows into the one of them that should survive. evidence says why they are one person.
func (m *Merger) Step(rows []contact.Row, evidence []Evidence) Step {
	return stepOf(m.table, rows, m.Golden("", rows), evidence)
}

// stepOf merges a group into the survivor of its golden record.
func stepOf(t *contact.Table, group []contact.Row, g Golden, evidence []Evidence) Step {
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
	s.Evidence = append(s.Evidence, evidence...)
	return s
}

// evidence lists the edges of a cluster inside a group of its members.
func evidence(o *Outcome, c *Cluster, group []contact.Row) []Evidence {
	in := make(map[contact.Row]bool, len(group))
	for _, r := range group {
		in[r] = true
	}
	var out []Evidence
	for _, i := range c.Edges {
		if e := &o.Edges[i]; in[e.A] && in[e.B] {
			out = append(out, Evidence{A: o.Table.ID(e.A), B: o.Table.ID(e.B), Reasons: e.Reasons.Names(), Weight: rounded(e.Weight)})
		}
	}
	return out
}

// PlanOf makes a plan of steps that were made one at a time, ordered by the ids of their survivors. source and fingerprint are as in MakePlan.
func PlanOf(steps []Step, source, fingerprint string) *Plan {
	p := &Plan{Format: PlanFormat, Source: source, Config: fingerprint, Steps: append([]Step{}, steps...)}
	slices.SortFunc(p.Steps, func(x, y Step) int { return strings.Compare(x.Survivor, y.Survivor) })
	p.ID = p.Hash()
	return p
}

// Without is the plan without the steps that touch a contact which is taken, and how many these are. When there are none it is the plan itself.
func (p *Plan) Without(taken func(id string) bool) (*Plan, int) {
	c := *p
	c.Steps = make([]Step, 0, len(p.Steps))
	for i := range p.Steps {
		if s := &p.Steps[i]; !taken(s.Survivor) && !slices.ContainsFunc(s.Losers, taken) {
			c.Steps = append(c.Steps, *s)
		}
	}
	left := len(p.Steps) - len(c.Steps)
	if left == 0 {
		return p, 0
	}
	c.ID = c.Hash()
	return &c, left
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
