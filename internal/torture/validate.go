package torture

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// State is what the validator found in a database.
type State struct {
	Applied, Undone int
	Removed         int // rows that the merges in force took out, for they would have been the same thing twice
	Wrong           []string
	Print           string // equal for databases that a run would find in the same state
}

// Validate compares every row of the site with the model, given the merges that the ledger says are in force, and checks that ledger,
// journal, archive and redirects agree about each. It uses nothing of the product but its tables.
func (s *Site) Validate(ctx context.Context) (st State, err error) {
	err = withConn(ctx, s.DSN(), func(conn *pgx.Conn) error {
		have, err := s.Spec.Read(ctx, conn)
		if err != nil {
			return err
		}
		merged, undone, err := ledger(ctx, conn)
		if err != nil {
			return err
		}
		var steps []Step
		for _, step := range s.plan.Steps {
			if merged[step.Cluster] && !undone[step.Cluster] {
				steps = append(steps, step)
			}
			delete(merged, step.Cluster)
		}
		st.Applied, st.Undone = len(steps), len(undone)
		for c := range merged {
			st.Wrong = append(st.Wrong, "the ledger has a merge that no plan has: "+c)
		}
		m := newModel(s.Spec, s.base, steps)
		wrong, removed := m.check(have)
		st.Removed = removed
		st.Wrong = append(st.Wrong, wrong...)
		more, err := s.checkOurs(ctx, conn, m, removed)
		st.Wrong = append(st.Wrong, more...)
		if err != nil {
			return err
		}
		st.Print, err = s.fingerprint(ctx, conn, have)
		return err
	})
	slices.Sort(st.Wrong)
	return st, err
}

// fingerprint stands for all rows of the schema and for what our tables say is done and is open; not for when, nor for the runs' names.
func (s *Site) fingerprint(ctx context.Context, conn *pgx.Conn, have Image) (string, error) {
	var ours string
	err := conn.QueryRow(ctx, `SELECT concat_ws(';',
		(SELECT string_agg(concat_ws(',', action, plan_id, cluster_id, entries), ' ' ORDER BY seq) FROM contactmerge.ledger),
		(SELECT string_agg(concat_ws(',', action, table_name, n), ' ' ORDER BY action, table_name) FROM (SELECT action, table_name, count(*) AS n FROM contactmerge.journal GROUP BY 1, 2) AS j),
		(SELECT string_agg(concat_ws(',', loser_id, survivor_id, active), ' ' ORDER BY loser_id, survivor_id, active) FROM contactmerge.redirects),
		(SELECT string_agg(concat_ws(',', plan_id, state), ' ' ORDER BY plan_id) FROM contactmerge.plans),
		(SELECT string_agg(DISTINCT state, ' ' ORDER BY state) FROM contactmerge.runs),
		(SELECT string_agg(concat_ws(',', cluster_id, state), ' ' ORDER BY cluster_id, state) FROM contactmerge.approvals))`).Scan(&ours)
	if err != nil {
		return "", fmt.Errorf("reading what is open: %w", err)
	}
	h := sha256.New()
	for _, t := range append([]*Table{s.Spec.Contacts}, s.Spec.Tables...) {
		rows := make([]string, 0, len(have[t.Name]))
		for _, r := range have[t.Name] {
			rows = append(rows, t.stable(r, true))
		}
		slices.Sort(rows)
		_, _ = fmt.Fprintf(h, "%s %d %q\n", t.Name, len(rows), rows)
	}
	return ours + fmt.Sprintf(";%x", h.Sum(nil)), nil
}

// ledger lists the merges that were applied and those that were undone.
func ledger(ctx context.Context, conn *pgx.Conn) (merged, undone map[string]bool, err error) {
	rows, err := conn.Query(ctx, "SELECT cluster_id, action FROM contactmerge.ledger ORDER BY seq")
	if err != nil {
		return nil, nil, fmt.Errorf("reading the ledger: %w", err)
	}
	merged, undone = map[string]bool{}, map[string]bool{}
	var cluster, action string
	_, err = pgx.ForEachRow(rows, []any{&cluster, &action}, func() error {
		switch action {
		case "merge":
			merged[cluster] = true
		case "undo":
			undone[cluster] = true
		}
		return nil
	})
	return merged, undone, err
}

