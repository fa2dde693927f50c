package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/config"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/evaluate"
	"github.com/contactmerge/contactmerge/internal/link"
	"github.com/contactmerge/contactmerge/pipeline"
	"github.com/contactmerge/contactmerge/pipeline/extract"
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

	against  []string
	sides    [2]sideFlags
	within   bool
	best     bool
	oneToOne bool
	fields   []string
	truth    string
	out      string
	link     link.Config
}

// sideFlags are what is said of one side only.
type sideFlags struct {
	identities string
	id         string
	mapping    []string
	exclude    []string
}

func newLink(a *app) *cobra.Command {
	var f linkFlags
	cmd := &cobra.Command{
		Use:   "link FILE... --against FILE",
		Short: "Find new records among known contacts: visitors or chat forms against contacts",
		Long: `link looks up the records of one table (the left: visitors, chat forms, an import) among the contacts of another (the
right). Pairs are made across the two only. It writes which record is which contact and why, what the records would change
in the contacts, and which records are new. Nothing is written but the folder.

Both sides are CSV, Parquet or Arrow files. The columns of each are recognised by themselves, so they need not be called
alike, and both sides may have a contact 17.`,
		Example: `  contactmerge link visitors.csv --against contacts.csv --out links
  contactmerge link forms.csv --against crm.parquet --right-identities identities.csv --right-id customer_no
  contactmerge link forms.csv --against contacts.csv --left-map who=full_name --update overwrite --update-field company=do_nothing`,
		ValidArgsFunction: completeFiles,
		RunE: func(cmd *cobra.Command, left []string) error {
			if len(left) == 0 || len(f.against) == 0 {
				return usagef("link needs the new records and the contacts: contactmerge link FILE --against FILE")
			}
			c, err := f.load()
			if err != nil {
				return err
			}
			if err := f.settle(); err != nil {
				return err
			}
			c.Report.Dir = cmp.Or(f.out, defaultLinkOut)
			c.Clusters.MaxMembers = cmp.Or(c.Clusters.MaxMembers, maxVisits)
			return a.link(cmd.Context(), &f, c, left)
		},
	}
	f.register(cmd)
	return cmd
}

func (f *linkFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringArrayVar(&f.against, "against", nil, "file of the contacts to look the records up among, the right side (may be repeated)")
	f.registerMatching(cmd)
	f.registerModel(cmd)
	for s, what := range [2]string{"new records", "contacts"} {
		side, name := &f.sides[s], contact.SideName(uint8(s))
		fl.StringVar(&side.identities, name+"-identities", "", "file with one identity of the "+what+" a row: contact_id, channel, value")
		fl.StringVar(&side.id, name+"-id", "", "column that identifies one of the "+what)
		fl.StringArrayVar(&side.mapping, name+"-map", nil, "COLUMN=FIELD for the "+what+" only (may be repeated)")
		fl.StringSliceVar(&side.exclude, name+"-exclude", nil, "column of the "+what+" that is not compared (may be repeated)")
		_ = cmd.MarkFlagFilename(name+"-identities", "csv", "parquet", "arrow")
	}
	fl.BoolVar(&f.within, "dedupe-sides", false, "also find duplicates inside each side")
	fl.BoolVar(&f.best, "best", false, "link a record to its best contact only; contacts may have many records")
	fl.BoolVar(&f.oneToOne, "one-to-one", false, "as --best, and link a contact to one record only")
	fl.StringVar(&f.link.Unmatched, "unmatched", link.List, "records that match nobody: list them in new.csv, or nothing")
	fl.StringVar(&f.link.Update, "update", cluster.FillEmpty, "what records change in contacts: do_nothing, overwrite or fill_empty")
	fl.StringArrayVar(&f.fields, "update-field", nil, "FIELD=STRATEGY for one column, field, channel, name or address (may be repeated)")
	fl.StringVar(&f.link.UpdateFrom, "update-from", "auto_merge", "weakest links that update contacts: auto_merge or suggest")
	fl.StringVar(&f.truth, "truth", "", "file with the true links, left_id,right_id: measure the result against it")
	fl.StringVar(&f.out, "out", "", "folder for the result (default "+defaultLinkOut+")")
	_ = cmd.MarkFlagFilename("against", "csv", "parquet", "arrow")
	_ = cmd.MarkFlagFilename("truth", "csv")
}

// settle makes the configuration of linking and checks what needs no file.
func (f *linkFlags) settle() error {
	if f.best && f.oneToOne {
		return usagef("--best and --one-to-one exclude each other: one-to-one links are best links, too")
	}
	switch {
	case f.best:
		f.link.Links = link.Best
	case f.oneToOne:
		f.link.Links = link.OneToOne
	}
	fields, err := assignments("--update-field", "FIELD=STRATEGY", f.fields)
	if err != nil {
		return err
	}
	f.link.Fields = fields
	if err := f.link.Validate(); err != nil {
		return usageError{err}
	}
	return nil
}

// source makes one source of the two sides. What is said of both is overruled by what is said of one.
func (f *linkFlags) source(left []string) (*pipeline.Link, error) {
	var sides [2]*extract.FileSource
	for s, files := range [2][]string{left, f.against} {
		side, name := &f.sides[s], contact.SideName(uint8(s))
		columns, err := assignments("--map", "COLUMN=FIELD", f.mapping)
		if err != nil {
			return nil, err
		}
		own, err := assignments("--"+name+"-map", "COLUMN=FIELD", side.mapping)
		if err != nil {
			return nil, err
		}
		maps.Copy(columns, own)
		sides[s], err = extract.Files(extract.FilesConfig{
			Contacts: files, Identities: side.identities, ID: cmp.Or(side.id, f.id), NumberRows: f.numbered,
			Exclude: slices.Concat(f.exclude, side.exclude), Map: columns,
		})
		if err != nil {
			return nil, usageError{err}
		}
	}
	return pipeline.NewLink(sides[contact.Left], sides[contact.Right], f.within), nil
}

// link finds the links and writes their folder.
func (a *app) link(ctx context.Context, f *linkFlags, c *config.Config, left []string) error {
	src, err := f.source(left)
	if err != nil {
		return err
	}
	folder := report.NewLink(report.Config{Dir: c.Report.Dir}, f.link)
	if err := folder.Check(); err != nil {
		return err
	}
	var truth *os.File
	if f.truth != "" {
		if truth, err = openTruth(f.truth); err != nil {
			return err
		}
		defer truth.Close() // only read
	}
	res, err := a.pipeline(ctx, c, pipeline.Options{Source: src, Sinks: []pipeline.Sink{folder}, CheckLayout: f.check})
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

// check refuses update strategies for fields that nobody has.
func (f *linkFlags) check(l contact.Layout) error {
	if err := f.link.Check(l); err != nil {
		return usageError{err}
	}
	return nil
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
