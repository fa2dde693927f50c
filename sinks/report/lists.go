package report

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/run"
)

func writeSharedCSV(ctx context.Context, w io.Writer, o *cluster.Outcome) error {
	t := newCSV(ctx, w, "kind", "value", "contacts", "names")
	for _, s := range o.Shared {
		t.text(o.Table.KeySpace(s.Key).String())
		t.text(o.Table.KeyText(s.Key))
		t.integer(int64(s.Contacts))
		t.integer(int64(s.Names))
		t.end()
	}
	return t.close()
}

func writeQuarantineCSV(ctx context.Context, w io.Writer, o *cluster.Outcome) error {
	t := newCSV(ctx, w, "source", "row", "contact_id", "column", "scope", "reason", "raw")
	for i := range o.Rejects {
		r := &o.Rejects[i]
		t.text(r.Source)
		if r.Row > 0 {
			t.integer(r.Row)
		} else {
			t.text("")
		}
		t.text(r.ID)
		t.text(r.Column)
		t.text(r.Scope)
		t.text(r.Reason)
		t.text(r.Raw)
		t.end()
		if t.err != nil {
			return t.err
		}
	}
	return t.close()
}

// writePlan writes the plan's own JSON and a line end, one step at a time: a first run over millions of contacts plans hundreds
// of thousands of steps, and their whole text would double the memory of the run.
func writePlan(ctx context.Context, w io.Writer, o *cluster.Outcome) error {
	plan := o.Plan
	if plan == nil {
		plan = &cluster.Plan{Format: cluster.PlanFormat, Steps: []cluster.Step{}}
	}
	head := *plan
	if len(plan.Steps) > 0 {
		head.Steps = []cluster.Step{}
	}
	raw := head.JSON()
	if len(plan.Steps) > 0 {
		const open = `"steps":[`
		before, after, ok := bytes.Cut(raw, []byte(open))
		if !ok {
			return fmt.Errorf("plan of format %d has no steps", head.Format)
		}
		if _, err := w.Write(append(before, open...)); err != nil {
			return err
		}
		if err := writeSteps(ctx, w, plan.Steps); err != nil {
			return err
		}
		raw = after
	}
	_, err := w.Write(append(raw, '\n'))
	return err
}

// writeSteps encodes as the plan does: without escaping what only HTML needs.
func writeSteps(ctx context.Context, w io.Writer, steps []cluster.Step) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for i := range steps {
		b.Reset()
		if i > 0 {
			b.WriteByte(',')
		}
		if err := enc.Encode(&steps[i]); err != nil {
			return err
		}
		if _, err := w.Write(bytes.TrimSuffix(b.Bytes(), []byte("\n"))); err != nil {
			return err
		}
		if i%ctxEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

func writeRecord(w io.Writer, r *run.Record) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}
