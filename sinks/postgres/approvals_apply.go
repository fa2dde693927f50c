package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/contactmerge/contactmerge/internal/cluster"
)

// approvals reads approvals under a condition on them, oldest first.
func (s *Store) approvals(ctx context.Context, q querier, where string, args ...any) ([]Approval, error) {
	out, err := collect(ctx, q, scanApproval, `SELECT a.approval_id, a.cluster_id, a.version, a.step_id, a.run_id, a.contact_ids, a.state, a.reason, coalesce(a.plan_id, ''),
			d.decided_by, d.decided_at, a.step
		FROM (SELECT * FROM `+s.table("approvals")+` AS a WHERE `+where+`) AS a JOIN `+s.table("decisions")+` AS d USING (decision_id) ORDER BY a.approval_id`, args...)
	if err != nil {
		return nil, fmt.Errorf("reading the approvals: %w", clean(err))
	}
	return out, nil
}

func scanApproval(row pgx.CollectableRow) (Approval, error) {
	var a Approval
	var step []byte
	if err := row.Scan(&a.ID, &a.Cluster, &a.Version, &a.StepID, &a.Run, &a.Contacts, &a.State, &a.Reason, &a.Plan, &a.By, &a.At, &step); err != nil {
		return a, err
	}
	if string(step) == "{}" {
		return a, nil
	}
	a.Step = new(cluster.Step)
	if err := json.Unmarshal(step, a.Step); err != nil {
		return a, fmt.Errorf("approval %d: %w", a.ID, err)
	}
	return a, nil
}

// settle brings the approvals up to what the ledger says: a process may die between a merge and the note that it was done, and an undo
// knows nothing of approvals. Contacts of approvals that are over are free again.
func (s *Store) settle(ctx context.Context, q querier) error {
	for _, sql := range []string{
		`UPDATE ` + s.table("approvals") + ` AS a SET state = 'applied', reason = '', step = '{}', changed_at = clock_timestamp() WHERE state = 'applying'
			AND EXISTS (SELECT FROM ` + s.table("ledger") + ` AS l WHERE l.plan_id = a.plan_id AND l.cluster_id = a.step_id AND l.action = 'merge')`,
		`UPDATE ` + s.table("approvals") + ` AS a SET state = 'undone', changed_at = clock_timestamp() WHERE state = 'applied'
			AND EXISTS (SELECT FROM ` + s.table("ledger") + ` AS l WHERE l.plan_id = a.plan_id AND l.cluster_id = a.step_id AND l.action = 'undo')`,
	} {
		if _, err := q.Exec(ctx, sql); err != nil {
			return fmt.Errorf("comparing the approvals with the ledger: %w", clean(err))
		}
	}
	_, err := q.Exec(ctx, `DELETE FROM `+s.table("approved_contacts")+` AS c USING `+s.table("approvals")+` AS a WHERE a.approval_id = c.approval_id AND a.state <> ALL ($1)`, openStates)
	if err != nil {
		return fmt.Errorf("releasing contacts: %w", clean(err))
	}
	return nil
}

// Approved lists the merges that are approved and not carried out. Those that the last run found changed are void: they come apart, with the
// reason, and are noted as stale when the caller holds the run lock and says so.
func (s *Store) Approved(ctx context.Context, note bool) (ready, void []Approval, err error) {
	err = s.judging(ctx, note, func(q querier) error {
		ready, void = nil, nil
		// One that the ledger has was carried out by a process that died before it could say so.
		open, err := s.approvals(ctx, q, `a.state = ANY ($1) AND NOT EXISTS (SELECT FROM `+s.table("ledger")+` AS l
			WHERE a.state = 'applying' AND l.plan_id = a.plan_id AND l.cluster_id = a.step_id AND l.action = 'merge')`, openStates)
		if err != nil {
			return err
		}
		for i := range open {
			a := &open[i]
			why, err := s.changed(ctx, q, a)
			switch {
			case err != nil:
				return err
			case why != "" && note:
				if err := s.outdate(ctx, q, a.ID, why); err != nil {
					return err
				}
				fallthrough
			case why != "":
				a.State, a.Reason = ApprovalStale, why
				void = append(void, *a)
			case a.State != ApprovalPlanned:
				ready = append(ready, *a)
			}
		}
		return nil
	})
	if notMade(err) {
		return nil, nil, nil
	}
	return ready, void, err
}

