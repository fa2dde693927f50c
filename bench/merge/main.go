// Command merge measures how many contacts a second are merged, and unmerged: a database of pairs of contacts, each with two rows in other
// tables, is merged in groups and one by one, with the journal on and commits as the server has them, all of it is verified, and undone.
//
//	go run ./internal/pgtest/throwaway -fsync -- go run ./bench/merge -losers 170000
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/run"
	"github.com/contactmerge/contactmerge/sinks/merge"
	"github.com/contactmerge/contactmerge/sinks/postgres"
)

func main() {
	losers := flag.Int("losers", 170_000, "contacts to merge away in groups")
	late := flag.Int("late", 0, "rows that are written to the losers after the merge, for sweep to move")
	single := flag.Int("single", 2000, "contacts to merge away one by one, for comparison")
	group := flag.Int("group", 500, "losers in one transaction")
	mode := flag.String("mode", "archive", "archive or delete")
	statements := flag.Int("statements", 0, "print that many of the statements that took longest")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := measure(ctx, &options{dsn: os.Getenv("CONTACTMERGE_DSN"), losers: *losers, late: *late, single: *single, group: *group, mode: merge.Mode(*mode), statements: *statements})
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "merge:", err)
		os.Exit(1)
	}
}

type options struct {
	dsn                         string
	losers, late, single, group int
	mode                        merge.Mode
	statements                  int
}

// schema has a pair of contacts for every loser: 2n is the survivor, 2n+1 the loser, with a ticket and a chat each.
const schema = `
CREATE TABLE contacts (id bigint PRIMARY KEY, first_name text, last_name text, email text, phone text, city text, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE tickets (id bigserial PRIMARY KEY, contact_id bigint NOT NULL REFERENCES contacts, title text, body text);
CREATE TABLE chats (id bigserial PRIMARY KEY, contact_id bigint NOT NULL REFERENCES contacts, message text, at timestamptz NOT NULL DEFAULT now());
INSERT INTO contacts (id, first_name, last_name, email, phone, city) SELECT i, 'First' || i / 2, 'Last' || i / 2, 'person' || i / 2 || '@example.com', CASE WHEN i % 2 = 1 THEN '+12025550' || i % 1000 END, 'City ' || i % 300
	FROM generate_series(0, %[1]d * 2 - 1) AS i;
INSERT INTO tickets (contact_id, title, body) SELECT id, 'Ticket of ' || id, repeat('text ', 20) FROM contacts ORDER BY hashint8(id);
INSERT INTO chats (contact_id, message) SELECT id, 'Message of ' || id FROM contacts ORDER BY hashint8(id + 1);
CREATE INDEX ON tickets (contact_id);
CREATE INDEX ON chats (contact_id);
ANALYZE;
CHECKPOINT;
`

var columns = []string{"id", "first_name", "last_name", "email", "phone", "city"}

func measure(ctx context.Context, opt *options) error {
	if opt.dsn == "" {
		return errors.New("CONTACTMERGE_DSN names no database: start this with internal/pgtest/throwaway")
	}
	for _, r := range []struct {
		name          string
		losers, group int
	}{{"one by one", opt.single, 1}, {"in groups", opt.losers, opt.group}} {
		if r.losers > 0 {
			if err := once(ctx, opt, r.name, r.losers, r.group); err != nil {
				return fmt.Errorf("measuring %s: %w", r.name, err)
			}
		}
	}
	return nil
}

