package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/contactmerge/contactmerge/internal/config"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/run"
	"github.com/contactmerge/contactmerge/sinks/merge"
	"github.com/contactmerge/contactmerge/sinks/postgres"
)

// aftercare is what the verbs that look after past merges share: verify, sweep, redirects, forget and purge.
type aftercare struct {
	in      inputFlags
	verb    string
	confirm bool
}

func (x *aftercare) register(cmd *cobra.Command) {
	x.verb = cmd.Name()
	x.in.registerConfigured(cmd)
}

// registerConfirm is for those that write.
func (x *aftercare) registerConfirm(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&x.confirm, "confirm", false, "write: without it "+x.verb+" only counts what it would do")
}

func (x *aftercare) load() (*config.Config, error) { return x.in.loadNeeded(x.verb) }

// errNothingMerged says that our tables are not there.
var errNothingMerged = errors.New("there is nothing to look after: no run has made our tables in this database yet")

// open connects to a database in which our tables are. With --confirm they are brought up to date.
func (x *aftercare) open(ctx context.Context, a *app, c *config.Config) (*database, error) {
	d, err := a.connect(ctx, &x.in, c, dryOr(writes, x.confirm))
	if err != nil {
		return nil, err
	}
	exists, err := d.store.Exists(ctx)
	if err == nil && !exists {
		err = errNothingMerged
	}
	if err == nil && x.confirm {
		err = d.store.Migrate(ctx)
	}
	if err != nil {
		d.store.Close()
		return nil, err
	}
	return d, nil
}

// begin opens the database and finds out how past merges were made. The caller closes the store.
func (x *aftercare) begin(ctx context.Context, a *app, c *config.Config) (*database, merge.Config, error) {
	d, err := x.open(ctx, a, c)
	if err != nil {
		return nil, merge.Config{}, err
	}
	cfg, err := d.pastConfig(ctx, c, refuse)
	if err != nil {
		d.store.Close()
		return nil, merge.Config{}, err
	}
	return d, cfg, nil
}

// unknownIdentities is what to do when no run says what the columns of the identities table mean.
type unknownIdentities int

const (
	refuse   unknownIdentities = iota
	leaveOut                   // its rows are found by their foreign key all the same
)

// pastConfig is how the merges of the past were made, as far as a run has recorded it: the newest that got so far.
func (d *database) pastConfig(ctx context.Context, c *config.Config, unknown unknownIdentities) (merge.Config, error) {
	runs, err := d.store.Runs(ctx, maxRuns)
	if err != nil {
		return merge.Config{}, err
	}
	rec := &run.Record{Columns: []contact.Column{{Name: c.Contacts.ID}}}
	i := slices.IndexFunc(runs, func(r postgres.Run) bool { return len(r.Record.Columns) > 0 })
	switch {
	case i >= 0:
		rec = &runs[i].Record
	case c.Identities != nil && unknown == refuse:
		return merge.Config{}, fmt.Errorf("none of the last %s came far enough to say what the columns of %s mean: run `contactmerge run` first", many(len(runs), "run"), c.Identities.Table)
	}
	cfg := d.mergeConfig(c, rec)
	if unknown == leaveOut && (cfg.IdentityContact == "" || cfg.IdentityValue == "") {
		cfg.Identities = ""
	}
	return cfg, nil
}
