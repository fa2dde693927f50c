package merge

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// pin fixes, for one transaction, every setting that the form of values or the meaning of names depends on, and the time limits. It works
// behind poolers, which keep nothing else.
func pin(ctx context.Context, tx pgx.Tx, lock, statement time.Duration) error {
	settings := [][2]string{
		{"search_path", "pg_catalog"},
		{"row_security", "off"},
		{"TimeZone", "UTC"},
		{"DateStyle", "ISO"},
		{"IntervalStyle", "postgres"},
		{"bytea_output", "hex"},
		{"extra_float_digits", "1"},
		{"xmloption", "content"},
		{"lock_timeout", milliseconds(lock)},
		{MergingSetting, "on"},
	}
	var calls []string
	for _, s := range settings {
		// The names and values are the ones above: nothing to quote.
		calls = append(calls, fmt.Sprintf("pg_catalog.set_config('%s', '%s', true)", s[0], s[1]))
	}
	// A stricter limit of the role or the database is the administrator's decision, and so is a commit that waits for more than our own disk.
	for _, name := range []string{"statement_timeout", "idle_in_transaction_session_timeout"} {
		// A time such as 30s reads as an interval; asking pg_settings would list all settings each time.
		calls = append(calls, fmt.Sprintf(`pg_catalog.set_config('%[1]s', CASE WHEN extract(epoch FROM pg_catalog.current_setting('%[1]s')::pg_catalog.interval) * 1000 BETWEEN 1 AND %[2]s
			THEN pg_catalog.current_setting('%[1]s') ELSE '%[2]s' END, true)`, name, milliseconds(statement)))
	}
	calls = append(calls, `pg_catalog.set_config('synchronous_commit', CASE WHEN pg_catalog.current_setting('synchronous_commit') IN ('off', 'local') THEN 'on'
			ELSE pg_catalog.current_setting('synchronous_commit') END, true)`)
	_, err := tx.Exec(ctx, "SELECT "+strings.Join(calls, ", "))
	return err
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(max(d.Milliseconds(), 1), 10) }
