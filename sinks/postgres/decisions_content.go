package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
)

// declined is a pair that a person said is two people, and what the two looked like then.
type declined struct {
	A, B     string
	Decision int64
	EA, EB   string // cluster.EvidenceHash of the two, "" where nobody has noted it yet
	Merged   bool   // one of the two was merged with a third, or that was undone, since they were noted
}

// Declined finds the rows of the pairs that a person said are two people, and for whom that still stands: the answer was given to what the two
// contacts said of themselves, and when that changes the pair is asked about again. A merge is no such change: whoever is part of
// the other contact now was kept apart by the same answer. What the two look like is noted the first time, and after every merge.
func (s *Store) Declined(ctx context.Context, t *contact.Table) ([][2]contact.Row, error) {
	return s.stillDeclined(ctx, t, true)
}

// WouldDecline is Declined for a program that writes nothing.
func (s *Store) WouldDecline(ctx context.Context, t *contact.Table) ([][2]contact.Row, error) {
	return s.stillDeclined(ctx, t, false)
}

func (s *Store) stillDeclined(ctx context.Context, t *contact.Table, note bool) ([][2]contact.Row, error) {
	pairs, err := s.declinedPairs(ctx)
	if err != nil {
		return nil, err
	}
	var out [][2]contact.Row
	var fresh []declined
	for _, p := range pairs {
		a, okA := t.Find(p.A)
		b, okB := t.Find(p.B)
		if !okA || !okB || a == b {
			continue // contacts that are gone need no answer
		}
		ea, eb := cluster.EvidenceHash(t, a), cluster.EvidenceHash(t, b)
		switch {
		case p.EA == "" || p.EB == "" || p.Merged:
			p.EA, p.EB = ea, eb
			fresh = append(fresh, p)
		case p.EA != ea || p.EB != eb:
			continue
		}
		out = append(out, [2]contact.Row{a, b})
	}
	if !note {
		return out, nil
	}
	return out, s.noteContent(ctx, fresh)
}

func (s *Store) declinedPairs(ctx context.Context) ([]declined, error) {
	out, err := collect(ctx, s.pool, pgx.RowToStructByPos[declined], s.lastAnswers()+`, touched AS (
			SELECT id, max(at) AS at FROM (
				SELECT survivor_id AS id, greatest(created_at, ended_at) AS at FROM `+s.table("redirects")+`
				UNION ALL SELECT loser_id, greatest(created_at, ended_at) FROM `+s.table("redirects")+`) AS r GROUP BY id
		)
		SELECT l.a, l.b, l.decision_id, coalesce(CASE WHEN c.decision_id IS NULL THEN l.fa ELSE c.evidence_a END, ''), coalesce(CASE WHEN c.decision_id IS NULL THEN l.fb ELSE c.evidence_b END, ''),
			coalesce(greatest(ta.at, tb.at) > coalesce(c.noted_at, l.decided_at), false)
		FROM last AS l LEFT JOIN `+s.table("declined_content")+` AS c ON c.contact_a = l.a AND c.contact_b = l.b AND c.decision_id = l.decision_id
		LEFT JOIN touched AS ta ON ta.id = l.a LEFT JOIN touched AS tb ON tb.id = l.b
		WHERE l.decision = $1 ORDER BY l.a, l.b`, DoNotMerge)
	if notMade(err) { // our schema is of an older version, in which an answer stands whatever happens
		return s.declinedForever(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the decisions: %w", clean(err))
	}
	return out, nil
}

func (s *Store) declinedForever(ctx context.Context) ([]declined, error) {
	pairs, err := s.NotDuplicates(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]declined, len(pairs))
	for i, p := range pairs {
		out[i] = declined{A: p[0], B: p[1]}
	}
	return out, nil
}

// noteContent keeps what declined pairs look like.
func (s *Store) noteContent(ctx context.Context, pairs []declined) error {
	if len(pairs) == 0 {
		return nil
	}
	var a, b, ea, eb []string
	var decision []int64
	for _, p := range pairs {
		a, b, ea, eb, decision = append(a, p.A), append(b, p.B), append(ea, p.EA), append(eb, p.EB), append(decision, p.Decision)
	}
	_, err := s.pool.Exec(ctx, `INSERT INTO `+s.table("declined_content")+` (contact_a, contact_b, decision_id, evidence_a, evidence_b)
		SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[])
		ON CONFLICT (contact_a, contact_b) DO UPDATE SET decision_id = excluded.decision_id, evidence_a = excluded.evidence_a, evidence_b = excluded.evidence_b, noted_at = clock_timestamp()`,
		a, b, decision, ea, eb)
	if err != nil {
		return fmt.Errorf("noting what declined contacts look like: %w", clean(err))
	}
	return nil
}
