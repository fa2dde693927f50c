package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/contactmerge/contactmerge/sinks/postgres"
)

func newRedirects(a *app) *cobra.Command {
	var x aftercare
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "redirects --config FILE ID...",
		Short: "Say where the ids of merged contacts lead",
		Long: `redirects prints for each contact id which contact stands for it now, always in one hop, and who leads to it. Your application can ask
the same in SQL: the function resolve(id) and the view current_contact_ids in our schema, see docs/operations.md.`,
		Example: "  contactmerge redirects --config contactmerge.yaml 4711 4712",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("redirects needs one contact id or more")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, ids []string) error {
			c, err := x.load()
			if err != nil {
				return err
			}
			d, err := x.open(cmd.Context(), a, c)
			if err != nil {
				return err
			}
			defer d.store.Close()
			list, err := d.store.Redirects(cmd.Context(), ids)
			if err != nil {
				return err
			}
			return a.redirects(list, asJSON)
		},
	}
	x.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	return cmd
}

func (a *app) redirects(list []postgres.Redirect, asJSON bool) error {
	if asJSON {
		text, err := json.MarshalIndent(list, "", "  ")
		if err != nil {
			return fmt.Errorf("encoding the result: %w", err)
		}
		a.printf("%s\n", text)
		return nil
	}
	for _, r := range list {
		if r.Merged {
			a.printf("%s -> %s  since %s, step %s of plan %s\n", r.ID, r.Survivor, r.Since.Format(time.RFC3339), short(r.Cluster), short(r.Plan))
			continue
		}
		a.printf("%s  was not merged away", r.ID)
		if len(r.Losers) > 0 {
			a.printf("; %s lead to it", strings.Join(r.Losers, ", "))
		}
		a.printf("\n")
	}
	return nil
}