// judging runs f in a transaction that answers wait for, if f writes.
func (s *Store) judging(ctx context.Context, writes bool, f func(q querier) error) error {
	if !writes {
		return f(s.pool)
	}
	return s.answering(ctx, func(tx pgx.Tx) error { return f(tx) })
}

// changed says how the question that an approval answers has changed, "" if it has not.
func (s *Store) changed(ctx context.Context, q querier, a *Approval) (string, error) {
	now, err := s.questionOf(ctx, q, a.Contacts)
	var none *NoQuestionError
	switch {
	case errors.As(err, &none):
		return "the last run does not bring its contacts together any more", nil
	case err != nil:
		return "", err
	case now.Cluster != a.Cluster:
		return "the cluster gained or lost a contact", nil
	case now.Version != a.Version:
		return "a contact of the cluster was edited", nil
	}
	return "", nil
}

// outdate is the transition of an approval that the last run found changed.
func (s *Store) outdate(ctx context.Context, q querier, id int64, why string) error {
	_, err := q.Exec(ctx, `UPDATE `+s.table("approvals")+` SET state = 'stale', reason = $2, step = '{}', changed_at = clock_timestamp()
		WHERE approval_id = $1 AND state = ANY ($3)`, id, why, openStates)
	if err != nil {
		return fmt.Errorf("noting that approval %d is void: %w", id, clean(err))
	}
	_, err = q.Exec(ctx, `DELETE FROM `+s.table("approved_contacts")+` WHERE approval_id = $1`, id)
	return err
}

// Claim takes approvals for a plan that is about to be applied, and returns the ids of those it got: the others were taken back meanwhile. The
// caller holds the run lock, so one that is being applied already was left behind by a process that died.
func (s *Store) Claim(ctx context.Context, ids []int64) (map[int64]bool, error) {
	got, err := collect(ctx, s.pool, pgx.RowTo[int64], `UPDATE `+s.table("approvals")+` SET state = 'applying', plan_id = NULL, reason = '', changed_at = clock_timestamp()
		WHERE approval_id = ANY ($1) AND state IN ('approved', 'deferred', 'applying') RETURNING approval_id`, ids)
	if err != nil {
		return nil, fmt.Errorf("taking the approvals: %w", clean(err))
	}
	out := map[int64]bool{}
	for _, id := range got {
		out[id] = true
	}
	return out, nil
}

// Planned notes which plan approvals became part of. It must be called before the plan is applied: by it the ledger's entries are found.
func (s *Store) Planned(ctx context.Context, ids []int64, plan string) error {
	tag, err := s.pool.Exec(ctx, `UPDATE `+s.table("approvals")+` SET plan_id = $2 WHERE approval_id = ANY ($1) AND state = 'applying'`, ids, plan)
	return changedAll(tag, err, len(ids), "noting the plan of the approvals")
}

// Ended is how the step of an approval ended when it was not carried out.
type Ended struct {
	StepID string
	State  ApprovalState // ApprovalStale, ApprovalFailed or ApprovalDeferred
	Reason string
}

// EndApplying notes what became of the approvals of a plan: the ledger says which were carried out, ended how others ended. What is in neither
// was not reached, and is taken again by the next apply.
func (s *Store) EndApplying(ctx context.Context, plan string, ended []Ended) error {
	return s.answering(ctx, func(tx pgx.Tx) error {
		var b pgx.Batch
		for _, e := range ended {
			b.Queue(`UPDATE `+s.table("approvals")+` SET state = $3, reason = $4, step = CASE $3 WHEN 'deferred' THEN step ELSE '{}' END, changed_at = clock_timestamp()
				WHERE plan_id = $1 AND step_id = $2 AND state = 'applying'`, plan, e.StepID, string(e.State), printable(e.Reason))
		}
		if b.Len() > 0 {
			if err := tx.SendBatch(ctx, &b).Close(); err != nil {
				return err
			}
		}
		return s.settle(ctx, tx)
	})
}

// changedAll fails unless a statement changed n rows.
func changedAll(tag pgconn.CommandTag, err error, n int, doing string) error {
	if err != nil {
		return fmt.Errorf("%s: %w", doing, clean(err))
	}
	if tag.RowsAffected() != int64(n) {
		return fmt.Errorf("%s: %d of %d are there", doing, tag.RowsAffected(), n)
	}
	return nil
}
