package main

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/sinks/merge"
	"github.com/contactmerge/contactmerge/sinks/postgres"
)

// triggers says which triggers of the application a merge sets off, and warns of those that tell the outside.
func triggers(ctx context.Context, conn *pgx.Conn, cfg merge.Config) []postgres.Finding {
	all, err := merge.Triggers(ctx, conn, cfg)
	if err != nil {
		return []postgres.Finding{{Title: "triggers", Detail: err.Error()}}
	}
	var found []postgres.Finding
	for i := range all {
		f := postgres.Finding{OK: true, Title: "trigger", Detail: all[i].String()}
		if all[i].Loud() {
			f.Fix = all[i].Fix()
		}
		found = append(found, f)
	}
	if len(found) == 0 {
		found = append(found, postgres.Finding{OK: true, Title: "triggers", Detail: "none fires when rows are merged"})
	}
	return found
}

// companions says what becomes of the other columns of foreign keys that refer to contacts by several.
func companions(ctx context.Context, conn *pgx.Conn, cfg merge.Config) []postgres.Finding {
	all, err := merge.Companions(ctx, conn, cfg)
	if err != nil {
		return []postgres.Finding{{Title: "foreign keys", Detail: err.Error()}}
	}
	var found []postgres.Finding
	for i := range all {
		found = append(found, postgres.Finding{OK: true, Title: "foreign key", Detail: all[i].String()})
	}
	return found
}

// warnTriggers says before merging what the role may do too much, and which triggers will tell the outside of it.
func (a *app) warnTriggers(ctx context.Context, conn *pgx.Conn, cfg merge.Config) error {
	if err := a.warnRole(ctx, conn, cfg.Contacts); err != nil {
		return err
	}
	all, err := merge.Triggers(ctx, conn, cfg)
	if err != nil {
		return err
	}
	for i := range all {
		if all[i].Loud() {
			a.printf("warning trigger %s: %s\n", &all[i], all[i].Fix())
		}
	}
	return nil
}
