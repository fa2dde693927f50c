package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Decided is an entry of the decision log, and what became of it.
type Decided struct {
	ID         int64     `json:"decision_id"`
	Decision   string    `json:"decision"`
	At         time.Time `json:"at"` // by the database's clock
	By         string    `json:"by"`
	As         string    `json:"as,omitempty"`
	Cluster    string    `json:"cluster_id,omitempty"`
	Version    string    `json:"version,omitempty"`
	Contacts   []string  `json:"contacts"`
	Overridden []string  `json:"overridden,omitempty"` // pairs, one after the other
	Why        string    `json:"why,omitempty"`
	Approval   int64     `json:"approval_id,omitempty"`
	State      string    `json:"state,omitempty"` // of the approval
	Reason     string    `json:"reason,omitempty"`
	Plan       string    `json:"plan_id,omitempty"`
}

// Decisions lists the newest entries of the decision log, newest first.
func (s *Store) Decisions(ctx context.Context, limit int) ([]Decided, error) {
	// The approval of a second person has the entry of the first; what is merged tells them from another answer to the same question. A merge
	// that the ledger knows as done or undone is, whether or not somebody has noted it.
	out, err := collect(ctx, s.pool, pgx.RowToStructByPos[Decided], `SELECT d.decision_id, d.decision, d.decided_at, d.decided_by, d.decided_as, coalesce(d.cluster_id, ''), coalesce(d.version, ''),
			d.contact_ids, d.overridden, d.why, coalesce(a.approval_id, 0), coalesce(CASE
				WHEN a.state IN ('applying', 'applied') AND EXISTS (SELECT FROM `+s.table("ledger")+` AS l WHERE l.plan_id = a.plan_id AND l.cluster_id = a.step_id AND l.action = 'undo') THEN 'undone'
				WHEN a.state = 'applying' AND EXISTS (SELECT FROM `+s.table("ledger")+` AS l WHERE l.plan_id = a.plan_id AND l.cluster_id = a.step_id AND l.action = 'merge') THEN 'applied'
				ELSE a.state END, ''), coalesce(a.reason, ''), coalesce(a.plan_id, '')
		FROM `+s.table("decisions")+` AS d LEFT JOIN LATERAL (
			SELECT * FROM `+s.table("approvals")+` AS a WHERE a.decision_id = d.decision_id
				OR a.cluster_id = d.cluster_id AND a.version = d.version AND a.contact_ids = d.contact_ids AND d.decision LIKE 'merge%' AND a.decision_id < d.decision_id
			ORDER BY a.decision_id DESC LIMIT 1) AS a ON true
		ORDER BY d.decision_id DESC LIMIT $1`, limit)
	if Outdated(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the decisions: %w", clean(err))
	}
	return out, nil
}

// Outdated reports whether an error is that our tables are not there, or are those of an older version.
func Outdated(err error) bool { return notMade(err) || undefinedColumn(err) }
