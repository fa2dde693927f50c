package merge

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/contactmerge/contactmerge/internal/pgerr"
)

func TestCleanErrors(t *testing.T) {
	full := &pgconn.PgError{
		Severity: "ERROR", Code: "23505", Message: "duplicate key value violates unique constraint \"u\"", Detail: "Key (email)=(ann@example.com) already exists.",
		Where: "SQL ann@example.com", Hint: "ann@example.com", ConstraintName: "u", SchemaName: "public", TableName: "t",
	}
	raised := &pgconn.PgError{Severity: "ERROR", Code: "P0001", Message: "ann@example.com must stay"}
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"context stays", fmt.Errorf("writing the ledger: %w", full), `writing the ledger: duplicate key value violates unique constraint "u" (SQLSTATE 23505, table public.t, constraint "u")`},
		{"message of a trigger goes", fmt.Errorf("moving: %w", raised), "moving: (SQLSTATE P0001)"},
		{"other words go", &wordy{raised}, "(SQLSTATE P0001)"},
		{"not of the server", errors.New("broken pipe"), "broken pipe"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			once := pgerr.Clean(tt.err)
			twice := pgerr.Clean(fmt.Errorf("again: %w", once))
			if once.Error() != tt.want || twice.Error() != "again: "+tt.want || strings.Contains(twice.Error(), "ann@") {
				t.Errorf("got %q, then %q; want %q", once, twice, tt.want)
			}
			var pg *pgconn.PgError
			if errors.As(tt.err, &pg) && !errors.As(twice, &pg) {
				t.Error("the error of the server cannot be had any more")
			}
		})
	}
}

// wordy is an error that tells of a server error in words of its own.
type wordy struct{ err error }

func (w *wordy) Error() string { return "ann@example.com" }

func (w *wordy) Unwrap() error { return w.err }
