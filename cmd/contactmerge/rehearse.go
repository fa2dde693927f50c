package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/contactmerge/contactmerge/internal/config"
	"github.com/contactmerge/contactmerge/internal/run"
	"github.com/contactmerge/contactmerge/pipeline"
	"github.com/contactmerge/contactmerge/sinks/merge"
	"github.com/contactmerge/contactmerge/sinks/postgres"
)

// rehearsing is what rehearse was asked for.
type rehearsing struct {
	isCopy, clone, keep bool
	cloneOf             string
	except              []string
	out                 string
}

func newRehearse(a *app) *cobra.Command {
	var in inputFlags
	var want rehearsing
	cmd := &cobra.Command{
		Use:   "rehearse --config FILE (--clone | --clone-of DSN | --dsn DSN --this-is-a-copy)",
		Short: "Prove on a copy of your database that merging loses nothing: merge all, verify, undo all, compare",
		Long: `rehearse finds the duplicates in a copy of your database, merges everything that is ready, verifies, undoes it all, and compares every
table with what it was, byte for byte. It prints a certificate with counts and hashes, and writes it to rehearsal.txt and rehearsal.json in
the report folder. --clone makes the copy itself, on the same server, and drops it afterwards; for that nobody may be connected to the database.
Otherwise restore a backup somewhere and say so with --this-is-a-copy. Never name the database your application works in.`,
		Example: `  contactmerge rehearse --config contactmerge.yaml --clone
  contactmerge rehearse --config contactmerge.yaml --clone-of 'host=staging dbname=crm'
  contactmerge rehearse --config contactmerge.yaml --dsn 'host=staging dbname=crm_restored' --this-is-a-copy --except contacts.updated_at`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := in.needed(cmd.Name()); err != nil {
				return err
			}
			if err := want.check(&in); err != nil {
				return err
			}
			c, err := in.load()
			if err != nil {
				return err
			}
			return a.rehearse(cmd.Context(), &in, c, &want)
		},
	}
	f := cmd.Flags()
	in.registerConfigured(cmd)
	f.BoolVar(&want.clone, "clone", false, "clone the database of the configuration, and drop the clone afterwards")
	f.StringVar(&want.cloneOf, "clone-of", "", "clone the database of this connection string, and drop the clone afterwards")
	f.BoolVar(&want.keep, "keep", false, "do not drop the clone")
	f.BoolVar(&want.isCopy, "this-is-a-copy", false, "the database is a copy that nobody works in")
	f.StringArrayVar(&want.except, "except", nil, "TABLE.COLUMN that a trigger sets on every update, and that may differ (may be repeated)")
	f.StringVar(&want.out, "out", "", "folder for the certificate (default: that of the report)")
	_ = cmd.MarkFlagDirname("out")
	return cmd
}

// check refuses to work on anything that was not called a copy.
func (w *rehearsing) check(in *inputFlags) error {
	if w.cloneOf != "" {
		if in.dsn != "" {
			return usagef("--clone-of and --dsn name two databases: give one")
		}
		in.dsn, w.clone = w.cloneOf, true
	}
	switch {
	case w.clone && w.isCopy:
		return usagef("--clone makes a copy, --this-is-a-copy says that there is one: give one of the two")
	case !w.clone && !w.isCopy:
		return usagef("rehearse merges and undoes for real, on a copy only: make one with --clone, or restore a backup and say --this-is-a-copy")
	case w.keep && !w.clone:
		return usagef("--keep is for a clone")
	}
	return nil
}

