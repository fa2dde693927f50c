package pipeline

import (
	"context"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/pipeline/normalize"
)

// maxReaders bounds the parts read at once: more connections would only compete with the customer's application.
const maxReaders = 4

// normalized is what a normalize worker hands on: one of the two.
type normalized struct {
	contacts   *contact.Chunk
	identities *contact.IdentityChunk
}

// Load reads and normalizes the contacts of the source, and does no more: for whoever looks at some of them alone. The caller releases the
// table.
func Load(ctx context.Context, opt Options) (*contact.Table, error) {
	r := newRunner(opt)
	defer r.progress.Stop()
	if err := r.cfg.Validate(); err != nil {
		return nil, err
	}
	t, _, err := r.contacts(ctx)
	return t, err
}

// contacts loads the table and is done with the source.
func (r *runner) contacts(ctx context.Context) (*contact.Table, []contact.Reject, error) {
	t, rejects, err := r.load(ctx)
	if closeErr := r.opt.Source.Close(); err == nil && closeErr != nil {
		t.Release()
		err = fmt.Errorf("closing the source: %w", closeErr)
	}
	if err != nil {
		return nil, nil, err
	}
	return t, rejects, nil
}

// load streams the source through the normalizers into a frozen table.
func (r *runner) load(ctx context.Context) (*contact.Table, []contact.Reject, error) {
	layout, err := r.opt.Source.Open(ctx)
	if err != nil {
		return nil, nil, err
	}
	r.rec.Source, r.rec.Columns, r.rec.IdentityColumns = layout.Name, layout.Contacts, layout.Identities
	if n, ok := r.opt.Source.(interface{ Notes() []string }); ok {
		r.rec.Warnings = append(r.rec.Warnings, n.Notes()...)
	}
	r.opt.OnLayout(layout)
	if err := r.opt.CheckLayout(layout); err != nil {
		return nil, nil, err
	}
	if len(layout.Sides) == 0 { // nothing survives, or is merged away, where two sources are linked
		if err := r.cfg.Clusters.Survivorship.Check(layout); err != nil {
			return nil, nil, err
		}
	}
	r.stage("extract and normalize", layout.Rows, "contacts")
	b := contact.NewBuilder(layout)
	if err := r.stream(ctx, layout, b); err != nil {
		return nil, nil, err
	}
	r.endStage(int64(b.Len()))

	r.stage("freeze", int64(b.Len()), "contacts")
	b.Birthdates(birthdates)
	b.Answers(normalize.Bool)
	if err := b.Seal(); err != nil {
		return nil, nil, err
	}
	parsed, err := r.parseIdentities(ctx, b)
	if err != nil {
		return nil, nil, err
	}
	rejects := b.Rejects()
	t, err := b.Freeze(parsed, parallel(ctx, r.cfg.Workers))
	if err != nil {
		return nil, nil, err
	}
	r.endStage(int64(t.Len()))
	return t, rejects, nil
}

// stream is the first of the three pipelines: readers, normalize workers, one collector.
func (r *runner) stream(ctx context.Context, layout contact.Layout, b *contact.Builder) error {
	g, ctx := errgroup.WithContext(ctx)
	batches := r.read(ctx, g, max(layout.Parts, 1))
	fields := fieldsOf(layout.Identities)
	chunks := stage(ctx, g, r.cfg.Workers, batches, func() func(*contact.Batch) (normalized, error) {
		n, channels := newNormalizer(layout, r.cfg.Normalize), newMemo(normalize.ChannelName)
		return func(b *contact.Batch) (normalized, error) {
			if b.Kind == contact.Identities {
				side := b.Side // the batch is gone afterwards
				c := n.identities(b, fields, channels)
				c.OnSide(side)
				return normalized{identities: c}, nil
			}
			return normalized{contacts: n.batch(b)}, nil
		}
	})
	g.Go(func() error {
		for c := range chunks {
			if c.identities != nil {
				b.AbsorbIdentities(c.identities)
				continue
			}
			b.Absorb(c.contacts)
			r.progress.Add(int64(c.contacts.Len()))
		}
		return nil
	})
	return g.Wait()
}

// read delivers the batches of all parts on one channel.
func (r *runner) read(ctx context.Context, g *errgroup.Group, parts int) <-chan *contact.Batch {
	readers := min(parts, maxReaders)
	out := make(chan *contact.Batch, r.cfg.Workers)
	var next, live atomic.Int32
	live.Store(int32(readers))
	emit := func(b *contact.Batch) error {
		select {
		case out <- b:
			return nil
		case <-ctx.Done():
			b.Release()
			return context.Cause(ctx)
		}
	}
	for range readers {
		g.Go(func() error {
			defer func() {
				if live.Add(-1) == 0 {
					close(out)
				}
			}()
			for {
				part := int(next.Add(1) - 1)
				if part >= parts {
					return nil
				}
				if err := r.opt.Source.Read(ctx, part, emit); err != nil {
					return err
				}
			}
		})
	}
	return out
}

// parseChunk is how many identities one task parses.
const parseChunk = 4096

func (r *runner) parseIdentities(ctx context.Context, b *contact.Builder) ([]contact.ParsedIdentity, error) {
	parsed := make([]contact.ParsedIdentity, b.Distinct())
	parsers := make(chan *identityParser, r.cfg.Workers)
	for range r.cfg.Workers {
		parsers <- newIdentityParser(r.cfg.Normalize)
	}
	tasks := (len(parsed) + parseChunk - 1) / parseChunk
	err := parallel(ctx, r.cfg.Workers)(tasks, func(task int) error {
		p := <-parsers
		defer func() { parsers <- p }()
		for i := task * parseChunk; i < min((task+1)*parseChunk, len(parsed)); i++ {
			parsed[i] = p.parse(b.Raw(i))
		}
		return nil
	})
	return parsed, err
}

// birthdates reads a column of dates. Which of day and month stands first is decided once for the whole column.
func birthdates(values []string) []contact.Birthdate {
	order := normalize.DateOrderOf(values)
	parser := normalize.NewDateParser(normalize.DateConfig{Order: order, Historic: normalize.HistoricDates(values, order), Serial: normalize.SerialDates(values)})
	out := make([]contact.Birthdate, len(values))
	for i, v := range values {
		d := parser.Parse(v)
		out[i].Key = d.Key()
		switch d.Status {
		case normalize.Invalid:
			out[i].Reason = "impossible_date"
		case normalize.Placeholder:
			out[i].Flags = contact.RowDatePlaceholder
		}
		if d.Ambiguous {
			out[i].Flags |= contact.RowDateAmbiguous
		}
	}
	return out
}
