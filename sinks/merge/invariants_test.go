package merge

import "testing"

// invariants are queries that find nothing in a database where every merge happened as a whole or not at all.
var invariants = []struct{ name, sql string }{
	{"a contact refers to a loser", `SELECT 'contact ' || c.id FROM contacts AS c JOIN contactmerge.redirects AS r ON r.active AND r.loser_id = c.manager_id::text`},
	{"an identity refers to a loser", `SELECT 'identity ' || c.id FROM contact_identities AS c JOIN contactmerge.redirects AS r ON r.active AND r.loser_id = c.contact_id::text`},
	{"a ticket refers to a loser", `SELECT 'ticket ' || c.id FROM tickets AS c JOIN contactmerge.redirects AS r ON r.active AND r.loser_id IN (c.contact_id::text, c.payer_id::text)`},
	{"a message refers to a loser", `SELECT 'message ' || c.id FROM messages AS c JOIN contactmerge.redirects AS r ON r.active AND r.loser_id = c.contact_id::text`},
	{"a note refers to a loser", `SELECT 'note of ' || c.contact_id FROM notes AS c JOIN contactmerge.redirects AS r ON r.active AND r.loser_id = c.contact_id::text`},
	{"a tag refers to a loser", `SELECT 'tag of ' || c.contact_id FROM tags AS c JOIN contactmerge.redirects AS r ON r.active AND r.loser_id = c.contact_id::text`},
	{"a survivor is a loser", `SELECT r.loser_id FROM contactmerge.redirects AS r JOIN contactmerge.redirects AS s ON s.active AND s.loser_id = r.survivor_id WHERE r.active`},
	{"a survivor does not exist", `SELECT r.survivor_id FROM contactmerge.redirects AS r WHERE r.active AND NOT EXISTS (SELECT FROM contacts AS c WHERE c.id::text = r.survivor_id)`},
	{"a loser of the ledger has no redirect", `SELECT l.cluster_id FROM contactmerge.ledger AS l CROSS JOIN LATERAL unnest(l.loser_ids) AS x(id)
		WHERE l.action = 'merge' AND NOT EXISTS (SELECT FROM contactmerge.ledger AS u WHERE u.action = 'undo' AND u.plan_id = l.plan_id AND u.cluster_id = l.cluster_id)
		AND NOT EXISTS (SELECT FROM contactmerge.redirects AS r WHERE r.active AND r.loser_id = x.id)`},
	{"a redirect has no ledger row", `SELECT r.loser_id FROM contactmerge.redirects AS r WHERE NOT EXISTS (SELECT FROM contactmerge.ledger AS l WHERE l.plan_id = r.plan_id AND l.cluster_id = r.cluster_id)`},
	{"the journal is not complete", `SELECT l.cluster_id FROM contactmerge.ledger AS l WHERE l.action = 'merge' AND l.entries <> (SELECT count(*) FROM contactmerge.journal AS j WHERE j.plan_id = l.plan_id AND j.cluster_id = l.cluster_id)`},
	{"a journal row has no ledger row", `SELECT j.cluster_id FROM contactmerge.journal AS j WHERE NOT EXISTS (SELECT FROM contactmerge.ledger AS l WHERE l.plan_id = j.plan_id AND l.cluster_id = j.cluster_id)`},
	{"a loser was not archived", `SELECT x.id FROM contactmerge.ledger AS l CROSS JOIN LATERAL unnest(l.loser_ids) AS x(id)
		WHERE l.action = 'merge' AND NOT EXISTS (SELECT FROM contactmerge.archived_contacts AS a WHERE a.plan_id = l.plan_id AND a.contact_id = x.id)`},
}

// wantInvariants fails when a merge was half done.
func (b *bench) wantInvariants(t testing.TB) {
	t.Helper()
	for _, i := range invariants {
		if got := b.query(t, i.sql); len(got) > 0 {
			t.Errorf("%s: %v", i.name, got[:min(len(got), 5)])
		}
	}
}
