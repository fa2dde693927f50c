package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/cluster"
)

// ApprovalState says how far an approved merge is. Every transition is a compare-and-set: whoever comes second finds the state changed.
type ApprovalState string

// The states, and which follow which:
//
//	planned -> approved -> applying -> applied -> undone
//	                       applying -> stale | failed, and deferred -> applying
//	planned, approved, deferred -> revoked | stale
const (
	ApprovalPlanned  ApprovalState = "planned"  // one person approved it, and two must
	ApprovalApproved ApprovalState = "approved" // waits for apply
	ApprovalApplying ApprovalState = "applying" // part of a plan that is being applied, or was when the process died
	ApprovalApplied  ApprovalState = "applied"
	ApprovalStale    ApprovalState = "stale"    // the contacts, or the cluster, changed since: it is asked again
	ApprovalDeferred ApprovalState = "deferred" // somebody else was at work on the rows: apply tries again
	ApprovalFailed   ApprovalState = "failed"   // the data do not allow it
	ApprovalRevoked  ApprovalState = "revoked"  // taken back before it was applied
	ApprovalUndone   ApprovalState = "undone"
)

// openStates are those in which a contact of an approval can be part of no other.
var openStates = []string{string(ApprovalPlanned), string(ApprovalApproved), string(ApprovalApplying), string(ApprovalDeferred)}

// Approval is a merge that somebody approved.
type Approval struct {
	ID       int64
	Cluster  string
	Version  string
	StepID   string // cluster.IDOf of the contacts that are merged
	Run      string
	Contacts []string
	State    ApprovalState
	Reason   string
	Plan     string
	By       string
	At       time.Time
	Step     *cluster.Step // nil once nothing more is to be done
}

// ChangedError says that a question is not any more what the person who answers saw, or that somebody else answered it.
type ChangedError struct{ text string }

// Error begins with "changed since".
func (e *ChangedError) Error() string { return "changed since: " + e.text }

func changedSince(format string, args ...any) error {
	return &ChangedError{fmt.Sprintf(format, args...)}
}

// Edited is the ChangedError of a contact that is not any more what the last run saw.
func Edited(contact string) error {
	return changedSince("contact %s was edited or deleted after the last run; the next one asks again", contact)
}

// ForbiddenError says that the policy does not allow an answer as it was given.
type ForbiddenError struct{ text string }

// Error says what would be needed.
func (e *ForbiddenError) Error() string { return e.text }

func forbidden(format string, args ...any) error {
	return &ForbiddenError{fmt.Sprintf(format, args...)}
}

// Answer is a decision about a question of the last run.
type Answer struct {
	Decision
	Step      *cluster.Step // what is merged, for MergeAll and MergeSelected
	TwoPeople bool          // a second person has to approve it, too
	Revoke    bool          // take back an approval that stands in the way
}

// merges reports whether the answer is to merge.
func (d *Decision) merges() bool { return d.Decision == MergeAll || d.Decision == MergeSelected }

// Answered says what became of an answer.
type Answered struct {
	Decision int64
	Approval int64         // 0 unless it is to merge
	State    ApprovalState // of the approval
	Revoked  int64         // the approval that was taken back, 0 for none
}

// Answer stores answers. Each is compared with what the last run found at this moment, so that of two people who answer one question the
// second learns that it changed. failed holds, by their index, the answers that could not be stored, and why: then nothing is stored, unless
// partial says that the others shall be.
func (s *Store) Answer(ctx context.Context, answers []Answer, partial bool) (out []Answered, failed map[int]error, err error) {
	err = s.answering(ctx, func(tx pgx.Tx) error {
		out, failed = make([]Answered, len(answers)), map[int]error{}
		for i := range answers {
			err := pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) (err error) {
				out[i], err = s.answer(ctx, tx, &answers[i])
				return err
			})
			switch {
			case err == nil:
			case AboutQuestion(err):
				failed[i] = err
			default:
				return err
			}
		}
		if len(failed) > 0 && !partial {
			return errNothingStored
		}
		return nil
	})
	if errors.Is(err, errNothingStored) {
		err = nil
	}
	return out, failed, err
}

// errNothingStored rolls back.
var errNothingStored = errors.New("nothing is stored")

// AboutQuestion reports whether an error is about one question or answer, and not about the database.
func AboutQuestion(err error) bool {
	var changed *ChangedError
	var no *ForbiddenError
	var none *NoQuestionError
	return errors.As(err, &changed) || errors.As(err, &no) || errors.As(err, &none)
}