func (a *app) rehearse(ctx context.Context, in *inputFlags, c *config.Config, want *rehearsing) (err error) {
	folder := want.out
	if folder == "" {
		folder = c.Report.Dir
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("making the folder for the certificate: %w", err)
	}
	cert := &merge.Certificate{Version: version, Config: c.Fingerprint(), Source: "which was called a copy"}
	if want.clone {
		drop, err := a.cloneDatabase(ctx, in, c, want.keep, cert)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, drop()) }()
	}
	d, err := a.connect(ctx, in, c, migrates)
	if err != nil {
		return err
	}
	defer d.store.Close()
	r := &rehearsal{app: a, d: d, c: c, cert: cert, except: want.except}
	rec := newRecord()
	err = d.locked(ctx, rec, func(lock *postgres.Lock) error {
		r.lock = lock
		return r.play(ctx, rec)
	})
	if err != nil {
		return err
	}
	text, err := cert.JSON()
	if err != nil {
		return err
	}
	a.printf("\n%s", cert.Text())
	err = errors.Join(writeNew(filepath.Join(folder, "rehearsal.json"), text), writeNew(filepath.Join(folder, "rehearsal.txt"), []byte(cert.Text())))
	if err != nil {
		return err
	}
	a.printf("certificate    %s\n", filepath.Join(folder, "rehearsal.json"))
	if !cert.Passed {
		return errors.New("the rehearsal did not pass: see the certificate")
	}
	return nil
}

// rehearsal is one way there and back.
type rehearsal struct {
	*app
	d      *database
	c      *config.Config
	cert   *merge.Certificate
	except []string
	cfg    merge.Config
	lock   *postgres.Lock
}

// play goes there and back.
func (r *rehearsal) play(ctx context.Context, rec *run.Record) error {
	if err := r.introduce(ctx); err != nil {
		return err
	}
	res, err := r.find(ctx, rec)
	if err != nil {
		return err
	}
	r.cfg = r.d.mergeConfig(r.c, res.Record)
	plan := res.Outcome.Plan.ID
	res.Release()
	r.cert.Mode = r.cfg.WithDefaults().Mode
	before, err := r.snapshot(ctx, "before")
	if err != nil {
		return err
	}
	since, err := r.now(ctx)
	if err != nil {
		return err
	}
	if err := r.apply(ctx, plan); err != nil {
		return err
	}
	if err := r.verify(ctx, "after merging"); err != nil {
		return err
	}
	between, err := r.snapshot(ctx, "merged")
	if err != nil {
		return err
	}
	if err := r.back(ctx, since); err != nil {
		return err
	}
	if err := r.verify(ctx, "after undoing"); err != nil {
		return err
	}
	after, err := r.snapshot(ctx, "afterwards")
	if err != nil {
		return err
	}
	if r.cert.Ended, err = r.now(ctx); err != nil {
		return err
	}
	r.cert.Prove(before, between, after)
	return nil
}

// introduce notes where the rehearsal takes place.
func (r *rehearsal) introduce(ctx context.Context) (err error) {
	var others int
	err = r.lock.Conn().QueryRow(ctx, `SELECT current_setting('server_version'), current_database(), clock_timestamp(),
		(SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' AND application_name NOT LIKE 'contactmerge%' AND pid <> pg_backend_pid())`).
		Scan(&r.cert.Server, &r.cert.Database, &r.cert.Started, &others)
	if err != nil {
		return fmt.Errorf("asking the server who it is: %w", err)
	}
	if others > 0 {
		r.cert.Notes = append(r.cert.Notes, fmt.Sprintf("%s connected to the database: what it writes shows as a difference", many(others, "other session")))
	}
	return nil
}

func (r *rehearsal) now(ctx context.Context) (t time.Time, err error) {
	if err := r.lock.Conn().QueryRow(ctx, "SELECT clock_timestamp()").Scan(&t); err != nil {
		return t, fmt.Errorf("asking the server for the time: %w", err)
	}
	return t, nil
}

// find is the nightly run, without its report.
func (r *rehearsal) find(ctx context.Context, rec *run.Record) (*pipeline.Result, error) {
	if err := r.d.store.BeginRun(ctx, rec); err != nil {
		return nil, err
	}
	res, err := r.pipeline(ctx, r.c, pipeline.Options{
		Source: r.d.source(r.c, true), Sinks: []pipeline.Sink{r.d.store}, Declined: r.d.store.Declined, Renew: r.d.store.Renew, Record: rec,
	})
	if err != nil {
		return nil, r.d.fail(ctx, rec, err)
	}
	if res.Tripped {
		r.cert.Notes = append(r.cert.Notes, "a circuit breaker tripped: the nightly run would merge nothing of this by itself")
	}
	return res, r.d.finish(ctx, rec)
}

