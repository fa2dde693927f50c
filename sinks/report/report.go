package report

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/run"
)

// Config says where the report goes and how much of it the page shows. The data files always hold everything.
type Config struct {
	Dir             string // the folder; it is created, or replaced when it holds an earlier report
	MaxHTMLClusters int    // clusters drawn side by side in report.html
	MaxHTMLPairs    int    // review pairs drawn side by side in report.html
	MaxHTMLMembers  int    // members of one cluster drawn side by side
}

// WithDefaults fills what is not set.
func (c Config) WithDefaults() Config {
	if c.MaxHTMLClusters == 0 {
		c.MaxHTMLClusters = 200 // about 3 MB of page: still quick to open and to search
	}
	if c.MaxHTMLPairs == 0 {
		c.MaxHTMLPairs = 60
	}
	if c.MaxHTMLMembers == 0 {
		c.MaxHTMLMembers = 8 // more columns fit no screen
	}
	return c
}

// Validate reports every problem of the configuration at once.
func (c Config) Validate() error {
	var errs []error
	if c.Dir == "" {
		errs = append(errs, errors.New("report folder is not set: name one with --out"))
	}
	for _, limit := range []struct {
		name  string
		value int
	}{{"clusters", c.MaxHTMLClusters}, {"pairs", c.MaxHTMLPairs}, {"members", c.MaxHTMLMembers}} {
		if limit.value < 0 {
			errs = append(errs, fmt.Errorf("limit of %s in report.html is %d, must not be negative", limit.name, limit.value))
		}
	}
	return errors.Join(errs...)
}

// Folder is the sink that writes the report folder.
type Folder struct {
	cfg Config
}

// New makes the sink; zero limits of the configuration become the defaults.
func New(cfg Config) *Folder { return &Folder{cfg: cfg.WithDefaults()} }

// file is one file of a folder; one that is not wanted is known all the same, so that a later run clears it away.
type file struct {
	name   string
	wanted bool
	write  func(ctx context.Context, w io.Writer) error
}

// files lists the report in the order it is written. Only run.json and report.html depend on the run record: the others are the
// same bytes whenever and however often the same contacts are run.
func (f *Folder) files(o *cluster.Outcome, r *run.Record) []file {
	table := func(name string, fill func(context.Context, io.Writer, *cluster.Outcome) error) file {
		return file{name, true, func(ctx context.Context, w io.Writer) error { return fill(ctx, w, o) }}
	}
	return []file{
		table("pairs.csv", writePairsCSV),
		table("clusters.csv", writeClustersCSV),
		table("golden.csv", writeGoldenCSV),
		table("golden_provenance.csv", writeProvenanceCSV),
		table("shared_identities.csv", writeSharedCSV),
		table("quarantine.csv", writeQuarantineCSV),
		table("pairs.parquet", writePairsParquet),
		table("clusters.parquet", writeClustersParquet),
		table("golden.parquet", writeGoldenParquet),
		table("plan.json", writePlan),
		table("report.html", func(ctx context.Context, w io.Writer, o *cluster.Outcome) error {
			if r.Refresh != nil {
				r.Refresh() // the page and the record tell the same times, which include the files above
			}
			return writeHTML(ctx, w, page{cfg: f.cfg, out: o, rec: r})
		}),
		table(recordName, func(_ context.Context, w io.Writer, _ *cluster.Outcome) error { return writeRecord(w, r) }),
	}
}

// Check says whether Write could put its report at the configured place, so that a long run can refuse a wrong --out before it starts.
func (f *Folder) Check() error { return check(f.cfg) }

func check(cfg Config) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	_, err := inspect(cfg.Dir, known(cfg))
	return err
}

// Write writes the whole report, or nothing: the files are made in a hidden folder beside the target and take its place when all of
// them are on disk. An earlier report stays complete until then. A killed process leaves at most a hidden .contactmerge-* folder behind,
// which a later report at the same place clears up.
func (f *Folder) Write(ctx context.Context, o *cluster.Outcome, r *run.Record) error {
	if err := f.cfg.Validate(); err != nil {
		return err
	}
	return publish(ctx, f.cfg, f.files(o, r))
}

// publish puts a folder in its place, whole or not at all.
func publish(ctx context.Context, cfg Config, files []file) error {
	s, err := stage(cfg.Dir, known(cfg))
	if err != nil {
		return err
	}
	for _, file := range files {
		if !file.wanted {
			continue
		}
		if err := s.write(file.name, func(w io.Writer) error { return file.write(ctx, w) }); err != nil {
			s.discard()
			return fmt.Errorf("writing %s: %w", file.name, err)
		}
	}
	if err := ctx.Err(); err != nil {
		s.discard()
		return err
	}
	return s.publish()
}
