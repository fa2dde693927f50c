package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/config"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/run"
	"github.com/contactmerge/contactmerge/pipeline"
	"github.com/contactmerge/contactmerge/pipeline/extract"
	"github.com/contactmerge/contactmerge/sinks/merge"
	"github.com/contactmerge/contactmerge/sinks/postgres"
)

// prepareChunk is how many contacts are read at once to prepare merges: what a statement can name without growing unwieldy.
const prepareChunk = 5000

// preparing makes the steps of answers that merge.
type preparing struct {
	d         *database
	c         *config.Config
	questions []*postgres.Question // that the answers are to
	answers   []postgres.Answer
	failed    map[int]error // by the index of the answer
}

// steps reads the contacts of the answers that merge, and makes the steps: who survives, and what is filled. A contact that is not any more
// what the last run saw fails its answer; nobody has looked at what it is now.
func (p *preparing) steps(ctx context.Context) error {
	var todo []int
	contacts := 0
	for i := range p.answers {
		x := &p.answers[i]
		if d := x.Decision.Decision; p.failed[i] != nil || d != postgres.MergeAll && d != postgres.MergeSelected {
			continue
		}
		if contacts > 0 && contacts+len(x.Contacts) > prepareChunk {
			if err := p.chunk(ctx, todo); err != nil {
				return err
			}
			todo, contacts = todo[:0], 0
		}
		todo, contacts = append(todo, i), contacts+len(x.Contacts)
	}
	return p.chunk(ctx, todo)
}

func (p *preparing) chunk(ctx context.Context, todo []int) error {
	if len(todo) == 0 {
		return nil
	}
	rec, err := p.d.store.Record(ctx, p.answers[todo[0]].Run)
	if err != nil {
		return err
	}
	var ids []string
	for _, i := range todo {
		ids = append(ids, p.answers[i].Contacts...)
	}
	t, err := p.d.some(ctx, p.c, rec, slices.Compact(slices.Sorted(slices.Values(ids))))
	if err != nil {
		return fmt.Errorf("reading the contacts to merge: %w", err)
	}
	defer t.Release()
	m := cluster.NewMerger(t, p.c.Clusters)
	for _, i := range todo {
		step, err := stepFor(t, m, p.questions[i], p.answers[i].Contacts)
		if err != nil {
			p.failed[i] = err
			continue
		}
		p.answers[i].Step = step
	}
	return nil
}

// stepFor makes the step of some members of a question, if they are what the question was about.
func stepFor(t *contact.Table, m *cluster.Merger, q *postgres.Question, ids []string) (*cluster.Step, error) {
	members, _ := q.Only(ids)
	rows := make([]contact.Row, len(members))
	for i, x := range members {
		r, ok := t.Find(x.ID)
		if !ok || cluster.Fingerprint(t, r) != x.Guard {
			return nil, postgres.Edited(x.ID)
		}
		rows[i] = r
	}
	slices.Sort(rows)
	var evidence []cluster.Evidence
	for _, e := range q.Evidence {
		if slices.Contains(ids, e.A) && slices.Contains(ids, e.B) {
			evidence = append(evidence, e)
		}
	}
	s := m.Step(rows, evidence)
	for i := range s.Changes { // the texts belong to the table
		if v := s.Changes[i].Value; v != nil {
			text := strings.Clone(*v)
			s.Changes[i].Value = &text
		}
	}
	return &s, nil
}

// some reads a few contacts as a run read them: the same columns, taken for the same.
func (d *database) some(ctx context.Context, c *config.Config, rec *run.Record, ids []string) (*contact.Table, error) {
	cfg := extract.PostgresConfig{Conn: d.conn, Connections: 1, Contacts: extract.TableMap{
		Table: c.Contacts.Table, ID: c.Contacts.ID, Columns: columnWords(rec.Columns),
		Where: both(c.Contacts.Where, merge.RedirectFilterSQL(c.Database.Schema, c.Contacts.ID), among(c.Contacts.ID, ids)),
	}}
	if t := c.Identities; t != nil {
		where := t.Where
		for _, col := range rec.IdentityColumns {
			if col.Field == contact.FieldContactID {
				where = both(where, among(col.Name, ids))
			}
		}
		cfg.Identities = &extract.TableMap{Table: t.Table, Columns: columnWords(rec.IdentityColumns), Where: where}
	}
	return pipeline.Load(ctx, pipeline.Options{Config: c.Config, Source: extract.Postgres(cfg)})
}

// columnWords says what a run took columns for, in the words of the configuration.
func columnWords(columns []contact.Column) map[string]string {
	out := make(map[string]string, len(columns))
	for _, col := range columns {
		switch col.Field {
		case contact.FieldID:
		case contact.FieldIdentity:
			out[col.Name] = string(contact.FieldIdentity) + ":" + string(col.Channel)
		default:
			out[col.Name] = string(col.Field)
		}
	}
	return out
}

// both joins conditions; a line end closes a comment in one of them.
func both(conditions ...string) string {
	var out []string
	for _, c := range conditions {
		if c != "" {
			out = append(out, "("+c+"\n)")
		}
	}
	return strings.Join(out, " AND ")
}

// among is the condition that a column holds one of some ids. They have no type, so that they take the column's, and its index can be used.
func among(column string, ids []string) string {
	quote := strings.NewReplacer(`'`, `''`, `\`, `\\`)
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = `E'` + quote.Replace(id) + `'`
	}
	return pgx.Identifier{column}.Sanitize() + " IN (" + strings.Join(list, ", ") + ")"
}