// apply merges what was approved, and the exact identities.
func (r *rehearsal) apply(ctx context.Context, plan string) error {
	todo, err := r.d.work(ctx, r.c, applying{auto: true, approved: true, confirm: true, plan: plan})
	if err != nil {
		return err
	}
	start := time.Now()
	leg := &r.cert.Applying
	leg.Left = map[string]int{}
	for i := range todo.jobs {
		j := &todo.jobs[i]
		m, err := merge.New(r.lock, j.cfg)
		if err != nil {
			return err
		}
		if err := r.d.claim(ctx, j); err != nil {
			return err
		}
		rep, err := r.carryOut(ctx, m, j.plan, nil)
		if err := errors.Join(err, r.d.settle(ctx, j, &rep)); err != nil {
			return err
		}
		r.cert.Plans = append(r.cert.Plans, j.plan.ID)
		leg.Merges += rep.Steps
		leg.Done += rep.Count(merge.Applied)
		leg.Losers += rep.Losers
		for _, t := range rep.Tables {
			leg.Rows += t.Repointed
			leg.Removed += t.Removed
		}
		for _, s := range rep.Unfinished {
			leg.Left[string(s.Outcome)]++
		}
	}
	leg.Seconds = time.Since(start).Seconds()
	return nil
}

// back undoes what was merged since a time.
func (r *rehearsal) back(ctx context.Context, since time.Time) error {
	leg := &r.cert.Undoing
	leg.Left = map[string]int{}
	s, err := merge.Select(ctx, r.lock.Conn(), r.cfg.Schema, merge.Selection{Since: since})
	if err != nil || len(s.Merges) == 0 {
		return err
	}
	m, err := merge.New(r.lock, r.cfg)
	if err != nil {
		return err
	}
	progress, err := r.progress()
	if err != nil {
		return err
	}
	progress.Stage("undo", int64(len(s.Merges)), "merges")
	start := time.Now()
	rep, err := merge.Undo(ctx, m, s, merge.UndoOptions{Progress: func(int, int, *merge.UndoResult) { progress.Add(1) }})
	leg.Seconds = time.Since(start).Seconds()
	progress.Stop()
	if err != nil {
		return err
	}
	r.undone(&rep)
	leg.Merges, leg.Done, leg.Losers, leg.Later = rep.Merges, rep.Count(merge.Applied), rep.Losers, rep.Kept()
	for _, t := range rep.Tables {
		leg.Rows += t.Changed + t.Inserted
	}
	for _, u := range rep.Left {
		leg.Left[string(u.Outcome)]++
	}
	return nil
}

// verify asks whether everything is as it should be on the way.
func (r *rehearsal) verify(ctx context.Context, when string) error {
	return r.d.reading(ctx, func(conn *pgx.Conn) error {
		v, err := merge.Verify(ctx, conn, r.cfg, merge.VerifyOptions{})
		if err != nil {
			return err
		}
		r.cert.Verifying = append(r.cert.Verifying, merge.Verdict{When: when, Checks: v.Asked(), Violated: v.Violated(), Head: v.Head})
		for i := range v.Checks {
			for _, p := range v.Checks[i].Found {
				r.cert.Notes = append(r.cert.Notes, fmt.Sprintf("%s, %s: %s", when, v.Checks[i].Number, &p))
			}
		}
		return nil
	})
}

// snapshot takes the checksums of all tables.
func (r *rehearsal) snapshot(ctx context.Context, when string) (s *merge.Snapshot, err error) {
	start := time.Now()
	err = r.d.reading(ctx, func(conn *pgx.Conn) error {
		s, err = merge.TakeSnapshot(ctx, conn, r.c.Database.Schema, r.except)
		return err
	})
	if err != nil {
		return nil, err
	}
	took := time.Since(start).Seconds()
	r.cert.Snapshots += took
	rows := int64(0)
	for _, t := range s.Tables {
		rows += t.Rows
	}
	r.printf("sums    %s: %s, %d rows; %.1f s\n", when, many(len(s.Tables), "table"), rows, took)
	return s, nil
}
