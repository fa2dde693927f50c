package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/contactmerge/contactmerge/internal/config"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/run"
	"github.com/contactmerge/contactmerge/pipeline"
	"github.com/contactmerge/contactmerge/sinks/report"
)

// defaultOut is where a report goes when nobody says.
const defaultOut = "contactmerge-report"

func newRun(a *app) *cobra.Command {
	var in inputFlags
	var out string
	cmd := &cobra.Command{
		Use:   "run [FILE...]",
		Short: "Find duplicates in files, or in Postgres as --config says",
		Long: `run matches the contacts of CSV, Parquet or Arrow files, or of the Postgres tables that a configuration file names, and writes
a report folder. With a database, suggestions also go to our schema there, and with merge.auto the exact identities are merged.`,
		Example: `  contactmerge run contacts.csv --identities identities.csv --out report
  contactmerge run crm.parquet shop.csv --id customer_no --country DE --out report
  contactmerge run --config contactmerge.yaml`,
		ValidArgsFunction: completeFiles,
		RunE: func(cmd *cobra.Command, files []string) error {
			c, err := in.load()
			if err != nil {
				return err
			}
			c.Report.Dir = cmp.Or(out, c.Report.Dir, defaultOut)
			if len(files) > 0 {
				return a.runFiles(cmd.Context(), &in, c, files)
			}
			if in.configPath == "" {
				return usagef("nothing to run: name files, or a configuration with --config")
			}
			return a.runDatabase(cmd.Context(), &in, c)
		},
	}
	in.register(cmd)
	in.registerModel(cmd)
	cmd.Flags().StringVar(&out, "out", "", "report folder (default "+defaultOut+")")
	return cmd
}

func completeFiles(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"csv", "parquet", "arrow"}, cobra.ShellCompDirectiveFilterFileExt
}

// runFiles is a run without a database.
func (a *app) runFiles(ctx context.Context, in *inputFlags, c *config.Config, files []string) error {
	src, err := in.files(files)
	if err != nil {
		return err
	}
	folder := report.New(report.Config{Dir: c.Report.Dir})
	if err := folder.Check(); err != nil {
		return err
	}
	res, err := a.pipeline(ctx, c, pipeline.Options{Source: src, Sinks: []pipeline.Sink{folder}})
	if err != nil {
		return err
	}
	defer res.Release()
	a.summary(res, c.Report.Dir)
	return partial(res.Record.Counts.Rejected > 0)
}

// partial is the end of a command that left something out, which it has told already.
func partial(skipped bool) error {
	if skipped {
		return errPartial
	}
	return nil
}

// pipeline runs the pipeline with this program's logging and progress.
func (a *app) pipeline(ctx context.Context, c *config.Config, opt pipeline.Options) (*pipeline.Result, error) {
	log, err := a.logs.logger(a.err)
	if err != nil {
		return nil, err
	}
	if opt.Model, err = readModel(c.Scoring.Model); err != nil {
		return nil, err
	}
	opt.Config, opt.Log, opt.Progress = c.Config, log, newProgress(a.err, log)
	if opt.Record == nil {
		opt.Record = newRecord()
	}
	if opt.OnLayout == nil {
		opt.OnLayout = func(l contact.Layout) {
			log.Info("source", "name", l.Name, "columns", len(l.Contacts), "rows", l.Rows)
		}
	}
	return pipeline.Run(ctx, opt)
}

func newRecord() *run.Record {
	var id [8]byte
	_, _ = rand.Read(id[:]) // crypto/rand never fails
	return &run.Record{ID: hex.EncodeToString(id[:]), Version: version}
}

// summary tells a person what was found and where to read it.
func (a *app) summary(res *pipeline.Result, dir string) {
	if err := report.Summary(a.out, res.Outcome, res.Record, isTerminal(a.out)); err != nil {
		return // the reader closed the pipe, which is no failure of the run
	}
	path := filepath.Join(dir, "report.html")
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	_, _ = fmt.Fprintf(a.out, "\nreport  %s\n", path)
}
