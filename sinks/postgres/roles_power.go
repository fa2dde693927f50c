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

// RequireOwner refuses a role that may not erase: only the owner of our schema can.
func (s *Store) RequireOwner(ctx context.Context) error {
	var owner, user string
	var may bool
	err := s.pool.QueryRow(ctx, `SELECT r.rolname, current_user, pg_has_role(n.nspowner, 'USAGE') FROM pg_namespace AS n JOIN pg_roles AS r ON r.oid = n.nspowner WHERE n.nspname = $1`,
		s.opt.Schema).Scan(&owner, &user, &may)
	if err != nil {
		return fmt.Errorf("finding out who may erase: %w", clean(err))
	}
	if !may {
		return fmt.Errorf("erasing takes the role that owns schema %s, which is %s; %s may not", s.opt.Schema, owner, user)
	}
	return nil
}
