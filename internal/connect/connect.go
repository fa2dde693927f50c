// Package connect opens connections to the customer's database: protected ones, whose secrets lie where others cannot read them, and in
// sessions whose settings are ours. Every connection of the program is made here.
package connect

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Open opens a connection and prepares its session, or says in one line and without the password why it cannot.
func Open(ctx context.Context, cfg *pgx.ConnConfig) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, explain(cfg, err)
	}
	if err := Prepare(ctx, conn); err != nil {
		_ = conn.Close(context.WithoutCancel(ctx)) // of no use, and the first error is the one that counts
		return nil, err
	}
	return conn, nil
}

// settings are those of every session of ours. Names of functions and operators mean the server's own; a policy that would hide rows is an
// error, because contacts that are not seen would be judged wrongly; and the server's log gets no parameters of a statement that fails.
var settings = [][2]string{
	{"search_path", "pg_catalog"},
	{"row_security", "off"},
	{"log_parameter_max_length_on_error", "0"},
}

// writable lets a role that reads by default, which keeps a person's slip from harm, write to our own tables. A whole database or server
// that only reads was made so by its administrator for a reason, and stays so.
const writable = `(SELECT pg_catalog.set_config(name, 'off', false) FROM pg_catalog.pg_settings
	WHERE name = 'default_transaction_read_only' AND source IN ('user', 'database user'))`

// terseSetting keeps the row that a constraint refuses out of the server's log. It takes a right that only some roles have.
const terseSetting = "log_error_verbosity"

// terse is how a role sets it that may: a superuser, or from PostgreSQL 15 on a role it was granted to.
func terse(conn *pgx.Conn) string {
	const set = "pg_catalog.set_config('" + terseSetting + "', 'terse', false)"
	if conn.PgConn().ParameterStatus("is_superuser") == "on" {
		return set
	}
	major, _, _ := strings.Cut(conn.PgConn().ParameterStatus("server_version"), ".")
	if n, err := strconv.Atoi(major); err != nil || n < 15 {
		return "NULL"
	}
	return "CASE WHEN pg_catalog.has_parameter_privilege('" + terseSetting + "', 'SET') THEN " + set + " END"
}

// Prepare pins the settings of a new session. It refuses one that a pooler hands to others between two transactions: a setting would reach
// the application's statements there, and a lock would be held by whoever comes next.
func Prepare(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, patience(conn.Config()))
	defer cancel()
	process, err := refusePooler(ctx, conn)
	if err != nil {
		return err
	}
	attend(conn, process)
	calls := []string{terse(conn), writable}
	for _, s := range slices.Concat(settings, serverKeepalives) {
		if conn.Config().RuntimeParams[s[0]] != "" && s[0][:4] == "tcp_" {
			continue // the address says it
		}
		calls = append(calls, fmt.Sprintf("pg_catalog.set_config('%s', '%s', false)", s[0], s[1])) // both are ours: nothing to quote
	}
	if _, err := ask(ctx, conn, "SELECT "+strings.Join(calls, ", ")); err != nil {
		return fmt.Errorf("preparing the connection: %w", explain(conn.Config(), err))
	}
	return nil
}

// Writing is the same configuration for connections that write: of several hosts it takes the primary, as with target_session_attrs,
// unless the address chooses itself.
func Writing(cfg *pgx.ConnConfig) *pgx.ConnConfig {
	cfg = cfg.Copy()
	if cfg.ValidateConnect == nil {
		cfg.ValidateConnect = refuseStandby
	}
	return cfg
}

// refuseStandby is target_session_attrs=primary. It is not read-write, because a role may read by default and write when it says so.
func refuseStandby(ctx context.Context, conn *pgconn.PgConn) error {
	results, err := conn.Exec(ctx, "SELECT pg_catalog.pg_is_in_recovery()").ReadAll()
	if err != nil {
		return err
	}
	if string(results[0].Rows[0][0]) == "t" {
		return ErrStandby
	}
	return nil
}
