package report

import (
	"fmt"
	"io"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/link"
	"github.com/contactmerge/contactmerge/internal/run"
)

// LinkSummary prints what a person wants to know after linking two tables. Colour is for terminals only and never carries meaning alone.
func LinkSummary(w io.Writer, o *cluster.Outcome, r *run.Record, res *link.Result, color bool) error {
	p, c := &printer{color: color}, countLinks(o, res)
	p.line(p.bold(fmt.Sprintf("%s of %s are linked to %s", number(int64(c.Linked)), count(c.Left, "record", "records"), count(c.Contacts, "contact", "contacts"))))
	for s, what := range [2]string{"records", "contacts"} {
		side := o.Table.Layout().Sides[s]
		p.line(p.faint(fmt.Sprintf("%s, %s %s: %s", visible(side.Name), number(int64(o.Table.SideLen(uint8(s)))), what, recognised(side.Contacts))))
	}
	p.warnings(r)
	p.line("")
	for _, x := range []struct{ code, label, what string }{
		{blue, "auto_merge", count(c.AutoMerge, "link", "links") + " by exact identity"},
		{yellow, "suggest", count(c.Suggest, "link", "links") + " for the data team"},
		{purple, "review", count(c.Review, "link", "links") + " for a supervisor"},
	} {
		p.line("  " + p.paint(x.code, fmt.Sprintf("%-11s", x.label)) + x.what)
	}
	p.line(fmt.Sprintf("  %-11s%s", "ambiguous", count(c.Ambiguous, "record has", "records have")+" no single best contact"))
	p.line(fmt.Sprintf("  %-11s%s", "new", count(c.New, "record matches", "records match")+" nobody"))
	p.line(fmt.Sprintf("  %-11s%s for %s", "updates", count(c.Updates, "value", "values"), count(c.Updated, "contact", "contacts")))
	if within := len(res.Within[contact.Left]) + len(res.Within[contact.Right]); within > 0 {
		p.line(fmt.Sprintf("  %-11s%s on the left, %s on the right", "duplicates",
			count(len(res.Within[contact.Left]), "pair", "pairs"), count(len(res.Within[contact.Right]), "pair", "pairs")))
	}
	p.line(fmt.Sprintf("  %-11s%s compared of %s possible", "pairs", number(r.Counts.Pairs), number(o.Table.PossiblePairs())))
	p.expected(r)
	p.rules(r, o)
	p.unusable(r)
	p.stages(r)
	_, err := io.WriteString(w, p.b.String())
	return err
}
