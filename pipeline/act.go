package pipeline

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"sync"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/run"
	"github.com/contactmerge/contactmerge/scoring"
)

// judge lets the cluster room ask the scorer about any two contacts.
type judge struct{ w *scoring.Worker }

func (j judge) Compare(a, b contact.Row) cluster.Judgement {
	veto, contradiction, doubt, weight := j.w.Against(a, b)
	return cluster.Judgement{Veto: veto, Contradiction: contradiction, Doubt: doubt, Weight: weight}
}

// act turns edges into clusters, golden records and the plan.
func (r *runner) act(_ context.Context, t *contact.Table, m *matched, rejects []contact.Reject) *cluster.Outcome {
	r.stage("cluster and plan", int64(len(m.edges)), "edges")
	built := cluster.Build(cluster.Input{Table: t, Edges: m.edges, Judge: judge{m.scorer.Worker()}, Prior: m.scorer.Model().Prior, Config: r.cfg.Clusters})
	o := &cluster.Outcome{
		Table: t, Edges: built.Edges, Rules: m.rules, Shared: m.shared.Values(), Clusters: built.Clusters, Cuts: built.Cuts,
		Rejects: rejects, Model: m.scorer.Model(), Explain: explainer(m, built.Edges),
	}
	if t.Sides() > 1 { // records are linked to contacts, and nothing is merged
		o.Plan = &cluster.Plan{Format: cluster.PlanFormat, Source: r.rec.Source, Config: r.rec.Config, Steps: []cluster.Step{}}
	} else {
		o.Golden = cluster.NewMerger(t, r.cfg.Clusters).Goldens(o.Clusters)
		o.Plan = cluster.MakePlan(o, r.cfg.Clusters, r.rec.Source, r.rec.Config)
	}
	r.endStage(int64(len(o.Edges)))
	return o
}

// explainer explains pairs one at a time with one worker, whose caches are not worth having per call. A pair whose decision the clusters
// changed is explained with the decision that stands.
func explainer(m *matched, edges []scoring.Edge) func(a, b contact.Row) scoring.Explanation {
	w, mu, names := m.scorer.Worker(), sync.Mutex{}, m.blocks.RuleNames()
	return func(a, b contact.Row) scoring.Explanation {
		mu.Lock()
		defer mu.Unlock()
		a, b = min(a, b), max(a, b)
		e := w.Explain(a, b, m.blocks.Rules(a, b), names)
		i, ok := slices.BinarySearchFunc(edges, [2]contact.Row{a, b}, func(x scoring.Edge, k [2]contact.Row) int {
			return cmp.Or(cmp.Compare(x.A, k[0]), cmp.Compare(x.B, k[1]))
		})
		if ok && edges[i].Decision != e.Decision {
			e.Decision, e.Reasons = edges[i].Decision, edges[i].Reasons.Names()
			e.Rung += "; then its cluster: other members contradict each other, or it is too large"
		}
		return e
	}
}

// count fills the record from the outcome.
func (r *runner) count(o *cluster.Outcome) {
	c := &r.rec.Counts
	c.Contacts, c.Identities = int64(o.Table.Len()), int64(o.Table.IdentityCount())
	for _, e := range o.Edges {
		switch e.Decision {
		case scoring.AutoMerge:
			c.AutoMerge++
		case scoring.Suggest:
			c.Suggest++
		case scoring.Review:
			c.Review++
		}
	}
	sizes := map[int]int64{}
	for i := range o.Clusters {
		sizes[len(o.Clusters[i].Members)]++
		c.Clusters++
		switch o.Clusters[i].Decision {
		case scoring.AutoMerge:
			c.AutoClusters++
		case scoring.Suggest:
			c.SuggestCluster++
		case scoring.Review:
			c.ReviewClusters++
		}
	}
	for _, n := range sortedKeys(sizes) {
		r.rec.Sizes = append(r.rec.Sizes, run.Count{Name: strconv.Itoa(n), Count: sizes[n]})
	}
	for _, s := range o.Plan.Steps {
		c.MergeSteps++
		c.MergeLosers += int64(len(s.Losers))
	}
	c.SharedValues = int64(len(o.Shared))
	r.rec.Plan = o.Plan.ID
	r.rec.Rules = o.Rules
	r.countRejects(o.Rejects)
	r.countIdentities(o.Table)
}

func (r *runner) countRejects(rejects []contact.Reject) {
	reasons := map[string]int64{}
	for _, x := range rejects {
		reasons[x.Reason]++
		if x.Scope == contact.ScopeRow {
			r.rec.Counts.Rejected++
		} else {
			r.rec.Counts.RejectedValues++
		}
	}
	r.rec.Rejected = counts(reasons)
}

func (r *runner) countIdentities(t *contact.Table) {
	channels, unusable := map[string]int64{}, map[string]int64{}
	for row := range t.Len() {
		for _, id := range t.Identities(contact.Row(row)) {
			channels[string(t.Channel(id))]++
			if id.Status != contact.StatusOK {
				unusable[id.Status.String()]++
			}
		}
	}
	r.rec.Identities, r.rec.Unusable = counts(channels), counts(unusable)
}

func counts(m map[string]int64) []run.Count {
	out := make([]run.Count, 0, len(m))
	for _, k := range sortedKeys(m) {
		out = append(out, run.Count{Name: k, Count: m[k]})
	}
	return out
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	out := make([]K, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
