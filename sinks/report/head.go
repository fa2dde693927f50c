package report

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/run"
	"github.com/contactmerge/contactmerge/scoring"
)

// head is what a person reads in ten seconds.
type head struct {
	Title    string // in front of the source
	Source   string
	Against  string // what it is linked to, "" where nothing is
	Run      string
	Started  string
	Took     string
	Version  string
	Sentence string
	Expected string // the estimate in one sentence
	Tiles    []tile
	Alarms   []string // tripped breakers, failures: nothing was merged because of them
	Warnings []string
}

type tile struct {
	Class string
	Value string
	Label string
	Note  string
}

// fact is a name and a value of the run.
type fact struct{ Name, Value string }

func newHead(o *cluster.Outcome, r *run.Record, open int) head {
	return head{
		Title: "Duplicate contacts in ", Source: r.Source, Run: r.ID, Started: stamp(r.Started), Took: seconds(r.Seconds), Version: r.Version,
		Sentence: sentence(o, r), Expected: sentenceOf(expectedLine(r)), Tiles: tiles(o, r, open), Alarms: alarms(r), Warnings: r.Warnings,
	}
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format("2 January 2006, 15:04 MST")
}

// sentence sums the run up.
func sentence(o *cluster.Outcome, r *run.Record) string {
	in := clustered(o)
	if len(o.Clusters) == 0 {
		return fmt.Sprintf("Among %s no two are the same person.", count(r.Counts.Contacts, "contact", "contacts"))
	}
	s := fmt.Sprintf("Of %s, %s look like %s.", count(r.Counts.Contacts, "contact", "contacts"), number(in), count(len(o.Clusters), "person", "people"))
	if r.Counts.MergeSteps > 0 {
		s += fmt.Sprintf(" %s can be merged without a question, which removes %s.",
			upperFirst(count(r.Counts.MergeSteps, "group", "groups")), count(r.Counts.MergeLosers, "duplicate", "duplicates"))
	}
	return s
}

// sentenceOf makes a phrase a sentence; nothing stays nothing.
func sentenceOf(s string) string {
	if s == "" {
		return ""
	}
	return upperFirst(s) + "."
}

func upperFirst(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError {
		return s
	}
	return string(unicode.ToUpper(r)) + s[size:]
}

// clustered counts the contacts that are in a cluster.
func clustered(o *cluster.Outcome) int64 {
	n := int64(0)
	for i := range o.Clusters {
		n += int64(len(o.Clusters[i].Members))
	}
	return n
}

// tiles takes the number of review pairs that are not inside a cluster.
func tiles(o *cluster.Outcome, r *run.Record, open int) []tile {
	c := r.Counts
	return []tile{
		{"", number(c.Contacts), "contacts read", count(c.Identities, "identity", "identities")},
		{"", number(c.Clusters), "people found more than once", count(clustered(o), "contact", "contacts")},
		{"auto", number(c.MergeSteps), "ready to merge", count(c.MergeLosers, "duplicate goes away", "duplicates go away")},
		{"suggest", number(c.SuggestCluster), "for the data team", "suggested clusters to confirm"},
		{"review", number(c.ReviewClusters), "for supervisors", "contradictory clusters, and " + count(open, "open pair", "open pairs")},
		{"reject", number(c.Rejected), "rows could not be used", count(c.RejectedValues, "single value set aside", "single values set aside")},
	}
}

// reviewEdges are the pairs for a supervisor that are not inside one cluster.
func reviewEdges(o *cluster.Outcome, clusterOf []int32) []int {
	var out []int
	for i := range o.Edges {
		e := &o.Edges[i]
		if e.Decision == scoring.Review && (clusterOf[e.A] < 0 || clusterOf[e.A] != clusterOf[e.B]) {
			out = append(out, i)
		}
	}
	return out
}

func alarms(r *run.Record) []string {
	var out []string
	if r.State == run.Failed || r.State == run.Abandoned {
		out = append(out, "The run did not finish: "+visible(r.Error))
	}
	for _, b := range r.Breakers {
		if b.Tripped {
			out = append(out, fmt.Sprintf("Circuit breaker %s tripped: %s is over the limit of %s. Suggestions were written, nothing was merged.",
				breakerName(b), plainNumber(b.Value), plainNumber(b.Limit)))
		}
	}
	return out
}

func breakerName(b run.Breaker) string { return visible(strings.ReplaceAll(b.Name, "_", " ")) }

// plainNumber writes a limit: whole numbers whole, shares with their decimals.
func plainNumber(v float64) string {
	if v == float64(int64(v)) {
		return number(int64(v))
	}
	return strings.TrimRight(fixed(v, 4), "0")
}

func newFacts(r *run.Record) []fact {
	facts := []fact{
		{"Run", r.ID},
		{"State", string(r.State)},
		{"Source", r.Source},
		{"Started", stamp(r.Started)},
		{"Ended", stamp(r.Ended)},
		{"contactmerge", r.Version},
		{"Go", r.Go},
		{"Workers", number(int64(r.Workers))},
		{"Peak memory", bytesText(r.PeakMemory)},
		{"Threshold", "match weight " + signed(r.Threshold)},
		{"Configuration", r.Config},
		{"Model", r.Model},
		{"Input", r.Input},
	}
	for _, b := range r.Breakers {
		state := "held"
		if b.Tripped {
			state = "tripped"
		}
		facts = append(facts, fact{"Breaker " + breakerName(b), plainNumber(b.Value) + " of " + plainNumber(b.Limit) + ", " + state})
	}
	out := facts[:0]
	for _, f := range facts {
		if f.Value != "" {
			out = append(out, fact{f.Name, visible(f.Value)})
		}
	}
	return out
}
