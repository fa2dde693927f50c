package cluster

import (
	"cmp"
	"slices"

	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/scoring"
)

// join forms the auto-merge groups and finds those that may not merge.
func (b *builder) join() {
	for i := range b.edges {
		if e := &b.edges[i]; e.Decision == scoring.AutoMerge {
			b.forest.union(e.A, e.B)
		}
	}
	b.group = make([]contact.Row, b.table.Len())
	for r := range b.group {
		row := contact.Row(r)
		b.group[r] = b.forest.find(row)
		if b.group[r] != row || b.forest.size[r] == 1 {
			continue
		}
		switch c, doubt := b.conflict(row); {
		case c != nil:
			b.conflicts[row] = c
		case doubt:
			b.doubted[row] = true
		}
	}
}

// conflict says why a group must go to review, nil if it need not; doubt says that it may not merge by itself all the same. Every member is
// compared with every other, which the size limit keeps cheap.
func (b *builder) conflict(root contact.Row) (found *Conflict, doubt bool) {
	b.left = b.forest.members(b.left[:0], root)
	m := b.left
	if len(m) > b.cfg.MaxMembers || b.crowded(m, nil) {
		return &Conflict{A: m[0], B: m[len(m)-1], Reasons: scoring.ClusterTooLarge, Bridge: -1}, false
	}
	for i, x := range m {
		for _, y := range m[i+1:] {
			j := b.judge.Compare(x, y)
			doubt = doubt || j.Doubt != 0
			against, asked := j.Veto, j.Contradiction
			if e := b.between(x, y); e >= 0 && b.edges[e].Decision == scoring.Review {
				asked |= b.edges[e].Reasons
			}
			switch {
			case asked == 0:
			case scoring.Probability(j.Weight) < hopeless || asked.Has(settled):
				against |= asked
			default:
				doubt = true // the suggestion says where it is cut
			}
			if against == 0 || found != nil && j.Veto == 0 {
				continue
			}
			found = &Conflict{A: x, B: y, Reasons: against}
			if j.Veto != 0 {
				found.Bridge = b.part(m, x, y)
				return found, doubt
			}
		}
	}
	if found != nil {
		found.Bridge = b.part(m, found.A, found.B)
	}
	return found, doubt
}

// part finds the weakest edge on the strongest path from x to y inside a group: the one a person should look at first. It notes how the group falls
// in two without it: every other member goes with whom the stronger edges lead to.
func (b *builder) part(members []contact.Row, x, y contact.Row) int {
	var inside []int
	for i, p := range members {
		for _, q := range members[i+1:] {
			if e := b.between(p, q); e >= 0 && b.edges[e].Decision == scoring.AutoMerge {
				inside = append(inside, e)
			}
		}
	}
	slices.SortFunc(inside, func(p, q int) int {
		return cmp.Or(cmp.Compare(b.edges[q].Weight, b.edges[p].Weight), cmp.Compare(p, q))
	})
	local, bridge := newForest(len(members)), -1
	at := func(r contact.Row) contact.Row { return contact.Row(seat(members, r)) }
	for _, e := range inside {
		p, q := local.find(at(b.edges[e].A)), local.find(at(b.edges[e].B))
		if s, t := local.find(at(x)), local.find(at(y)); p == s && q == t || p == t && q == s {
			if bridge < 0 {
				bridge = e
			}
			continue
		}
		local.union(p, q)
	}
	left := make([]bool, len(members))
	for i := range left {
		left[i] = local.find(contact.Row(i)) == 0
	}
	b.halves[members[0]] = b.cutter.divide(members, left)
	return bridge
}

// demote turns the edges inside groups that may not merge into review edges, or suggestions where there is only doubt, on a copy. The members of
// a doubted group are on their own again, for suggest to join.
func (b *builder) demote() {
	if len(b.conflicts)+len(b.doubted) == 0 {
		return
	}
	b.edges = slices.Clone(b.edges)
	for i := range b.edges {
		e := &b.edges[i]
		if e.Decision == scoring.NoMatch || b.group[e.A] != b.group[e.B] {
			continue
		}
		root := b.group[e.A]
		if c := b.conflicts[root]; c != nil {
			e.Decision = scoring.Review
			e.Reasons |= c.code()
		} else if b.doubted[root] && e.Decision == scoring.AutoMerge {
			e.Decision = scoring.Suggest
			e.Reasons |= scoring.ClusterConflict
		}
	}
	for r, root := range b.group {
		if b.doubted[root] {
			b.forest.reset(contact.Row(r))
			b.group[r] = contact.Row(r)
		}
	}
}

// code is the reason an edge inside the group is given.
func (c *Conflict) code() scoring.Reasons {
	if c.Reasons == scoring.ClusterTooLarge {
		return scoring.ClusterTooLarge
	}
	return scoring.ClusterConflict
}

type channelValue struct {
	channel uint16
	key     contact.Code
}

// crowded reports whether the members of both lists together hold more values on one channel than one person has.
func (b *builder) crowded(xs, ys []contact.Row) bool {
	total := 0
	for _, rows := range [][]contact.Row{xs, ys} {
		for _, r := range rows {
			total += len(b.table.Identities(r))
		}
	}
	if total <= b.cfg.MaxIdentitiesPerChannel {
		return false
	}
	b.values = b.values[:0]
	for _, rows := range [][]contact.Row{xs, ys} {
		for _, r := range rows {
			for _, id := range b.table.Identities(r) {
				if id.Key != 0 {
					b.values = append(b.values, channelValue{id.Channel, id.Key})
				}
			}
		}
	}
	slices.SortFunc(b.values, func(x, y channelValue) int {
		return cmp.Or(cmp.Compare(x.channel, y.channel), cmp.Compare(x.key, y.key))
	})
	b.values = slices.Compact(b.values)
	for i := b.cfg.MaxIdentitiesPerChannel; i < len(b.values); i++ {
		if b.values[i].channel == b.values[i-b.cfg.MaxIdentitiesPerChannel].channel {
			return true
		}
	}
	return false
}
