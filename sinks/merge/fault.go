package merge

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// FaultPoints are the points of a transaction at which Config.Fault is called, in their order. A name in the present is just before a
// statement that writes, one in the past just after it; those between "archived" and "redirect" come as often as there is something to
// write, or not at all. "statement" comes before every statement, reading or writing; what is after one is before the next.
var FaultPoints = []string{
	"begin", "statement", "locked", "checked", "archive", "archived", "remove", "removed", "unite", "united", "journal", "repoint", "repointed",
	"release", "released", "fill", "filled", "retire", "retired", "redirect", "redirected", "recorded", "commit", "committed",
}

// faulty calls a fault point before every statement.
type faulty struct {
	pgx.Tx
	fault func(string)
}

func (f faulty) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	f.fault("statement")
	return f.Tx.Exec(ctx, sql, args...)
}

func (f faulty) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	f.fault("statement")
	return f.Tx.Query(ctx, sql, args...)
}

func (f faulty) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	f.fault("statement")
	return f.Tx.QueryRow(ctx, sql, args...)
}
