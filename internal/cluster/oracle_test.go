package cluster_test

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/scoring"
)

type scene struct {
	n     int
	max   int
	prior float64
	edges []scoring.Edge
	judge objections
}

func drawScene(t *rapid.T) scene {
	s := scene{n: rapid.IntRange(2, 12).Draw(t, "n"), max: rapid.IntRange(2, 6).Draw(t, "max"), judge: objections{}}
	s.prior = rapid.SampledFrom([]float64{0, -3}).Draw(t, "prior")
	density := rapid.IntRange(1, 6).Draw(t, "density")
	for a := range s.n {
		for b := a + 1; b < s.n; b++ {
			pair := [2]contact.Row{contact.Row(a), contact.Row(b)}
			if rapid.IntRange(0, 9).Draw(t, "edge") < density {
				// Few distinct weights, so that ties are common.
				w := float32(rapid.IntRange(-2, 3).Draw(t, "weight"))
				e := edge(pair[0], pair[1], scoring.Decision(rapid.IntRange(0, 3).Draw(t, "decision")), w)
				e.Reasons |= rapid.SampledFrom([]scoring.Reasons{scoring.ModelMatch, scoring.NameTypo, scoring.NameTypo, scoring.NameNickname, scoring.NameMissing}).Draw(t, "name")
				s.edges = append(s.edges, e)
			}
			switch rapid.IntRange(0, 19).Draw(t, "objection") {
			case 0:
				s.judge[pair] = cluster.Judgement{Veto: scoring.SSOConflict}
			case 1:
				s.judge[pair] = cluster.Judgement{Contradiction: scoring.FirstNameMismatch, Weight: float64(rapid.IntRange(-6, 8).Draw(t, "against"))}
			case 2:
				s.judge[pair] = cluster.Judgement{Contradiction: scoring.LastNameMismatch}
			case 3:
				s.judge[pair] = cluster.Judgement{Doubt: scoring.NameNickname}
			}
		}
	}
	return s
}

// naive is the rulebook read literally, on sets of members.
type naive struct {
	scene
	sets   [][]contact.Row
	p      map[[2]contact.Row]float64 // of the pairs that suggestions have brought together
	review [][]contact.Row
	cuts   []int
}

func (s scene) edge(a, b contact.Row) scoring.Edge {
	for _, e := range s.edges {
		if e.A == min(a, b) && e.B == max(a, b) {
			return e
		}
	}
	return scoring.Edge{}
}

func (s scene) decision(a, b contact.Row) scoring.Decision { return s.edge(a, b).Decision }

// reach is everybody who can be reached from start over the edges that count.
func (s scene) reach(start contact.Row, counts func(i int) bool) []contact.Row {
	seen := []contact.Row{start}
	for k := 0; k < len(seen); k++ {
		for i, e := range s.edges {
			for _, next := range [2]contact.Row{e.A, e.B} {
				if counts(i) && (e.A == seen[k] || e.B == seen[k]) && !slices.Contains(seen, next) {
					seen = append(seen, next)
				}
			}
		}
	}
	slices.Sort(seen)
	return seen
}

func (s scene) pairs(rows []contact.Row, bad func(a, b contact.Row) bool) bool {
	for i, a := range rows {
		for _, b := range rows[i+1:] {
			if bad(a, b) {
				return true
			}
		}
	}
	return false
}

func (s scene) solve() naive {
	n := naive{scene: s, p: map[[2]contact.Row]float64{}}
	for r := range s.n {
		set := s.reach(contact.Row(r), func(i int) bool { return s.edges[i].Decision == auto })
		if set[0] != contact.Row(r) {
			continue
		}
		asked := func(a, b contact.Row) bool {
			return s.judge.Compare(a, b).Contradiction != 0 || s.decision(a, b) == review
		}
		conflict := len(set) > 1 && (len(set) > s.max || s.pairs(set, func(a, b contact.Row) bool {
			j := s.judge.Compare(a, b)
			return j.Veto != 0 || asked(a, b) && j.Weight < -4
		}))
		doubt := s.pairs(set, func(a, b contact.Row) bool { return s.judge.Compare(a, b).Doubt != 0 || asked(a, b) })
		switch {
		case conflict:
			n.review = append(n.review, set)
		case doubt:
			n.doubt(set)
			continue
		}
		n.sets = append(n.sets, set)
	}
	n.extend()
	return n
}

