// Package pgerr words errors of the server without the values that PostgreSQL quotes in them.
package pgerr

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// quiet are the classes of SQLSTATE whose message may quote a value: data exceptions, raised errors and internal ones.
var quiet = []string{"22", "P0", "XX"}

// cleaned is an error whose text was gone through. The whole one can be had by errors.As.
type cleaned struct {
	text string
	pg   *pgconn.PgError
}

// Error is the text without values.
func (e *cleaned) Error() string { return e.text }

// Unwrap gives the driver's error, for its SQLSTATE.
func (e *cleaned) Unwrap() error { return e.pg }

// closed is what the driver says of a statement on a connection that broke before, such as the ROLLBACK of the transaction it broke in. It
// takes the place of the error that broke it.
const closed = "conn closed"

// lost is an error of a connection that is gone.
type lost struct {
	text  string
	cause error
}

// Error says so.
func (e *lost) Error() string { return e.text }

// Unwrap gives the driver's error.
func (e *lost) Unwrap() error { return e.cause }

// Clean takes what may be personal out of the text of an error of the server, and leaves what was said around it. Other errors pass as
// they are, but for one that says nothing.
func Clean(err error) error {
	var done *cleaned
	var pg *pgconn.PgError
	if errors.As(err, &done) || !errors.As(err, &pg) {
		if err != nil && strings.HasSuffix(err.Error(), closed) {
			return &lost{strings.TrimSuffix(err.Error(), closed) + "the connection to the server was lost", err}
		}
		return err
	}
	if !strings.Contains(err.Error(), pg.Error()) {
		return &cleaned{Text(pg), pg} // said in other words, which nobody has checked
	}
	return &cleaned{strings.ReplaceAll(err.Error(), pg.Error(), Text(pg)), pg}
}

// Text is what may be said of an error of the server: never its detail, hint or context, and its message only in the classes that do not
// quote values.
func Text(pg *pgconn.PgError) string {
	var b strings.Builder
	if len(pg.Code) == 5 && !slices.Contains(quiet, pg.Code[:2]) {
		b.WriteString(pg.Message + " ")
	}
	fmt.Fprintf(&b, "(SQLSTATE %s", pg.Code)
	if pg.TableName != "" {
		fmt.Fprintf(&b, ", table %s", pg.SchemaName+"."+pg.TableName)
	}
	if pg.ColumnName != "" {
		fmt.Fprintf(&b, ", column %q", pg.ColumnName)
	}
	if pg.ConstraintName != "" {
		fmt.Fprintf(&b, ", constraint %q", pg.ConstraintName)
	}
	return b.String() + ")"
}

// Code is the SQLSTATE of an error, "" when the server did not send it.
func Code(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}
