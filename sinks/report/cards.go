package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/scoring"
)

// clusterGroup is the clusters of one decision.
type clusterGroup struct {
	ID, Class, Title, Lead string
	Total                  string
	Cards                  []clusterCard
	More                   string
}

// clusterCard is one cluster side by side.
type clusterCard struct {
	Class, Title, ID string
	Lead             string // what happens and why
	Sure             string // how much of it is expected to be right
	Weakest          string
	Split            *split
	Doubts           []string
	Table            comparison
	Edges            []edgeRow
	MoreEdges        string
	Fall             *waterfall // of the pair the cluster stands or falls with
}

type edgeRow struct {
	A, B     string
	Class    string
	Decision string
	Weight   string
	Key      string
	Reasons  []reasonChip
	Weakest  bool
}

type reasonChip struct{ Class, Sign, Say, Text string }

func chips(r scoring.Reasons) []reasonChip {
	var out []reasonChip
	for _, x := range reasonsOf(r) {
		out = append(out, reasonChip{x.side.class(), x.side.sign(), x.side.word(), x.text})
	}
	return out
}

// newGroups picks the clusters to draw. Each decision gets a third of the room; what one leaves free the next may use.
func newGroups(p page) []clusterGroup {
	var by [4][]int
	for i := range p.out.Clusters {
		d := p.out.Clusters[i].Decision
		by[d] = append(by[d], i)
	}
	room, v := p.cfg.MaxHTMLClusters, p.voice()
	var out []clusterGroup
	order := []scoring.Decision{scoring.Review, scoring.AutoMerge, scoring.Suggest} // the short lists first, so that suggestions get the rest
	for i, d := range order {
		n := min(room/(len(order)-i), len(by[d]))
		room -= n
		g := clusterGroup{ID: decisionClass(d), Class: decisionClass(d), Title: v.groupTitle(d), Lead: v.groupLead(d), Total: count(len(by[d]), v.group[0], v.group[1])}
		for _, c := range variety(p.out, by[d])[:n] {
			g.Cards = append(g.Cards, newCard(p, c))
		}
		if left := len(by[d]) - n; left > 0 {
			g.More = fmt.Sprintf("%s more in %s", number(int64(left)), v.more)
		}
		if len(by[d]) > 0 {
			out = append(out, g)
		}
	}
	return out
}

// variety orders clusters so that the first ones show one of each kind: clusters held together by the same reasons are one kind, and
// the kinds take turns, largest cluster first. A reader sees the whole range before the hundredth twin.
func variety(o *cluster.Outcome, list []int) []int {
	kinds := map[scoring.Reasons]int{}
	var byKind [][]int
	for _, i := range list {
		all := allReasons(o, &o.Clusters[i])
		k, ok := kinds[all]
		if !ok {
			k = len(byKind)
			kinds[all] = k
			byKind = append(byKind, nil)
		}
		byKind[k] = append(byKind[k], i)
	}
	for _, kind := range byKind {
		slices.SortStableFunc(kind, func(x, y int) int { return cmp.Compare(len(o.Clusters[y].Members), len(o.Clusters[x].Members)) })
	}
	return takeTurns(byKind, len(list))
}

func takeTurns(kinds [][]int, n int) []int {
	out := make([]int, 0, n)
	for turn := 0; len(out) < n; turn++ {
		for _, kind := range kinds {
			if turn < len(kind) {
				out = append(out, kind[turn])
			}
		}
	}
	return out
}

// ofCluster are the reasons that speak of a cluster as a whole.
const ofCluster = scoring.ClusterConflict | scoring.ClusterTooLarge

// maxEdges bounds the list of pairs under a cluster.
const maxEdges = 12

