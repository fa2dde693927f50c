package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/contactmerge/contactmerge/internal/evaluate"
	"github.com/contactmerge/contactmerge/internal/run"
	"github.com/contactmerge/contactmerge/scoring"
	"github.com/contactmerge/contactmerge/sinks/report"
)

// lowest is the match weight down to which evaluate looks: odds of one to a thousand against, where nobody sets a threshold.
const lowest = -10.0

// checkChart refuses a chart that cannot be written before a long run.
func checkChart(name string) error {
	if name == "" {
		return nil
	}
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return usagef("--chart %s is not a plain file", name)
	}
	if info, err := os.Stat(filepath.Dir(name)); err != nil || !info.IsDir() {
		return usagef("--chart %s: there is no folder %s", name, filepath.Dir(name))
	}
	return nil
}

// writeChart draws the measurement. The page takes its place when it is complete.
func writeChart(name string, rep evaluate.Report, rec *run.Record) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), ".contactmerge-chart-*")
	if err != nil {
		return fmt.Errorf("writing the chart: %w", err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("writing the chart: %w", errors.Join(err, os.Remove(f.Name())))
		}
	}()
	if err := errors.Join(report.WriteQuality(f, quality(rep, rec)), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// quality hands a measurement to the room that draws.
func quality(rep evaluate.Report, rec *run.Record) report.Quality {
	q := report.Quality{Source: rec.Source, Version: rec.Version, Threshold: rec.Threshold, TruePairs: rep.TruePairs}
	for _, c := range rep.Clusters {
		if c.Level == scoring.Suggest.String() {
			q.Clusters = drawnPoint(evaluate.Point{Threshold: rec.Threshold, Pairwise: c.Pairs})
		}
	}
	if s := rep.Sweep; s != nil {
		q.Curves = []report.QualityCurve{
			drawn(s.Policy, "If the threshold moves", "What a run finds at each --threshold: pairs that share an identity are decided by the rules wherever it stands; the others are suggested from it on."),
			drawn(s.Weight, "If the weight alone decided", "Every pair that was found, cut by its match weight and by no rule: what the policy adds to the model is the difference between the two figures."),
		}
		if s.From == s.Threshold {
			q.Note = "Pairs below the threshold in use were not looked for."
		}
	}
	if rep.Missed != nil {
		for _, c := range rep.Missed.ByCause {
			cause := report.QualityCause{Cause: c.Cause, Pairs: c.Pairs}
			for _, r := range c.Reasons {
				cause.Reasons = append(cause.Reasons, r.Reason)
			}
			q.Missed = append(q.Missed, cause)
		}
	}
	return q
}

func drawn(c evaluate.Curve, title, note string) report.QualityCurve {
	out := report.QualityCurve{Title: title, Note: note, InUse: drawnPoint(c.InUse), Points: drawnPoints(c.Points), Rows: drawnPoints(c.Table())}
	if c.Best != nil {
		best := drawnPoint(*c.Best)
		out.Best = &best
	}
	return out
}

func drawnPoints(points []evaluate.Point) []report.QualityPoint {
	out := make([]report.QualityPoint, len(points))
	for i, p := range points {
		out[i] = drawnPoint(p)
	}
	return out
}

func drawnPoint(p evaluate.Point) report.QualityPoint {
	return report.QualityPoint{
		Threshold: p.Threshold, Probability: p.Probability, Predicted: p.Predicted, Right: p.Right,
		Precision: numberOf(p.Precision), Recall: numberOf(p.Recall), F1: numberOf(p.F1),
	}
}

// numberOf is a share as a plain number; one that is not known is not a number.
func numberOf(s evaluate.Share) float64 {
	if !s.Known {
		return math.NaN()
	}
	return s.Value
}
