package evaluate

import (
	"slices"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/scoring"
)

// Pairwise measures predicted pairs. Every true pair counts for the recall, also one that blocking never made.
type Pairwise struct {
	Predicted int64 `json:"predicted"` // pairs of which the truth knows both contacts
	Right     int64 `json:"right"`     // of these, pairs of one person
	Precision Share `json:"precision"`
	Recall    Share `json:"recall"`
	F1        Share `json:"f1"`
}

func pairwise(right, predicted, truth int64) Pairwise {
	p := Pairwise{Predicted: predicted, Right: right, Precision: share(float64(right), float64(predicted)), Recall: share(float64(right), float64(truth))}
	p.F1 = f1(p.Precision, p.Recall)
	return p
}

// BCubed measures clusters contact by contact: how much of a contact's cluster is its person, and how much of its person is in its cluster,
// on average. Large clusters do not outweigh the others as they do among pairs.
type BCubed struct {
	Precision Share `json:"precision"`
	Recall    Share `json:"recall"`
	F1        Share `json:"f1"`
}

// Clustering measures clusters: the pairs they imply, and the contacts in them.
type Clustering struct {
	Level    string   `json:"level"` // the weakest decision that was followed
	Clusters int      `json:"clusters"`
	Pairs    Pairwise `json:"pairs"`
	BCubed   BCubed   `json:"b_cubed"`
}

// setsAt are the sets of contacts that are taken for one person if decisions down to a level are followed.
func setsAt(clusters []cluster.Cluster, level scoring.Decision) [][]contact.Row {
	var sets [][]contact.Row
	for i := range clusters {
		c := &clusters[i]
		switch {
		case c.Decision == scoring.Review && level > scoring.Review:
		case level == scoring.AutoMerge:
			sets = append(sets, c.Auto...)
		default:
			sets = append(sets, c.Members)
		}
	}
	return sets
}

// measure compares disjoint sets with the truth. Contacts in no set stand alone. It counts cells of the table sets × persons, never pairs.
func measure(t *Truth, sets [][]contact.Row) (Pairwise, BCubed) {
	size := make([]int64, t.persons+1)
	for _, r := range t.inOrder {
		size[t.person[r]]++
	}
	var truth, right, predicted int64
	for _, n := range size {
		truth += pairs(n)
	}
	// Alone, a contact is all of its cluster, and one part of its person.
	precision, recall := float64(len(t.inOrder)), float64(t.persons)
	var persons []uint32
	for _, set := range sets {
		persons = persons[:0]
		for _, r := range set {
			if p := t.person[r]; p != 0 {
				persons = append(persons, p)
			}
		}
		slices.Sort(persons)
		all := int64(len(persons))
		predicted += pairs(all)
		precision -= float64(all)
		for rest := persons; len(rest) > 0; {
			n := int64(1)
			for int(n) < len(rest) && rest[n] == rest[0] {
				n++
			}
			of := size[rest[0]]
			right += pairs(n)
			precision += float64(n*n) / float64(all)
			recall += float64(n*n-n) / float64(of)
			rest = rest[n:]
		}
	}
	contacts := float64(len(t.inOrder))
	b := BCubed{Precision: share(precision, contacts), Recall: share(recall, contacts)}
	b.F1 = f1(b.Precision, b.Recall)
	return pairwise(right, predicted, truth), b
}
