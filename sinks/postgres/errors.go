package postgres

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/tern/v2/migrate"

	"github.com/contactmerge/contactmerge/internal/connect"
	"github.com/contactmerge/contactmerge/internal/pgerr"
)

// clean takes what may be personal out of the text of an error, and makes one line of it.
func clean(err error) error {
	var m migrate.MigrationPgError
	if errors.As(err, &m) {
		return fmt.Errorf("migration %s: %w", m.MigrationName, pgerr.Clean(m.PgError))
	}
	return pgerr.Clean(oneLine(err))
}

// folded is an error whose text had several lines.
type folded struct {
	text  string
	cause error
}

func (e *folded) Error() string { return e.text }

func (e *folded) Unwrap() error { return e.cause }

// oneLine words a failure to connect as everywhere else: the driver gives each address it tried a line.
func oneLine(err error) error {
	var refused *pgconn.ConnectError
	var done *connect.Failure
	if errors.As(err, &done) || !errors.As(err, &refused) {
		return err
	}
	text := connect.Explain(&pgx.ConnConfig{Config: *refused.Config}, refused).Error()
	return &folded{strings.Join(strings.Fields(strings.Replace(err.Error(), refused.Error(), text, 1)), " "), err}
}
