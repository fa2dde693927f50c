package evaluate

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/scoring"
)

// LinkTruth says which records of the left are which contacts of the right.
type LinkTruth struct {
	pairs map[[2]contact.Row]struct{}

	Absent int64 // true links of a record or contact that the table does not have; no other number includes them
}

// ReadLinks reads the true links between two tables: CSV with a header that names a column of each (left_id, right_id), each row of which
// is a true link. A column match or label marks links as true or false; false ones are passed over.
func ReadLinks(r io.Reader, t *contact.Table) (*LinkTruth, error) {
	f, header, err := openTruth(r, t)
	if err != nil {
		return nil, err
	}
	var names [2][]string
	for s, generic := range [2][]string{leftNames, rightNames} {
		side := contact.SideName(uint8(s))
		names[s] = append([]string{side + "_id", "id_" + side, "id_" + side[:1], "id" + side[:1]}, generic...)
	}
	if left, right := sideKey(t, contact.Left), sideKey(t, contact.Right); !strings.EqualFold(left, right) {
		names[0], names[1] = append(names[0], left), append(names[1], right)
	} else {
		names[0], names[1] = append(names[0], left+"_l", left+"_left", left+"_1"), append(names[1], right+"_r", right+"_right", right+"_2")
	}
	if f.x, f.y = column(header, names[0]), column(header, names[1]); f.x < 0 || f.y < 0 {
		return nil, errors.New("reading truth: the header does not name the two sides of a link (left_id, right_id)")
	}
	truth := &LinkTruth{pairs: map[[2]contact.Row]struct{}{}}
	for {
		x, y, err := f.next()
		if errors.Is(err, io.EOF) {
			return truth, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading truth: %w", withoutValues(err))
		}
		a, okA := t.FindIn(contact.Left, x)
		b, okB := t.FindIn(contact.Right, y)
		if !okA || !okB {
			truth.Absent++
			continue
		}
		truth.pairs[[2]contact.Row{a, b}] = struct{}{}
	}
}

// sideKey is what a side calls its id.
func sideKey(t *contact.Table, side uint8) string {
	for _, c := range t.Layout().Sides[side].Contacts {
		if c.Field == contact.FieldID {
			return c.Name
		}
	}
	return "id"
}

// LinkInput is what was linked, and the truth.
type LinkInput struct {
	Truth   *LinkTruth
	Outcome *cluster.Outcome
	Links   []int                       // indices into Outcome.Edges of the links that were made
	Made    func(a, b contact.Row) bool // reports whether blocking made a pair
}

// LinkReport is the quality of links. Whatever the truth does not list is wrong.
type LinkReport struct {
	True   int64   `json:"true_links"`
	Absent int64   `json:"absent_links"`
	Levels []Level `json:"links"` // each level including those before it
	Missed struct {
		Links      int64 `json:"links"`       // true links that are not linked at all
		Dropped    int64 `json:"dropped"`     // found, and left out because of a better or an equally good one
		NoMatch    int64 `json:"no_match"`    // compared, and found to be two people
		NotBlocked int64 `json:"not_blocked"` // never compared
	} `json:"missed"`
}

// Links measures the links between two tables.
func Links(in LinkInput) LinkReport {
	r := LinkReport{True: int64(len(in.Truth.pairs)), Absent: in.Truth.Absent}
	pair := func(i int) [2]contact.Row {
		e := &in.Outcome.Edges[i]
		if in.Outcome.Table.Side(e.A) == contact.Left {
			return [2]contact.Row{e.A, e.B}
		}
		return [2]contact.Row{e.B, e.A}
	}
	var count [scoring.AutoMerge + 1]struct{ right, all int64 }
	linked := map[[2]contact.Row]bool{}
	for _, i := range in.Links {
		c, p := &count[in.Outcome.Edges[i].Decision], pair(i)
		c.all++
		if _, ok := in.Truth.pairs[p]; ok {
			c.right++
			linked[p] = true
		}
	}
	var right, all int64
	for _, level := range levels() {
		right, all = right+count[level].right, all+count[level].all
		r.Levels = append(r.Levels, Level{Level: level.String(), Pairs: pairwise(right, all, r.True)})
	}
	found := map[[2]contact.Row]bool{}
	for i := range in.Outcome.Edges {
		found[pair(i)] = true
	}
	for p := range in.Truth.pairs { // only counted, so their order does not show
		switch {
		case linked[p]:
			continue
		case found[p]:
			r.Missed.Dropped++
		case in.Made(p[0], p[1]):
			r.Missed.NoMatch++
		default:
			r.Missed.NotBlocked++
		}
		r.Missed.Links++
	}
	return r
}

// WriteText prints the measures for people.
func (r LinkReport) WriteText(out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "truth       %s\n", trueLinks(r.True))
	if r.Absent > 0 {
		fmt.Fprintf(&b, "            %d more of records or contacts that are not in the run; they are counted nowhere below\n", r.Absent)
	}
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "links down to\tlinked\tright\tprecision\trecall\tF1\t")
	for _, l := range r.Levels {
		fmt.Fprintf(t, "%s\t%d\t%d\t%s\t%s\t%s\t\n", l.Level, l.Pairs.Predicted, l.Pairs.Right, l.Pairs.Precision, l.Pairs.Recall, l.Pairs.F1)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	m := r.Missed
	fmt.Fprintf(&b, "missed      %s: %d found but not made for a better or an equal one, %d compared and not matched, %d never compared\n",
		trueLinks(m.Links), m.Dropped, m.NoMatch, m.NotBlocked)
	_, err := io.WriteString(out, b.String())
	return err
}

func trueLinks(n int64) string {
	if n == 1 {
		return "1 true link"
	}
	return fmt.Sprintf("%d true links", n)
}
