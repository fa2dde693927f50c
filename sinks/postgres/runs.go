package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/run"
)

// Run is a run as the database remembers it.
type Run struct {
	ID        string
	State     run.State
	Host      string
	PID       int
	Started   time.Time // by the database's clock
	Ended     time.Time // zero while running
	Error     string
	Published bool // its suggestions are the current ones
	Record    run.Record
}

// BeginRun opens the record of a run.
func (s *Store) BeginRun(ctx context.Context, rec *run.Record) error {
	counts, record, err := encodeRecord(rec)
	if err != nil {
		return err
	}
	_, err = s.pool.Exec(ctx, `INSERT INTO `+s.table("runs")+` (run_id, state, host, pid, counts, record) VALUES ($1, $2, $3, $4, $5, $6)`,
		rec.ID, string(run.Running), s.opt.Host, s.opt.PID, counts, record)
	if err != nil {
		return fmt.Errorf("opening run %s: %w", rec.ID, clean(err))
	}
	return nil
}

// FinishRun closes the record of a run with its state, counts and error. A run that was abandoned meanwhile stays so.
func (s *Store) FinishRun(ctx context.Context, rec *run.Record) error {
	counts, record, err := encodeRecord(rec)
	if err != nil {
		return err
	}
	if rec.State == run.Failed {
		s.pool.Reset() // what ended the run may have broken the connections that the pool still holds
	}
	tag, err := s.pool.Exec(ctx, `UPDATE `+s.table("runs")+` SET state = $2, ended_at = clock_timestamp(), counts = $3, record = $4, error = $5
		WHERE run_id = $1 AND state = $6`, rec.ID, string(rec.State), counts, record, printable(rec.Error), string(run.Running))
	if err != nil {
		return fmt.Errorf("closing run %s: %w", rec.ID, clean(err))
	}
	if tag.RowsAffected() != 1 {
		return fmt.Errorf("closing run %s: it is not running any more", rec.ID)
	}
	return nil
}

// Runs lists the last runs, newest first.
func (s *Store) Runs(ctx context.Context, limit int) ([]Run, error) {
	out, err := collect(ctx, s.pool, scanRun, `SELECT r.run_id, r.state, r.host, r.pid, r.started_at, coalesce(r.ended_at, 'epoch'), r.error, r.record,
		EXISTS (SELECT FROM `+s.table("published")+` AS p WHERE p.run_id = r.run_id)
		FROM `+s.table("runs")+` AS r ORDER BY r.run_no DESC LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("reading the runs: %w", clean(err))
	}
	return out, nil
}

// PreviousRun is the record of the last run that was done, nil when there is none: what circuit breakers compare with.
func (s *Store) PreviousRun(ctx context.Context) (*run.Record, error) {
	var raw []byte
	err := s.pool.QueryRow(ctx, `SELECT record FROM `+s.table("runs")+` WHERE state = $1 ORDER BY run_no DESC LIMIT 1`, string(run.Done)).Scan(&raw)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the last run: %w", clean(err))
	}
	rec := new(run.Record)
	if err := json.Unmarshal(raw, rec); err != nil {
		return nil, fmt.Errorf("reading the record of the last run: %w", err)
	}
	return rec, nil
}

// Record is the record of a run.
func (s *Store) Record(ctx context.Context, runID string) (*run.Record, error) {
	var raw []byte
	if err := s.pool.QueryRow(ctx, `SELECT record FROM `+s.table("runs")+` WHERE run_id = $1`, runID).Scan(&raw); err != nil {
		return nil, fmt.Errorf("reading run %s: %w", runID, clean(err))
	}
	rec := new(run.Record)
	if err := json.Unmarshal(raw, rec); err != nil {
		return nil, fmt.Errorf("reading the record of run %s: %w", runID, err)
	}
	return rec, nil
}

func scanRun(row pgx.CollectableRow) (Run, error) {
	var (
		r     Run
		state string
		raw   []byte
	)
	if err := row.Scan(&r.ID, &state, &r.Host, &r.PID, &r.Started, &r.Ended, &r.Error, &raw, &r.Published); err != nil {
		return r, err
	}
	r.State = run.State(state)
	if r.Ended.Unix() == 0 {
		r.Ended = time.Time{}
	}
	if err := json.Unmarshal(raw, &r.Record); err != nil {
		return r, fmt.Errorf("reading the record of run %s: %w", r.ID, err)
	}
	return r, nil
}

// encodeRecord is the counts by themselves, for SQL, and the whole record. The driver takes strings for jsonb as they are.
func encodeRecord(rec *run.Record) (counts, record string, err error) {
	c, err := json.Marshal(rec.Counts)
	if err != nil {
		return "", "", fmt.Errorf("encoding the counts of run %s: %w", rec.ID, err)
	}
	safe := *rec
	safe.Error = printable(rec.Error)
	r, err := json.Marshal(&safe)
	if err != nil {
		return "", "", fmt.Errorf("encoding the record of run %s: %w", rec.ID, err)
	}
	return string(c), string(r), nil
}