// answering runs f alone: answers are so few, and so short, that one at a time is no hardship, and nobody has to think of two that overlap.
func (s *Store) answering(ctx context.Context, f func(tx pgx.Tx) error) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		// The lock ends with the transaction, so it works behind poolers too.
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", "contactmerge answers:"+s.opt.Schema); err != nil {
			return err
		}
		if err := s.settle(ctx, tx); err != nil {
			return err
		}
		// A run that publishes other findings meanwhile waits for us, or we see them.
		if _, err := tx.Exec(ctx, "SELECT FROM "+s.table("published")+" FOR SHARE"); err != nil {
			return err
		}
		return f(tx)
	})
	if err == nil || errors.Is(err, errNothingStored) {
		return err
	}
	return fmt.Errorf("storing the answers: %w", clean(err))
}

func (s *Store) answer(ctx context.Context, tx pgx.Tx, a *Answer) (Answered, error) {
	var out Answered
	q, err := s.now(ctx, tx, a)
	if err != nil {
		return out, err
	}
	standing, err := s.standing(ctx, tx, a)
	if err != nil {
		return out, err
	}
	if second := standing; second != nil && a.merges() && second.State == ApprovalPlanned && second.StepID == a.Step.Cluster && second.Version == q.Version {
		return s.second(ctx, tx, a, second)
	}
	if standing != nil {
		if !a.Revoke || standing.State == ApprovalApplying {
			return out, changedSince("%s approved to merge contacts %s at %s (approval %d, %s)", standing.By, idList(standing.Contacts), stamp(standing.At), standing.ID, standing.State)
		}
		if err := s.move(ctx, tx, standing.ID, ApprovalRevoked, "taken back by "+a.By); err != nil {
			return out, err
		}
		out.Revoked = standing.ID
	}
	if err := s.unanswered(ctx, tx, a, q, out.Revoked != 0); err != nil {
		return out, err
	}
	if a.merges() {
		if err := s.allowed(ctx, tx, a, q); err != nil {
			return out, err
		}
	}
	if out.Decision, err = s.decide(ctx, tx, &a.Decision); err != nil || !a.merges() {
		return out, err
	}
	out.State = ApprovalApproved
	if a.TwoPeople {
		out.State = ApprovalPlanned
	}
	out.Approval, err = s.approve(ctx, tx, a, out.Decision, out.State)
	return out, err
}

// now is the question as it stands, if it is the one that was answered.
func (s *Store) now(ctx context.Context, tx pgx.Tx, a *Answer) (*Question, error) {
	q, err := s.questionOf(ctx, tx, a.Contacts)
	var none *NoQuestionError
	if errors.As(err, &none) {
		return nil, changedSince("%s", none.text)
	}
	if err != nil {
		return nil, err
	}
	if q.Cluster != a.Cluster {
		return nil, changedSince("the contacts are in cluster %s now", q.Cluster)
	}
	if q.Version != a.Version {
		return nil, changedSince("a contact of cluster %.12s was edited; its version is %s now", q.Cluster, q.Version)
	}
	var loser, into string
	err = tx.QueryRow(ctx, `SELECT loser_id, survivor_id FROM `+s.table("redirects")+` WHERE active AND loser_id = ANY ($1) ORDER BY loser_id LIMIT 1`, q.IDs()).Scan(&loser, &into)
	switch {
	case err == nil:
		return nil, changedSince("contact %s was merged into %s; the next run asks about what is left", loser, into)
	case !errors.Is(err, pgx.ErrNoRows):
		return nil, err
	}
	return q, nil
}

