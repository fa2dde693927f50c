package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/contactmerge/contactmerge/internal/config"
	"github.com/contactmerge/contactmerge/sinks/merge"
)

// cloneDatabase copies the database on its own server, and leads the configuration to the copy. drop takes it away again.
func (a *app) cloneDatabase(ctx context.Context, in *inputFlags, c *config.Config, keep bool, cert *merge.Certificate) (drop func() error, err error) {
	source, err := connConfig(in, c)
	if err != nil {
		return nil, err
	}
	var suffix [4]byte
	_, _ = rand.Read(suffix[:]) // crypto/rand never fails
	name := "contactmerge_rehearsal_" + hex.EncodeToString(suffix[:])
	server := source.Copy()
	server.Database = "postgres" // nobody may be in the source, ourselves included
	run := func(ctx context.Context, sql string) error {
		return connected(ctx, server, func(conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, sql)
			return err
		})
	}
	if err := run(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()+" TEMPLATE "+pgx.Identifier{source.Database}.Sanitize()); err != nil {
		return nil, cloneError(source.Database, err)
	}
	in.database = name
	cert.Source = "a clone of " + source.Database
	a.printf("clone   %s of %s\n", name, source.Database)
	return func() error {
		if keep {
			a.printf("keep    the clone is %s; drop it when you have seen enough\n", name)
			return nil
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		if err := run(ctx, "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize()); err != nil {
			return fmt.Errorf("dropping the clone %s, which is left: %w", name, err)
		}
		return nil
	}, nil
}

// cloneError says what to do when a database cannot be cloned.
func cloneError(database string, err error) error {
	var pg *pgconn.PgError
	const instead = "restore a backup somewhere instead, and rehearse with --dsn … --this-is-a-copy"
	if errors.As(err, &pg) {
		switch pg.Code {
		case "55006":
			return fmt.Errorf("database %s cannot be cloned while somebody is connected to it: %s", database, instead)
		case "42501":
			return fmt.Errorf("this role may not clone database %s (it takes CREATEDB, and the source to be its own): %s", database, instead)
		}
	}
	return fmt.Errorf("cloning database %s: %w", database, err)
}
