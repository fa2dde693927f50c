package pipeline

import (
	"context"

	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/scoring"
)

// Train loads the contacts and fits a model to them, as a run without one does, and scores nothing. Sinks and Model of the options do not
// matter.
func Train(ctx context.Context, opt Options) (*scoring.ModelFile, error) {
	r := newRunner(opt)
	f, err := r.train(ctx)
	if r.end(err); err != nil {
		return nil, err
	}
	return f, nil
}

func (r *runner) train(ctx context.Context) (*scoring.ModelFile, error) {
	if err := r.cfg.Validate(); err != nil {
		return nil, err
	}
	t, rejects, err := r.contacts(ctx)
	if err != nil {
		return nil, err
	}
	defer t.Release()
	for _, x := range rejects {
		if x.Scope == contact.ScopeRow {
			r.rec.Counts.Rejected++
		}
	}
	r.rec.Counts.Contacts, r.rec.Input = int64(t.Len()), t.Fingerprint()
	m, err := r.block(ctx, t)
	if err != nil {
		return nil, err
	}
	r.stage("fit model", 0, "pairs")
	f, err := scoring.Train(t, m.shared, m.blocks, r.cfg.Scoring, parallel(ctx, r.cfg.Workers))
	if err != nil {
		return nil, err
	}
	r.endStage(r.sampled(t))
	model, _, err := f.Use(t, r.cfg.Scoring)
	if err != nil {
		return nil, err
	}
	r.rec.Warnings = append(r.rec.Warnings, weaknesses(t, model.Comparisons, true)...)
	return f, nil
}