// doubt turns a group into single contacts with suggestions between them.
func (n *naive) doubt(set []contact.Row) {
	n.edges = slices.Clone(n.edges)
	for i := range n.edges {
		if e := &n.edges[i]; e.Decision == auto && slices.Contains(set, e.A) {
			e.Decision = suggest
			e.Reasons |= scoring.ClusterConflict
		}
	}
	for _, r := range set {
		n.sets = append(n.sets, []contact.Row{r})
	}
}

func (n *naive) extend() {
	var order []int
	for i, e := range n.edges {
		inReview := slices.ContainsFunc(n.review, func(s []contact.Row) bool { return slices.Contains(s, e.A) && slices.Contains(s, e.B) })
		if e.Decision == suggest && !inReview {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(n.edges[y].Weight, n.edges[x].Weight) })
	of := func(r contact.Row) int {
		return slices.IndexFunc(n.sets, func(s []contact.Row) bool { return slices.Contains(s, r) })
	}
	for range 3 {
		for _, i := range order {
			x, y := of(n.edges[i].A), of(n.edges[i].B)
			if x == y {
				continue
			}
			both := slices.Sorted(slices.Values(append(slices.Clone(n.sets[x]), n.sets[y]...)))
			inReview := slices.ContainsFunc(n.review, func(s []contact.Row) bool { return slices.Contains(both, s[0]) })
			if inReview || len(both) > n.max || n.pairs(both, func(a, b contact.Row) bool { return n.apart(a, b, both) }) || !n.likely(n.sets[x], n.sets[y]) {
				continue
			}
			n.sets[x] = both
			n.sets = slices.Delete(n.sets, y, y+1)
		}
	}
	for _, i := range order {
		if of(n.edges[i].A) != of(n.edges[i].B) {
			n.cuts = append(n.cuts, i)
		}
	}
	slices.Sort(n.cuts)
}

// apart reports whether two contacts must not be in one suggested cluster of the given members.
func (s scene) apart(a, b contact.Row, members []contact.Row) bool {
	j := s.judge.Compare(a, b)
	if j.Veto != 0 || !s.question(a, b) {
		return j.Veto != 0
	}
	return j.Weight < -4 || !s.leads(a, b, members, false) && (j.Weight < 7 || !s.named(a, b, members))
}

func (s scene) question(a, b contact.Row) bool {
	switch s.decision(a, b) {
	case review:
		return true
	case scoring.NoMatch:
		return s.judge.Compare(a, b).Contradiction == scoring.FirstNameMismatch
	}
	return false
}

// leads tries all paths from a to b among members over spellings of a name, and at most one nickname.
func (s scene) leads(a, b contact.Row, members []contact.Row, nickname bool) bool {
	if a == b {
		return true
	}
	rest := slices.DeleteFunc(slices.Clone(members), func(r contact.Row) bool { return r == a })
	return slices.ContainsFunc(rest, func(next contact.Row) bool {
		e := s.edge(a, next)
		switch {
		case e.Decision < suggest || e.Weight < 0:
			return false
		case e.Reasons.Has(scoring.NameTypo):
			return s.leads(next, b, rest, nickname)
		}
		return e.Reasons.Has(scoring.NameNickname) && !nickname && s.leads(next, b, rest, true)
	})
}

// named tries all paths from a to b among members who have names in full.
func (s scene) named(a, b contact.Row, members []contact.Row) bool {
	rest := slices.DeleteFunc(slices.Clone(members), func(r contact.Row) bool { return r == a })
	return a == b || slices.ContainsFunc(rest, func(next contact.Row) bool {
		e := s.edge(a, next)
		return e.Decision >= suggest && e.Weight >= 0 && !e.Reasons.Has(scoring.NameNickname|scoring.NameMissing) && s.named(next, b, rest)
	})
}

