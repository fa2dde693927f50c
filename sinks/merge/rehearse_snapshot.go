package merge

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/pgerr"
)

// snapshotTimeout bounds the reading of one table.
const snapshotTimeout = 6 * time.Hour

// Snapshot is what a database holds, in hashes: equal hashes are equal rows, whatever their order.
type Snapshot struct {
	Tables    []TableSum // by name; a partitioned table by its partitions
	Sequences []SequenceValue
	Unseen    []string // tables that were not looked at, and why
}

// TableSum is the content of one table.
type TableSum struct {
	Table   string
	Rows    int64
	Hash    string      // of all columns but the excepted ones
	Columns []ColumnSum // which say where two tables differ
}

// ColumnSum is the content of one column, whatever the order of the rows.
type ColumnSum struct {
	Column   string
	Sum      string
	Excepted bool
}

// SequenceValue is how far a sequence has come.
type SequenceValue struct {
	Sequence string
	Value    int64 // 0 before the first
}

// TakeSnapshot reads every table outside of our schema, in one snapshot. Excepted columns, as schema.table.column or as table.column in schema
// public, are left out of the tables' hashes.
func TakeSnapshot(ctx context.Context, conn *pgx.Conn, schema string, except []string) (*Snapshot, error) {
	s := &Snapshot{}
	err := pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if err := pin(ctx, tx, maxLockTimeout, snapshotTimeout); err != nil {
			return err
		}
		tables, err := s.list(ctx, tx, cmp.Or(schema, defaultSchema))
		if err != nil {
			return err
		}
		left := make(map[string]bool, len(except))
		for _, e := range except {
			if strings.Count(e, ".") == 1 {
				e = "public." + e
			}
			left[e] = true
		}
		for i := range tables {
			sum, err := tables[i].sum(ctx, tx, left)
			if err != nil {
				return fmt.Errorf("reading %s: %w", &tables[i], err)
			}
			s.Tables = append(s.Tables, *sum)
		}
		for e := range left {
			return fmt.Errorf("there is no column %s to except", e)
		}
		return s.sequences(ctx, tx, cmp.Or(schema, defaultSchema))
	})
	if err != nil {
		return nil, fmt.Errorf("taking the checksums: %w", pgerr.Clean(err))
	}
	return s, nil
}

// list finds the tables. What cannot be read is named.
func (s *Snapshot) list(ctx context.Context, tx pgx.Tx, schema string) ([]relation, error) {
	rows, err := tx.Query(ctx, `SELECT n.nspname, c.relname, c.relkind::text,
			CASE WHEN c.relkind = 'f' THEN 'a foreign table' WHEN NOT has_table_privilege(c.oid, 'SELECT') THEN 'no right to read it'
				WHEN c.relrowsecurity AND row_security_active(c.oid) THEN 'row security hides rows' ELSE '' END,
			ARRAY(SELECT a.attname::text FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)
		FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema', $1) AND n.nspname !~ '^pg_(toast|temp)'
		ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`, schema)
	if err != nil {
		return nil, err
	}
	var (
		out     []relation
		r       relation
		unseen  string
		columns []string
	)
	_, err = pgx.ForEachRow(rows, []any{&r.schema, &r.name, &r.kind, &unseen, &columns}, func() error {
		if unseen != "" {
			s.Unseen = append(s.Unseen, r.String()+": "+unseen)
			return nil
		}
		t := relation{schema: r.schema, name: r.name, kind: r.kind}
		for _, c := range columns {
			t.columns = append(t.columns, column{name: c})
		}
		out = append(out, t)
		columns = nil
		return nil
	})
	return out, err
}

