package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/config"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/evaluate"
	"github.com/contactmerge/contactmerge/internal/link"
	"github.com/contactmerge/contactmerge/pipeline"
	"github.com/contactmerge/contactmerge/sinks/report"
)

// defaultLinkOut is where links go when nobody says.
const defaultLinkOut = "contactmerge-links"

// maxVisits is how many records and contacts may be one person before a supervisor is asked, unless the configuration says otherwise. It
// is above the limit of a merge: a person has few entries in an address book, but fills in forms again and again.
const maxVisits = 200

// linkFlags are what link was told.
type linkFlags struct {
	inputFlags
	twoSides

	best     bool
	oneToOne bool
	fields   []string
	truth    string
	out      string
	link     link.Config
}

func newLink(a *app) *cobra.Command {
	var f linkFlags
	cmd := &cobra.Command{
		Use:   "link [FILE...] --against FILE",
		Short: "Find new records among known contacts: visitors or chat forms against contacts",
		Long: `link looks up the records of one table (the left: visitors, chat forms, an import) among the contacts of another (the
right). Pairs are made across the two only. It writes which record is which contact and why, what the records would change
in the contacts, and which records are new. Nothing is written but the folder.

Both sides are CSV, Parquet or Arrow files, or what the section link of a configuration names: files, or tables in
Postgres. Without files or a table the right side is the contacts of the configuration. The columns of each side are
recognised by themselves, so they need not be called alike, and both sides may have a contact 17.`,
		Example: `  contactmerge link visitors.csv --against contacts.csv --out links
  contactmerge link forms.csv --against crm.parquet --right-identities identities.csv --right-id customer_no
  contactmerge link forms.csv --against contacts.csv --left-map who=full_name --update overwrite --update-field company=do_nothing
  contactmerge link visitors.csv --config contactmerge.yaml      # against the contacts in Postgres`,
		ValidArgsFunction: completeFiles,
		RunE: func(cmd *cobra.Command, left []string) error {
			c, err := f.load()
			if err != nil {
				return err
			}
			if err := f.overrule(c, left); err != nil {
				return err
			}
			if err := f.settle(c); err != nil {
				return err
			}
			c.Clusters.MaxMembers = cmp.Or(c.Clusters.MaxMembers, maxVisits)
			return a.link(cmd.Context(), &f, c)
		},
	}
	f.registerMatching(cmd)
	f.registerDatabase(cmd)
	f.registerModel(cmd)
	f.twoSides.register(cmd)
	f.registerLinks(cmd)
	return cmd
}

func (f *linkFlags) registerLinks(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.BoolVar(&f.best, "best", false, "link a record to its best contact only; contacts may have many records")
	fl.BoolVar(&f.oneToOne, "one-to-one", false, "as --best, and link a contact to one record only")
	fl.StringVar(&f.link.Unmatched, "unmatched", "", "records that match nobody: list them in new.csv, or nothing (default "+link.List+")")
	fl.StringVar(&f.link.Update, "update", "", "what records change in contacts: do_nothing, overwrite or fill_empty (default "+cluster.FillEmpty+")")
	fl.StringArrayVar(&f.fields, "update-field", nil, "FIELD=STRATEGY for one column, field, channel, name or address (may be repeated)")
	fl.StringVar(&f.link.UpdateFrom, "update-from", "", "weakest links that update contacts: auto_merge or suggest (default auto_merge)")
	fl.StringVar(&f.truth, "truth", "", "file with the true links, left_id,right_id: measure the result against it")
	fl.StringVar(&f.out, "out", "", "folder for the result (default "+defaultLinkOut+")")
	_ = cmd.MarkFlagFilename("truth", "csv")
}

// settle lets the flags overrule what the configuration says of links, and checks what needs no file.
func (f *linkFlags) settle(c *config.Config) error {
	if f.best && f.oneToOne {
		return usagef("--best and --one-to-one exclude each other: one-to-one links are best links, too")
	}
	l := &c.Link.Config
	switch {
	case f.best:
		l.Links = link.Best
	case f.oneToOne:
		l.Links = link.OneToOne
	}
	l.Unmatched, l.Update, l.UpdateFrom = cmp.Or(f.link.Unmatched, l.Unmatched), cmp.Or(f.link.Update, l.Update), cmp.Or(f.link.UpdateFrom, l.UpdateFrom)
	fields, err := assignments("--update-field", "FIELD=STRATEGY", f.fields)
	if err != nil {
		return err
	}
	all := maps.Clone(l.Fields)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, fields)
	l.Fields = all
	c.Report.Dir = cmp.Or(f.out, c.Link.Dir, defaultLinkOut)
	if err := l.Validate(); err != nil {
		return usageError{err}
	}
	return nil
}

// link finds the links and writes their folder.
func (a *app) link(ctx context.Context, f *linkFlags, c *config.Config) error {
	folder := report.NewLink(report.Config{Dir: c.Report.Dir}, c.Link.Config)
	if err := folder.Check(); err != nil {
		return err
	}
	src, done, err := a.linkSource(ctx, &f.inputFlags, c)
	if err != nil {
		return err
	}
	defer done()
	var truth *os.File
	if f.truth != "" {
		if truth, err = openTruth(f.truth); err != nil {
			return err
		}
		defer truth.Close() // only read
	}
	// The names of fields can be checked only when the columns are known.
	check := func(l contact.Layout) error {
		if err := c.Link.Check(l); err != nil {
			return usageError{err}
		}
		return nil
	}
	res, err := a.pipeline(ctx, c, pipeline.Options{Source: src, Sinks: []pipeline.Sink{folder}, CheckLayout: check})
	if err != nil {
		return err
	}
	defer res.Release()
	path := filepath.Join(c.Report.Dir, "links.csv")
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	if err := report.LinkSummary(a.out, res.Outcome, res.Record, folder.Found(), isTerminal(a.out)); err == nil { // else the reader closed the pipe
		a.printf("\nlinks   %s\n", path)
	}
	if truth != nil {
		if err := a.measureLinks(truth, res, folder.Found()); err != nil {
			return err
		}
	}
	return partial(res.Record.Counts.Rejected > 0)
}

// measureLinks compares what was linked with a truth.
func (a *app) measureLinks(truth *os.File, res *pipeline.Result, found *link.Result) error {
	t, err := evaluate.ReadLinks(truth, res.Outcome.Table)
	if err != nil {
		return fmt.Errorf("reading the truth file %s: %w", truth.Name(), err)
	}
	in := evaluate.LinkInput{
		Truth: t, Outcome: res.Outcome,
		Made: func(x, y contact.Row) bool { return res.Outcome.Explain(x, y).MatchKey != "" },
	}
	for _, l := range found.Links {
		in.Links = append(in.Links, l.Edge)
	}
	a.printf("\n")
	return evaluate.Links(in).WriteText(a.out)
}