// likely reports whether the pairs of two sets are worth joining them, and notes their probabilities if so.
func (n *naive) likely(xs, ys []contact.Row) bool {
	known := func(a, b contact.Row) float64 {
		if p, ok := n.p[[2]contact.Row{a, b}]; ok {
			return p
		}
		return 1 // a group, or one contact
	}
	found, gain := map[[2]contact.Row]float64{}, 0.0
	for _, a := range xs {
		for _, b := range ys {
			best := 0.0
			for _, x := range xs {
				for _, y := range ys {
					if e := n.edge(x, y); e.Decision >= suggest {
						w := max(1, float64(e.Weight))
						switch {
						case e.Reasons.Has(scoring.ClusterConflict):
							w = max(scoring.WeightOf(.95), w)
						case e.Reasons.Has(scoring.ModelMatch):
							w = max(0, float64(e.Weight))
						}
						best = max(best, known(a, x)*scoring.Probability(w)*known(y, b))
					}
				}
			}
			if j := n.judge.Compare(a, b); n.decision(a, b) < suggest && n.prior != 0 && j.Weight < n.prior {
				odds := best / (1 - best) * math.Exp2(max(-10, j.Weight-n.prior))
				best = odds / (1 + odds)
			}
			found[[2]contact.Row{a, b}], found[[2]contact.Row{b, a}] = best, best
			gain += best - .48
		}
	}
	if gain < -1e-9 {
		return false
	}
	maps.Copy(n.p, found)
	return true
}

func (n *naive) shape() []string {
	var out []string
	slices.SortFunc(n.sets, func(x, y []contact.Row) int { return cmp.Compare(x[0], y[0]) })
	for _, set := range n.sets {
		if len(set) < 2 {
			continue
		}
		decision, groups := suggest, [][]contact.Row(nil)
		for _, r := range set {
			g := n.reach(r, func(i int) bool { return n.edges[i].Decision == auto })
			if len(g) > 1 && g[0] == r {
				groups = append(groups, g)
			}
		}
		switch {
		case slices.ContainsFunc(n.review, func(s []contact.Row) bool { return s[0] == set[0] }):
			decision, groups = review, nil
		case len(groups) == 1 && len(groups[0]) == len(set):
			decision = auto
		}
		out = append(out, fmt.Sprint(set, " ", decision, " ", groups))
	}
	return out
}

func TestBuildAgainstOracle(t *testing.T) {
	tables := map[int]*contact.Table{}
	for n := 2; n <= 12; n++ {
		tables[n] = plain(t, n)
	}
	rapid.Check(t, func(t *rapid.T) {
		s := drawScene(t)
		in := cluster.Input{Table: tables[s.n], Edges: s.edges, Judge: s.judge, Prior: s.prior, Config: cluster.Config{MaxMembers: s.max}}
		got := cluster.Build(in)
		want := s.solve()
		if diff := gocmp.Diff(want.shape(), shape(got.Clusters)); diff != "" {
			t.Fatalf("clusters (-want +got):\n%s", diff)
		}
		var cuts []int
		for _, c := range got.Cuts {
			cuts = append(cuts, c.Edge)
		}
		if diff := gocmp.Diff(want.cuts, cuts); diff != "" {
			t.Fatalf("cuts (-want +got):\n%s", diff)
		}
		checkInvariants(t, s, got)
		checkBridges(t, s, got)
		checkCuts(t, s, got)

		in.Edges = rapid.Permutation(s.edges).Draw(t, "shuffled")
		if diff := gocmp.Diff(got, cluster.Build(in), gocmp.AllowUnexported(cluster.Result{})); diff != "" {
			t.Fatalf("the order of the edges matters (-sorted +shuffled):\n%s", diff)
		}
	})
}

