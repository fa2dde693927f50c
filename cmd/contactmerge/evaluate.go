package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/config"
	"github.com/contactmerge/contactmerge/internal/evaluate"
	"github.com/contactmerge/contactmerge/internal/run"
	"github.com/contactmerge/contactmerge/pipeline"
	"github.com/contactmerge/contactmerge/sinks/report"
)

func newEvaluate(a *app) *cobra.Command {
	var in inputFlags
	var ev evaluation
	cmd := &cobra.Command{
		Use:   "evaluate [FILE...] --truth FILE",
		Short: "Measure the findings against a known truth",
		Long: `evaluate matches the contacts as run does, writes nothing, and compares what it found with a truth file: contact_id and
person_id columns, or pairs of contact ids. All true pairs count, also those that blocking never compared.

It also says what other thresholds would have found, down to odds of one to a thousand against, and explains some of the pairs that are
wrong or were missed.`,
		Example: `  contactmerge evaluate contacts.csv --identities identities.csv --truth truth.csv
  contactmerge evaluate contacts.csv --truth truth.csv --chart quality.html
  contactmerge evaluate --config contactmerge.yaml --truth truth.csv --json`,
		ValidArgsFunction: completeFiles,
		RunE: func(cmd *cobra.Command, files []string) error {
			if ev.truth == "" {
				return usagef("evaluate needs --truth FILE")
			}
			if err := checkChart(ev.chart); err != nil {
				return err
			}
			c, err := in.load()
			if err != nil {
				return err
			}
			return a.evaluate(cmd.Context(), &in, c, files, ev)
		},
	}
	in.register(cmd)
	in.registerModel(cmd)
	f := cmd.Flags()
	f.StringVar(&ev.truth, "truth", "", "file with the truth: contact_id,person_id or contact_id_a,contact_id_b")
	f.BoolVar(&ev.json, "json", false, "print JSON instead of text")
	f.IntVar(&ev.wrong, "wrong", 10, "how many pairs of each kind to explain: those found wrongly, and those missed")
	f.StringVar(&ev.chart, "chart", "", "HTML file to draw precision, recall and F1 against the threshold into")
	f.BoolVar(&ev.below, "below", true, "also say what thresholds below the one in use would have found")
	_ = cmd.MarkFlagFilename("truth", "csv")
	_ = cmd.MarkFlagFilename("chart", "html")
	return cmd
}

// evaluation is what evaluate was asked for.
type evaluation struct {
	truth string
	chart string
	json  bool
	below bool
	wrong int
}

func (a *app) evaluate(ctx context.Context, in *inputFlags, c *config.Config, files []string, ev evaluation) error {
	f, err := openTruth(ev.truth)
	if err != nil {
		return err
	}
	defer f.Close() // only read
	var below *run.Below
	if ev.below {
		below = &run.Below{From: lowest}
	}
	res, err := a.find(ctx, in, c, files, pipeline.Options{Below: below})
	if err != nil {
		return err
	}
	defer res.Release()
	truth, err := evaluate.ReadTruth(f, res.Outcome.Table)
	if err != nil {
		return fmt.Errorf("reading the truth file %s: %w", ev.truth, err)
	}
	most := ev.wrong
	if most == 0 {
		most = -1 // the room's word for none
	}
	input := evaluate.Input{
		Truth: truth, Outcome: res.Outcome, CandidatePairs: res.Record.Counts.Pairs, MaxWrong: most,
		Explain: res.Outcome.Explain, Threshold: res.Record.Threshold, Below: below,
	}
	rep := evaluate.Evaluate(input)
	if ev.chart != "" {
		if err := writeChart(ev.chart, rep, res.Record); err != nil {
			return err
		}
	}
	if ev.json {
		enc := json.NewEncoder(a.out)
		enc.SetIndent("", "  ")
		return enc.Encode(rep)
	}
	return a.printMeasures(rep, res.Outcome)
}

// printMeasures prints the measures, then the explanations of the wrong pairs.
func (a *app) printMeasures(rep evaluate.Report, o *cluster.Outcome) error {
	if err := rep.WriteText(a.out); err != nil {
		return err
	}
	for _, w := range append(rep.FalsePositives, rep.FalseNegatives...) {
		a.printf("\n")
		if err := report.ExplainText(a.out, o.Explain(w.RowA, w.RowB)); err != nil {
			return err
		}
	}
	return nil
}

// openTruth opens a truth file, before a long run finds out that there is none.
func openTruth(name string) (*os.File, error) {
	f, err := os.Open(name)
	if err != nil {
		var p *fs.PathError
		if errors.As(err, &p) {
			err = p.Err
		}
		return nil, usagef("opening the truth file %s: %w", name, err)
	}
	return f, nil
}
