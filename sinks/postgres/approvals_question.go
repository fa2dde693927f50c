package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/cluster"
)

// Question is what the last run leaves for people to answer: contacts that may be one person.
type Question struct {
	Cluster  string // id of the cluster, or of the set of contacts where a pair lies in none
	Version  string // of the contacts and their content; an answer is bound to it
	Decision string // auto_merge, suggest or review: who may answer
	Run      string
	Asked    time.Time // when the run was published
	Members  []QuestionMember
	Vetoed   [][2]string // members that rule each other out
	Evidence []cluster.Evidence
	Answered string // decision of the newest answer to this version, "" for none
}

// QuestionMember is a contact that a question is about, as the run saw it.
type QuestionMember struct {
	ID       string
	Guard    string // fingerprint of all that was read of it
	Evidence string // fingerprint of what says who it is
}

// IDs are the contacts that the question is about, in the order of the run.
func (q *Question) IDs() []string {
	out := make([]string, len(q.Members))
	for i := range q.Members {
		out[i] = q.Members[i].ID
	}
	return out
}

// Only are the members with the given ids, in that order, and the ids that are none.
func (q *Question) Only(ids []string) (members []QuestionMember, strangers []string) {
	for _, id := range ids {
		i := slices.IndexFunc(q.Members, func(m QuestionMember) bool { return m.ID == id })
		if i < 0 {
			strangers = append(strangers, id)
			continue
		}
		members = append(members, q.Members[i])
	}
	return members, strangers
}

// guards are those of the members.
func (q *Question) guards() []cluster.Guard {
	out := make([]cluster.Guard, len(q.Members))
	for i, m := range q.Members {
		out[i] = cluster.Guard{ID: m.ID, Hash: m.Guard}
	}
	return out
}

// NoQuestionError says that the last run asked no such question.
type NoQuestionError struct{ text string }

// Error says which.
func (e *NoQuestionError) Error() string { return e.text }

func noQuestion(format string, args ...any) error {
	return &NoQuestionError{fmt.Sprintf(format, args...)}
}

// Question is that of the cluster of the last run whose id starts with the given characters.
func (s *Store) Question(ctx context.Context, prefix string) (*Question, error) {
	return s.question(ctx, s.pool, prefix)
}

func (s *Store) question(ctx context.Context, q querier, prefix string) (*Question, error) {
	if prefix == "" {
		return nil, noQuestion("an empty cluster id")
	}
	ids, err := collect(ctx, q, pgx.RowTo[string], `SELECT cluster_id FROM `+s.table("current_clusters")+` WHERE starts_with(cluster_id, $1) ORDER BY cluster_id LIMIT 2`, prefix)
	switch {
	case notMade(err):
		return nil, noQuestion("there are no findings yet: run `contactmerge run --config …` first")
	case err != nil:
		return nil, fmt.Errorf("looking for cluster %s: %w", prefix, clean(err))
	case len(ids) == 0:
		return nil, noQuestion("cluster %s: the last run found no such cluster; a cluster whose contacts changed has another id", prefix)
	case len(ids) > 1:
		return nil, noQuestion("cluster %s: several clusters begin so; give more characters", prefix)
	}
	return s.readQuestion(ctx, q, ids[0])
}

// readQuestion reads a cluster of the last run, which is there.
func (s *Store) readQuestion(ctx context.Context, q querier, id string) (*Question, error) {
	out := &Question{Cluster: id}
	var vetoes []string
	err := q.QueryRow(ctx, `SELECT c.run_id, c.decision, coalesce(c.version, ''), coalesce(c.vetoes, '{}'), p.published_at
		FROM `+s.table("current_clusters")+` AS c, `+s.table("published")+` AS p WHERE c.cluster_id = $1`, id).
		Scan(&out.Run, &out.Decision, &out.Version, &vetoes, &out.Asked)
	if err != nil {
		return nil, fmt.Errorf("reading cluster %s: %w", id, clean(err))
	}
	if out.Version == "" {
		return nil, noQuestion("cluster %s was found by an older contactmerge, which kept no version of it: run again", id)
	}
	for p := range slices.Chunk(vetoes, 2) {
		out.Vetoed = append(out.Vetoed, [2]string{p[0], p[1]})
	}
	out.Members, err = collect(ctx, q, pgx.RowToStructByPos[QuestionMember], `SELECT contact_id, guard, evidence FROM `+s.table("current_cluster_members")+`
		WHERE cluster_id = $1 ORDER BY contact_id COLLATE "C"`, id)
	if err != nil {
		return nil, fmt.Errorf("reading cluster %s: %w", id, clean(err))
	}
	return out, s.addEdges(ctx, q, out)
}

// addEdges adds what holds the members together, and how the question was answered last.
func (s *Store) addEdges(ctx context.Context, q querier, out *Question) error {
	var err error
	out.Evidence, err = collect(ctx, q, pgx.RowToStructByPos[cluster.Evidence], `SELECT contact_id_a, contact_id_b, reasons, match_weight FROM `+s.table("current_suggestions")+`
		WHERE contact_id_a = ANY ($1) AND contact_id_b = ANY ($1) ORDER BY contact_id_a COLLATE "C", contact_id_b COLLATE "C"`, out.IDs())
	if err != nil {
		return fmt.Errorf("reading the evidence of cluster %s: %w", out.Cluster, clean(err))
	}
	err = q.QueryRow(ctx, `SELECT decision FROM `+s.table("decisions")+` WHERE cluster_id = $1 AND version = $2 ORDER BY decision_id DESC LIMIT 1`,
		out.Cluster, out.Version).Scan(&out.Answered)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("reading the answers to cluster %s: %w", out.Cluster, clean(err))
	}
	return nil
}

