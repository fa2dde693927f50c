package merge

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/internal/cluster"
)

func diff(want, got any) string { return cmp.Diff(want, got) }

func text(s string) *string { return &s }

func TestApply(t *testing.T) {
	b := setUp(t, crm)
	s := b.step(t, "1", "2", "3")
	s.Changes = []cluster.Change{{Column: "last", Value: text("Okafor-Smith"), From: "3", Rule: "fill_empty"}, {Column: "email", From: "2", Rule: "overwrite"}}
	p := planOf(s)
	dry := b.dryRun(t, p)
	rep := b.apply(t, p)
	wantOnly(t, rep, Applied)
	if d := diff(dry, rep); d != "" {
		t.Errorf("the dry run foresaw something else (-dry +real):\n%s", d)
	}
	wantTables := []TableCount{
		{Table: "public.contacts", Column: "manager_id", Repointed: 1},
		{Table: "public.contact_identities", Column: "contact_id", Repointed: 1, Removed: 2},
		{Table: "public.tickets", Column: "contact_id", Repointed: 2},
		{Table: "public.tickets", Column: "payer_id", Repointed: 3},
		{Table: "public.messages", Column: "contact_id", Repointed: 2},
		{Table: "public.notes", Column: "contact_id", Repointed: 3},
		{Table: "public.tags", Column: "contact_id", Repointed: 1},
	}
	if d := diff(wantTables, rep.Tables); d != "" {
		t.Errorf("counts (-want +got):\n%s", d)
	}
	if rep.Losers != 2 {
		t.Errorf("%d losers, want 2", rep.Losers)
	}

	for _, q := range []struct {
		name, sql string
		want      []string
	}{
		{"survivor", `SELECT contacts::text FROM contacts WHERE id = 1`, []string{`(1,Ann,Okafor-Smith,,5,"2026-01-01 00:00:00+00")`}},
		{"losers stay", `SELECT id || ' ' || first FROM contacts WHERE id IN (2, 3) ORDER BY id`, []string{"2 Ann", "3 Anne"}},
		{"manager", `SELECT id::text FROM contacts WHERE manager_id = 1`, []string{"4"}},
		{"identities", `SELECT contact_id || ' ' || channel || ' ' || verified FROM contact_identities ORDER BY id`, []string{"1 email true", "1 phone false", "4 phone false"}},
		{"tickets", `SELECT title || contact_id || payer_id FROM tickets ORDER BY id`, []string{"a11", "b11", "c14", "d41"}},
		{"messages", `SELECT count(*)::text FROM messages WHERE contact_id = 1`, []string{"2"}},
		{"notes", `SELECT coalesce(body, '') FROM notes WHERE contact_id = 1 ORDER BY 1`, []string{"", "same", "same"}},
		{"tags", `SELECT tag FROM tags WHERE contact_id = 1 ORDER BY 1`, []string{"new", "vip"}},
		{"redirects", `SELECT loser_id || '>' || survivor_id FROM contactmerge.redirects WHERE active ORDER BY 1`, []string{"2>1", "3>1"}},
		{
			"archive", `SELECT contact_id || ' ' || array_to_string(image, ',', '-') FROM contactmerge.archived_contacts ORDER BY 1`,
			[]string{"2 2,Ann,-,ann@example.com,5,2026-01-01 00:00:00+00", "3 3,Anne,Okafor,-,-,2026-01-01 00:00:00+00"},
		},
		{"left out of the next run", `SELECT id::text FROM contacts WHERE ` + RedirectFilterSQL("", "id") + ` ORDER BY id`, []string{"1", "4", "5"}},
		{"plan", `SELECT state FROM contactmerge.plans`, []string{"applied"}},
		{"removed identities", `SELECT array_to_string(before, ',', '-') FROM contactmerge.journal WHERE action = 'remove' ORDER BY 1`, []string{"2,2,email,ann@example.com,false", "4,3,phone,+1 202 555 0143,true"}},
	} {
		t.Run(q.name, func(t *testing.T) {
			if d := diff(q.want, b.query(t, q.sql)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}

	after := b.dump(t)
	wantOnly(t, b.dryRun(t, p), AlreadyApplied)
	wantOnly(t, b.apply(t, p), AlreadyApplied)
	if d := diff(after, b.dump(t)); d != "" {
		t.Errorf("applying again changed rows:\n%s", d)
	}
	if n := b.query(t, `SELECT count(*)::text FROM contactmerge.ledger`); n[0] != "1" {
		t.Errorf("%s ledger rows, want 1", n[0])
	}

	b.tamper(t, `UPDATE contactmerge.ledger SET content_hash = 'other'`)
	wantOnly(t, b.apply(t, p), Failed)
}