// checkInvariants are the promises that hold whatever the clusters are.
func checkInvariants(t *rapid.T, s scene, got cluster.Result) {
	of := map[contact.Row]int{}
	for k, c := range got.Clusters {
		for _, r := range c.Members {
			if other, twice := of[r]; twice {
				t.Fatalf("contact %d is in clusters %d and %d", r, other, k)
			}
			of[r] = k
		}
		if !slices.Contains(c.Members, c.Survivor) {
			t.Fatalf("survivor %d of cluster %v is no member", c.Survivor, c.Members)
		}
		if c.Decision != review {
			checkQuestions(t, s, got, c)
		}
		checkSplit(t, s, c)
		if whole := s.reach(c.Members[0], func(i int) bool { return got.Edges[i].Decision >= suggest || c.Decision == review }); !contains(whole, c.Members) {
			t.Fatalf("cluster %v has members that no edges join: %v are", c.Members, whole)
		}
		for _, g := range c.Auto {
			if s.pairs(g, func(a, b contact.Row) bool { return s.judge.Compare(a, b) != cluster.Judgement{} }) {
				t.Fatalf("auto-merge group %v has members that contradict each other", g)
			}
		}
	}
	for i, e := range got.Edges {
		x, inX := of[e.A]
		y, inY := of[e.B]
		inside := inX && inY && x == y && e.Decision != scoring.NoMatch
		if listed := inX && slices.Contains(got.Clusters[x].Edges, i); inside != listed {
			t.Fatalf("edge %d-%d lies in a cluster: %v, is listed there: %v", e.A, e.B, inside, listed)
		}
		if e.Decision == auto && !inside {
			t.Fatalf("auto_merge edge %d-%d leaves its cluster", e.A, e.B)
		}
		cut := slices.ContainsFunc(got.Cuts, func(c cluster.Cut) bool { return c.Edge == i })
		if e.Decision == suggest && inside == cut {
			t.Fatalf("suggest edge %d-%d is inside: %v, cut: %v", e.A, e.B, inside, cut)
		}
	}
}

func contains(all, some []contact.Row) bool {
	return !slices.ContainsFunc(some, func(r contact.Row) bool { return !slices.Contains(all, r) })
}

// checkQuestions looks whether the doubts of a suggested cluster are exactly the questions between its members, and all of them answered.
func checkQuestions(t *rapid.T, s scene, got cluster.Result, c cluster.Cluster) {
	s.edges = got.Edges
	if s.pairs(c.Members, func(a, b contact.Row) bool { return s.apart(a, b, c.Members) }) {
		t.Fatalf("cluster %v has members that must not be in one", c.Members)
	}
	s.pairs(c.Members, func(a, b contact.Row) bool {
		listed := slices.ContainsFunc(c.Doubts, func(d cluster.Doubt) bool { return d.A == a && d.B == b && d.Reasons == scoring.FirstNameMismatch })
		if asked := s.question(a, b); asked != listed {
			t.Fatalf("cluster %v: %d and %d are a question: %v, listed as a doubt: %v", c.Members, a, b, asked, listed)
		}
		return false
	})
	if !slices.IsSortedFunc(c.Doubts, func(x, y cluster.Doubt) int { return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B)) }) {
		t.Fatalf("doubts %v are out of order", c.Doubts)
	}
}

// checkSplit looks whether the alternative split parts the members in two, and no group that merges by itself.
func checkSplit(t *rapid.T, s scene, c cluster.Cluster) {
	switch {
	case c.Decision == auto, c.Conflict != nil && c.Conflict.Reasons == scoring.ClusterTooLarge:
		if c.Split != nil || c.SplitProbability != 0 {
			t.Fatalf("cluster %v has a split: %v", c.Members, c.Split)
		}
		return
	case len(c.Split) != 2 || len(c.Split[0]) == 0 || len(c.Split[1]) == 0 || c.Split[0][0] != c.Members[0]:
		t.Fatalf("cluster %v is not split in two: %v", c.Members, c.Split)
	}
	if both := slices.Sorted(slices.Values(slices.Concat(c.Split...))); !slices.Equal(both, c.Members) {
		t.Fatalf("split %v has not the members %v", c.Split, c.Members)
	}
	for _, g := range c.Auto {
		if !contains(c.Split[0], g) && !contains(c.Split[1], g) {
			t.Fatalf("split %v parts group %v", c.Split, g)
		}
	}
	for _, part := range c.Split {
		if !slices.IsSorted(part) {
			t.Fatalf("split %v is out of order", c.Split)
		}
		if c.Conflict != nil && slices.Contains(part, c.Conflict.A) && slices.Contains(part, c.Conflict.B) {
			t.Fatalf("split %v does not part %d and %d", c.Split, c.Conflict.A, c.Conflict.B)
		}
	}
	for _, p := range []float64{c.SplitProbability, c.Confidence} {
		if !(p >= 0 && p <= 1) {
			t.Fatalf("cluster %v: confidence %v, split %v are no probabilities", c.Members, c.Confidence, c.SplitProbability)
		}
	}
}

