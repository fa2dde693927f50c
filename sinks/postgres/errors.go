package postgres

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/tern/v2/migrate"
)

// serverError is an error of the server without the parts that quote row values. The whole one can be had by errors.As.
type serverError struct{ pg *pgconn.PgError }

// quiet are the classes of SQLSTATE whose message may quote a value: data exceptions, raised errors and internal ones.
var quiet = []string{"22", "P0", "XX"}

func (e *serverError) Error() string {
	var b strings.Builder
	if len(e.pg.Code) == 5 && !slices.Contains(quiet, e.pg.Code[:2]) {
		b.WriteString(e.pg.Message + " ")
	}
	fmt.Fprintf(&b, "(SQLSTATE %s", e.pg.Code)
	if e.pg.ConstraintName != "" {
		fmt.Fprintf(&b, ", constraint %q", e.pg.ConstraintName)
	}
	return b.String() + ")"
}

func (e *serverError) Unwrap() error { return e.pg }

// cleaned is an error whose text was gone through.
type cleaned struct {
	text string
	pg   *pgconn.PgError
}

func (e *cleaned) Error() string { return e.text }

func (e *cleaned) Unwrap() error { return e.pg }

// clean takes what may be personal out of the text of an error of the server, and leaves what was said around it.
func clean(err error) error {
	var done *cleaned
	var server *serverError
	if errors.As(err, &done) || errors.As(err, &server) {
		return err
	}
	var m migrate.MigrationPgError
	if errors.As(err, &m) {
		return fmt.Errorf("migration %s: %w", m.MigrationName, &serverError{m.PgError})
	}
	err = oneLine(err)
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err
	}
	server = &serverError{pg}
	if !strings.Contains(err.Error(), pg.Error()) {
		return server // said in other words, which nobody has checked
	}
	return &cleaned{strings.ReplaceAll(err.Error(), pg.Error(), server.Error()), pg}
}

// folded is an error whose text had several lines.
type folded struct {
	text  string
	cause error
}

func (e *folded) Error() string { return e.text }

func (e *folded) Unwrap() error { return e.cause }

// oneLine makes one line of a failure to connect, in which the driver gives each address it tried a line.
func oneLine(err error) error {
	var refused *pgconn.ConnectError
	if !errors.As(err, &refused) {
		return err
	}
	return &folded{strings.Join(strings.Fields(err.Error()), " "), err}
}

// code is the SQLSTATE of an error, "" when the server did not send it.
func code(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}
