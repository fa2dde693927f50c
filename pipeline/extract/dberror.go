package extract

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// dbError is a database error in one line that shows no row's values: the server's detail, hint and context are left out, and
// its message too in the classes that quote data. errors.As still finds the driver's error beneath.
type dbError struct {
	text  string
	cause error
}

// Error implements error.
func (e *dbError) Error() string { return e.text }

// Unwrap gives the driver's error, for its SQLSTATE.
func (e *dbError) Unwrap() error { return e.cause }

// Codes the messages below explain.
const (
	codeNoPrivilege = "42501"
	codeCanceled    = "57014"
	codeLockTimeout = "55P03"
	codeNoSnapshot  = "55000"
	codeBadSnapshot = "22023"
	codeIdleKilled  = "25P03"
)

// explain puts err into a line that begins with what was being done.
func explain(doing string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return &dbError{text: doing + ": " + oneLine(err.Error()), cause: err}
	}
	text := pg.Message
	switch {
	case strings.HasPrefix(pg.Code, "22") && pg.Code != codeBadSnapshot, strings.HasPrefix(pg.Code, "23"):
		text = "the server refused a value"
	case pg.Code == codeCanceled:
		text += "; if a statement_timeout is set for this role, raise it"
	case pg.Code == codeLockTimeout:
		text = "another session holds a lock on it, such as a migration; try again later"
	case pg.Code == codeIdleKilled:
		text += "; the snapshot was open too long"
	}
	return &dbError{text: fmt.Sprintf("%s: %s (SQLSTATE %s)", doing, oneLine(text), pg.Code), cause: err}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// explainTable is explain for a statement on one table: a missing right names the GRANT that mends it.
func explainTable(doing string, t *table, user string, err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != codeNoPrivilege {
		return explain(doing, err)
	}
	name, role := t.quoted(), pgx.Identifier{user}.Sanitize()
	text := fmt.Sprintf("%s: no right to read %s; GRANT SELECT ON %s TO %s; (SQLSTATE %s)", doing, t.display(), name, role, pg.Code)
	switch {
	case strings.Contains(pg.Message, "row-level security"):
		text = fmt.Sprintf("%s: row-level security hides rows of %s from user %s, and contacts that are not seen would be judged wrongly; "+
			"use a role its policies do not apply to (SQLSTATE %s)", doing, t.display(), role, pg.Code)
	case strings.Contains(pg.Message, "schema"):
		text = fmt.Sprintf("%s: no right to use its schema; GRANT USAGE ON SCHEMA %s TO %s; (SQLSTATE %s)",
			doing, pgx.Identifier{t.schema}.Sanitize(), role, pg.Code)
	}
	return &dbError{text: text, cause: err}
}
