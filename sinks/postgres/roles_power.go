package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Powers lists what a connection's role may do that nothing here needs and that a mistake would make dangerous, in words. table is the
// contacts table, as schema.table.
func Powers(ctx context.Context, conn *pgx.Conn, table string) ([]string, error) {
	var super, bypass, creates, replicates, owns bool
	var role string
	err := conn.QueryRow(ctx, `SELECT r.rolname, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolreplication, NOT r.rolsuper AND EXISTS (
			SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname || '.' || c.relname = $1 AND pg_has_role(c.relowner, 'USAGE'))
		FROM pg_roles AS r WHERE r.rolname = current_user`, table).Scan(&role, &super, &bypass, &creates, &replicates, &owns)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading what the role may do: %w", clean(err))
	}
	var out []string
	for _, p := range []struct {
		has  bool
		what string
	}{
		{super, "is a superuser"},
		{owns, "owns " + table},
		{bypass && !super, "sees rows that row security hides from others (BYPASSRLS)"},
		{creates && !super, "may create roles"},
		{replicates && !super, "may replicate the whole server"},
	} {
		if p.has {
			out = append(out, "role "+role+" "+p.what)
		}
	}
	return out, nil
}
