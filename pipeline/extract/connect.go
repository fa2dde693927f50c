package extract

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/connect"
)

// Connect opens a connection, or says in one line and without the password why it cannot.
func Connect(ctx context.Context, cfg *pgx.ConnConfig) (*pgx.Conn, error) {
	return connect.Open(ctx, cfg)
}

// TableName is the name of a configured table, schema.table or table, as the catalogue spells it: always with its schema, never quoted.
func TableName(ctx context.Context, conn *pgx.Conn, name string) (string, error) {
	t, err := findTable(ctx, conn, name)
	if err != nil {
		return "", err // which says the name
	}
	return t.display(), nil
}