// checkBridges removes every edge in turn to see which are bridges, and looks for the bottleneck of a conflict by trying all weights.
func checkBridges(t *rapid.T, s scene, got cluster.Result) {
	for _, c := range got.Clusters {
		want := -1
		holds := func(k int) bool {
			return slices.Contains(c.Edges, k) && (c.Decision == review || got.Edges[k].Decision > review)
		}
		for _, i := range c.Edges {
			if !holds(i) {
				continue
			}
			rest := s.reach(c.Members[0], func(k int) bool { return k != i && holds(k) })
			if len(rest) < len(c.Members) && (want < 0 || s.edges[i].Weight < s.edges[want].Weight) {
				want = i
			}
		}
		if c.Weakest != want {
			t.Fatalf("weakest bridge of %v is edge %d, want %d", c.Members, c.Weakest, want)
		}
		if c.Conflict == nil || c.Conflict.Bridge < 0 {
			continue
		}
		var bottleneck float32 = -99
		for _, i := range c.Edges {
			w := s.edges[i].Weight
			strong := s.reach(c.Conflict.A, func(k int) bool { return s.edges[k].Decision == auto && s.edges[k].Weight >= w })
			if s.edges[i].Decision == auto && slices.Contains(strong, c.Conflict.B) {
				bottleneck = max(bottleneck, w)
			}
		}
		if w := s.edges[c.Conflict.Bridge].Weight; w != bottleneck {
			t.Fatalf("conflict %v: bridge has weight %v, want %v", *c.Conflict, w, bottleneck)
		}
	}
}

func TestClusterIDsDoNotDependOnOthers(t *testing.T) {
	judge := objections{}
	small := cluster.Build(cluster.Input{Table: plain(t, 3), Edges: []scoring.Edge{edge(1, 2, auto, 1)}, Judge: judge})
	large := cluster.Build(cluster.Input{
		Table: plain(t, 12), Edges: []scoring.Edge{edge(1, 2, auto, 1), edge(4, 11, suggest, 1)}, Judge: judge,
	})
	if small.Clusters[0].ID != large.Clusters[0].ID {
		t.Errorf("contacts 2 and 3 have id %s alone, %s among others", small.Clusters[0].ID, large.Clusters[0].ID)
	}
	if large.Clusters[0].ID == large.Clusters[1].ID {
		t.Error("different clusters have the same id")
	}
}

// checkCuts looks whether every cut names two contacts that must not meet, one on each side of the edge.
func checkCuts(t *rapid.T, s scene, got cluster.Result) {
	with := func(r contact.Row) []contact.Row {
		for _, c := range got.Clusters {
			if slices.Contains(c.Members, r) {
				return c.Members
			}
		}
		return []contact.Row{r}
	}
	for _, c := range got.Cuts {
		e := got.Edges[c.Edge]
		x, y := with(e.A), with(e.B)
		apart := slices.Contains(x, c.A) && slices.Contains(y, c.B) || slices.Contains(x, c.B) && slices.Contains(y, c.A)
		switch {
		case c.Reasons.Has(scoring.ClusterConflict): // the group on one side is in review by itself
		case c.Reasons == scoring.ClusterTooLarge:
			if len(x)+len(y) <= s.max {
				t.Fatalf("cut %+v between %v and %v, which together are not too large", c, x, y)
			}
		case c.Reasons == scoring.ModelBelowThreshold && apart:
		case !apart || !s.apart(c.A, c.B, append(slices.Clone(x), y...)) || c.Reasons == 0:
			t.Fatalf("cut %+v between %v and %v names no two contacts that must stay apart", c, x, y)
		}
	}
}
