package report

import (
	"context"
	"io"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/link"
	"github.com/contactmerge/contactmerge/scoring"
)

// pairCells adds who a pair is, in this order, and what was found.
func (t *csvTable) pairCells(o *cluster.Outcome, e *scoring.Edge, a, b contact.Row) {
	t.text(o.Table.Key(a))
	t.text(o.Table.Key(b))
	t.text(e.Decision.String())
	t.number(float64(e.Weight), 4)
	t.number(probability(float64(e.Weight)), 6)
	t.text(matchKey(e.Rules, o.Rules))
	t.list(e.Reasons.Names())
}

var pairHead = []string{"left_id", "right_id", "decision", "match_weight", "match_probability", "match_key", "reasons"}

func writeLinksCSV(ctx context.Context, w io.Writer, o *cluster.Outcome, res *link.Result) error {
	t := newCSV(ctx, w, append(pairHead[:len(pairHead):len(pairHead)], "rank")...)
	for _, l := range res.Links {
		t.pairCells(o, &o.Edges[l.Edge], l.Left, l.Right)
		t.integer(int64(l.Rank))
		t.end()
		if t.err != nil {
			return t.err
		}
	}
	return t.close()
}

func writeAmbiguousCSV(ctx context.Context, w io.Writer, o *cluster.Outcome, res *link.Result) error {
	t := newCSV(ctx, w, append(pairHead[:len(pairHead):len(pairHead)], "why")...)
	for _, d := range res.Ambiguous {
		t.pairCells(o, &o.Edges[d.Edge], d.Left, d.Right)
		t.text(d.Why)
		t.end()
		if t.err != nil {
			return t.err
		}
	}
	return t.close()
}

func writeUpdatesCSV(ctx context.Context, w io.Writer, o *cluster.Outcome, res *link.Result) error {
	t := newCSV(ctx, w, "right_id", "column", "old", "new", "strategy", "left_id", "decision")
	for i := range res.Updates {
		u := &res.Updates[i]
		t.text(o.Table.Key(u.Right))
		t.text(u.Column)
		t.text(u.Old)
		t.text(u.New)
		t.text(u.Strategy)
		t.text(o.Table.Key(u.Left))
		t.text(o.Edges[u.Edge].Decision.String())
		t.end()
		if t.err != nil {
			return t.err
		}
	}
	return t.close()
}

// writeDuplicatesCSV lists the pairs inside the sides.
func writeDuplicatesCSV(ctx context.Context, w io.Writer, o *cluster.Outcome, res *link.Result) error {
	t := newCSV(ctx, w, "side", "id_a", "id_b", "decision", "match_weight", "match_probability", "match_key", "reasons")
	for s, edges := range res.Within {
		for _, i := range edges {
			e := &o.Edges[i]
			t.text(contact.SideName(uint8(s)))
			t.pairCells(o, e, e.A, e.B)
			t.end()
			if t.err != nil {
				return t.err
			}
		}
	}
	return t.close()
}

// leftColumns are the columns of the new records under their own names, and where the table has them.
func leftColumns(o *cluster.Outcome) (names []string, places []int) {
	side := o.Table.Layout().Sides[contact.Left]
	for i, c := range side.Contacts {
		names, places = append(names, c.Name), append(places, side.Place[i])
	}
	return names, places
}

func writeNewCSV(ctx context.Context, w io.Writer, o *cluster.Outcome, res *link.Result) error {
	names, places := leftColumns(o)
	t := newCSV(ctx, w, names...)
	for _, r := range res.New {
		for _, col := range places {
			v, _ := o.Table.Raw(col, r)
			t.text(v)
		}
		t.end()
		if t.err != nil {
			return t.err
		}
	}
	return t.close()
}

func writeNewParquet(ctx context.Context, w io.Writer, o *cluster.Outcome, res *link.Result) error {
	names, places := leftColumns(o)
	fields := make([]field, len(names))
	for i, n := range names {
		fields[i] = nullable(textField(n))
	}
	return writeTable(ctx, w, fields, func(t *table) error {
		for _, r := range res.New {
			for i, col := range places {
				if v, ok := o.Table.Raw(col, r); ok {
					t.text(i, v)
				} else {
					t.null(i)
				}
			}
			if err := t.end(); err != nil {
				return err
			}
		}
		return nil
	})
}

func writeLinksParquet(ctx context.Context, w io.Writer, o *cluster.Outcome, res *link.Result) error {
	fields := []field{
		textField("left_id"), textField("right_id"), wordField("decision"), levelField("match_weight"), levelField("match_probability"),
		wordField("match_key"), wordsField("reasons"), integerField("rank"),
	}
	return writeTable(ctx, w, fields, func(t *table) error {
		for _, l := range res.Links {
			e := &o.Edges[l.Edge]
			t.text(0, o.Table.Key(l.Left))
			t.text(1, o.Table.Key(l.Right))
			t.text(2, e.Decision.String())
			t.number(3, float64(e.Weight))
			t.number(4, probability(float64(e.Weight)))
			t.text(5, matchKey(e.Rules, o.Rules))
			t.texts(6, e.Reasons.Names())
			t.integer(7, int32(l.Rank))
			if err := t.end(); err != nil {
				return err
			}
		}
		return nil
	})
}

func writeUpdatesParquet(ctx context.Context, w io.Writer, o *cluster.Outcome, res *link.Result) error {
	fields := []field{
		textField("right_id"), wordField("column"), textField("old"), textField("new"), wordField("strategy"), textField("left_id"), wordField("decision"),
	}
	return writeTable(ctx, w, fields, func(t *table) error {
		for i := range res.Updates {
			u := &res.Updates[i]
			for col, v := range []string{
				o.Table.Key(u.Right), u.Column, u.Old, u.New, u.Strategy, o.Table.Key(u.Left), o.Edges[u.Edge].Decision.String(),
			} {
				t.text(col, v)
			}
			if err := t.end(); err != nil {
				return err
			}
		}
		return nil
	})
}