// sum reads a table. The hash of the table is made of the number of its rows and of two sums and an exclusive or of their SHA-256: any one of
// the three could be made to cancel out, all of them together not by chance.
func (r *relation) sum(ctx context.Context, tx pgx.Tx, except map[string]bool) (*TableSum, error) {
	out := &TableSum{Table: r.String()}
	var hashed, sums []string
	for _, c := range r.columns {
		name := out.Table + "." + c.name
		out.Columns = append(out.Columns, ColumnSum{Column: c.name, Excepted: except[name]})
		if !except[name] {
			hashed = append(hashed, "t."+quote(c.name))
		}
		delete(except, name)
		sums = append(sums, fmt.Sprintf("coalesce(sum(hashtextextended(t.%s::text, 0)::numeric), 0)::text || '/' || count(t.%[1]s)", quote(c.name)))
	}
	part := func(from int) string {
		return fmt.Sprintf("('x' || substr(t.%s, %d, 16))::bit(64)::bigint", quote(r.free()), from)
	}
	var a, b, x string
	var values []string
	err := tx.QueryRow(ctx, `SELECT count(*), coalesce(sum(`+part(1)+`::numeric), 0)::text, coalesce(sum(`+part(17)+`::numeric), 0)::text, coalesce(bit_xor(`+part(33)+`), 0)::text,
			ARRAY[`+strings.Join(sums, ", ")+`]::text[]
		FROM (SELECT t.*, encode(sha256(convert_to(ROW(`+strings.Join(hashed, ", ")+`)::text, getdatabaseencoding())), 'hex') AS `+quote(r.free())+` FROM ONLY `+r.sql()+` AS t) AS t`).
		Scan(&out.Rows, &a, &b, &x, &values)
	if err != nil {
		return nil, err
	}
	for i := range values {
		out.Columns[i].Sum = values[i]
	}
	all := sha256.Sum256(fmt.Appendf(nil, "%d %s %s %s", out.Rows, a, b, x))
	out.Hash = hex.EncodeToString(all[:])
	return out, nil
}

// free is a name that no column of the table has.
func (r *relation) free() string {
	name := "cm_hash"
	for r.column(name) != nil {
		name += "_"
	}
	return name
}

func (s *Snapshot) sequences(ctx context.Context, tx pgx.Tx, schema string) error {
	rows, err := tx.Query(ctx, `SELECT schemaname || '.' || sequencename, coalesce(last_value, 0) FROM pg_sequences WHERE schemaname <> $1 ORDER BY (schemaname || '.' || sequencename) COLLATE "C"`, schema)
	if err != nil {
		return err
	}
	s.Sequences, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (v SequenceValue, err error) {
		err = row.Scan(&v.Sequence, &v.Value)
		return v, err
	})
	return err
}

// Difference is a table that is not what it was.
type Difference struct {
	Table   string   `json:"table"`
	Rows    [2]int64 `json:"rows"` // before and after
	Columns []string `json:"columns"`
}

// String is for people.
func (d *Difference) String() string {
	if d.Rows[0] != d.Rows[1] {
		return fmt.Sprintf("%s: %d rows became %d", d.Table, d.Rows[0], d.Rows[1])
	}
	return fmt.Sprintf("%s: %s", d.Table, strings.Join(d.Columns, ", "))
}

// Differences lists the tables that are not as they were. Excepted columns do not count.
func (s *Snapshot) Differences(after *Snapshot) (out []Difference) {
	for i := range s.Tables {
		was := &s.Tables[i]
		now := after.table(was.Table)
		switch {
		case now == nil:
			out = append(out, Difference{Table: was.Table, Rows: [2]int64{was.Rows, 0}})
		case now.Hash != was.Hash || now.Rows != was.Rows:
			out = append(out, Difference{Table: was.Table, Rows: [2]int64{was.Rows, now.Rows}, Columns: was.differing(now, false)})
		}
	}
	for i := range after.Tables {
		if now := &after.Tables[i]; s.table(now.Table) == nil {
			out = append(out, Difference{Table: now.Table, Rows: [2]int64{0, now.Rows}})
		}
	}
	return out
}

// Excepted lists excepted columns that are not as they were.
func (s *Snapshot) Excepted(after *Snapshot) (out []string) {
	for i := range s.Tables {
		if now := after.table(s.Tables[i].Table); now != nil {
			for _, c := range s.Tables[i].differing(now, true) {
				out = append(out, s.Tables[i].Table+"."+c)
			}
		}
	}
	return out
}

func (s *Snapshot) table(name string) *TableSum {
	i := slices.IndexFunc(s.Tables, func(t TableSum) bool { return t.Table == name })
	if i < 0 {
		return nil
	}
	return &s.Tables[i]
}

// differing lists columns that differ. Where only the combination of values does, because two rows were mixed up, there are none.
func (t *TableSum) differing(now *TableSum, excepted bool) (out []string) {
	for _, c := range t.Columns {
		if c.Excepted == excepted && !slices.Contains(now.Columns, c) {
			out = append(out, c.Column)
		}
	}
	return out
}
