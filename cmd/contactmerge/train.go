package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/contactmerge/contactmerge/internal/config"
	"github.com/contactmerge/contactmerge/pipeline"
	"github.com/contactmerge/contactmerge/scoring"
)

func newTrain(a *app) *cobra.Command {
	var in inputFlags
	var model string
	cmd := &cobra.Command{
		Use:   "train [FILE...] --model FILE",
		Short: "Fit the model to contacts and write it to a file for later runs",
		Long: `train reads the contacts as run does, learns without labels how often duplicates and unrelated contacts agree, and writes what it
learned: a JSON file that run, link, evaluate and explain take with --model. Names and other values are in it by keyed
hashes only. The same contacts give the same file.`,
		Example: `  contactmerge train contacts.csv --identities identities.csv --model model.json
  contactmerge run new.csv --model model.json
  contactmerge train --config contactmerge.yaml --model model.json`,
		ValidArgsFunction: completeFiles,
		RunE: func(cmd *cobra.Command, files []string) error {
			c, err := in.load()
			if err != nil {
				return err
			}
			path := cmp.Or(model, c.Scoring.Model)
			if path == "" {
				return usagef("train needs --model FILE to write to")
			}
			if err := checkModelPath(path); err != nil {
				return err
			}
			return a.train(cmd.Context(), &in, c, files, path)
		},
	}
	in.register(cmd)
	cmd.Flags().StringVar(&model, "model", "", "file to write the model to (default: scoring.model of the configuration)")
	_ = cmd.MarkFlagFilename("model", "json")
	return cmd
}

// checkModelPath refuses a file that cannot be written before a long run.
func checkModelPath(path string) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return usagef("--model %s is not a plain file", path)
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return usagef("--model %s: there is no folder %s", path, filepath.Dir(path))
	}
	return nil
}

func (a *app) train(ctx context.Context, in *inputFlags, c *config.Config, files []string, path string) error {
	rec := newRecord()
	log, err := a.logs.logger(a.err)
	if err != nil {
		return err
	}
	src, done, err := a.trainingSource(ctx, in, c, files)
	if err != nil {
		return err
	}
	defer done()
	f, err := pipeline.Train(ctx, pipeline.Options{Config: c.Config, Source: src, Log: log, Progress: newProgress(a.err, log), Record: rec})
	if err != nil {
		return err
	}
	f.Tool = version
	text, err := f.Encode()
	if err != nil {
		return err
	}
	if err := writeNew(path, text); err != nil {
		return err
	}
	for _, w := range rec.Warnings {
		a.printf("! %s\n", w)
	}
	a.printf("trained on  %s of %s\n", many(f.Trained.Contacts, "contact"), f.Trained.Source)
	a.printf("likely      %s\n", many(int(math.Round(f.Trained.Likely)), "duplicate pair"))
	a.printf("wrote       %s\nnext        contactmerge run --model %s\n", path, path)
	return partial(rec.Counts.Rejected > 0)
}

// trainingSource opens files, or the database of the configuration. The caller calls done at the end.
func (a *app) trainingSource(ctx context.Context, in *inputFlags, c *config.Config, files []string) (src pipeline.Source, done func(), err error) {
	if len(files) > 0 {
		src, err := in.files(files)
		return src, func() {}, err
	}
	if in.configPath == "" {
		return nil, nil, usagef("no contacts: name files, or a configuration with --config")
	}
	return a.contacts(ctx, in, c)
}

// readModel reads the model that a run is to use; without one there is nothing to read.
func readModel(path string) (*scoring.ModelFile, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		var p *fs.PathError
		if errors.As(err, &p) {
			err = p.Err
		}
		return nil, usagef("reading the model %s: %w", path, err)
	}
	f, err := scoring.ReadModelFile(text)
	if err != nil {
		return nil, usageError{fmt.Errorf("reading the model %s: %w", path, err)}
	}
	return f, nil
}
