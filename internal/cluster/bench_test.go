package cluster_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/scoring"
)

// noObjection is the cheapest Judge, so that what is measured is this package.
type noObjection struct{}

func (noObjection) Compare(_, _ contact.Row) cluster.Judgement { return cluster.Judgement{} }

// benchEdges are n edges between n contacts, mostly near each other in pairs and short chains, a third of them of each decision.
func benchEdges(n int) []scoring.Edge {
	dice := rand.New(rand.NewPCG(1, 2))
	edges := make([]scoring.Edge, 0, n)
	for a := range n - 8 {
		b := a + 1 + dice.IntN(7)
		edges = append(edges, edge(contact.Row(a), contact.Row(b), scoring.Decision(1+dice.IntN(3)), dice.Float32()*20))
	}
	return edges
}

func BenchmarkBuild(b *testing.B) {
	for _, n := range []int{10_000, 1_000_000} {
		b.Run("rows="+strconv.Itoa(n), func(b *testing.B) {
			table, edges := plain(b, n), benchEdges(n)
			b.ReportAllocs()
			clusters := 0
			for b.Loop() {
				r := cluster.Build(cluster.Input{Table: table, Edges: edges, Judge: noObjection{}})
				clusters = len(r.Clusters)
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "edges/s")
			b.ReportMetric(float64(clusters), "clusters")
		})
	}
}

func BenchmarkGoldenAndPlan(b *testing.B) {
	const n = 20_000
	rows := make([]cells, n)
	var edges []scoring.Edge
	for i := range rows {
		k := strconv.Itoa(i / 2)
		rows[i] = cells{"id": strconv.Itoa(i + 1), "first": "Ann", "email": "a" + k + "@x", "updated": strconv.Itoa(i), "+": "phone:" + k}
		if i%2 == 1 {
			edges = append(edges, edge(contact.Row(i-1), contact.Row(i), scoring.AutoMerge, 9))
		}
	}
	table := newTable(b, rows...)
	r := cluster.Build(cluster.Input{Table: table, Edges: edges, Judge: noObjection{}})
	o := &cluster.Outcome{Table: table, Edges: r.Edges, Clusters: r.Clusters}
	b.ReportAllocs()
	for b.Loop() {
		o.Golden = cluster.NewMerger(table, cluster.Config{}).Goldens(o.Clusters)
		o.Plan = cluster.MakePlan(o, cluster.Config{}, "bench", "")
	}
	b.ReportMetric(float64(len(o.Clusters))*float64(b.N)/b.Elapsed().Seconds(), "clusters/s")
}

// BenchmarkBuildPeople is the usual shape: a million contacts, a third of them in clusters of two to five, all pairs of most clusters found.
func BenchmarkBuildPeople(b *testing.B) {
	const n = 1_000_000
	dice := rand.New(rand.NewPCG(3, 4))
	var edges []scoring.Edge
	for first := 0; first < n-8; first += 8 {
		size := 2 + dice.IntN(4)
		for a := range size {
			for c := a + 1; c < size; c++ {
				if c == a+1 || dice.IntN(2) == 0 {
					edges = append(edges, edge(contact.Row(first+a), contact.Row(first+c), scoring.Decision(1+dice.IntN(3)), dice.Float32()*20))
				}
			}
		}
	}
	table := plain(b, n)
	b.ReportAllocs()
	clusters := 0
	for b.Loop() {
		clusters = len(cluster.Build(cluster.Input{Table: table, Edges: edges, Judge: noObjection{}, Prior: -15}).Clusters)
	}
	b.ReportMetric(float64(clusters), "clusters")
}

// BenchmarkBuildChain is the worst shape: one chain of suggestions through all contacts.
func BenchmarkBuildChain(b *testing.B) {
	for _, d := range []scoring.Decision{scoring.Suggest, scoring.AutoMerge} {
		b.Run(fmt.Sprint(d), func(b *testing.B) {
			const n = 200_000
			table := plain(b, n)
			edges := make([]scoring.Edge, n-1)
			for i := range edges {
				edges[i] = edge(contact.Row(i), contact.Row(i+1), d, float32(i))
			}
			b.ReportAllocs()
			for b.Loop() {
				cluster.Build(cluster.Input{Table: table, Edges: edges, Judge: noObjection{}})
			}
		})
	}
}
