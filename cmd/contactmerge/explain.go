package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/contactmerge/contactmerge/internal/config"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/pipeline"
	"github.com/contactmerge/contactmerge/sinks/report"
)

func newExplain(a *app) *cobra.Command {
	var in inputFlags
	var asked explained
	cmd := &cobra.Command{
		Use:   "explain ID ID [FILE...]",
		Short: "Show every comparison, weight, rule and veto of a pair",
		Long: `explain matches the contacts as run does, writes nothing, and shows why two of them were or were not found to be one person.
A pair that no blocking rule makes is explained too.

With --against, or with --link for what the section link of a configuration names, it explains a pair across two tables as
link sees it: the first id is one of the new records, the second one of the contacts. left:ID and right:ID say it outright.`,
		Example: `  contactmerge explain 17 4711 contacts.csv --identities identities.csv
  contactmerge explain 17 4711 --config contactmerge.yaml --json
  contactmerge explain 17 4711 visitors.csv --against contacts.csv`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usagef("explain needs two contact ids")
			}
			c, err := in.load()
			if err != nil {
				return err
			}
			asked.ids, asked.files = [2]string(args[:2]), args[2:]
			return a.explain(cmd.Context(), &in, c, asked)
		},
	}
	in.register(cmd)
	in.registerModel(cmd)
	asked.sides.register(cmd)
	cmd.Flags().BoolVar(&asked.linked, "link", false, "explain a pair across the two sides that the section link of the configuration names")
	cmd.Flags().BoolVar(&asked.json, "json", false, "print JSON instead of text")
	return cmd
}

// explained is which pair of what is to be explained, and how.
type explained struct {
	ids    [2]string
	files  []string
	sides  twoSides
	linked bool
	json   bool
}

func (a *app) explain(ctx context.Context, in *inputFlags, c *config.Config, asked explained) error {
	linked := asked.linked || len(asked.sides.against) > 0
	if asked.ids[0] == asked.ids[1] && !linked {
		return usagef("contact %q is the same contact twice", asked.ids[0])
	}
	find := func() (*pipeline.Result, error) { return a.find(ctx, in, c, asked.files, pipeline.Options{}) }
	if linked {
		if err := asked.sides.overrule(c, asked.files); err != nil {
			return err
		}
		find = func() (*pipeline.Result, error) { return a.findAcross(ctx, in, c) }
	}
	res, err := find()
	if err != nil {
		return err
	}
	defer res.Release()
	x, y, err := rows(res, asked.ids)
	if err != nil {
		return err
	}
	e := res.Outcome.Explain(x, y)
	if asked.json {
		enc := json.NewEncoder(a.out)
		enc.SetIndent("", "  ")
		return enc.Encode(e)
	}
	if linked {
		return report.ExplainLink(a.out, e)
	}
	return report.ExplainText(a.out, e)
}

// rows finds the contacts of two ids. Where two tables are linked, the first id is of the left unless it says otherwise, or only the right has it.
func rows(res *pipeline.Result, ids [2]string) (x, y contact.Row, err error) {
	t, found := res.Outcome.Table, [2]contact.Row{}
	for i, id := range ids {
		var ok bool
		if t.Sides() > 1 {
			found[i], ok = t.FindIn(uint8(i), id)
		}
		if !ok {
			found[i], ok = t.Find(id)
		}
		if !ok {
			return 0, 0, fmt.Errorf("no contact has the id %q in %s", id, res.Record.Source)
		}
	}
	switch {
	case found[0] == found[1]:
		return 0, 0, usagef("%s and %s are the same contact", ids[0], ids[1])
	case !t.Pairable(found[0], found[1]):
		return 0, 0, usagef("%s and %s are on one side, and link compares only across: name one of each, or add --dedupe-sides", t.ID(found[0]), t.ID(found[1]))
	}
	return found[0], found[1], nil
}

// findAcross is find for the two sides of a link.
func (a *app) findAcross(ctx context.Context, in *inputFlags, c *config.Config) (*pipeline.Result, error) {
	if in.identities != "" {
		return nil, usagef("--identities says nothing of two sides: use --left-identities and --right-identities")
	}
	c.Clusters.MaxMembers = cmp.Or(c.Clusters.MaxMembers, maxVisits)
	src, done, err := a.linkSource(ctx, in, c)
	if err != nil {
		return nil, err
	}
	defer done()
	return a.pipeline(ctx, c, pipeline.Options{Source: src})
}

// find runs the pipeline for a command that only looks: over files, or over the database of the configuration.
func (a *app) find(ctx context.Context, in *inputFlags, c *config.Config, files []string, opt pipeline.Options) (*pipeline.Result, error) {
	if len(files) > 0 {
		var err error
		if opt.Source, err = in.files(files); err != nil {
			return nil, err
		}
		return a.pipeline(ctx, c, opt)
	}
	if in.configPath == "" {
		return nil, usagef("no contacts: name files, or a configuration with --config")
	}
	return a.findInDatabase(ctx, in, c, opt)
}
