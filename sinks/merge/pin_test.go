package merge

import (
	"testing"
	"time"

	"github.com/contactmerge/contactmerge/internal/pgtest"
)

// TestPin: our limits hold, but never loosen those of the role.
func TestPin(t *testing.T) {
	db := pgtest.DB(t)
	for _, tc := range []struct{ name, set, setting, want string }{
		{"no limit of the role", "SET statement_timeout = 0", "statement_timeout", "2s"},
		{"a looser limit", "SET statement_timeout = '1h'", "statement_timeout", "2s"},
		{"a stricter limit stays", "SET statement_timeout = 700", "statement_timeout", "700ms"},
		{"idle, stricter", "SET idle_in_transaction_session_timeout = 900", "idle_in_transaction_session_timeout", "900ms"},
		{"commit without waiting", "SET synchronous_commit = off", "synchronous_commit", "on"},
		{"commit that waits for a standby", "SET synchronous_commit = remote_apply", "synchronous_commit", "remote_apply"},
		{"search path", "SET search_path = public", "search_path", "pg_catalog"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ctx := t.Context()
			conn, err := db.Pool(t).Acquire(ctx)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Release()
			if _, err := conn.Exec(ctx, tc.set); err != nil {
				t.Fatal(err)
			}
			tx, err := conn.Begin(ctx)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = tx.Rollback(ctx) }() // only read from
			if err := pin(ctx, tx, time.Second, 2*time.Second); err != nil {
				t.Fatal(err)
			}
			var got string
			if err := tx.QueryRow(ctx, "SELECT pg_catalog.current_setting($1)", tc.setting).Scan(&got); err != nil {
				t.Fatal(err)
			}
			if got != tc.want {
				t.Errorf("%s is %s, want %s", tc.setting, got, tc.want)
			}
		})
	}
}