// standing is an approval that is not carried out yet and that an answer would contradict: for a merge any that shares a contact with it, else
// one that joins two of its contacts.
func (s *Store) standing(ctx context.Context, tx pgx.Tx, a *Answer) (*Approval, error) {
	shared := 1
	if !a.merges() {
		shared = 2
	}
	found, err := s.approvals(ctx, tx, `a.approval_id IN (SELECT approval_id FROM `+s.table("approved_contacts")+` WHERE contact_id = ANY ($1)
		GROUP BY approval_id HAVING count(*) >= $2) LIMIT 1`, a.Contacts, shared)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// second is the approval of a second person.
func (s *Store) second(ctx context.Context, tx pgx.Tx, a *Answer, first *Approval) (Answered, error) {
	out := Answered{Approval: first.ID, State: ApprovalApproved}
	if first.By == a.By {
		return out, forbidden("%s has approved it already: a second person must, too, because of its size", a.By)
	}
	tag, err := tx.Exec(ctx, `UPDATE `+s.table("approvals")+` SET state = 'approved', changed_at = clock_timestamp() WHERE approval_id = $1 AND state = 'planned'`, first.ID)
	if err != nil {
		return out, err
	}
	if tag.RowsAffected() != 1 {
		return out, changedSince("approval %d is not waiting for a second person any more", first.ID)
	}
	out.Decision, err = s.decide(ctx, tx, &a.Decision)
	return out, err
}

// unanswered fails when somebody answered the question since the run asked it. "Not now" is no answer, and neither is an approval that was
// just taken back, or came to nothing.
func (s *Store) unanswered(ctx context.Context, tx pgx.Tx, a *Answer, q *Question, revoked bool) error {
	if revoked {
		return nil
	}
	var decision, by string
	var contacts []string
	var at time.Time
	err := tx.QueryRow(ctx, `SELECT d.decision, d.decided_by, d.decided_at, d.contact_ids FROM `+s.table("decisions")+` AS d
		WHERE d.decision = 'do_not_merge' AND d.decided_at > $2 AND (SELECT count(*) FROM unnest(d.contact_ids) AS c WHERE c = ANY ($1)) >= 2
		ORDER BY d.decision_id DESC LIMIT 1`, a.Contacts, q.Asked).Scan(&decision, &by, &at, &contacts)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	case err != nil:
		return err
	case !a.merges() && slices.ContainsFunc(a.Contacts, func(id string) bool { return !slices.Contains(contacts, id) }):
		return nil // it says more than the one before
	case a.merges() && namesAll(a.Overridden, pairsOf(common(a.Contacts, contacts))):
		return nil
	case a.merges():
		return changedSince("%s said at %s that contacts %s are not one person; to overrule that, name every such pair with --override-veto", by, stamp(at), idList(common(a.Contacts, contacts)))
	}
	return changedSince("%s answered %s at %s", by, decision, stamp(at))
}

// allowed applies the policy to a merge: questions to a supervisor need one, and contacts that rule each other out must be named.
func (s *Store) allowed(ctx context.Context, tx pgx.Tx, a *Answer, q *Question) error {
	if q.Decision == "review" && a.As != AsSupervisor {
		return forbidden("cluster %.12s is a question for a supervisor: approve it with --as supervisor, if you are one", q.Cluster)
	}
	for _, p := range q.Vetoed {
		if slices.Contains(a.Contacts, p[0]) && slices.Contains(a.Contacts, p[1]) && !namesAll(a.Overridden, [][2]string{p}) {
			return forbidden("contacts %s and %s rule each other out: leave one of them out with --members, or name the pair with --override-veto %s,%s", p[0], p[1], p[0], p[1])
		}
	}
	return nil
}

// approve stores a step, and claims its contacts.
func (s *Store) approve(ctx context.Context, tx pgx.Tx, a *Answer, decision int64, state ApprovalState) (id int64, err error) {
	step, err := json.Marshal(a.Step)
	if err != nil {
		return 0, fmt.Errorf("encoding the merge of cluster %s: %w", a.Cluster, err)
	}
	err = tx.QueryRow(ctx, `INSERT INTO `+s.table("approvals")+` (decision_id, cluster_id, version, step_id, run_id, contact_ids, step, state)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING approval_id`,
		decision, a.Cluster, a.Version, a.Step.Cluster, a.Run, a.Contacts, string(step), string(state)).Scan(&id)
	if err != nil {
		return 0, err
	}
	_, err = tx.Exec(ctx, `INSERT INTO `+s.table("approved_contacts")+` (contact_id, approval_id) SELECT unnest($1::text[]), $2`, a.Contacts, id)
	return id, err
}

// move is one transition of an approval that has not been carried out, into a state in which it never will be.
func (s *Store) move(ctx context.Context, q querier, id int64, to ApprovalState, reason string) error {
	tag, err := q.Exec(ctx, `UPDATE `+s.table("approvals")+` SET state = $2, reason = $3, step = '{}', changed_at = clock_timestamp()
		WHERE approval_id = $1 AND state IN ('planned', 'approved', 'deferred')`, id, string(to), printable(reason))
	if err != nil {
		return err
	}
	if tag.RowsAffected() != 1 {
		return changedSince("approval %d is being applied", id)
	}
	_, err = q.Exec(ctx, `DELETE FROM `+s.table("approved_contacts")+` WHERE approval_id = $1`, id)
	return err
}