// ours are what must not be found in our tables, whatever happened; each query returns what is wrong.
var ours = []struct{ what, sql string }{
	{"I4 a survivor is a loser itself", `SELECT r.loser_id FROM contactmerge.redirects AS r JOIN contactmerge.redirects AS s ON s.active AND s.loser_id = r.survivor_id WHERE r.active`},
	{"I4 a loser leads to two survivors", `SELECT loser_id FROM contactmerge.redirects WHERE active GROUP BY 1 HAVING count(*) > 1`},
	{"I5 a merge has not as many journal rows as its ledger row says", `SELECT l.cluster_id FROM contactmerge.ledger AS l WHERE l.action = 'merge'
		AND l.entries <> (SELECT count(*) FROM contactmerge.journal AS j WHERE j.plan_id = l.plan_id AND j.cluster_id = l.cluster_id)`},
	{"I5 journal rows without a merge", `SELECT DISTINCT j.cluster_id FROM contactmerge.journal AS j WHERE NOT EXISTS (SELECT FROM contactmerge.ledger AS l
		WHERE l.plan_id = j.plan_id AND l.cluster_id = j.cluster_id)`},
	{"I5 a loser that was not archived", `SELECT x.id FROM contactmerge.ledger AS l CROSS JOIN LATERAL unnest(l.loser_ids) AS x(id) WHERE l.action = 'merge'
		AND NOT EXISTS (SELECT FROM contactmerge.archived_contacts AS a WHERE a.plan_id = l.plan_id AND a.cluster_id = l.cluster_id AND a.contact_id = x.id)`},
	{"I6 the chain of the ledger is broken", `SELECT seq::text FROM (SELECT seq, prev_hash, lag(hash) OVER (ORDER BY seq) AS before, row_number() OVER (ORDER BY seq) AS n FROM contactmerge.ledger) AS l
		WHERE prev_hash IS DISTINCT FROM coalesce(before, '') OR seq <> n`},
}

// checkOurs compares our tables with the model.
func (s *Site) checkOurs(ctx context.Context, conn *pgx.Conn, m *model, removed int) (wrong []string, err error) {
	for _, o := range ours {
		rows, err := conn.Query(ctx, o.sql)
		if err != nil {
			return nil, fmt.Errorf("asking whether %s: %w", o.what, err)
		}
		found, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return nil, fmt.Errorf("asking whether %s: %w", o.what, err)
		}
		if len(found) > 0 {
			wrong = append(wrong, fmt.Sprintf("%s: %d, first %q", o.what, len(found), found[0]))
		}
	}
	into, err := redirects(ctx, conn)
	if err != nil {
		return nil, err
	}
	for l, want := range m.into {
		if into[l] != want {
			wrong = append(wrong, fmt.Sprintf("I4 loser %q leads to %q, want %q", l, into[l], want))
		}
		delete(into, l)
	}
	for l := range into {
		wrong = append(wrong, fmt.Sprintf("I4 redirect of %q, which was not merged", l))
	}
	var kept int
	err = conn.QueryRow(ctx, `SELECT count(*) FROM contactmerge.journal AS j WHERE j.action = 'remove' AND NOT EXISTS (
		SELECT FROM contactmerge.ledger AS u WHERE u.action = 'undo' AND u.plan_id = j.plan_id AND u.cluster_id = j.cluster_id)`).Scan(&kept)
	if err != nil {
		return nil, fmt.Errorf("counting the removed rows in the journal: %w", err)
	}
	if kept != removed {
		wrong = append(wrong, fmt.Sprintf("I1 %d rows were removed, the journal has %d", removed, kept))
	}
	return wrong, nil
}

// sound validates the site and reports what is wrong under a name.
func (s *Site) sound(ctx context.Context, when string) (State, bool) {
	st, err := s.Validate(ctx)
	if err != nil {
		s.arena.violation("%s: %s: %v", s.Spec, when, err)
		return st, false
	}
	if len(st.Wrong) > 0 {
		s.arena.violation("%s: %s: %d differences, such as %s", s.Spec, when, len(st.Wrong), strings.Join(st.Wrong[:min(3, len(st.Wrong))], "; "))
	}
	return st, len(st.Wrong) == 0
}

// identical compares the site with what it was at first, to the last bit.
func (s *Site) identical(ctx context.Context, when string) bool {
	var wrong []string
	err := withConn(ctx, s.DSN(), func(conn *pgx.Conn) error {
		have, err := s.Spec.Read(ctx, conn)
		wrong = s.Spec.Same(s.base, have)
		return err
	})
	if err != nil || len(wrong) > 0 {
		s.arena.violation("%s: %s: not identical: %d differences, such as %s %v", s.Spec, when, len(wrong), strings.Join(wrong[:min(3, len(wrong))], "; "), err)
	}
	return err == nil && len(wrong) == 0
}

// lockWait bounds how long the server may take to notice that a process is gone.
const lockWait = 20 * time.Second

// finish runs a verb until it has done all it can, waiting while the lock of a dead process is still held.
func (s *Site) finish(ctx context.Context, args ...string) Result {
	var r Result
	for end := time.Now().Add(lockWait); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if r = s.Run(ctx, args...); r.Code != exitLocked {
			return r
		}
	}
	return r
}

// The verbs, complete.
var (
	applyArgs = []string{"apply", "--config", "c.yaml", "--confirm", "--log-level", "warn"}
	dryArgs   = []string{"apply", "--config", "c.yaml", "--log-level", "warn"}
)

func (s *Site) undoArgs() []string {
	return []string{"undo", "--config", "c.yaml", "--plan", s.plan.ID, "--confirm", "--log-level", "warn"}
}
