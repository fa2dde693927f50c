package main

import (
	"cmp"
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/contactmerge/contactmerge/internal/config"
	"github.com/contactmerge/contactmerge/sinks/merge"
	"github.com/contactmerge/contactmerge/sinks/postgres"
)

func newPurge(a *app) *cobra.Command {
	var x aftercare
	var older string
	cmd := &cobra.Command{
		Use:   "purge --config FILE",
		Short: "Remove old journals, archived contacts, suggestions and plans; a dry run unless --confirm is given",
		Long: `purge removes what is older than retention.merges and retention.findings say, or than --older-than: the journals and archived contacts of
merges, which can then not be undone any more, and the suggestions, clusters and plans of old runs. The ledger and the redirects stay: they hold
ids and hashes only. The ledger notes how far it was purged, and its chain can be verified as before. Ages go by the database's clock.`,
		Example: "  contactmerge purge --config contactmerge.yaml --older-than 90d\n  contactmerge purge --config contactmerge.yaml --confirm",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.purge(cmd.Context(), &x, older)
		},
	}
	x.register(cmd)
	x.registerConfirm(cmd)
	cmd.Flags().StringVar(&older, "older-than", "", "age of what is removed, such as 90d (default: retention.merges and retention.findings)")
	return cmd
}

// retention is how long things are kept; 0 for ever.
type retention struct{ merges, findings time.Duration }

func readRetention(c *config.Config, older string) (retention, error) {
	var r retention
	for _, t := range []struct {
		text string
		into *time.Duration
	}{{cmp.Or(older, c.Retention.Merges), &r.merges}, {cmp.Or(older, c.Retention.Findings), &r.findings}} {
		if t.text == "" {
			continue
		}
		var err error
		if *t.into, err = config.ParseAge(t.text); err != nil {
			return r, usagef("--older-than: %w", err)
		}
	}
	if r == (retention{}) {
		return r, usagef("purge needs --older-than AGE, or retention.merges or retention.findings in the configuration")
	}
	return r, nil
}

func (a *app) purge(ctx context.Context, x *aftercare, older string) error {
	c, err := x.load()
	if err != nil {
		return err
	}
	keep, err := readRetention(c, older)
	if err != nil {
		return err
	}
	d, cfg, err := x.begin(ctx, a, c)
	if err != nil {
		return err
	}
	defer d.store.Close()
	if !x.confirm {
		a.printf("purge: dry run, nothing is removed\n")
		return a.purgeDryRun(ctx, d, cfg, keep, x.in.configPath, older)
	}
	return d.erasing(ctx, cfg, func(m *merge.Merger) error {
		if keep.merges > 0 {
			p, err := m.Purge(ctx, keep.merges)
			if err != nil {
				return err
			}
			a.purgedMerges(p)
		}
		if keep.findings == 0 {
			return nil
		}
		o, err := d.store.PurgeFindings(ctx, keep.findings)
		if err != nil {
			return err
		}
		a.purgedFindings(o)
		return partial(o.Busy > 0)
	})
}

func (a *app) purgeDryRun(ctx context.Context, d *database, cfg merge.Config, keep retention, path, older string) error {
	if keep.merges > 0 {
		err := d.reading(ctx, func(conn *pgx.Conn) error {
			p, err := merge.PurgeDryRun(ctx, conn, cfg, keep.merges)
			if err == nil {
				a.purgedMerges(p)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	if keep.findings > 0 {
		o, err := d.store.CountOldFindings(ctx, keep.findings)
		if err != nil {
			return err
		}
		a.purgedFindings(o)
	}
	if older != "" {
		older = " --older-than " + older
	}
	a.printf("next    contactmerge purge --config %s%s --confirm\n", path, older)
	return nil
}

func (a *app) purgedMerges(p *merge.Purged) {
	a.printf("merges  %s before %s; they cannot be undone any more\n", many(int(p.Merges), "merge"), p.Before.UTC().Format(time.RFC3339))
	a.erasures(p.Erased)
}

func (a *app) purgedFindings(o postgres.OldFindings) {
	a.printf("findings of %s, and %s\n", many(int(o.Runs), "run"), many(int(o.Plans), "plan"))
	if o.Busy > 0 {
		a.printf("  %s left for the next time, because somebody was reading them\n", many(int(o.Busy), "run"))
	}
}
