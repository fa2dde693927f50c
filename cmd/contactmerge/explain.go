package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/contactmerge/contactmerge/internal/config"
	"github.com/contactmerge/contactmerge/pipeline"
	"github.com/contactmerge/contactmerge/sinks/report"
)

func newExplain(a *app) *cobra.Command {
	var in inputFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "explain ID ID [FILE...]",
		Short: "Show every comparison, weight, rule and veto of a pair",
		Long: `explain matches the contacts as run does, writes nothing, and shows why two of them were or were not found to be one person.
A pair that no blocking rule makes is explained too.`,
		Example: "  contactmerge explain 17 4711 contacts.csv --identities identities.csv\n  contactmerge explain 17 4711 --config contactmerge.yaml --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usagef("explain needs two contact ids")
			}
			c, err := in.load()
			if err != nil {
				return err
			}
			return a.explain(cmd.Context(), &in, c, args, asJSON)
		},
	}
	in.register(cmd)
	in.registerModel(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON instead of text")
	return cmd
}

func (a *app) explain(ctx context.Context, in *inputFlags, c *config.Config, args []string, asJSON bool) error {
	ids, files := args[:2], args[2:]
	if ids[0] == ids[1] {
		return usagef("contact %q is the same contact twice", ids[0])
	}
	res, err := a.find(ctx, in, c, files)
	if err != nil {
		return err
	}
	defer res.Release()
	t := res.Outcome.Table
	x, okX := t.Find(ids[0])
	y, okY := t.Find(ids[1])
	for i, ok := range []bool{okX, okY} {
		if !ok {
			return fmt.Errorf("no contact has the id %q in %s", ids[i], res.Record.Source)
		}
	}
	e := res.Outcome.Explain(x, y)
	if asJSON {
		enc := json.NewEncoder(a.out)
		enc.SetIndent("", "  ")
		return enc.Encode(e)
	}
	return report.ExplainText(a.out, e)
}

// find runs the pipeline for a command that only looks: over files, or over the database of the configuration.
func (a *app) find(ctx context.Context, in *inputFlags, c *config.Config, files []string) (*pipeline.Result, error) {
	if len(files) > 0 {
		src, err := in.files(files)
		if err != nil {
			return nil, err
		}
		return a.pipeline(ctx, c, pipeline.Options{Source: src})
	}
	if in.configPath == "" {
		return nil, usagef("no contacts: name files, or a configuration with --config")
	}
	return a.findInDatabase(ctx, in, c)
}
