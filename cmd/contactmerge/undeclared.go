package main

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/sinks/merge"
	"github.com/contactmerge/contactmerge/sinks/postgres"
)

// undeclared warns of columns that seem to hold contact ids. Losers cannot be deleted before each is declared or acknowledged, which the
// check of the merge has said already then; archived ones keep their rows, so it is a warning.
func undeclared(ctx context.Context, conn *pgx.Conn, cfg merge.Config) []postgres.Finding {
	suspects, err := merge.Undeclared(ctx, conn, cfg)
	if err != nil {
		return []postgres.Finding{{Title: "undeclared references", Detail: err.Error()}}
	}
	var found []postgres.Finding
	for i := range suspects {
		s := &suspects[i]
		found = append(found, postgres.Finding{OK: true, Title: "undeclared reference", Detail: s.String() + " seems to hold contact ids that no merge would move", Fix: s.Fix()})
	}
	if len(found) == 0 {
		found = append(found, postgres.Finding{OK: true, Title: "undeclared references", Detail: "none found by name, type and sampled values"})
	}
	return found
}

// warnUndeclared says before merging which columns seem to hold contact ids that nothing moves, and what triggers will tell the outside.
func (a *app) warnUndeclared(ctx context.Context, conn *pgx.Conn, cfg merge.Config) error {
	if err := a.warnTriggers(ctx, conn, cfg); err != nil {
		return err
	}
	suspects, err := merge.Undeclared(ctx, conn, cfg)
	if err != nil {
		return err
	}
	for i := range suspects {
		a.printf("warning %s seems to hold contact ids that no merge moves: %s\n", &suspects[i], suspects[i].Fix())
	}
	return nil
}