func newCard(p page, i int) clusterCard {
	o := p.out
	c := &o.Clusters[i]
	card := clusterCard{Class: decisionClass(c.Decision), Title: cardTitle(o, c), ID: shortHash(c.ID), Lead: clusterLead(o, c)}
	members := survivorFirst(c)
	more := ""
	if left := len(members) - p.cfg.MaxHTMLMembers; left > 0 {
		members = members[:p.cfg.MaxHTMLMembers]
		more = count(left, "more member is", "more members are") + " in " + p.voice().more + ". "
	}
	var golden *cluster.Golden
	if i < len(o.Golden) && o.Golden[i].Cluster == c.ID {
		golden = &o.Golden[i]
	}
	card.Table = compare(o, members, golden)
	card.Table.More = more + card.Table.More
	for _, m := range members {
		card.Table.Members = append(card.Table.Members, newMember(o, c, m))
	}
	card.Edges, card.MoreEdges = edgeRows(o, c)
	card.Fall = fallOf(p, asked(o, c))
	card.Sure, card.Split, card.Doubts = sure(c), newSplit(o, c), doubtTexts(o, c)
	if e := edgeAt(o, c.Weakest); e != nil && len(c.Members) > 2 {
		card.Weakest = fmt.Sprintf("Weakest bridge: %s – %s at weight %s. Without it the cluster falls in two.",
			shortID(o, e.A), shortID(o, e.B), signed(float64(e.Weight)))
	}
	return card
}

// cardTitle counts who is in a cluster.
func cardTitle(o *cluster.Outcome, c *cluster.Cluster) string {
	if !linking(o) {
		return count(len(c.Members), "contact", "contacts")
	}
	n := [2]int{}
	for _, m := range c.Members {
		n[o.Table.Side(m)]++
	}
	return count(n[contact.Right], "contact", "contacts") + ", " + count(n[contact.Left], "record", "records")
}

// shortHash is the start of a cluster id: enough to find it in clusters.csv.
func shortHash(id string) string {
	if len(id) > 12 && plain(id) {
		return id[:12]
	}
	return visibleCut(id, 12)
}

func shortID(o *cluster.Outcome, r contact.Row) string { return visibleCut(o.Table.ID(r), 40) }

func survivorFirst(c *cluster.Cluster) []contact.Row {
	out := []contact.Row{c.Survivor}
	for _, m := range c.Members {
		if m != c.Survivor {
			out = append(out, m)
		}
	}
	return out
}

func newMember(o *cluster.Outcome, c *cluster.Cluster, r contact.Row) member {
	m := member{ID: shortID(o, r), Tags: flagTags(o.Table.Flags(r))}
	if linking(o) {
		return m // its side stands in front of its id
	}
	if r == c.Survivor {
		m.Stays = voiceOf(o).Stays
	}
	// The group is news only where it is not the whole cluster.
	if g := autoGroup(c, r); g >= 0 && len(c.Auto[g]) < len(c.Members) {
		tag := "auto-merge group"
		if len(c.Auto) > 1 {
			tag = fmt.Sprintf("auto-merge group %d", g+1)
		}
		m.Tags = append(m.Tags, tag)
	}
	return m
}

// clusterLead says what happens and why, by the reasons of the pairs that need a person, or of all pairs when none does.
func clusterLead(o *cluster.Outcome, c *cluster.Cluster) string {
	if c.Decision == scoring.Review {
		if c.Conflict != nil {
			return conflictText(o, c)
		}
		return upperFirst(verdict(scoring.Review, allReasons(o, c))) + "."
	}
	if c.Decision == scoring.AutoMerge && linking(o) {
		return upperFirst(supportText(allReasons(o, c))) + "."
	}
	if c.Decision == scoring.AutoMerge {
		return fmt.Sprintf("Merges into %s: %s.", shortID(o, c.Survivor), supportText(allReasons(o, c)))
	}
	weakest := asked(o, c)
	if weakest == nil {
		return upperFirst(whoDecides(c.Decision)) + "."
	}
	return upperFirst(verdict(weakest.Decision, weakest.Reasons)) + "."
}

// allReasons are the reasons of all pairs of a cluster.
func allReasons(o *cluster.Outcome, c *cluster.Cluster) scoring.Reasons {
	var all scoring.Reasons
	for _, i := range c.Edges {
		if e := edgeAt(o, i); e != nil {
			all |= e.Reasons
		}
	}
	return all
}

func supportText(all scoring.Reasons) string {
	text := ""
	for _, r := range reasonsOf(all) {
		if r.side != support {
			continue
		}
		if text != "" {
			text += ", "
		}
		text += r.text
	}
	if text == "" {
		return "nothing speaks against it"
	}
	return text
}

