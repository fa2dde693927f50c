package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/contactmerge/contactmerge/internal/config"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/evaluate"
	"github.com/contactmerge/contactmerge/sinks/report"
)

func newEvaluate(a *app) *cobra.Command {
	var in inputFlags
	var truth string
	var asJSON bool
	var wrong int
	cmd := &cobra.Command{
		Use:   "evaluate [FILE...] --truth FILE",
		Short: "Measure the findings against a known truth",
		Long: `evaluate matches the contacts as run does, writes nothing, and compares what it found with a truth file: contact_id and
person_id columns, or pairs of contact ids. All true pairs count, also those that blocking never compared.`,
		Example: "  contactmerge evaluate contacts.csv --identities identities.csv --truth truth.csv",
		RunE: func(cmd *cobra.Command, files []string) error {
			if truth == "" {
				return usagef("evaluate needs --truth FILE")
			}
			c, err := in.load()
			if err != nil {
				return err
			}
			return a.evaluate(cmd.Context(), &in, c, files, evaluation{truth: truth, json: asJSON, wrong: wrong})
		},
	}
	in.register(cmd)
	f := cmd.Flags()
	f.StringVar(&truth, "truth", "", "file with the truth: contact_id,person_id or contact_id_a,contact_id_b")
	f.BoolVar(&asJSON, "json", false, "print JSON instead of text")
	f.IntVar(&wrong, "wrong", 10, "how many wrong pairs of each kind to explain")
	_ = cmd.MarkFlagFilename("truth", "csv")
	return cmd
}

// evaluation is what evaluate was asked for.
type evaluation struct {
	truth string
	json  bool
	wrong int
}

func (a *app) evaluate(ctx context.Context, in *inputFlags, c *config.Config, files []string, ev evaluation) error {
	f, err := openTruth(ev.truth)
	if err != nil {
		return err
	}
	defer f.Close() // only read
	res, err := a.find(ctx, in, c, files)
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
	rep := evaluate.Evaluate(evaluate.Input{
		Truth: truth, Outcome: res.Outcome, CandidatePairs: res.Record.Counts.Pairs, MaxWrong: most,
		Made: func(x, y contact.Row) bool { return res.Outcome.Explain(x, y).MatchKey != "" },
	})
	if ev.json {
		enc := json.NewEncoder(a.out)
		enc.SetIndent("", "  ")
		return enc.Encode(rep)
	}
	if err := rep.WriteText(a.out); err != nil {
		return err
	}
	for _, w := range append(rep.FalsePositives, rep.FalseNegatives...) {
		a.printf("\n")
		if err := report.ExplainText(a.out, res.Outcome.Explain(w.RowA, w.RowB)); err != nil {
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