// once makes a database, merges its pairs, undoes that, and prints how long it took.
func once(ctx context.Context, opt *options, name string, losers, group int) error {
	cfg, err := fresh(ctx, opt.dsn, "bench_"+strconv.Itoa(group))
	if err != nil {
		return err
	}
	slow := &slowest{print: opt.statements}
	if opt.statements > 0 {
		cfg.Tracer = slow
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) // it has done its work by then
	if _, err := conn.Exec(ctx, strings.ReplaceAll(schema, "%[1]d", strconv.Itoa(losers)), pgx.QueryExecModeSimpleProtocol); err != nil {
		return fmt.Errorf("making the schema: %w", err)
	}
	if err := settings(ctx, conn); err != nil {
		return err
	}
	p, err := plan(ctx, conn, losers)
	if err != nil {
		return err
	}
	store, err := postgres.Open(ctx, cfg, postgres.Options{})
	if err != nil {
		return err
	}
	defer store.Close()
	if err := store.Migrate(ctx); err != nil {
		return err
	}
	lock, err := store.Lock(ctx, &run.Record{ID: "bench"})
	if err != nil {
		return err
	}
	defer func() { _ = lock.Release(context.WithoutCancel(ctx)) }() // the database is thrown away
	conf := merge.Config{Contacts: "contacts", ID: "id", Columns: columns, Mode: opt.mode, GroupLosers: group}
	m, err := merge.New(lock, conf)
	if err != nil {
		return err
	}
	w := watch{name: name, unit: "losers", losers: losers, group: group, slow: slow}
	w.begin(lock.Conn())
	rep, err := merge.Apply(ctx, m, p, merge.Options{})
	if err != nil {
		return err
	}
	if rep.Count(merge.Applied) != losers {
		return fmt.Errorf("%d of %d merges were applied: %+v", rep.Count(merge.Applied), losers, rep.Counts)
	}
	w.end("merged")
	if group > 1 && opt.late > 0 {
		if err := sweep(ctx, lock.Conn(), m, w, opt.late); err != nil {
			return err
		}
	}
	w.begin(conn)
	v, err := merge.Verify(ctx, conn, conf, merge.VerifyOptions{})
	if err != nil {
		return err
	}
	if !v.OK() {
		return fmt.Errorf("%d invariants are violated", v.Violated())
	}
	w.end("verified")
	w.begin(lock.Conn())
	// What is to be undone is looked for too: somebody waits for that as well.
	sel, err := merge.Select(ctx, lock.Conn(), "contactmerge", merge.Selection{Plan: p.ID})
	if err != nil {
		return err
	}
	undone, err := merge.Undo(ctx, m, sel, merge.UndoOptions{GroupLosers: group})
	if err != nil {
		return err
	}
	if undone.Count(merge.Applied) != losers {
		return fmt.Errorf("%d of %d merges were undone: %+v", undone.Count(merge.Applied), losers, undone.Counts)
	}
	w.end("undone")
	return nil
}

// sweep writes rows to contacts that were merged away, as a form that was open for long does, and moves them.
func sweep(ctx context.Context, conn *pgx.Conn, m *merge.Merger, w watch, late int) error {
	_, err := conn.Exec(ctx, `INSERT INTO public.tickets (contact_id, title, body) SELECT 1 + 2 * (i % $2), 'Late', repeat('text ', 20) FROM generate_series(1, $1::bigint) AS i`, late, w.losers)
	if err != nil {
		return fmt.Errorf("writing late rows: %w", err)
	}
	w.unit, w.losers = "late rows", late
	w.begin(conn)
	rep, err := m.Sweep(ctx, merge.Options{})
	if err != nil {
		return err
	}
	if n := rep.Tables; len(n) == 0 || len(rep.Unfinished) > 0 {
		return fmt.Errorf("the sweep left rows behind: %+v", rep.Counts)
	}
	w.end("swept")
	return nil
}

// fresh makes an empty database and says how to reach it.
func fresh(ctx context.Context, dsn, name string) (*pgx.ConnConfig, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx)) // it has done its work by then
	for _, sql := range []string{"DROP DATABASE IF EXISTS ", "CREATE DATABASE "} {
		if _, err := conn.Exec(ctx, sql+pgx.Identifier{name}.Sanitize()); err != nil {
			return nil, err
		}
	}
	cfg = cfg.Copy()
	cfg.Database = name
	return cfg, nil
}

// settings prints what the figures depend on.
func settings(ctx context.Context, conn *pgx.Conn) error {
	var text string
	err := conn.QueryRow(ctx, `SELECT string_agg(name || '=' || current_setting(name), ' ' ORDER BY name) FROM pg_settings
		WHERE name IN ('server_version', 'fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers', 'wal_level', 'max_wal_size')`).Scan(&text)
	if err != nil {
		return fmt.Errorf("reading the settings: %w", err)
	}
	fmt.Println(text)
	return nil
}

// plan merges every odd contact into the even one before it, and gives every third survivor the loser's phone.
func plan(ctx context.Context, conn *pgx.Conn, losers int) (*cluster.Plan, error) {
	cols := make([]string, len(columns))
	for i, c := range columns {
		cols[i] = c + "::text"
	}
	rows, err := conn.Query(ctx, "SELECT ARRAY["+strings.Join(cols, ", ")+"] FROM contacts ORDER BY id")
	if err != nil {
		return nil, err
	}
	images, err := pgx.CollectRows(rows, pgx.RowTo[[]*string])
	if err != nil {
		return nil, err
	}
	p := &cluster.Plan{Format: cluster.PlanFormat, Source: "bench"}
	for i := range losers {
		survivor, loser := images[2*i], images[2*i+1]
		ids := []string{*survivor[0], *loser[0]}
		s := cluster.Step{Cluster: cluster.IDOf(ids), Survivor: ids[0], Losers: ids[1:]}
		s.Guards = []cluster.Guard{{ID: ids[0], Hash: cluster.GuardHash(survivor, nil)}, {ID: ids[1], Hash: cluster.GuardHash(loser, nil)}}
		if i%3 == 0 {
			s.Changes = []cluster.Change{{Column: "phone", Value: loser[4], From: ids[1], Rule: "fill_empty"}}
		}
		p.Steps = append(p.Steps, s)
	}
	p.ID = p.Hash()
	return p, nil
}
