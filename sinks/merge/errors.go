package merge

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/contactmerge/contactmerge/internal/pgerr"
)

// ErrFenced says that another run took the lease; this one must not write any more.
var ErrFenced = errors.New("another run took over: this one stops")

// ErrSchemaChanged says that the tables changed while the plan was being applied.
var ErrSchemaChanged = errors.New("the tables changed while the plan was being applied (column, constraint, index or trigger): apply again to go on with the new ones")

// verdict ends a step without being an error of the database.
type verdict struct {
	outcome Outcome
	reason  string
}

func (v *verdict) Error() string { return string(v.outcome) + ": " + v.reason }

func refuse(format string, args ...any) error {
	return &verdict{Refused, fmt.Sprintf(format, args...)}
}

// class is what to do about an error of a step.
type class int

const (
	classStop   class = iota // the next step would fail as well
	classRetry               // somebody else was in the way
	classBroken              // the connection is gone
	classRefuse              // the data does not allow it
	classFail                // only this step
)

// classOf sorts an error of the database. What is not known stops the run: an error nobody thought of is no reason to go on writing.
func classOf(err error) class {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		if errors.Is(err, pgx.ErrTxCommitRollback) {
			return classRetry
		}
		return classStop
	}
	switch pg.Code {
	case "40001", "40P01", "55P03":
		return classRetry
	case "57P01", "57P02", "57P03", "25P03", "25P04":
		return classBroken
	case "57014":
		return classFail
	}
	if len(pg.Code) != 5 {
		return classStop
	}
	switch pg.Code[:2] {
	case "08":
		return classBroken
	case "22", "23", "P0", "44":
		return classRefuse
	}
	return classStop
}

// reasonOf says in words why the data did not allow a step.
func reasonOf(err error) string {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return pgerr.Clean(err).Error()
	}
	where := ""
	if pg.TableName != "" {
		where = " of " + pg.SchemaName + "." + pg.TableName
	}
	switch {
	case pg.Code == "23505":
		return fmt.Sprintf("it would violate the unique constraint %q%s", pg.ConstraintName, where)
	case pg.Code == "23502":
		return fmt.Sprintf("it would make column %q%s null", pg.ColumnName, where)
	case pg.ConstraintName != "":
		return fmt.Sprintf("it would violate the constraint %q%s (SQLSTATE %s)", pg.ConstraintName, where, pg.Code)
	case pg.Code[:2] == "P0":
		return fmt.Sprintf("a trigger refused it (SQLSTATE %s)", pg.Code)
	case pg.Code[:2] == "22":
		return fmt.Sprintf("a value does not fit its column (SQLSTATE %s)", pg.Code)
	}
	return pgerr.Clean(err).Error()
}
