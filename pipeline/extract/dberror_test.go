package extract

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

func TestExplain(t *testing.T) {
	secret := "jane.roe@example.com"
	tests := map[string]struct {
		err  error
		want string
	}{
		"value":       {&pgconn.PgError{Code: "22P02", Message: "invalid input syntax for type integer: " + secret}, "reading t: the server refused a value (SQLSTATE 22P02)"},
		"constraint":  {&pgconn.PgError{Code: "23505", Message: "duplicate", Detail: secret}, "reading t: the server refused a value (SQLSTATE 23505)"},
		"detail":      {&pgconn.PgError{Code: "42703", Message: "no such column", Detail: secret, Hint: secret, Where: secret}, "reading t: no such column (SQLSTATE 42703)"},
		"timeout":     {&pgconn.PgError{Code: "57014", Message: "canceling statement due to statement timeout"}, "raise it (SQLSTATE 57014)"},
		"lock":        {&pgconn.PgError{Code: "55P03", Message: "x"}, "another session holds a lock on it"},
		"idle":        {&pgconn.PgError{Code: "25P03", Message: "terminating connection"}, "the snapshot was open too long"},
		"not a reply": {fmt.Errorf("two\n lines"), "reading t: wrapped: two lines"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := explain("reading t", fmt.Errorf("wrapped: %w", tt.err))
			if !strings.Contains(got.Error(), tt.want) || strings.Contains(got.Error(), secret) {
				t.Errorf("got %v, want %s", got, tt.want)
			}
			if !errors.Is(got, tt.err) {
				t.Error("the driver's error is lost")
			}
		})
	}
	if err := explain("reading t", context.Canceled); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