// conflictText explains a contradiction in one sentence.
func conflictText(o *cluster.Outcome, c *cluster.Cluster) string {
	x := c.Conflict
	if x.Reasons.Has(scoring.ClusterTooLarge) {
		return fmt.Sprintf("%s are more than one person should have, so a supervisor looks first.", upperFirst(cardTitle(o, c)))
	}
	why := ""
	for _, r := range reasonsOf(x.Reasons) {
		if why != "" {
			why += ", "
		}
		why += r.text
	}
	s := fmt.Sprintf("%s and %s %s", shortID(o, x.A), shortID(o, x.B), disagreement(x.Reasons))
	if why != "" {
		s += " (" + why + ")"
	}
	if e := edgeAt(o, x.Bridge); e != nil {
		s += fmt.Sprintf("; they are in one group because of %s – %s (%s): cut that pair to separate them", shortID(o, e.A), shortID(o, e.B), bridgeText(e.Reasons))
	}
	return s + "."
}

// disagreement tells contradictions from evidence that is only too weak: for one person, or for a merge nobody looks at.
func disagreement(r scoring.Reasons) string {
	if r&^ofCluster == scoring.ModelBelowThreshold {
		return "are probably two people"
	}
	if list := reasonsOf(r &^ ofCluster); len(list) > 0 && list[0].side != against {
		return "agree too little to be taken for one person unseen"
	}
	return "contradict each other"
}

// bridgeText names what a pair has in common.
func bridgeText(r scoring.Reasons) string {
	for _, x := range reasonsOf(r) {
		if x.side == support {
			return x.text
		}
	}
	return "weak evidence"
}

// edgeRows lists the pairs inside a cluster, those that need a look first.
func edgeRows(o *cluster.Outcome, c *cluster.Cluster) (rows []edgeRow, more string) {
	var edges []int
	for _, i := range c.Edges {
		if edgeAt(o, i) != nil {
			edges = append(edges, i)
		}
	}
	slices.SortStableFunc(edges, func(x, y int) int {
		return cmp.Or(cmp.Compare(o.Edges[x].Decision, o.Edges[y].Decision), cmp.Compare(o.Edges[x].Weight, o.Edges[y].Weight))
	})
	if len(edges) > maxEdges {
		more = count(len(edges)-maxEdges, "more pair", "more pairs") + " in " + voiceOf(o).pairs
		edges = edges[:maxEdges]
	}
	for _, i := range edges {
		row := newEdgeRow(o, &o.Edges[i])
		row.Reasons = chips(o.Edges[i].Reasons &^ ofCluster) // the card has said so already
		row.Weakest = i == c.Weakest && len(c.Members) > 2
		rows = append(rows, row)
	}
	return rows, more
}

func newEdgeRow(o *cluster.Outcome, e *scoring.Edge) edgeRow {
	return edgeRow{
		A: shortID(o, e.A), B: shortID(o, e.B), Class: decisionClass(e.Decision), Decision: voiceOf(o).decision(e.Decision),
		Weight: signed(float64(e.Weight)), Key: visible(matchKey(e.Rules, o.Rules)), Reasons: chips(e.Reasons),
	}
}

// cutTable is the pairs that were left out of the clusters.
type cutTable struct {
	Rows []cutRow
	More string
}

type cutRow struct {
	A, B, Weight, Why string
	Reasons           []reasonChip
}

func newCuts(o *cluster.Outcome) cutTable {
	const shown = 30
	var out cutTable
	if left := len(o.Cuts) - shown; left > 0 {
		out.More = count(left, "more pair was cut", "more pairs were cut") + "."
	}
	for _, c := range o.Cuts[:min(len(o.Cuts), shown)] {
		e := edgeAt(o, c.Edge)
		if e == nil {
			continue
		}
		out.Rows = append(out.Rows, cutRow{
			A: shortID(o, e.A), B: shortID(o, e.B), Weight: signed(float64(e.Weight)), Reasons: chips(c.Reasons &^ ofCluster),
			Why: fmt.Sprintf("%s and %s %s", shortID(o, c.A), shortID(o, c.B), disagreement(c.Reasons)),
		})
	}
	return out
}
