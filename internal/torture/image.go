package torture

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// null stands for null in a row's texts; no value of ours has it.
const null = "\x00null"

// Row is the text of every column, in the order of the table's columns, and at the end the row's binary form.
type Row []string

// Image is every row of every table of a schema, by table name.
type Image map[string][]Row

// pinned are the settings that the form of values depends on.
const pinned = `SET search_path = pg_catalog; SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET IntervalStyle = 'postgres'; SET bytea_output = 'hex'; SET extra_float_digits = 1; SET row_security = off`

// Read takes the image of a database, in one snapshot.
func (s *Spec) Read(ctx context.Context, conn *pgx.Conn) (Image, error) {
	if _, err := conn.Exec(ctx, pinned); err != nil {
		return nil, fmt.Errorf("pinning the settings: %w", err)
	}
	im := Image{}
	err := pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		for _, t := range append([]*Table{s.Contacts}, s.Tables...) {
			rows, err := s.readTable(ctx, tx, t)
			if err != nil {
				return fmt.Errorf("reading %s: %w", t.Kind, err)
			}
			im[t.Name] = rows
		}
		return nil
	})
	return im, err
}

func (s *Spec) readTable(ctx context.Context, tx pgx.Tx, t *Table) ([]Row, error) {
	parts, exact := make([]string, len(t.Columns)), []string{}
	for i, c := range t.Columns {
		// Not ::text, which cuts the blanks of a char(n): the type's own output.
		parts[i] = "format('%s', t." + quoted(c.Name) + ")"
		parts[i] = "CASE WHEN t." + quoted(c.Name) + " IS NULL THEN NULL ELSE " + parts[i] + " END"
		if !c.Volatile {
			exact = append(exact, "t."+quoted(c.Name))
		}
	}
	// Equal binary forms are what the operator *= calls equal.
	sql := "SELECT ARRAY[" + strings.Join(parts, ", ") + "], encode(sha256(record_send(ROW(" + strings.Join(exact, ", ") + "))), 'hex') FROM " + s.sql(t) + " AS t"
	found, err := tx.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	var out []Row
	var texts []*string
	var exactly string
	_, err = pgx.ForEachRow(found, []any{&texts, &exactly}, func() error {
		r := make(Row, 0, len(texts)+1)
		for _, v := range texts {
			if v == nil {
				r = append(r, null)
				continue
			}
			r = append(r, *v)
		}
		out = append(out, append(r, exactly))
		texts = nil
		return nil
	})
	return out, err
}

// index is the place of a column.
func (t *Table) index(name string) int {
	return slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
}

// stable is a row as one text without the columns that triggers maintain, and with its binary form when exact.
func (t *Table) stable(r Row, exact bool) string {
	var b strings.Builder
	for i, v := range r {
		switch {
		case i == len(t.Columns) && !exact, i < len(t.Columns) && t.Columns[i].Volatile:
			continue
		}
		fmt.Fprintf(&b, "%d:%s", len(v), v)
	}
	return b.String()
}

// differ lists the differences between two sets of rows, at most a few, as the rows' keys: never their values.
func (t *Table) differ(want, have []Row, exact bool) []string {
	count := map[string]int{}
	example := map[string]Row{}
	for _, r := range want {
		k := t.stable(r, exact)
		count[k]--
		example[k] = r
	}
	for _, r := range have {
		k := t.stable(r, exact)
		count[k]++
		example[k] = r
	}
	var out []string
	for k, n := range count {
		switch {
		case n < 0:
			out = append(out, fmt.Sprintf("%s: missing %d times %s", t.Kind, -n, t.label(example[k])))
		case n > 0:
			out = append(out, fmt.Sprintf("%s: unexpected %d times %s", t.Kind, n, t.label(example[k])))
		}
	}
	slices.Sort(out)
	return out
}

// label names a row for people, by its columns that hold no personal data.
func (t *Table) label(r Row) string {
	var parts []string
	for i, c := range t.Columns {
		if v := r[i]; !c.Loose && !strings.Contains(v, Canary) && len(v) < 60 {
			parts = append(parts, c.Name+"="+strings.TrimPrefix(v, "\x00"))
		}
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// Same compares two images of one schema, to the last bit.
func (s *Spec) Same(want, have Image) []string {
	var out []string
	for _, t := range append([]*Table{s.Contacts}, s.Tables...) {
		out = append(out, t.differ(want[t.Name], have[t.Name], true)...)
	}
	return out
}
