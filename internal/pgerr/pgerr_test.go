package pgerr_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/contactmerge/contactmerge/internal/pgerr"
)

func TestClean(t *testing.T) {
	unique := &pgconn.PgError{
		Severity: "ERROR", Code: "23505", Message: `duplicate key value violates unique constraint "tags_key"`, Detail: "Key (email)=(ann@example.com) already exists.",
		Where: "ann@example.com", SchemaName: "public", TableName: "tags", ConstraintName: "tags_key",
	}
	value := &pgconn.PgError{Severity: "ERROR", Code: "22P02", Message: `invalid input syntax for type integer: "ann@example.com"`}
	plain := errors.New("no such file")
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"constraint", unique, `duplicate key value violates unique constraint "tags_key" (SQLSTATE 23505, table public.tags, constraint "tags_key")`},
		{"value in the message", value, "(SQLSTATE 22P02)"},
		{"what was said around it stays", fmt.Errorf("filling the survivor: %w", value), "filling the survivor: (SQLSTATE 22P02)"},
		{"other words are not trusted", other{value}, "(SQLSTATE 22P02)"},
		{"not the server's", plain, "no such file"},
		{"after the connection broke", fmt.Errorf("reading the lease: %w", errors.New("conn closed")), "reading the lease: the connection to the server was lost"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got := pgerr.Clean(tc.err)
			if got.Error() != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			if strings.Contains(got.Error(), "ann@") {
				t.Error("a value leaked")
			}
			if again := pgerr.Clean(got); again.Error() != tc.want {
				t.Errorf("cleaned twice: %q", again)
			}
			if pgerr.Code(got) != pgerr.Code(tc.err) {
				t.Errorf("lost the SQLSTATE %q", pgerr.Code(tc.err))
			}
		})
	}
	if pgerr.Clean(nil) != nil {
		t.Error("no error became one")
	}
}

// other words a server error in its own way.
type other struct{ pg *pgconn.PgError }

func (o other) Error() string { return "could not store ann@example.com" }

func (o other) Unwrap() error { return o.pg }