// QuestionOf is that of the cluster with all of the given contacts. Contacts that lie in no common cluster are a question of their own when
// the last run's pairs connect them: a pair that a supervisor decides about lies between clusters.
func (s *Store) QuestionOf(ctx context.Context, ids []string) (*Question, error) {
	return s.questionOf(ctx, s.pool, ids)
}

func (s *Store) questionOf(ctx context.Context, q querier, ids []string) (*Question, error) {
	var found string
	err := q.QueryRow(ctx, `SELECT cluster_id FROM `+s.table("current_cluster_members")+` WHERE contact_id = ANY ($1) GROUP BY cluster_id HAVING count(*) = cardinality($1)`, ids).Scan(&found)
	switch {
	case notMade(err):
		return nil, noQuestion("there are no findings yet: run `contactmerge run --config …` first")
	case err == nil:
		return s.readQuestion(ctx, q, found)
	case !errors.Is(err, pgx.ErrNoRows):
		return nil, fmt.Errorf("looking for the cluster of contacts: %w", clean(err))
	}
	return s.betweenClusters(ctx, q, ids)
}

// betweenClusters is the question about contacts that pairs of the last run connect.
func (s *Store) betweenClusters(ctx context.Context, q querier, ids []string) (*Question, error) {
	ids = slices.Sorted(slices.Values(ids))
	out := &Question{Cluster: cluster.IDOf(ids), Decision: "suggest"}
	rows, err := q.Query(ctx, `SELECT s.contact_id_a, s.contact_id_b, s.decision, s.run_id, p.published_at,
			coalesce(s.guard_a, a.guard, ''), coalesce(s.guard_b, b.guard, ''), coalesce(s.evidence_a, a.evidence, ''), coalesce(s.evidence_b, b.evidence, '')
		FROM `+s.table("current_suggestions")+` AS s CROSS JOIN `+s.table("published")+` AS p
		LEFT JOIN `+s.table("current_cluster_members")+` AS a ON a.contact_id = s.contact_id_a LEFT JOIN `+s.table("current_cluster_members")+` AS b ON b.contact_id = s.contact_id_b
		WHERE s.contact_id_a = ANY ($1) AND s.contact_id_b = ANY ($1)`, ids)
	if err != nil {
		return nil, fmt.Errorf("looking for the pairs of contacts: %w", clean(err))
	}
	seen := map[string]QuestionMember{}
	groups := groups{}
	var a, b, decision string
	var x, y QuestionMember
	_, err = pgx.ForEachRow(rows, []any{&a, &b, &decision, &out.Run, &out.Asked, &x.Guard, &y.Guard, &x.Evidence, &y.Evidence}, func() error {
		x.ID, y.ID = a, b
		seen[a], seen[b] = x, y
		groups.join(a, b)
		if decision == "review" {
			out.Decision = decision
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking for the pairs of contacts: %w", clean(err))
	}
	for _, id := range ids {
		m, ok := seen[id]
		if !ok || groups.of(id) != groups.of(ids[0]) {
			return nil, noQuestion("contacts %s: the last run neither put them into one cluster nor found pairs that connect them", strings.Join(ids, ", "))
		}
		if m.Guard == "" {
			return nil, noQuestion("contact %s was matched by an older contactmerge, which kept no version of it: run again", id)
		}
		out.Members = append(out.Members, m)
	}
	out.Version = cluster.VersionOf(out.guards())
	return out, s.addEdges(ctx, q, out)
}

// groups are sets of contacts that pairs connect.
type groups map[string]string

func (g groups) of(id string) string {
	for g[id] != "" {
		id = g[id]
	}
	return id
}

func (g groups) join(a, b string) {
	if x, y := g.of(a), g.of(b); x != y {
		g[x] = y
	}
}

// OpenQuestions lists what of the last run waits for a person: suggested clusters, then contradictory ones and single pairs for a
// supervisor, as far as they have no answer yet, or were put off.
func (s *Store) OpenQuestions(ctx context.Context) ([]Question, error) {
	rows, err := s.pool.Query(ctx, `SELECT c.cluster_id, c.version, c.decision, c.run_id, p.published_at, (`+s.lastAnswer("c.cluster_id", "c.version")+`) AS answered,
			(SELECT array_agg(m.contact_id ORDER BY m.contact_id COLLATE "C") FROM `+s.table("cluster_members")+` AS m WHERE m.run_id = c.run_id AND m.cluster_id = c.cluster_id)
		FROM `+s.table("current_clusters")+` AS c, `+s.table("published")+` AS p
		WHERE c.decision <> 'auto_merge' AND c.version IS NOT NULL ORDER BY c.decision DESC, c.cluster_id`)
	if notMade(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the open questions: %w", clean(err))
	}
	var out []Question
	var q Question
	var answered *string
	var ids []string
	_, err = pgx.ForEachRow(rows, []any{&q.Cluster, &q.Version, &q.Decision, &q.Run, &q.Asked, &answered, &ids}, func() error {
		if answered != nil && *answered != Defer {
			return nil
		}
		next := q
		if answered != nil {
			next.Answered = *answered
		}
		for _, id := range ids {
			next.Members = append(next.Members, QuestionMember{ID: id})
		}
		out = append(out, next)
		return nil
	})
	if notMade(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the open questions: %w", clean(err))
	}
	pairs, err := s.openPairs(ctx)
	return append(out, pairs...), err
}

// lastAnswer is a query for the newest answer to a version of a cluster.
func (s *Store) lastAnswer(clusterID, version string) string {
	return `SELECT d.decision FROM ` + s.table("decisions") + ` AS d WHERE d.cluster_id = ` + clusterID + ` AND d.version = ` + version + ` ORDER BY d.decision_id DESC LIMIT 1`
}
